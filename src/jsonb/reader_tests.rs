//! The reader against an encoder of the same format. That both agree with PostgreSQL's own bytes
//! is what the tests on the installed extension show.

use proptest::prelude::*;
use serde_json::{Value, json};

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
            data.len() as u32 | ENTRY_HAS_OFFSET
        } else {
            (data.len() - start) as u32
        };
        entries.extend((entry | kind).to_ne_bytes());
    }
    [header.to_ne_bytes().to_vec(), entries, data].concat()
}

fn encode_element(element: &Value, data: &mut Vec<u8>) -> u32 {
    match element {
        Value::Null => ENTRY_NULL,
        Value::Bool(false) => ENTRY_FALSE,
        Value::Bool(true) => ENTRY_TRUE,
        Value::String(text) => {
            data.extend(text.as_bytes());
            ENTRY_STRING
        }
        Value::Number(number) => {
            data.resize(data.len().next_multiple_of(4), 0);
            data.extend(encode_numeric(number.as_i64().expect("an integer")));
            ENTRY_NUMERIC
        }
        container => {
            data.resize(data.len().next_multiple_of(4), 0);
            data.extend(encode_container(container, 0));
            ENTRY_CONTAINER
        }
    }
}

/// The short form of `numeric` with its trailing zero digits stripped.
fn encode_numeric(number: i64) -> Vec<u8> {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    while rest > 0 {
        digits.insert(0, (rest % 10_000) as i16);
        rest /= 10_000;
    }
    let weight = digits.len().saturating_sub(1) as u16;
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let sign = if number < 0 { 0x2000 } else { 0 };
    let header: u16 = 0x8000 | sign | weight;
    let length = 4 + 2 + 2 * digits.len();
    let mut bytes = ((length as u32) << 2).to_le_bytes().to_vec();
    bytes.extend(header.to_ne_bytes());
    for digit in digits {
        bytes.extend(digit.to_ne_bytes());
    }
    bytes
}

fn decode(value: Json<'_>, like: &Value) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Boolean(value) => json!(value),
        Json::Number(_) => json!(value.integer()),
        Json::Text(text) => json!(text),
        Json::Array(array) => {
            let like = like.as_array().expect("an array");
            let elements = array.iter().zip(like);
            Value::Array(elements.map(|(value, like)| decode(value, like)).collect())
        }
        Json::Object(object) => {
            let like = like.as_object().expect("an object");
            let pairs = like.iter().map(|(key, like)| {
                let value = object
                    .get(key)
                    .map_or(Value::Null, |value| decode(value, like));
                (key.clone(), value)
            });
            Value::Object(pairs.collect())
        }
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        (-20_000i64..20_000).prop_map(|value| json!(value * 10_000)),
        "\\PC{0,12}".prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(4, 128, 40, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..40).prop_map(Value::Array),
            prop::collection::btree_map("[a-z_]{0,6}", inner, 0..40)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_was_written(value in values()) {
        let bytes = encode(&value);
        let root = Json::root(&bytes).expect("a root");
        prop_assert_eq!(decode(root, &value), value);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        if let Some(Json::Object(object)) = Json::root(&bytes) {
            let _ = object.get("a");
            let _ = object.at(&["ab", "c"]);
            let _ = object.elements("").count();
        }
    }
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
    assert_eq!(Json::root(&encode(&json!("x"))), Some(Json::Text("x")));
    assert_eq!(Json::root(&[]), None);
}
