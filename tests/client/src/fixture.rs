//! A cluster with the extension, a stand-in for GitHub, and a source that points at it.

use crate::{Cluster, Session};
use stand_in::{Config, Server, TOKEN};

/// Cluster, stand-in and a superuser's session.
pub struct Fixture {
    /// The API.
    pub stand_in: Server,
    /// An open session in the database that has the extension.
    pub db: Session,
    /// The cluster.
    pub cluster: Cluster,
}

/// A stand-in with two months of history up to a fixed moment.
pub fn stand_in(change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::fixed_history();
    change(&mut config);
    Server::start(config).expect("a stand-in")
}

impl Fixture {
    /// All three, with the source `acme` for the whole organisation.
    pub fn acme(change: impl FnOnce(&mut Config)) -> Self {
        let mut fixture = Self::new(stand_in(change), &[]);
        fixture.add_source("acme", "acme/*");
        fixture
    }

    /// Cluster, extension and stand-in without a source; `options` are those of `scripts/cluster`.
    pub fn new(stand_in: Server, options: &[&str]) -> Self {
        let cluster = Cluster::start(options);
        let mut db = cluster.connect();
        db.run("CREATE EXTENSION diogen");
        Fixture {
            stand_in,
            db,
            cluster,
        }
    }

    /// Adds a source for repositories of the stand-in, all of their history.
    pub fn add_source(&mut self, name: &str, repositories: &str) {
        let url = self.stand_in.url();
        self.db.run(&format!(
            r#"SELECT diogen.add_source('{name}', 'github',
                '{{"base_url": "{url}", "repositories": "{repositories}", "since": "2000-01-01"}}',
                secret => '{TOKEN}')"#
        ));
    }

    /// Gives the source `acme` another token.
    pub fn set_secret(&mut self, token: &str) {
        self.db
            .run(&format!("SELECT diogen.set_secret('acme', '{token}')"));
    }

    /// How many documents of a kind the stand-in shows now, in all repositories.
    pub fn truth(&self, kind: &str) -> i64 {
        let truth = self.stand_in.truth();
        let repositories = truth.as_object().expect("an object").values();
        repositories
            .filter_map(|counts| counts[kind].as_i64())
            .sum()
    }

    /// What bronze holds by repository and stream, in the words of the stand-in's truth; the
    /// differences are returned, so that none means that all is there, once.
    pub fn differences_to_truth(&mut self, source: &str) -> Vec<String> {
        let mut differences = Vec::new();
        let truth = self.stand_in.truth();
        for (repository, counts) in truth.as_object().expect("an object") {
            for stream in ["pull_requests", "commits", "deployments", "releases"] {
                let held = self.db.number(&format!(
                    "SELECT count(*) FROM diogen_bronze.documents
                     WHERE source = '{source}' AND stream = '{stream}' AND scope = '{repository}'"
                ));
                if counts[stream] != held {
                    differences.push(format!(
                        "{repository} {stream}: {held}, not {}",
                        counts[stream]
                    ));
                }
            }
        }
        differences
    }
}
