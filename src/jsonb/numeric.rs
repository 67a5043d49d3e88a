//! PostgreSQL's `numeric` as it lies inside a JSONB document (`utils/adt/numeric.c`): a varlena
//! header, a header of its own in a short or a long form, then digits to the base of 10,000.

use std::borrow::Cow;
use std::fmt::Write;

const SIGN_MASK: u16 = 0xC000;
const SHORT: u16 = 0x8000;
const NEGATIVE: u16 = 0x4000;
const SPECIAL: u16 = 0xC000;
const SHORT_NEGATIVE: u16 = 0x2000;
const SHORT_WEIGHT_SIGN: u16 = 0x0040;
const SHORT_WEIGHT: u16 = 0x003F;

/// The integer a `numeric` holds, varlena header included; `None` when it has a fraction, is not
/// finite or does not fit.
pub fn to_i64(bytes: &[u8]) -> Option<i64> {
    let number = Number::new(bytes)?;
    let mut value: i64 = 0;
    let mut position = number.weight;
    for digit in number.digits() {
        if position < 0 {
            if digit != 0 {
                return None;
            }
        } else {
            value = value.checked_mul(10_000)?.checked_sub(i64::from(digit))?;
        }
        position -= 1;
    }
    // Trailing zero digits are not stored.
    while position >= 0 && value != 0 {
        value = value.checked_mul(10_000)?;
        position -= 1;
    }
    // Built from below zero, where there is room for one more than above it.
    if number.is_negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

/// The nearest floating-point number; `None` when there is none.
pub fn to_f64(bytes: &[u8]) -> Option<f64> {
    let number = Number::new(bytes)?;
    // The standard library's parser rounds correctly, which is not to be had with a few products.
    let mut decimal = String::from(if number.is_negative { "-0" } else { "0" });
    for digit in number.digits() {
        write!(decimal, "{digit:04}").ok()?;
    }
    let exponent = 4 * (number.weight + 1 - number.digits.len() as i32);
    write!(decimal, "e{exponent}").ok()?;
    decimal.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A `numeric` as PostgreSQL's functions take it, with a varlena header of four bytes. Inside a
/// document it may have the short one.
///
/// What does not follow the format is held back: PostgreSQL would take its length for granted.
pub fn to_varlena(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    Number::new(bytes)?;
    let body = without_varlena_header(bytes)?;
    if bytes.len() == body.len() + 4 {
        return Some(Cow::Borrowed(bytes));
    }
    let header = long_header(body.len() + 4)?;
    Some(Cow::Owned([&header, body].concat()))
}

struct Number<'a> {
    is_negative: bool,
    /// The power of 10,000 of the first digit.
    weight: i32,
    digits: &'a [[u8; 2]],
}

impl<'a> Number<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (halves, []) = without_varlena_header(bytes)?.as_chunks() else {
            return None;
        };
        let (header, rest) = halves.split_first()?;
        let header = u16::from_ne_bytes(*header);
        let number = match header & SIGN_MASK {
            SPECIAL => return None,
            SHORT => {
                let magnitude = i32::from(header & SHORT_WEIGHT);
                let weight = match header & SHORT_WEIGHT_SIGN {
                    0 => magnitude,
                    _ => magnitude | !i32::from(SHORT_WEIGHT),
                };
                Self {
                    is_negative: header & SHORT_NEGATIVE != 0,
                    weight,
                    digits: rest,
                }
            }
            sign => {
                let (weight, digits) = rest.split_first()?;
                Self {
                    is_negative: sign == NEGATIVE,
                    weight: i32::from(i16::from_ne_bytes(*weight)),
                    digits,
                }
            }
        };
        let is_valid = number.digits().all(|digit| digit < 10_000);
        is_valid.then_some(number)
    }

    fn digits(&self) -> impl Iterator<Item = u16> {
        self.digits.iter().map(|digit| u16::from_ne_bytes(*digit))
    }
}

/// What follows the varlena header, if the header tells the length that there is.
fn without_varlena_header(bytes: &[u8]) -> Option<&[u8]> {
    if let Some((header, body)) = bytes.split_first_chunk::<4>()
        && long_header(bytes.len()) == Some(*header)
    {
        return Some(body);
    }
    let (header, body) = bytes.split_first()?;
    (short_header(bytes.len()) == Some(*header)).then_some(body)
}

/// The varlena header of four bytes for a total length (`SET_VARSIZE_4B`).
fn long_header(length: usize) -> Option<[u8; 4]> {
    let length = u32::try_from(length)
        .ok()
        .filter(|length| length >> 30 == 0)?;
    Some(if cfg!(target_endian = "little") {
        (length << 2).to_ne_bytes()
    } else {
        length.to_ne_bytes()
    })
}

/// The varlena header of one byte for a total length (`SET_VARSIZE_1B`).
fn short_header(length: usize) -> Option<u8> {
    let length = u8::try_from(length)
        .ok()
        .filter(|length| length >> 7 == 0)?;
    Some(if cfg!(target_endian = "little") {
        length << 1 | 0x01
    } else {
        length | 0x80
    })
}

#[cfg(test)]
#[path = "numeric_tests.rs"]
pub(super) mod tests;
