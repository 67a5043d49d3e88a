//! The DORA figures of groups of services in buckets of time, from the months' facts.

use std::collections::BTreeMap;

use super::facts::{Duration, Time};
use super::months::{Change, Deployment, Incident, Month};

/// What is asked for.
#[derive(Debug, Default)]
pub struct Question {
    /// What lies before it is left out.
    pub since: Time,
    /// What lies at it or after it is left out.
    pub until: Time,
    /// Where each bucket begins, and the end of the last one.
    pub buckets: Vec<Time>,
    /// Where each day begins, and the end of the last one.
    pub days: Vec<Time>,
    /// The full weeks: position of the first day, and the bucket that the week lies in.
    pub weeks: Vec<(usize, usize)>,
    /// The present: no deployment is later.
    pub now: Time,
}

/// The figures of a group in a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Successful ones.
    pub deployments: i64,
    /// Those that ended in success or failure.
    pub attempts: i64,
    /// Successful ones that were the first to ship something.
    pub with_changes: i64,
    /// Successful ones of the commit that was live already.
    pub redeployments: i64,
    /// The deployments that can count as failed.
    pub counted: i64,
    /// Those of them that did.
    pub failed: i64,
    /// How long each of these failures took that is over.
    pub recoveries: Vec<Duration>,
    /// Those that are not.
    pub open_failures: i64,
    /// Successful deployments that were made because of a failure.
    pub unplanned: i64,
    /// What deployments were the first to ship.
    pub changes: i64,
    /// Of those changes for which it is known.
    pub lead_times: Vec<Duration>,
    /// Changes that were merged and that nothing has shipped.
    pub unshipped: i64,
    /// When the oldest of these was merged.
    pub unshipped_since: Option<Time>,
    /// Of each incident that is over, how long it took.
    pub restore_times: Vec<Duration>,
    /// Incidents that are not.
    pub open_incidents: i64,
    /// When the oldest of these began.
    pub incident_open_since: Option<Time>,
    /// Incidents that no deployment is to blame for.
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
                        unite(held, it);
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

/// Makes one of the same deployment of two services. What holds for either holds, but it is a
/// redeployment only for both, and a failure is over once it is for both.
fn unite(held: &mut Deployment, it: &Deployment) {
    const EITHER: u16 =
        Deployment::COUNTED | Deployment::FAILED | Deployment::UNPLANNED | Deployment::WITH_CHANGES;
    let recovery_times = held.recovery_time.zip(it.recovery_time);
    held.recovery_time = match (held.is(Deployment::FAILED), it.is(Deployment::FAILED)) {
        (true, true) => recovery_times.map(|(one, other)| one.max(other)),
        (true, false) => held.recovery_time,
        (false, _) => it.recovery_time,
    };
    if !it.is(Deployment::REDEPLOY) {
        held.marks &= !Deployment::REDEPLOY;
    }
    held.marks |= it.marks & EITHER;
}

fn keep_first(map: &mut BTreeMap<(usize, u64), Change>, key: (usize, u64), it: &Change) {
    let held = map.entry(key).or_insert(*it);
    // Of two at once the one that says more, whichever came first.
    let place = |it: &Change| (it.at, it.lead_time.is_none(), it.lead_time);
    if place(it) < place(held) {
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

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
