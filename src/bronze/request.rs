//! One page over the network, as rows.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::Utc;
use pgrx::JsonB;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::credentials::{Registered, registered};
use crate::error::Error;
use crate::http::{self, HttpError, Limits, Request};
use crate::sources::{self, Page, Remedy};
use crate::{interrupts, time};

/// No attempt begins later than this after the first one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks a source for the page at a cursor.
///
/// The first row describes the page and has no document: `cursor` is where the next page starts,
/// NULL after the last one, and `rest` where the next pass starts. Each further row is a document's
/// text.
///
/// Nothing is stored: `diogen.fetch_page` does that in the same transaction. The wait can be
/// cancelled; it ends within two minutes in any case.
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

/// Asks until there is an answer, or no remedy left: again after a growing wait, for fewer
/// elements, or from the pass's beginning.
fn page(
    source: &str,
    stream: &str,
    scope: &str,
    cursor: &serde_json::Value,
) -> Result<Page, Error> {
    let registered = registered(source)?;
    let source = registered.source;
    sources::stream(source, stream)?;
    let started = Instant::now();
    let mut delays = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(200))
        .with_max_times(4)
        .with_jitter()
        .build();
    let mut cursor = cursor.clone();
    loop {
        let error = match attempt(&registered, stream, scope, &cursor) {
            Ok(page) => return Ok(page),
            Err(error) => error,
        };
        match error.remedy() {
            Remedy::None => return Err(error),
            Remedy::Again => {}
            Remedy::Narrower => {
                cursor = source.narrower(stream, &cursor).unwrap_or(cursor);
            }
            Remedy::FromStart => cursor = source.restarted(&cursor),
        }
        let in_time = |delay: &Duration| started.elapsed() + *delay < PATIENCE;
        match delays.next().filter(in_time) {
            Some(delay) => interruptible(http::pause(delay, interrupts::pending))?,
            None => return Err(error),
        }
    }
}

fn attempt(
    registered: &Registered,
    stream: &str,
    scope: &str,
    cursor: &serde_json::Value,
) -> Result<Page, Error> {
    let options = &registered.options;
    let source = registered.source;
    let now = Utc::now();
    let call = source.call(options, stream, scope, cursor, now)?;
    let request = Request {
        method: call.method,
        url: call.url,
        headers: source.headers(&registered.secret()?)?,
        body: call.body,
    };
    let answer = interruptible(http::send(
        request,
        Limits::default(),
        options.address_policy,
        interrupts::pending,
    ))?;
    Ok(source.page(options, stream, scope, cursor, now, &answer)?)
}

/// Raises PostgreSQL's own error where a wait was interrupted.
fn interruptible<T>(waited: Result<T, HttpError>) -> Result<T, HttpError> {
    if matches!(waited, Err(HttpError::Interrupted { .. })) {
        interrupts::check();
    }
    waited
}

/// How many requests this backend has sent since it was last asked.
#[pg_extern(volatile, parallel_unsafe)]
fn requests_sent() -> i64 {
    http::requests_sent()
}
