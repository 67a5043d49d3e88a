use super::super::tests::{HORIZON, answer, cloud, data_center, ok, place};
use super::*;
use crate::sources::{Remedy, Source};

fn asked(jira: &Jira, cursor: &Value) -> Value {
    serde_json::from_str(&body(jira, &place("issues", "PAY", cursor))).expect("JSON")
}

fn read(jira: &Jira, cursor: &Value, body: &Value) -> Page {
    page(jira, &place("issues", "PAY", cursor), &ok(body)).expect("a page")
}

fn issue(id: u64, updated: &str) -> Value {
    json!({"id": id.to_string(), "key": format!("PAY-{id}"), "fields": {"updated": updated}})
}

#[test]
fn a_first_pass_goes_back_to_the_horizon_with_the_fields_that_are_needed() {
    let jira = cloud();
    let first = asked(&jira, &json!({}));
    // 180 days and a half.
    assert_eq!(
        first["jql"],
        r#"project = "PAY" AND updated >= "-259921m" ORDER BY updated DESC"#
    );
    assert_eq!(first["maxResults"], 100);
    assert!(
        first["fields"]
            .as_array()
            .is_some_and(|fields| fields.contains(&json!("status")))
    );
    assert!(first.get("nextPageToken").is_none() && first.get("startAt").is_none());
    let call = jira
        .call(&place("issues", "PAY", &json!({})))
        .expect("a call");
    assert_eq!(
        call.url.as_str(),
        "https://acme.atlassian.net/rest/api/3/search/jql"
    );

    let issues = [
        issue(1, "2026-06-30T12:00:00.000+0200"),
        issue(2, "2026-06-30T09:00:00.000+0000"),
    ];
    let page = read(
        &jira,
        &json!({}),
        &json!({"issues": issues, "nextPageToken": "t1"}),
    );
    let next = page.next.expect("a next page");
    assert_eq!(next["newest"], "2026-06-30T10:00:00Z");
    assert_eq!(next["oldest"], "2026-06-30T09:00:00Z");
    assert_eq!(page.documents[0].text, issues[0].to_string());
    let queued = &page.documents[1].queued[0];
    assert_eq!((queued.stream, queued.key.as_str()), ("changelogs", "2"));
    assert_eq!(queued.request, json!({"id": "2", "project": "PAY"}));
    // The token belongs to the words it came with.
    let second = asked(&jira, &next);
    assert_eq!(
        (&second["jql"], &second["nextPageToken"]),
        (&first["jql"], &json!("t1"))
    );

    let page = read(&jira, &next, &json!({"issues": [], "isLast": true}));
    assert_eq!(page.next, None);
    assert_eq!(
        page.rest,
        json!({"seen_until": "2026-06-30T10:00:00Z", "from": HORIZON})
    );
}

#[test]
fn a_later_pass_reads_a_little_behind_what_was_seen() {
    let rest = json!({"seen_until": "2026-06-30T11:00:00Z", "from": HORIZON});
    let jql = asked(&cloud(), &rest)["jql"].to_string();
    assert!(jql.contains("-71m"), "{jql}");
    // Jira's clock is two minutes ahead.
    let mut ahead = rest.clone();
    ahead["skew"] = 120.into();
    let jql = asked(&cloud(), &ahead)["jql"].to_string();
    assert!(jql.contains("-73m"), "{jql}");
    let none = read(&cloud(), &rest, &json!({"issues": [], "isLast": true}));
    assert_eq!((none.next, none.rest), (None, rest));
}

#[test]
fn data_center_counts_pages_and_sends_changelogs_along() {
    let home = data_center();
    let first = asked(&home, &json!({}));
    assert_eq!(
        (&first["startAt"], &first["maxResults"]),
        (&json!(0), &json!(100))
    );
    assert_eq!(first["expand"], json!(["changelog"]));
    let mut whole = issue(1, "2026-06-30T10:00:00.000+0000");
    whole["changelog"] = json!({"startAt": 0, "total": 1, "histories": [{"id": "1"}]});
    let mut cut = issue(2, "2026-06-30T09:00:00.000+0000");
    cut["changelog"] = json!({"startAt": 0, "total": 3, "histories": [{"id": "2"}]});
    let page = read(
        &home,
        &json!({}),
        &json!({"issues": [whole, cut], "total": 4}),
    );
    assert!(page.documents[0].queued.is_empty());
    assert_eq!(page.documents[1].queued[0].key, "2");
    assert_eq!(page.total, Some(4));
    let next = page.next.expect("a next page");
    let second = asked(&home, &next);
    assert_eq!(
        (&second["startAt"], &second["maxResults"]),
        (&json!(1), &json!(101))
    );
    let call = home.call(&place("issues", "PAY", &next)).expect("a call");
    assert_eq!(
        call.url.as_str(),
        "https://jira.example/jira/rest/api/2/search"
    );

    // Issue 1 was deleted: what was third is second now, where the page does not look.
    let gap = [issue(4, "2026-06-30T07:00:00.000+0000")];
    let page = read(&home, &next, &json!({"issues": gap, "total": 3}));
    let again = page.next.expect("the same again");
    assert_eq!(again["below"], "2026-06-30T09:00:00Z");
    let third = asked(&home, &again);
    assert_eq!(third["startAt"], 0);
    assert!(
        third["jql"]
            .to_string()
            .contains("updated <= \\\"-178m\\\""),
        "{third}"
    );

    let nothing = json!({"issues": [], "total": 3});
    assert!(
        home.page(&place("issues", "PAY", &json!({})), &ok(&nothing))
            .is_err()
    );
}

#[test]
fn a_token_that_has_expired_goes_on_below_what_was_read() {
    let jira = cloud();
    let cursor = json!({
        "after": {"token": "t1", "window": [300, null]}, "oldest": "2026-06-30T10:00:00Z",
        "newest": "2026-06-30T11:00:00Z", "seen_until": null, "since": HORIZON,
        "from": HORIZON, "all": true,
    });
    let words = r#"{"errorMessages":["The nextPageToken has expired."]}"#;
    let place = place("issues", "PAY", &cursor);
    let lost = page(&jira, &place, &answer(400, &[], words)).expect_err("an error");
    assert_eq!(lost.remedy(), Remedy::FromStart);
    let again = jira.restarted(&cursor);
    let body = asked(&jira, &again);
    assert!(body.get("nextPageToken").is_none());
    assert!(
        body["jql"].to_string().contains("updated <= \\\"-118m\\\""),
        "{body}"
    );
    assert_eq!(again["newest"], cursor["newest"]);
    // Without a token it is a mistake of another kind, and one token twice has no end.
    let first = json!({});
    let place = super::super::tests::place("issues", "PAY", &first);
    let other = page(&jira, &place, &answer(400, &[], words)).expect_err("an error");
    assert!(matches!(other, SourceError::Status { .. }));
    let endless = json!({"issues": [], "nextPageToken": "t1"});
    let place = super::super::tests::place("issues", "PAY", &cursor);
    assert!(page(&jira, &place, &ok(&endless)).is_err());
}

#[test]
fn a_reconciling_pass_lists_keys_and_leaves_the_cursor_as_it_was() {
    let rest = json!({"seen_until": "2026-06-30T10:00:00Z", "from": HORIZON});
    for (jira, width) in [(cloud(), 5000), (data_center(), 1000)] {
        let mut cursor = rest.clone();
        cursor["reconcile"] = true.into();
        let body = asked(&jira, &cursor);
        assert_eq!(body["jql"], r#"project = "PAY" ORDER BY created ASC"#);
        assert_eq!(
            (&body["fields"], &body["maxResults"]),
            (&json!(["key"]), &json!(width))
        );
        assert!(body.get("expand").is_none());
        // Jira leaves out what was not asked for.
        let found = json!({"issues": [{"id": "1"}], "nextPageToken": "t1", "total": 2});
        let page = read(&jira, &cursor, &found);
        assert!(page.keys_only && page.lists_all);
        let key: Value = serde_json::from_str(&page.documents[0].text).expect("JSON");
        assert_eq!(
            key,
            json!({"id": "1", "fields": {"project": {"key": "PAY"}}})
        );
        let next = page.next.expect("a next page");
        assert_eq!(next["reconcile"], true);
        let last = json!({"issues": [{"id": "1"}, {"id": "2"}], "total": 2});
        let page = read(&jira, &next, &last);
        assert_eq!((page.next, page.rest), (None, rest.clone()));
    }
}

#[test]
fn keys_are_listed_again_when_one_has_left_the_list() {
    let cursor = json!({"reconcile": true, "after": {"start": 1000, "total": 1500}});
    let page = read(
        &data_center(),
        &cursor,
        &json!({"issues": [{"id": "1"}], "total": 1499}),
    );
    let next = page.next.expect("the list again");
    assert_eq!(next["after"], json!({"start": 0, "total": 1499}));
}

#[test]
fn pages_shrink_when_they_were_too_much() {
    let jira = cloud();
    let half = jira
        .narrower("issues", &json!({}))
        .expect("a narrower page");
    assert_eq!(asked(&jira, &half)["maxResults"], 50);
    let page = read(&jira, &half, &json!({"issues": [], "isLast": true}));
    assert_eq!(page.rest["width"], 62);
    let keys = jira
        .narrower("issues", &json!({"reconcile": true}))
        .expect("a narrower page");
    assert_eq!(asked(&jira, &keys)["maxResults"], 2500);
}

#[test]
fn the_date_of_an_answer_tells_how_the_clocks_differ() {
    let jira = cloud();
    let rest = |date: &str| {
        let found = answer(200, &[("date", date)], r#"{"issues":[],"isLast":true}"#);
        page(&jira, &place("issues", "PAY", &json!({})), &found).expect("a page")
    };
    assert!(
        rest("Tue, 30 Jun 2026 12:00:20 GMT")
            .rest
            .get("skew")
            .is_none()
    );
    let ahead = rest("Tue, 30 Jun 2026 12:30:00 GMT");
    // The minutes did not reach back far enough by Jira's own clock.
    let next = ahead.next.expect("another search");
    assert_eq!(next["skew"], 1800);
    let behind = rest("Tue, 30 Jun 2026 11:30:00 GMT");
    assert_eq!((behind.next, &behind.rest["skew"]), (None, &json!(-1800)));
}
