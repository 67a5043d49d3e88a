//! What to ask each API and how pages follow. One folder per kind of source behind two traits.
//!
//! Pure Rust: a source turns a place (stream, scope, cursor) into a request, and an answer into
//! documents and the next cursor. It neither waits for the network nor knows the database.

mod clean;
pub mod deployment_records;
mod error;
pub mod github;
mod incidents;
pub mod jira;
mod limits;
mod options;
pub mod own_stream;
mod reach;
mod width;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::http::Response;
use crate::jsonb::Object;

use clean::without_nul;
pub use deployment_records::DEPLOYMENT_RECORDS;
pub use error::{Remedy, SourceError};
pub use incidents::INCIDENTS;
pub use limits::Budget;
pub use options::{OptionError, Options, Where, configure, validate};

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
    /// Everything there is.
    Whole,
    /// One document of these other streams, named by its key.
    Document(&'static [&'static str]),
    /// What pages of other streams left to be asked, in batches of at most so many.
    Queue(u64),
}

/// Where in a stream a request stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The stream.
    pub stream: &'a str,
    /// What the pass covers: an entry, a document's key, or [`WHOLE`].
    pub scope: &'a str,
    /// What the last page left, as it is stored; for a queue, the batch under `items`.
    pub cursor: &'a Value,
    /// The time, which bounds how far back a first pass goes.
    pub now: DateTime<Utc>,
    /// What [`Source::greeting`] has brought.
    pub greeting: &'a [Value],
}

/// The scope of what has none.
pub const WHOLE: &str = "*";

/// A request before credentials are added.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// HTTP method.
    pub method: Method,
    /// Absolute URL within the source's own origin.
    pub url: reqwest::Url,
    /// Headers of this request alone.
    pub headers: HeaderMap,
    /// JSON body, if any.
    pub body: Option<String>,
    /// Whether the API limits the time that it computes such answers.
    pub is_paced: bool,
}

/// A document as it came.
#[derive(Debug, PartialEq)]
pub struct Fetched {
    /// Its raw text, as the API sent it but for characters that `jsonb` refuses.
    pub text: String,
    /// What it does not say itself.
    pub context: Option<Value>,
    /// What must be asked because of it, should it be new or changed.
    pub queued: Vec<Queued>,
}

/// Something that is still to be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// The stream its answer belongs to.
    pub stream: &'static str,
    /// Unique within the stream.
    pub key: String,
    /// What the request needs.
    pub request: Value,
}

/// One page of an answer.
#[derive(Debug, Default, PartialEq)]
pub struct Page {
    /// The documents.
    pub documents: Vec<Fetched>,
    /// How many of them held characters that `jsonb` refuses.
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
    /// Keys of a batch's items that need not be asked again.
    pub answered: Vec<String>,
    /// Items of a batch that have more to come.
    pub queued: Vec<Queued>,
    /// Whether the pass lists everything there is, so that what it does not list is gone.
    pub lists_all: bool,
    /// Whether the documents hold only their keys and are not to be stored.
    pub keys_only: bool,
}

impl Page {
    /// Adds a document; `context` is what it does not say itself.
    fn push(&mut self, text: &str, context: Option<Value>) {
        let text = without_nul(text);
        self.cleaned += usize::from(matches!(text, Cow::Owned(_)));
        self.documents.push(Fetched {
            text: text.into_owned(),
            context,
            queued: Vec::new(),
        });
    }
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
    /// Whether it tells that the object is gone.
    pub is_deleted: bool,
}

/// A token that was given for a secret.
#[derive(Clone)]
pub struct Token {
    /// What the requests carry.
    pub token: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// A kind of source: what is the same for all sources of it.
pub trait Kind: Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Its streams, in the order they are fetched.
    fn streams(&self) -> &'static [Stream];

    /// Its options beside those that every kind has.
    fn option_names(&self) -> &'static [&'static str];

    /// Where its API lives unless the option `base_url` says it.
    fn default_base_url(&self) -> Option<&'static str>;

    /// A source with these options.
    fn configure(
        &self,
        common: Options,
        own: &[(&str, &str)],
    ) -> Result<Box<dyn Source>, OptionError>;

    /// What a document of a stream is called in bronze, whichever shape it has.
    fn identify(
        &self,
        stream: &str,
        document: Object<'_>,
        context: Object<'_>,
    ) -> Result<Identity, SourceError>;

    /// Under which key the object lies in what a webhook sent; `None` for a document that is the
    /// object itself.
    fn wrapper(&self, _document: Object<'_>) -> Option<&'static str> {
        None
    }

    /// Whether one entry of the option that selects covers a document of the stream that is
    /// fetched by entries.
    fn entry_selects(&self, entry: &str, key: &str) -> Result<bool, OptionError>;
}

/// An API that documents are fetched from.
pub trait Source {
    /// What it is.
    fn kind(&self) -> &'static dyn Kind;

    /// The options that every kind has.
    fn options(&self) -> &Options;

    /// The entries of the option that selects.
    fn entries(&self) -> Vec<String>;

    /// Whether its options select a document that others are fetched for.
    fn selects(&self, key: &str) -> bool;

    /// Whether its options want a stream to be fetched.
    fn fetches(&self, _stream: &str) -> bool {
        true
    }

    /// Whether documents of a stream can be gone, so that a cursor with `reconcile` lists what
    /// there is.
    fn is_reconciled(&self, stream: &str) -> bool;

    /// The request for the page at a place.
    fn call(&self, place: &Place<'_>) -> Result<Call, SourceError>;

    /// Reads the answer to that request.
    fn page(&self, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError>;

    /// The cursor for the same page with fewer elements; `None` where it has one only.
    fn narrower(&self, stream: &str, cursor: &Value) -> Option<Value>;

    /// The cursor for the same pass from its beginning.
    fn restarted(&self, cursor: &Value) -> Value;

    /// A text that is another whenever something in a stream has changed, from the document that
    /// it is fetched for; `None` where that does not say. It saves asking for the stream.
    fn mark(&self, stream: &str, parent: Object<'_>, now: DateTime<Utc>) -> Option<String>;

    /// As whom the secret logs in, where one secret is good for several that have tokens and rate
    /// limits of their own.
    fn account(&self) -> Option<String> {
        None
    }

    /// The request that gives a token for the secret; `None` where requests carry the secret.
    fn login(&self, _secret: &str, _now: DateTime<Utc>) -> Result<Option<Call>, SourceError> {
        Ok(None)
    }

    /// The token in the answer to that request.
    fn token(&self, answer: &Response) -> Result<Token, SourceError> {
        Err(SourceError::Unreadable {
            host: self.host().to_owned(),
            reason: format!("HTTP {} to a login that nobody asked for", answer.status),
        })
    }

    /// A request whose answer the others depend on, after those that were answered so; `None` where
    /// no more is needed. They are made once in a while for all pages together.
    fn greeting(&self, _answers: &[Value]) -> Result<Option<Call>, SourceError> {
        Ok(None)
    }

    /// What is kept of the answer to that request.
    fn greeted(&self, answer: &Response) -> Result<Value, SourceError> {
        Err(SourceError::Unreadable {
            host: self.host().to_owned(),
            reason: format!("HTTP {} to a greeting that nobody sent", answer.status),
        })
    }

    /// The headers every request needs; `secret` goes nowhere else.
    fn headers(&self, secret: &str) -> Result<HeaderMap, SourceError>;

    /// The host, for messages.
    fn host(&self) -> &str {
        self.options().base_url.host_str().unwrap_or_default()
    }
}

/// The kinds of source there are.
pub const KINDS: &[&dyn Kind] = &[&github::Kind, &jira::Kind];

/// The kind of that name.
pub fn kind(name: &str) -> Result<&'static dyn Kind, OptionError> {
    KINDS
        .iter()
        .find(|kind| kind.name() == name)
        .copied()
        .ok_or_else(|| OptionError::Kind {
            kind: name.to_owned(),
        })
}

/// What a document of a stream of a kind is called in bronze.
pub fn identify(
    kind: &dyn Kind,
    stream: &str,
    document: Object<'_>,
    context: Object<'_>,
) -> Result<Identity, SourceError> {
    match stream {
        // Those are the same whatever tool they are sent in beside.
        _ if stream == INCIDENTS.name => incidents::identify(document),
        _ if stream == DEPLOYMENT_RECORDS.name => deployment_records::identify(document, context),
        _ => kind.identify(stream, document, context),
    }
}

/// The stream of that name.
pub fn stream(kind: &dyn Kind, name: &str) -> Result<Stream, SourceError> {
    let streams = kind.streams();
    streams
        .iter()
        .find(|stream| stream.name == name)
        .copied()
        .ok_or_else(|| SourceError::UnknownStream {
            kind: kind.name(),
            stream: name.to_owned(),
            known: streams
                .iter()
                .map(|stream| stream.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}

/// A stream that is fetched.
const fn fetched(name: &'static str, scope: Scope) -> Stream {
    Stream {
        name,
        fetched: Some(scope),
    }
}

/// A stream that only `ingest` fills.
const fn ingested(name: &'static str) -> Stream {
    Stream {
        name,
        fetched: None,
    }
}

/// A header value that is a secret, marked so that it is never shown.
fn sensitive(value: &str, host: &str) -> Result<reqwest::header::HeaderValue, SourceError> {
    let mut value =
        reqwest::header::HeaderValue::from_str(value).map_err(|_| SourceError::Unauthorized {
            host: host.to_owned(),
            status: 0,
            message: "the secret holds characters that no HTTP header may hold".to_owned(),
        })?;
    value.set_sensitive(true);
    Ok(value)
}
