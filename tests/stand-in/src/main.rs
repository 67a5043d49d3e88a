//! The stand-in as a program.

use clap::Parser;
use stand_in::{App, Bulk, Config, Server, jira};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Serves GitHub's REST and GraphQL APIs on loopback from generated or recorded documents,
/// and Jira's REST API from generated ones.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Loopback address; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// File that gets the port once the server listens
    #[arg(long)]
    port_file: Option<PathBuf>,
    /// Accepted token
    #[arg(long, default_value = stand_in::TOKEN)]
    token: String,
    /// File with the public key (PEM) of a GitHub App [default: there is no app]
    #[arg(long)]
    app_public_key: Option<PathBuf>,
    /// Id of the app
    #[arg(long, default_value_t = 123_456)]
    app_id: u64,
    /// Id of the app's installation
    #[arg(long, default_value_t = 7_654_321)]
    app_installation: u64,
    /// Seconds for which a token of the app is good
    #[arg(long, default_value_t = 3_600)]
    app_token_seconds: u64,
    /// Login of the organisation to generate [default: acme, unless --recorded or --bulk-repositories is given]
    #[arg(long)]
    organisation: Option<String>,
    /// Repositories of a large organisation called `bulk` [default: it does not exist]
    #[arg(long)]
    bulk_repositories: Option<u32>,
    /// Pull requests of each of its repositories
    #[arg(long, default_value_t = Bulk::default().pull_requests)]
    bulk_pull_requests: u32,
    /// Commits of each of its pull requests
    #[arg(long, default_value_t = Bulk::default().commits_each)]
    bulk_commits_each: u32,
    /// Reviews of each of its pull requests
    #[arg(long, default_value_t = Bulk::default().reviews_each)]
    bulk_reviews_each: u32,
    /// Changed files of each of its pull requests
    #[arg(long, default_value_t = Bulk::default().files_each)]
    bulk_files_each: u32,
    /// Pull requests of each repository with 250 commits, 130 reviews and 150 files
    #[arg(long, default_value_t = Bulk::default().oversized)]
    bulk_oversized: u32,
    /// Issues of each of its repositories
    #[arg(long, default_value_t = Bulk::default().issues)]
    bulk_issues: u32,
    /// Folder of recorded documents to serve
    #[arg(long)]
    recorded: Option<PathBuf>,
    /// Seed of the generator
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days of generated history
    #[arg(long, default_value_t = 182, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// End of the generated history, such as 2026-06-30T12:00:00Z [default: now, to the minute]
    #[arg(long)]
    until: Option<stand_in::model::Time>,
    /// Hours before the end at which the clock starts
    #[arg(long, default_value_t = 0.0)]
    hold_back_hours: f64,
    /// Hours that the clock moves on in every minute
    #[arg(long, default_value_t = 0.0)]
    reveal_hours_per_minute: f64,
    /// Requests (REST) and points (GraphQL) an hour
    #[arg(long, default_value_t = 5_000)]
    rate_limit: u64,
    /// Delay of every answer
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Serves a Jira beside GitHub: cloud or data-center
    #[arg(long, value_parser = ["cloud", "data-center"])]
    jira: Option<String>,
    /// Issues of each project of the Jira
    #[arg(long, default_value_t = 300)]
    jira_issues: u32,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let organisation = match (&arguments.organisation, &arguments.recorded) {
        (None, None) if arguments.bulk_repositories.is_none() => Some("acme".to_owned()),
        (organisation, _) => organisation.clone(),
    };
    let app = match &arguments.app_public_key {
        Some(path) => Some(App {
            id: arguments.app_id,
            installation: arguments.app_installation,
            token_lifetime: Duration::from_secs(arguments.app_token_seconds),
            ..App::new(&std::fs::read_to_string(path)?)
        }),
        None => None,
    };
    let bulk = arguments.bulk_repositories.map(|repositories| Bulk {
        repositories,
        pull_requests: arguments.bulk_pull_requests,
        commits_each: arguments.bulk_commits_each,
        reviews_each: arguments.bulk_reviews_each,
        files_each: arguments.bulk_files_each,
        oversized: arguments.bulk_oversized,
        issues: arguments.bulk_issues,
    });
    let jira = arguments.jira.map(|flavour| {
        let settings = match flavour.as_str() {
            "cloud" => jira::Settings::default(),
            _ => jira::Settings::data_center(),
        };
        jira::Settings {
            token: arguments.token.clone(),
            issues_per_project: arguments.jira_issues,
            ..settings
        }
    });
    let server = Server::start(Config {
        listen: arguments.listen,
        token: arguments.token,
        app,
        organisation,
        bulk,
        recorded: arguments.recorded,
        seed: arguments.seed,
        days: arguments.days,
        until: arguments.until,
        hold_back_hours: arguments.hold_back_hours,
        reveal_hours_per_minute: arguments.reveal_hours_per_minute,
        rate_limit: arguments.rate_limit,
        latency: Duration::from_millis(arguments.latency_ms),
        jira,
    })?;
    println!("stand-in: {} {}", server.url(), server.summary());
    if let Some(path) = &arguments.port_file {
        write_port(path, server.address().port())?;
    }
    wait()?;
    server.stop();
    Ok(())
}

/// Writes the port so that nobody can read half of it.
fn write_port(path: &Path, port: u16) -> std::io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    std::fs::write(&temporary, format!("{port}\n"))?;
    std::fs::rename(&temporary, path)
}

/// Waits for SIGTERM or SIGINT.
fn wait() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}
