//! Durations in a form that can be stored and put together later: all of them as long as they are
//! few, a DDSketch of them beyond.
//!
//! The bytes begin with their version. Every release reads those of all releases before it:
//!
//! - version 1, then 0: all durations. How many; where there are any, the number that divides all
//!   of them, the shortest one and the steps from each to the next, all as multiples of it.
//! - version 1, then 1: how many bins; the shortest and the longest duration; of each bin its step
//!   from the one before, and how many durations are in it.
//!
//! Numbers are written by [`super::bytes`]. The same durations always give the same bytes.

use super::bins::Bins;
use super::bytes::{self, Reader};
use super::{StatisticsError, checked_fraction, percentile, reserve};

/// How many durations are kept as they are.
pub const EXACT_LIMIT: usize = 100_000;

const VERSION: u8 = 1;
const EXACT: u8 = 0;
const APPROXIMATE: u8 = 1;
const MALFORMED: StatisticsError = StatisticsError::Malformed("duration sketch");

/// Durations of a group.
#[derive(Debug, Clone)]
pub struct DurationSketch(Content);

#[derive(Debug, Clone)]
enum Content {
    /// At most [`EXACT_LIMIT`], in any order.
    Exact(Vec<i64>),
    Approximate(Bins),
}

impl Default for DurationSketch {
    fn default() -> Self {
        Self(Content::Exact(Vec::new()))
    }
}

impl DurationSketch {
    /// Takes a duration.
    pub fn add(&mut self, duration: i64) -> Result<(), StatisticsError> {
        match &mut self.0 {
            Content::Exact(values) if values.len() < EXACT_LIMIT => {
                reserve(values, 1)?;
                values.push(duration);
            }
            _ => self.bins().add(duration),
        }
        Ok(())
    }

    /// Takes the durations of another one too.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatisticsError> {
        match (&mut self.0, &other.0) {
            (Content::Exact(values), Content::Exact(others))
                if values.len() + others.len() <= EXACT_LIMIT =>
            {
                reserve(values, others.len())?;
                values.extend_from_slice(others);
            }
            (_, Content::Exact(others)) => {
                let bins = self.bins();
                others.iter().for_each(|&duration| bins.add(duration));
            }
            (_, Content::Approximate(others)) => self.bins().merge(others),
        }
        Ok(())
    }

    /// The bins, into which the durations go that were kept as they are.
    fn bins(&mut self) -> &mut Bins {
        if let Content::Exact(values) = &self.0 {
            let mut bins = Bins::default();
            values.iter().for_each(|&duration| bins.add(duration));
            self.0 = Content::Approximate(bins);
        }
        match &mut self.0 {
            Content::Approximate(bins) => bins,
            Content::Exact(_) => unreachable!("they were put into bins"),
        }
    }

    /// Whether all durations are kept as they are.
    pub fn is_exact(&self) -> bool {
        matches!(self.0, Content::Exact(_))
    }

    /// How many durations there are.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Content::Exact(values) => values.len() as u64,
            Content::Approximate(bins) => bins.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The continuous percentile: exact, or to 1 %; `None` without durations.
    pub fn percentile(&mut self, fraction: f64) -> Result<Option<i64>, StatisticsError> {
        let fraction = checked_fraction(fraction)?;
        Ok(match &mut self.0 {
            Content::Exact(values) => percentile::duration_percentile(values, fraction),
            Content::Approximate(bins) => bins.percentile(fraction),
        })
    }

    /// Appends the bytes that [`Self::from_bytes`] reads.
    pub fn write(&mut self, bytes: &mut Vec<u8>) {
        bytes.push(VERSION);
        match &mut self.0 {
            Content::Exact(values) => {
                bytes.push(EXACT);
                // In a window the last call has sorted most of them.
                values.sort();
                write_sorted(values, bytes);
            }
            Content::Approximate(bins) => {
                bytes.push(APPROXIMATE);
                bins.write(bytes);
            }
        }
    }

    /// What the bytes hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatisticsError> {
        let mut reader = Reader(bytes);
        match reader.byte() {
            Some(VERSION) => {}
            Some(version) => return Err(StatisticsError::UnknownVersion(version)),
            None => return Err(MALFORMED),
        }
        let content = match reader.byte() {
            Some(EXACT) => read_sorted(&mut reader).map(Content::Exact),
            Some(APPROXIMATE) => Bins::read(&mut reader).map(Content::Approximate),
            _ => None,
        };
        match content {
            Some(content) if reader.is_at_end() => Ok(Self(content)),
            _ => Err(MALFORMED),
        }
    }
}

fn greatest_common_divisor(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Times of an API are whole seconds, and so are the durations between them: their common divisor
/// is worth more than half of the bytes.
fn write_sorted(sorted: &[i64], bytes: &mut Vec<u8>) {
    bytes::write(bytes, sorted.len() as u64);
    let Some(&first) = sorted.first() else {
        return;
    };
    let unit = sorted.iter().fold(0, |unit, value| {
        greatest_common_divisor(value.unsigned_abs(), unit)
    });
    let unit = unit.max(1);
    bytes::write(bytes, unit);
    // A part of a number in 64 bits, and that of a distance between two, fit again.
    bytes::write_signed(bytes, (i128::from(first) / i128::from(unit)) as i64);
    for pair in sorted.windows(2) {
        bytes::write(bytes, pair[1].abs_diff(pair[0]) / unit);
    }
}

fn read_sorted(reader: &mut Reader<'_>) -> Option<Vec<i64>> {
    let length = reader.count(1)?;
    if length > EXACT_LIMIT {
        return None;
    }
    let mut values = Vec::with_capacity(length);
    if length == 0 {
        return Some(values);
    }
    let unit = i128::from(reader.number()?);
    let mut value = i128::from(reader.signed()?) * unit;
    values.push(value.try_into().ok()?);
    for _ in 1..length {
        value += i128::from(reader.number()?) * unit;
        values.push(value.try_into().ok()?);
    }
    Some(values)
}

#[cfg(test)]
#[path = "duration_sketch_tests.rs"]
mod tests;
