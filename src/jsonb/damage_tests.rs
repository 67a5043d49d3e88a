//! Bytes that do not follow the format: nothing panics, nothing is read out of bounds, and going
//! through them ends soon.

use proptest::prelude::*;
use serde_json::json;

use super::super::container::{IS_ARRAY, IS_OBJECT, IS_SCALAR};
use super::tests::{STORED, encode, values};
use super::*;

/// Every way of reading each value in a tree, as long as the budget lasts: in corrupt bytes the
/// elements of a container may overlap, so that there are far more of them than bytes.
fn visit(json: Json<'_>, budget: &mut u32) {
    let Some(rest) = budget.checked_sub(1) else {
        return;
    };
    *budget = rest;
    let _ = (json.text(), json.integer(), json.float(), json.numeric());
    let _ = (json.boolean(), json.time(), json.array(), json.object());
    let _ = (
        json.elements().count(),
        json.objects().count(),
        json.texts().count(),
    );
    match json {
        Json::Array(array) => {
            let _ = (
                array.is_empty(),
                array.get(array.len()),
                array.get(usize::MAX),
            );
            for index in 0..array.len().min(40) {
                let _ = array.get(index);
            }
            array.iter().for_each(|element| visit(element, budget));
        }
        Json::Object(object) => {
            for key in [
                "",
                "a",
                "k31",
                "absent",
                "a key that is longer than the others",
            ] {
                let _ = (object.get(key), object.time(key), object.numeric(key));
                let _ = (object.at(&[key, key]), object.any(&[key, "k"]));
                let _ = object.elements(key).count();
            }
            for (key, value) in object.iter() {
                let _ = object.get(key);
                visit(value, budget);
            }
        }
        _ => {}
    }
}

fn visit_bytes(bytes: &[u8]) {
    if let Some(root) = Json::root(bytes) {
        visit(root, &mut 500);
    }
}

/// Bytes that were valid once: cut off, or with a byte or a bit of them changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3u8);
    (values(), prop::collection::vec(change, 1..4)).prop_map(|(value, changes)| {
        let mut bytes = encode(&value);
        for (place, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match how {
                0 => bytes.truncate(place),
                1 => bytes[place] = byte,
                _ => bytes[place] ^= 1 << (byte % 8),
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..256),
        flags in prop_oneof![Just(IS_OBJECT), Just(IS_ARRAY), Just(IS_ARRAY | IS_SCALAR)],
        count in 0..40u32,
    ) {
        visit_bytes(&bytes);
        // Random headers claim more elements than there is room for; this one may not.
        if let Some(header) = bytes.first_chunk_mut() {
            *header = (flags | count).to_ne_bytes();
        }
        visit_bytes(&bytes);
    }

    #[test]
    fn damaged_bytes_never_panic(bytes in damaged()) {
        visit_bytes(&bytes);
    }
}

#[test]
#[cfg(target_endian = "little")]
fn every_flip_and_cut_of_a_stored_document_is_survived() {
    for place in 0..STORED.len() {
        visit_bytes(&STORED[..place]);
        for bit in 0..8 {
            let mut bytes = STORED.to_vec();
            bytes[place] ^= 1 << bit;
            visit_bytes(&bytes);
        }
    }
}

#[test]
fn counts_that_the_bytes_have_no_room_for_are_refused() {
    for flags in [IS_OBJECT, IS_ARRAY, IS_ARRAY | IS_SCALAR] {
        let mut bytes = (flags | 0x0FFF_FFFF).to_ne_bytes().to_vec();
        assert_eq!(Json::root(&bytes), None);
        bytes.resize(4096, 0x40);
        assert_eq!(Json::root(&bytes), None);
    }
    // Within another container such a one is left out, and ends the list it is in.
    let mut bytes = encode(&json!([1, [2], 3]));
    let nested = 4 + 3 * 4 + 8;
    let header = bytes[nested..nested + 4].try_into().map(u32::from_ne_bytes);
    assert_eq!(header.ok(), Some(IS_ARRAY | 1));
    bytes[nested..nested + 4].copy_from_slice(&(IS_ARRAY | 0x0FFF_FFFF).to_ne_bytes());
    assert_eq!(
        Json::root(&bytes)
            .into_iter()
            .flat_map(Json::elements)
            .count(),
        1
    );
}

#[test]
fn going_through_entries_without_offsets_ends_soon() {
    // A million strings of no length, and not one of the offsets that make lookups quick.
    let mut bytes = (IS_OBJECT | 500_000).to_ne_bytes().to_vec();
    bytes.resize(4 + 4 * 1_000_000, 0);
    let started = std::time::Instant::now();
    let root = Json::root(&bytes)
        .and_then(Json::object)
        .expect("an object");
    assert_eq!(root.iter().count(), 500_000);
    assert_eq!(root.get(""), Some(Json::Text("")));
    assert_eq!(root.get("absent"), None);
    assert!(started.elapsed().as_secs() < 5);
}
