//! A cluster with the extension, a stand-in for GitHub, and a source that points at it.

use crate::{Cluster, Session};
use stand_in::{Config, Server, TOKEN};
use std::collections::BTreeSet;

/// The streams whose documents the stand-in can name.
const STREAMS: [&str; 7] = [
    "pull_requests",
    "commits",
    "deployments",
    "releases",
    "tags",
    "issues",
    "workflow_runs",
];

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
        self.add_source_with(name, repositories, "", TOKEN);
    }

    /// The same with more options, such as `, "concurrency": 1`, and another secret.
    pub fn add_source_with(&mut self, name: &str, repositories: &str, options: &str, secret: &str) {
        let url = self.stand_in.url();
        self.db.run(&format!(
            r#"SELECT diogen.add_source('{name}', 'github',
                '{{"base_url": "{url}", "repositories": "{repositories}", "since": "2000-01-01"{options}}}',
                secret => '{secret}')"#
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

    /// The documents in which two sources differ; none means that both hold the same, and something.
    pub fn differences_between(&mut self, one: &str, other: &str) -> Vec<String> {
        // A run's document lists those of its pull requests that are open just then; and what is
        // remembered of earlier versions depends on which of them were seen.
        let rows = |source| {
            format!(
                "SELECT stream, key, scope, context - 'remembered' AS context,
                        CASE stream WHEN 'workflow_runs' THEN doc - 'pull_requests' ELSE doc END AS doc
                 FROM diogen_bronze.documents WHERE source = '{source}' AND deleted_at IS NULL"
            )
        };
        let (one, other) = (rows(one), rows(other));
        assert_ne!(
            self.db.number(&format!("SELECT count(*) FROM ({one}) d")),
            0
        );
        self.db.lines(&format!(
            "SELECT DISTINCT stream, key FROM (({one} EXCEPT {other}) UNION ALL ({other} EXCEPT {one})) d"
        ))
    }

    /// What bronze does not hold of what the stand-in shows now, or holds beyond it, by their names;
    /// none means that all is there, once.
    pub fn differences_to_truth(&mut self, source: &str) -> Vec<String> {
        let mut shown = BTreeSet::new();
        for (repository, kinds) in self.stand_in.keys().as_object().expect("an object") {
            for stream in STREAMS {
                let names = kinds[stream].as_array().expect("a list").iter();
                shown.extend(names.map(|name| {
                    let name = name
                        .as_str()
                        .map_or_else(|| name.to_string(), str::to_owned);
                    format!("{repository} {stream} {name}")
                }));
            }
        }
        let held: Vec<_> = self.db.lines(&format!(
            "SELECT d.scope || ' ' || d.stream || ' ' ||
                    CASE d.stream WHEN 'issues' THEN d.doc ->> 'number'
                                  ELSE regexp_replace(substr(d.key, length(d.scope) + 2), '^[#@]', '') END
             FROM diogen_bronze.documents d
             WHERE d.source = '{source}' AND d.deleted_at IS NULL AND d.stream IN ('{}')",
            STREAMS.join("', '")
        ));
        let count = held.len();
        let held: BTreeSet<_> = held.into_iter().collect();
        assert_eq!(held.len(), count, "nothing is there twice");
        let missing = shown.difference(&held).map(|name| format!("- {name}"));
        missing
            .chain(held.difference(&shown).map(|name| format!("+ {name}")))
            .collect()
    }
}
