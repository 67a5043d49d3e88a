use super::super::tests::{answer, cloud, data_center, ok, place};
use super::*;
use crate::sources::{Remedy, Source};

fn item(id: u64, more: &Value) -> Value {
    let mut request = json!({"id": id.to_string(), "project": "PAY"});
    for (field, value) in more.as_object().into_iter().flatten() {
        request[field] = value.clone();
    }
    json!({"key": id.to_string(), "request": request})
}

fn cursor(items: &[Value]) -> Value {
    json!({"items": items})
}

fn asked(cursor: &Value) -> Value {
    serde_json::from_str(&body(&place("changelogs", "*", cursor))).expect("JSON")
}

fn read(cursor: &Value, answer: &Response) -> Result<Page, SourceError> {
    page(&cloud(), &place("changelogs", "*", cursor), answer)
}

#[test]
fn a_thousand_issues_are_asked_for_at_once() {
    let items: Vec<_> = (0..1000).map(|id| item(id, &json!({}))).collect();
    let cursor = cursor(&items);
    let body = asked(&cursor);
    assert_eq!(body["issueIdsOrKeys"].as_array().map(Vec::len), Some(1000));
    assert_eq!(body["maxResults"], 10_000);
    assert!(
        body["fieldIds"]
            .as_array()
            .is_some_and(|fields| fields.len() <= 10)
    );
    assert!(body.get("nextPageToken").is_none());
    let call = cloud()
        .call(&place("changelogs", "*", &cursor))
        .expect("a call");
    assert_eq!(call.url.path(), "/rest/api/3/changelog/bulkfetch");
}

#[test]
fn each_change_is_a_document_as_it_came() {
    let cursor = cursor(&[item(1, &json!({})), item(2, &json!({}))]);
    let body = r#"{"issueChangeLogs":[{"issueId":"2","changeHistories":[
        {"id":"70", "created":1769846700000},{"id":"71","created":1769846700001,"x":"\u0000"}]}]}"#;
    let page = read(&cursor, &answer(200, &[], body)).expect("a page");
    assert_eq!(
        page.documents[0].text,
        r#"{"id":"70", "created":1769846700000}"#
    );
    assert_eq!(
        page.documents[1].context,
        Some(json!({"issue_id": "2", "project": "PAY", "custom_fields": {}}))
    );
    assert_eq!(page.cleaned, 1);
    // The first has no changes.
    assert_eq!(page.answered, ["1", "2"]);
    assert!(page.queued.is_empty() && page.next.is_none() && !page.lists_all);
}

/// What the queue holds after a page, in its order.
fn requeued(items: &[Value], page: &Page) -> Vec<Value> {
    let open = items.iter().filter(|item| {
        let key = item["key"].as_str().unwrap_or_default();
        !page.answered.iter().any(|answered| answered == key)
    });
    open.map(|item| {
        let newer = page
            .queued
            .iter()
            .find(|queued| item["key"] == queued.key.as_str());
        newer.map_or_else(
            || item.clone(),
            |queued| json!({"key": queued.key, "request": queued.request}),
        )
    })
    .collect()
}

#[test]
fn a_batch_with_more_changes_than_a_page_stays_in_the_queue() {
    let all: Vec<_> = (1..=3).map(|id| item(id, &json!({}))).collect();
    let first = cursor(&all[..2]);
    let more = json!({"issueChangeLogs": [], "nextPageToken": "t1"});
    let page = read(&first, &ok(&more)).expect("a page");
    assert!(page.answered.is_empty());
    // A third issue has come into the batch meanwhile.
    let queue = requeued(&all, &page);
    let second = cursor(&queue);
    let body = asked(&second);
    assert_eq!(body["issueIdsOrKeys"], json!(["1", "2"]));
    assert_eq!(body["nextPageToken"], "t1");
    let page = read(&second, &ok(&json!({"issueChangeLogs": []}))).expect("a page");
    assert_eq!(page.answered, ["1", "2"]);
    let third = cursor(&requeued(&queue, &page));
    assert_eq!(asked(&third)["issueIdsOrKeys"], json!(["3"]));
}

#[test]
fn a_token_that_does_not_fit_its_batch_is_not_used() {
    let of_two = json!({"token": "t1", "of": 2});
    // One of the issues has changed and was queued anew; pages have become narrower.
    for items in [
        &[item(1, &json!({})), item(2, &of_two)][..],
        &[item(1, &of_two), item(2, &json!({}))],
        &[item(1, &of_two)],
    ] {
        let body = asked(&cursor(items));
        assert!(body.get("nextPageToken").is_none());
        assert_eq!(
            body["issueIdsOrKeys"].as_array().map(Vec::len),
            Some(items.len())
        );
    }
}

#[test]
fn a_token_that_is_lost_begins_the_batch_anew() {
    let of_one = json!({"token": "t1", "of": 1});
    let begun = cursor(&[item(1, &of_one)]);
    let words = r#"{"errorMessages":["Invalid page token"]}"#;
    let lost = read(&begun, &answer(400, &[], words)).expect_err("an error");
    assert_eq!(lost.remedy(), Remedy::FromStart);
    let again = cloud().restarted(&begun);
    assert_eq!(again, cursor(&[item(1, &json!({}))]));
    let endless = json!({"issueChangeLogs": [], "nextPageToken": "t1"});
    assert!(read(&begun, &ok(&endless)).is_err());
}

#[test]
fn an_issue_that_is_refused_is_found_by_halves() {
    let two = cursor(&[item(1, &json!({})), item(2, &json!({}))]);
    let refused = answer(400, &[], r#"{"errorMessages":["Issue 1 is not there"]}"#);
    let error = read(&two, &refused).expect_err("an error");
    assert_eq!(error.remedy(), Remedy::Narrower);
    let one = cloud().narrower("changelogs", &two).expect("a half");
    assert_eq!(asked(&one)["issueIdsOrKeys"], json!(["1"]));
    // Refused for itself it is an error that everyone sees; gone, it needs no answer.
    assert!(matches!(
        read(&one, &refused),
        Err(SourceError::Status { .. })
    ));
    let gone = read(&one, &answer(404, &[], "")).expect("a page");
    assert_eq!(
        (gone.answered, gone.rest),
        (vec!["1".to_owned()], json!({"width": 2}))
    );
}

#[test]
fn what_data_center_has_cut_is_asked_issue_by_issue() {
    let home = data_center();
    let cursor = cursor(&[item(1, &json!({})), item(2, &json!({}))]);
    let place = place("changelogs", "*", &cursor);
    let call = home.call(&place).expect("a call");
    assert_eq!(
        call.url.as_str(),
        "https://jira.example/jira/rest/api/2/issue/1?expand=changelog&fields=id"
    );
    let body = json!({"id": "1", "changelog": {"total": 1, "histories": [{"id": "70"}]}});
    let page = home.page(&place, &ok(&body)).expect("a page");
    assert_eq!(page.answered, ["1"]);
    assert_eq!(
        page.documents[0].context,
        Some(json!({"issue_id": "1", "project": "PAY", "custom_fields": {}}))
    );
    let gone = home.page(&place, &answer(404, &[], "")).expect("a page");
    assert_eq!((gone.answered.len(), gone.documents.len()), (1, 0));
    assert!(home.page(&place, &answer(403, &[], "")).is_err());
}
