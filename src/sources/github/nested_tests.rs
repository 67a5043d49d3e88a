use reqwest::header::HeaderMap;

use super::*;
use crate::http::Response;
use crate::sources::github::listings::tests::now;
use crate::sources::github::listings::widths;

fn cursor() -> Value {
    let item = |id: &str| json!({"key": id, "request": {"id": id, "after": "c1", "context": {"repository": "acme/api", "number": 1}}});
    json!({"items": [item("PR_1"), item("PR_2")]})
}

fn place(cursor: &Value) -> Place<'_> {
    Place {
        stream: "pull_request_commits",
        scope: "*",
        cursor,
        now: now(),
        greeting: &[],
    }
}

fn read(cursor: &Value, body: Value) -> Result<Page, SourceError> {
    let response = Response {
        status: 200,
        headers: HeaderMap::new(),
        body: body.to_string().into_bytes(),
    };
    let answer = Answer::read_batch("api.example", "pull_request_commits", &response)?;
    page(&place(cursor), &answer)
}

#[test]
fn one_query_reads_on_in_several_lists() {
    let sent = body(&place(&cursor())).expect("a body");
    let sent: Value = serde_json::from_str(&sent).expect("JSON");
    let query = sent["query"].as_str().expect("a text");
    assert!(query.contains("n1: node(id: $id1)"), "{query}");
    assert!(
        query.contains("commits(first: 100, after: $after1)"),
        "{query}"
    );
    assert_eq!(sent["variables"]["id1"], "PR_2");
    assert_eq!(sent["variables"]["after0"], "c1");
}

#[test]
fn a_list_that_goes_on_stays_in_the_queue() {
    let list = |oid: &str, more: bool| {
        json!({"list": {
            "pageInfo": {"hasNextPage": more, "endCursor": "c2"},
            "nodes": [{"commit": {"oid": oid}}],
        }})
    };
    let page = read(
        &cursor(),
        json!({"data": {"n0": list("a", true), "n1": list("b", false)}}),
    );
    let page = page.expect("a page");
    let texts: Vec<_> = page.documents.iter().map(|d| d.text.as_str()).collect();
    assert_eq!(texts, [r#"{"oid":"a"}"#, r#"{"oid":"b"}"#]);
    assert_eq!(
        page.documents[0].context,
        Some(json!({"repository": "acme/api", "number": 1}))
    );
    assert_eq!(page.answered, ["PR_2"]);
    assert_eq!(page.queued[0].key, "PR_1");
    assert_eq!(page.queued[0].request["after"], "c2");
}

#[test]
fn what_is_gone_needs_no_answer_and_other_errors_are_errors() {
    let error = |kind: &str| {
        json!({"data": {"n0": null, "n1": null}, "errors": [
            {"type": kind, "path": ["n0"], "message": "no"},
            {"type": kind, "path": ["n1"], "message": "no"},
        ]})
    };
    let gone = read(&cursor(), error("NOT_FOUND")).expect("a page");
    assert_eq!(gone.answered, ["PR_1", "PR_2"]);
    assert!(read(&cursor(), error("FORBIDDEN")).is_err());
}

#[test]
fn a_batch_that_is_too_much_is_halved() {
    let half = widths("pull_request_commits")
        .narrower(&cursor())
        .expect("a half");
    assert_eq!(half["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(widths("pull_request_commits").narrower(&half), None);
}
