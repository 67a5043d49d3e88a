//! What a document is called in bronze, and which streams and repositories there are.

use chrono::Utc;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::credentials::registered;
use crate::error::Error;
use crate::jsonb::Document;
use crate::sources::{self, Identity, Scope, Stream, WHOLE, own_stream};
use crate::time;

/// The key, scope and last change of a document of a stream, and the keys of the documents it
/// refers to, and whether it tells that its object is gone. `context` holds what the document itself
/// does not say, such as `{"repository": "acme/api", "number": 17}`. An error names what is missing.
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
            name!(is_deleted, bool),
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
        found.is_deleted,
    )))
}

/// Under which key the object lies in what a webhook sent; NULL for a document that is the object
/// itself.
#[pg_extern(immutable, strict, parallel_safe)]
fn document_wrapper(kind: &str, doc: Document<'_>) -> Result<Option<String>, ErrorReport> {
    let kind = sources::kind(kind).map_err(Error::from)?;
    let wrapper = doc.object().and_then(|doc| kind.wrapper(doc));
    Ok(wrapper.map(str::to_owned))
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
    let kind = sources::kind(kind)?;
    match sources::stream(kind, stream) {
        Ok(_) => Ok(sources::identify(kind, stream, doc, context)?),
        Err(_) => Ok(own_stream::identify(stream, doc, context)?),
    }
}

/// The streams of a source that `sync` fetches, in their order, and what each is fetched for:
/// `scopes` names it, or else there is a pass for each document of the streams `parents`; with
/// neither, what other streams left in the queue, `batch` at a time. `can_lose` tells that what is
/// gone from the source is looked for.
#[pg_extern(stable, strict, parallel_restricted)]
fn source_streams(
    source: &str,
) -> Result<
    TableIterator<
        'static,
        (
            name!(stream, String),
            name!(scopes, Option<Vec<String>>),
            name!(parents, Option<Vec<String>>),
            name!(batch, Option<i64>),
            name!(is_reconciled, bool),
        ),
    >,
    ErrorReport,
> {
    let source = registered(source)?.source;
    let wanted = |stream: &&Stream| source.fetches(stream.name);
    let rows = source
        .kind()
        .streams()
        .iter()
        .filter(wanted)
        .filter_map(|stream| {
            let (mut scopes, mut parents, mut batch) = (None, None, None);
            match stream.fetched? {
                Scope::Entry => scopes = Some(source.entries()),
                Scope::Whole => scopes = Some(vec![WHOLE.to_owned()]),
                Scope::Document(streams) => {
                    let fetched = streams.iter().filter(|parent| source.fetches(parent));
                    parents = Some(fetched.map(ToString::to_string).collect());
                }
                Scope::Queue(most) => batch = i64::try_from(most).ok(),
            }
            let is_reconciled = source.is_reconciled(stream.name);
            Some((
                stream.name.to_owned(),
                scopes,
                parents,
                batch,
                is_reconciled,
            ))
        });
    let rows: Vec<_> = rows.collect();
    Ok(TableIterator::new(rows))
}

/// How many requests to a source may be under way at a time.
#[pg_extern(stable, strict, parallel_restricted)]
fn source_concurrency(source: &str) -> Result<i32, ErrorReport> {
    let most = registered(source)?.source.options().concurrency;
    Ok(i32::try_from(most).unwrap_or(i32::MAX))
}

/// Which part of a source's rate limit may be used up.
#[pg_extern(stable, strict, parallel_restricted)]
fn source_max_share(source: &str) -> Result<f64, ErrorReport> {
    Ok(registered(source)?.source.options().max_share)
}

/// What stands for the current user's credential for a source where its use is counted; NULL where
/// there is none that could be read.
#[pg_extern(stable, strict, parallel_restricted)]
fn credential_fingerprint(source: &str, salt: &str) -> Result<Option<String>, ErrorReport> {
    match registered(source)?.fingerprint(salt) {
        Ok(fingerprint) => Ok(Some(fingerprint)),
        // Told by the request that needs it.
        Err(Error::Credentials(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A text that is another whenever something in a stream has changed, from the document that it is
/// fetched for; NULL where that does not say.
#[pg_extern(stable, strict, parallel_restricted)]
fn stream_mark(
    source: &str,
    stream: &str,
    parent: Document<'_>,
) -> Result<Option<String>, ErrorReport> {
    let source = registered(source)?.source;
    let mark = parent
        .object()
        .and_then(|parent| source.mark(stream, parent, Utc::now()));
    Ok(mark)
}

/// Whether the options of a source select a document that other streams are fetched for.
#[pg_extern(stable, strict, parallel_restricted)]
fn source_selects(source: &str, key: &str) -> Result<bool, ErrorReport> {
    Ok(registered(source)?.source.selects(key))
}

/// Whether one entry of the option that selects, such as `acme/*`, covers a document.
#[pg_extern(immutable, strict, parallel_safe)]
fn entry_selects(kind: &str, entry: &str, key: &str) -> Result<bool, ErrorReport> {
    let kind = sources::kind(kind).map_err(Error::from)?;
    Ok(kind.entry_selects(entry, key).map_err(Error::from)?)
}

/// The kind of a source, after checking that it has the stream, or that a normalizer of somebody's
/// own reads it, and that the current user may use the source. Errors name what there is instead.
#[pg_extern(stable, strict, parallel_restricted)]
fn source_kind(source: &str, stream: &str) -> Result<&'static str, ErrorReport> {
    let kind = registered(source)?.source.kind();
    if let Err(error) = sources::stream(kind, stream)
        && !has_normalizer(kind.name(), stream)?
    {
        return Err(Error::from(error).into());
    }
    Ok(kind.name())
}

fn has_normalizer(kind: &str, stream: &str) -> Result<bool, Error> {
    let query = "SELECT EXISTS (SELECT FROM diogen.normalizers WHERE kind = $1 AND stream = $2)";
    let found: Option<bool> = Spi::get_one_with_args(query, &[kind.into(), stream.into()])?;
    Ok(found.unwrap_or(false))
}
