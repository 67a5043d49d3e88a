//! Between chrono's and PostgreSQL's times.

use chrono::{DateTime, Utc};
use pgrx::datum::TimestampWithTimeZone;

use crate::rows::POSTGRES_EPOCH;

/// A time as PostgreSQL has it; NULL for one outside its range.
pub fn timestamp(time: Option<DateTime<Utc>>) -> Option<TimestampWithTimeZone> {
    let micros = time?.timestamp_micros();
    micros.checked_sub(POSTGRES_EPOCH)?.try_into().ok()
}
