use serde_json::Value;

use super::*;
use crate::sources::jira::tests::answer;

const ASKED: Asked<'_> = Asked {
    host: "jira.example",
    endpoint: "rest/api/2/search",
    what: "PAY",
};

fn error(status: u16, headers: &[(&'static str, &str)], body: &str) -> SourceError {
    match ASKED.read::<Value>(&answer(status, headers, body)) {
        Ok(_) => panic!("no error from {status} {body}"),
        Err(error) => error,
    }
}

#[test]
fn tells_refusals_apart() {
    let bad = r#"{"errorMessages":["No."],"errors":{"jql":"Worse."}}"#;
    assert!(matches!(
        error(401, &[], bad),
        SourceError::Unauthorized { .. }
    ));
    for status in [403, 404] {
        let error = error(status, &[], bad);
        assert!(matches!(error, SourceError::NotFound { .. }));
        assert!(error.to_string().contains("PAY"), "{error}");
    }
    let scope = r#"{"code":401,"message":"Unauthorized; scope does not match"}"#;
    assert!(matches!(
        error(401, &[], scope),
        SourceError::NotFound { .. }
    ));
    let refused = error(400, &[], bad);
    assert!(
        refused.to_string().ends_with("HTTP 400: No.; jql: Worse."),
        "{refused}"
    );
    assert!(matches!(
        error(503, &[], "<html>"),
        SourceError::Status { .. }
    ));
}

#[test]
fn what_is_gone_says_what_to_do() {
    let message = r#"{"errorMessages":["The requested API has been removed."]}"#;
    let error = error(410, &[], message);
    assert!(matches!(error, SourceError::Gone { .. }));
    let text = error.to_string();
    for part in [
        "rest/api/2/search",
        "has been removed",
        "deployment to cloud",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_rate_limit_says_which_and_until_when() {
    let until = |headers| match error(429, headers, "") {
        SourceError::RateLimited {
            message, resets_at, ..
        } => (message, resets_at),
        other => panic!("{other}"),
    };
    let (message, resets_at) = until(&[
        ("ratelimit-reason", "jira-burst-based"),
        ("x-ratelimit-reset", "2027-01-15T08:00Z"),
    ]);
    assert!(message.contains("jira-burst-based"), "{message}");
    assert_eq!(
        resets_at.map(|at| at.to_rfc3339()).as_deref(),
        Some("2027-01-15T08:00:00+00:00")
    );
    let (_, in_a_minute) = until(&[("retry-after", "60")]);
    assert!(in_a_minute.is_some_and(|at| at > Utc::now()));
    let (_, at) = until(&[("retry-after", "Fri, 15 Jan 2027 08:00:00 GMT")]);
    assert_eq!(at, resets_at);
    assert_eq!(until(&[]).1, None);
}

#[test]
fn an_answer_to_a_stranger_is_none() {
    for reason in ["AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"] {
        for status in [200, 403] {
            let error = error(
                status,
                &[("x-seraph-loginreason", reason)],
                r#"{"issues":[]}"#,
            );
            assert!(matches!(error, SourceError::Unauthorized { .. }));
            assert!(error.to_string().contains(reason));
        }
    }
    let fine = answer(200, &[("x-seraph-loginreason", "OK")], "{}");
    assert!(ASKED.read::<Value>(&fine).is_ok());
}

#[test]
fn pages_for_people_are_called_so() {
    let html = "<!DOCTYPE html><title>Log in</title>";
    let page = error(200, &[("content-type", "text/html;charset=UTF-8")], html);
    assert!(matches!(page, SourceError::Unreadable { .. }));
    let text = page.to_string();
    assert!(text.contains("login") && text.contains("text/html") && text.contains("DOCTYPE"));
    assert!(matches!(
        error(302, &[], ""),
        SourceError::Unreadable { .. }
    ));
    assert!(matches!(
        error(200, &[], "{"),
        SourceError::Unreadable { .. }
    ));
}

#[test]
fn a_token_that_is_not_known_any_more_is_told_from_other_mistakes() {
    let lost = |status, words: &str| {
        let body = format!(r#"{{"errorMessages":["{words}"]}}"#);
        ASKED.lost(&answer(status, &[], &body))
    };
    assert!(matches!(
        lost(400, "The nextPageToken is invalid or has expired."),
        Some(SourceError::CursorLost { .. })
    ));
    assert!(
        lost(
            400,
            "The value 'PAY' does not exist for the field 'project'."
        )
        .is_none()
    );
    assert!(lost(401, "The token has expired.").is_none());
}
