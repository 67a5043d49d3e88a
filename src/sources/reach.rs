//! How far back a pass over a list goes that is read newest first.
//!
//! A cursor at rest holds `from` and `seen_until`: everything that changed between them is in
//! bronze. During a pass it also holds `since`, where the pass ends at the latest, and `all`,
//! whether it must go so far.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// How far back a pass goes.
pub struct Reach {
    /// Everything since then is in bronze once the pass is over.
    pub from: DateTime<Utc>,
    /// Whether it must read everything since the horizon: what earlier passes left in bronze does
    /// not reach back so far.
    pub all: bool,
}

impl Reach {
    /// What a cursor and the horizon say.
    pub fn of(cursor: &Value, horizon: DateTime<Utc>) -> Self {
        let from = time(&cursor["from"]);
        match cursor["all"].as_bool() {
            // The pass has begun already.
            Some(all) => Self {
                from: from.unwrap_or(horizon),
                all,
            },
            None => {
                // After a pause that is longer than the horizon there is a gap behind it.
                let has_gap = time(&cursor["seen_until"]).is_some_and(|seen| seen < horizon);
                let from = from.filter(|_| !has_gap);
                Self {
                    from: from.map_or(horizon, |from| from.min(horizon)),
                    all: from.is_none_or(|from| horizon < from),
                }
            }
        }
    }
}

/// The horizon of the pass: the same for all of its pages.
pub fn since(cursor: &Value, horizon: DateTime<Utc>) -> DateTime<Utc> {
    time(&cursor["since"]).unwrap_or(horizon)
}

/// A time in a cursor.
pub fn time(value: &Value) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.to_utc())
}
