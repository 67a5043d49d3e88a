//! Numbers in PostgreSQL's bytes. The hexadecimal ones are what PostgreSQL 15 stored.

use proptest::prelude::*;

use super::*;

/// A number as PostgreSQL 15 stores it on a little-endian machine, from its digits in JSON.
pub fn encode(decimal: &str) -> Vec<u8> {
    let (mantissa, exponent) = decimal.split_once(['e', 'E']).unwrap_or((decimal, "0"));
    let exponent: i32 = exponent.parse().expect("an exponent");
    let is_negative = mantissa.starts_with('-');
    let mantissa = mantissa.trim_start_matches('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let scale = (fraction.len() as i32 - exponent).max(0) as u16;
    // How many decimal digits stand before the point, made a multiple of four on both sides.
    let point = whole.len() as i32 + exponent;
    let lead = (-point).rem_euclid(4) as usize;
    let mut digits = format!("{}{whole}{fraction}", "0".repeat(lead));
    digits.push_str(&"0".repeat(digits.len().next_multiple_of(4) - digits.len()));
    let mut weight = (point + lead as i32) / 4 - 1;
    let digits = digits.as_bytes().chunks(4);
    let mut digits: Vec<u16> = digits
        .map(|digit| {
            digit
                .iter()
                .fold(0, |sum, digit| 10 * sum + u16::from(digit - b'0'))
        })
        .collect();
    while digits.first() == Some(&0) {
        digits.remove(0);
        weight -= 1;
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    if digits.is_empty() {
        weight = 0;
    }
    let is_negative = is_negative && !digits.is_empty();
    let mut halves = if (-64..64).contains(&weight) && scale < 64 {
        let sign = if is_negative { SHORT_NEGATIVE } else { 0 };
        vec![SHORT | sign | scale << 7 | weight as u16 & (SHORT_WEIGHT | SHORT_WEIGHT_SIGN)]
    } else {
        vec![
            if is_negative { NEGATIVE } else { 0 } | scale,
            weight as i16 as u16,
        ]
    };
    halves.extend(digits);
    let body: Vec<u8> = halves.into_iter().flat_map(u16::to_ne_bytes).collect();
    let header = long_header(body.len() + 4).expect("a header");
    [&header, body.as_slice()].concat()
}

/// The same with a varlena header of one byte.
fn shortened(bytes: &[u8]) -> Vec<u8> {
    let header = short_header(bytes.len() - 3).expect("a short number");
    [&[header], &bytes[4..]].concat()
}

#[test]
fn integers_up_to_the_limits() {
    let cases = [
        ("0", Some(0)),
        ("-0.0", Some(0)),
        ("1", Some(1)),
        ("-1", Some(-1)),
        ("9999", Some(9999)),
        ("10000", Some(10_000)),
        ("-20000", Some(-20_000)),
        ("100000000", Some(100_000_000)),
        ("12.00", Some(12)),
        ("1e18", Some(1_000_000_000_000_000_000)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("1e19", None),
        ("1e131071", None),
        ("0.5", None),
        ("-0.001", None),
        ("12.0001", None),
        ("1e-100", None),
    ];
    for (text, expected) in cases {
        let bytes = encode(text);
        assert_eq!(to_i64(&bytes), expected, "{text}");
        assert_eq!(to_i64(&shortened(&bytes)), expected, "{text}, short");
    }
}

#[test]
fn floats_are_the_nearest_ones() {
    for text in [
        "0",
        "1",
        "-1",
        "0.5",
        "-0.001",
        "12.3400",
        "0.1",
        "1e100",
        "1e-100",
        "1e-300",
        "1e308",
        "9007199254740993",
        "1751328000123.25",
        "0.30000000000000004",
        "1e-400",
        "123456789012345678901234567890.123456789",
    ] {
        assert_eq!(to_f64(&encode(text)), text.parse().ok(), "{text}");
    }
    assert_eq!(to_f64(&encode("1e309")), None);
    assert_eq!(to_f64(&encode("-1e131071")), None);
    let long = format!("{}.{}", "9".repeat(2_000), "9".repeat(16_000));
    assert_eq!(to_f64(&encode(&long)), None);
    assert_eq!(to_i64(&encode(&long)), None);
    let long = format!("0.{}", "3".repeat(16_000));
    assert_eq!(to_f64(&encode(&long)), Some(1.0 / 3.0));
}

#[test]
fn a_varlena_has_the_long_header() {
    for text in ["0", "-12.5", "1e100", "1e131071"] {
        let bytes = encode(text);
        assert!(matches!(to_varlena(&bytes), Some(Cow::Borrowed(same)) if same == bytes));
        assert_eq!(
            to_varlena(&shortened(&bytes)).as_deref(),
            Some(bytes.as_slice())
        );
    }
}

#[test]
#[cfg(target_endian = "little")]
fn the_encoder_writes_what_postgresql_writes() {
    // SELECT '-12.5'::jsonb, to_jsonb(12.5::numeric)
    assert_eq!(encode("-12.5"), b"\x28\0\0\0\x80\xa0\x0c\0\x88\x13");
    assert_eq!(encode("12.5"), b"\x28\0\0\0\x80\x80\x0c\0\x88\x13");
}

#[test]
fn what_does_not_follow_the_format_is_none() {
    let valid = encode("12.5");
    let mut bad: Vec<Vec<u8>> = (0..valid.len())
        .map(|length| valid[..length].to_vec())
        .collect();
    bad.push([valid.as_slice(), b"\0"].concat());
    bad.push([valid.as_slice(), b"\0\0"].concat());
    // NaN and the infinities; a digit of 10,000; a long form without its weight.
    for halves in [
        &[0xC000_u16][..],
        &[0xD000],
        &[0xF000],
        &[SHORT, 10_000],
        &[0],
    ] {
        let body: Vec<u8> = halves.iter().flat_map(|half| half.to_ne_bytes()).collect();
        let header = long_header(body.len() + 4).expect("a header");
        bad.push([&header, body.as_slice()].concat());
    }
    // A toast pointer.
    bad.push(vec![
        0x01, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    for bytes in bad {
        assert_eq!(to_i64(&bytes), None, "{bytes:?}");
        assert_eq!(to_f64(&bytes), None, "{bytes:?}");
        assert_eq!(to_varlena(&bytes), None, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn numbers_come_back(integer in any::<i64>(), float in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL) {
        prop_assert_eq!(to_i64(&encode(&integer.to_string())), Some(integer));
        prop_assert_eq!(to_f64(&encode(&format!("{float:e}"))), Some(float));
        prop_assert_eq!(to_f64(&encode(&float.to_string())), Some(float));
    }

    #[test]
    fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 4..64)) {
        let _ = (to_i64(&bytes), to_f64(&bytes), to_varlena(&bytes));
        let header = long_header(bytes.len()).expect("a header");
        bytes[..4].copy_from_slice(&header);
        let _ = (to_i64(&bytes), to_f64(&bytes), to_varlena(&bytes));
    }
}
