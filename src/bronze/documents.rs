//! What a document is called in bronze, and which streams and repositories there are.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::credentials::registered;
use crate::error::Error;
use crate::jsonb::Document;
use crate::sources::github::Wanted;
use crate::sources::{self, Identity, OptionError, Scope};
use crate::time;

/// The key, scope and last change of a document of a stream, and the keys of the documents it
/// refers to. `context` holds what the document itself does not say, such as
/// `{"repository": "acme/api", "number": 17}`. An error names what is missing.
#[pg_extern(immutable, strict, parallel_safe)]
fn document_identity(
    kind: &str,
    stream: &str,
    doc: Document<'_>,
    context: Document<'_>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(key, String),
            name!(scope, String),
            name!(updated_at, Option<TimestampWithTimeZone>),
            name!(requires, Vec<String>),
        ),
    >,
    ErrorReport,
> {
    let found = identity(kind, stream, doc, context)?;
    Ok(TableIterator::once((
        found.key,
        found.scope,
        time::timestamp(found.updated_at),
        found.requires,
    )))
}

fn identity(
    kind: &str,
    stream: &str,
    doc: Document<'_>,
    context: Document<'_>,
) -> Result<Identity, Error> {
    let doc = doc.object().ok_or(Error::NotAnObject {
        argument: "each document",
        example: r#"{"number": 17, …}"#,
    })?;
    let context = context.object().ok_or(Error::NotAnObject {
        argument: "context",
        example: r#"{"repository": "acme/api"}"#,
    })?;
    let source = sources::source(kind).ok_or_else(|| OptionError::Kind {
        kind: kind.to_owned(),
    })?;
    sources::stream(source, stream)?;
    Ok(source.identify(stream, doc, context)?)
}

/// The streams of a source that `sync` fetches, in their order, and what each is fetched for;
/// `scopes` is NULL for a stream that is fetched for each repository.
#[pg_extern(stable, strict, parallel_restricted)]
fn source_streams(
    source: &str,
) -> Result<
    TableIterator<'static, (name!(stream, String), name!(scopes, Option<Vec<String>>))>,
    ErrorReport,
> {
    let registered = registered(source)?;
    let entries = registered.options.repositories.wanted();
    let entries: Vec<_> = entries.iter().map(ToString::to_string).collect();
    let fetched = registered.source.streams().iter().filter_map(|stream| {
        let scopes = match stream.fetched? {
            Scope::Entry => Some(entries.clone()),
            Scope::Repository => None,
        };
        Some((stream.name.to_owned(), scopes))
    });
    let rows: Vec<_> = fetched.collect();
    Ok(TableIterator::new(rows))
}

/// A text that is another whenever something in a stream of a repository has changed, from the
/// repository's own document; NULL where that does not say.
#[pg_extern(stable, strict, parallel_restricted)]
fn stream_mark(
    source: &str,
    stream: &str,
    repository: Document<'_>,
) -> Result<Option<String>, ErrorReport> {
    let registered = registered(source)?;
    let mark = repository.object().and_then(|repository| {
        registered
            .source
            .mark(&registered.options, stream, repository)
    });
    Ok(mark)
}

/// Whether the option `repositories` of a source selects a repository, named `owner/name`.
#[pg_extern(stable, strict, parallel_restricted)]
fn source_selects(source: &str, repository: &str) -> Result<bool, ErrorReport> {
    let registered = registered(source)?;
    Ok(registered.options.repositories.selects(repository))
}

/// Whether one entry of the option `repositories`, such as `acme/*`, selects a repository.
#[pg_extern(immutable, strict, parallel_safe)]
fn entry_selects(entry: &str, repository: &str) -> Result<bool, ErrorReport> {
    let wanted = Wanted::parse(entry).map_err(Error::from)?;
    Ok(wanted.selects(repository))
}

/// The kind of a source, after checking that it has the stream and that the current user may use
/// it. Errors name what there is instead.
#[pg_extern(stable, strict, parallel_restricted)]
fn source_kind(source: &str, stream: &str) -> Result<&'static str, ErrorReport> {
    let registered = registered(source)?;
    sources::stream(registered.source, stream).map_err(Error::from)?;
    Ok(registered.options.kind)
}
