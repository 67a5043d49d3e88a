//! How long fetching takes where each answer takes 50 ms, what it asks, and what it keeps in memory.

use client::{Fixture, stand_in};
use stand_in::{Bulk, Config, jira};
use std::time::{Duration, Instant};

const LATENCY: Duration = Duration::from_millis(50);
const ROUNDS: usize = 3;

fn main() {
    for (repositories, pull_requests) in [(1, 2000), (8, 2000)] {
        let mut taken: Vec<_> = (0..ROUNDS)
            .map(|_| pull_requests_of(repositories, pull_requests, LATENCY))
            .collect();
        taken.sort_by_key(|run| run.0);
        let (time, requests, documents, _) = taken[ROUNDS / 2];
        println!(
            "{repositories} repositories of {pull_requests} pull requests with everything: \
             median {:.2} s of {ROUNDS}, {requests} requests, {documents} documents",
            time.as_secs_f64()
        );
    }
    let (time, requests, documents, memory) = pull_requests_of(12, 2000, Duration::ZERO);
    println!(
        "{documents} documents without latency: {:.1} s, {requests} requests, \
         the backend's peak {memory} MB, shared buffers included",
        time.as_secs_f64()
    );
    let (time, requests, documents) = issues(1000);
    println!(
        "1,000 issues of Jira with changelogs: {:.2} s, {requests} requests, {documents} documents",
        time.as_secs_f64()
    );
}

/// Time, requests, documents and peak memory in megabytes of a first sync.
fn pull_requests_of(
    repositories: u32,
    pull_requests: u32,
    latency: Duration,
) -> (Duration, u64, i64, u64) {
    let stand_in = stand_in(|config: &mut Config| {
        config.organisation = None;
        config.latency = latency;
        config.bulk = Some(Bulk {
            repositories,
            pull_requests,
            ..Bulk::default()
        });
    });
    let mut fixture = Fixture::new(stand_in, &[]);
    fixture.add_source("bulk", "bulk/*");
    let (time, requests, documents) = sync(&mut fixture);
    let pid = fixture.db.pid();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
    (time, requests, documents, kilobytes.unwrap_or(0_u64) / 1024)
}

/// The same for a project of Jira Cloud.
fn issues(number: u32) -> (Duration, u64, i64) {
    let settings = jira::Settings {
        issues_per_project: number,
        ..jira::Settings::default()
    };
    let email = settings.email.clone();
    let stand_in = stand_in(|config: &mut Config| {
        config.organisation = None;
        config.latency = LATENCY;
        config.jira = Some(settings);
    });
    let mut fixture = Fixture::new(stand_in, &[]);
    let url = fixture.stand_in.url();
    fixture.db.run(&format!(
        r#"SELECT diogen.add_source('jira', 'jira', '{{"base_url": "{url}", "projects": "PAY",
            "since": "2000-01-01", "email": "{email}", "deployment": "cloud"}}', secret => '{}')"#,
        stand_in::TOKEN
    ));
    sync(&mut fixture)
}

fn sync(fixture: &mut Fixture) -> (Duration, u64, i64) {
    let started = Instant::now();
    fixture.db.run("CALL diogen.sync()");
    let time = started.elapsed();
    let documents = fixture
        .db
        .number("SELECT count(*) FROM diogen_bronze.documents");
    (time, fixture.stand_in.requests(), documents)
}
