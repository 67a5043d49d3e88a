//! The DORA figures of groups of services in buckets of time, from the months' facts.

use std::collections::BTreeMap;

use super::facts::{Duration, Time};
use super::months::{Change, Deployment, Incident, Month};

/// What is asked for.
#[derive(Debug, Default)]
pub struct Question {
    /// `[since, until)`
    pub since: Time,
    pub until: Time,
    /// Where each bucket begins, and the end of the last one.
    pub buckets: Vec<Time>,
    /// Where each day begins, and the end of the last one.
    pub days: Vec<Time>,
    /// The full weeks: position of the first day, and the bucket that the week lies in.
    pub weeks: Vec<(usize, usize)>,
    pub now: Time,
}

/// The figures of a group in a bucket.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Successful ones.
    pub deployments: i64,
    /// Those that ended in success or failure.
    pub attempts: i64,
    pub with_changes: i64,
    pub redeployments: i64,
    /// The deployments that can count as failed.
    pub counted: i64,
    pub failed: i64,
    pub recoveries: Vec<Duration>,
    pub open_failures: i64,
    pub unplanned: i64,
    pub changes: i64,
    pub lead_times: Vec<Duration>,
    pub unshipped: i64,
    /// When the oldest of these was merged.
    pub unshipped_since: Option<Time>,
    pub restore_times: Vec<Duration>,
    pub open_incidents: i64,
    /// When the oldest of these began.
    pub incident_open_since: Option<Time>,
    pub unattributed_incidents: i64,
    /// Bits, by position among the origins.
    pub origins: u8,
    /// Deployment days of each full week.
    pub deployment_days: Vec<i64>,
    /// When the last deployment finished.
    pub last_deployment_at: Option<Time>,
}

/// The figures of all groups and buckets, while they are put together.
#[derive(Debug)]
pub struct Answer<'a> {
    question: &'a Question,
    figures: Vec<Figures>,
    days: Vec<bool>,
    /// What several services share, by group and key: counted once, where it came first.
    deployments: BTreeMap<(usize, u64), Deployment>,
    shipped: BTreeMap<(usize, u64), Change>,
    unshipped: BTreeMap<(usize, u64), Change>,
    incidents: BTreeMap<(usize, u64), Incident>,
}

impl<'a> Answer<'a> {
    /// Nothing yet, for so many groups.
    pub fn new(question: &'a Question, groups: usize) -> Self {
        Self {
            figures: vec![Figures::default(); groups * question.bucket_count()],
            days: vec![false; groups * question.days.len().saturating_sub(1)],
            question,
            deployments: BTreeMap::new(),
            shipped: BTreeMap::new(),
            unshipped: BTreeMap::new(),
            incidents: BTreeMap::new(),
        }
    }

    /// Adds the month of a service of a group.
    pub fn add(&mut self, group: usize, month: &Month) {
        let mut at = Cursor::default();
        for it in &month.deployments {
            if let Some(bucket) = self.question.bucket(it.at, &mut at) {
                match it.key {
                    0 => self.add_deployment(group, bucket, it),
                    key => {
                        let held = self.deployments.entry((group, key)).or_insert(*it);
                        // It failed if it did for any of them, and that is over when it is for all.
                        held.recovery_time = match held.is(Deployment::FAILED) {
                            true if it.is(Deployment::FAILED) => {
                                let both = held.recovery_time.zip(it.recovery_time);
                                both.map(|(one, other)| one.max(other))
                            }
                            true => held.recovery_time,
                            false => it.recovery_time,
                        };
                        held.marks |= it.marks
                            & (Deployment::COUNTED
                                | Deployment::FAILED
                                | Deployment::UNPLANNED
                                | Deployment::WITH_CHANGES);
                    }
                }
            }
        }
        let mut at = Cursor::default();
        for it in &month.shipped {
            if let Some(bucket) = self.question.bucket(it.at, &mut at) {
                match it.key {
                    0 => self.add_shipped(group, bucket, it),
                    key => keep_first(&mut self.shipped, (group, key), it),
                }
            }
        }
        let mut at = Cursor::default();
        for it in &month.unshipped {
            if let Some(bucket) = self.question.bucket(it.at, &mut at) {
                match it.key {
                    0 => self.add_unshipped(group, bucket, it),
                    key => keep_first(&mut self.unshipped, (group, key), it),
                }
            }
        }
        let mut at = Cursor::default();
        for it in &month.incidents {
            if self.question.bucket(it.at, &mut at).is_some() {
                let held = self.incidents.entry((group, it.key)).or_insert(*it);
                held.at = held.at.min(it.at);
                held.is_unattributed &= it.is_unattributed;
                let both = held.restore_time.zip(it.restore_time);
                held.restore_time = both.map(|(one, other)| one.max(other));
            }
        }
    }

    /// The figures, by group and, within each, by bucket.
    pub fn finish(mut self) -> Vec<Figures> {
        let mut at = Cursor::default();
        for ((group, _), it) in std::mem::take(&mut self.deployments) {
            if let Some(bucket) = self.question.bucket(it.at, &mut at) {
                self.add_deployment(group, bucket, &it);
            }
        }
        // What one of the services has shipped is shipped.
        let shipped = std::mem::take(&mut self.shipped);
        for (key, it) in std::mem::take(&mut self.unshipped) {
            if let Some(bucket) = self.question.bucket(it.at, &mut at)
                && !shipped.contains_key(&key)
            {
                self.add_unshipped(key.0, bucket, &it);
            }
        }
        for ((group, _), it) in std::mem::take(&mut self.incidents) {
            if let Some(bucket) = self.question.bucket(it.at, &mut at) {
                self.add_incident(group, bucket, &it);
            }
        }
        for ((group, _), it) in shipped {
            if let Some(bucket) = self.question.bucket(it.at, &mut at) {
                self.add_shipped(group, bucket, &it);
            }
        }
        let days = self.question.days.len().saturating_sub(1);
        let groups = self.figures.len() / self.question.bucket_count().max(1);
        for group in 0..groups {
            for &(first, bucket) in &self.question.weeks {
                let week = &self.days[group * days..][first..][..7];
                let count = week.iter().filter(|it| **it).count();
                self.figures(group, bucket)
                    .deployment_days
                    .push(count as i64);
            }
        }
        self.figures
    }

    fn figures(&mut self, group: usize, bucket: usize) -> &mut Figures {
        &mut self.figures[group * self.question.bucket_count() + bucket]
    }

    fn add_deployment(&mut self, group: usize, bucket: usize, it: &Deployment) {
        let now = self.question.now;
        let figures = self.figures(group, bucket);
        figures.attempts += 1;
        if it.is(Deployment::COUNTED) {
            figures.counted += 1;
            if it.is(Deployment::FAILED) {
                figures.failed += 1;
                match it.recovery_time {
                    Some(time) => figures.recoveries.push(time),
                    None => figures.open_failures += 1,
                }
            }
        }
        if !it.is(Deployment::SUCCEEDED) {
            return;
        }
        figures.deployments += 1;
        figures.unplanned += i64::from(it.is(Deployment::UNPLANNED));
        figures.with_changes += i64::from(it.is(Deployment::WITH_CHANGES));
        figures.redeployments += i64::from(it.is(Deployment::REDEPLOY));
        figures.origins |= 1 << it.origin();
        figures.last_deployment_at = figures.last_deployment_at.max(Some(it.at.min(now)));
        let days = self.question.days.len().saturating_sub(1);
        let day = self.question.days.partition_point(|&start| start <= it.at);
        if (1..=days).contains(&day) {
            self.days[group * days + day - 1] = true;
        }
    }

    fn add_incident(&mut self, group: usize, bucket: usize, it: &Incident) {
        let figures = self.figures(group, bucket);
        figures.unattributed_incidents += i64::from(it.is_unattributed);
        match it.restore_time {
            Some(time) => figures.restore_times.push(time),
            None => {
                figures.open_incidents += 1;
                earliest(&mut figures.incident_open_since, it.at);
            }
        }
    }

    fn add_shipped(&mut self, group: usize, bucket: usize, it: &Change) {
        let figures = self.figures(group, bucket);
        figures.changes += 1;
        figures.lead_times.extend(it.lead_time);
    }

    fn add_unshipped(&mut self, group: usize, bucket: usize, it: &Change) {
        let figures = self.figures(group, bucket);
        figures.unshipped += 1;
        earliest(&mut figures.unshipped_since, it.at);
    }
}

fn earliest(held: &mut Option<Time>, at: Time) {
    *held = Some(held.map_or(at, |held| held.min(at)));
}

fn keep_first(map: &mut BTreeMap<(usize, u64), Change>, key: (usize, u64), it: &Change) {
    let held = map.entry(key).or_insert(*it);
    if it.at < held.at {
        *held = *it;
    }
}

/// The bucket that the last moment lay in: the next one mostly lies there too.
#[derive(Debug, Default)]
struct Cursor(usize);

impl Question {
    /// How many buckets there are.
    pub fn bucket_count(&self) -> usize {
        self.buckets.len().saturating_sub(1)
    }

    fn bucket(&self, at: Time, cursor: &mut Cursor) -> Option<usize> {
        if at < self.since || at >= self.until {
            return None;
        }
        let held = self.buckets.get(cursor.0..cursor.0 + 2);
        if !held.is_some_and(|held| held[0] <= at && at < held[1]) {
            cursor.0 = self
                .buckets
                .partition_point(|&start| start <= at)
                .checked_sub(1)?;
        }
        (cursor.0 < self.bucket_count()).then_some(cursor.0)
    }
}

/// The bounds within which the true rate lies in 19 of 20 cases (Wilson 1927); `None` of nothing.
pub fn wilson(successes: i64, total: i64) -> Option<(f64, f64)> {
    if total <= 0 {
        return None;
    }
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (total as f64, successes as f64 / total as f64);
    let middle = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let bounds = ((middle - spread) / scale, (middle + spread) / scale);
    Some((bounds.0.clamp(0.0, p), bounds.1.clamp(p, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of a month of two services of one repository, whichever is read first.
    fn together(one: &Month, other: &Month) -> Vec<Figures> {
        let question = Question {
            until: 100,
            buckets: vec![0, 100],
            ..Question::default()
        };
        let figures = |months: [&Month; 2]| {
            let mut answer = Answer::new(&question, 1);
            months.iter().for_each(|it| answer.add(0, it));
            answer.finish().remove(0)
        };
        vec![figures([one, other]), figures([other, one])]
    }

    /// D22
    #[test]
    fn what_services_share_fails_once_and_is_over_when_it_is_for_all() {
        let month = |marks: u16, recovery_time, restore_time, is_unattributed| Month {
            deployments: vec![Deployment {
                at: 10,
                recovery_time,
                marks: Deployment::SUCCEEDED | marks,
                key: 7,
            }],
            incidents: vec![Incident {
                at: 20,
                restore_time,
                is_unattributed,
                key: 8,
            }],
            ..Month::default()
        };
        let (counted, failed) = (
            Deployment::COUNTED,
            Deployment::COUNTED | Deployment::FAILED,
        );
        let open = month(failed, None, None, false);
        let over = month(failed, Some(5), Some(3), true);
        let fine = month(counted, None, Some(4), true);
        let uncounted = month(0, None, Some(4), true);
        for it in together(&open, &over) {
            assert_eq!((it.deployments, it.counted, it.failed), (1, 1, 1));
            assert_eq!((it.recoveries, it.open_failures), (vec![], 1));
            assert_eq!((it.restore_times, it.open_incidents), (vec![], 1));
            assert_eq!(it.unattributed_incidents, 0);
        }
        for other in [&fine, &uncounted] {
            for it in together(&over, other) {
                assert_eq!((it.deployments, it.counted, it.failed), (1, 1, 1));
                assert_eq!((it.recoveries, it.open_failures), (vec![5], 0));
                assert_eq!((it.restore_times, it.open_incidents), (vec![4], 0));
                assert_eq!(it.unattributed_incidents, 1);
            }
        }
    }

    /// A10
    #[test]
    fn rates_of_few_are_uncertain() {
        let percent = |successes, total| {
            wilson(successes, total).map(|(low, high)| {
                (
                    (low * 1000.0).round() / 10.0,
                    (high * 1000.0).round() / 10.0,
                )
            })
        };
        assert_eq!(percent(1, 4), Some((4.6, 69.9)));
        assert_eq!(percent(0, 3), Some((0.0, 56.1)));
        assert_eq!(percent(4, 23), Some((7.0, 37.1)));
        assert_eq!(percent(5, 100), Some((2.2, 11.2)));
        assert_eq!(percent(0, 0), None);
    }
}
