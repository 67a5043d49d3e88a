//! All values of a group, for one exact percentile of them.

use super::percentile::{self, Neighbours};
use super::{StatisticsError, checked_fraction, reserve};

/// Values, and which percentile of them is asked for. The order of the values means nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    fraction: f64,
    values: Vec<i64>,
}

impl Sample {
    /// No values yet.
    pub fn new(fraction: f64) -> Result<Self, StatisticsError> {
        Ok(Self {
            fraction: checked_fraction(fraction)?,
            values: Vec::new(),
        })
    }

    /// The same percentile of nothing.
    pub fn without_values(&self) -> Self {
        Self {
            fraction: self.fraction,
            values: Vec::new(),
        }
    }

    /// Takes a value, of which the same percentile must be asked for.
    pub fn add(&mut self, value: i64, fraction: f64) -> Result<(), StatisticsError> {
        self.same(fraction)?;
        reserve(&mut self.values, 1)?;
        self.values.push(value);
        Ok(())
    }

    /// Takes the values of another one too.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatisticsError> {
        self.same(other.fraction)?;
        reserve(&mut self.values, other.values.len())?;
        self.values.extend_from_slice(&other.values);
        Ok(())
    }

    fn same(&self, fraction: f64) -> Result<(), StatisticsError> {
        if fraction == self.fraction {
            Ok(())
        } else {
            // What is wrong is said of the first one that is.
            let fraction = checked_fraction(fraction)?;
            Err(StatisticsError::OtherFraction(self.fraction, fraction))
        }
    }

    /// The percentile as a duration; `None` without values.
    pub fn duration(&mut self) -> Option<i64> {
        percentile::duration_percentile(&mut self.values, self.fraction)
    }

    /// The values that the percentile lies between; `None` without values.
    pub fn neighbours(&mut self) -> Option<Neighbours> {
        percentile::neighbours(&mut self.values, self.fraction)
    }

    /// Appends the bytes that [`Self::from_bytes`] reads. They live as long as a query.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.reserve(8 * (1 + self.values.len()));
        bytes.extend(self.fraction.to_le_bytes());
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
    }

    /// What the bytes hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatisticsError> {
        let malformed = StatisticsError::Malformed("state of a percentile");
        let (words, rest) = bytes.as_chunks();
        let Some((fraction, words)) = words.split_first().filter(|_| rest.is_empty()) else {
            return Err(malformed);
        };
        let mut sample = Self::new(f64::from_le_bytes(*fraction)).map_err(|_| malformed)?;
        reserve(&mut sample.values, words.len())?;
        let values = words.iter().copied().map(i64::from_le_bytes);
        sample.values.extend(values);
        Ok(sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_is_one_and_the_same() {
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(
                matches!(Sample::new(wrong), Err(StatisticsError::Fraction(_))),
                "{wrong}"
            );
        }
        let mut sample = Sample::new(0.5).expect("a fraction");
        assert_eq!(sample.add(1, 0.5), Ok(()));
        assert_eq!(
            sample.add(1, 0.9),
            Err(StatisticsError::OtherFraction(0.5, 0.9))
        );
        assert_eq!(sample.add(1, 2.0), Err(StatisticsError::Fraction(2.0)));
        let other = Sample::new(0.9).expect("a fraction");
        assert_eq!(
            sample.merge(&other),
            Err(StatisticsError::OtherFraction(0.5, 0.9))
        );
    }
}
