//! Numbers as keys: whole numbers in the order that PostgreSQL gives `double precision`.

use super::percentile::Neighbours;

/// The key of a number. Both zeros have one, and so have all that are not a number; those come
/// after all others.
pub fn key(number: f64) -> i64 {
    let number = match number {
        _ if number.is_nan() => f64::NAN.abs(),
        0.0 => 0.0,
        _ => number,
    };
    flip(number.to_bits().cast_signed())
}

/// The number that a key stands for.
pub fn from_key(key: i64) -> f64 {
    f64::from_bits(flip(key).cast_unsigned())
}

/// The bits of negative numbers grow with their size: all but the sign are turned over.
fn flip(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

/// The number between the two that the keys stand for.
pub fn between(found: Neighbours) -> f64 {
    let (lower, upper) = (from_key(found.lower), from_key(found.upper));
    // Two equal infinities have no distance.
    if found.lower == found.upper || found.weight == 0.0 {
        lower
    } else {
        lower + found.weight * (upper - lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_and_oddities() {
        assert_eq!(key(-0.0), key(0.0));
        assert_eq!(key(-f64::NAN), key(f64::NAN));
        assert!(key(f64::NAN) > key(f64::INFINITY));
        assert!(key(f64::NEG_INFINITY) < key(f64::MIN));
        let infinite = key(f64::INFINITY);
        let found = Neighbours {
            lower: infinite,
            upper: infinite,
            weight: 0.5,
        };
        assert_eq!(between(found), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn keys_keep_order_and_value(one: f64, other: f64) {
            prop_assert_eq!(from_key(key(one)), one);
            prop_assert_eq!(one.partial_cmp(&other), Some(key(one).cmp(&key(other))));
        }
    }
}
