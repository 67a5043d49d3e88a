//! Histories told by hand, as the API would tell them.
//!
//! Every test has a database of its own, and every history a repository of its own. Times are UTC,
//! written as `06-01 09:00`; those of another year as `2027-01-01 09:00`.

use client::{Cluster, Session};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The cluster of the tests that run just now; it stops with the last of them.
static CLUSTER: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// The database that those of the tests are copies of.
const TEMPLATE: &str = "examples";

pub struct Examples {
    pub db: Session,
    _cluster: Arc<Cluster>,
}

fn cluster() -> Arc<Cluster> {
    let mut held = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = held.upgrade() {
        return cluster;
    }
    let cluster = Arc::new(Cluster::start(&[]));
    cluster
        .connect()
        .run(&format!("CREATE DATABASE {TEMPLATE}"));
    let mut db = cluster.connect_to(TEMPLATE);
    db.run("CREATE EXTENSION diogen");
    db.run(r#"SELECT diogen.add_source('acme', 'github', '{"repositories": "acme/*"}')"#);
    *held = Arc::downgrade(&cluster);
    cluster
}

/// A time, of 2026 where it has no year.
pub fn at(time: &str) -> String {
    let (day, clock) = time.split_once(' ').expect("a day and a time");
    let year = if day.len() == 5 { "2026-" } else { "" };
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    format!("{year}{day}T{clock}{seconds}Z")
}

/// A pull request of `author`, as the API tells of it.
pub struct PullRequest(pub Value);

impl PullRequest {
    pub fn new(repository: &str, number: i64, opened: &str) -> Self {
        PullRequest(json!({
            "repository": {"nameWithOwner": repository}, "databaseId": number, "number": number,
            "title": "A change", "state": "OPEN", "isDraft": false, "baseRefName": "main",
            "createdAt": at(opened), "updatedAt": at(opened),
            "author": {"__typename": "User", "login": "author"},
            "commits": {"totalCount": 0, "nodes": []}, "reviews": {"totalCount": 0, "nodes": []},
            "comments": {"totalCount": 0, "nodes": []}, "timelineItems": {"nodes": []},
        }))
    }

    pub fn push(mut self, list: &str, node: Value) -> Self {
        let nodes = self.0[list]["nodes"].as_array_mut().expect("a list");
        nodes.push(node);
        self.0[list]["totalCount"] = json!(nodes.len());
        self
    }

    pub fn commit(self, sha: &str, authored: &str) -> Self {
        let commit =
            json!({"oid": sha, "authoredDate": at(authored), "committedDate": at(authored)});
        self.push("commits", json!({"commit": commit}))
    }

    pub fn review(self, login: &str, state: &str, submitted: &str) -> Self {
        let id = self.0["reviews"]["totalCount"].as_i64().unwrap_or_default() + 1;
        let author = json!({"__typename": "User", "login": login});
        self.push(
            "reviews",
            json!({"databaseId": id, "state": state, "submittedAt": at(submitted), "author": author}),
        )
    }

    pub fn comment(self, kind: &str, login: &str, created: &str) -> Self {
        let id = self.0["comments"]["totalCount"]
            .as_i64()
            .unwrap_or_default()
            + 1;
        let author = json!({"__typename": kind, "login": login});
        self.push(
            "comments",
            json!({"databaseId": id, "createdAt": at(created), "author": author}),
        )
    }

    pub fn event(self, kind: &str, created: &str) -> Self {
        let id = format!("{kind} {created}");
        self.push(
            "timelineItems",
            json!({"__typename": kind, "id": id, "createdAt": at(created)}),
        )
    }

    pub fn merged(mut self, sha: &str, merged: &str) -> Self {
        self.0["state"] = json!("MERGED");
        self.0["mergedAt"] = json!(at(merged));
        self.0["closedAt"] = json!(at(merged));
        self.0["updatedAt"] = json!(at(merged));
        self.0["mergeCommit"] = json!({"oid": sha});
        self
    }
}

impl Examples {
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let cluster = cluster();
        let name = format!("{TEMPLATE}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster
            .connect()
            .run(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"));
        Examples {
            db: cluster.connect_to(&name),
            _cluster: cluster,
        }
    }

    pub fn ingest(&mut self, stream: &str, document: &Value) {
        let sql = format!("SELECT diogen.ingest('acme', '{stream}', $d${document}$d$)");
        assert_eq!(self.db.number(&sql), 1, "{document}");
    }

    pub fn pull_request(&mut self, pull_request: PullRequest) {
        self.ingest("pull_requests", &pull_request.0);
    }

    /// Commits in a line or with given parents: `"b a"` is b on top of a.
    pub fn commits(&mut self, repository: &str, lines: &[&str]) {
        for line in lines {
            let mut names = line.split(' ');
            let sha = names.next();
            let parents: Vec<_> = names.map(|parent| json!({"oid": parent})).collect();
            self.ingest(
                "commits",
                &json!({
                    "repository": {"nameWithOwner": repository}, "oid": sha, "message": line,
                    "parents": {"nodes": parents},
                }),
            );
        }
    }

    /// A deployment with its statuses in order.
    pub fn deployment(&mut self, repository: &str, id: i64, sha: &str, statuses: &[(&str, &str)]) {
        self.deployment_to("production", repository, id, sha, statuses);
    }

    pub fn deployment_to(
        &mut self,
        environment: &str,
        repository: &str,
        id: i64,
        sha: &str,
        statuses: &[(&str, &str)],
    ) {
        let nodes: Vec<_> = statuses
            .iter()
            .map(|(state, time)| json!({"state": state, "createdAt": at(time)}))
            .collect();
        let created = statuses.first().map(|(_, time)| at(time));
        self.ingest(
            "deployments",
            &json!({
                "repository": {"nameWithOwner": repository}, "databaseId": id, "commitOid": sha,
                "environment": environment, "createdAt": created, "statuses": {"nodes": nodes},
            }),
        );
    }

    /// A deployment that tells of its commit.
    pub fn deployment_of(&mut self, repository: &str, id: i64, commit: Value, finished: &str) {
        self.ingest(
            "deployments",
            &json!({
                "repository": {"nameWithOwner": repository}, "databaseId": id, "commitOid": commit["oid"],
                "commit": commit, "environment": "production", "createdAt": at(finished),
                "statuses": {"nodes": [{"state": "SUCCESS", "createdAt": at(finished)}]},
            }),
        );
    }

    pub fn compute(&mut self) {
        self.db.run("CALL diogen.normalize()");
        self.db.run("CALL diogen.compute()");
    }

    pub fn dora(&mut self, columns: &str, since: &str, until: &str, more: &str) -> Vec<String> {
        self.db.lines(&format!(
            "SELECT {columns} FROM diogen.dora('{}', '{}'{more})",
            at(since),
            at(until)
        ))
    }

    pub fn changes(&mut self, repository: &str, columns: &str) -> Vec<String> {
        self.db.lines(&format!(
            "SELECT {columns} FROM diogen_gold.changes WHERE repository = '{repository}' ORDER BY number"
        ))
    }

    pub fn deployments(&mut self, repository: &str, columns: &str) -> Vec<String> {
        self.db.lines(&format!(
            "SELECT {columns} FROM diogen_gold.deployments WHERE repository = '{repository}'
             ORDER BY deployment_id::int"
        ))
    }
}

/// A merged pull request whose one commit was authored at a time.
pub fn merged(
    repository: &str,
    number: i64,
    authored: &str,
    sha: &str,
    merged: &str,
) -> PullRequest {
    PullRequest::new(repository, number, authored)
        .commit(&format!("{sha} own"), authored)
        .merged(sha, merged)
}
