//! Which times of change a search covers.
//!
//! JQL reads a date in the time zone of the user who asks, which nobody knows, and to the minute.
//! Minutes back from now mean the same to everyone. They move on with the clock, though: a search
//! of many pages keeps its words, because the token of the next page belongs to them, and covers
//! less and less of what it began with. So its end is checked when it is over.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// For what passes between question and answer, and for what clocks are corrected by.
const MARGIN: i64 = 1;
/// A search that was begun anew because the last one took too long is given so much more.
const PATIENCE: i64 = 60;

/// Times of change, in minutes back from when Jira answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    since: i64,
    until: Option<i64>,
}

impl Window {
    /// The window that holds all between two times, or all since the first; `now` is Jira's.
    pub fn new(since: DateTime<Utc>, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let age = |at: DateTime<Utc>| (now - at).num_milliseconds();
        let until = until.map(|until| age(until).div_euclid(60_000) - 2 * MARGIN);
        let margin = until.map_or(MARGIN, |_| PATIENCE);
        Self {
            since: ((age(since) + 59_999).div_euclid(60_000) + margin).max(1),
            // The whole of the last minutes.
            until: until.filter(|minutes| *minutes > 0),
        }
    }

    /// From a cursor.
    pub fn read(value: &Value) -> Option<Self> {
        Some(Self {
            since: value[0].as_i64()?,
            until: value[1].as_i64(),
        })
    }

    /// For a cursor.
    pub fn json(self) -> Value {
        json!([self.since, self.until])
    }

    /// Whether an answer that came at a time of Jira's covers what changed since another.
    pub fn covers(self, since: DateTime<Utc>, answered: DateTime<Utc>) -> bool {
        let age = TimeDelta::try_minutes(self.since).unwrap_or(TimeDelta::MAX);
        answered
            .checked_sub_signed(age)
            .is_none_or(|reaches| reaches <= since)
    }

    /// The search for a project's issues, newest change first.
    pub fn jql(self, project: &str) -> String {
        let until = match self.until {
            Some(minutes) => format!(" AND updated <= \"-{minutes}m\""),
            None => String::new(),
        };
        format!(
            "project = {} AND updated >= \"-{}m\"{until} ORDER BY updated DESC",
            quoted(project),
            self.since
        )
    }
}

/// The search for all issues of a project, new ones at its end.
pub fn all_of(project: &str) -> String {
    format!("project = {} ORDER BY created ASC", quoted(project))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(milliseconds).expect("a time")
    }

    #[test]
    fn words() {
        let now = at(1_800_000_000_000);
        let hour = now - TimeDelta::minutes(60);
        let window = Window::new(hour, None, now);
        assert_eq!(
            window.jql("PAY"),
            r#"project = "PAY" AND updated >= "-61m" ORDER BY updated DESC"#
        );
        let half = now - TimeDelta::minutes(30);
        let window = Window::new(hour, Some(half), now);
        assert_eq!(
            window.jql("P\"\\"),
            r#"project = "P\"\\" AND updated >= "-120m" AND updated <= "-28m" ORDER BY updated DESC"#
        );
        assert_eq!(Window::read(&window.json()), Some(window));
        assert_eq!(all_of("PAY"), r#"project = "PAY" ORDER BY created ASC"#);
    }

    proptest! {
        /// Jira evaluates the minutes when it answers, on a clock that was corrected to half a
        /// minute, and may cut the result to the minute.
        #[test]
        fn the_minutes_cover_both_bounds(
            since in 0..200_000_000_i64, length in 0..200_000_000_i64,
            late in 0..25_000_i64, error in -30_000..30_000_i64,
        ) {
            let answered = at(1_800_000_000_000);
            let asked = answered - TimeDelta::milliseconds(late) + TimeDelta::milliseconds(error);
            let until = asked - TimeDelta::milliseconds(since);
            let since = until - TimeDelta::milliseconds(length);
            let window = Window::new(since, Some(until), asked);
            prop_assert!(window.covers(since, answered));
            if let Some(minutes) = window.until {
                let end = (answered - TimeDelta::minutes(minutes)).timestamp().div_euclid(60);
                prop_assert!(DateTime::from_timestamp(end * 60, 0).expect("a time") >= until);
                prop_assert!(minutes <= window.since);
            }
        }

        /// Whatever the time between, a window that no longer covers its beginning says so.
        #[test]
        fn a_window_that_has_moved_on_is_noticed(age in 0..100_000_i64, later in 0..10_000_i64) {
            let asked = at(1_800_000_000_000);
            let since = asked - TimeDelta::seconds(age);
            let answered = asked + TimeDelta::seconds(later);
            let window = Window::new(since, None, asked);
            let reaches = answered - TimeDelta::minutes(window.since);
            prop_assert_eq!(window.covers(since, answered), reaches <= since);
        }
    }
}
