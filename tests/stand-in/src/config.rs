//! What a stand-in serves and how.

use crate::TOKEN;
use crate::jira;
use crate::model::Time;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Size of the organisation `bulk`, whose repositories are `bulk/r1`, `bulk/r2`, ….
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// Repositories.
    pub repositories: u32,
    /// Pull requests of each repository.
    pub pull_requests: u32,
    /// Commits of each pull request.
    pub commits_each: u32,
    /// Reviews of each pull request.
    pub reviews_each: u32,
    /// Changed files of each pull request.
    pub files_each: u32,
    /// So many pull requests of each repository have 250 commits, 130 reviews and 150 files.
    pub oversized: u32,
    /// Issues of each repository.
    pub issues: u32,
}

impl Default for Bulk {
    fn default() -> Self {
        Bulk {
            repositories: 1,
            pull_requests: 1_000,
            commits_each: 5,
            reviews_each: 3,
            files_each: 5,
            oversized: 0,
            issues: 100,
        }
    }
}

/// A GitHub App with one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Id.
    pub id: u64,
    /// Client id.
    pub client_id: String,
    /// Public key, in PEM.
    pub public_key: String,
    /// Id of its installation.
    pub installation: u64,
    /// How long a token is good.
    pub token_lifetime: Duration,
}

impl App {
    /// An app with this public key, whose tokens are good for an hour.
    pub fn new(public_key: &str) -> Self {
        App {
            id: 123_456,
            client_id: "Iv23liStandIn".to_owned(),
            public_key: public_key.to_owned(),
            installation: 7_654_321,
            token_lifetime: Duration::from_secs(3_600),
        }
    }
}

/// Settings of a stand-in; see the command line's help for each.
#[derive(Debug, Clone)]
pub struct Config {
    /// Loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Accepted token.
    pub token: String,
    /// The GitHub App whose tokens are accepted as well.
    pub app: Option<App>,
    /// Login of the generated organisation; none generates nothing.
    pub organisation: Option<String>,
    /// A large organisation called `bulk` beside the others.
    pub bulk: Option<Bulk>,
    /// Folder of recorded documents.
    pub recorded: Option<PathBuf>,
    /// Seed of the generator.
    pub seed: u64,
    /// Days of generated history.
    pub days: u32,
    /// End of the history; now, to the minute, if absent.
    pub until: Option<Time>,
    /// How far before the end the clock starts.
    pub hold_back_hours: f64,
    /// How far the clock moves by itself.
    pub reveal_hours_per_minute: f64,
    /// Requests or points an hour.
    pub rate_limit: u64,
    /// Delay of every answer.
    pub latency: Duration,
    /// Jira beside GitHub; none serves no Jira.
    pub jira: Option<jira::Settings>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: TOKEN.to_owned(),
            app: None,
            organisation: Some("acme".to_owned()),
            bulk: None,
            recorded: None,
            seed: 1,
            days: 182,
            until: None,
            hold_back_hours: 0.0,
            reveal_hours_per_minute: 0.0,
            rate_limit: 5_000,
            latency: Duration::ZERO,
            jira: None,
        }
    }
}

impl Config {
    /// Two months of history up to a fixed moment, the same in every run, and no limit to speak of.
    pub fn fixed_history() -> Self {
        Config {
            until: "2026-06-30T15:00:00Z".parse().ok(),
            days: 60,
            rate_limit: 1_000_000,
            ..Config::default()
        }
    }
}
