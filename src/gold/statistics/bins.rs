//! A DDSketch: durations counted in bins, each 2 % wider than the one below it, so that what stands
//! for a bin differs from all values in it by 1 % at most (Masson, Rim and Lee, 2019).
//!
//! The bins are bounded by the range of durations: there are fewer than 2,200 on each side of 0.
//! None is ever merged with its neighbour, so the order in which values come makes no difference.

use std::collections::BTreeMap;

use super::bytes::{self, Reader};
use super::percentile;

/// How far what stands for a bin may be from the values in it. Stored sketches rely on it.
const ERROR: f64 = 0.01;
/// The upper end of a bin over its lower end.
const GAMMA: f64 = (1.0 + ERROR) / (1.0 - ERROR);
/// The bin of the longest duration; the shortest has this one below 0.
const LAST_BIN: i64 = 2_184;

/// Durations in bins. The one of 0 is 0; those of negative durations are below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bins {
    counts: BTreeMap<i64, u64>,
    total: u64,
    least: i64,
    most: i64,
}

impl Default for Bins {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            total: 0,
            least: i64::MAX,
            most: i64::MIN,
        }
    }
}

fn bin(value: i64) -> i64 {
    if value == 0 {
        return 0;
    }
    let distance = ((value.unsigned_abs() as f64).ln() / GAMMA.ln()).floor();
    value.signum() * (1 + distance as i64)
}

/// What stands for a bin.
fn representative(bin: i64) -> f64 {
    if bin == 0 {
        return 0.0;
    }
    let lower_end = ((bin.abs() - 1) as f64 * GAMMA.ln()).exp();
    bin.signum() as f64 * lower_end * (1.0 + ERROR)
}

impl Bins {
    /// Takes a value.
    pub fn add(&mut self, value: i64) {
        *self.counts.entry(bin(value)).or_default() += 1;
        self.total += 1;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    /// Takes the values of another one too. Counts end at their largest number.
    pub fn merge(&mut self, other: &Self) {
        for (&bin, &count) in &other.counts {
            let here = self.counts.entry(bin).or_default();
            *here = here.saturating_add(count);
        }
        self.total = self.total.saturating_add(other.total);
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    /// How many values there are.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// What stands for the value at a rank, counted from 0. The first and the last are exact.
    fn at(&self, rank: u64) -> f64 {
        let (least, most) = (self.least as f64, self.most as f64);
        match rank {
            0 => return least,
            _ if rank + 1 >= self.total => return most,
            _ => {}
        }
        let mut below = 0_u64;
        let found = self.counts.iter().find(|&(_, &count)| {
            below = below.saturating_add(count);
            below > rank
        });
        found.map_or(most, |(&bin, _)| representative(bin).max(least).min(most))
    }

    /// The continuous percentile, to 1 %; `None` without values. The fraction is between 0 and 1.
    pub fn percentile(&self, fraction: f64) -> Option<i64> {
        let (lower, upper, weight) = percentile::ranks(self.total, fraction)?;
        let (lower, upper) = (self.at(lower), self.at(upper));
        Some((lower + (upper - lower) * weight).round() as i64)
    }

    /// Appends the bytes that [`Self::read`] reads.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes::write(bytes, self.counts.len() as u64);
        bytes::write_signed(bytes, self.least);
        bytes::write_signed(bytes, self.most);
        let mut last = 0;
        for (&bin, &count) in &self.counts {
            bytes::write_signed(bytes, bin - last);
            bytes::write(bytes, count);
            last = bin;
        }
    }

    /// What the bytes hold; `None` for others. There is at least one value.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.count(2)?;
        let mut bins = Self {
            least: reader.signed()?,
            most: reader.signed()?,
            ..Self::default()
        };
        let mut last = 0_i64;
        for position in 0..length {
            let bin = last.checked_add(reader.signed()?)?;
            let count = reader.number()?;
            let comes_after = position == 0 || bin > last;
            if !comes_after || count == 0 || bin.abs() > LAST_BIN {
                return None;
            }
            bins.total = bins.total.checked_add(count)?;
            bins.counts.insert(bin, count);
            last = bin;
        }
        (length > 0 && bins.least <= bins.most).then_some(bins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sketches_ddsketch::{Config, DDSketch};

    #[test]
    fn the_bins_reach_to_the_longest_durations() {
        assert_eq!(bin(i64::MAX), LAST_BIN);
        assert_eq!(bin(i64::MIN), -LAST_BIN);
        assert_eq!(bin(1), 1);
        assert_eq!(bin(-1), -1);
    }

    proptest! {
        #[test]
        fn a_bin_stands_for_its_values_to_1_percent(value: i64) {
            let error = (representative(bin(value)) - value as f64).abs();
            prop_assert!(error <= (value as f64).abs() * (ERROR + 1e-9), "{value} {error}");
        }

        #[test]
        fn it_is_what_the_library_of_the_algorithms_authors_computes(
            values in prop::collection::vec(-10_000_000_000_000_i64..10_000_000_000_000, 1..300),
            fraction in 0.0..=1.0,
        ) {
            let mut bins = Bins::default();
            let mut library = DDSketch::new(Config::new(ERROR, 4096, 0.5));
            for &value in &values {
                bins.add(value);
                library.add(value as f64);
            }
            let rank = fraction * (values.len() as f64 - 1.0);
            let expected = library.quantile(fraction).expect("a fraction").expect("values");
            let expected = expected.max(bins.least as f64).min(bins.most as f64);
            if rank >= 1.0 && rank < values.len() as f64 - 1.0 {
                let found = bins.at(rank as u64);
                prop_assert!((found - expected).abs() <= expected.abs() * 1e-9, "{found} {expected}");
            }
        }
    }
}
