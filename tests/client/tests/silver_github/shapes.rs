//! REST, GraphQL and webhooks tell the same.

use super::{API, WEB, author, lean, of, offline, payload, rich, statement, user};
use client::assert_silver_is_what_bronze_says;
use serde_json::{Value, json};

/// Stream, key in a payload, and a document as REST has it, for what REST and webhooks share.
fn rest_documents() -> Vec<(&'static str, &'static str, Value)> {
    let (created, updated) = ("2026-06-02T10:00:00Z", "2026-06-02T10:09:00Z");
    vec![
        (
            "repositories",
            "repository",
            json!({"id": 1, "full_name": "acme/api", "default_branch": "main",
            "archived": false, "created_at": created, "pushed_at": updated, "url": API, "html_url": WEB}),
        ),
        (
            "pull_requests",
            "pull_request",
            lean("2026-06-01T16:00:00Z", true),
        ),
        (
            "reviews",
            "review",
            json!({"id": 80, "state": "APPROVED", "submitted_at": "2026-06-01T15:00:00Z",
            "user": user("bob"), "pull_request_url": format!("{API}/pulls/17")}),
        ),
        (
            "issue_comments",
            "comment",
            json!({"id": 90, "created_at": "2026-06-01T14:00:00Z",
            "user": user("carol"), "issue_url": format!("{API}/issues/17"),
            "html_url": format!("{WEB}/pull/17#issuecomment-90")}),
        ),
        (
            "deployments",
            "deployment",
            json!({"id": 8, "sha": "c2", "ref": "main", "environment": "production", "task": "deploy",
            "payload": {"version": "v1", "by": "hand"},
            "created_at": created, "updated_at": updated, "url": format!("{API}/deployments/8")}),
        ),
        (
            "deployment_statuses",
            "deployment_status",
            json!({"id": 9, "state": "success", "created_at": updated,
            "updated_at": updated, "deployment_url": format!("{API}/deployments/8")}),
        ),
        (
            "releases",
            "release",
            json!({"id": 3, "tag_name": "v1", "name": "One", "target_commitish": "main",
            "draft": false, "prerelease": false, "published_at": updated,
            "url": format!("{API}/releases/3"), "html_url": format!("{WEB}/releases/tag/v1")}),
        ),
        (
            "issues",
            "issue",
            json!({"id": 900, "number": 5, "title": "Broken", "state": "closed",
            "state_reason": "completed", "user": user("dave"), "assignees": [user("bob")], "labels": [{"name": "x"}],
            "created_at": created, "updated_at": updated, "closed_at": updated,
            "url": format!("{API}/issues/5"), "html_url": format!("{WEB}/issues/5")}),
        ),
        (
            "workflow_runs",
            "workflow_run",
            json!({"id": 100, "name": "Deploy", "display_title": "Two", "head_branch": "main",
            "head_sha": "c2", "event": "push", "status": "completed", "conclusion": "success", "run_attempt": 1,
            "created_at": created, "run_started_at": created, "updated_at": updated,
            "url": format!("{API}/actions/runs/100"), "html_url": format!("{WEB}/actions/runs/100")}),
        ),
        (
            "workflow_jobs",
            "workflow_job",
            json!({"id": 101, "run_id": 100, "run_attempt": 1, "name": "deploy",
            "status": "completed", "conclusion": "success", "created_at": created, "started_at": created,
            "completed_at": updated, "url": format!("{API}/actions/jobs/101")}),
        ),
        (
            "review_comments",
            "comment",
            json!({"id": 91, "created_at": "2026-06-01T14:59:00Z", "user": user("bob"),
            "updated_at": "2026-06-01T14:59:00Z", "pull_request_url": format!("{API}/pulls/17")}),
        ),
    ]
}

/// Somebody closes the pull request before its first review, and the author opens it again. REST has
/// no list of these.
fn closed_and_reopened() -> Value {
    json!([
        {"__typename": "ClosedEvent", "id": "CE1", "createdAt": "2026-06-01T13:00:00Z", "actor": author("dave")},
        {"__typename": "ReopenedEvent", "id": "REE1", "createdAt": "2026-06-01T13:30:00Z", "actor": author("alice")},
    ])
}

/// The same in GraphQL's shape, as far as it has it.
fn graphql_documents() -> Vec<(&'static str, Value)> {
    let (created, updated) = ("2026-06-02T10:00:00Z", "2026-06-02T10:09:00Z");
    let mut pull_request = rich(
        "2026-06-01T16:00:00Z",
        &[
            ("c1", "2026-06-01T09:00:00Z"),
            ("c2", "2026-06-01T10:00:00Z"),
        ],
    );
    pull_request["timelineItems"] = json!({"totalCount": 2, "nodes": closed_and_reopened()});
    vec![
        (
            "repositories",
            json!({"databaseId": 1, "nameWithOwner": "acme/api", "isArchived": false,
            "defaultBranchRef": {"name": "main"}, "createdAt": created, "pushedAt": updated, "url": WEB}),
        ),
        ("pull_requests", pull_request),
        (
            "deployments",
            json!({"databaseId": 8, "commitOid": "c2", "ref": {"name": "main"},
            "environment": "production", "task": "deploy", "payload": "{\"version\": \"v1\", \"by\": \"hand\"}",
            "createdAt": created, "updatedAt": updated, "repository": of(),
            "commit": {"oid": "c2", "message": "Two", "authoredDate": "2026-06-01T10:00:00Z",
                "committedDate": "2026-06-01T10:00:00Z", "author": {"name": "Alice"}, "parents": {"nodes": [{"oid": "c1"}]}},
            "statuses": {"nodes": [{"id": "S", "state": "SUCCESS", "createdAt": updated}]}}),
        ),
        (
            "releases",
            json!({"databaseId": 3, "tagName": "v1", "name": "One", "isDraft": false, "isPrerelease": false,
            "publishedAt": updated, "repository": of(), "url": format!("{WEB}/releases/tag/v1")}),
        ),
        (
            "issues",
            json!({"fullDatabaseId": "900", "number": 5, "title": "Broken", "state": "CLOSED",
            "stateReason": "COMPLETED", "author": author("dave"), "assignees": {"nodes": [{"login": "bob"}]},
            "labels": {"nodes": [{"name": "x"}]}, "createdAt": created, "updatedAt": updated, "closedAt": updated,
            "repository": of(), "url": format!("{WEB}/issues/5")}),
        ),
        (
            "tags",
            json!({"name": "v1", "repository": of(), "target": {"__typename": "Commit", "oid": "c2"}}),
        ),
        (
            "branches",
            json!({"name": "main", "repository": of(), "target": {"oid": "c2"}}),
        ),
        (
            "commits",
            json!({"oid": "c2", "message": "Two", "authoredDate": "2026-06-01T10:00:00Z",
            "committedDate": "2026-06-01T10:00:00Z", "author": {"name": "Alice"}, "repository": of(),
            "parents": {"nodes": [{"oid": "c1"}]}}),
        ),
    ]
}

#[test]
fn every_shape_gives_the_same_rows() {
    let (_cluster, mut db) = offline(&["rest", "webhook", "graphql"]);
    let context = json!({"repository": "acme/api", "number": 17});
    for (stream, key, doc) in rest_documents() {
        let mut sent = payload(key, "edited", &doc);
        match stream {
            "reviews" | "review_comments" => sent["pull_request"] = json!({"number": 17}),
            "issue_comments" => sent["issue"] = json!({"number": 17, "pull_request": {}}),
            "deployment_statuses" => sent["deployment"] = json!({"id": 8}),
            _ => {}
        }
        db.run(&statement("rest", stream, &doc, &json!({})));
        db.run(&statement("webhook", stream, &sent, &json!({})));
    }
    let commit = |sha: &str, at: &str| {
        json!({"sha": sha, "author": user("alice"), "parents": [{"sha": "c1"}],
               "commit": {"message": "Two", "author": {"name": "Alice", "date": at}, "committer": {"date": at}}})
    };
    for source in ["rest", "webhook"] {
        // What no webhook tells.
        for doc in [
            commit("c1", "2026-06-01T09:00:00Z"),
            commit("c2", "2026-06-01T10:00:00Z"),
        ] {
            db.run(&statement(source, "pull_request_commits", &doc, &context));
        }
        db.run(&statement(
            source,
            "pull_request_events",
            &closed_and_reopened(),
            &context,
        ));
        let file = json!({"filename": "src/money.rs", "status": "modified", "additions": 5, "deletions": 2});
        db.run(&statement(source, "pull_request_files", &file, &context));
        for stream in ["tags", "branches"] {
            let name = if stream == "tags" { "v1" } else { "main" };
            let doc = json!({"name": name, "commit": {"sha": "c2"}});
            db.run(&statement(source, stream, &doc, &context));
        }
        let mut doc = commit("c2", "2026-06-01T10:00:00Z");
        doc["author"] = json!(null);
        db.run(&statement(source, "commits", &doc, &context));
    }
    for (stream, doc) in graphql_documents() {
        db.run(&statement("graphql", stream, &doc, &json!({})));
    }
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines("SELECT * FROM diogen.rejects"), [""; 0]);
    let both = [
        "repositories",
        "pull_requests",
        "pull_request_commits",
        "pull_request_files",
        "reviews",
        "pull_request_events",
        "deployments",
        "deployment_statuses",
        "releases",
        "issues",
        "issue_changes",
        "issue_status_intervals",
        "tags",
        "branches",
        "commits",
    ];
    let rest_only = ["pipeline_runs", "pipeline_jobs"];
    let mut rows = |table: &str, source: &str| {
        db.lines(&format!(
            "SELECT to_jsonb(t) - 'source' - 'document_id' FROM diogen_silver.{table} t
             WHERE source = '{source}' AND to_jsonb(t) ->> 'event' IS DISTINCT FROM 'review_commented' ORDER BY 1"
        ))
    };
    for table in both.into_iter().chain(rest_only) {
        let rest = rows(table, "rest");
        assert!(!rest.is_empty(), "{table}");
        assert_eq!(rows(table, "webhook"), rest, "{table}");
        if both.contains(&table) {
            assert_eq!(rows(table, "graphql"), rest, "{table}");
        }
    }
    assert_eq!(
        db.lines(
            "SELECT source, event_id, actor FROM diogen_silver.pull_request_events
             WHERE event = 'review_commented' ORDER BY 1"
        ),
        ["rest|discussion_r91|bob", "webhook|discussion_r91|bob"]
    );
    // A comment on the code is no response of its own: bob's came with his review. Nor is a closing.
    assert_eq!(
        db.lines(
            "SELECT DISTINCT first_review_at AT TIME ZONE 'UTC', review_count, reopened_count
             FROM diogen_silver.pull_requests"
        ),
        ["2026-06-01 14:00:00|1|1"]
    );
    assert_eq!(
        db.lines(
            "SELECT DISTINCT event_id, actor FROM diogen_silver.pull_request_events WHERE event = 'closed'"
        ),
        ["CE1|dave"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn every_column_of_silver_says_what_it_holds() {
    let (_cluster, mut db) = offline(&["acme"]);
    db.run("SELECT diogen.init()");
    assert_eq!(
        db.lines(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE c.relnamespace = 'diogen_silver'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
               AND NOT a.attisdropped
               AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)"
        ),
        [""; 0]
    );
}
