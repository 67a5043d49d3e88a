//! What a backend learns of an API before the first page, and keeps for a while: the token it was
//! given for the secret, and answers that other requests depend on.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::lock::Mutex;
use serde_json::Value;

use crate::error::Error;
use crate::http::{self, Limits, Pace, Request, Response};
use crate::sources::{Call, Source, SourceError};

/// A token is replaced so long before it expires: no request lasts longer.
const BEFORE_EXPIRY: TimeDelta = TimeDelta::minutes(10);
/// What was learnt is asked again after so long.
const KEPT: Duration = Duration::from_secs(3600);

/// A stay at an API.
pub struct Visit {
    /// What requests carry: the secret itself, or a token that was given for it.
    pub token: String,
    /// The answers that other requests depend on.
    pub greeting: Vec<Value>,
    /// Whether the token was given for the secret.
    has_logged_in: bool,
}

/// What visits differ by.
#[derive(PartialEq)]
struct Guest {
    secret: String,
    base_url: String,
    account: Option<String>,
    /// Where the greeting begins, which depends on what the options say of the API.
    greeting_url: Option<String>,
}

struct Known {
    guest: Guest,
    visit: Rc<Visit>,
    expires_at: DateTime<Utc>,
    since: Instant,
}

thread_local! {
    /// Locked while one is begun, so that all the pages under way wait for the same one.
    static VISITS: Rc<Mutex<Vec<Known>>> = Rc::default();
    static PACE: RefCell<Pace> = RefCell::default();
}

/// The visit with this secret, begun where there is none.
pub async fn visit(source: &dyn Source, secret: &str) -> Result<Rc<Visit>, Error> {
    let visits = VISITS.with(Rc::clone);
    let mut visits = visits.lock().await;
    let guest = Guest {
        secret: secret.to_owned(),
        base_url: source.options().base_url.to_string(),
        account: source.account(),
        greeting_url: source.greeting(&[])?.map(|call| call.url.to_string()),
    };
    let now = Utc::now();
    visits.retain(|known| known.expires_at > now && known.since.elapsed() < KEPT);
    if let Some(known) = visits.iter().find(|known| known.guest == guest) {
        return Ok(Rc::clone(&known.visit));
    }
    let (token, expires_at, has_logged_in) = match source.login(secret, now)? {
        None => (secret.to_owned(), DateTime::<Utc>::MAX_UTC, false),
        Some(call) => {
            let answer = exchange(source, call).await?;
            let token = source.token(&answer)?;
            (token.token, token.expires_at - BEFORE_EXPIRY, true)
        }
    };
    let mut greeting = Vec::new();
    while let Some(call) = source.greeting(&greeting)? {
        let answer = send(source, call, &token).await?;
        greeting.push(source.greeted(&answer)?);
    }
    let visit = Rc::new(Visit {
        token,
        greeting,
        has_logged_in,
    });
    visits.push(Known {
        guest,
        visit: Rc::clone(&visit),
        expires_at,
        since: Instant::now(),
    });
    Ok(visit)
}

/// Forgets a visit whose token was refused; whether another login may help. Several pages find
/// out at the same time: the visit that the first of them has begun anew stays.
pub async fn forget(refused: &Rc<Visit>) -> bool {
    if refused.has_logged_in {
        let visits = VISITS.with(Rc::clone);
        let mut visits = visits.lock().await;
        visits.retain(|known| !Rc::ptr_eq(&known.visit, refused));
    }
    refused.has_logged_in
}

/// Sends a request of a visit.
pub async fn send(source: &dyn Source, mut call: Call, token: &str) -> Result<Response, Error> {
    call.headers.extend(source.headers(token)?);
    exchange(source, call).await
}

async fn exchange(source: &dyn Source, call: Call) -> Result<Response, Error> {
    let is_paced = call.is_paced;
    if is_paced {
        keep_pace().await;
    }
    let asked_at = Instant::now();
    let request = Request {
        method: call.method,
        url: call.url,
        headers: call.headers,
        body: call.body,
    };
    let policy = source.options().address_policy;
    let answer = http::send(request, Limits::default(), policy).await;
    if is_paced {
        PACE.with_borrow_mut(|pace| pace.count(asked_at.elapsed(), Instant::now()));
    }
    Ok(answer?)
}

/// Waits until this backend may ask for more.
async fn keep_pace() {
    loop {
        let wait = PACE.with_borrow_mut(|pace| pace.wait(Instant::now()));
        if wait.is_zero() {
            return;
        }
        // Another request may be counted meanwhile.
        tokio::time::sleep(wait).await;
    }
}

impl Error {
    /// Whether the credentials were refused.
    pub fn is_refused_login(&self) -> bool {
        matches!(self, Self::Source(SourceError::Unauthorized { .. }))
    }
}
