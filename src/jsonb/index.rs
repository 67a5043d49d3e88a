//! Where everything in a large object lies, found once for many lookups.
//!
//! A lookup in the container goes through up to 32 entries for each place that it needs, and
//! searches for the key's length first; with an index it does neither. What is not there is mostly
//! seen by a key's ends, which lie side by side.

use super::container::{Container, Element};

/// The most keys that an object with an index has.
const MOST_KEYS: usize = 96;
/// The longest key that an index knows.
const LONGEST: usize = 40;

/// The index of one object.
#[derive(Debug)]
pub struct Index {
    /// Where each key begins, then where each value does.
    starts: [u32; 2 * MOST_KEYS],
    /// The first and the last byte of each key.
    ends: [[u8; 2]; MOST_KEYS],
    /// The first key of each length, or where it would be.
    first: [u8; LONGEST + 2],
}

impl Index {
    /// The index of an object; none for one with too many keys, or whose keys are not in order.
    pub fn new(object: Container<'_>) -> Option<Self> {
        let keys = object.count() / 2;
        if keys > MOST_KEYS {
            return None;
        }
        let mut index = Self {
            starts: [0; 2 * MOST_KEYS],
            ends: [[0; 2]; MOST_KEYS],
            first: [keys as u8; LONGEST + 2],
        };
        let mut start = 0;
        let mut shorter = 0;
        for place in 0..object.count() {
            index.starts[place] = u32::try_from(start).ok()?;
            let end = object.end(place, start)?;
            if place < keys {
                let length = end.checked_sub(start)?;
                if length < shorter.max(1) - 1 {
                    return None;
                }
                // Keys of the lengths that were passed over would be here.
                for first in index.first.iter_mut().take(length + 1).skip(shorter) {
                    *first = place as u8;
                }
                shorter = shorter.max(length + 1);
                index.ends[place] = ends(object.bytes(start, length)?);
            }
            start = end;
        }
        Some(index)
    }

    /// The value under a key of the object that the index is of.
    #[inline]
    pub fn get<'a>(&self, object: Container<'a>, key: &[u8]) -> Option<Element<'a>> {
        if key.len() > LONGEST {
            return object.get(key);
        }
        let first = usize::from(self.first[key.len()]);
        let past = usize::from(self.first[key.len() + 1]);
        let ends = ends(key);
        let is_found = |place: usize| {
            let start = self.starts[place] as usize;
            self.ends[place] == ends && object.bytes(start, key.len()) == Some(key)
        };
        let found = (first..past).find(|&place| is_found(place))?;
        let value = object.count() / 2 + found;
        object.element_at(value, self.starts[value] as usize)
    }
}

#[inline]
fn ends(key: &[u8]) -> [u8; 2] {
    match key {
        [] => [0, 0],
        [only] => [*only, *only],
        [first, .., last] => [*first, *last],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use crate::jsonb::{Json, Object, encode};

    /// What a lookup with an index finds is what one without finds.
    fn assert_same(bytes: &[u8], keys: &[String]) {
        let Some(object) = Json::root(bytes).and_then(Json::object) else {
            return;
        };
        let mut place = None;
        let indexed: Object<'_> = object.indexed(&mut place);
        for key in keys {
            assert_eq!(indexed.get(key), object.get(key), "{key}");
        }
    }

    fn keys() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[a-c]{0,6}|[a-z_]{30,50}", 0..80)
    }

    fn object(keys: &[String]) -> Value {
        let values = keys.iter().enumerate();
        let pairs = values.map(|(place, key)| (key.clone(), Value::from(place)));
        Value::Object(pairs.collect::<Map<_, _>>())
    }

    proptest! {
        #[test]
        fn it_finds_what_is_there(keys in keys(), others in keys()) {
            let bytes = encode(&object(&keys));
            assert_same(&bytes, &keys);
            assert_same(&bytes, &others);
        }

        #[test]
        fn damage_is_not_there(keys in keys(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut bytes = encode(&object(&keys));
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let object = Json::root(&bytes).and_then(Json::object);
            let mut place = None;
            if let Some(object) = object.map(|object| object.indexed(&mut place)) {
                for key in &keys {
                    let _ = object.get(key);
                }
            }
        }
    }

    #[test]
    fn an_object_with_many_keys_has_none() {
        let keys: Vec<_> = (0..200).map(|number| number.to_string()).collect();
        let bytes = encode(&object(&keys));
        let object = Json::root(&bytes)
            .and_then(Json::object)
            .expect("an object");
        let mut place = None;
        object.indexed(&mut place);
        assert!(place.is_none());
    }
}
