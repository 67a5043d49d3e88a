//! Every normalizer, on each shape that its documents come in.

use serde_json::{Value, json};

use super::*;
use crate::jsonb::{Json, encode};
use crate::rows::{Cell, Rows, Type};

/// The rows that a normalizer makes of a document, as texts; NULL is `-`.
fn rows(function: &str, doc: &Value, context: &Value) -> Result<Vec<String>, Unreadable> {
    let normalizer = Normalizer::named(function).expect("a normalizer");
    let (doc, context) = (encode(doc), encode(context));
    let mut rows = Rows::new(normalizer.columns);
    normalizer.add(
        Json::root(&doc)
            .and_then(Json::object)
            .map(normalizer.subject),
        Json::root(&context).and_then(Json::object),
        &mut rows,
    )?;
    Ok((0..rows.len()).map(|row| line(&rows, row)).collect())
}

fn line(rows: &Rows, row: usize) -> String {
    let cells = rows.cells(row).iter().zip(rows.columns());
    let text = |(cell, (_, kind)): (&Cell, &(&str, Type))| match *cell {
        Cell::Null => "-".to_owned(),
        Cell::Word(word) => match kind {
            Type::Boolean => (word == 1).to_string(),
            // 2000-01-01, where PostgreSQL's count begins.
            Type::Time => DateTime::from_timestamp_micros(word + 946_684_800_000_000)
                .map(|at| at.format("%m-%dT%H:%M").to_string())
                .unwrap_or_default(),
            _ => word.to_string(),
        },
        Cell::Packed(start, length) => {
            let words = &rows.packed()[start as usize..][..length as usize];
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            let shown = bytes[4..(words[0] >> 2) as usize].iter();
            let shown = shown.filter(|byte| byte.is_ascii_graphic() || **byte == b' ');
            match kind {
                Type::Text => shown.map(|byte| char::from(*byte)).collect(),
                _ => format!("{} words", words.len()),
            }
        }
    };
    cells.map(text).collect::<Vec<_>>().join("|")
}

fn only(function: &str, doc: &Value, context: &Value) -> String {
    let rows = rows(function, doc, context).expect("rows");
    assert_eq!(rows.len(), 1, "{function}: {rows:?}");
    rows.into_iter().next().unwrap_or_default()
}

/// What a webhook sends about an object.
fn payload(key: &str, object: &Value) -> Value {
    let mut payload = json!({
        "action": "edited", "sender": {"login": "x"},
        "repository": {"full_name": "acme/api", "id": 1},
    });
    payload[key] = object.clone();
    payload
}

const URL: &str = "https://api.github.com/repos/acme/api";

#[test]
fn workflow_runs_end_in_the_words_of_silver() {
    let run = |status: &str, conclusion: Value| {
        let doc = json!({
            "id": 5, "name": "Deploy", "display_title": "Deploy v1", "head_branch": "main", "head_sha": "a1", "event": "push",
            "status": status, "conclusion": conclusion, "run_attempt": 1,
            "created_at": "2026-06-01T10:00:00Z", "run_started_at": "2026-06-01T10:01:00Z",
            "updated_at": "2026-06-01T10:10:00Z", "url": format!("{URL}/actions/runs/5"),
        });
        let row = only("github_pipeline_runs", &doc, &json!({}));
        assert_eq!(
            row,
            only(
                "github_pipeline_runs",
                &payload("workflow_run", &doc),
                &json!({})
            )
        );
        row
    };
    assert_eq!(
        run("completed", json!("success")),
        format!(
            "acme/api|5|1|Deploy|main|a1|push|success|06-01T10:00|06-01T10:01|06-01T10:10|{URL}/actions/runs/5|Deploy v1"
        )
    );
    for (status, conclusion, result) in [
        ("completed", json!("failure"), "failure"),
        ("completed", json!("timed_out"), "failure"),
        ("completed", json!("startup_failure"), "failure"),
        // B2
        ("completed", json!("cancelled"), "cancelled"),
        ("completed", json!("skipped"), "skipped"),
        ("completed", json!("neutral"), "other"),
        ("completed", json!("stale"), "other"),
        ("completed", json!("action_required"), "other"),
        ("completed", json!(null), "other"),
        ("in_progress", json!(null), "in_progress"),
        ("queued", json!(null), "in_progress"),
        ("waiting", json!(null), "in_progress"),
    ] {
        let row = run(status, conclusion);
        assert_eq!(row.split('|').nth(7), Some(result));
        let finished = if status == "completed" {
            "06-01T10:10"
        } else {
            "-"
        };
        assert_eq!(row.split('|').nth(10), Some(finished), "{status}");
    }
}

/// B3
#[test]
fn an_earlier_attempt_keeps_its_row() {
    let doc = json!({
        "id": 5, "status": "completed", "conclusion": "success", "run_attempt": 3,
        "created_at": "2026-06-01T10:00:00Z", "run_started_at": "2026-06-01T11:00:00Z",
        "updated_at": "2026-06-01T11:10:00Z", "url": format!("{URL}/actions/runs/5"),
    });
    let context = json!({"remembered": {"attempts": {
        "1": {"run_attempt": 1, "status": "completed", "conclusion": "failure",
              "run_started_at": "2026-06-01T10:00:00Z", "updated_at": "2026-06-01T10:10:00Z"},
        "2": {"run_attempt": 2, "status": "in_progress", "run_started_at": "2026-06-01T10:30:00Z",
              "updated_at": "2026-06-01T10:31:00Z"},
    }}});
    let rows = rows("github_pipeline_runs", &doc, &context).expect("rows");
    let shown = |row: &String| {
        let cells: Vec<_> = row.split('|').collect();
        [cells[2], cells[7], cells[9], cells[10]].join(" ")
    };
    assert_eq!(
        rows.iter().map(shown).collect::<Vec<_>>(),
        [
            "3 success 06-01T11:00 06-01T11:10",
            "1 failure 06-01T10:00 06-01T10:10",
            "2 other 06-01T10:30 -",
        ]
    );
}

#[test]
fn jobs_have_their_run() {
    let doc = json!({
        "id": 7, "run_id": 5, "run_attempt": 2, "name": "deploy (eu)", "status": "completed",
        "conclusion": "skipped", "created_at": "2026-06-01T10:00:00Z",
        "started_at": "2026-06-01T10:01:00Z", "completed_at": "2026-06-01T10:02:00Z",
        "url": format!("{URL}/actions/jobs/7"),
    });
    let row = "acme/api|5|7|2|deploy (eu)|skipped|06-01T10:00|06-01T10:01|06-01T10:02";
    assert_eq!(only("github_pipeline_jobs", &doc, &json!({})), row);
    assert_eq!(
        only(
            "github_pipeline_jobs",
            &payload("workflow_job", &doc),
            &json!({})
        ),
        row
    );
}

#[test]
fn tags_and_branches_name_commits() {
    let of = json!({"nameWithOwner": "acme/api"});
    let rest = json!({"name": "v1", "commit": {"sha": "c1"}, "repository": "acme/api"});
    let light = json!({"name": "v1", "repository": of, "target": {
        "__typename": "Commit", "oid": "c1", "committedDate": "2026-06-01T10:00:00Z"}});
    let annotated = json!({"name": "v1", "repository": of, "target": {
        "__typename": "Tag", "oid": "t1", "tagger": {"date": "2026-06-02T10:00:00Z"},
        "target": {"oid": "c1", "committedDate": "2026-06-01T10:00:00Z"}}});
    for (doc, at) in [
        (&rest, "-"),
        (&light, "06-01T10:00"),
        (&annotated, "06-02T10:00"),
    ] {
        let row = only("github_tags", doc, &json!({}));
        assert_eq!(row, format!("acme/api|v1|c1|{at}"));
    }
    for doc in [&rest, &light] {
        assert_eq!(only("github_branches", doc, &json!({})), "acme/api|v1|c1");
    }
}

#[test]
fn files_come_nested_or_alone() {
    let nested = json!({"number": 17, "repository": {"nameWithOwner": "acme/api"}, "files": {"nodes": [
        {"path": "a.rs", "additions": 3, "deletions": 1, "changeType": "MODIFIED"},
        {"path": "b.rs", "additions": 0, "deletions": 9, "changeType": "DELETED"}, null]}});
    let expected = [
        "acme/api|17|a.rs|3|1|modified",
        "acme/api|17|b.rs|0|9|deleted",
    ];
    let read = |doc: &Value, context: &Value| rows("github_pull_request_files", doc, context);
    assert_eq!(read(&nested, &json!({})).expect("rows"), expected);
    let context = json!({"repository": "acme/api", "number": 17});
    let alone = [
        json!({"filename": "a.rs", "status": "modified", "additions": 3, "deletions": 1}),
        json!({"filename": "b.rs", "status": "removed", "additions": 0, "deletions": 9}),
    ];
    for (doc, expected) in alone.iter().zip(expected) {
        assert_eq!(read(doc, &context).expect("rows"), [expected]);
    }
    let lean = json!({"number": 17, "url": format!("{URL}/pulls/17"), "commits": 2});
    let remembered = json!({"remembered": {"files": nested["files"]}});
    assert_eq!(read(&lean, &remembered).expect("rows"), expected);
    assert!(read(&lean, &json!({})).expect("rows").is_empty());
}

/// C21
#[test]
fn commits_that_a_force_push_dropped_stay() {
    let commit = |oid: &str| json!({"oid": oid, "authoredDate": "2026-06-01T09:00:00Z", "author": {"name": "A"}});
    let mut doc = json!({"number": 17, "repository": {"nameWithOwner": "acme/api"}, "commits": {
        "totalCount": 1, "pageInfo": {"hasNextPage": false}, "nodes": [{"commit": commit("new")}]}});
    let context = json!({"remembered": {"dropped_commits": [commit("old")]}});
    let shown = |doc: &Value, context: &Value| {
        let rows = rows("github_pull_request_commits", doc, context).expect("rows");
        let shown = |row: &String| {
            let cells: Vec<_> = row.split('|').collect();
            format!("{} {}", cells[2], cells[6])
        };
        rows.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(shown(&doc, &context), ["new false", "old true"]);
    // A lean version after that.
    let lean = json!({"number": 17, "url": format!("{URL}/pulls/17"), "commits": 1});
    let both =
        json!({"remembered": {"commits": doc["commits"], "dropped_commits": [commit("old")]}});
    assert_eq!(shown(&lean, &both), ["new false", "old true"]);
    // Of a list that is cut nobody knows what it lacks.
    doc["commits"]["pageInfo"]["hasNextPage"] = json!(true);
    assert_eq!(shown(&doc, &context), ["new false", "old false"]);
}

#[test]
fn a_lean_pull_request_has_what_a_rich_one_told() {
    let lean = json!({
        "number": 17, "title": "T", "state": "open", "user": {"login": "a", "type": "User"},
        "created_at": "2026-06-01T10:00:00Z", "url": format!("{URL}/pulls/17"),
    });
    let remembered = json!({"remembered": {
        "additions": 5, "deletions": 6, "changed_files": 7, "commit_count": 8, "comment_count": 9,
        "merged_by": {"__typename": "Bot", "login": "queue"},
        "reviews": {"nodes": [{"fullDatabaseId": "3", "state": "APPROVED",
                               "submittedAt": "2026-06-01T11:00:00Z", "author": {"login": "b"}}]},
        "comments": {"nodes": [{"fullDatabaseId": "4", "createdAt": "2026-06-01T12:00:00Z",
                                "author": {"login": "c"}}]},
        "timelineItems": {"nodes": [{"__typename": "ClosedEvent", "id": "D", "actor": {"login": "a"},
                                     "createdAt": "2026-06-01T12:30:00Z"},
                                    {"__typename": "MergedEvent", "id": "M", "actor": null,
                                     "createdAt": "2026-06-01T12:30:00Z"},
                                    {"__typename": "ReopenedEvent", "id": "E", "actor": null,
                                     "createdAt": "2026-06-01T13:00:00Z"}]},
    }});
    let sizes = |doc: &Value, context: &Value| {
        let row = only("github_pull_requests", doc, context);
        row.split('|')
            .skip(17)
            .take(6)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes(&lean, &json!({})), ["-"; 6]);
    assert_eq!(
        sizes(&lean, &remembered),
        ["queue[bot]", "5", "6", "7", "8", "9"]
    );
    let mut single = lean.clone();
    single["commits"] = json!(1);
    single["additions"] = json!(2);
    single["merged_by"] = json!({"login": "b", "type": "User"});
    assert_eq!(sizes(&single, &remembered), ["b", "2", "6", "7", "1", "9"]);
    assert_eq!(
        only("github_reviews", &single, &remembered),
        "acme/api|17|3|b|false|approved|06-01T11:00"
    );
    assert_eq!(
        rows("github_pull_request_events", &single, &remembered).expect("rows"),
        [
            "acme/api|17|4|commented|c|false|06-01T12:00",
            "acme/api|17|D|closed|a|false|06-01T12:30",
            "acme/api|17|E|reopened|ghost|false|06-01T13:00"
        ]
    );
    assert_eq!(
        only(
            "github_pull_requests",
            &payload("pull_request", &single),
            &remembered
        ),
        only("github_pull_requests", &single, &remembered)
    );
}

#[test]
fn a_pull_request_comes_from_a_fork_or_not() {
    let told = |keys: Value| {
        let mut doc = json!({"number": 17, "title": "T", "state": "open", "created_at": "2026-06-01T10:00:00Z",
                             "url": format!("{URL}/pulls/17")});
        for (key, value) in keys.as_object().expect("an object") {
            doc[key] = value.clone();
        }
        let row = only("github_pull_requests", &doc, &json!({}));
        row.split('|').skip(9).take(2).collect::<Vec<_>>().join(" ")
    };
    let rest = |head: Value| json!({"head": {"sha": "c1", "repo": head}, "base": {"repo": {"full_name": "acme/api"}}});
    assert_eq!(told(rest(json!({"full_name": "Acme/api"}))), "c1 false");
    assert_eq!(told(rest(json!({"full_name": "alice/api"}))), "c1 true");
    assert_eq!(told(rest(Value::Null)), "c1 true");
    let export = |head: i64| json!({"head": {"sha": "c1", "repo_id": head}, "base": {"repo": {"full_name": "acme/api", "id": 7}}});
    assert_eq!(told(export(7)), "c1 false");
    assert_eq!(told(export(8)), "c1 true");
    assert_eq!(
        told(json!({"head": {"sha": "c1"}, "base": {"repo": {"full_name": "acme/api"}}})),
        "c1 -"
    );
    assert_eq!(
        told(json!({"headRefOid": "c1", "isCrossRepository": false})),
        "c1 false"
    );
    assert_eq!(
        told(json!({"headRefOid": "c1", "isCrossRepository": true})),
        "c1 true"
    );
    assert_eq!(told(json!({})), "- -");
}

#[test]
fn comments_on_code_and_in_conversation_are_told_apart() {
    let on_code = json!({
        "id": 4, "pull_request_review_id": 3, "user": {"login": "b", "type": "User"},
        "created_at": "2026-06-01T11:00:00Z", "pull_request_url": format!("{URL}/pulls/17"),
    });
    let mut sent = payload("comment", &on_code);
    sent["pull_request"] = json!({"number": 17});
    for doc in [&on_code, &sent] {
        assert_eq!(
            only("github_review_comments", doc, &json!({})),
            "acme/api|17|discussion_r4|review_commented|b|false|06-01T11:00"
        );
    }
    let mut comment = json!({
        "id": 4, "user": null, "created_at": "2026-06-01T11:00:00Z",
        "issue_url": format!("{URL}/issues/17"), "html_url": "https://github.com/acme/api/pull/17#c4",
    });
    let mut sent = payload("comment", &comment);
    sent["issue"] = json!({"number": 17});
    for doc in [&comment, &sent] {
        assert_eq!(
            only("github_pull_request_events", doc, &json!({})),
            "acme/api|17|4|commented|ghost|false|06-01T11:00"
        );
    }
    comment["html_url"] = json!("https://github.com/acme/api/issues/17#c4");
    assert_eq!(
        rows("github_pull_request_events", &comment, &json!({})),
        Ok(Vec::new())
    );
}

#[test]
fn deployments_statuses_releases_and_repositories_come_in_payloads_too() {
    let deployment = json!({
        "id": 8, "sha": "a1", "ref": "main", "environment": "production", "task": "deploy",
        "payload": {"version": "v1"},
        "created_at": "2026-06-01T10:00:00Z", "url": format!("{URL}/deployments/8"),
    });
    let status = json!({
        "id": 9, "state": "success", "created_at": "2026-06-01T10:05:00Z",
        "deployment_url": format!("{URL}/deployments/8"),
    });
    let release = json!({
        "id": 3, "tag_name": "v1", "name": null, "target_commitish": "main",
        "published_at": "2026-06-01T10:00:00Z", "url": format!("{URL}/releases/3"),
    });
    let review = json!({
        "id": 80, "state": "approved", "submitted_at": "2026-06-01T15:00:00Z", "user": null,
        "pull_request_url": format!("{URL}/pulls/17"),
    });
    let repository =
        json!({"full_name": "acme/api", "id": 1, "default_branch": "main", "archived": true});
    for (function, key, doc, row) in [
        (
            "github_deployments",
            "deployment",
            &deployment,
            "acme/api|8|production|a1|main|06-01T10:00|github_deployment|{\"version\":\"v1\"}|deploy|-|-",
        ),
        (
            "github_deployment_statuses",
            "deployment_status",
            &status,
            "acme/api|8|success|06-01T10:05",
        ),
        (
            "github_reviews",
            "review",
            &review,
            "acme/api|17|80|ghost|false|approved|06-01T15:00",
        ),
        (
            "github_repositories",
            "repository",
            &repository,
            "acme/api|main|true|-|-|-",
        ),
    ] {
        let mut sent = payload(key, doc);
        if key == "review" {
            sent["pull_request"] = json!({"number": 17});
        }
        assert_eq!(only(function, doc, &json!({})), row);
        assert_eq!(only(function, &sent, &json!({})), row);
    }
    let row = only("github_releases", &release, &json!({}));
    assert_eq!(
        row,
        format!("acme/api|v1|3|-|-|06-01T10:00|false|false|{URL}/releases/3")
    );
    assert_eq!(
        only("github_releases", &payload("release", &release), &json!({})),
        row
    );
}

#[test]
fn what_is_no_document_of_the_table_says_why() {
    for (function, doc, reason) in [
        (
            "github_pipeline_jobs",
            json!({"id": 7, "url": format!("{URL}/x")}),
            "it does not say its run_id",
        ),
        (
            "github_tags",
            json!({"repository": "acme/api"}),
            "it does not say its name",
        ),
        (
            "github_pipeline_runs",
            json!({"id": 7, "url": format!("{URL}/x"), "run_attempt": "two"}),
            "\"run_attempt\" is the text \"two\", not a whole number of 64 bits",
        ),
        (
            "github_pull_request_files",
            json!({"number": 1, "url": format!("{URL}/x"), "files": "many"}),
            "\"files\" is the text \"many\", not a list",
        ),
        (
            "github_pull_requests",
            json!({"number": 1, "url": format!("{URL}/x"), "additions": 3}),
            "it holds counts of a pull request without its title and state",
        ),
    ] {
        let refused = rows(function, &doc, &json!({})).expect_err("a refusal");
        assert_eq!(refused.to_string(), reason);
    }
}

#[test]
fn issues_are_open_or_closed() {
    let rest = json!({
        "id": 900, "number": 17, "title": "Cents", "state": "closed", "state_reason": "completed",
        "user": {"login": "a", "type": "User"}, "assignees": [{"login": "b"}], "type": {"name": "Bug"},
        "labels": [{"name": "x"}, {"name": "y"}], "created_at": "2026-06-01T10:00:00Z",
        "updated_at": "2026-06-02T10:00:00Z", "closed_at": "2026-06-02T10:00:00Z",
        "parent_issue_url": format!("{URL}/issues/3"), "url": format!("{URL}/issues/17"),
        "html_url": "https://github.com/acme/api/issues/17",
    });
    let nested = json!({
        "fullDatabaseId": "900", "number": 17, "title": "Cents", "state": "CLOSED", "stateReason": "COMPLETED",
        "author": {"login": "a", "__typename": "User"}, "assignees": {"nodes": [{"login": "b"}]},
        "issueType": {"name": "Bug"}, "labels": {"nodes": [{"name": "x"}, {"name": "y"}]},
        "createdAt": "2026-06-01T10:00:00Z", "updatedAt": "2026-06-02T10:00:00Z",
        "closedAt": "2026-06-02T10:00:00Z", "repository": {"nameWithOwner": "acme/api"},
        "parent": {"number": 3, "repository": {"nameWithOwner": "acme/api"}},
        "url": "https://github.com/acme/api/issues/17",
    });
    for doc in [&rest, &nested, &payload("issue", &rest)] {
        assert_eq!(
            only("github_issues", doc, &json!({})),
            "acme/api|acme/api#17|900|Cents|Bug|true|closed|done|completed|b|a|06-01T10:00|06-02T10:00\
             |06-02T10:00|10 words|acme/api#3|https://github.com/acme/api/issues/17"
        );
        assert_eq!(
            only("github_issue_changes", doc, &json!({})),
            "acme/api|900|closed|status|1|06-02T10:00|open|closed|ghost|false"
        );
    }
    let open = json!({"id": 901, "number": 18, "state": "open", "user": null, "url": format!("{URL}/issues/18")});
    assert_eq!(
        only("github_issues", &open, &json!({})),
        format!(
            "acme/api|acme/api#18|901|-|issue|false|open|todo|-|-|ghost|-|-|-|4 words|-|{URL}/issues/18"
        )
    );
    assert_eq!(
        rows("github_issue_changes", &open, &json!({})),
        Ok(Vec::new())
    );
    let mut pull_request = rest.clone();
    pull_request["pull_request"] = json!({"url": format!("{URL}/pulls/17")});
    for function in ["github_issues", "github_issue_changes"] {
        assert_eq!(rows(function, &pull_request, &json!({})), Ok(Vec::new()));
    }
}
