use reqwest::header::HeaderMap;

use super::*;
use crate::http::Response;
use crate::sources::options;

/// The option `since` of these tests.
const HORIZON: &str = "2026-01-01T00:00:00Z";

/// A GitHub that reads these repositories since the horizon.
pub fn github(repositories: &'static str) -> GitHub {
    let pairs = [
        ("kind", "github"),
        ("repositories", repositories),
        ("release_branches", "release/*"),
        ("workflow_jobs", "Deploy*"),
        ("since", "2026-01-01"),
    ];
    let (_, common, own) = options::read(pairs).expect("options");
    GitHub::new(common, &own).expect("a source")
}

/// The present of these tests.
pub fn now() -> DateTime<Utc> {
    time(&json!("2026-06-30T12:00:00Z")).expect("a time")
}

fn read(github: &GitHub, stream: &str, cursor: &Value, body: Value) -> Page {
    read_for(github, stream, "acme/api", cursor, body)
}

fn read_for(github: &GitHub, stream: &str, scope: &str, cursor: &Value, body: Value) -> Page {
    let response = Response {
        status: 200,
        headers: HeaderMap::new(),
        body: body.to_string().into_bytes(),
    };
    let answer = Answer::read("api.example", scope, &response).expect("data");
    page(github, &place(stream, scope, cursor), &answer).expect("a page")
}

fn place<'a>(stream: &'a str, scope: &'a str, cursor: &'a Value) -> Place<'a> {
    Place {
        stream,
        scope,
        cursor,
        now: now(),
        greeting: &[],
    }
}

fn texts(page: &Page) -> Vec<&str> {
    page.documents.iter().map(|d| d.text.as_str()).collect()
}

fn list(nodes: Vec<Value>, next: Option<&str>) -> Value {
    json!({
        "totalCount": 1000,
        "pageInfo": {"hasNextPage": next.is_some(), "endCursor": next},
        "nodes": nodes,
    })
}

fn pull_requests(times: &[&str], next: Option<&str>) -> Value {
    let nodes = times.iter().map(|at| json!({"updatedAt": at})).collect();
    json!({"data": {"repository": {"pullRequests": list(nodes, next)}}})
}

fn deployments(times: &[(&str, &str)], next: Option<&str>) -> Value {
    let nodes = times
        .iter()
        .map(|(at, state)| json!({"createdAt": at, "state": state}));
    json!({"data": {"repository": {"deployments": list(nodes.collect(), next)}}})
}

#[test]
fn a_first_pass_ends_at_the_horizon() {
    let github = github("acme/api");
    let first = pull_requests(
        &["2026-06-30T10:00:00Z", "2026-03-01T00:00:00Z"],
        Some("c1"),
    );
    let page = read(&github, "pull_requests", &json!({}), first);
    let next = page.next.expect("a next page");
    assert_eq!(next["after"], "c1");
    assert_eq!(next["newest"], "2026-06-30T10:00:00Z");

    let second = pull_requests(
        &["2026-02-01T00:00:00Z", "2025-12-01T00:00:00Z"],
        Some("c2"),
    );
    let page = read(&github, "pull_requests", &next, second);
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], "2026-06-30T10:00:00Z");
    assert_eq!(page.rest["from"], HORIZON);
}

#[test]
fn a_later_pass_ends_behind_what_was_seen() {
    let github = github("acme/api");
    let rest = json!({"seen_until": "2026-06-30T10:00:00Z", "from": HORIZON});
    let overlap = pull_requests(&["2026-06-30T11:00:00Z", "2026-06-30T09:57:00Z"], Some("c"));
    assert!(
        read(&github, "pull_requests", &rest, overlap)
            .next
            .is_some()
    );
    let behind = pull_requests(&["2026-06-30T11:00:00Z", "2026-06-30T09:00:00Z"], Some("c"));
    let page = read(&github, "pull_requests", &rest, behind);
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], "2026-06-30T11:00:00Z");
}

#[test]
fn a_source_that_shall_go_further_back_reads_all_of_it_again() {
    let github = github("acme/api");
    let rest = json!({"seen_until": "2026-06-30T10:00:00Z", "from": "2026-05-01T00:00:00Z"});
    let seen = pull_requests(&["2026-06-30T09:00:00Z"], Some("c1"));
    let next = read(&github, "pull_requests", &rest, seen)
        .next
        .expect("a next page");
    let older = pull_requests(&["2026-03-01T09:00:00Z"], Some("c2"));
    let next = read(&github, "pull_requests", &next, older)
        .next
        .expect("a next page");
    let oldest = pull_requests(&["2025-12-31T09:00:00Z"], Some("c3"));
    let page = read(&github, "pull_requests", &next, oldest);
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], "2026-06-30T10:00:00Z");
    assert_eq!(page.rest["from"], HORIZON);

    let history = |next| {
        let history = list(vec![json!({"oid": "a"})], next);
        json!({"data": {"repository": {"branch": {"target": {"oid": "a", "history": history}}}}})
    };
    for (rest, ends) in [
        (json!({}), false),
        (json!({"from": "2026-05-01T00:00:00Z"}), false),
        (json!({"from": HORIZON}), true),
    ] {
        let page = read(&github, "commits", &rest, history(Some("c1")));
        assert_eq!(page.ends_when_closed, ends, "{rest}");
        let page = read(
            &github,
            "commits",
            &page.next.expect("a next page"),
            history(None),
        );
        assert_eq!(page.ends_when_closed, ends, "{rest}");
        assert_eq!(page.rest["from"], HORIZON);
    }
}

#[test]
fn a_pass_without_news_forgets_nothing() {
    let rest = json!({"seen_until": "2026-06-30T10:00:00Z", "from": HORIZON});
    let page = read(
        &github("acme/api"),
        "pull_requests",
        &rest,
        pull_requests(&[], None),
    );
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], rest["seen_until"]);
}

#[test]
fn an_unfinished_deployment_is_read_again() {
    let github = github("acme/api");
    let body = deployments(
        &[
            ("2026-06-30T10:00:00Z", "ACTIVE"),
            ("2026-06-28T10:00:00Z", "IN_PROGRESS"),
            ("2026-02-01T10:00:00Z", "WAITING"),
        ],
        None,
    );
    let page = read(&github, "deployments", &json!({}), body);
    assert_eq!(page.rest["seen_until"], "2026-06-28T10:00:00Z");
}

#[test]
fn each_entry_is_a_pass_of_its_own() {
    let github = github("acme/api, other/*, !other/secret");
    let one = json!({"data": {"repository": {"nameWithOwner": "acme/api"}}});
    let page = read_for(&github, "repositories", "acme/api", &json!({}), one);
    assert_eq!((page.documents.len(), page.next), (1, None));

    let names = ["other/a", "other/secret"].map(|name| json!({"nameWithOwner": name}));
    let part = list(names.to_vec(), Some("c1"));
    let all = json!({"data": {"repositoryOwner": {"repositories": part}}});
    let page = read_for(&github, "repositories", "other/*", &json!({}), all);
    assert_eq!(texts(&page), [r#"{"nameWithOwner":"other/a"}"#]);
    assert!(page.lists_all);
    assert_eq!(page.next, Some(json!({"after": "c1"})));
}

#[test]
fn after_a_pause_longer_than_the_horizon_there_is_a_gap() {
    let github = github("acme/api");
    let paused = json!({"seen_until": "2025-06-01T00:00:00Z", "from": "2025-01-01T00:00:00Z"});
    let page = read(
        &github,
        "pull_requests",
        &paused,
        pull_requests(&["2025-12-01T00:00:00Z"], None),
    );
    assert_eq!(page.rest["from"], HORIZON, "what lies between was not read");
}

#[test]
fn a_draft_release_is_looked_at_again() {
    let github = github("acme/api");
    let releases = |is_draft: bool| {
        let node = json!({"createdAt": "2026-06-20T00:00:00Z", "updatedAt": "2026-06-20T00:00:00Z", "isDraft": is_draft});
        json!({"data": {"repository": {"releases": list(vec![node], None)}}})
    };
    let rest = |is_draft| read(&github, "releases", &json!({}), releases(is_draft)).rest;
    assert_eq!(rest(true)["unfinished"], true);
    assert_eq!(rest(false)["unfinished"], Value::Null);
}

#[test]
fn a_page_shrinks_when_it_was_too_much_and_grows_again() {
    let github = github("acme/api");
    let start = json!({"after": "c1", "width": 25});
    let half = widths("pull_requests")
        .narrower(&start)
        .expect("a narrower page");
    assert_eq!(half, json!({"after": "c1", "width": 12}));
    let sent = body(&github, &place("pull_requests", "acme/api", &half)).expect("a body");
    assert!(sent.contains(r#""first":12"#), "{sent}");
    let page = read(
        &github,
        "pull_requests",
        &half,
        pull_requests(&["2026-06-30T10:00:00Z"], Some("c2")),
    );
    assert_eq!(page.next.expect("a next page")["width"], 15);
    assert_eq!(page.rest["width"], 15, "remembered for the next pass");
    assert_eq!(widths("pull_requests").narrower(&json!({"width": 1})), None);
    let most = json!({"width": 50});
    let page = read(&github, "pull_requests", &most, pull_requests(&[], None));
    assert_eq!(page.rest["width"], 50);
    assert_eq!(restarted(&start), json!({"width": 25}));
}

#[test]
fn an_empty_repository_has_no_commits() {
    let body = json!({"data": {"repository": {"branch": null}}});
    let page = read(&github("acme/api"), "commits", &json!({}), body);
    assert!(page.next.is_none() && page.documents.is_empty());
}

#[test]
fn requests_carry_what_the_cursor_says() {
    let github = github("acme/api");
    let sent = |stream, cursor: Value| -> Value {
        let body = body(&github, &place(stream, "acme/api", &cursor)).expect("a body");
        serde_json::from_str(&body).expect("JSON")
    };
    let request = sent("pull_requests", json!({"after": "c1"}));
    assert_eq!(request["variables"]["after"], "c1");
    assert_eq!(request["variables"]["owner"], "acme");
    assert_eq!(request["variables"]["name"], "api");
    assert_eq!(
        sent("commits", json!({}))["variables"]["since"],
        "2026-01-01T00:00:00Z"
    );
    assert!(body(&github, &place("review_comments", "acme/api", &json!({}))).is_err());
}

#[test]
fn a_reconciling_pass_lists_keys_and_leaves_the_cursor_as_it_was() {
    let github = github("acme/api");
    let cursor = json!({"seen_until": "2026-06-30T10:00:00Z", "from": HORIZON, "reconcile": true});
    let request = body(&github, &place("deployments", "acme/api", &cursor)).expect("a body");
    assert!(request.contains(r#""full":false"#), "{request}");
    let first = deployments(&[("2020-01-01T00:00:00Z", "ACTIVE")], Some("c1"));
    let page = read(&github, "deployments", &cursor, first);
    assert!(page.keys_only && page.lists_all);
    let next = page.next.expect("to the end, however old");
    assert_eq!(next["after"], "c1");
    let page = read(&github, "deployments", &next, deployments(&[], None));
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], cursor["seen_until"]);
    assert_eq!(page.rest["reconcile"], Value::Null);
}

#[test]
fn a_release_branch_ends_where_it_meets_what_is_known() {
    let github = github("acme/api");
    let history = list(vec![json!({"oid": "a"})], Some("c1"));
    let body =
        json!({"data": {"repository": {"branch": {"target": {"oid": "a", "history": history}}}}});
    let page = read_for(
        &github,
        "branch_commits",
        "acme/api:release/1",
        &json!({}),
        body,
    );
    assert!(page.ends_when_closed);
    let cursor = json!({});
    let place = place("branch_commits", "acme/api:release/1", &cursor);
    let sent = super::body(&github, &place).expect("a body");
    assert!(
        sent.contains(r#""branch":"refs/heads/release/1""#),
        "{sent}"
    );
    assert!(sent.contains(r#""name":"api""#), "{sent}");
}

#[test]
fn only_release_branches_are_listed() {
    let github = github("acme/api");
    let names = ["release/1", "topic"].map(|name| json!({"name": name}));
    let body = json!({"data": {"repository": {"refs": list(names.to_vec(), None)}}});
    let page = read(&github, "branches", &json!({}), body);
    assert_eq!(texts(&page), [r#"{"name":"release/1"}"#]);
}

#[test]
fn what_does_not_fit_into_a_nested_list_is_queued() {
    let github = github("acme/api");
    let nested =
        |more: bool| json!({"pageInfo": {"hasNextPage": more, "endCursor": "n1"}, "nodes": []});
    let node = json!({
        "id": "PR_1", "number": 17, "updatedAt": "2026-06-30T10:00:00Z",
        "repository": {"nameWithOwner": "acme/api"},
        "commits": nested(true), "reviews": nested(false), "files": nested(true),
    });
    let body = json!({"data": {"repository": {"pullRequests": list(vec![node], None)}}});
    let page = read(&github, "pull_requests", &json!({}), body);
    let queued: Vec<_> = page.documents[0]
        .queued
        .iter()
        .map(|q| (q.stream, q.key.as_str()))
        .collect();
    assert_eq!(
        queued,
        [
            ("pull_request_commits", "PR_1"),
            ("pull_request_files", "PR_1")
        ]
    );
    let request = &page.documents[0].queued[0].request;
    assert_eq!(
        request["context"],
        json!({"repository": "acme/api", "number": 17})
    );
    assert_eq!(request["after"], "n1");
}
