//! Chance and working time.

use crate::model::Time;
use chrono::{DateTime, Duration};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha1::{Digest, Sha1};

/// A seeded source of chance: the same seed and name give the same rolls everywhere.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice of their own for one name, so that one repository does not disturb another.
    pub fn new(seed: u64, name: &str) -> Self {
        let digest = Sha1::digest(format!("{seed}/{name}"));
        let mut key = [0_u8; 32];
        key[..20].copy_from_slice(&digest);
        Dice(ChaCha8Rng::from_seed(key))
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// A whole number in `low..=high`.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.0.random_range(0..from.len())]
    }

    /// A log-normal number with this median.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        let u: f64 = 1.0 - self.0.random::<f64>();
        let v: f64 = self.0.random();
        let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        median * (sigma * normal).exp()
    }

    /// How often something with this mean happens.
    pub fn poisson(&mut self, mean: f64) -> usize {
        let limit = (-mean).exp();
        let mut product = self.0.random::<f64>();
        let mut count = 0;
        while product > limit {
            product *= self.0.random::<f64>();
            count += 1;
        }
        count
    }

    /// A duration between two numbers of minutes.
    pub fn minutes(&mut self, low: i64, high: i64) -> Duration {
        Duration::seconds(self.range(low * 60, high * 60))
    }
}

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
const START: i64 = 9 * 3_600;
const WORKDAY: i64 = 9 * 3_600;
const WORKWEEK: i64 = 5 * WORKDAY;
/// 1970-01-05 was a Monday.
const MONDAY: i64 = 4 * DAY;

/// Working hours of a team: 9 to 18 o'clock on weekdays, at a fixed offset from UTC.
#[derive(Debug, Clone, Copy)]
pub struct Hours {
    /// Seconds that local time is ahead of UTC.
    pub offset: i64,
}

impl Hours {
    /// Working seconds from the beginning of time up to this moment.
    fn worked(self, t: Time) -> i64 {
        let local = t.timestamp() + self.offset - MONDAY;
        let (week, rest) = (local.div_euclid(WEEK), local.rem_euclid(WEEK));
        let (day, second) = (rest / DAY, rest % DAY);
        let within = if day >= 5 {
            WORKWEEK
        } else {
            day * WORKDAY + (second - START).clamp(0, WORKDAY)
        };
        week * WORKWEEK + within
    }

    /// The moment by which so many seconds have been worked.
    fn moment(self, worked: i64) -> Time {
        let (week, rest) = (worked.div_euclid(WORKWEEK), worked.rem_euclid(WORKWEEK));
        let (day, second) = (rest / WORKDAY, rest % WORKDAY);
        let local = week * WEEK + day * DAY + START + second;
        DateTime::from_timestamp(local - self.offset + MONDAY, 0).unwrap_or_default()
    }

    /// So many working minutes after a moment.
    pub fn after(self, t: Time, minutes: f64) -> Time {
        self.moment(self.worked(t) + (minutes * 60.0) as i64).max(t)
    }

    /// So many working minutes before a moment.
    pub fn before(self, t: Time, minutes: f64) -> Time {
        self.moment(self.worked(t) - (minutes * 60.0) as i64).min(t)
    }

    /// This local time of day on the day that contains `midnight` (UTC).
    pub fn at(self, midnight: Time, hour: i64, minute: i64) -> Time {
        midnight + Duration::seconds(hour * 3_600 + minute * 60 - self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str) -> Time {
        text.parse().expect("a time")
    }

    #[test]
    fn working_time_skips_nights_and_weekends() {
        let hours = Hours { offset: 3_600 };
        // Friday 17:00 local; two working hours later is Monday 10:00 local.
        let friday = t("2026-06-05T16:00:00Z");
        assert_eq!(hours.after(friday, 120.0), t("2026-06-08T09:00:00Z"));
        assert_eq!(hours.before(t("2026-06-08T09:00:00Z"), 120.0), friday);
        let saturday = t("2026-06-06T12:00:00Z");
        assert_eq!(hours.after(saturday, 30.0), t("2026-06-08T08:30:00Z"));
    }

    #[test]
    fn dice_repeat_themselves() {
        let roll = |seed, name| {
            let mut dice = Dice::new(seed, name);
            (0..20).map(|_| dice.range(0, 1_000)).collect::<Vec<_>>()
        };
        assert_eq!(roll(1, "a"), roll(1, "a"));
        assert_ne!(roll(1, "a"), roll(2, "a"));
        assert_ne!(roll(1, "a"), roll(1, "b"));
    }
}
