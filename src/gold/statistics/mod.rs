//! What the aggregates compute, and the states they compute it in.
//!
//! Pure Rust. Durations are whole microseconds. A state takes values one by one, takes over what
//! another state of its kind holds, and travels as bytes from a parallel worker to its leader.

mod bins;
mod bytes;
pub mod duration_sketch;
pub mod failure_rate;
pub mod frequency;
pub mod number;
pub mod percentile;
pub mod sample;
pub mod state;
pub mod wilson;

pub use duration_sketch::DurationSketch;
pub use failure_rate::FailureRate;
pub use frequency::Frequency;
pub use sample::Sample;
pub use state::State;

/// Why a figure cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum StatisticsError {
    /// Not a fraction.
    #[error("the fraction of a percentile must be between 0 and 1, not {0}")]
    Fraction(f64),
    /// A fraction that is another one in another row.
    #[error(
        "the fraction of a percentile must be the same in all rows of a group, not {0} and {1}"
    )]
    OtherFraction(f64, f64),
    /// A range that is another one in another row.
    #[error("since and until must be the same in all rows of a group")]
    OtherRange,
    /// A range without beginning or end.
    #[error("since and until must be finite")]
    InfiniteRange,
    /// A duration of more than 292,000 years, or an infinite one.
    #[error("the interval is infinite or longer than 292,000 years")]
    TooLong,
    /// More values than can be counted, or kept.
    #[error("out of memory: there is no room for {0} values")]
    OutOfMemory(usize),
    /// Bytes that were not written by this type.
    #[error("these bytes are not a {0}")]
    Malformed(&'static str),
    /// Bytes of a later release.
    #[error("a duration sketch of version {0} is not known to this release")]
    UnknownVersion(u8),
    /// A function was declared for an aggregate that it is not made for.
    #[error("an aggregate was given the state of another one")]
    OtherState,
}

/// Makes room for more values; an allocation that fails would end the process otherwise.
fn reserve(values: &mut Vec<i64>, more: usize) -> Result<(), StatisticsError> {
    values
        .try_reserve(more)
        .map_err(|_| StatisticsError::OutOfMemory(values.len().saturating_add(more)))
}

/// The fraction, if it is one.
pub fn checked_fraction(fraction: f64) -> Result<f64, StatisticsError> {
    if (0.0..=1.0).contains(&fraction) {
        Ok(fraction)
    } else {
        Err(StatisticsError::Fraction(fraction))
    }
}
