//! GitHub in silver: the same rows whatever shape a document came in, and nothing forgotten that
//! an earlier version of it told.

mod records;
mod remembered;
mod shapes;
mod webhooks;

use client::{Cluster, Session};
use serde_json::{Value, json};

const API: &str = "https://api.github.com/repos/acme/api";
const WEB: &str = "https://github.com/acme/api";

fn offline(sources: &[&str]) -> (Cluster, Session) {
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run("CREATE EXTENSION diogen");
    for source in sources {
        db.run(&format!(
            r#"SELECT diogen.add_source('{source}', 'github', '{{"repositories": "acme/*"}}')"#
        ));
    }
    (cluster, db)
}

fn statement(source: &str, stream: &str, doc: &Value, context: &Value) -> String {
    format!("SELECT diogen.ingest('{source}', '{stream}', $d${doc}$d$, $d${context}$d$)")
}

/// Ingests into `acme`; how much was new or changed.
fn ingest(db: &mut Session, stream: &str, doc: &Value) -> i64 {
    db.number(&statement("acme", stream, doc, &json!({})))
}

/// What a webhook sends about an object.
fn payload(key: &str, action: &str, object: &Value) -> Value {
    let mut payload = json!({
        "action": action, "sender": {"login": "somebody"},
        "repository": {"full_name": "acme/api", "id": 1},
    });
    payload[key] = object.clone();
    payload
}

fn user(login: &str) -> Value {
    json!({"login": login, "type": "User"})
}

fn author(login: &str) -> Value {
    json!({"__typename": "User", "login": login})
}

fn of() -> Value {
    json!({"nameWithOwner": "acme/api"})
}

fn commit_nodes(commits: &[(&str, &str)]) -> Value {
    let node = |(sha, at): &(&str, &str)| {
        json!({"commit": {"oid": sha, "authoredDate": at, "committedDate": at,
                          "author": {"name": "Alice", "user": {"login": "alice"}}}})
    };
    json!({
        "totalCount": commits.len(), "pageInfo": {"hasNextPage": false},
        "nodes": commits.iter().map(node).collect::<Vec<_>>(),
    })
}

/// A pull request in GraphQL's shape.
fn rich(updated_at: &str, commits: &[(&str, &str)]) -> Value {
    json!({
        "number": 17, "title": "Cents", "state": "OPEN", "isDraft": false, "author": author("alice"),
        "createdAt": "2026-06-01T12:00:00Z", "updatedAt": updated_at,
        "baseRefName": "main", "headRefName": "cents", "headRefOid": "c2", "isCrossRepository": true,
        "milestone": {"title": "Spring"}, "mergedBy": null, "additions": 5, "deletions": 2, "changedFiles": 1,
        "labels": {"nodes": [{"name": "money"}]}, "repository": of(), "url": format!("{WEB}/pull/17"),
        "commits": commit_nodes(commits),
        "reviews": {"totalCount": 1, "nodes": [{"fullDatabaseId": "80", "state": "APPROVED",
            "submittedAt": "2026-06-01T15:00:00Z", "author": author("bob")}]},
        "comments": {"totalCount": 1, "nodes": [{"fullDatabaseId": "90", "createdAt": "2026-06-01T14:00:00Z",
            "author": author("carol")}]},
        "files": {"totalCount": 1, "nodes": [{"path": "src/money.rs", "additions": 5, "deletions": 2,
            "changeType": "MODIFIED"}]},
        "timelineItems": {"totalCount": 0, "nodes": []},
    })
}

/// The same in the shape of REST: of a list without counts, of a single one with them.
fn lean(updated_at: &str, is_single: bool) -> Value {
    let mut doc = json!({
        "number": 17, "title": "Cents", "state": "open", "draft": false, "user": user("alice"),
        "created_at": "2026-06-01T12:00:00Z", "updated_at": updated_at,
        "base": {"ref": "main", "repo": {"full_name": "acme/api"}}, "head": {"ref": "cents", "sha": "c2", "repo": null},
        "milestone": {"title": "Spring"},
        "labels": [{"name": "money"}], "url": format!("{API}/pulls/17"), "html_url": format!("{WEB}/pull/17"),
    });
    if is_single {
        for (key, count) in [
            ("additions", 5),
            ("deletions", 2),
            ("changed_files", 1),
            ("commits", 2),
            ("comments", 1),
        ] {
            doc[key] = json!(count);
        }
    }
    doc
}
