//! The container format of `src/include/utils/jsonb.h`, unchanged since PostgreSQL 9.4.
//!
//! A container is a 32-bit header (element count and flags), one 32-bit entry for each element
//! (for an object: all keys, then all values), then their data. An entry holds the element's type
//! and either its length or, on every 32nd entry, the offset of its end. Object keys are sorted by
//! length, then bytewise. Numbers and nested containers are aligned to four bytes.
//!
//! Bytes that do not follow the format read as "not there", never as a panic.
//!
//! All is marked to be inlined: the compiler does not do so by itself from one unit of code
//! generation into another, and going through an array takes ten times as long then.

use std::ops::Range;

const COUNT_MASK: u32 = 0x0FFF_FFFF;
pub(super) const IS_SCALAR: u32 = 0x1000_0000;
pub(super) const IS_OBJECT: u32 = 0x2000_0000;
pub(super) const IS_ARRAY: u32 = 0x4000_0000;

const OFFLEN_MASK: u32 = 0x0FFF_FFFF;
const TYPE_MASK: u32 = 0x7000_0000;
pub(super) const HAS_OFFSET: u32 = 0x8000_0000;
pub(super) const STRING: u32 = 0x0000_0000;
pub(super) const NUMERIC: u32 = 0x1000_0000;
pub(super) const FALSE: u32 = 0x2000_0000;
pub(super) const TRUE: u32 = 0x3000_0000;
pub(super) const NULL: u32 = 0x4000_0000;
pub(super) const CONTAINER: u32 = 0x5000_0000;

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An array of one element that stands for that element.
    Scalar,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One element, not looked into.
#[derive(Debug, Clone, Copy)]
pub enum Element<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A `numeric`, varlena header included.
    Number(&'a [u8]),
    /// A string.
    Text(&'a [u8]),
    /// A nested container.
    Container(&'a [u8]),
}

/// An array or an object: its entries, and the data they tell of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Container<'a> {
    entries: &'a [[u8; 4]],
    data: &'a [u8],
}

impl<'a> Container<'a> {
    /// A container whose entries are all there: a count that the bytes have no room for would
    /// otherwise keep whoever goes through it busy for long.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Option<(Shape, Self)> {
        let (header, bytes) = bytes.split_first_chunk()?;
        let header = u32::from_ne_bytes(*header);
        let count = (header & COUNT_MASK) as usize;
        let (shape, entries) = match (header & IS_OBJECT != 0, header & IS_ARRAY != 0) {
            (true, _) => (Shape::Object, 2 * count),
            (_, true) if header & IS_SCALAR != 0 => (Shape::Scalar, count),
            (_, true) => (Shape::Array, count),
            (false, false) => return None,
        };
        let (entries, data) = bytes.split_at_checked(4 * entries)?;
        let (entries, _) = entries.as_chunks();
        Some((shape, Self { entries, data }))
    }

    /// How many entries there are: an object has two for each of its pairs.
    #[inline]
    pub fn count(self) -> usize {
        self.entries.len()
    }

    /// The element at a place.
    #[inline]
    pub fn element(self, index: usize) -> Option<Element<'a>> {
        let entry = self.entry(index)?;
        // These have no data, so it does not matter where it would begin.
        let start = match entry & TYPE_MASK {
            NULL | TRUE | FALSE => 0,
            _ => self.start(index),
        };
        self.read(entry, start)
    }

    /// The elements at some places, as far as they can be read. Where each of them begins follows
    /// from the one before it.
    #[inline]
    pub fn elements(self, range: Range<usize>) -> impl Iterator<Item = Element<'a>> {
        let mut start = self.start(range.start);
        range.map_while(move |index| {
            let entry = self.entry(index)?;
            let element = self.read(entry, start)?;
            start = end(entry, start);
            Some(element)
        })
    }

    /// The value under a key of an object.
    #[inline]
    pub fn get(self, key: &[u8]) -> Option<Element<'a>> {
        let keys = self.count() / 2;
        // Lengths are in the entries, so keys of another length cost no look at the data; those of
        // the same length lie side by side, so where each begins is known once the first is.
        let first = partition(0..keys, |index| self.length(index) < key.len());
        let past = partition(first..keys, |index| self.length(index) <= key.len());
        let start = self.start(first);
        let candidates = self.data.get(start..)?;
        let candidate = |index: usize| {
            let start = (index - first) * key.len();
            candidates.get(start..start + key.len())
        };
        let found = partition(first..past, |index| candidate(index) < Some(key));
        if found == past || candidate(found)? != key {
            return None;
        }
        self.element(keys + found)
    }

    /// Where the data of an element ends that begins at `start`.
    #[inline]
    pub fn end(self, index: usize, start: usize) -> Option<usize> {
        Some(end(self.entry(index)?, start))
    }

    /// Some of the data.
    #[inline]
    pub fn bytes(self, start: usize, length: usize) -> Option<&'a [u8]> {
        self.data.get(start..start + length)
    }

    /// The element whose data begins at `start`.
    #[inline]
    pub fn element_at(self, index: usize, start: usize) -> Option<Element<'a>> {
        self.read(self.entry(index)?, start)
    }

    #[inline]
    fn entry(self, index: usize) -> Option<u32> {
        self.entries
            .get(index)
            .map(|entry| u32::from_ne_bytes(*entry))
    }

    /// Where the data of an element begins, from the nearest offset before it.
    ///
    /// Every 32nd entry has one (`JB_OFFSET_STRIDE`), but only its flag says so: whatever else has
    /// one is heeded too, and where that one has none, all entries before are gone through.
    #[inline]
    fn start(self, index: usize) -> usize {
        let nearest = index.saturating_sub(1) & !31;
        let from = match self.entry(nearest) {
            Some(entry) if entry & HAS_OFFSET != 0 => nearest,
            _ => 0,
        };
        let before = self.entries.get(from..index).unwrap_or_default();
        let Some((first, after)) = before.split_first() else {
            return 0;
        };
        let nearest = end(u32::from_ne_bytes(*first), 0);
        let after = after.iter().map(|entry| u32::from_ne_bytes(*entry));
        // Mostly none of these has an offset, and as lengths they are added up several at a time.
        let (lengths, flags) = after.clone().fold((0_u32, 0), |(lengths, flags), entry| {
            (lengths.wrapping_add(entry & OFFLEN_MASK), flags | entry)
        });
        match flags & HAS_OFFSET {
            0 => nearest + lengths as usize,
            _ => after.fold(nearest, |start, entry| end(entry, start)),
        }
    }

    #[inline]
    fn length(self, index: usize) -> usize {
        let entry = self.entry(index).unwrap_or_default();
        let offlen = (entry & OFFLEN_MASK) as usize;
        match entry & HAS_OFFSET {
            0 => offlen,
            _ => offlen.saturating_sub(self.start(index)),
        }
    }

    #[inline]
    fn read(self, entry: u32, start: usize) -> Option<Element<'a>> {
        let end = end(entry, start);
        let aligned = || self.data.get(start.next_multiple_of(4)..end);
        match entry & TYPE_MASK {
            STRING => self.data.get(start..end).map(Element::Text),
            NUMERIC => aligned().map(Element::Number),
            CONTAINER => aligned().map(Element::Container),
            TRUE => Some(Element::Boolean(true)),
            FALSE => Some(Element::Boolean(false)),
            NULL => Some(Element::Null),
            _ => None,
        }
    }
}

#[inline]
fn end(entry: u32, start: usize) -> usize {
    let offlen = (entry & OFFLEN_MASK) as usize;
    match entry & HAS_OFFSET {
        0 => start + offlen,
        _ => offlen,
    }
}

/// The first place in a sorted range that is not before what is looked for.
#[inline]
fn partition(mut range: Range<usize>, is_before: impl Fn(usize) -> bool) -> usize {
    while !range.is_empty() {
        let middle = range.start + range.len() / 2;
        if is_before(middle) {
            range.start = middle + 1;
        } else {
            range.end = middle;
        }
    }
    range.start
}
