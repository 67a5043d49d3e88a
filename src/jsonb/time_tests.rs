//! Times in the forms that APIs write, and against chrono's own parser.

use proptest::prelude::*;

use super::*;

fn micros(text: &str) -> Option<i64> {
    time(text).map(|time| time.timestamp_micros())
}

#[test]
fn all_forms_of_an_instant_are_that_instant() {
    let forms = [
        "2025-07-01T00:00:00Z",
        "2025-07-01T00:00:00.000+0000",
        "2025-07-01T00:00:00+00:00",
        "2025-07-01T00:00:00-00:00",
        "2025-07-01T00:00:00.0Z",
        "2025-07-01T00:00:00.0000000000000Z",
        "2025-07-01T02:00:00+02:00",
        "2025-07-01T05:45:00.000+0545",
        "2025-06-30T14:00:00-1000",
        "2025-07-01t00:00:00z",
        "2025-07-01 00:00:00Z",
        "1751328000",
        "1751328000000",
    ];
    for form in forms {
        assert_eq!(micros(form), Some(1_751_328_000_000_000), "{form}");
    }
}

#[test]
fn fractions_may_have_any_length() {
    let whole = 1_751_328_000_000_000;
    for (fraction, more) in [
        (".5", 500_000),
        (".123", 123_000),
        (".000001", 1),
        (".123456789", 123_456),
        (".1234567899999999999999", 123_456),
    ] {
        for zone in ["Z", "+0000", "+00:00"] {
            let text = format!("2025-07-01T00:00:00{fraction}{zone}");
            assert_eq!(micros(&text), Some(whole + more), "{text}");
        }
    }
}

#[test]
fn what_is_no_time_is_none() {
    let texts = [
        "",
        "-",
        "x",
        "now",
        "2025-07-01",
        "2025-07-01T00:00Z",
        "2025-07-01T00:00:00",
        "2025-07-01T00:00:00.Z",
        "2025-07-01T00:00:00.5",
        "2025-07-01T00:00:00ZZ",
        "2025-07-01T00:00:00Z ",
        "2025-07-01T00:00:00+2400",
        "2025-07-01T00:00:00+0060",
        "2025-07-01T00:00:00*0000",
        "2025-00-01T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2025-04-31T00:00:00.000+0000",
        "2025-07-00T00:00:00Z",
        "2025-07-01T24:00:00Z",
        "2025-07-01T25:00:00.000+0000",
        "2025-07-01T00:60:00Z",
        "2025-07-01T00:00:61Z",
        "2025-07-0/T00:00:00Z",
        "2025-07-0:T00:00:00Z",
        "é025-07-01T00:00:00Z",
        "2025-07-01T00:00:00é",
        "1751328000.5",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999999999",
    ];
    for text in texts {
        assert_eq!(time(text), None, "{text}");
    }
    assert!(time("2024-02-29T23:59:59Z").is_some());
    assert!(time("2000-02-29T00:00:00Z").is_some());
    // The leap second is read as chrono has it.
    assert!(time("2016-12-31T23:59:60Z").is_some());
}

#[test]
fn counts_are_seconds_or_milliseconds_by_their_size() {
    let seconds = |count| epoch(count).map(|time| time.timestamp());
    assert_eq!(seconds(0), Some(0));
    assert_eq!(seconds(-86_400), Some(-86_400));
    assert_eq!(seconds(99_999_999_999), Some(99_999_999_999));
    assert_eq!(seconds(100_000_000_000), Some(100_000_000));
    assert_eq!(seconds(-99_999_999_999), Some(-99_999_999_999));
    assert_eq!(seconds(-100_000_000_000), Some(-100_000_000));
    assert_eq!(micros("-100000000000"), Some(-100_000_000_000_000));
    assert_eq!(epoch(i64::MAX), None);
    assert_eq!(epoch(i64::MIN), None);
    let micros = |count| fractional_epoch(count).map(|time| time.timestamp_micros());
    assert_eq!(micros(1_751_328_000.25), Some(1_751_328_000_250_000));
    assert_eq!(micros(1_751_328_000_123.25), Some(1_751_328_000_123_250));
    assert_eq!(micros(-0.5), Some(-500_000));
    for count in [1e300, -1e300, f64::INFINITY] {
        assert_eq!(micros(count), None);
    }
}

proptest! {
    #[test]
    fn agrees_with_chrono(
        text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,12})?(Z|[+-][0-2][0-9]:[0-6][0-9])"
    ) {
        let chronos = DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc());
        prop_assert_eq!(time(&text), chronos);
        // The colon makes no difference, but for a leap second, which only RFC 3339 has.
        if let Some((moment, zone)) = text.rsplit_once(['+', '-'])
            && !text.contains(":60")
            && !text.ends_with('Z')
        {
            let sign = &text[moment.len()..=moment.len()];
            let plain = format!("{moment}{sign}{}", zone.replace(':', ""));
            prop_assert_eq!(time(&plain), chronos);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}", digits in "-?[0-9TZ:.+-]{0,40}") {
        let _ = (time(&text), time(&digits));
    }
}
