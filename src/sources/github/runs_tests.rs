use serde_json::json;

use super::*;
use crate::sources::github::listings::tests::{github, now};

fn place(cursor: &Value) -> Place<'_> {
    Place {
        stream: "workflow_runs",
        scope: "acme/api",
        cursor,
        now: now(),
        greeting: &[],
    }
}

fn answer(status: u16, total: usize, runs: Vec<Value>) -> Response {
    Response {
        status,
        headers: HeaderMap::from_iter([(ETAG, HeaderValue::from_static("W/\"1\""))]),
        body: json!({"total_count": total, "workflow_runs": runs})
            .to_string()
            .into_bytes(),
    }
}

fn run(id: u64, at: &str, status: &str) -> Value {
    json!({"id": id, "name": "Deploy", "status": status, "created_at": at, "run_attempt": 2})
}

fn created(cursor: &Value) -> String {
    let (url, _) = request(&github("acme/api"), &place(cursor));
    let created = url.query_pairs().find(|(name, _)| name == "created");
    created.expect("a window").1.into_owned()
}

#[test]
fn an_unchanged_list_is_asked_for_with_its_etag() {
    let github = github("acme/api");
    let first = answer(200, 1, vec![run(1, "2026-06-29T10:00:00Z", "completed")]);
    let page = page(&github, &place(&json!({})), &first).expect("a page");
    assert_eq!(page.next, None);
    assert_eq!(created(&json!({})), ">=2026-01-01T00:00:00Z");
    // News has moved the window: another list.
    assert_eq!(created(&page.rest), ">=2026-06-27T10:00:00Z");
    assert!(request(&github, &place(&page.rest)).1.is_empty());
    let again = super::page(&github, &place(&page.rest), &first).expect("a page");
    let (_, headers) = request(&github, &place(&again.rest));
    assert_eq!(headers[IF_NONE_MATCH], "W/\"1\"");
    let unchanged = super::page(&github, &place(&again.rest), &answer(304, 0, Vec::new()));
    let unchanged = unchanged.expect("a page");
    assert_eq!((unchanged.next, unchanged.rest), (None, again.rest));
}

/// An answer that another page follows.
fn followed(mut answer: Response) -> Response {
    let link = r#"<https://api.github.com/repositories/1/actions/runs?page=2>; rel="next""#;
    let link = HeaderValue::from_static(link);
    answer.headers.insert(reqwest::header::LINK, link);
    answer
}

#[test]
fn a_window_that_holds_too_many_is_halved() {
    let github = github("acme/api");
    let full: Vec<_> = (0..100)
        .map(|id| run(id, "2026-06-29T10:00:00Z", "completed"))
        .collect();
    let read = |cursor: &Value, total| {
        let answer = followed(answer(200, total, full.clone()));
        page(&github, &place(cursor), &answer)
            .expect("a page")
            .next
            .expect("a next page")
    };
    let halved = read(&json!({}), 1000);
    assert_eq!(created(&halved), ">=2026-04-01T06:00:01Z");
    let second = read(&halved, 999);
    let (url, _) = request(&github, &place(&second));
    assert_eq!(
        url.as_str(),
        "https://api.github.com/repositories/1/actions/runs?page=2"
    );
    // The newer half is over; the older one follows.
    let last = answer(200, 999, Vec::new());
    let older = page(&github, &place(&second), &last).expect("a page");
    let older = older.next.expect("a next page");
    assert_eq!(
        created(&older),
        "2026-01-01T00:00:00Z..2026-04-01T06:00:00Z"
    );
    let over = page(&github, &place(&older), &last).expect("a page");
    assert_eq!(over.next, None);
    assert_eq!(over.rest["seen_until"], "2026-06-29T10:00:00Z");
}

#[test]
fn a_second_cannot_be_halved() {
    let at = now();
    let window = Window {
        from: at,
        until: Some(at),
    };
    assert_eq!(window.halves(at), None);
}

#[test]
fn once_a_day_everything_that_could_have_been_repeated_is_read_again() {
    let at = |reread: &str| {
        created(&json!({
            "from": "2026-01-01T00:00:00Z", "seen_until": "2026-06-29T10:00:00Z", "reread_at": reread,
        }))
    };
    assert_eq!(at("2026-06-30T00:00:00Z"), ">=2026-06-27T10:00:00Z");
    assert_eq!(at("2026-06-29T00:00:00Z"), ">=2026-05-31T12:00:00Z");
}

#[test]
fn a_run_under_way_is_looked_at_again_and_a_deployment_has_jobs() {
    let github = github("acme/api");
    let runs = vec![
        run(2, "2026-06-30T11:00:00Z", "completed"),
        run(1, "2026-06-30T10:00:00Z", "in_progress"),
    ];
    let page = page(&github, &place(&json!({})), &answer(200, 2, runs)).expect("a page");
    assert_eq!(page.rest["seen_until"], "2026-06-30T10:00:00Z");
    assert_eq!(page.rest["unfinished"], true);
    let queued: Vec<_> = page.documents.iter().map(|d| d.queued.len()).collect();
    assert_eq!(queued, [1, 0]);
    let item = &page.documents[0].queued[0];
    assert_eq!(item.key, "acme/api#2@2");
    let cursor = json!({"items": [{"key": item.key, "request": item.request}]});
    let url = jobs_url(&github, &place(&cursor));
    assert_eq!(url.path(), "/repos/acme/api/actions/runs/2/attempts/2/jobs");
    let gone = answer(404, 0, Vec::new());
    let page = jobs(&github, &place(&cursor), &gone).expect("a page");
    assert_eq!(page.answered, ["acme/api#2@2"]);
}
