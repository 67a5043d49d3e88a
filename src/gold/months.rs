//! The facts of a service and month in compact form: what the figures are read from.
//!
//! Exact to the microsecond, so that any range, time zone and bucket can be asked for, and medians
//! are those of the facts. A million changes take 16 MB. The first byte is the version of the
//! format; all versions there have been stay readable.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike};

use super::facts::{Duration, Repository, Service, Status, Time};
use super::service::{Outcome, is_counted};
use crate::rows::POSTGRES_EPOCH;

const VERSION: u8 = 1;

/// Stands for a duration that there is none of.
const NONE: Duration = Duration::MIN;

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

/// Bytes that hold no month.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MonthError {
    /// A later release wrote them.
    #[error("the facts of a month have version {0}, this release reads up to {VERSION}")]
    Version(u8),
    /// They end too early.
    #[error("the facts of a month end too early: {0} bytes")]
    Short(usize),
}

/// The months of a service, by year and month.
pub fn of_service(
    repository: &Repository,
    service: &Service,
    outcome: &Outcome,
    origins: impl Fn(usize) -> usize,
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

impl Month {
    /// The moment of its first fact.
    pub fn first(&self) -> Option<Time> {
        let changes = self.shipped.iter().chain(&self.unshipped).map(|it| it.at);
        let deployments = self.deployments.iter().map(|it| it.at);
        let incidents = self.incidents.iter().map(|it| it.at);
        changes.chain(deployments).chain(incidents).min()
    }

    /// As it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let has_keys = self.deployments.iter().any(|it| it.key != 0)
            || self
                .shipped
                .iter()
                .chain(&self.unshipped)
                .any(|it| it.key != 0);
        let mut bytes = vec![VERSION, u8::from(has_keys)];
        let mut put =
            |number: u64, width: usize| bytes.extend_from_slice(&number.to_le_bytes()[..width]);
        for length in [
            self.deployments.len(),
            self.shipped.len(),
            self.unshipped.len(),
            self.incidents.len(),
        ] {
            put(length as u64, 4);
        }
        let word = |duration: Option<Duration>| duration.unwrap_or(NONE) as u64;
        for it in &self.deployments {
            put(it.at as u64, 8);
            put(word(it.recovery_time), 8);
            put(u64::from(it.marks), 2);
            put(it.key, if has_keys { 8 } else { 0 });
        }
        for it in &self.shipped {
            put(it.at as u64, 8);
            put(word(it.lead_time), 8);
            put(it.key, if has_keys { 8 } else { 0 });
        }
        for it in &self.unshipped {
            put(it.at as u64, 8);
            put(it.key, if has_keys { 8 } else { 0 });
        }
        for it in &self.incidents {
            put(it.at as u64, 8);
            put(word(it.restore_time), 8);
            put(u64::from(it.is_unattributed), 1);
            put(it.key, 8);
        }
        bytes
    }

    /// From what was stored.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MonthError> {
        let mut reader = Reader { bytes, rest: bytes };
        match reader.byte()? {
            VERSION => (),
            other => return Err(MonthError::Version(other)),
        }
        let has_keys = reader.byte()? != 0;
        let key = |reader: &mut Reader<'_>| match has_keys {
            true => reader.word(),
            false => Ok(0),
        };
        let mut lengths = [0; 4];
        for length in &mut lengths {
            *length = u32::from_le_bytes(reader.take()?) as usize;
        }
        let [deployments, shipped, unshipped, incidents] = lengths;
        let mut month = Self::default();
        // Damaged bytes may promise more than there can be.
        month.shipped.reserve(shipped.min(bytes.len() / 16));
        for _ in 0..deployments {
            month.deployments.push(Deployment {
                at: reader.word()? as Time,
                recovery_time: reader.duration()?,
                marks: u16::from_le_bytes(reader.take()?),
                key: key(&mut reader)?,
            });
        }
        for _ in 0..shipped {
            month.shipped.push(Change {
                at: reader.word()? as Time,
                lead_time: reader.duration()?,
                key: key(&mut reader)?,
            });
        }
        for _ in 0..unshipped {
            month.unshipped.push(Change {
                at: reader.word()? as Time,
                lead_time: None,
                key: key(&mut reader)?,
            });
        }
        for _ in 0..incidents {
            month.incidents.push(Incident {
                at: reader.word()? as Time,
                restore_time: reader.duration()?,
                is_unattributed: reader.byte()? != 0,
                key: reader.word()?,
            });
        }
        Ok(month)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const WIDTH: usize>(&mut self) -> Result<[u8; WIDTH], MonthError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(MonthError::Short(self.bytes.len()))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, MonthError> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    fn word(&mut self) -> Result<u64, MonthError> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn duration(&mut self) -> Result<Option<Duration>, MonthError> {
        let duration = self.word()? as Duration;
        Ok((duration != NONE).then_some(duration))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn duration() -> impl Strategy<Value = Option<Duration>> {
        prop::option::of(0..i64::MAX)
    }

    fn months() -> impl Strategy<Value = Month> {
        let key = || prop_oneof![Just(0), any::<u64>()];
        let deployment = (any::<i64>(), duration(), any::<u16>(), key()).prop_map(
            |(at, recovery_time, marks, key)| Deployment {
                at,
                recovery_time,
                marks,
                key,
            },
        );
        let shipped = (any::<i64>(), duration(), key()).prop_map(|(at, lead_time, key)| Change {
            at,
            lead_time,
            key,
        });
        let unshipped = (any::<i64>(), key()).prop_map(|(at, key)| Change {
            at,
            lead_time: None,
            key,
        });
        let incident = (any::<i64>(), duration(), any::<bool>(), any::<u64>()).prop_map(
            |(at, restore_time, is_unattributed, key)| Incident {
                at,
                restore_time,
                is_unattributed,
                key,
            },
        );
        let list = 0..5;
        (
            prop::collection::vec(deployment, list.clone()),
            prop::collection::vec(shipped, list.clone()),
            prop::collection::vec(unshipped, list.clone()),
            prop::collection::vec(incident, list),
        )
            .prop_map(|(deployments, shipped, unshipped, incidents)| Month {
                deployments,
                shipped,
                unshipped,
                incidents,
            })
    }

    proptest! {
        #[test]
        fn bytes_hold_a_month(month in months()) {
            prop_assert_eq!(Month::from_bytes(&month.to_bytes()), Ok(month));
        }

        #[test]
        fn cut_bytes_are_refused(month in months(), cut in any::<prop::sample::Index>()) {
            let bytes = month.to_bytes();
            let cut = cut.index(bytes.len());
            prop_assert_eq!(Month::from_bytes(&bytes[..cut]), Err(MonthError::Short(cut)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Month::from_bytes(&bytes);
        }
    }

    #[test]
    fn another_version_is_refused() {
        assert_eq!(Month::from_bytes(&[9]), Err(MonthError::Version(9)));
    }

    #[test]
    fn a_month_is_one_of_utc() {
        assert_eq!(month_of(0), (2000, 1));
        assert_eq!(month_of(-1), (1999, 12));
    }
}
