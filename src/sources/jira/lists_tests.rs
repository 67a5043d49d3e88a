use super::super::tests::{answer, cloud, data_center, ok, place};
use super::*;
use crate::sources::Source;

fn url(jira: &Jira, stream: &str, scope: &str, cursor: &Value) -> String {
    let url = request(jira, &place(stream, scope, cursor)).expect("a request");
    url.as_str().to_owned()
}

fn read(jira: &Jira, stream: &str, scope: &str, cursor: &Value, body: &Value) -> Page {
    page(jira, &place(stream, scope, cursor), &ok(body)).expect("a page")
}

fn texts(page: &Page) -> Vec<&str> {
    page.documents.iter().map(|d| d.text.as_str()).collect()
}

#[test]
fn addresses() {
    let (cloud, home, none) = (cloud(), data_center(), json!({}));
    let after = json!({"after": {"start": 50, "total": 70}, "width": 20});
    for (jira, stream, scope, cursor, expected) in [
        (
            &cloud,
            "projects",
            "PAY",
            &none,
            "https://acme.atlassian.net/rest/api/3/project/PAY",
        ),
        (
            &cloud,
            "projects",
            "PAY*",
            &after,
            "https://acme.atlassian.net/rest/api/3/project/search?startAt=50&maxResults=20&orderBy=key",
        ),
        (
            &home,
            "projects",
            "*",
            &none,
            "https://jira.example/jira/rest/api/2/project",
        ),
        (
            &home,
            "fields",
            "*",
            &none,
            "https://jira.example/jira/rest/api/2/field",
        ),
        (
            &cloud,
            "statuses",
            "*",
            &none,
            "https://acme.atlassian.net/rest/api/3/status",
        ),
        (
            &cloud,
            "boards",
            "PAY",
            &none,
            "https://acme.atlassian.net/rest/agile/1.0/board?startAt=0&maxResults=50&projectKeyOrId=PAY",
        ),
        (
            &home,
            "sprints",
            "5",
            &none,
            "https://jira.example/jira/rest/agile/1.0/board/5/sprint?startAt=0&maxResults=50",
        ),
        (
            &home,
            "sprints",
            "../../x?y",
            &none,
            "https://jira.example/jira/rest/agile/1.0/board/..%2F..%2Fx%3Fy/sprint?startAt=0&maxResults=50",
        ),
    ] {
        assert_eq!(url(jira, stream, scope, cursor), expected);
    }
}

#[test]
fn projects_are_paged_filtered_and_stored_as_they_came() {
    let cloud = cloud();
    let body = r#"{"values":[{"key":"PAY", "x":1.50},{"key":"OLD"}],"isLast":false,"total":3,
        "nextPage":"https://evil.example/"}"#;
    let cursor = json!({});
    let first = page(
        &cloud,
        &place("projects", "*", &cursor),
        &answer(200, &[], body),
    );
    let first = first.expect("a page");
    assert_eq!(texts(&first), [r#"{"key":"PAY", "x":1.50}"#]);
    assert!(first.lists_all && first.total == Some(3));
    let next = first.next.expect("a next page");
    assert_eq!(next, json!({"after": {"start": 2, "total": 3}}));
    assert!(url(&cloud, "projects", "*", &next).starts_with("https://acme.atlassian.net/"));
    let last = json!({"values": [{"key": "OPS"}], "isLast": true, "total": 3});
    assert_eq!(read(&cloud, "projects", "*", &next, &last).next, None);

    let one = json!({"key": "PAY"});
    assert_eq!(
        read(&cloud, "projects", "PAY", &cursor, &one)
            .documents
            .len(),
        1
    );
    // A key of before a project was renamed finds it under its new one.
    assert!(
        read(&cloud, "projects", "PAY", &cursor, &json!({"key": "OLD"}))
            .documents
            .is_empty()
    );
    let all = json!([{"key": "PAY"}, {"key": "OLD"}, {"key": "OPS"}]);
    let all = read(&data_center(), "projects", "*", &cursor, &all);
    assert_eq!((all.documents.len(), all.next), (2, None));
}

#[test]
fn a_list_that_has_changed_meanwhile_is_read_again() {
    let cloud = cloud();
    let cursor = json!({"after": {"start": 50, "total": 70}});
    let body = json!({"values": [{"id": 1}], "isLast": true, "total": 69});
    let again = read(&cloud, "boards", "PAY", &cursor, &body);
    assert_eq!(
        again.next,
        Some(json!({"after": {"start": 0, "total": 69}}))
    );
}

#[test]
fn without_a_word_about_the_end_a_page_that_is_not_full_is_the_last() {
    let home = data_center();
    let cursor = json!({});
    let full: Vec<_> = (0..50)
        .map(|id| json!({"id": id, "originBoardId": 5}))
        .collect();
    let first = read(&home, "sprints", "5", &cursor, &json!({"values": full}));
    let next = first.next.expect("a next page");
    assert_eq!(next["after"]["start"], 50);
    let some = json!({"values": [{"id": 51, "originBoardId": 5}]});
    assert_eq!(read(&home, "sprints", "5", &next, &some).next, None);
    let none = json!({"values": [], "isLast": false});
    assert_eq!(read(&home, "sprints", "5", &next, &none).next, None);
}

#[test]
fn boards_and_sprints_say_what_they_belong_to() {
    let cursor = json!({});
    let body = json!({"values": [{"id": 5}], "isLast": true});
    let board = &read(&cloud(), "boards", "PAY", &cursor, &body).documents[0];
    assert_eq!(board.context, Some(json!({"project": "PAY"})));
    let body = json!({"values": [{"id": 1, "originBoardId": 8}, {"id": 2}], "isLast": true});
    let sprints = read(&cloud(), "sprints", "5", &cursor, &body).documents;
    assert_eq!(sprints[0].context, None);
    assert_eq!(sprints[1].context, Some(json!({"board": "5"})));
}

#[test]
fn without_jira_software_there_are_no_boards_and_kanban_has_no_sprints() {
    let jira = cloud();
    let cursor = json!({});
    let words = r#"{"errorMessages":["The board does not support sprints"]}"#;
    for (stream, status, is_none) in [
        ("boards", 404, true),
        ("boards", 403, true),
        ("boards", 400, false),
        ("boards", 401, false),
        ("sprints", 400, true),
        ("sprints", 404, true),
        ("sprints", 500, false),
        ("projects", 404, false),
        ("fields", 403, false),
    ] {
        let scope = if stream == "projects" { "PAY" } else { "5" };
        let page = page(
            &jira,
            &place(stream, scope, &cursor),
            &answer(status, &[], words),
        );
        assert_eq!(page.is_ok(), is_none, "{stream} {status}");
        // Nothing is taken for gone because of it.
        assert!(page.is_ok_and(|page| !page.lists_all) == is_none);
    }
}

#[test]
fn pages_shrink_when_they_were_too_much_and_grow_again() {
    let jira = cloud();
    let half = jira
        .narrower("boards", &json!({}))
        .expect("a narrower page");
    assert_eq!(half, json!({"width": 25}));
    let body = json!({"values": [{"id": 1}], "isLast": true});
    assert_eq!(
        read(&jira, "boards", "PAY", &half, &body).rest,
        json!({"width": 31})
    );
    assert_eq!(jira.narrower("fields", &json!({})), None);
    let cursor = json!({"after": {"start": 50}});
    assert_eq!(jira.restarted(&cursor), json!({"after": {}}));
}

#[test]
fn what_tells_nothing_takes_nothing_away() {
    let refused = |jira: &Jira, stream: &str, scope: &str, body: &Value| match page(
        jira,
        &place(stream, scope, &json!({})),
        &ok(body),
    ) {
        Ok(page) => panic!("{} documents of {stream} from {body}", page.documents.len()),
        Err(error) => error.to_string(),
    };
    for jira in [cloud(), data_center()] {
        for stream in ["fields", "statuses"] {
            let told = refused(&jira, stream, "*", &json!([]));
            assert!(told.contains("lists none"), "{told}");
        }
        let told = refused(
            &jira,
            "projects",
            "PAY",
            &json!({"errorMessages": ["Busy."]}),
        );
        assert!(told.contains("key"), "{told}");
    }
}
