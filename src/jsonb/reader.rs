//! The container format of `src/include/utils/jsonb.h`, unchanged since PostgreSQL 9.4.
//!
//! A container is a 32-bit header (element count and flags), one 32-bit entry for each element
//! (for an object: all keys, then all values), then their data. An entry holds the element's type
//! and either its length or, on every 32nd entry, the offset of its end. Object keys are sorted by
//! length, then bytewise. Numbers and nested containers are aligned to four bytes.
//!
//! Bytes that do not follow the format read as "not there", never as a panic.

use chrono::{DateTime, Utc};

use super::numeric;

const COUNT_MASK: u32 = 0x0FFF_FFFF;
const IS_SCALAR: u32 = 0x1000_0000;
const IS_OBJECT: u32 = 0x2000_0000;
const IS_ARRAY: u32 = 0x4000_0000;

const ENTRY_OFFLEN_MASK: u32 = 0x0FFF_FFFF;
const ENTRY_TYPE_MASK: u32 = 0x7000_0000;
const ENTRY_HAS_OFFSET: u32 = 0x8000_0000;
const ENTRY_STRING: u32 = 0x0000_0000;
const ENTRY_NUMERIC: u32 = 0x1000_0000;
const ENTRY_FALSE: u32 = 0x2000_0000;
const ENTRY_TRUE: u32 = 0x3000_0000;
const ENTRY_NULL: u32 = 0x4000_0000;
const ENTRY_CONTAINER: u32 = 0x5000_0000;

/// One JSON value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number in PostgreSQL's own `numeric` bytes.
    Number(&'a [u8]),
    /// A string.
    Text(&'a str),
    /// An array.
    Array(Array<'a>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Object<'a>(Container<'a>);

/// A JSON array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Array<'a>(Container<'a>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Container<'a> {
    bytes: &'a [u8],
    count: usize,
    data_start: usize,
}

/// A time in ISO 8601 form, with or without a colon in its offset as Jira has it.
pub fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()
        .map(|time| time.to_utc())
}

impl<'a> Json<'a> {
    /// The root value of a `jsonb` datum without its varlena header.
    pub fn root(bytes: &'a [u8]) -> Option<Self> {
        match container(bytes)? {
            Json::Array(array) if word(bytes, 0)? & IS_SCALAR != 0 => array.get(0),
            value => Some(value),
        }
    }

    /// The string, if it is one.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number as an integer; NULL when it is none, has a fraction or is out of range.
    pub fn integer(self) -> Option<i64> {
        match self {
            Self::Number(bytes) => numeric::to_i64(bytes),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn boolean(self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(value),
            _ => None,
        }
    }

    /// A time in ISO 8601 form, with or without a colon in its offset.
    pub fn time(self) -> Option<DateTime<Utc>> {
        time(self.text()?)
    }

    /// The object, if it is one.
    pub fn object(self) -> Option<Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements of an array; of anything else, none.
    pub fn elements(self) -> impl Iterator<Item = Json<'a>> {
        let array = match self {
            Self::Array(array) => Some(array),
            _ => None,
        };
        array.into_iter().flat_map(|array| array.iter())
    }
}

impl<'a> Object<'a> {
    /// The value under a key; a JSON `null` counts as absent.
    pub fn get(self, key: &str) -> Option<Json<'a>> {
        let container = self.0;
        let (mut low, mut high) = (0, container.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = container.slice(middle)?;
            let order = found
                .len()
                .cmp(&key.len())
                .then_with(|| found.cmp(key.as_bytes()));
            match order {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let value = container.value(middle + container.count)?;
                    return (value != Json::Null).then_some(value);
                }
            }
        }
        None
    }

    /// The value at a path of keys.
    pub fn at(self, path: &[&str]) -> Option<Json<'a>> {
        let (last, parents) = path.split_last()?;
        let mut object = self;
        for key in parents {
            object = object.get(key)?.object()?;
        }
        object.get(last)
    }

    /// The first of several keys that is there: APIs name one thing differently by shape.
    pub fn any(self, keys: &[&str]) -> Option<Json<'a>> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The string under a key.
    pub fn text(self, key: &str) -> Option<&'a str> {
        self.get(key)?.text()
    }

    /// The integer under a key.
    pub fn integer(self, key: &str) -> Option<i64> {
        self.get(key)?.integer()
    }

    /// The object under a key.
    pub fn object(self, key: &str) -> Option<Object<'a>> {
        self.get(key)?.object()
    }

    /// The elements of the array under a key, or none.
    pub fn elements(self, key: &str) -> impl Iterator<Item = Json<'a>> {
        self.get(key).into_iter().flat_map(Json::elements)
    }
}

impl<'a> Array<'a> {
    fn get(self, index: usize) -> Option<Json<'a>> {
        (index < self.0.count)
            .then(|| self.0.value(index))
            .flatten()
    }

    fn iter(self) -> impl Iterator<Item = Json<'a>> {
        (0..self.0.count).map_while(move |index| self.get(index))
    }
}

impl<'a> Container<'a> {
    fn entry(self, index: usize) -> Option<u32> {
        word(self.bytes, 4 + 4 * index)
    }

    /// Where the data of an element ends, relative to the start of the data: the lengths back to
    /// the last entry that holds an offset, plus that offset.
    fn end(self, index: usize) -> Option<usize> {
        let mut end = 0;
        for index in (0..=index).rev() {
            let entry = self.entry(index)?;
            end += (entry & ENTRY_OFFLEN_MASK) as usize;
            if entry & ENTRY_HAS_OFFSET != 0 {
                break;
            }
        }
        Some(end)
    }

    fn range(self, index: usize) -> Option<(usize, usize)> {
        let start = match index {
            0 => 0,
            _ => self.end(index - 1)?,
        };
        let entry = self.entry(index)?;
        let offlen = (entry & ENTRY_OFFLEN_MASK) as usize;
        let end = match entry & ENTRY_HAS_OFFSET {
            0 => start + offlen,
            _ => offlen,
        };
        Some((start, end))
    }

    fn slice(self, index: usize) -> Option<&'a [u8]> {
        let (start, end) = self.range(index)?;
        self.bytes
            .get(self.data_start + start..self.data_start + end)
    }

    fn aligned_slice(self, index: usize) -> Option<&'a [u8]> {
        let (start, end) = self.range(index)?;
        self.bytes
            .get(self.data_start + start.next_multiple_of(4)..self.data_start + end)
    }

    fn value(self, index: usize) -> Option<Json<'a>> {
        match self.entry(index)? & ENTRY_TYPE_MASK {
            ENTRY_STRING => std::str::from_utf8(self.slice(index)?).ok().map(Json::Text),
            ENTRY_NUMERIC => self.aligned_slice(index).map(Json::Number),
            ENTRY_FALSE => Some(Json::Boolean(false)),
            ENTRY_TRUE => Some(Json::Boolean(true)),
            ENTRY_NULL => Some(Json::Null),
            ENTRY_CONTAINER => container(self.aligned_slice(index)?),
            _ => None,
        }
    }
}

fn container(bytes: &[u8]) -> Option<Json<'_>> {
    let header = word(bytes, 0)?;
    let count = (header & COUNT_MASK) as usize;
    let is_object = header & IS_OBJECT != 0;
    if !is_object && header & IS_ARRAY == 0 {
        return None;
    }
    let entries = if is_object { 2 * count } else { count };
    let container = Container {
        bytes,
        count,
        data_start: 4 + 4 * entries,
    };
    Some(if is_object {
        Json::Object(Object(container))
    } else {
        Json::Array(Array(container))
    })
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
#[path = "reader_tests.rs"]
pub mod tests;
