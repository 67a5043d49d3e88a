//! Which deployments caused failures, when these were over, and what was made because of them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::facts::{Delivery, Duration, Incident, Repository, Service, Status, Time};
use super::flags::Flags;
use super::service::{Change, Names, is_counted};
use super::shipping::Shipping;

/// What went wrong with a deployment, and right again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failure {
    /// Whether it caused a failure; `None`: it does not count.
    pub is_failed: Option<bool>,
    /// Of [`Failure::REASONS`].
    pub reasons: u16,
    /// When the failure was over; `None`: it is not, or there was none.
    pub recovered_at: Option<Time>,
    /// Of [`Failure::UNPLANNED`]: why it was made, if because of a failure.
    pub unplanned: u16,
}

impl Failure {
    /// An incident is due to it.
    pub const BY_INCIDENT: u16 = 1;
    /// It was rolled back.
    pub const BY_ROLLBACK: u16 = 2;
    /// A change that it shipped was reverted.
    pub const BY_REVERT: u16 = 4;
    /// It did not succeed, which counts for the service.
    pub const BY_FAILED_RUN: u16 = 8;
    /// In the order of their bits.
    pub const REASONS: [&str; 4] = ["incident", "rollback", "revert", "failed_run"];

    /// It takes back the one before it.
    pub const ROLLBACK: u16 = 1;
    /// It ships a hotfix.
    pub const HOTFIX: u16 = 2;
    /// It ships a revert of what was live.
    pub const REVERT: u16 = 4;
    /// In the order of their bits.
    pub const UNPLANNED: [&str; 3] = ["rollback", "hotfix", "revert"];
}

/// Which deployment an incident is due to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Position of the deployment in the service, and whether the incident names it.
    pub due_to: Option<(usize, bool)>,
    /// Position of the incident that this one is a part of.
    pub merged_into: Option<usize>,
    /// Why no deployment is to blame.
    pub reason: Option<&'static str>,
    /// From opened to resolved, of all that are parts of it; `None`: open, or part of another.
    pub restore_time: Option<Duration>,
    /// The same without the time in which it counted as resolved.
    pub active_time: Option<Duration>,
    /// When the first of it and its parts began.
    pub opened_at: Time,
    /// When it and all that are parts of it were over.
    pub resolved_at: Option<Time>,
}

/// Finds the failures among the deployments, and what the incidents are due to. Flags the changes
/// that take others back.
pub fn find(
    repository: &Repository,
    service: &Service,
    shipping: &Shipping<'_>,
    changes: &mut [Change],
) -> (Vec<Failure>, Vec<Link>) {
    let mut found = Search {
        service,
        shipping,
        failures: vec![Failure::default(); service.deliveries.len()],
        fixes: HashMap::new(),
    };
    let names = Names::new(repository, changes);
    found.by_rollback();
    found.by_revert(repository, &names, changes);
    let links = found.by_incident(repository, &names, changes);
    found.by_failed_run();
    found.recover(&links);
    (found.failures, links)
}

struct Search<'a> {
    service: &'a Service,
    shipping: &'a Shipping<'a>,
    failures: Vec<Failure>,
    /// The moments at which something put an end to the failure of a deployment.
    fixes: HashMap<usize, Vec<Time>>,
}

impl Search<'_> {
    fn delivery(&self, position: usize) -> &Delivery {
        &self.service.deliveries[position]
    }

    fn fix(&mut self, failed: usize, by: usize) {
        if let Some(at) = self.delivery(by).succeeded_at() {
            self.fixes.entry(failed).or_default().push(at);
        }
    }

    fn by_rollback(&mut self) {
        for position in 0..self.service.deliveries.len() {
            if let Some(taken_back) = self.shipping.kinds[position].takes_back {
                self.failures[taken_back].reasons |= Failure::BY_ROLLBACK;
                self.failures[position].unplanned |= Failure::ROLLBACK;
                self.fix(taken_back, position);
            }
        }
    }

    /// A change that takes another one back tells that the deployment which had shipped that one
    /// failed. What was taken back before it was live did no harm.
    fn by_revert(&mut self, repository: &Repository, names: &Names, changes: &mut [Change]) {
        for position in 0..changes.len() {
            let reverted = names.reverted_by(repository, changes, position);
            let change = &mut changes[position];
            if !reverted.is_empty() {
                change.flags.set(Flags::REVERT);
            }
            let (flags, merged_at) = (change.flags, change.boundaries.merged_at);
            let shipped_by = change.shipped.map(|(by, _)| by);
            let mut is_unplanned = flags.has(Flags::REVERT) && reverted.is_empty();
            for other in reverted {
                let other = &changes[other];
                let Some((by, _)) = other.shipped else {
                    is_unplanned |= other.reason == Some("pre_baseline");
                    continue;
                };
                let was_live = self.delivery(by).succeeded_at() < Some(merged_at);
                if was_live && shipped_by != Some(by) {
                    is_unplanned = true;
                    self.failures[by].reasons |= Failure::BY_REVERT;
                    if let Some(fix) = shipped_by {
                        self.fix(by, fix);
                    }
                }
            }
            if let Some(by) = shipped_by {
                let unplanned = &mut self.failures[by].unplanned;
                if is_unplanned {
                    *unplanned |= Failure::REVERT;
                }
                if flags.has(Flags::HOTFIX) {
                    *unplanned |= Failure::HOTFIX;
                }
            }
        }
    }

    fn by_incident(
        &mut self,
        repository: &Repository,
        names: &Names,
        changes: &[Change],
    ) -> Vec<Link> {
        let mut links = merge(self.service);
        let latest = Latest::new(self.service);
        let incidents = self.service.incidents.iter();
        let mut named: Vec<_> = incidents
            .map(|it| self.named_by(it, names, changes))
            .collect();
        // What a part names, the whole is due to: what the first one does.
        let mut parts: Vec<_> = (0..links.len()).collect();
        parts.sort_by_key(|&it| self.service.incidents[it].order());
        for part in parts {
            if let Some(whole) = links[part].merged_into {
                named[whole] = named[whole].or(named[part]);
            }
        }
        for (position, link) in links.iter_mut().enumerate() {
            if link.merged_into.is_some() {
                continue;
            }
            let due_to = match named[position] {
                Some(by) => Ok((by, true)),
                // What struck nobody knows what.
                None if self.service.name.is_empty() => Err("no_service"),
                None if names_other_service(repository, &self.service.incidents[position]) => {
                    Err("other_service")
                }
                None => latest.before(link.opened_at).map(|by| (by, false)),
            };
            match due_to {
                Ok((by, is_named)) => {
                    link.due_to = Some((by, is_named));
                    self.failures[by].reasons |= Failure::BY_INCIDENT;
                }
                Err(reason) => link.reason = Some(reason),
            }
        }
        links
    }

    /// The deployment that an incident names as its cause: itself, or what it shipped.
    fn named_by(&self, incident: &Incident, names: &Names, changes: &[Change]) -> Option<usize> {
        let deliveries = self.service.deliveries.iter();
        let id = incident.deployment.as_deref();
        let by_id = id.and_then(|id| deliveries.clone().position(|it| it.id == id));
        let first = |found: &mut dyn Iterator<Item = usize>| {
            found.min_by_key(|&it| (self.delivery(it).finished_at, &self.delivery(it).id))
        };
        by_id
            .or_else(|| first(&mut self.shipping.first_shipped_by(incident.node?)))
            .or_else(|| {
                let change = names.number(incident.pull_request?)?;
                Some(changes[change].shipped?.0)
            })
            // What the first known deployment holds, it may not have brought; its own commit it did.
            .or_else(|| {
                let node = incident.node?;
                let is_it = |it: &Delivery| it.node == Some(node) && it.succeeded_at().is_some();
                let all = deliveries.enumerate().filter(|(_, it)| is_it(it));
                first(&mut all.map(|(by, _)| by))
            })
    }

    fn by_failed_run(&mut self) {
        for position in 0..self.service.deliveries.len() {
            let delivery = self.delivery(position);
            if delivery.status == Status::Failure && is_counted(self.service, position) {
                self.failures[position].reasons |= Failure::BY_FAILED_RUN;
                if let Some(by) = self.shipping.after(position).next() {
                    self.fix(position, by);
                }
            }
        }
    }

    /// A failure is over with the earliest of: all its incidents resolved, a rollback or a revert of
    /// it deployed, a hotfix deployed after an incident of it.
    fn recover(&mut self, links: &[Link]) {
        let mut incidents: HashMap<usize, Vec<usize>> = HashMap::new();
        for (position, link) in links.iter().enumerate() {
            if let Some((by, _)) = link.due_to {
                incidents.entry(by).or_default().push(position);
            }
        }
        for (&by, incidents) in &incidents {
            let resolved = incidents.iter().map(|&it| links[it].resolved_at);
            let resolved = resolved
                .collect::<Option<Vec<_>>>()
                .and_then(|it| it.into_iter().max());
            self.fixes.entry(by).or_default().extend(resolved);
            let opened = incidents.iter().map(|&it| links[it].opened_at).min();
            let fix = self.shipping.after(by).find(|&it| {
                self.failures[it].unplanned != 0 && self.delivery(it).succeeded_at() > opened
            });
            if let Some(fix) = fix {
                self.fix(by, fix);
            }
        }
        for (position, failure) in self.failures.iter_mut().enumerate() {
            if !is_counted(self.service, position) {
                failure.reasons = 0;
                continue;
            }
            failure.is_failed = Some(failure.reasons != 0);
            let fixes = self.fixes.get(&position).filter(|_| failure.reasons != 0);
            let finished = self.service.deliveries[position].finished_at;
            let recovered = fixes.and_then(|it| it.iter().min().copied());
            failure.recovered_at = recovered.zip(finished).map(|(end, start)| end.max(start));
        }
    }
}

/// Whether an incident names a deployment that is one of other services of the repository.
fn names_other_service(repository: &Repository, incident: &Incident) -> bool {
    let services = repository.services.iter();
    let mut all = services.flat_map(|it| &it.deliveries);
    let id = incident.deployment.as_deref();
    id.is_some_and(|id| all.any(|it| it.id == id))
}

/// The successful deployments in the order in which they can be to blame.
struct Latest {
    moments: Vec<(Time, usize)>,
    link_for: Duration,
}

impl Latest {
    fn new(service: &Service) -> Self {
        let policy = &service.policy;
        let deliveries = service.deliveries.iter().enumerate();
        let moments = deliveries.filter_map(|(position, delivery)| {
            let finished = delivery.succeeded_at()?;
            let started = delivery.started_at.filter(|_| policy.link_from_start);
            Some((started.unwrap_or(finished), position))
        });
        let mut moments: Vec<_> = moments.collect();
        moments.sort_by_key(|&(at, it)| (at, &service.deliveries[it].id));
        Self {
            moments,
            link_for: policy.link_for,
        }
    }

    fn before(&self, opened_at: Time) -> Result<usize, &'static str> {
        let end = self.moments.partition_point(|&(at, _)| at <= opened_at);
        match self.moments[..end].last() {
            None => Err("no_deployment_before"),
            Some(&(at, _)) if opened_at - at > self.link_for => Err("too_long_after"),
            Some(&(_, position)) => Ok(position),
        }
    }
}

/// Whether an id can be recognised in a title, such as OPS-7 or acme/api#7: a number or a word can
/// mean anything there.
fn is_key(id: &str) -> bool {
    id.contains(|c: char| c.is_ascii_digit()) && id.contains(|c: char| !c.is_ascii_digit())
}

/// Puts together what is one outage: alerts of the same title shortly after one another, and what
/// names another incident in its title.
fn merge(service: &Service) -> Vec<Link> {
    let incidents = &service.incidents;
    let mut whole: Vec<usize> = (0..incidents.len()).collect();
    let mut order = whole.clone();
    order.sort_by_key(|&it| incidents[it].order());

    let mut last: HashMap<(&str, &str), (usize, Option<Time>), RandomState> = HashMap::default();
    for &position in &order {
        let it = &incidents[position];
        let Some(title) = it.title.as_deref() else {
            continue;
        };
        match last.get_mut(&(it.source.as_str(), title)) {
            Some((first, end))
                if end.is_none_or(|end| it.opened_at - end <= service.policy.merge_within) =>
            {
                whole[position] = *first;
                *end = end.zip(it.resolved_at).map(|(one, other)| one.max(other));
            }
            _ => {
                last.insert((&it.source, title), (position, it.resolved_at));
            }
        }
    }
    let ids = order.iter().map(|&it| (incidents[it].id.as_str(), it));
    let keys: HashMap<&str, usize, RandomState> = ids.filter(|(id, _)| is_key(id)).collect();
    for &position in &order {
        let title = incidents[position].title.as_deref().unwrap_or_default();
        // As there is in every key.
        if !title.bytes().any(|it| it.is_ascii_digit()) {
            continue;
        }
        let words = title.split(|c: char| !(c.is_alphanumeric() || "-_#/.".contains(c)));
        let words = words.map(|word| word.trim_matches('.'));
        let named = words.filter_map(|word| keys.get(word).copied());
        let root = |mut it: usize| {
            while whole[it] != it {
                it = whole[it];
            }
            it
        };
        for other in named {
            let (one, other) = (root(position), root(other));
            if one != other {
                whole[one] = other;
                break;
            }
        }
    }

    let mut links = vec![Link::default(); incidents.len()];
    let mut parts: HashMap<usize, Vec<usize>> = HashMap::new();
    for (position, link) in links.iter_mut().enumerate() {
        let mut root = position;
        while whole[root] != root {
            root = whole[root];
        }
        link.merged_into = (root != position).then_some(root);
        parts.entry(root).or_default().push(position);
    }
    for (root, parts) in parts {
        let opened_at = parts.iter().map(|&it| incidents[it].opened_at);
        let opened_at = opened_at.min().unwrap_or(incidents[root].opened_at);
        let resolved = parts.iter().map(|&it| incidents[it].resolved_at);
        let resolved = resolved
            .collect::<Option<Vec<_>>>()
            .and_then(|it| it.into_iter().max());
        let link = &mut links[root];
        (link.opened_at, link.resolved_at) = (opened_at, resolved);
        let restore = resolved.map(|end| (end - opened_at).max(0));
        link.restore_time = restore;
        let active = parts.iter().map(|&it| {
            let it = &incidents[it];
            let elapsed = it.resolved_at.unwrap_or(it.opened_at) - it.opened_at;
            it.active_time.unwrap_or(elapsed).max(0)
        });
        link.active_time = restore.map(|restore| active.sum::<Duration>().min(restore));
    }
    links
}

#[cfg(test)]
#[path = "failures_tests.rs"]
mod tests;
