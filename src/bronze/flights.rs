//! Pages that are under way: several at a time, so that their waits overlap.
//!
//! A page is asked for while others are stored. The requests go on whenever the backend waits for
//! one of them; PostgreSQL is never called in between. Nothing here is needed for being right: a
//! page is stored with the cursor it was asked at, and what is dropped is asked again.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::Utc;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use pgrx::{PgXactCallbackEvent, register_xact_callback};
use serde_json::Value;

use super::credentials::Registered;
use super::visits::{self, Visit};
use crate::error::Error;
use crate::http::{self, HttpError};
use crate::interrupts;
use crate::sources::{Page, Place, Remedy};

/// No attempt begins later than this after the first one.
const PATIENCE: Duration = Duration::from_secs(60);
/// A limit that is over so soon is waited for; after a longer one the next run goes on.
const SHORT_LIMIT: Duration = Duration::from_secs(20);

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// The source.
    pub source: String,
    /// The stream.
    pub stream: String,
    /// The scope of the pass.
    pub scope: String,
    /// Where the page starts.
    pub cursor: Value,
}

impl Lane {
    /// A lane from what SQL functions are given.
    pub fn new(source: &str, stream: &str, scope: &str, cursor: Value) -> Self {
        Self {
            source: source.to_owned(),
            stream: stream.to_owned(),
            scope: scope.to_owned(),
            cursor,
        }
    }

    /// Whether both are pages of the same stream and scope.
    fn has_scope_of(&self, other: &Self) -> bool {
        self.source == other.source && self.stream == other.stream && self.scope == other.scope
    }
}

type Landed = (Lane, Result<Page, Error>);

#[derive(Default)]
struct Flights {
    under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Landed>>>>,
    /// What is under way or has landed.
    lanes: Vec<Lane>,
    landed: Vec<Landed>,
    /// Those that `wait` has told of.
    told: Vec<Lane>,
}

thread_local! {
    static FLIGHTS: RefCell<Flights> = RefCell::default();
}

/// Drops everything.
pub fn forget() {
    FLIGHTS.take();
}

/// Drops the pages of one stream of one scope, whatever their cursors.
pub fn forget_scope(source: &str, stream: &str, scope: &str) {
    let lane = Lane::new(source, stream, scope, Value::Null);
    FLIGHTS.with_borrow_mut(|flights| flights.forget_scope(&lane));
}

impl Flights {
    fn land(&mut self, landed: Landed) {
        // What was forgotten meanwhile still lands.
        if self.lanes.contains(&landed.0) {
            self.landed.push(landed);
        }
    }

    fn forget_scope(&mut self, lane: &Lane) {
        self.lanes.retain(|known| !known.has_scope_of(lane));
        self.told.retain(|known| !known.has_scope_of(lane));
        self.landed.retain(|(known, _)| !known.has_scope_of(lane));
    }
}

/// Begins to ask for a page, unless it is under way already.
pub fn begin(registered: Rc<Registered>, lane: Lane) -> Result<(), Error> {
    if FLIGHTS.with_borrow(|flights| flights.lanes.contains(&lane)) {
        return Ok(());
    }
    let secret = registered.secret();
    register_xact_callback(PgXactCallbackEvent::Abort, forget);
    let flight = {
        let lane = lane.clone();
        async move {
            let page = match secret {
                Ok(secret) => ask(&registered, &secret, &lane).await,
                Err(error) => Err(error),
            };
            (lane, page)
        }
    };
    // It is polled now, so that the request is on its way while others are stored.
    with_flights(|mut flights| async move {
        flights.under_way.push(Box::pin(flight));
        flights.lanes.push(lane);
        for _ in 0..4 {
            while let Some(Some(landed)) = flights.under_way.next().now_or_never() {
                flights.land(landed);
            }
            tokio::task::yield_now().await;
        }
        (flights, ())
    })
}

/// Waits until a page has landed that was not told of yet.
pub fn wait() -> Result<Option<Lane>, Error> {
    register_xact_callback(PgXactCallbackEvent::Abort, forget);
    with_flights(|mut flights| async move {
        let untold = |flights: &Flights| {
            let mut lanes = flights.landed.iter().map(|(lane, _)| lane);
            lanes.find(|lane| !flights.told.contains(lane)).cloned()
        };
        let mut found = untold(&flights);
        while found.is_none()
            && let Some(landed) = flights.under_way.next().await
        {
            flights.land(landed);
            found = untold(&flights);
        }
        flights.told.extend(found.clone());
        (flights, found)
    })
}

/// The page of a lane: what has landed, or is under way, or else is asked for now.
pub fn take(registered: &Rc<Registered>, lane: &Lane) -> Result<Page, Error> {
    begin(Rc::clone(registered), lane.clone())?;
    with_flights(|mut flights| async move {
        let position = |flights: &Flights| flights.landed.iter().position(|(l, _)| l == lane);
        let mut found = position(&flights);
        while found.is_none()
            && let Some(landed) = flights.under_way.next().await
        {
            flights.land(landed);
            found = position(&flights);
        }
        let page = found.map(|position| flights.landed.swap_remove(position).1);
        // Another page of the scope can only be one that its cursor has left behind.
        flights.forget_scope(lane);
        (flights, page)
    })?
    .unwrap_or_else(|| Err(HttpError::Setup("a page under way is lost".to_owned()).into()))
}

/// Lets a future work with the flights. Should the wait be interrupted they are lost, as the
/// error that follows ends the transaction in any case.
fn with_flights<T, F>(work: impl FnOnce(Flights) -> F) -> Result<T, Error>
where
    F: Future<Output = (Flights, T)>,
{
    let waited = http::wait(work(FLIGHTS.take()), interrupts::pending);
    if matches!(waited, Err(HttpError::Interrupted)) {
        interrupts::check();
    }
    let (flights, result) = waited?;
    FLIGHTS.set(flights);
    Ok(result)
}

/// Asks until there is an answer, or no remedy left: again after a growing wait, for fewer
/// elements, or from the pass's beginning.
async fn ask(registered: &Registered, secret: &str, lane: &Lane) -> Result<Page, Error> {
    let source = &registered.source;
    let started = Instant::now();
    let delays = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(200))
        .with_jitter();
    // A limit is no failure, however often others come first when it is over.
    let mut limit_delays = delays
        .with_max_delay(Duration::from_secs(1))
        .without_max_times()
        .build();
    let mut delays = delays.with_max_times(4).build();
    let mut cursor = lane.cursor.clone();
    let mut may_log_in_again = true;
    loop {
        let (visit, answer) = match visits::visit(source.as_ref(), secret).await {
            Ok(visit) => {
                let answer = attempt(registered, &visit, lane, &cursor).await;
                (Some(visit), answer)
            }
            Err(error) => (None, Err(error)),
        };
        let error = match answer {
            Ok(page) => return Ok(page),
            Err(error) => error,
        };
        // A token may have been revoked before its time.
        if may_log_in_again
            && error.is_refused_login()
            && let Some(visit) = &visit
            && visits::forget(visit).await
        {
            may_log_in_again = false;
            continue;
        }
        match error.remedy() {
            Remedy::None | Remedy::Again => {}
            Remedy::Narrower => {
                cursor = source.narrower(&lane.stream, &cursor).unwrap_or(cursor);
            }
            Remedy::FromStart => cursor = source.restarted(&cursor),
        }
        let limit = error.limited_for(Utc::now());
        let delay = match (error.remedy(), limit.filter(|it| *it <= SHORT_LIMIT)) {
            (Remedy::None, None) => None,
            (Remedy::None, Some(wait)) => limit_delays.next().map(|delay| wait + delay),
            _ => delays.next(),
        };
        let in_time = |delay: &Duration| started.elapsed() + *delay < PATIENCE;
        match delay.filter(in_time) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(error),
        }
    }
}

async fn attempt(
    registered: &Registered,
    visit: &Visit,
    lane: &Lane,
    cursor: &Value,
) -> Result<Page, Error> {
    let source = &registered.source;
    let place = Place {
        stream: &lane.stream,
        scope: &lane.scope,
        cursor,
        now: Utc::now(),
        greeting: &visit.greeting,
    };
    let answer = visits::send(source.as_ref(), source.call(&place)?, &visit.token).await?;
    Ok(source.page(&place, &answer)?)
}
