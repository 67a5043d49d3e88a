//! PostgreSQL's `numeric` as it lies inside a JSONB document (`utils/adt/numeric.c`).

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
    let body = without_varlena_header(bytes)?;
    let header = half(body, 0)?;
    let (negative, weight, digits_start) = match header & SIGN_MASK {
        SPECIAL => return None,
        SHORT => {
            let magnitude = (header & SHORT_WEIGHT) as i16;
            let weight = if header & SHORT_WEIGHT_SIGN != 0 {
                magnitude | !(SHORT_WEIGHT as i16)
            } else {
                magnitude
            };
            (header & SHORT_NEGATIVE != 0, weight, 2)
        }
        sign => (sign == NEGATIVE, half(body, 2)? as i16, 4),
    };
    let digits = body.get(digits_start..)?;
    let mut value: i64 = 0;
    let mut position = i32::from(weight);
    for digit in digits.chunks_exact(2) {
        let digit = i64::from(i16::from_ne_bytes(digit.try_into().ok()?));
        if position < 0 {
            if digit != 0 {
                return None;
            }
        } else {
            value = value.checked_mul(10_000)?.checked_sub(digit)?;
        }
        position -= 1;
    }
    // Trailing zero digits are not stored.
    while position >= 0 && value != 0 {
        value = value.checked_mul(10_000)?;
        position -= 1;
    }
    // Built from below zero, where there is room for one more than above it.
    if negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

fn without_varlena_header(bytes: &[u8]) -> Option<&[u8]> {
    let short = if cfg!(target_endian = "little") {
        bytes.first()? & 0x01 != 0
    } else {
        bytes.first()? & 0x80 != 0
    };
    bytes.get(if short { 1 } else { 4 }..)
}

fn half(bytes: &[u8], offset: usize) -> Option<u16> {
    let bytes = bytes.get(offset..offset + 2)?;
    Some(u16::from_ne_bytes(bytes.try_into().ok()?))
}
