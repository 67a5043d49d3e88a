//! Searches on Cloud.

use crate::{SEARCH, call, chain, encoded, get, message, post, start, truth};
use serde_json::{Value, json};

#[test]
fn a_search_to_the_end_finds_the_truth() {
    let server = start(|_, _| {});
    let truth = truth(&server);
    let jql = "project in (PAY, WEB, \"OPS\") ORDER BY updated ASC, key DESC";
    let fields = ["updated", "summary", "status", "project"];
    let body = json!({"jql": jql, "fields": fields, "maxResults": 500});
    let all = chain(&server, SEARCH, "issues", body, || {});
    let expected = truth["issues"].as_object().unwrap();
    assert!(expected.len() > 800);
    assert_eq!(all.len(), expected.len());
    let mut last = None;
    for issue in &all {
        let known = &expected[issue["id"].as_str().unwrap()];
        assert_eq!(issue["key"], known["key"]);
        let updated = issue["fields"]["updated"].as_str().unwrap();
        let updated = chrono::DateTime::parse_from_str(updated, "%Y-%m-%dT%H:%M:%S%.3f%z").unwrap();
        assert_eq!(
            updated,
            known["updated"]
                .as_str()
                .unwrap()
                .parse::<chrono::DateTime<chrono::Utc>>()
                .unwrap()
        );
        assert_eq!(issue["fields"]["status"]["id"], known["status"]);
        assert_eq!(issue["fields"].as_object().unwrap().len(), fields.len());
        assert!(last <= Some(updated), "in order");
        last = Some(updated);
    }
    // Ids only come without anything else, and in far larger pages.
    let body = json!({"jql": "project = PAY", "maxResults": 5_000});
    let page = post(&server, SEARCH, &body).json();
    let count = truth["projects"]["PAY"]["issues"].as_u64().unwrap();
    assert_eq!(page["issues"].as_array().unwrap().len() as u64, count);
    assert_eq!(page["isLast"], true);
    assert_eq!(page["issues"][0].as_object().unwrap().len(), 1);
    let counted = post(
        &server,
        "/rest/api/3/search/approximate-count",
        &json!({"jql": "project = PAY"}),
    );
    assert_eq!(counted.json(), json!({"count": count}));
    let path = format!(
        "{SEARCH}?jql={}&fields=key&maxResults=3",
        encoded("project = PAY")
    );
    let page = get(&server, &path).json();
    assert_eq!(page["issues"].as_array().unwrap().len(), 3);
    assert!(
        page["issues"][0]["key"]
            .as_str()
            .unwrap()
            .starts_with("PAY-")
    );
    assert_eq!(page["issues"][0].get("fields"), None);
}

#[test]
fn queries_are_understood() {
    let server = start(|_, _| {});
    let count = |jql: &str| -> usize {
        let reply = post(
            &server,
            "/rest/api/3/search/approximate-count",
            &json!({"jql": jql}),
        );
        assert_eq!(
            reply.status,
            200,
            "{jql}: {}",
            String::from_utf8_lossy(&reply.body)
        );
        reply.json()["count"].as_u64().unwrap() as usize
    };
    let truth = truth(&server);
    let known = truth["issues"].as_object().unwrap();
    let (id, issue) = known.iter().next().unwrap();
    let (key, updated) = (
        issue["key"].as_str().unwrap(),
        issue["updated"].as_str().unwrap(),
    );
    assert_eq!(count(&format!("key = {key}")), 1);
    assert_eq!(
        count(&format!("id in ({id}, 99999)")),
        1,
        "what is gone is passed over"
    );
    assert_eq!(
        count(&format!("project = PAY AND key >= PAY-1 AND NOT id = {id}")),
        count(&format!("project = 10000 and issuekey != {id}"))
    );
    // Local time of the API user, cut to the minute.
    let at: chrono::DateTime<chrono::Utc> = updated.parse().unwrap();
    let local = at + chrono::Duration::hours(2);
    let minute = |t: chrono::DateTime<chrono::Utc>| t.format("%Y/%m/%d %H:%M").to_string();
    let from = |t| count(&format!("id = {id} AND updated >= \"{}\"", minute(t)));
    assert_eq!(from(local), 1);
    assert_eq!(from(local + chrono::Duration::minutes(1)), 0);
    let newer = known
        .values()
        .filter(|i| i["updated"].as_str().unwrap() >= "2026-06-28T15:00:00.000Z");
    assert_eq!(count("updated >= -2d"), newer.count());
    assert_eq!(
        count("project = PAY AND (resolution is EMPTY OR statusCategory = Done)"),
        count("project = PAY")
    );
    for (jql, part) in [
        (
            "project = NOPE",
            "The value 'NOPE' does not exist for the field 'project'.",
        ),
        ("project = PAY ORDER BY", "Error in the JQL Query"),
        ("updated >= \"2026-06-01T00:00:00Z\"", "Date value"),
        ("colour = red", "Field 'colour' does not exist"),
        (
            "ORDER BY updated",
            "Unbounded JQL queries are not allowed here",
        ),
        ("", "Unbounded JQL"),
        (
            "project = PAY ORDER BY key, id, created, updated, status, priority, type, assignee",
            "maximum of 7",
        ),
    ] {
        let reply = post(&server, SEARCH, &json!({"jql": jql}));
        assert_eq!(reply.status, 400, "{jql}");
        assert!(message(&reply).contains(part), "{jql}: {}", message(&reply));
    }
    let unknown = post(
        &server,
        SEARCH,
        &json!({"jql": "project = PAY", "startAt": 0}),
    );
    assert!(message(&unknown).starts_with("Invalid request payload"));
}

#[test]
fn what_atlassian_took_away_is_gone() {
    let server = start(|_, _| {});
    for (method, path) in [
        ("GET", "/rest/api/3/search?jql=project%3DPAY"),
        ("GET", "/rest/api/2/search?jql=project%3DPAY"),
        ("POST", "/rest/api/3/search"),
        ("POST", "/rest/api/2/search"),
    ] {
        let reply = call(&server, method, path, "{}");
        assert_eq!(reply.status, 410, "{path}");
        assert!(message(&reply).contains("/rest/api/3/search/jql"));
    }
}

#[test]
fn tokens_are_for_one_search_and_expire() {
    let server = start(|c, _| c.hold_back_hours = 400.0);
    let body = json!({"jql": "project = PAY", "maxResults": 10});
    let next = |body: &Value, token: &Value| {
        let mut body = body.clone();
        body["nextPageToken"] = token.clone();
        post(&server, SEARCH, &body)
    };
    let token = post(&server, SEARCH, &body).json()["nextPageToken"].clone();
    assert_eq!(next(&body, &token).status, 200);
    assert_eq!(next(&json!({"jql": "project = WEB"}), &token).status, 400);
    assert_eq!(next(&body, &json!("nonsense")).status, 400);
    server.advance(160.0);
    assert_eq!(next(&body, &token).status, 200);
    server.advance(10.0);
    assert_eq!(next(&body, &token).status, 400, "older than a week");
    let token = post(&server, SEARCH, &body).json()["nextPageToken"].clone();
    server.jira().unwrap().expire_tokens();
    let reply = next(&body, &token);
    assert_eq!(reply.status, 400);
    assert!(message(&reply).contains("token"));
}

#[test]
fn the_search_may_lag_behind() {
    let server = start(|_, s| s.index_lag_seconds = 600);
    let jira = server.jira().unwrap();
    let id = jira.create(server.now(), "PAY", "New").unwrap();
    let jql = format!("id = {id}");
    let found = |body: Value| {
        post(&server, SEARCH, &body).json()["issues"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(found(json!({"jql": jql})), 0);
    assert_eq!(found(json!({"jql": jql, "reconcileIssues": [id]})), 1);
    assert_eq!(get(&server, &format!("/rest/api/3/issue/{id}")).status, 200);
}
