//! From an HTTP answer to what is in it, or to the error that says what was wrong.
//!
//! An answer that came to nobody in particular is never used: to credentials that it does not
//! believe, Jira answers as to a stranger, with what little a stranger may see.

use std::collections::BTreeMap;

use chrono::Utc;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;

use crate::http::Response;
use crate::sources::{SourceError, limits};

/// A request, for the error messages.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The host.
    pub host: &'a str,
    /// The path that was asked.
    pub endpoint: &'a str,
    /// What it was about.
    pub what: &'a str,
}

/// Jira's words for what was wrong, in their several shapes.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Complaint {
    error_messages: Vec<String>,
    errors: BTreeMap<String, String>,
    message: Option<String>,
}

impl Asked<'_> {
    /// What a successful answer holds.
    pub fn read<'a, T: Deserialize<'a>>(&self, answer: &'a Response) -> Result<T, SourceError> {
        if answer.status != 200 || is_login_refused(answer) {
            return Err(self.refusal(answer));
        }
        serde_json::from_slice(&answer.body).map_err(|error| self.unreadable(answer, &error))
    }

    /// The error about a successful answer that cannot be read.
    fn unreadable(&self, answer: &Response, error: &serde_json::Error) -> SourceError {
        let reason = match is_page(answer) {
            true => format!(
                "a page for people came from {}, such as that of a login or a proxy; {}",
                self.endpoint,
                begin(answer)
            ),
            false => format!("{}: {error}; {}", self.endpoint, begin(answer)),
        };
        SourceError::Unreadable {
            host: self.host.to_owned(),
            reason,
        }
    }

    /// An error about something that is missing in an answer.
    pub fn lacking(&self, reason: impl Into<String>) -> SourceError {
        SourceError::Unreadable {
            host: self.host.to_owned(),
            reason: reason.into(),
        }
    }

    /// The error in an answer that is none of the successes.
    pub fn refusal(&self, answer: &Response) -> SourceError {
        let message = words(answer);
        let host = self.host.to_owned();
        let status = answer.status;
        if is_login_refused(answer) {
            return SourceError::Unauthorized {
                host,
                status,
                message: format!(
                    "X-Seraph-LoginReason is {}: {message}",
                    login_reason(answer)
                ),
            };
        }
        match status {
            429 => SourceError::RateLimited {
                host,
                status,
                message: match header(answer, "ratelimit-reason") {
                    Some(reason) => format!("RateLimit-Reason is {reason}: {message}"),
                    None => message,
                },
                resets_at: limits::retry_after(&answer.headers, Utc::now())
                    .or_else(|| limits::reset(&answer.headers)),
            },
            // A token may be good for issues and not for boards.
            401 if !message.contains("scope does not match") => SourceError::Unauthorized {
                host,
                status,
                message,
            },
            401 | 403 | 404 => SourceError::NotFound {
                host,
                what: self.what.to_owned(),
                message,
            },
            410 => SourceError::Gone {
                host,
                endpoint: self.endpoint.to_owned(),
                message,
                advice: "Jira Cloud has removed the search of Jira Data Center; set the option deployment to cloud, or leave it out to have it found out",
            },
            // The HTTP client follows no redirects: they lead to logins.
            300..=399 => SourceError::Unreadable {
                host,
                reason: format!(
                    "HTTP {status} from {} leads elsewhere, as to a login; check the option base_url",
                    self.endpoint
                ),
            },
            _ => SourceError::Status {
                host,
                status,
                message,
            },
        }
    }

    /// Whether an answer says that it does not know the token of the next page any more.
    pub fn lost(&self, answer: &Response) -> Option<SourceError> {
        let reason = words(answer);
        (answer.status == 400 && reason.to_lowercase().contains("token")).then(|| {
            SourceError::CursorLost {
                host: self.host.to_owned(),
                reason,
            }
        })
    }
}

/// What Jira says in words, or what the answer begins with.
pub fn words(answer: &Response) -> String {
    let complaint: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
    let errors = complaint
        .errors
        .into_iter()
        .map(|(field, error)| format!("{field}: {error}"));
    let words: Vec<_> = complaint
        .error_messages
        .into_iter()
        .chain(errors)
        .chain(complaint.message)
        .collect();
    match words.is_empty() {
        true => begin(answer),
        false => words.join("; "),
    }
}

fn begin(answer: &Response) -> String {
    let begin: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(80)
        .collect();
    let kind = header(answer, CONTENT_TYPE.as_str()).unwrap_or("no content type");
    format!("it is {kind} and begins with {begin:?}")
}

fn is_page(answer: &Response) -> bool {
    let kind = header(answer, CONTENT_TYPE.as_str()).unwrap_or_default();
    kind.contains("html") || answer.body.trim_ascii_start().starts_with(b"<")
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers.get(name)?.to_str().ok()
}

fn login_reason(answer: &Response) -> &str {
    header(answer, "x-seraph-loginreason").unwrap_or_default()
}

/// Whether Jira did not believe the credentials, whatever it answered; after several attempts it
/// wants a person to solve a riddle.
fn is_login_refused(answer: &Response) -> bool {
    let reason = login_reason(answer);
    reason.contains("AUTHENTICATED_FAILED") || reason.contains("AUTHENTICATION_DENIED")
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
