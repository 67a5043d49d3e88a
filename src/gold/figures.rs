//! The DORA figures of groups of services in buckets of time, from the months' facts.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::durations::Durations;
use super::facts::{Duration, Time};
use super::month_bytes::{Fact, Facts, List};
use super::months::{Change, Deployment, Incident};

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

impl Figures {
    fn add_deployment(&mut self, it: &Deployment, now: Time) {
        self.attempts += 1;
        if it.is(Deployment::COUNTED) {
            self.counted += 1;
            if it.is(Deployment::FAILED) {
                self.failed += 1;
                match it.recovery_time {
                    Some(time) => self.recoveries.push(time),
                    None => self.open_failures += 1,
                }
            }
        }
        if !it.is(Deployment::SUCCEEDED) {
            return;
        }
        self.deployments += 1;
        self.unplanned += i64::from(it.is(Deployment::UNPLANNED));
        self.with_changes += i64::from(it.is(Deployment::WITH_CHANGES));
        self.redeployments += i64::from(it.is(Deployment::REDEPLOY));
        self.origins |= 1_u8.checked_shl(it.origin() as u32).unwrap_or(0);
        self.last_deployment_at = self.last_deployment_at.max(Some(it.at.min(now)));
    }

    fn add_unshipped(&mut self, at: Time) {
        self.unshipped += 1;
        earliest(&mut self.unshipped_since, at);
    }

    fn add_incident(&mut self, it: &Incident) {
        self.unattributed_incidents += i64::from(it.is_unattributed);
        match it.restore_time {
            Some(time) => self.restore_times.push(time),
            None => {
                self.open_incidents += 1;
                earliest(&mut self.incident_open_since, it.at);
            }
        }
    }
}

/// By group and key.
type Shared<T> = HashMap<(usize, u64), T, RandomState>;

/// The figures of all groups and buckets, while they are put together.
#[derive(Debug, Default)]
pub struct Answer {
    question: Question,
    groups: usize,
    /// By group and, within each, by bucket: cells.
    figures: Vec<Figures>,
    lead_times: Durations,
    /// By group and day: whether something was deployed.
    days: Vec<bool>,
    // What several services share: counted once, where it came first.
    deployments: Shared<Deployment>,
    shipped: Shared<Change>,
    unshipped: Shared<Time>,
    /// With their groups. Each has a key, shared or not, and they are few.
    incidents: Vec<(usize, Incident)>,
}

impl Answer {
    /// Nothing yet, for so many groups.
    pub fn new(question: Question, groups: usize) -> Self {
        let cells = groups * question.bucket_count();
        Self {
            groups,
            figures: vec![Figures::default(); cells],
            lead_times: Durations::new(cells),
            days: vec![false; groups * question.day_count()],
            question,
            ..Self::default()
        }
    }

    /// Adds the month of a service of a group.
    pub fn add(&mut self, group: usize, month: &Facts<'_>) {
        let mut rest = month.deployments;
        while let Some((bucket, part)) = self.question.next_part(&mut rest) {
            for it in part.iter() {
                match it.key {
                    0 => self.add_deployment(group, bucket, &it),
                    key => unite(self.deployments.entry((group, key)).or_insert(it), &it),
                }
            }
        }
        let mut rest = month.shipped;
        while let Some((bucket, part)) = self.question.next_part(&mut rest) {
            let cell = self.cell(group, bucket);
            let mut changes = 0;
            let lead_times = part.iter().filter_map(|it| match it.key {
                0 => {
                    changes += 1;
                    it.lead_time
                }
                key => {
                    keep_first(&mut self.shipped, (group, key), &it);
                    None
                }
            });
            self.lead_times.extend(cell, lead_times);
            self.figures[cell].changes += changes;
        }
        let mut rest = month.unshipped;
        while let Some((bucket, part)) = self.question.next_part(&mut rest) {
            let cell = self.cell(group, bucket);
            for it in part.iter() {
                match it.key {
                    0 => self.figures[cell].add_unshipped(it.at),
                    key => {
                        let held = self.unshipped.entry((group, key)).or_insert(it.at);
                        *held = it.at.min(*held);
                    }
                }
            }
        }
        let mut rest = month.incidents;
        while let Some((_, part)) = self.question.next_part(&mut rest) {
            self.incidents.extend(part.iter().map(|it| (group, it)));
        }
    }

    /// The figures, by group and, within each, by bucket.
    pub fn finish(mut self) -> impl Iterator<Item = Figures> {
        for ((group, _), it) in std::mem::take(&mut self.deployments) {
            if let Some(bucket) = self.question.bucket(it.at) {
                self.add_deployment(group, bucket, &it);
            }
        }
        // What one of the services has shipped is shipped.
        for (key, at) in std::mem::take(&mut self.unshipped) {
            if let Some(bucket) = self.question.bucket(at)
                && !self.shipped.contains_key(&key)
            {
                let cell = self.cell(key.0, bucket);
                self.figures[cell].add_unshipped(at);
            }
        }
        let mut incidents = std::mem::take(&mut self.incidents);
        let key = |(group, it): &(usize, Incident)| (*group, it.key);
        incidents.sort_unstable_by_key(key);
        for same in incidents.chunk_by(|one, other| key(one) == key(other)) {
            if let Some((group, it)) = same.iter().copied().reduce(one_incident)
                && let Some(bucket) = self.question.bucket(it.at)
            {
                let cell = self.cell(group, bucket);
                self.figures[cell].add_incident(&it);
            }
        }
        for ((group, _), it) in std::mem::take(&mut self.shipped) {
            if let Some(bucket) = self.question.bucket(it.at) {
                let cell = self.cell(group, bucket);
                self.figures[cell].changes += 1;
                self.lead_times.extend(cell, it.lead_time);
            }
        }
        let days = self.question.day_count();
        for group in 0..self.groups {
            for &(first, bucket) in &self.question.weeks {
                let week = &self.days[group * days..][first..][..7];
                let count = week.iter().filter(|it| **it).count();
                let cell = self.cell(group, bucket);
                self.figures[cell].deployment_days.push(count as i64);
            }
        }
        let cells = self.figures.into_iter().enumerate();
        cells.map(move |(cell, figures)| Figures {
            lead_times: self.lead_times.of(cell),
            ..figures
        })
    }

    fn cell(&self, group: usize, bucket: usize) -> usize {
        group * self.question.bucket_count() + bucket
    }

    fn add_deployment(&mut self, group: usize, bucket: usize, it: &Deployment) {
        let cell = self.cell(group, bucket);
        self.figures[cell].add_deployment(it, self.question.now);
        if it.is(Deployment::SUCCEEDED)
            && let Some(day) = period(&self.question.days, it.at)
        {
            self.days[group * self.question.day_count() + day] = true;
        }
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

/// Makes one of the same incident of two services, of one group. It is over once it is for both, and
/// unattributed only for both.
fn one_incident(
    (group, one): (usize, Incident),
    (_, other): (usize, Incident),
) -> (usize, Incident) {
    let times = one.restore_time.zip(other.restore_time);
    let both = Incident {
        at: one.at.min(other.at),
        restore_time: times.map(|(one, other)| one.max(other)),
        is_unattributed: one.is_unattributed && other.is_unattributed,
        key: one.key,
    };
    (group, both)
}

fn keep_first(map: &mut Shared<Change>, key: (usize, u64), it: &Change) {
    let held = map.entry(key).or_insert(*it);
    // Of two at once the one that says more, whichever came first.
    let place = |it: &Change| (it.at, it.lead_time.is_none(), it.lead_time);
    if place(it) < place(held) {
        *held = *it;
    }
}

impl Question {
    /// How many buckets there are.
    pub fn bucket_count(&self) -> usize {
        self.buckets.len().saturating_sub(1)
    }

    fn day_count(&self) -> usize {
        self.days.len().saturating_sub(1)
    }

    fn bucket(&self, at: Time) -> Option<usize> {
        let is_asked_for = (self.since..self.until).contains(&at);
        period(&self.buckets, at).filter(|_| is_asked_for)
    }

    /// Takes facts from the head of a list: those that lie in one bucket, which is said. What lies in
    /// none is left out.
    fn next_part<'a, T: Fact>(&self, rest: &mut List<'a, T>) -> Option<(usize, List<'a, T>)> {
        loop {
            let at = rest.first()?;
            let bucket = self.bucket(at);
            let range = match bucket {
                Some(it) => self.buckets[it].max(self.since)..self.buckets[it + 1].min(self.until),
                None if at < self.since => Time::MIN..self.since,
                None => self.until..Time::MAX,
            };
            let part;
            (part, *rest) = rest.split(&range);
            if let Some(bucket) = bucket {
                return Some((bucket, part));
            }
        }
    }
}

/// Which period a moment lies in, given where each begins and the end of the last one.
fn period(starts: &[Time], at: Time) -> Option<usize> {
    let (&first, &end) = (starts.first()?, starts.last()?);
    if !(first..end).contains(&at) {
        return None;
    }
    // They are about equally long: where it would be if they were just so is a step away at most.
    let share = (at as f64 - first as f64) / (end as f64 - first as f64);
    let last = starts.len() - 2;
    let mut place = ((share * (starts.len() - 1) as f64) as usize).min(last);
    while at < starts[place] {
        place -= 1;
    }
    while at >= starts[place + 1] {
        place += 1;
    }
    Some(place)
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
