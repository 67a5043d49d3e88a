//! One page over the network, as rows.

use std::rc::Rc;

use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::credentials::registered;
use super::flights::{self, Lane};
use crate::error::Error;
use crate::http;
use crate::sources::{self, Fetched, Page};

/// Begins to ask a source for the page at a cursor, and returns at once. The answer is waited for
/// with `wait_for_page` and taken with `request_page`. What is under way when a transaction fails
/// is dropped.
#[pg_extern(volatile, parallel_unsafe)]
fn begin_page(source: &str, stream: &str, scope: &str, cursor: JsonB) -> Result<(), ErrorReport> {
    let registered = registered(source)?;
    sources::stream(registered.source.kind(), stream).map_err(Error::from)?;
    let lane = Lane::new(source, stream, scope, cursor.0);
    flights::begin(Rc::new(registered), lane)?;
    Ok(())
}

/// Waits until one of the pages that were begun is there, and tells which; no row when none is
/// under way. The wait can be cancelled.
#[pg_extern(volatile, parallel_unsafe)]
fn wait_for_page() -> Result<
    TableIterator<
        'static,
        (
            name!(source, String),
            name!(stream, String),
            name!(scope, String),
        ),
    >,
    ErrorReport,
> {
    let lane = flights::wait()?;
    let row = lane.map(|lane| (lane.source, lane.stream, lane.scope));
    Ok(TableIterator::new(row))
}

/// Drops what is under way.
#[pg_extern(volatile, parallel_unsafe)]
fn forget_pages() {
    flights::forget();
}

/// Drops the pages of one stream of one scope that are under way.
#[pg_extern(volatile, parallel_unsafe)]
fn forget_scope(source: &str, stream: &str, scope: &str) {
    flights::forget_scope(source, stream, scope);
}

/// Asks a source for the page at a cursor, or takes what `begin_page` has brought.
///
/// The first row describes the page and has no document: `cursor` is where the next page starts,
/// NULL after the last one, and `rest` where the next pass starts. Each further row is a document's
/// text. With `ahead` the next page is asked for before this one is returned, so that it comes
/// while this one is stored.
///
/// Nothing is stored: `diogen.fetch_page` does that in the same transaction. The wait can be
/// cancelled; each request ends within a minute in any case.
#[pg_extern(volatile, parallel_unsafe)]
fn request_page(
    source: &str,
    stream: &str,
    scope: &str,
    cursor: JsonB,
    ahead: default!(bool, false),
) -> Result<
    TableIterator<
        'static,
        (
            name!(doc, Option<String>),
            name!(context, Option<JsonB>),
            name!(queued, Option<JsonB>),
            name!(cursor, Option<JsonB>),
            name!(rest, Option<JsonB>),
            name!(ends_when_closed, Option<bool>),
            name!(lists_all, Option<bool>),
            name!(keys_only, Option<bool>),
            name!(answered, Option<Vec<String>>),
            name!(total, Option<i64>),
            name!(cleaned, Option<i64>),
            name!(budget, Option<JsonB>),
        ),
    >,
    ErrorReport,
> {
    let registered = Rc::new(registered(source)?);
    sources::stream(registered.source.kind(), stream).map_err(Error::from)?;
    let lane = Lane::new(source, stream, scope, cursor.0);
    let page = flights::take(&registered, &lane)?;
    if ahead
        && !page.ends_when_closed
        && let Some(next) = &page.next
    {
        let next = Lane {
            cursor: next.clone(),
            ..lane
        };
        flights::begin(registered, next)?;
    }
    Ok(TableIterator::new(rows(page)))
}

type Row = (
    Option<String>,
    Option<JsonB>,
    Option<JsonB>,
    Option<JsonB>,
    Option<JsonB>,
    Option<bool>,
    Option<bool>,
    Option<bool>,
    Option<Vec<String>>,
    Option<i64>,
    Option<i64>,
    Option<JsonB>,
);

fn rows(page: Page) -> impl Iterator<Item = Row> {
    let budget = page.budget.map(|budget| {
        JsonB(serde_json::json!({
            "resource": budget.resource, "limit": budget.limit,
            "remaining": budget.remaining, "resets_at": budget.resets_at,
        }))
    });
    let head = (
        None,
        None,
        queued(page.queued),
        page.next.map(JsonB),
        Some(JsonB(page.rest)),
        Some(page.ends_when_closed),
        Some(page.lists_all),
        Some(page.keys_only),
        Some(page.answered),
        page.total,
        i64::try_from(page.cleaned).ok(),
        budget,
    );
    let document = |document: Fetched| {
        let (context, queued) = (document.context.map(JsonB), queued(document.queued));
        let text = Some(document.text);
        (
            text, context, queued, None, None, None, None, None, None, None, None, None,
        )
    };
    std::iter::once(head).chain(page.documents.into_iter().map(document))
}

fn queued(items: Vec<sources::Queued>) -> Option<JsonB> {
    let items: Vec<_> = items
        .into_iter()
        .map(|item| {
            serde_json::json!({"stream": item.stream, "key": item.key, "request": item.request})
        })
        .collect();
    (!items.is_empty()).then(|| JsonB(items.into()))
}

/// How many requests this backend has sent since it was last asked.
#[pg_extern(volatile, parallel_unsafe)]
fn requests_sent() -> i64 {
    http::requests_sent()
}

/// The cursor for the same page with fewer elements; NULL where it has one only.
#[pg_extern(stable, strict, parallel_restricted)]
fn narrower_cursor(
    source: &str,
    stream: &str,
    cursor: JsonB,
) -> Result<Option<JsonB>, ErrorReport> {
    let source = registered(source)?.source;
    Ok(source.narrower(stream, &cursor.0).map(JsonB))
}
