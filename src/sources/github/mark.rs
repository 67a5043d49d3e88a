//! What tells whether a stream of a repository has news.
//!
//! A pass notes the mark of what it saw on its first page. The repository's own document gives the
//! same mark as long as nothing has changed, and saves asking for the stream.

use chrono::{DateTime, TimeDelta, Utc};

use crate::sources::Options;

/// How many of a list's newest elements a mark looks at, except for pull requests: there the first
/// one is the one that changed last.
pub const ELEMENTS: usize = 20;

/// A change within the same second would give the same mark, and what is so young may not have
/// reached every replica of the API.
const SETTLED: TimeDelta = TimeDelta::minutes(2);

/// The mark of a list: how many elements it has, and when the newest of them changed last.
pub fn of_list(count: i64, updated_at: Option<DateTime<Utc>>) -> String {
    let updated_at = updated_at.map_or_else(String::new, |at| at.to_rfc3339());
    format!("{count} {updated_at}")
}

/// Whether what changed last is old enough to rely on its mark.
pub fn is_settled(updated_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    updated_at.is_none_or(|at| now - at > SETTLED)
}

/// The mark together with the option that decides how far back a pass goes.
pub fn with_options(mark: &str, options: &Options) -> String {
    format!("{mark} since {}", options.since())
}
