//! What webhooks tell beyond the document, and what is sent in as records.

use super::{API, ingest, lean, offline, payload, statement, user};
use client::assert_silver_is_what_bronze_says;
use serde_json::json;

#[test]
fn what_a_webhook_calls_deleted_is_gone_and_stays_so() {
    let (_cluster, mut db) = offline(&["acme"]);
    let issue = |at: &str| {
        json!({"id": 900, "number": 5, "title": "Broken", "state": "open", "user": user("dave"),
                                  "created_at": at, "updated_at": at, "url": format!("{API}/issues/5")})
    };
    let count = "SELECT count(*) FROM diogen_silver.issues";
    let opened = payload("issue", "opened", &issue("2026-06-01T10:00:00Z"));
    let deleted = payload("issue", "deleted", &issue("2026-06-01T10:00:00Z"));
    // In the wrong order: nothing was there yet.
    assert_eq!(ingest(&mut db, "issues", &deleted), 1);
    assert_eq!(ingest(&mut db, "issues", &opened), 0, "it was before that");
    db.run("CALL diogen.normalize()");
    assert_eq!(db.number(count), 0);
    // Something newer does.
    assert_eq!(
        ingest(
            &mut db,
            "issues",
            &payload("issue", "edited", &issue("2026-06-02T10:00:00Z"))
        ),
        1
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(db.number(count), 1);
    assert_eq!(ingest(&mut db, "issues", &deleted), 0, "that is older");
    let deleted = payload("issue", "deleted", &issue("2026-06-02T10:00:00Z"));
    assert_eq!(ingest(&mut db, "issues", &deleted), 1);
    assert_eq!(ingest(&mut db, "issues", &deleted), 0);
    db.run("CALL diogen.normalize()");
    assert_eq!(db.number(count), 0);
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_bronze.documents WHERE deleted_at IS NOT NULL"),
        1
    );
    // The API shows it again: it was restored.
    assert_eq!(ingest(&mut db, "issues", &issue("2026-06-02T10:00:00Z")), 1);
    db.run("CALL diogen.normalize()");
    assert_eq!(db.number(count), 1);
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn a_webhook_tells_of_a_new_name() {
    let (_cluster, mut db) = offline(&["acme"]);
    ingest(
        &mut db,
        "repositories",
        &json!({"id": 7, "full_name": "acme/api", "default_branch": "main"}),
    );
    ingest(
        &mut db,
        "pull_requests",
        &lean("2026-06-01T16:00:00Z", true),
    );
    db.run("CALL diogen.normalize()");
    let renamed = json!({"id": 7, "full_name": "acme/core", "default_branch": "main"});
    ingest(
        &mut db,
        "repositories",
        &payload("repository", "renamed", &renamed),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines("SELECT repository FROM diogen_silver.repositories UNION ALL SELECT repository FROM diogen_silver.pull_requests"),
        ["acme/core", "acme/core"]
    );
}

#[test]
fn what_is_no_document_is_refused_and_says_why() {
    let (_cluster, mut db) = offline(&["acme"]);
    let review = payload("review", "submitted", &json!({"id": 1}));
    let mut in_review = review.clone();
    in_review["pull_request"] = lean("2026-06-01T16:00:00Z", true);
    for (stream, doc, error) in [
        (
            "commits",
            json!({"ref": "refs/heads/main", "commits": [], "repository": {}, "sender": {}}),
            "22023 this is what a webhook sent, and it holds no document",
        ),
        (
            "issues",
            payload("milestone", "created", &json!({"id": 1})),
            "22023 this is what a webhook sent, and it holds no document",
        ),
        (
            "pull_requests",
            in_review,
            "22023 this is what a webhook sent about a review: it belongs to the stream reviews",
        ),
        (
            "incidents",
            json!({"opened_at": "2026-06-01T10:00:00Z"}),
            "23502 an incident carries no incident_id",
        ),
    ] {
        let refused = db.error(&statement("acme", stream, &doc, &json!({})));
        assert!(refused.starts_with(error), "{refused}");
    }
}

#[test]
fn incidents_are_sent_in_beside_any_tool() {
    let (_cluster, mut db) = offline(&["acme"]);
    db.run(r#"SELECT diogen.add_source('tracker', 'jira', '{"base_url": "https://example.com", "projects": "PAY"}')"#);
    let incident = json!({"incident_id": "INC-1", "service": "api", "title": "Down", "severity": 1,
                          "opened_at": "2026-06-01T10:00:00Z", "resolved_at": "2026-06-01T11:00:00Z"});
    for source in ["acme", "tracker"] {
        db.run(&statement(source, "incidents", &incident, &json!({})));
    }
    ingest(
        &mut db,
        "incidents",
        &json!({"incident_id": 2, "opened_at": "yesterday"}),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines("SELECT source, incident_id, service, severity, status, origin FROM diogen_silver.incidents ORDER BY 1"),
        ["acme|INC-1|api|1|resolved|sent", "tracker|INC-1|api|1|resolved|sent"]
    );
    assert_eq!(
        db.lines("SELECT key, reason FROM diogen.rejects"),
        [r#"2|"opened_at" is the text "yesterday", not a time such as 2026-01-31T12:00:00Z"#]
    );
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_silver.repositories"),
        0
    );
}

#[test]
fn incidents_say_what_caused_them_and_what_they_were() {
    let (_cluster, mut db) = offline(&["acme"]);
    let opened = "2026-06-01T10:00:00Z";
    let told = "SELECT incident_id, resolution, repository, deployment_id, sha, pull_request
                FROM diogen_silver.incidents ORDER BY 1";
    ingest(
        &mut db,
        "repositories",
        &json!({"id": 7, "full_name": "acme/api", "default_branch": "main"}),
    );
    ingest(
        &mut db,
        "incidents",
        &json!([
            {"incident_id": "1", "opened_at": opened, "resolution": "false alarm"},
            {"incident_id": "2", "opened_at": opened, "repository": "acme/api", "deployment_id": 802},
            {"incident_id": "3", "opened_at": opened, "repository": "acme/api", "sha": "c2", "pull_request": 17},
            {"incident_id": "4", "opened_at": opened, "repository": "acme/core", "deployment_id": ""},
            {"incident_id": "5", "opened_at": opened, "repository": "acme/api", "pull_request": "#17"},
        ]),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(told),
        [
            "1|false alarm|-|-|-|-",
            "2|-|acme/api|802|-|-",
            "3|-|acme/api|-|c2|17",
            "4|-|acme/core|-|-|-"
        ]
    );
    assert_eq!(
        db.lines("SELECT key, reason FROM diogen.rejects"),
        [r##"5|"pull_request" is the text "#17", not a whole number of 64 bits"##]
    );
    // They follow their repository, and stay where they name the new one already.
    let renamed = json!({"id": 7, "full_name": "acme/core", "default_branch": "main"});
    ingest(
        &mut db,
        "repositories",
        &payload("repository", "renamed", &renamed),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(told),
        [
            "1|false alarm|-|-|-|-",
            "2|-|acme/core|802|-|-",
            "3|-|acme/core|-|c2|17",
            "4|-|acme/core|-|-|-"
        ]
    );
    assert_silver_is_what_bronze_says(&mut db);
}
