//! What diogen.doctor finds: each finding is provoked, and gone when its advice was followed.

mod changes;
mod deployments;
mod incidents;
mod sources;

use chrono::{Duration, SecondsFormat, Utc};
use client::{Cluster, Session, unfetched};
use serde_json::{Value, json};

/// What happened so many days ago is recent or long ago, whenever the test runs.
fn days_ago(days: f64) -> String {
    let time = Utc::now() - Duration::seconds((days * 86400.0) as i64);
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A repository, acme/api unless said otherwise, of which documents tell.
struct Told {
    db: Session,
    repository: &'static str,
    _cluster: Cluster,
}

impl Told {
    fn new() -> Self {
        let (cluster, db) = unfetched();
        Told {
            db,
            repository: "acme/api",
            _cluster: cluster,
        }
    }

    fn ingest(&mut self, stream: &str, mut document: Value) {
        document["repository"] = json!({"nameWithOwner": self.repository});
        let sql = format!("SELECT diogen.ingest('acme', '{stream}', $d${document}$d$)");
        assert_eq!(self.db.number(&sql), 1, "{document}");
    }

    /// A commit on the default branch that belongs to a pull request, as the API says.
    fn commit(&mut self, sha: &str, parent: Option<&str>) {
        self.ingest(
            "commits",
            json!({"oid": sha, "message": sha, "committedDate": days_ago(60.0),
                   "parents": {"nodes": parent.iter().map(|it| json!({"oid": it})).collect::<Vec<_>>()},
                   "associatedPullRequests": {"nodes": [{"number": 1}]}}),
        );
    }

    /// A pull request, merged so many days ago as a commit, with its one commit known.
    fn merged(&mut self, number: i64, sha: Option<&str>, days: f64) -> Value {
        let own = json!({"oid": format!("own {number}"), "authoredDate": days_ago(days + 1.0),
                         "committedDate": days_ago(days + 1.0)});
        let empty = json!({"totalCount": 0, "nodes": []});
        let document = json!({
            "databaseId": number, "number": number, "title": format!("Change {number}"), "state": "MERGED",
            "isDraft": false, "baseRefName": "main", "headRefName": format!("topic-{number}"),
            "createdAt": days_ago(days + 0.5), "updatedAt": days_ago(days), "mergedAt": days_ago(days),
            "closedAt": days_ago(days), "mergeCommit": sha.map(|sha| json!({"oid": sha})),
            "author": {"__typename": "User", "login": "author"},
            "commits": {"totalCount": 1, "nodes": [{"commit": own}]},
            "reviews": empty, "comments": empty, "timelineItems": {"nodes": []},
        });
        self.ingest("pull_requests", document.clone());
        document
    }

    fn deployed(&mut self, id: i64, sha: &str, environment: &str, state: &str, days: f64) {
        self.ingest(
            "deployments",
            json!({"databaseId": id, "commitOid": sha, "environment": environment, "createdAt": days_ago(days),
                   "statuses": {"nodes": [{"state": state, "createdAt": days_ago(days)}]}}),
        );
    }

    /// a, b on top of a, deployed in turn; b is pull request 2.
    fn two_deployments(&mut self) {
        self.commit("a", None);
        self.commit("b", Some("a"));
        self.merged(2, Some("b"), 51.0);
        self.deployed(1, "a", "production", "SUCCESS", 60.0);
        self.deployed(2, "b", "production", "SUCCESS", 50.0);
    }

    fn compute(&mut self) {
        self.db.run("CALL diogen.normalize()");
        self.db.run("CALL diogen.compute()");
    }

    fn rebuild(&mut self) {
        self.db.run("CALL diogen.compute(rebuild => true)");
    }

    /// The findings of a name: severity, source, service, count.
    fn found(&mut self, finding: &str) -> Vec<String> {
        found(&mut self.db, finding)
    }

    fn detail(&mut self, finding: &str) -> String {
        self.db.value(&format!(
            "SELECT detail FROM diogen.doctor() WHERE finding = '{finding}'"
        ))
    }
}

fn found(db: &mut Session, finding: &str) -> Vec<String> {
    db.lines(&format!(
        "SELECT severity, source, service, count FROM diogen.doctor() WHERE finding = '{finding}'"
    ))
}
