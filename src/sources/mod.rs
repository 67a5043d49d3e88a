//! What to ask each API and how pages follow. One folder per source behind one trait.
//!
//! Pure Rust: a source turns (stream, scope, cursor) into a request, and an answer into documents
//! and the next cursor. It neither waits for the network nor knows the database.

mod clean;
pub mod github;
mod options;

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::Value;

use crate::http::Response;
use crate::jsonb::Object;

pub use clean::without_nul;
pub use options::{OptionError, Options, Where, validate};

/// One kind of document that a source delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Its name in bronze.
    pub name: &'static str,
    /// What it is fetched for; `None` for a stream that only `ingest` fills.
    pub fetched: Option<Scope>,
}

/// What one pass over a stream covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One entry of the option that selects: `acme/api`, `acme/*`.
    Entry,
    /// One repository, named `owner/name`.
    Repository,
}

/// A request before credentials are added.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// HTTP method.
    pub method: Method,
    /// Absolute URL within the source's own origin.
    pub url: reqwest::Url,
    /// JSON body, if any.
    pub body: Option<String>,
}

/// One page of an answer.
#[derive(Debug, PartialEq)]
pub struct Page {
    /// The documents' raw text, as the API sent them but for characters that `jsonb` refuses.
    pub documents: Vec<String>,
    /// How many documents held such characters.
    pub cleaned: usize,
    /// Where the next page starts; `None` after the last one of the pass.
    pub next: Option<Value>,
    /// Where the next pass starts, once this one is over.
    pub rest: Value,
    /// Whether the pass is also over as soon as bronze holds every document that the ones read so
    /// far refer to (a commit's parents).
    pub ends_when_closed: bool,
    /// How many documents the API says there are in all.
    pub total: Option<i64>,
    /// What the API says is left of its rate limit.
    pub budget: Option<Budget>,
}

/// What is left of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Requests or points left.
    pub remaining: i64,
    /// When the limit starts afresh.
    pub resets_at: DateTime<Utc>,
}

/// What a document is called in bronze.
#[derive(Debug, PartialEq)]
pub struct Identity {
    /// Unique within source and stream, the same in every shape the document can arrive in.
    pub key: String,
    /// The repository or project it belongs to.
    pub scope: String,
    /// When the object last changed, as the API says; NULL when it does not.
    pub updated_at: Option<DateTime<Utc>>,
    /// Keys of the documents of the same stream that this one refers to.
    pub requires: Vec<String>,
}

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

/// An API that documents are fetched from.
pub trait Source {
    /// What it is called among the kinds of source.
    fn kind(&self) -> &'static str;

    /// Its streams, in the order they are fetched.
    fn streams(&self) -> &'static [Stream];

    /// The request for the page at a cursor; `now` bounds how far back a first pass goes.
    fn call(
        &self,
        options: &Options,
        stream: &str,
        scope: &str,
        cursor: &Value,
        now: DateTime<Utc>,
    ) -> Result<Call, SourceError>;

    /// Reads the answer to that request.
    fn page(
        &self,
        options: &Options,
        stream: &str,
        scope: &str,
        cursor: &Value,
        now: DateTime<Utc>,
        answer: &Response,
    ) -> Result<Page, SourceError>;

    /// The cursor for the same page with fewer elements; `None` where it has one only.
    fn narrower(&self, stream: &str, cursor: &Value) -> Option<Value>;

    /// The cursor for the same pass from its beginning.
    fn restarted(&self, cursor: &Value) -> Value;

    /// What a document of a stream is called in bronze, whichever shape it has.
    fn identify(
        &self,
        stream: &str,
        document: Object<'_>,
        context: Object<'_>,
    ) -> Result<Identity, SourceError>;

    /// A text that is another whenever something in a stream of a repository has changed, from the
    /// repository's own document; `None` where that does not say. It saves asking for each stream.
    fn mark(&self, options: &Options, stream: &str, repository: Object<'_>) -> Option<String>;

    /// The headers every request needs; `secret` goes nowhere else.
    fn headers(&self, secret: &str) -> Result<reqwest::header::HeaderMap, SourceError>;
}

/// The kinds of source there are.
pub const KINDS: &[&str] = &["github"];

/// The source of a kind; `None` for an unknown kind.
pub fn source(kind: &str) -> Option<&'static dyn Source> {
    match kind {
        "github" => Some(&github::GitHub),
        _ => None,
    }
}

/// The stream of that name.
pub fn stream(source: &dyn Source, name: &str) -> Result<Stream, SourceError> {
    let streams = source.streams();
    streams
        .iter()
        .find(|stream| stream.name == name)
        .copied()
        .ok_or_else(|| SourceError::UnknownStream {
            kind: source.kind(),
            stream: name.to_owned(),
            known: streams
                .iter()
                .map(|stream| stream.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}
