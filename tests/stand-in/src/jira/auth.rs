//! Who is asking.

use super::Jira;
use super::settings::Flavour;
use crate::http::Answer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderMap;
use serde_json::json;

/// What is said to somebody who may not ask; none if they may.
pub fn refuse(jira: &Jira, headers: &HeaderMap) -> Option<Answer> {
    let settings = &jira.settings;
    let value = headers.get("authorization").and_then(|v| v.to_str().ok());
    let given = value.and_then(|v| v.split_once(' '));
    let basic = STANDARD.encode(format!("{}:{}", settings.email, settings.token));
    let is = |scheme: &str, secret: &str| {
        given.is_some_and(|(s, v)| s.eq_ignore_ascii_case(scheme) && v.trim() == secret)
    };
    let bearer = settings.flavour == Flavour::DataCenter && is("bearer", &settings.token);
    if is("basic", &basic) || bearer {
        return None;
    }
    let failed = value.is_some();
    let answer = match (settings.flavour, failed) {
        (Flavour::Cloud, true) => {
            Answer::text(401, "Client must be authenticated to access this resource.")
        }
        (Flavour::Cloud, false) => Answer::json(
            401,
            &json!({
                "message": "Client must be authenticated to access this resource.",
                "status-code": 401,
            }),
        ),
        (Flavour::DataCenter, true) => Answer::text(
            401,
            "<html><head><title>Unauthorized (401)</title></head><body><h1>Unauthorized (401)</h1><p>Encountered a <code>\"401 - Unauthorized\"</code> error while loading this page.</p></body></html>",
        ),
        (Flavour::DataCenter, false) => Answer::json(
            401,
            &json!({
                "errorMessages": ["You are not authenticated. Authentication required to perform this operation."],
                "errors": {},
            }),
        ),
    };
    let answer = answer.with("www-authenticate", "OAuth realm=\"stand-in\"");
    Some(if failed {
        answer.with("x-seraph-loginreason", "AUTHENTICATED_FAILED")
    } else {
        answer
    })
}
