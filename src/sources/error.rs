//! What can go wrong with an API, and what may help.

use chrono::{DateTime, Utc};

/// Why an answer or a document could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such stream.
    #[error("source kind {kind} has no stream {stream:?}; it has: {known}")]
    UnknownStream {
        /// The kind of source.
        kind: &'static str,
        /// What was asked for.
        stream: String,
        /// What there is.
        known: String,
    },
    /// The credentials were refused.
    #[error("{host} refused the credentials (HTTP {status}): {message}")]
    Unauthorized {
        /// The host.
        host: String,
        /// HTTP status.
        status: u16,
        /// The API's words.
        message: String,
    },
    /// The API has no such object, or the credentials may not see it.
    #[error("{host} does not know {what}, or the credentials may not see it: {message}")]
    NotFound {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// The API's words.
        message: String,
    },
    /// A rate limit struck.
    #[error(
        "{host} limits the rate of requests (HTTP {status}){}: {message}",
        until(resets_at)
    )]
    RateLimited {
        /// The host.
        host: String,
        /// HTTP status.
        status: u16,
        /// The API's words.
        message: String,
        /// When to try again, if it said so.
        resets_at: Option<DateTime<Utc>>,
    },
    /// The API no longer has what was asked.
    #[error("{host} no longer has {endpoint} (HTTP 410): {message}; {advice}")]
    Gone {
        /// The host.
        host: String,
        /// What was asked.
        endpoint: String,
        /// The API's words.
        message: String,
        /// What to do.
        advice: &'static str,
    },
    /// Any other status than success.
    #[error("{host} answered HTTP {status}: {message}")]
    Status {
        /// The host.
        host: String,
        /// HTTP status.
        status: u16,
        /// The API's words.
        message: String,
    },
    /// The API gave up on a page because it was too much.
    #[error("{host} could not compute the page: {reason}")]
    TooHeavy {
        /// The host.
        host: String,
        /// The API's words.
        reason: String,
    },
    /// The API no longer knows where the pass stood.
    #[error("{host} does not know the cursor any more: {reason}")]
    CursorLost {
        /// The host.
        host: String,
        /// The API's words.
        reason: String,
    },
    /// The answer is not what the API promises.
    #[error("{host} sent an answer that cannot be read: {reason}")]
    Unreadable {
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The next page would be somewhere else.
    #[error(
        "{host} says that the next page lies at {origin}; a request with its credentials goes to the source's own address only: check the option base_url"
    )]
    ForeignLink {
        /// The host.
        host: String,
        /// Where it lies.
        origin: String,
    },
    /// A document lacks its natural key.
    #[error(
        "a document of stream {stream} carries no {missing}; give it as context, for example {example}"
    )]
    NoKey {
        /// The stream.
        stream: String,
        /// What is missing.
        missing: &'static str,
        /// A context that would help.
        example: &'static str,
    },
    /// A record that is sent in lacks its key.
    #[error("{record} carries no {missing}; a record looks like {example}")]
    NoRecordKey {
        /// What it tells of.
        record: &'static str,
        /// What is missing.
        missing: &'static str,
        /// What would be right.
        example: &'static str,
    },
    /// What a webhook sent is about an object of another stream.
    #[error(
        "this is what a webhook sent about a {key}: it belongs to the stream {belongs}, not {stream}"
    )]
    OtherStream {
        /// The stream that was named.
        stream: String,
        /// The key of the object.
        key: &'static str,
        /// The stream of the object.
        belongs: &'static str,
    },
    /// What a webhook sent is about something that no stream has.
    #[error(
        "this is what a webhook sent, and it holds no document of the stream {stream} or any other; leave out events such as push, create, status and milestone"
    )]
    NoDocument {
        /// The stream that was named.
        stream: String,
    },
}

fn until(resets_at: &Option<DateTime<Utc>>) -> String {
    resets_at.map_or_else(String::new, |at| {
        format!(" until {}", at.format("%Y-%m-%d %H:%M:%S UTC"))
    })
}

/// What may help after a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing that could be done at once.
    None,
    /// The same again.
    Again,
    /// Fewer elements.
    Narrower,
    /// The pass from its beginning.
    FromStart,
}

impl SourceError {
    /// What may help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::TooHeavy { .. } => Remedy::Narrower,
            // A gateway that gave up on a slow answer says so in either way.
            Self::Status {
                status: 500 | 502 | 504,
                ..
            } => Remedy::Narrower,
            Self::Status { status: 503, .. } => Remedy::Again,
            Self::CursorLost { .. } => Remedy::FromStart,
            _ => Remedy::None,
        }
    }
}
