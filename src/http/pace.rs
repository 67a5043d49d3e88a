//! How much computing an API may be asked for: it limits seconds of its own time, and tells nobody
//! how many are left.

use std::time::{Duration, Instant};

/// An answer that takes no longer is not computed but only carried.
const CARRIED: Duration = Duration::from_millis(200);
/// So much may be asked for at once; after that a second for each second that passes.
const BURST: Duration = Duration::from_secs(30);

/// The seconds that answers took lately, less those that have passed since.
#[derive(Debug, Default)]
pub struct Pace {
    owed: Duration,
    /// When that was; `None` before the first request.
    at: Option<Instant>,
}

impl Pace {
    /// How long to wait before the next request.
    pub fn wait(&mut self, now: Instant) -> Duration {
        let before = self.at.replace(now).unwrap_or(now);
        let passed = now.saturating_duration_since(before);
        self.owed = self.owed.saturating_sub(passed);
        self.owed.saturating_sub(BURST)
    }

    /// Counts an answer that took so long.
    pub fn count(&mut self, took: Duration, now: Instant) {
        self.wait(now);
        self.owed += took.saturating_sub(CARRIED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn quick_answers_never_wait() {
        let start = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..10_000 {
            pace.count(CARRIED, start);
        }
        assert_eq!(pace.wait(start), Duration::ZERO);
    }

    #[test]
    fn slow_answers_come_a_second_for_a_second() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut now = start;
        let mut computed = Duration::ZERO;
        // Eight at a time, each of them two seconds and a half.
        for _ in 0..50 {
            now += pace.wait(now);
            for _ in 0..8 {
                pace.count(SECOND * 5 / 2, now);
                computed += SECOND * 5 / 2 - CARRIED;
            }
        }
        let elapsed = now - start;
        // No more than the burst, the eight under way, and a second for each second.
        assert!(
            computed <= elapsed + BURST + SECOND * 20,
            "{computed:?} in {elapsed:?}"
        );
        assert!(computed > elapsed, "{computed:?} in {elapsed:?}");
    }

    #[test]
    fn what_was_asked_is_forgotten_with_time() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.count(SECOND * 100, start);
        assert!(pace.wait(start) > SECOND * 60);
        assert_eq!(pace.wait(start + SECOND * 100), Duration::ZERO);
    }
}
