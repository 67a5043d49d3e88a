//! What the headers of an answer say about rate limits.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use reqwest::header::HeaderMap;

/// What is left of a rate limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// Which of the API's limits: GitHub counts REST and GraphQL apart.
    pub resource: String,
    /// Requests or points in a whole period.
    pub limit: Option<i64>,
    /// Requests or points left.
    pub remaining: i64,
    /// When the limit starts afresh.
    pub resets_at: DateTime<Utc>,
}

/// A header's number.
pub fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    text(headers, name)?.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// When the header `Retry-After` says to come again: it has seconds or a date.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let value = text(headers, "retry-after")?;
    match value.parse() {
        Ok(seconds) => now.checked_add_signed(TimeDelta::try_seconds(seconds)?),
        Err(_) => DateTime::parse_from_rfc2822(value)
            .ok()
            .map(|time| time.to_utc()),
    }
}

/// When a limit starts afresh: a number of seconds at GitHub and a date at Jira, which leaves out
/// the seconds.
pub fn reset(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let reset = text(headers, "x-ratelimit-reset")?;
    if let Ok(seconds) = reset.parse() {
        return DateTime::from_timestamp(seconds, 0);
    }
    let to_the_minute = || NaiveDateTime::parse_from_str(reset, "%Y-%m-%dT%H:%MZ");
    DateTime::parse_from_rfc3339(reset)
        .map(|time| time.to_utc())
        .or_else(|_| to_the_minute().map(|time| time.and_utc()))
        .ok()
}

/// The budget in the headers `X-RateLimit-…`; an Enterprise Server without limits sends none, or
/// a limit of 0.
pub fn budget(headers: &HeaderMap) -> Option<Budget> {
    let limit = number(headers, "x-ratelimit-limit");
    if limit == Some(0) {
        return None;
    }
    let resets_at = reset(headers)?;
    Some(Budget {
        resource: text(headers, "x-ratelimit-resource")
            .unwrap_or_default()
            .to_owned(),
        limit,
        remaining: number(headers, "x-ratelimit-remaining")?,
        resets_at,
    })
}

/// Whether the budget is used up.
pub fn is_exhausted(headers: &HeaderMap) -> bool {
    number(headers, "x-ratelimit-remaining") == Some(0)
        && number(headers, "x-ratelimit-limit") != Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &str)| {
            (
                reqwest::header::HeaderName::from_static(name),
                value.parse().expect("a value"),
            )
        };
        pairs.iter().map(header).collect()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let at = |value| retry_after(&headers(&[("retry-after", value)]), now);
        assert_eq!(at("60"), Some(now + TimeDelta::seconds(60)));
        assert_eq!(
            at("Wed, 21 Oct 2026 07:28:00 GMT").map(|at| at.to_rfc3339()),
            Some("2026-10-21T07:28:00+00:00".to_owned())
        );
        assert_eq!(at("soon"), None);
        // A number that no clock can hold.
        assert_eq!(at("9223372036854775807"), None);
    }

    #[test]
    fn a_reset_is_seconds_or_a_date() {
        let budget_at = |reset| {
            budget(&headers(&[
                ("x-ratelimit-limit", "5000"),
                ("x-ratelimit-remaining", "7"),
                ("x-ratelimit-reset", reset),
            ]))
        };
        let seconds = budget_at("1800000000").expect("a budget");
        assert_eq!((seconds.limit, seconds.remaining), (Some(5000), 7));
        assert_eq!(budget_at("2027-01-15T08:00:00Z"), Some(seconds.clone()));
        assert_eq!(budget_at("2027-01-15T08:00Z"), Some(seconds));
        assert_eq!(budget_at("later"), None);
    }

    #[test]
    fn a_limit_of_zero_is_none() {
        let unlimited = headers(&[
            ("x-ratelimit-limit", "0"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1800000000"),
        ]);
        assert_eq!(budget(&unlimited), None);
        assert!(!is_exhausted(&unlimited));
    }
}
