//! The facts of a service and month: what the figures are read from.
//!
//! Exact to the microsecond, so that any range, time zone and bucket can be asked for, and medians
//! are those of the facts. [`super::month_bytes`] says how they are stored.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike};

use super::facts::{Duration, Repository, Service, Status, Time};
use super::month_bytes::Facts;
use super::service::{Outcome, is_counted};
use crate::rows::POSTGRES_EPOCH;

/// A deployment that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// When it ended.
    pub at: Time,
    /// Until the failure was over; `None`: there was none, or it is not.
    pub recovery_time: Option<Duration>,
    /// Bits of this type.
    pub marks: u16,
    /// The same for the same deployment of other services; 0: there are none.
    pub key: u64,
}

impl Deployment {
    /// It ended well.
    pub const SUCCEEDED: u16 = 1;
    /// It counts when failures are counted.
    pub const COUNTED: u16 = 1 << 1;
    /// It caused a failure.
    pub const FAILED: u16 = 1 << 2;
    /// It was made because of a failure.
    pub const UNPLANNED: u16 = 1 << 3;
    /// It brought the commit that was live already.
    pub const REDEPLOY: u16 = 1 << 4;
    /// It went back behind the commit that was live.
    pub const ROLLBACK: u16 = 1 << 5;
    /// The first known one to its environment.
    pub const BASELINE: u16 = 1 << 6;
    /// It was the first to ship something.
    pub const WITH_CHANGES: u16 = 1 << 7;
    /// From this bit on: which origin it has, by its position in [`ORIGINS`].
    pub const ORIGIN: u16 = 8;

    /// Whether a mark is set.
    pub fn is(&self, mark: u16) -> bool {
        self.marks & mark != 0
    }

    /// What tells of it.
    pub fn origin(&self) -> usize {
        usize::from(self.marks >> Self::ORIGIN)
    }
}

/// What may tell of deployments.
pub const ORIGINS: [&str; 7] = [
    "sent",
    "github_deployment",
    "pipeline_job",
    "pipeline_run",
    "release",
    "tag",
    "merge",
];

/// A change that counts, at the moment it was deployed, or merged where nothing has shipped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When it was deployed, or merged.
    pub at: Time,
    /// `None`: not known.
    pub lead_time: Option<Duration>,
    /// The same for the same change of other services; 0: there are none.
    pub key: u64,
}

/// An incident, at the moment it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// When it began.
    pub at: Time,
    /// `None`: it is open.
    pub restore_time: Option<Duration>,
    /// Whether no deployment is to blame.
    pub is_unattributed: bool,
    /// The same for the same incident of other services.
    pub key: u64,
}

/// What there was in a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Month {
    /// In the order of their ends.
    pub deployments: Vec<Deployment>,
    /// What was deployed in the month.
    pub shipped: Vec<Change>,
    /// What was merged in the month, and nothing has shipped.
    pub unshipped: Vec<Change>,
    /// What began in the month.
    pub incidents: Vec<Incident>,
}

impl Month {
    /// The same, but for what was before a moment: that is as it was stored.
    pub fn after(self, settled: Time, stored: &Facts<'_>) -> Self {
        fn join<T>(
            before: impl Iterator<Item = T>,
            after: Vec<T>,
            is_before: impl Fn(&T) -> bool,
        ) -> Vec<T> {
            let after = after.into_iter().filter(|it| !is_before(it));
            before.take_while(|it| is_before(it)).chain(after).collect()
        }
        let unshipped = stored.unshipped.iter().map(Change::from);
        Self {
            deployments: join(stored.deployments.iter(), self.deployments, |it| {
                it.at < settled
            }),
            shipped: join(stored.shipped.iter(), self.shipped, |it| it.at < settled),
            unshipped: join(unshipped, self.unshipped, |it| it.at < settled),
            incidents: join(stored.incidents.iter(), self.incidents, |it| {
                it.at < settled
            }),
        }
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.deployments.is_empty()
            && self.shipped.is_empty()
            && self.unshipped.is_empty()
            && self.incidents.is_empty()
    }
}

/// The months of a service, by year and month; of the end of a history those that it is part of, of
/// which `stored` is what is stored of the first.
pub fn of_service(
    repository: &Repository,
    service: &Service,
    outcome: &Outcome,
    origins: impl Fn(usize) -> usize,
    stored: &Facts<'_>,
) -> BTreeMap<(i32, u32), Month> {
    let mut months: BTreeMap<_, Month> = BTreeMap::new();
    // Where a repository is several services, they may share what happens in it.
    let is_shared = repository.services.len() > 1;
    let key = |name: &str| match is_shared {
        true => hash(&[&repository.source, &repository.name, name]),
        false => 0,
    };
    let all = service
        .deliveries
        .iter()
        .zip(&outcome.deployments)
        .enumerate();
    for (position, (delivery, deployment)) in all {
        let Some(at) = delivery
            .finished_at
            .filter(|_| delivery.status != Status::Other)
        else {
            continue;
        };
        let mut marks = (origins(position) as u16) << Deployment::ORIGIN;
        for (mark, is_set) in [
            (Deployment::SUCCEEDED, delivery.status == Status::Success),
            (Deployment::COUNTED, is_counted(service, position)),
            (
                Deployment::FAILED,
                deployment.failure.is_failed == Some(true),
            ),
            (Deployment::UNPLANNED, deployment.failure.unplanned != 0),
            (Deployment::REDEPLOY, deployment.kind.is_redeploy),
            (Deployment::ROLLBACK, deployment.kind.takes_back.is_some()),
            (Deployment::BASELINE, deployment.kind.is_baseline),
            (Deployment::WITH_CHANGES, deployment.changes > 0),
        ] {
            marks |= if is_set { mark } else { 0 };
        }
        months
            .entry(month_of(at))
            .or_default()
            .deployments
            .push(Deployment {
                at,
                recovery_time: deployment.failure.recovered_at.map(|end| end - at),
                marks,
                key: key(&delivery.id),
            });
    }
    for change in outcome.changes.iter().filter(|it| it.counts()) {
        let shipped = change
            .shipped
            .and_then(|(by, _)| service.deliveries[by].finished_at);
        let at = shipped.unwrap_or(change.boundaries.merged_at);
        let month = months.entry(month_of(at)).or_default();
        let list = match shipped {
            Some(_) => &mut month.shipped,
            None => &mut month.unshipped,
        };
        list.push(Change {
            at,
            lead_time: change.stages.lead_time,
            key: if is_shared {
                key(&change.id(repository))
            } else {
                0
            },
        });
    }
    let links = service.incidents.iter().zip(&outcome.links);
    // What another service's deployment is to blame for did not strike this one.
    let own =
        links.filter(|(_, it)| it.merged_into.is_none() && it.reason != Some("other_service"));
    for (incident, link) in own {
        months
            .entry(month_of(link.opened_at))
            .or_default()
            .incidents
            .push(Incident {
                at: link.opened_at,
                restore_time: link.restore_time,
                is_unattributed: link.due_to.is_none(),
                key: hash(&[&incident.source, &incident.id]),
            });
    }
    for month in months.values_mut() {
        month
            .deployments
            .sort_by_key(|it| (it.at, it.marks, it.recovery_time, it.key));
        month
            .shipped
            .sort_by_key(|it| (it.at, it.lead_time, it.key));
        month.unshipped.sort_by_key(|it| (it.at, it.key));
        month
            .incidents
            .sort_by_key(|it| (it.at, it.restore_time, it.is_unattributed, it.key));
    }
    if let Some(window) = repository.window {
        let first = month_of(window.settled);
        months = months.split_off(&first);
        let begun = months.remove(&first).unwrap_or_default();
        let whole = begun.after(window.settled, stored);
        if !whole.is_empty() {
            months.insert(first, whole);
        }
    }
    months
}

/// Year and month of a moment, in UTC.
pub fn month_of(at: Time) -> (i32, u32) {
    let date =
        DateTime::from_timestamp_micros(at.saturating_add(POSTGRES_EPOCH)).unwrap_or_default();
    (date.year(), date.month())
}

/// FNV-1a, which stays what it is: these numbers are stored. Never 0.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_one_of_utc() {
        assert_eq!(month_of(0), (2000, 1));
        assert_eq!(month_of(-1), (1999, 12));
    }
}
