//! What only an earlier version of a document told.

use super::{API, ingest, lean, of, offline, payload, rich};
use client::{assert_silver_is_what_bronze_says, silver_rows};
use serde_json::{Value, json};

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

#[test]
fn who_merged_stays_known() {
    let (_cluster, mut db) = offline(&["acme"]);
    let mut doc = rich("2026-06-01T16:00:00Z", &[]);
    doc["mergedAt"] = json!("2026-06-01T16:00:00Z");
    doc["mergedBy"] = json!({"__typename": "User", "login": "bob"});
    ingest(&mut db, "pull_requests", &doc);
    for minute in [17, 18] {
        let mut doc = lean(&format!("2026-06-01T16:{minute}:00Z"), minute == 18);
        doc["merged_at"] = json!("2026-06-01T16:00:00Z");
        assert_eq!(ingest(&mut db, "pull_requests", &doc), 1);
        db.run("CALL diogen.normalize()");
        assert_eq!(
            db.lines("SELECT merged_by, head_sha, is_from_fork, milestone FROM diogen_silver.pull_requests"),
            ["bob|c2|t|Spring"]
        );
    }
}

#[test]
fn deployments_releases_and_commits_lose_nothing_either() {
    let (_cluster, mut db) = offline(&["acme"]);
    let at = |minute: u32| format!("2026-06-02T10:{minute}:00Z");
    let commit = json!({"oid": "c2", "parents": {"nodes": [{"oid": "c1"}]}});
    let sha = "4e1d0c6a5b7f8e9d0a1b2c3d4e5f60718293a4b5";
    for (stream, rich, lean) in [
        (
            "deployments",
            json!({"databaseId": 8, "commitOid": "c2", "environment": "production", "createdAt": at(10),
                   "updatedAt": at(11), "repository": of(), "commit": commit,
                   "statuses": {"nodes": [{"state": "SUCCESS", "createdAt": at(11)}]}}),
            json!({"id": 8, "sha": "c2", "environment": "production", "created_at": at(10), "updated_at": at(11),
                   "url": format!("{API}/deployments/8")}),
        ),
        (
            "releases",
            json!({"databaseId": 3, "tagName": "v1", "publishedAt": at(12), "repository": of(), "url": format!("{API}/releases/3"),
                   "tagCommit": {"oid": sha, "parents": {"nodes": [{"oid": "c2"}]}}}),
            json!({"id": 3, "tag_name": "v1", "target_commitish": "main", "published_at": at(12),
                   "url": format!("{API}/releases/3")}),
        ),
        (
            "commits",
            json!({"oid": "c9", "parents": {"nodes": []}, "repository": of(),
                   "associatedPullRequests": {"nodes": [{"number": 17}]}}),
            json!({"sha": "c9", "parents": [], "url": format!("{API}/commits/c9")}),
        ),
    ] {
        ingest(&mut db, stream, &rich);
        db.run("CALL diogen.normalize()");
        let before = silver_rows(&mut db);
        assert_eq!(ingest(&mut db, stream, &lean), 1, "{stream}");
        db.run("CALL diogen.normalize()");
        assert_eq!(silver_rows(&mut db), before, "{stream}");
        let context = db.value(&format!(
            "SELECT context FROM diogen_bronze.documents WHERE stream = '{stream}'"
        ));
        assert!(context.contains("remembered"), "{stream}: {context}");
    }
    assert_eq!(
        db.lines("SELECT status, sha FROM diogen_silver.deployments UNION ALL SELECT tag, sha FROM diogen_silver.releases"),
        ["success|c2".to_owned(), format!("v1|{sha}")]
    );
    // A release that was given another tag is at another commit.
    let moved = json!({"id": 3, "tag_name": "v2", "target_commitish": "main", "published_at": at(13),
                       "url": format!("{API}/releases/3")});
    ingest(&mut db, "releases", &moved);
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines("SELECT tag, sha FROM diogen_silver.releases"),
        ["v2|-"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

/// C23
#[test]
fn what_is_reverted_stays_known() {
    let (_cluster, mut db) = offline(&["acme"]);
    let state = "SELECT reverts FROM diogen_silver.pull_requests";
    let commits = [("c1", "2026-06-01T09:00:00Z")];
    let at = |hour: u32| format!("2026-06-02T{hour}:00:00Z");
    let told = |hour: u32, body: &str| {
        let mut doc = lean(&at(hour), true);
        doc["body"] = json!(body);
        doc
    };
    let body = "It broke the cents.\r\nReverts acme/web#12\r\nReverts acme/api#13, for now";
    for (doc, expected) in [
        (rich(&at(10), &commits), "-"),
        (told(11, body), "13"),
        (rich(&at(12), &commits), "13"),
        (rich(&at(13), &commits), "13"),
        (told(14, "Changes its mind."), "-"),
        (rich(&at(15), &commits), "-"),
    ] {
        assert_eq!(ingest(&mut db, "pull_requests", &doc), 1);
        db.run("CALL diogen.normalize()");
        assert_eq!(db.lines(state), [expected]);
    }
    let mut by_branch = rich(&at(16), &commits);
    by_branch["headRefName"] = json!("revert-13-cents");
    ingest(&mut db, "pull_requests", &by_branch);
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(state), ["13"]);
    assert_silver_is_what_bronze_says(&mut db);
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
