//! The state of any of the aggregates. All go through the same functions when parallel workers
//! hand theirs over.

use super::{DurationSketch, FailureRate, Frequency, Sample, StatisticsError};

/// What an aggregate has taken so far.
#[derive(Debug)]
pub enum State {
    /// Of `median` and `percentile`.
    Sample(Sample),
    /// Of `change_failure_rate`.
    FailureRate(FailureRate),
    /// Of `deployment_frequency`.
    Frequency(Frequency),
    /// Of `duration_sketch` and `rollup`.
    DurationSketch(DurationSketch),
}

impl State {
    /// A state of the same kind that has taken nothing.
    pub fn empty(&self) -> Self {
        match self {
            Self::Sample(sample) => Self::Sample(sample.without_values()),
            Self::FailureRate(_) => Self::FailureRate(FailureRate::default()),
            Self::Frequency(frequency) => Self::Frequency(frequency.without_events()),
            Self::DurationSketch(_) => Self::DurationSketch(DurationSketch::default()),
        }
    }

    /// Takes what another one has taken too.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatisticsError> {
        match (self, other) {
            (Self::Sample(here), Self::Sample(there)) => here.merge(there),
            (Self::FailureRate(here), Self::FailureRate(there)) => {
                here.merge(there);
                Ok(())
            }
            (Self::Frequency(here), Self::Frequency(there)) => here.merge(there),
            (Self::DurationSketch(here), Self::DurationSketch(there)) => here.merge(there),
            _ => Err(StatisticsError::OtherState),
        }
    }

    /// The bytes that [`Self::from_bytes`] reads.
    pub fn to_bytes(&mut self) -> Vec<u8> {
        let mut bytes = vec![self.tag()];
        match self {
            Self::Sample(sample) => sample.write(&mut bytes),
            Self::FailureRate(rate) => rate.write(&mut bytes),
            Self::Frequency(frequency) => frequency.write(&mut bytes),
            Self::DurationSketch(sketch) => sketch.write(&mut bytes),
        }
        bytes
    }

    /// What the bytes hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatisticsError> {
        match bytes.split_first() {
            Some((1, rest)) => Sample::from_bytes(rest).map(Self::Sample),
            Some((2, rest)) => FailureRate::from_bytes(rest).map(Self::FailureRate),
            Some((3, rest)) => Frequency::from_bytes(rest).map(Self::Frequency),
            Some((4, rest)) => DurationSketch::from_bytes(rest).map(Self::DurationSketch),
            _ => Err(StatisticsError::Malformed("state of an aggregate")),
        }
    }

    fn tag(&self) -> u8 {
        match self {
            Self::Sample(_) => 1,
            Self::FailureRate(_) => 2,
            Self::Frequency(_) => 3,
            Self::DurationSketch(_) => 4,
        }
    }

    /// The state of a percentile.
    pub fn sample(&mut self) -> Result<&mut Sample, StatisticsError> {
        match self {
            Self::Sample(sample) => Ok(sample),
            _ => Err(StatisticsError::OtherState),
        }
    }

    /// The state of a failure rate.
    pub fn failure_rate(&mut self) -> Result<&mut FailureRate, StatisticsError> {
        match self {
            Self::FailureRate(rate) => Ok(rate),
            _ => Err(StatisticsError::OtherState),
        }
    }

    /// The state of a frequency.
    pub fn frequency(&mut self) -> Result<&mut Frequency, StatisticsError> {
        match self {
            Self::Frequency(frequency) => Ok(frequency),
            _ => Err(StatisticsError::OtherState),
        }
    }

    /// The state of a sketch.
    pub fn duration_sketch(&mut self) -> Result<&mut DurationSketch, StatisticsError> {
        match self {
            Self::DurationSketch(sketch) => Ok(sketch),
            _ => Err(StatisticsError::OtherState),
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
