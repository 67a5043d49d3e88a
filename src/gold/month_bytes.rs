//! The facts of a month as they are stored, and read where they lie.
//!
//! The first byte is the version of the format; all versions there have been stay readable. The
//! next one says whether deployments and changes have keys. Then come four lengths and four lists,
//! whose elements are all as wide as each other and begin with their moment. A million changes take
//! 16 MB.

use std::marker::PhantomData;
use std::ops::Range;

use super::facts::{Duration, Time};
use super::months::{Change, Deployment, Incident, Month};

const VERSION: u8 = 1;

/// Stands for a duration that there is none of.
const NONE: Duration = Duration::MIN;

/// How many bytes a key takes.
const KEY: usize = 8;

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

impl Month {
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
            put(it.key, if has_keys { KEY } else { 0 });
        }
        for it in &self.shipped {
            put(it.at as u64, 8);
            put(word(it.lead_time), 8);
            put(it.key, if has_keys { KEY } else { 0 });
        }
        for it in &self.unshipped {
            put(it.at as u64, 8);
            put(it.key, if has_keys { KEY } else { 0 });
        }
        for it in &self.incidents {
            put(it.at as u64, 8);
            put(word(it.restore_time), 8);
            put(u64::from(it.is_unattributed), 1);
            put(it.key, KEY);
        }
        bytes
    }
}

/// A stored month: its lists, in the order of their moments.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// What ended in the month.
    pub deployments: List<'a, Deployment>,
    /// What was deployed in the month.
    pub shipped: List<'a, Change>,
    /// What was merged in the month, and nothing has shipped.
    pub unshipped: List<'a, Unshipped>,
    /// What began in the month.
    pub incidents: List<'a, Incident>,
}

/// A change that nothing has shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unshipped {
    /// When it was merged.
    pub at: Time,
    /// The same for the same change of other services; 0: there are none.
    pub key: u64,
}

impl From<Unshipped> for Change {
    fn from(it: Unshipped) -> Self {
        Self {
            at: it.at,
            lead_time: None,
            key: it.key,
        }
    }
}

impl<'a> Facts<'a> {
    /// What was stored.
    pub fn of(bytes: &'a [u8]) -> Result<Self, MonthError> {
        let (has_keys, rest) = match bytes {
            [VERSION, has_keys, rest @ ..] => (*has_keys != 0, rest),
            [] | [VERSION] => return Err(MonthError::Short(bytes.len())),
            [other, ..] => return Err(MonthError::Version(*other)),
        };
        Self::lists(has_keys, rest).ok_or(MonthError::Short(bytes.len()))
    }

    /// `None`: the bytes are too few.
    fn lists(has_keys: bool, bytes: &'a [u8]) -> Option<Self> {
        let (lengths, mut rest) = bytes.split_first_chunk::<16>()?;
        let (lengths, _) = lengths.as_chunks();
        let [deployments, shipped, unshipped, incidents] =
            [0, 1, 2, 3].map(|list| u32::from_le_bytes(lengths[list]));
        Some(Self {
            deployments: List::take(&mut rest, deployments, has_keys)?,
            shipped: List::take(&mut rest, shipped, has_keys)?,
            unshipped: List::take(&mut rest, unshipped, has_keys)?,
            incidents: List::take(&mut rest, incidents, true)?,
        })
    }

    /// The moment of the first fact.
    pub fn first(&self) -> Option<Time> {
        let firsts = [
            self.deployments.first(),
            self.shipped.first(),
            self.unshipped.first(),
            self.incidents.first(),
        ];
        firsts.into_iter().flatten().min()
    }
}

/// Facts of one kind.
#[derive(Debug, Clone, Copy)]
pub struct List<'a, T> {
    bytes: &'a [u8],
    width: usize,
    kind: PhantomData<T>,
}

impl<T: Fact> Default for List<'_, T> {
    fn default() -> Self {
        Self {
            bytes: &[],
            width: T::WIDTH,
            kind: PhantomData,
        }
    }
}

impl<'a, T: Fact> List<'a, T> {
    fn take(bytes: &mut &'a [u8], length: u32, has_keys: bool) -> Option<Self> {
        let width = T::WIDTH + if has_keys { KEY } else { 0 };
        let size = usize::try_from(length).ok()?.checked_mul(width)?;
        Some(Self {
            bytes: bytes.split_off(..size)?,
            width,
            kind: PhantomData,
        })
    }

    /// The facts.
    pub fn iter(self) -> impl Iterator<Item = T> {
        let facts = self.bytes.chunks_exact(self.width);
        facts.map(|it| T::read(&mut Reader(it)))
    }

    /// The moment of the first one.
    pub fn first(self) -> Option<Time> {
        self.times().next()
    }

    /// The first fact with those after it that lie in a range of time like it, and the others.
    pub fn split(self, range: &Range<Time>) -> (Self, Self) {
        let others = self.times().skip(1);
        let length = 1 + others.take_while(|it| range.contains(it)).count();
        let (bytes, rest) = self
            .bytes
            .split_at_checked(length * self.width)
            .unwrap_or((self.bytes, &[]));
        (
            Self { bytes, ..self },
            Self {
                bytes: rest,
                ..self
            },
        )
    }

    fn times(self) -> impl Iterator<Item = Time> {
        let facts = self.bytes.chunks_exact(self.width);
        facts.map(|it| Reader(it).word() as Time)
    }
}

/// What there are lists of.
pub trait Fact: Copy {
    /// How many bytes it takes without its key.
    const WIDTH: usize;

    /// From its bytes.
    fn read(reader: &mut Reader<'_>) -> Self;
}

impl Fact for Deployment {
    const WIDTH: usize = 18;

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            at: reader.word() as Time,
            recovery_time: reader.duration(),
            marks: u16::from_le_bytes(reader.take()),
            key: reader.word(),
        }
    }
}

impl Fact for Change {
    const WIDTH: usize = 16;

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            at: reader.word() as Time,
            lead_time: reader.duration(),
            key: reader.word(),
        }
    }
}

impl Fact for Unshipped {
    const WIDTH: usize = 8;

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            at: reader.word() as Time,
            key: reader.word(),
        }
    }
}

impl Fact for Incident {
    const WIDTH: usize = 17;

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            at: reader.word() as Time,
            restore_time: reader.duration(),
            is_unattributed: reader.take() != [0],
            key: reader.word(),
        }
    }
}

/// The bytes of a fact that are still to be read. After them come zeros: a key that is not there is 0.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const WIDTH: usize>(&mut self) -> [u8; WIDTH] {
        let Some((taken, rest)) = self.0.split_first_chunk() else {
            return [0; WIDTH];
        };
        self.0 = rest;
        *taken
    }

    fn word(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn duration(&mut self) -> Option<Duration> {
        let duration = self.word() as Duration;
        (duration != NONE).then_some(duration)
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

    /// A stored month, read as a whole.
    fn read(bytes: &[u8]) -> Result<Month, MonthError> {
        let facts = Facts::of(bytes)?;
        Ok(Month {
            deployments: facts.deployments.iter().collect(),
            shipped: facts.shipped.iter().collect(),
            unshipped: facts.unshipped.iter().map(Change::from).collect(),
            incidents: facts.incidents.iter().collect(),
        })
    }

    proptest! {
        #[test]
        fn bytes_hold_a_month(month in months()) {
            prop_assert_eq!(read(&month.to_bytes()), Ok(month));
        }

        #[test]
        fn cut_bytes_are_refused(month in months(), cut in any::<prop::sample::Index>()) {
            let bytes = month.to_bytes();
            let cut = cut.index(bytes.len());
            prop_assert_eq!(read(&bytes[..cut]), Err(MonthError::Short(cut)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_lengths_are_read_or_refused(
            has_keys in any::<bool>(), lengths in any::<[u32; 4]>(), facts in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let lengths = lengths.map(u32::to_le_bytes);
            let bytes = [&[VERSION, u8::from(has_keys)], lengths.as_flattened(), &facts].concat();
            let _ = read(&bytes);
        }

        #[test]
        fn parts_are_the_whole(month in months(), range in any::<[i64; 2]>()) {
            let bytes = month.to_bytes();
            let mut rest = Facts::of(&bytes).expect("a month").deployments;
            let (mut parts, range) = (Vec::new(), range[0]..range[1]);
            while rest.first().is_some() {
                let (part, others) = rest.split(&range);
                let part: Vec<_> = part.iter().collect();
                prop_assert!(part[1..].iter().all(|it| range.contains(&it.at)));
                prop_assert!(others.first().is_none_or(|at| !range.contains(&at)));
                parts.extend(part);
                rest = others;
            }
            prop_assert_eq!(parts, month.deployments);
        }
    }

    #[test]
    fn the_first_fact_is_the_first_of_any_list() {
        let change = |at| Change {
            at,
            lead_time: None,
            key: 0,
        };
        let mut month = Month::default();
        let first = |month: &Month| Facts::of(&month.to_bytes()).expect("a month").first();
        assert_eq!(first(&month), None);
        month.shipped = vec![change(5), change(7)];
        assert_eq!(first(&month), Some(5));
        month.unshipped = vec![change(3)];
        assert_eq!(first(&month), Some(3));
    }

    #[test]
    fn another_version_is_refused() {
        assert_eq!(read(&[9]), Err(MonthError::Version(9)));
    }
}
