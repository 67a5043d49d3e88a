use reqwest::header::HeaderMap;

use super::*;
use crate::http::Response;

/// The option `since` of these tests.
const HORIZON: &str = "2026-01-01T00:00:00Z";

fn options(repositories: &'static str) -> Options {
    Options::parse([
        ("kind", "github"),
        ("repositories", repositories),
        ("since", "2026-01-01"),
    ])
    .expect("options")
}

fn now() -> DateTime<Utc> {
    time(&json!("2026-06-30T12:00:00Z")).expect("a time")
}

fn read(options: &Options, stream: &str, cursor: &Value, body: Value) -> Page {
    read_for(options, stream, "acme/api", cursor, body)
}

fn read_for(options: &Options, stream: &str, scope: &str, cursor: &Value, body: Value) -> Page {
    let response = Response {
        status: 200,
        headers: HeaderMap::new(),
        body: body.to_string().into_bytes(),
    };
    let answer = Answer::read("api.example", scope, &response).expect("data");
    page(options, stream, scope, cursor, now(), &answer).expect("a page")
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
    let options = options("acme/api");
    let first = pull_requests(
        &["2026-06-30T10:00:00Z", "2026-03-01T00:00:00Z"],
        Some("c1"),
    );
    let page = read(&options, "pull_requests", &json!({}), first);
    let next = page.next.expect("a next page");
    assert_eq!(next["after"], "c1");
    assert_eq!(next["newest"], "2026-06-30T10:00:00Z");

    let second = pull_requests(
        &["2026-02-01T00:00:00Z", "2025-12-01T00:00:00Z"],
        Some("c2"),
    );
    let page = read(&options, "pull_requests", &next, second);
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], "2026-06-30T10:00:00Z");
    assert_eq!(page.rest["from"], HORIZON);
}

#[test]
fn a_later_pass_ends_behind_what_was_seen() {
    let options = options("acme/api");
    let rest = json!({"seen_until": "2026-06-30T10:00:00Z", "from": HORIZON});
    let overlap = pull_requests(&["2026-06-30T11:00:00Z", "2026-06-30T09:57:00Z"], Some("c"));
    assert!(
        read(&options, "pull_requests", &rest, overlap)
            .next
            .is_some()
    );
    let behind = pull_requests(&["2026-06-30T11:00:00Z", "2026-06-30T09:00:00Z"], Some("c"));
    let page = read(&options, "pull_requests", &rest, behind);
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], "2026-06-30T11:00:00Z");
}

#[test]
fn a_source_that_shall_go_further_back_reads_all_of_it_again() {
    let options = options("acme/api");
    let rest = json!({"seen_until": "2026-06-30T10:00:00Z", "from": "2026-05-01T00:00:00Z"});
    let seen = pull_requests(&["2026-06-30T09:00:00Z"], Some("c1"));
    let next = read(&options, "pull_requests", &rest, seen)
        .next
        .expect("a next page");
    let older = pull_requests(&["2026-03-01T09:00:00Z"], Some("c2"));
    let next = read(&options, "pull_requests", &next, older)
        .next
        .expect("a next page");
    let oldest = pull_requests(&["2025-12-31T09:00:00Z"], Some("c3"));
    let page = read(&options, "pull_requests", &next, oldest);
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], "2026-06-30T10:00:00Z");
    assert_eq!(page.rest["from"], HORIZON);

    let history = |next| {
        let history = list(vec![json!({"oid": "a"})], next);
        json!({"data": {"repository": {"defaultBranchRef": {"target": {"oid": "a", "history": history}}}}})
    };
    for (rest, ends) in [
        (json!({}), false),
        (json!({"from": "2026-05-01T00:00:00Z"}), false),
        (json!({"from": HORIZON}), true),
    ] {
        let page = read(&options, "commits", &rest, history(Some("c1")));
        assert_eq!(page.ends_when_closed, ends, "{rest}");
        let page = read(
            &options,
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
        &options("acme/api"),
        "pull_requests",
        &rest,
        pull_requests(&[], None),
    );
    assert_eq!(page.next, None);
    assert_eq!(page.rest["seen_until"], rest["seen_until"]);
}

#[test]
fn an_unfinished_deployment_is_read_again() {
    let options = options("acme/api");
    let body = deployments(
        &[
            ("2026-06-30T10:00:00Z", "ACTIVE"),
            ("2026-06-28T10:00:00Z", "IN_PROGRESS"),
            ("2026-02-01T10:00:00Z", "WAITING"),
        ],
        None,
    );
    let page = read(&options, "deployments", &json!({}), body);
    assert_eq!(page.rest["seen_until"], "2026-06-28T10:00:00Z");
}

#[test]
fn each_entry_is_a_pass_of_its_own() {
    let options = options("acme/api, other/*, !other/secret");
    let one = json!({"data": {"repository": {"nameWithOwner": "acme/api"}}});
    let page = read_for(&options, "repositories", "acme/api", &json!({}), one);
    assert_eq!((page.documents.len(), page.next), (1, None));

    let names = ["other/a", "other/secret"].map(|name| json!({"nameWithOwner": name}));
    let part = list(names.to_vec(), Some("c1"));
    let all = json!({"data": {"repositoryOwner": {"repositories": part}}});
    let page = read_for(&options, "repositories", "other/*", &json!({}), all);
    assert_eq!(page.documents, [r#"{"nameWithOwner":"other/a"}"#]);
    assert_eq!(page.next, Some(json!({"after": "c1"})));
}

#[test]
fn after_a_pause_longer_than_the_horizon_there_is_a_gap() {
    let options = options("acme/api");
    let paused = json!({"seen_until": "2025-06-01T00:00:00Z", "from": "2025-01-01T00:00:00Z"});
    let page = read(
        &options,
        "pull_requests",
        &paused,
        pull_requests(&["2025-12-01T00:00:00Z"], None),
    );
    assert_eq!(page.rest["from"], HORIZON, "what lies between was not read");
}

#[test]
fn the_mark_is_what_the_first_page_showed() {
    let options = options("acme/api");
    let updated = |at: &str| json!({"createdAt": at, "updatedAt": at});
    let deployments = |times: &[&str], next| {
        let nodes = times.iter().map(|at| updated(at)).collect();
        json!({"data": {"repository": {"deployments": list(nodes, next)}}})
    };
    let first = deployments(
        &["2026-06-30T10:00:00Z", "2026-06-29T10:00:00Z"],
        Some("c1"),
    );
    let page = read(&options, "deployments", &json!({}), first);
    let next = page.next.expect("a next page");
    let mark = "1000 2026-06-30T10:00:00+00:00 since 2026-01-01T00:00:00+00:00";
    assert_eq!(next["mark"], mark);
    let last = deployments(&["2026-06-01T10:00:00Z"], None);
    assert_eq!(
        read(&options, "deployments", &next, last).rest["mark"],
        mark
    );
    // What changed a moment ago may change again within the same second.
    let fresh = deployments(&["2026-06-30T11:59:30Z"], None);
    assert_eq!(
        read(&options, "deployments", &json!({}), fresh).rest["mark"],
        Value::Null
    );
}

#[test]
fn a_draft_release_is_looked_at_again() {
    let options = options("acme/api");
    let releases = |is_draft: bool| {
        let node = json!({"createdAt": "2026-06-20T00:00:00Z", "updatedAt": "2026-06-20T00:00:00Z", "isDraft": is_draft});
        json!({"data": {"repository": {"releases": list(vec![node], None)}}})
    };
    let rest = |is_draft| read(&options, "releases", &json!({}), releases(is_draft)).rest;
    assert_eq!(rest(true)["unfinished"], true);
    assert_eq!(rest(false)["unfinished"], Value::Null);
}

#[test]
fn a_page_shrinks_when_it_was_too_much_and_grows_again() {
    let options = options("acme/api");
    let start = json!({"after": "c1", "width": 25});
    let half = narrower("pull_requests", &start).expect("a narrower page");
    assert_eq!(half, json!({"after": "c1", "width": 12}));
    let sent = body(&options, "pull_requests", "acme/api", &half, now()).expect("a body");
    assert!(sent.contains(r#""first":12"#), "{sent}");
    let page = read(
        &options,
        "pull_requests",
        &half,
        pull_requests(&["2026-06-30T10:00:00Z"], Some("c2")),
    );
    assert_eq!(page.next.expect("a next page")["width"], 15);
    assert_eq!(page.rest["width"], 15, "remembered for the next pass");
    assert_eq!(narrower("pull_requests", &json!({"width": 1})), None);
    let most = json!({"width": 50});
    let page = read(&options, "pull_requests", &most, pull_requests(&[], None));
    assert_eq!(page.rest["width"], 50);
    assert_eq!(restarted(&start), json!({"width": 25}));
}

#[test]
fn an_empty_repository_has_no_commits() {
    let body = json!({"data": {"repository": {"defaultBranchRef": null}}});
    let page = read(&options("acme/api"), "commits", &json!({}), body);
    assert!(page.next.is_none() && page.documents.is_empty());
}

#[test]
fn requests_carry_what_the_cursor_says() {
    let options = options("acme/api");
    let sent = |stream, cursor: Value| -> Value {
        let body = body(&options, stream, "acme/api", &cursor, now()).expect("a body");
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
    assert!(body(&options, "reviews", "acme/api", &json!({}), now()).is_err());
}
