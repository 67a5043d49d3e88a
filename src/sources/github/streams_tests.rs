use reqwest::header::HeaderMap;

use super::*;
use crate::http::Response;

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
    assert!(!page.finished);
    assert_eq!(page.cursor["after"], "c1");
    assert_eq!(page.cursor["newest"], "2026-06-30T10:00:00Z");

    let second = pull_requests(
        &["2026-02-01T00:00:00Z", "2025-12-01T00:00:00Z"],
        Some("c2"),
    );
    let page = read(&options, "pull_requests", &page.cursor, second);
    assert!(page.finished);
    assert_eq!(page.cursor, json!({"seen_until": "2026-06-30T10:00:00Z"}));
}

#[test]
fn a_later_pass_ends_behind_what_was_seen() {
    let options = options("acme/api");
    let rest = json!({"seen_until": "2026-06-30T10:00:00Z"});
    let overlap = pull_requests(&["2026-06-30T11:00:00Z", "2026-06-30T09:57:00Z"], Some("c"));
    assert!(!read(&options, "pull_requests", &rest, overlap).finished);
    let behind = pull_requests(&["2026-06-30T11:00:00Z", "2026-06-30T09:00:00Z"], Some("c"));
    let page = read(&options, "pull_requests", &rest, behind);
    assert!(page.finished);
    assert_eq!(page.cursor["seen_until"], "2026-06-30T11:00:00Z");
}

#[test]
fn a_pass_without_news_forgets_nothing() {
    let rest = json!({"seen_until": "2026-06-30T10:00:00Z"});
    let page = read(
        &options("acme/api"),
        "pull_requests",
        &rest,
        pull_requests(&[], None),
    );
    assert!(page.finished);
    assert_eq!(page.cursor, rest);
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
    assert_eq!(page.cursor, json!({"seen_until": "2026-06-28T10:00:00Z"}));
}

#[test]
fn each_entry_is_a_pass_of_its_own() {
    let options = options("acme/api, other/*, !other/secret");
    let one = json!({"data": {"repository": {"nameWithOwner": "acme/api"}}});
    let page = read_for(&options, "repositories", "acme/api", &json!({}), one);
    assert_eq!((page.documents.len(), page.finished), (1, true));

    let names = ["other/a", "other/secret"].map(|name| json!({"nameWithOwner": name}));
    let part = list(names.to_vec(), Some("c1"));
    let all = json!({"data": {"repositoryOwner": {"repositories": part}}});
    let page = read_for(&options, "repositories", "other/*", &json!({}), all);
    assert_eq!(page.documents, [r#"{"nameWithOwner":"other/a"}"#]);
    assert_eq!(
        (page.finished, page.cursor),
        (false, json!({"after": "c1"}))
    );
}

#[test]
fn an_empty_repository_has_no_commits() {
    let body = json!({"data": {"repository": {"defaultBranchRef": null}}});
    let page = read(&options("acme/api"), "commits", &json!({}), body);
    assert!(page.finished && page.documents.is_empty());
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
