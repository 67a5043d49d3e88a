//! Between chrono's and PostgreSQL's times.

use chrono::{DateTime, Utc};
use pgrx::datum::TimestampWithTimeZone;

/// 2000-01-01 in microseconds of the Unix epoch: where PostgreSQL's count begins.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// A time as PostgreSQL has it; NULL for one outside its range.
pub fn timestamp(time: Option<DateTime<Utc>>) -> Option<TimestampWithTimeZone> {
    from_micros(time?.timestamp_micros())
}

/// A time from microseconds of the Unix epoch; NULL for one outside PostgreSQL's range.
pub fn from_micros(micros: i64) -> Option<TimestampWithTimeZone> {
    micros.checked_sub(POSTGRES_EPOCH)?.try_into().ok()
}
