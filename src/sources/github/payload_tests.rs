//! Which payloads hold a document, and of which stream.

use serde_json::{Value, json};

use super::*;
use crate::jsonb::encode;
use crate::sources::SourceError;
use crate::sources::github::identity;

/// The stream of what a payload holds, its number, and whether it is gone.
fn found(value: &Value) -> Option<(&'static str, Option<i64>, bool)> {
    let bytes = encode(value);
    let document = Json::root(&bytes)
        .and_then(Json::object)
        .expect("an object");
    match payload(document)? {
        Payload::Object {
            stream,
            document,
            is_deleted,
            ..
        } => Some((stream, document.integer("id"), is_deleted)),
        Payload::Other => Some(("", None, false)),
    }
}

#[test]
fn the_object_that_is_meant_is_found_among_those_it_hangs_on() {
    let other = json!({"id": 5});
    for (payload, stream) in [
        (
            json!({"pull_request": {"id": 1}, "label": other}),
            "pull_requests",
        ),
        (
            json!({"review": {"id": 1}, "pull_request": {"id": 2}}),
            "reviews",
        ),
        (
            json!({"comment": {"id": 1}, "pull_request": {"id": 2}}),
            "review_comments",
        ),
        (
            json!({"comment": {"id": 1}, "issue": {"id": 2}}),
            "issue_comments",
        ),
        (json!({"issue": {"id": 1}, "assignee": {"id": 2}}), "issues"),
        (
            json!({"deployment_status": {"id": 1}, "deployment": {"id": 2}, "workflow_run": {"id": 3}}),
            "deployment_statuses",
        ),
        (
            json!({"deployment": {"id": 1}, "workflow_run": {"id": 3}, "workflow": {"id": 4}}),
            "deployments",
        ),
        (
            json!({"workflow_job": {"id": 1}, "deployment": {"id": 2}}),
            "workflow_jobs",
        ),
        (
            json!({"workflow_run": {"id": 1}, "workflow": {"id": 4}}),
            "workflow_runs",
        ),
        (json!({"release": {"id": 1}}), "releases"),
        (json!({}), "repositories"),
    ] {
        let mut payload = payload;
        payload["action"] = json!("edited");
        payload["sender"] = json!({"login": "a"});
        payload["repository"] = match stream {
            "repositories" => json!({"id": 1}),
            _ => json!({"id": 9}),
        };
        assert_eq!(found(&payload), Some((stream, Some(1), false)), "{stream}");
        payload["action"] = json!("deleted");
        assert_eq!(found(&payload), Some((stream, Some(1), true)), "{stream}");
    }
}

#[test]
fn other_news_is_no_document() {
    for payload in [
        json!({"ref": "refs/heads/main", "commits": [], "repository": {"id": 9}, "sender": {}}),
        json!({"action": "created", "milestone": {"id": 1}, "repository": {"id": 9}, "sender": {}}),
        // A star that was taken back must not take the repository away.
        json!({"action": "deleted", "starred_at": null, "repository": {"id": 9}, "sender": {}}),
        json!({"action": "created", "comment": {"id": 1}, "repository": {"id": 9}, "sender": {}}),
        json!({"id": 3, "sha": "a", "state": "success", "repository": {"id": 9}, "sender": {}}),
    ] {
        assert_eq!(found(&payload), Some(("", None, false)), "{payload}");
    }
    assert_eq!(found(&json!({"id": 1, "repository": {"id": 9}})), None);
}

#[test]
fn a_transferred_issue_is_gone_and_a_transferred_repository_is_not() {
    let issue = json!({"action": "transferred", "issue": {"id": 1}, "sender": {}});
    assert_eq!(found(&issue), Some(("issues", Some(1), true)));
    let repository = json!({"action": "transferred", "repository": {"id": 1}, "sender": {}});
    assert_eq!(found(&repository), Some(("repositories", Some(1), false)));
}

#[test]
fn a_payload_is_identified_like_its_document_and_only_in_its_own_stream() {
    let review = json!({
        "id": 80, "state": "approved", "submitted_at": "2026-06-01T15:00:00Z",
        "pull_request_url": "https://api.github.com/repos/acme/api/pulls/17",
    });
    let payload = json!({
        "action": "submitted", "review": review, "pull_request": {"number": 17},
        "repository": {"full_name": "acme/api"}, "sender": {"login": "bob"},
    });
    let push = json!({"ref": "refs/heads/main", "repository": {}, "sender": {}});
    let identify = |stream: &str, value: &Value| {
        let (bytes, context) = (encode(value), encode(&json!({})));
        let object = |bytes| Json::root(bytes).and_then(Json::object).expect("an object");
        identity::identify(stream, object(&bytes), object(&context))
    };
    let plain = identify("reviews", &review).expect("an identity");
    assert_eq!(plain.key, "acme/api#80");
    assert_eq!(identify("reviews", &payload).expect("an identity"), plain);
    let refused = identify("pull_requests", &payload).expect_err("a refusal");
    assert!(
        matches!(
            refused,
            SourceError::OtherStream {
                belongs: "reviews",
                ..
            }
        ),
        "{refused}"
    );
    let refused = identify("commits", &push).expect_err("a refusal");
    assert!(
        matches!(refused, SourceError::NoDocument { .. }),
        "{refused}"
    );
}
