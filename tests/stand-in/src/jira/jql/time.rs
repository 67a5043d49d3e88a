//! Times in queries: to the minute, in the time zone of whoever asks.

use crate::model::Time;
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The moment that a text means.
pub fn moment(text: &str, zone: Tz, now: Time) -> Option<Time> {
    if text.eq_ignore_ascii_case("now()") {
        return Some(now);
    }
    if text.len() > 8 && text.chars().all(|c| c.is_ascii_digit()) {
        return DateTime::from_timestamp_millis(text.parse().ok()?);
    }
    let plain = text.trim().replace('/', "-");
    if let Ok(local) = NaiveDateTime::parse_from_str(&plain, "%Y-%m-%d %H:%M") {
        return local_moment(local, zone);
    }
    if let Ok(day) = NaiveDate::parse_from_str(&plain, "%Y-%m-%d") {
        return local_moment(day.and_hms_opt(0, 0, 0)?, zone);
    }
    period(text.trim()).map(|p| now + p)
}

/// The first moment with a local time; where the clocks jump over it, an hour later.
fn local_moment(local: NaiveDateTime, zone: Tz) -> Option<Time> {
    let at = |local: NaiveDateTime| zone.from_local_datetime(&local).earliest();
    let found = at(local).or_else(|| at(local + Duration::hours(1)));
    found.map(|t| t.with_timezone(&Utc))
}

/// A span such as `-5m`, `4w 2d`: months have no letter, `m` are minutes.
fn period(text: &str) -> Option<Duration> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut minutes = 0;
    for part in rest.split_whitespace() {
        let unit = part.chars().last()?;
        let number: i64 = part.strip_suffix(unit)?.parse().ok()?;
        minutes += number
            * match unit {
                'm' => 1,
                'h' => 60,
                'd' => 1_440,
                'w' => 10_080,
                _ => return None,
            };
    }
    (!rest.trim().is_empty()).then(|| Duration::minutes(sign * minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local() {
        let now: Time = "2026-06-30T15:00:30Z".parse().expect("a time");
        let at = |text: &str| moment(text, Tz::Europe__Berlin, now).map(|t| t.to_rfc3339());
        let is = |text: &str, expected: &str| {
            assert_eq!(at(text).as_deref(), Some(expected), "{text}");
        };
        is("2026/01/31 10:05", "2026-01-31T09:05:00+00:00");
        is("2026-07-01 10:05", "2026-07-01T08:05:00+00:00");
        is("2026/01/31", "2026-01-30T23:00:00+00:00");
        // The clocks jump from two to three, and back from three to two.
        is("2026/03/29 02:30", "2026-03-29T01:30:00+00:00");
        is("2026/10/25 02:30", "2026-10-25T00:30:00+00:00");
        is("-5m", "2026-06-30T14:55:30+00:00");
        is("-1w 1d", "2026-06-22T15:00:30+00:00");
        is("1782831630000", "2026-06-30T15:00:30+00:00");
        for wrong in [
            "2026-01-31T10:05:00Z",
            "2026/01/31 10:05:07",
            "soon",
            "-",
            "5y",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
