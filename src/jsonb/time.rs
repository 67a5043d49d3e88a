//! Times as APIs write them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// From here on a count since 1970 is one of milliseconds: as seconds it would be the year 5138,
/// as milliseconds it is 1973.
const MILLISECONDS: u64 = 100_000_000_000;

/// A time in ISO 8601 form, or as digits that count from 1970.
pub fn time(text: &str) -> Option<DateTime<Utc>> {
    usual(text.as_bytes())
        .or_else(|| text.parse().ok().and_then(epoch))
        .or_else(|| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc()))
}

/// A time as seconds or milliseconds since 1970, whichever its size tells.
pub fn epoch(count: i64) -> Option<DateTime<Utc>> {
    match count.unsigned_abs() {
        MILLISECONDS.. => DateTime::from_timestamp_millis(count),
        _ => DateTime::from_timestamp(count, 0),
    }
}

/// The same for a count with a fraction, to the microsecond.
pub fn fractional_epoch(count: f64) -> Option<DateTime<Utc>> {
    let factor = match count.abs() >= MILLISECONDS as f64 {
        true => 1e3,
        false => 1e6,
    };
    DateTime::from_timestamp_micros((count * factor).round() as i64)
}

/// `2025-07-01T00:00:00`, with or without a fraction, then `Z` or an offset with or without a
/// colon: what GitHub and Jira write.
///
/// chrono's own parsers need twenty times as long for Jira's form, which is not RFC 3339, and more
/// than twice as long for GitHub's. Which dates and times of day there are, chrono still says.
fn usual(text: &[u8]) -> Option<DateTime<Utc>> {
    let (moment, rest) = text.split_first_chunk::<19>()?;
    #[rustfmt::skip]
    let &[
        y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T',
        h1, h2, b':', i1, i2, b':', s1, s2,
    ] = moment else {
        return None;
    };
    let year = 100 * pair(y1, y2)? + pair(y3, y4)?;
    let date = NaiveDate::from_ymd_opt(year as i32, pair(m1, m2)?, pair(d1, d2)?)?;
    let (hour, minute, second) = (pair(h1, h2)?, pair(i1, i2)?, pair(s1, s2)?);
    if rest == b"Z" {
        return Some(date.and_hms_opt(hour, minute, second)?.and_utc());
    }
    let (nanosecond, zone) = fraction(rest)?;
    let time = date
        .and_hms_nano_opt(hour, minute, second, nanosecond)?
        .and_utc();
    match offset(zone)? {
        0 => Some(time),
        ahead => time.checked_sub_signed(TimeDelta::minutes(ahead)),
    }
}

/// The nanoseconds in a fraction, if there is one, and what comes after it.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some((b'.', text)) = text.split_first() else {
        return Some((0, text));
    };
    let (mut nanosecond, mut unit) = (0, 100_000_000);
    let mut rest = text;
    while let Some((digit @ b'0'..=b'9', after)) = rest.split_first() {
        nanosecond += unit * u32::from(digit - b'0');
        unit /= 10;
        rest = after;
    }
    (rest.len() < text.len()).then_some((nanosecond, rest))
}

/// How many minutes a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, h1, h2, m1, m2) = match *zone {
        [b'Z'] => return Some(0),
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => (sign, h1, h2, m1, m2),
        _ => return None,
    };
    let (hours, minutes) = (pair(h1, h2)?, pair(m1, m2)?);
    let ahead = i64::from(60 * hours + minutes);
    match sign {
        _ if hours > 23 || minutes > 59 => None,
        b'+' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}

/// Two digits as a number.
fn pair(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(10 * tens + ones))
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
