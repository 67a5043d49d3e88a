//! One page over the network, as rows.

use chrono::Utc;
use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::credentials::registered;
use crate::error::Error;
use crate::http::{self, HttpError, Limits, Request};
use crate::sources::{self, Page};
use crate::{interrupts, time};

/// Asks a source for the page at a cursor.
///
/// The first row describes the page and has no document: `cursor` is where the next page starts,
/// NULL after the last one, and `rest` where the next pass starts. Each further row is a document's
/// text.
/// Nothing is stored: `diogen.fetch_page` does that in the same statement. The wait can be
/// cancelled; it ends within 60 seconds in any case.
#[pg_extern(volatile, parallel_unsafe)]
fn request_page(
    source: &str,
    stream: &str,
    scope: &str,
    cursor: JsonB,
) -> Result<
    TableIterator<
        'static,
        (
            name!(doc, Option<String>),
            name!(cursor, Option<JsonB>),
            name!(rest, Option<JsonB>),
            name!(ends_when_closed, Option<bool>),
            name!(total, Option<i64>),
            name!(cleaned, Option<i64>),
            name!(budget_remaining, Option<i64>),
            name!(budget_resets_at, Option<TimestampWithTimeZone>),
        ),
    >,
    ErrorReport,
> {
    let page = page(source, stream, scope, &cursor.0)?;
    let envelope = (
        None,
        page.next.map(JsonB),
        Some(JsonB(page.rest)),
        Some(page.ends_when_closed),
        page.total,
        i64::try_from(page.cleaned).ok(),
        page.budget.map(|budget| budget.remaining),
        page.budget
            .and_then(|budget| time::timestamp(Some(budget.resets_at))),
    );
    let documents = page
        .documents
        .into_iter()
        .map(|document| (Some(document), None, None, None, None, None, None, None));
    Ok(TableIterator::new(
        std::iter::once(envelope).chain(documents),
    ))
}

fn page(
    source: &str,
    stream: &str,
    scope: &str,
    cursor: &serde_json::Value,
) -> Result<Page, Error> {
    let registered = registered(source)?;
    let options = &registered.options;
    sources::stream(registered.source, stream)?;
    let now = Utc::now();
    let call = registered
        .source
        .call(options, stream, scope, cursor, now)?;
    let request = Request {
        method: call.method,
        url: call.url,
        headers: registered.source.headers(&registered.secret()?)?,
        body: call.body,
    };
    let sent = http::send(
        request,
        Limits::default(),
        options.address_policy,
        interrupts::pending,
    );
    if matches!(sent, Err(HttpError::Interrupted { .. })) {
        interrupts::check();
    }
    Ok(registered
        .source
        .page(options, stream, scope, cursor, now, &sent?)?)
}
