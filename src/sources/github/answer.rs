//! From an HTTP answer to GraphQL data, or to the error that says what was wrong.
//!
//! An answer with errors is never used in part: a page that looks short because a limit struck
//! would otherwise pass for the truth.

use std::collections::HashMap;

use chrono::Utc;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::Response;
use crate::sources::SourceError;
use crate::sources::limits::{self, Budget};

/// GraphQL data, not yet parsed.
pub struct Answer<'a> {
    host: &'a str,
    what: &'a str,
    data: &'a RawValue,
    /// What is left of the rate limit.
    pub budget: Option<Budget>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    errors: Vec<GraphqlError>,
}

#[derive(Deserialize)]
struct GraphqlError {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    path: Vec<Value>,
}

impl GraphqlError {
    /// Whether it says no more than that one of the things asked for is not there.
    fn is_absence(&self) -> bool {
        self.kind.as_deref() == Some("NOT_FOUND") && self.path.len() == 1
    }
}

/// One page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection<'a> {
    /// How many there are in all.
    pub total_count: Option<i64>,
    /// Where the next page starts.
    pub page_info: PageInfo,
    /// The elements; GitHub sends null for one it could not compute.
    #[serde(borrow)]
    pub nodes: Vec<Option<&'a RawValue>>,
}

/// GraphQL's paging.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// Whether there is more.
    pub has_next_page: bool,
    /// Where it starts.
    pub end_cursor: Option<String>,
}

impl<'a> Answer<'a> {
    /// Reads an answer; `what` names what was asked for, for the error messages.
    pub fn read(host: &'a str, what: &'a str, answer: &'a Response) -> Result<Self, SourceError> {
        Self::read_unless(host, what, answer, |_| false)
    }

    /// Reads an answer about several things, some of which may be gone: those are null.
    pub fn read_batch(
        host: &'a str,
        what: &'a str,
        answer: &'a Response,
    ) -> Result<Self, SourceError> {
        Self::read_unless(host, what, answer, GraphqlError::is_absence)
    }

    fn read_unless(
        host: &'a str,
        what: &'a str,
        answer: &'a Response,
        is_harmless: fn(&GraphqlError) -> bool,
    ) -> Result<Self, SourceError> {
        if answer.status != 200 {
            return Err(refusal(host, what, answer));
        }
        let unreadable = |reason: String| SourceError::Unreadable {
            host: host.to_owned(),
            reason,
        };
        let envelope: Envelope<'_> = serde_json::from_slice(&answer.body)
            .map_err(|error| unreadable(format!("{error}; it begins with {:?}", begin(answer))))?;
        if let Some(error) = envelope.errors.iter().find(|error| !is_harmless(error)) {
            return Err(graphql_error(host, what, answer, error));
        }
        let data = envelope
            .data
            .ok_or_else(|| unreadable("it holds neither data nor errors".to_owned()))?;
        Ok(Self {
            host,
            what,
            data,
            budget: limits::budget(&answer.headers),
        })
    }

    /// The value at a path below `data`; `None` where the path ends in null.
    pub fn at(&self, path: &[&str]) -> Result<Option<&'a RawValue>, SourceError> {
        let mut value = self.data;
        for (depth, key) in path.iter().enumerate() {
            if value.get() == "null" {
                return Ok(None);
            }
            let fields: HashMap<&str, &RawValue> = serde_json::from_str(value.get())
                .map_err(|error| self.unreadable(&path[..depth], &error.to_string()))?;
            value = fields
                .get(key)
                .ok_or_else(|| self.unreadable(&path[..=depth], "it is missing"))?;
        }
        Ok((value.get() != "null").then_some(value))
    }

    /// The list at a path below `data`.
    pub fn connection(&self, path: &[&str]) -> Result<Connection<'a>, SourceError> {
        let value = self.at(path)?.ok_or_else(|| SourceError::NotFound {
            host: self.host.to_owned(),
            what: self.what.to_owned(),
            message: "the answer is null".to_owned(),
        })?;
        let connection: Connection<'_> = serde_json::from_str(value.get())
            .map_err(|error| self.unreadable(path, &error.to_string()))?;
        if connection.nodes.iter().any(Option::is_none) {
            return Err(SourceError::TooHeavy {
                host: self.host.to_owned(),
                reason: format!("some nodes of data.{} are null", path.join(".")),
            });
        }
        Ok(connection)
    }

    /// An error about the value at a path.
    pub fn unreadable(&self, path: &[&str], reason: &str) -> SourceError {
        SourceError::Unreadable {
            host: self.host.to_owned(),
            reason: format!("data.{}: {reason}", path.join(".")),
        }
    }
}

fn begin(answer: &Response) -> String {
    String::from_utf8_lossy(&answer.body)
        .chars()
        .take(80)
        .collect()
}

fn graphql_error(host: &str, what: &str, answer: &Response, error: &GraphqlError) -> SourceError {
    let host = host.to_owned();
    let message = error.message.clone();
    match error.kind.as_deref() {
        Some("INSUFFICIENT_SCOPES") => SourceError::Unauthorized {
            host,
            status: answer.status,
            message,
        },
        Some("NOT_FOUND" | "FORBIDDEN") => SourceError::NotFound {
            host,
            what: what.to_owned(),
            message,
        },
        Some("RATE_LIMITED") => SourceError::RateLimited {
            host,
            status: answer.status,
            message,
            resets_at: limits::budget(&answer.headers).map(|budget| budget.resets_at),
        },
        Some("RESOURCE_LIMITS_EXCEEDED" | "MAX_NODE_LIMIT_EXCEEDED") => SourceError::TooHeavy {
            host,
            reason: message,
        },
        Some("INVALID_CURSOR_ARGUMENTS") => SourceError::CursorLost {
            host,
            reason: message,
        },
        // GitHub's own words for a query that ran into its time limit, which has no type.
        None if message.starts_with("Something went wrong while executing your query") => {
            SourceError::TooHeavy {
                host,
                reason: message,
            }
        }
        kind => SourceError::Unreadable {
            host,
            reason: format!(
                "GraphQL error {}: {message}",
                kind.unwrap_or("without type")
            ),
        },
    }
}

/// The error in an answer that is none of the successes.
pub fn refusal(host: &str, what: &str, answer: &Response) -> SourceError {
    #[derive(Deserialize)]
    struct Body {
        message: String,
    }
    let message = serde_json::from_slice::<Body>(&answer.body)
        .map_or_else(|_| begin(answer), |body| body.message);
    let host = host.to_owned();
    let status = answer.status;
    if is_rate_limit(answer, &message) {
        return SourceError::RateLimited {
            host,
            status,
            message,
            resets_at: limits::retry_after(&answer.headers, Utc::now()).or_else(|| {
                limits::budget(&answer.headers)
                    .filter(|budget| budget.remaining == 0)
                    .map(|budget| budget.resets_at)
            }),
        };
    }
    match status {
        401 => SourceError::Unauthorized {
            host,
            status,
            message,
        },
        // A token may be good for one repository and not for another.
        403 | 404 => SourceError::NotFound {
            host,
            what: what.to_owned(),
            message,
        },
        _ => SourceError::Status {
            host,
            status,
            message,
        },
    }
}

/// GitHub says so by status 429, by a wait to keep, by an empty budget, or only in words.
fn is_rate_limit(answer: &Response, message: &str) -> bool {
    let refused = answer.status == 403 || answer.status == 429;
    refused
        && (answer.status == 429
            || answer.headers.contains_key("retry-after")
            || limits::is_exhausted(&answer.headers)
            || message.to_ascii_lowercase().contains("rate limit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Response {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let name = name.parse().expect("a header name");
                (name, value.parse().expect("a header value"))
            })
            .collect();
        Response {
            status,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn error(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> SourceError {
        let response = response(status, headers, body);
        match Answer::read("api.example", "acme/api", &response) {
            Ok(_) => panic!("no error from {status} {body}"),
            Err(error) => error,
        }
    }

    #[test]
    fn tells_refusals_apart() {
        let bad = r#"{"message":"Bad credentials"}"#;
        assert!(matches!(
            error(401, &[], bad),
            SourceError::Unauthorized { .. }
        ));
        assert!(matches!(error(403, &[], bad), SourceError::NotFound { .. }));
        assert!(matches!(error(404, &[], bad), SourceError::NotFound { .. }));
        assert!(matches!(
            error(502, &[], "<html>"),
            SourceError::Status { .. }
        ));
        for headers in [
            &[("retry-after", "60")][..],
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-limit", "5000"),
            ],
        ] {
            assert!(matches!(
                error(403, headers, bad),
                SourceError::RateLimited { .. }
            ));
        }
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert!(matches!(
            error(403, &[], secondary),
            SourceError::RateLimited { .. }
        ));
        // An Enterprise Server without limits.
        let unlimited = [("x-ratelimit-remaining", "0"), ("x-ratelimit-limit", "0")];
        assert!(matches!(
            error(403, &unlimited, bad),
            SourceError::NotFound { .. }
        ));
    }

    #[test]
    fn graphql_errors_are_errors_whatever_data_comes_with_them() {
        let missing =
            r#"{"data":{"repository":null},"errors":[{"type":"NOT_FOUND","message":"no"}]}"#;
        assert!(matches!(
            error(200, &[], missing),
            SourceError::NotFound { .. }
        ));
        let limited = r#"{"errors":[{"type":"RATE_LIMITED","message":"no"}]}"#;
        assert!(matches!(
            error(200, &[], limited),
            SourceError::RateLimited { .. }
        ));
        let partial = r#"{"data":{"repository":{"x":1}},"errors":[{"message":"timeout"}]}"#;
        assert!(matches!(
            error(200, &[], partial),
            SourceError::Unreadable { .. }
        ));
        assert!(matches!(
            error(200, &[], "<html>"),
            SourceError::Unreadable { .. }
        ));
    }

    #[test]
    fn null_nodes_are_refused() {
        let body = r#"{"data":{"l":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[{},null]}}}"#;
        let response = response(200, &[], body);
        let answer = Answer::read("h", "w", &response).expect("data");
        assert!(answer.connection(&["l"]).is_err());
        assert!(answer.connection(&["absent"]).is_err());
    }
}
