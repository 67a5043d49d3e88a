//! Continuous percentiles as `percentile_cont` defines them, by selection instead of sorting.

/// The two values that a percentile lies between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbours {
    /// The value at the rank below.
    pub lower: i64,
    /// The value at the rank above.
    pub upper: i64,
    /// How far the percentile is on the way from the lower to the upper one, from 0 to below 1.
    pub weight: f64,
}

/// The ranks, counted from 0, that a percentile of so many values lies between, and how far it is
/// on the way; `None` without values. The fraction is between 0 and 1.
pub fn ranks(count: u64, fraction: f64) -> Option<(u64, u64, f64)> {
    let last = count.checked_sub(1)?;
    let position = fraction * last as f64;
    let lower = (position.floor() as u64).min(last);
    let upper = (position.ceil() as u64).min(last);
    Some((lower, upper, position - lower as f64))
}

/// The values that a percentile lies between; `None` without values. The order of the values is
/// changed. The fraction is between 0 and 1.
pub fn neighbours(values: &mut [i64], fraction: f64) -> Option<Neighbours> {
    neighbours_from(values, &mut 0, fraction)
}

/// The same where none of the values before a rank is above any from it on. It becomes the rank below
/// the percentile, for which that holds afterwards.
fn neighbours_from(values: &mut [i64], rank: &mut usize, fraction: f64) -> Option<Neighbours> {
    let (lower, upper, weight) = ranks(values.len() as u64, fraction)?;
    let lower_rank = lower as usize;
    let start = if *rank <= lower_rank { *rank } else { 0 };
    *rank = lower_rank;
    let (_, &mut at_lower, above) = values[start..].select_nth_unstable(lower_rank - start);
    let next = (upper > lower).then(|| above.iter().min()).flatten();
    Some(Neighbours {
        lower: at_lower,
        upper: next.copied().unwrap_or(at_lower),
        weight,
    })
}

/// The continuous percentile of whole numbers; `None` without values. The order of the values is
/// changed. The fraction is between 0 and 1.
pub fn percentile(values: &mut [i64], fraction: f64) -> Option<f64> {
    let found = neighbours(values, fraction)?;
    let distance = found.upper as f64 - found.lower as f64;
    Some(found.lower as f64 + distance * found.weight)
}

/// The continuous percentile of durations, in the unit they are in, rounded as `percentile_cont`
/// rounds an interval to microseconds; `None` without values. The order of the values is changed.
/// The fraction is between 0 and 1.
pub fn duration_percentile(values: &mut [i64], fraction: f64) -> Option<i64> {
    let [found] = duration_percentiles(values, [fraction]);
    found
}

/// [`duration_percentile`] for several fractions, which is less work if they ascend: each is then
/// looked for only above the one before it.
pub fn duration_percentiles<const COUNT: usize>(
    values: &mut [i64],
    fractions: [f64; COUNT],
) -> [Option<i64>; COUNT] {
    let mut rank = 0;
    fractions.map(|fraction| {
        let found = neighbours_from(values, &mut rank, fraction)?;
        let distance = i128::from(found.upper) - i128::from(found.lower);
        let step = (distance as f64 * found.weight).round_ties_even() as i128;
        // The step is never longer than the distance but by rounding.
        i64::try_from(i128::from(found.lower) + step.min(distance)).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(values: &[i64], fraction: f64) -> Option<f64> {
        let mut sorted = values.to_vec();
        sorted.sort();
        let position = fraction * (sorted.len().checked_sub(1)? as f64);
        let (low, high) = (position.floor() as usize, position.ceil() as usize);
        let (low_value, high_value) = (sorted[low] as f64, sorted[high] as f64);
        Some(low_value + (high_value - low_value) * (position - low as f64))
    }

    #[test]
    fn worked_examples() {
        let hours = |hours: &[i64], fraction| percentile(&mut hours.to_vec(), fraction);
        assert_eq!(hours(&[10, 20, 30, 100], 0.5), Some(25.0), "A1");
        assert_eq!(hours(&[2, 30], 0.5), Some(16.0), "A1b");
        assert_eq!(hours(&[], 0.5), None, "A2");
        assert_eq!(hours(&[5, 5, 5, 9], 0.5), Some(5.0), "A3");
        assert_eq!(hours(&[1, 1, 1, 1, 96], 0.5), Some(1.0), "A4");
        let ten: Vec<_> = (1..=10).collect();
        for (fraction, expected) in [(0.9, 9.1), (0.85, 8.65)] {
            let found = hours(&ten, fraction).expect("values");
            assert!((found - expected).abs() < 1e-9, "A8: {found}");
        }
    }

    #[test]
    fn the_widest_durations_have_a_median() {
        let mut values = [i64::MIN, i64::MAX];
        assert_eq!(duration_percentile(&mut values, 0.5), Some(0));
        assert_eq!(duration_percentile(&mut values, 0.0), Some(i64::MIN));
        assert_eq!(duration_percentile(&mut values, 1.0), Some(i64::MAX));
    }

    proptest! {
        #[test]
        fn selection_is_what_sorting_gives(
            mut values in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 0..200),
            fraction in prop_oneof![Just(0.0), Just(0.5), Just(1.0), 0.0..=1.0],
        ) {
            let expected = naive(&values, fraction);
            prop_assert_eq!(percentile(&mut values, fraction), expected);
            let rounded = duration_percentile(&mut values, fraction);
            match (rounded, expected) {
                (Some(rounded), Some(expected)) => {
                    prop_assert!((rounded as f64 - expected).abs() <= 0.5 + 1e-6);
                }
                (rounded, expected) => prop_assert!(rounded.is_none() && expected.is_none()),
            }
        }

        #[test]
        fn several_are_what_each_is(
            mut values in prop::collection::vec(any::<i64>(), 0..50),
            fractions in prop::array::uniform3(0.0..=1.0),
        ) {
            let each = fractions.map(|it| duration_percentile(&mut values.clone(), it));
            prop_assert_eq!(duration_percentiles(&mut values, fractions), each);
        }

        #[test]
        fn a_percentile_lies_among_its_values(
            mut values in prop::collection::vec(any::<i64>(), 1..50),
            fraction in 0.0..=1.0,
        ) {
            let (least, most) = (values.iter().min().copied(), values.iter().max().copied());
            let found = duration_percentile(&mut values, fraction);
            prop_assert!(least <= found && found <= most, "{:?} {:?} {:?}", least, found, most);
        }
    }
}
