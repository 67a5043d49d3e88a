//! GitHub in silver: the same rows whatever shape a document came in, and nothing forgotten that
//! an earlier version of it told.

use client::{Cluster, Session, assert_silver_is_what_bronze_says};
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
        "baseRefName": "main", "headRefName": "cents", "additions": 5, "deletions": 2, "changedFiles": 1,
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
        "base": {"ref": "main", "repo": {"full_name": "acme/api"}}, "head": {"ref": "cents", "repo": null},
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
            json!({"id": 8, "sha": "c2", "ref": "main", "environment": "production",
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
            json!({"id": 100, "name": "Deploy", "head_branch": "main",
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

/// The same in GraphQL's shape, as far as it has it.
fn graphql_documents() -> Vec<(&'static str, Value)> {
    let (created, updated) = ("2026-06-02T10:00:00Z", "2026-06-02T10:09:00Z");
    vec![
        (
            "repositories",
            json!({"databaseId": 1, "nameWithOwner": "acme/api", "isArchived": false,
            "defaultBranchRef": {"name": "main"}, "createdAt": created, "pushedAt": updated, "url": WEB}),
        ),
        (
            "pull_requests",
            rich(
                "2026-06-01T16:00:00Z",
                &[
                    ("c1", "2026-06-01T09:00:00Z"),
                    ("c2", "2026-06-01T10:00:00Z"),
                ],
            ),
        ),
        (
            "deployments",
            json!({"databaseId": 8, "commitOid": "c2", "ref": {"name": "main"},
            "environment": "production", "createdAt": created, "updatedAt": updated, "repository": of(),
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
    // A comment on the code is no response of its own: bob's came with his review.
    assert_eq!(
        db.lines("SELECT DISTINCT first_review_at AT TIME ZONE 'UTC', review_count FROM diogen_silver.pull_requests"),
        ["2026-06-01 14:00:00|1"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn a_lean_version_wipes_nothing_that_a_rich_one_told() {
    let (_cluster, mut db) = offline(&["acme"]);
    let told = "SELECT (SELECT count(*) FROM diogen_silver.pull_request_commits), (SELECT count(*) FROM diogen_silver.reviews),
                       (SELECT count(*) FROM diogen_silver.pull_request_events), (SELECT count(*) FROM diogen_silver.pull_request_files),
                       title, additions, deletions, changed_files, commit_count, comment_count, commits_known
                FROM diogen_silver.pull_requests";
    let commits = [
        ("c1", "2026-06-01T09:00:00Z"),
        ("c2", "2026-06-01T10:00:00Z"),
    ];
    assert_eq!(
        ingest(
            &mut db,
            "pull_requests",
            &rich("2026-06-01T16:00:00Z", &commits)
        ),
        1
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(told), ["2|1|1|1|Cents|5|2|1|2|1|2"]);
    for (minute, is_single) in [(17, false), (18, true), (19, false)] {
        let mut doc = lean(&format!("2026-06-01T16:{minute}:00Z"), is_single);
        doc["title"] = json!(format!("at {minute}"));
        let doc = if minute == 19 {
            payload("pull_request", "edited", &doc)
        } else {
            doc
        };
        assert_eq!(ingest(&mut db, "pull_requests", &doc), 1);
        assert_eq!(ingest(&mut db, "pull_requests", &doc), 0, "again");
        assert_eq!(
            db.value("SELECT doc FROM diogen_bronze.documents"),
            db.value(&format!("SELECT $d${doc}$d$::jsonb"))
        );
        db.run("CALL diogen.normalize()");
        assert_eq!(db.lines(told), [format!("2|1|1|1|at {minute}|5|2|1|2|1|2")]);
    }
    // An older one changes nothing.
    assert_eq!(
        ingest(
            &mut db,
            "pull_requests",
            &lean("2026-06-01T15:00:00Z", false)
        ),
        0
    );
    assert_silver_is_what_bronze_says(&mut db);
    // A richer one speaks for itself again.
    assert_eq!(
        ingest(
            &mut db,
            "pull_requests",
            &rich("2026-06-01T17:00:00Z", &commits)
        ),
        1
    );
    assert_eq!(
        db.value("SELECT context FROM diogen_bronze.documents"),
        "{}"
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(told), ["2|1|1|1|Cents|5|2|1|2|1|2"]);
}

/// C21
#[test]
fn what_a_force_push_drops_still_counts_as_begun() {
    let (_cluster, mut db) = offline(&["acme"]);
    let state = "SELECT p.first_commit_at AT TIME ZONE 'UTC', p.commits_known, p.commit_count,
                        (SELECT string_agg(c.sha, ' ' ORDER BY c.sha) FROM diogen_silver.pull_request_commits c WHERE c.is_dropped)
                 FROM diogen_silver.pull_requests p";
    for (at, commits, expected) in [
        (
            "2026-06-02T10:00:00Z",
            &[
                ("a1", "2026-06-01T09:00:00Z"),
                ("a2", "2026-06-02T09:00:00Z"),
            ][..],
            "2026-06-01 09:00:00|2|2|-",
        ),
        (
            "2026-06-03T10:00:00Z",
            &[("a2", "2026-06-02T09:00:00Z")][..],
            "2026-06-01 09:00:00|1|1|a1",
        ),
        (
            "2026-06-04T10:00:00Z",
            &[("b1", "2026-06-04T09:00:00Z")][..],
            "2026-06-01 09:00:00|1|1|a1 a2",
        ),
        // One comes back.
        (
            "2026-06-05T10:00:00Z",
            &[("a2", "2026-06-02T09:00:00Z")][..],
            "2026-06-01 09:00:00|1|1|a1 b1",
        ),
    ] {
        assert_eq!(ingest(&mut db, "pull_requests", &rich(at, commits)), 1);
        assert_eq!(ingest(&mut db, "pull_requests", &rich(at, commits)), 0);
        db.run("CALL diogen.normalize()");
        assert_eq!(db.lines(state), [expected], "{at}");
    }
    ingest(
        &mut db,
        "pull_requests",
        &lean("2026-06-06T10:00:00Z", false),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(state), ["2026-06-01 09:00:00|1|1|a1 b1"]);
    assert_silver_is_what_bronze_says(&mut db);
}

/// C22
#[test]
fn what_was_merged_in_from_the_base_branch_was_not_begun_here() {
    let (_cluster, mut db) = offline(&["acme"]);
    let state =
        "SELECT first_commit_at AT TIME ZONE 'UTC', commits_known FROM diogen_silver.pull_requests";
    let commits = [
        ("other", "2026-04-01T09:00:00Z"),
        ("direct", "2026-04-02T09:00:00Z"),
        ("own", "2026-06-01T09:00:00Z"),
        ("late", "2026-06-02T09:00:00Z"),
    ];
    ingest(
        &mut db,
        "pull_requests",
        &rich("2026-06-02T10:00:00Z", &commits),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(state), ["2026-04-01 09:00:00|4"]);
    // That they are on the default branch comes later.
    for (sha, numbers) in [
        ("other", json!([{"number": 3}])),
        ("direct", json!([])),
        ("own", json!([{"number": 17}])),
    ] {
        ingest(
            &mut db,
            "commits",
            &json!({"oid": sha, "repository": of(), "parents": {"nodes": []},
                                           "associatedPullRequests": {"nodes": numbers}}),
        );
    }
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(state), ["2026-06-01 09:00:00|4"]);
    assert_silver_is_what_bronze_says(&mut db);
}

/// B2, B3
#[test]
fn every_attempt_of_a_run_that_was_seen_keeps_its_row() {
    let (_cluster, mut db) = offline(&["acme"]);
    let run = |id: i64,
               attempt: i64,
               status: &str,
               conclusion: Value,
               started: &str,
               updated: &str| {
        json!({"id": id, "name": "Deploy", "status": status, "conclusion": conclusion, "run_attempt": attempt,
               "created_at": "2026-06-01T10:00:00Z", "run_started_at": format!("2026-06-01T{started}:00Z"),
               "updated_at": format!("2026-06-01T{updated}:00Z"), "url": format!("{API}/actions/runs/{id}")})
    };
    let rows = "SELECT run_id, attempt, result, to_char(started_at, 'HH24:MI'), to_char(finished_at, 'HH24:MI')
                FROM diogen_silver.pipeline_runs ORDER BY run_id, attempt";
    db.run("SET TIME ZONE 'UTC'");
    ingest(
        &mut db,
        "workflow_runs",
        &run(100, 1, "completed", json!("failure"), "10:00", "10:10"),
    );
    ingest(
        &mut db,
        "workflow_runs",
        &run(200, 1, "completed", json!("cancelled"), "10:00", "10:05"),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(rows),
        ["100|1|failure|10:00|10:10", "200|1|cancelled|10:00|10:05"]
    );
    let again = run(100, 2, "in_progress", json!(null), "11:00", "11:01");
    ingest(
        &mut db,
        "workflow_runs",
        &payload("workflow_run", "in_progress", &again),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(rows),
        [
            "100|1|failure|10:00|10:10",
            "100|2|in_progress|11:00|-",
            "200|1|cancelled|10:00|10:05"
        ]
    );
    let done = run(100, 2, "completed", json!("success"), "11:00", "11:10");
    assert_eq!(ingest(&mut db, "workflow_runs", &done), 1);
    assert_eq!(ingest(&mut db, "workflow_runs", &done), 0);
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(rows),
        [
            "100|1|failure|10:00|10:10",
            "100|2|success|11:00|11:10",
            "200|1|cancelled|10:00|10:05"
        ]
    );
    // All versions in one go come to the same.
    let all = json!([
        done,
        run(100, 1, "completed", json!("failure"), "10:00", "10:10"),
        payload("workflow_run", "in_progress", &again)
    ]);
    db.run("DELETE FROM diogen_bronze.documents WHERE key LIKE '%#100'");
    assert_eq!(ingest(&mut db, "workflow_runs", &all), 3);
    db.run("CALL diogen.normalize(rebuild => true)");
    assert_eq!(
        db.lines(rows),
        [
            "100|1|failure|10:00|10:10",
            "100|2|success|11:00|11:10",
            "200|1|cancelled|10:00|10:05"
        ]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

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
