//! How many of a group's deployments failed.

use super::StatisticsError;
use super::bytes::{self, Reader};

/// Deployments, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailureRate {
    failed: u64,
    total: u64,
}

impl FailureRate {
    /// Takes a deployment.
    pub fn add(&mut self, failed: bool) {
        self.failed += u64::from(failed);
        self.total += 1;
    }

    /// Forgets a deployment that was taken before.
    pub fn remove(&mut self, failed: bool) {
        self.failed = self.failed.saturating_sub(u64::from(failed));
        self.total = self.total.saturating_sub(1);
    }

    /// Takes the deployments of another one too.
    pub fn merge(&mut self, other: &Self) {
        self.failed += other.failed;
        self.total += other.total;
    }

    /// The share that failed; `None` without deployments.
    pub fn rate(&self) -> Option<f64> {
        (self.total > 0).then(|| self.failed as f64 / self.total as f64)
    }

    /// Appends the bytes that [`Self::from_bytes`] reads. They live as long as a query.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes::write(bytes, self.failed);
        bytes::write(bytes, self.total);
    }

    /// What the bytes hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatisticsError> {
        let mut reader = Reader(bytes);
        match (reader.number(), reader.number(), reader.is_at_end()) {
            (Some(failed), Some(total), true) if failed <= total && total <= u64::MAX >> 1 => {
                Ok(Self { failed, total })
            }
            _ => Err(StatisticsError::Malformed("state of a failure rate")),
        }
    }
}
