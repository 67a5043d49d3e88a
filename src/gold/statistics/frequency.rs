//! How many events there were in a range of time.

use super::StatisticsError;
use super::bytes::{self, Reader};

const DAY: f64 = 86_400e6;

/// Events of the half-open range `[since, until)`. Times are microseconds after any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frequency {
    since: i64,
    until: i64,
    count: u64,
}

impl Frequency {
    /// No events yet.
    pub fn new(since: i64, until: i64) -> Self {
        Self {
            since,
            until,
            count: 0,
        }
    }

    /// The same range without events.
    pub fn without_events(&self) -> Self {
        Self::new(self.since, self.until)
    }

    /// Takes an event, or none, for which the range must be the same.
    pub fn add(
        &mut self,
        event: Option<i64>,
        since: i64,
        until: i64,
    ) -> Result<(), StatisticsError> {
        self.same(since, until)?;
        let is_inside = event.is_some_and(|event| since <= event && event < until);
        self.count += u64::from(is_inside);
        Ok(())
    }

    /// Takes the events of another one too.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatisticsError> {
        self.same(other.since, other.until)?;
        self.count += other.count;
        Ok(())
    }

    fn same(&self, since: i64, until: i64) -> Result<(), StatisticsError> {
        let is_same = (self.since, self.until) == (since, until);
        is_same.then_some(()).ok_or(StatisticsError::OtherRange)
    }

    /// Beginning and end of the range.
    pub fn range(&self) -> (i64, i64) {
        (self.since, self.until)
    }

    /// Events per day. `since` and `until` are what the clocks showed at the beginning and at the
    /// end: a day has 24 hours on the calendar, whether they were changed in it or not. `None`
    /// where the range is empty.
    pub fn per_day(&self, since: i64, until: i64) -> Option<f64> {
        let days = (until as f64 - since as f64) / DAY;
        (days > 0.0).then(|| self.count as f64 / days)
    }

    /// Appends the bytes that [`Self::from_bytes`] reads. They live as long as a query.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes::write_signed(bytes, self.since);
        bytes::write_signed(bytes, self.until);
        bytes::write(bytes, self.count);
    }

    /// What the bytes hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatisticsError> {
        let mut reader = Reader(bytes);
        let read = (reader.signed(), reader.signed(), reader.number());
        match (read, reader.is_at_end()) {
            ((Some(since), Some(until), Some(count)), true) if count <= u64::MAX >> 1 => Ok(Self {
                since,
                until,
                count,
            }),
            _ => Err(StatisticsError::Malformed("state of a frequency")),
        }
    }
}
