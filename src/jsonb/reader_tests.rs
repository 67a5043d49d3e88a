//! The reader against an encoder of the same format, and both against bytes that PostgreSQL wrote.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::container::{
    CONTAINER, FALSE, HAS_OFFSET, IS_ARRAY, IS_OBJECT, IS_SCALAR, NULL, NUMERIC, STRING, TRUE,
};
use super::*;

/// Encodes a value as PostgreSQL's `JsonbValueToJsonb` does.
pub fn encode(value: &Value) -> Vec<u8> {
    match value {
        Value::Array(_) | Value::Object(_) => encode_container(value, 0),
        scalar => encode_container(&Value::Array(vec![scalar.clone()]), IS_SCALAR),
    }
}

fn encode_container(value: &Value, flags: u32) -> Vec<u8> {
    let (header, elements): (u32, Vec<Value>) = match value {
        Value::Array(elements) => (elements.len() as u32 | IS_ARRAY | flags, elements.clone()),
        Value::Object(pairs) => {
            let mut pairs: Vec<_> = pairs.iter().collect();
            pairs.sort_by_key(|(key, _)| (key.len(), key.as_bytes().to_vec()));
            let keys = pairs.iter().map(|(key, _)| json!(key));
            let values = pairs.iter().map(|(_, value)| (*value).clone());
            (pairs.len() as u32 | IS_OBJECT, keys.chain(values).collect())
        }
        _ => unreachable!("only containers are encoded here"),
    };
    let mut entries = Vec::new();
    let mut data = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let start = data.len();
        let kind = encode_element(element, &mut data);
        let entry = if index % 32 == 0 {
            data.len() as u32 | HAS_OFFSET
        } else {
            (data.len() - start) as u32
        };
        entries.extend((entry | kind).to_ne_bytes());
    }
    [header.to_ne_bytes().to_vec(), entries, data].concat()
}

fn encode_element(element: &Value, data: &mut Vec<u8>) -> u32 {
    match element {
        Value::Null => NULL,
        Value::Bool(false) => FALSE,
        Value::Bool(true) => TRUE,
        Value::String(text) => {
            data.extend(text.as_bytes());
            STRING
        }
        Value::Number(number) => {
            data.resize(data.len().next_multiple_of(4), 0);
            data.extend(numeric::tests::encode(&number.to_string()));
            NUMERIC
        }
        container => {
            data.resize(data.len().next_multiple_of(4), 0);
            data.extend(encode_container(container, 0));
            CONTAINER
        }
    }
}

/// Whether a value is what was written, each way of reading it agreeing with the others.
fn is_same(json: Json<'_>, value: &Value) -> bool {
    match (json, value) {
        (Json::Null, Value::Null) => true,
        (Json::Boolean(json), Value::Bool(value)) => json == *value,
        (Json::Text(json), Value::String(value)) => json == value,
        (Json::Number(_), Value::Number(value)) => {
            json.float() == value.as_f64()
                && (value.is_f64() || json.integer() == value.as_i64())
                && json.numeric().is_some()
        }
        (Json::Array(json), Value::Array(value)) => {
            json.len() == value.len()
                && json.get(value.len()).is_none()
                && json.iter().count() == value.len()
                && json
                    .iter()
                    .zip(value)
                    .all(|(json, value)| is_same(json, value))
                && (0..value.len()).all(|index| json.get(index) == json.iter().nth(index))
        }
        (Json::Object(json), Value::Object(value)) => {
            json.len() == value.len()
                && json.iter().count() == value.len()
                && json.iter().all(|(key, json)| is_same(json, &value[key]))
                && value.iter().all(|(key, value)| match json.get(key) {
                    Some(json) => is_same(json, value),
                    None => value.is_null(),
                })
        }
        _ => false,
    }
}

pub(super) fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<u64>().prop_map(|value| json!(value)),
        prop::num::f64::NORMAL.prop_map(|value| json!(value)),
        (-20_000i64..20_000).prop_map(|value| json!(value * 10_000)),
        "\\PC{0,12}".prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(5, 128, 40, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..40).prop_map(Value::Array),
            prop::collection::btree_map("[a-z_é]{0,6}", inner, 0..80)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_was_written(value in values()) {
        let bytes = encode(&value);
        let root = Json::root(&bytes).expect("a root");
        prop_assert!(is_same(root, &value), "{:?}", value);
    }

    #[test]
    fn paths_lead_to_what_was_written(value in values(), keys in prop::collection::vec("[a-z]{1,8}", 1..6)) {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let nested = keys.iter().rev().fold(value.clone(), |value, key| json!({ *key: value, "": 1 }));
        let bytes = encode(&nested);
        let root = Json::root(&bytes).and_then(Json::object).expect("an object");
        match root.at(&keys) {
            Some(json) => prop_assert!(is_same(json, &value)),
            None => prop_assert!(value.is_null()),
        }
    }

}

/// A document that PostgreSQL 15 stored, with every type and more than one block of entries: the
/// bytes of an uncompressed column (pageinspect) after the varlena header.
#[cfg(target_endian = "little")]
pub(super) const STORED: &[u8] = include_bytes!("sample.jsonb");

#[test]
#[cfg(target_endian = "little")]
fn reads_and_writes_what_postgresql_wrote() {
    let mut value = json!({
        "": "", "a": null, "b": true, "c": false, "e": {}, "l": [], "long": "x".repeat(48),
        "o": {"o": {"o": {"o": {"k": [[], {}, "é", [[[["deep"]]]]]}}}},
    });
    for number in 0..36 {
        value[format!("k{number:02}")] = json!(number);
    }
    let root = Json::root(STORED)
        .and_then(Json::object)
        .expect("an object");
    let found: Vec<_> = root.iter().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(found.len(), 45);
    for (key, json) in root.iter().filter(|(key, _)| *key != "n") {
        assert!(is_same(json, &value[key]), "{key}");
        assert_eq!(root.get(key).unwrap_or(Json::Null), json, "{key}");
    }
    let numbers = [
        "0",
        "-0.0",
        "1",
        "-1",
        "10000",
        "-20000",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "-9223372036854775809",
        "0.5",
        "-0.001",
        "12.3400",
        "1e100",
        "1e-100",
        "1751328000123.25",
        "1e131071",
        "100000000",
        "123456789012345678901234567890.123456789",
    ];
    assert_eq!(root.array("n").map(Array::len), Some(numbers.len()));
    for (json, text) in root.elements("n").zip(numbers) {
        assert_eq!(json, Json::Number(&numeric::tests::encode(text)), "{text}");
    }
    // The encoder agrees byte for byte, so what it shows of the reader holds for PostgreSQL.
    value["n"] = json!([]);
    let written = encode(&value);
    let entries = 4 + 8 * 45;
    assert_eq!(written[..4], STORED[..4]);
    assert_eq!(
        written[entries..entries + 120],
        STORED[entries..entries + 120]
    );
}

#[test]
fn offsets_are_read_where_they_are() {
    // No entry but the first two has one, or each of them: the flag says, not the place.
    let text = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for stride in [1, 7, 16, 48, 1000] {
        let mut bytes = (IS_ARRAY | text.len() as u32).to_ne_bytes().to_vec();
        for index in 0..text.len() as u32 {
            let entry = if index % stride == 0 {
                (index + 1) | HAS_OFFSET
            } else {
                1
            };
            bytes.extend((entry | STRING).to_ne_bytes());
        }
        bytes.extend(text.as_bytes());
        let array = Json::root(&bytes).and_then(Json::array).expect("an array");
        assert_eq!(
            array.iter().filter_map(Json::text).collect::<String>(),
            text
        );
        let one_by_one = (0..array.len()).filter_map(|index| array.get(index)?.text());
        assert_eq!(one_by_one.collect::<String>(), text, "{stride}");
    }
}

#[test]
fn containers_of_every_kind() {
    for value in [
        json!([]),
        json!({}),
        json!([[]]),
        json!({"": {}}),
        json!([null]),
        json!([{}, []]),
    ] {
        let bytes = encode(&value);
        assert!(
            is_same(Json::root(&bytes).expect("a root"), &value),
            "{value}"
        );
    }
    let deep = json!({"a": {"b": {"c": {"d": {"e": [1, [2, [3, [4, [5]]]]]}}}}});
    let bytes = encode(&deep);
    let root = Json::root(&bytes)
        .and_then(Json::object)
        .expect("an object");
    let list = root.at(&["a", "b", "c", "d", "e"]).expect("a list");
    assert!(is_same(list, &deep["a"]["b"]["c"]["d"]["e"]));
    assert_eq!(root.at(&["a", "b", "x", "d"]), None);
    assert_eq!(root.at(&[]), None);
}

#[test]
fn keys_of_every_length() {
    let mut value = json!({});
    for length in [0, 1, 2, 127, 128, 255, 256, 257, 4096] {
        for letter in ["a", "b", "z"] {
            value[letter.repeat(length)] = json!(format!("{letter}{length}"));
        }
    }
    // Alike but for the last character, more than one block of them.
    for number in 0..100 {
        value[format!("customfield_{}", 10_000 + number)] = json!(number);
    }
    let bytes = encode(&value);
    let root = Json::root(&bytes)
        .and_then(Json::object)
        .expect("an object");
    assert!(is_same(Json::Object(root), &value));
    for absent in [
        "c",
        "ab",
        "customfield_10100",
        "customfield_09999",
        "customfield_1005x",
    ] {
        assert_eq!(root.get(absent), None, "{absent}");
    }
    assert_eq!(root.get(&"a".repeat(5000)), None);
}

#[test]
fn long_strings_and_other_alphabets() {
    let value =
        json!({"long": "é".repeat(40_000), "nul": "a\u{1}b", "emoji": "👩‍👩‍👧", "Ключ": "日本"});
    let bytes = encode(&value);
    let root = Json::root(&bytes)
        .and_then(Json::object)
        .expect("an object");
    assert!(is_same(Json::Object(root), &value));
    assert_eq!(root.text("long").map(str::len), Some(80_000));
    assert_eq!(root.text("Ключ"), Some("日本"));
}

#[test]
fn times_in_every_form_are_one_instant() {
    let value = json!({
        "github": "2025-07-01T00:00:00Z", "jira": "2025-07-01T00:00:00.000+0000",
        "bulk": 1_751_328_000_000_i64, "seconds": 1_751_328_000, "digits": "1751328000000",
        "fraction": 1_751_328_000.0, "half": 1_751_328_000.5, "huge": 1e300, "yes": true,
    });
    let bytes = encode(&value);
    let root = Json::root(&bytes)
        .and_then(Json::object)
        .expect("an object");
    let micros = |key| root.time(key).map(|time| time.timestamp_micros());
    for key in ["github", "jira", "bulk", "seconds", "digits", "fraction"] {
        assert_eq!(micros(key), Some(1_751_328_000_000_000), "{key}");
    }
    assert_eq!(micros("half"), Some(1_751_328_000_500_000));
    for key in ["huge", "yes", "absent"] {
        assert_eq!(micros(key), None, "{key}");
    }
}

#[test]
fn lists_of_texts_and_of_objects() {
    let value = json!({"l": ["a", 1, null, "b", {"k": 1}, [], {"k": 2}], "t": "text"});
    let bytes = encode(&value);
    let root = Json::root(&bytes)
        .and_then(Json::object)
        .expect("an object");
    assert_eq!(root.texts("l").collect::<Vec<_>>(), ["a", "b"]);
    let keys = root.objects("l").filter_map(|object| object.integer("k"));
    assert_eq!(keys.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(root.array("l").map(Array::len), Some(7));
    assert_eq!(root.array("t"), None);
    assert_eq!(root.texts("t").count(), 0);
    assert_eq!(root.objects("absent").count(), 0);
    assert_eq!(root.boolean("t"), None);
    assert_eq!(root.float("t"), None);
    assert_eq!(root.numeric("t"), None);
}

#[test]
fn typed_getters_refuse_other_types() {
    let value = json!({
        "n": 17, "t": "x", "b": true, "z": null, "o": {"k": "v"}, "l": [1, 2, 3],
        "at": "2025-07-01T00:00:00.000+0000", "utc": "2025-07-01T00:00:00Z",
    });
    let bytes = encode(&value);
    let object = Json::root(&bytes)
        .and_then(Json::object)
        .expect("an object");
    assert_eq!(object.integer("n"), Some(17));
    assert_eq!(object.integer("t"), None);
    assert_eq!(object.text("t"), Some("x"));
    assert_eq!(object.text("n"), None);
    assert_eq!(object.get("b").and_then(Json::boolean), Some(true));
    assert_eq!(object.get("z"), None);
    assert_eq!(object.get("absent"), None);
    assert_eq!(object.at(&["o", "k"]).and_then(Json::text), Some("v"));
    assert_eq!(object.at(&["t", "k"]), None);
    assert_eq!(
        object.elements("l").filter_map(Json::integer).sum::<i64>(),
        6
    );
    assert_eq!(object.elements("n").count(), 0);
    let utc = object.get("utc").and_then(Json::time);
    assert!(utc.is_some());
    assert_eq!(object.get("at").and_then(Json::time), utc);
    assert_eq!(object.any(&["absent", "t"]).and_then(Json::text), Some("x"));
}

#[test]
fn a_scalar_document_is_its_value() {
    for value in [
        json!("x"),
        json!(""),
        json!(-1.5),
        json!(true),
        json!(false),
        Value::Null,
    ] {
        let bytes = encode(&value);
        assert!(
            is_same(Json::root(&bytes).expect("a root"), &value),
            "{value}"
        );
    }
    assert_eq!(Json::root(&[]), None);
    assert_eq!(Json::root(&[0; 8]), None);
}
