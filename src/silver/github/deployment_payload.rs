//! What a deployment was given along, as text. REST has an object or a text, GraphQL the text of
//! either, and what was an object is often a text that holds one: all of them give the same.

use serde_json::{Map, Number, Value};

use crate::jsonb::Json;

/// How deep a payload may be nested, which is what serde_json reads.
const DEEPEST: usize = 127;

/// The payload as text: an object or a list as JSON, in one form; nothing where it is empty, or
/// nested too deep to be of use.
pub fn payload(told: Option<Json<'_>>) -> Option<String> {
    let mut value = value(told?, DEEPEST)?;
    // Each text is shorter than the one that holds it.
    while let Value::String(text) = &value {
        value = match serde_json::from_str(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_) | Value::Null)) => {
                inner
            }
            // A word, or a number such as a version, is what it looks like.
            _ => break,
        };
    }
    match value {
        Value::Null => None,
        Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
        Value::Object(object) if object.is_empty() => None,
        Value::Array(list) if list.is_empty() => None,
        other => Some(other.to_string()),
    }
}

fn value(json: Json<'_>, depth: usize) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Boolean(boolean) => boolean.into(),
        Json::Number(_) => match json.integer() {
            Some(integer) => integer.into(),
            None => Value::Number(Number::from_f64(json.float()?)?),
        },
        Json::Text(text) => text.into(),
        Json::Array(list) => {
            let depth = depth.checked_sub(1)?;
            let elements = list.iter().map(|element| value(element, depth));
            Value::Array(elements.collect::<Option<_>>()?)
        }
        Json::Object(object) => {
            let depth = depth.checked_sub(1)?;
            let entries = object
                .iter()
                .map(|(key, entry)| Some((key.to_owned(), value(entry, depth)?)));
            Value::Object(entries.collect::<Option<Map<_, _>>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jsonb::encode;

    fn told(told: &Value) -> Option<String> {
        let document = encode(&json!({ "payload": told }));
        let document = Json::root(&document).and_then(Json::object);
        payload(document?.get("payload"))
    }

    #[test]
    fn every_shape_of_an_object_is_the_same_text() {
        let object = json!({"version": "v1.2", "steps": [1, 2.5, true, null], "a": {"b": "c"}});
        let text = r#"{"a":{"b":"c"},"steps":[1,2.5,true,null],"version":"v1.2"}"#;
        let encoded = Value::from(object.to_string());
        let twice = Value::from(encoded.to_string());
        let spread = Value::from(format!("{object:#}"));
        for shape in [object, encoded, twice, spread] {
            assert_eq!(told(&shape).as_deref(), Some(text), "{shape}");
        }
    }

    #[test]
    fn a_text_is_itself() {
        for text in ["v1.2", "1.10", "true", "{not json", "\"", " two words "] {
            assert_eq!(told(&json!(text)).as_deref(), Some(text));
        }
        assert_eq!(told(&json!("\"v1.2\"")).as_deref(), Some("v1.2"));
        assert_eq!(told(&json!(7)).as_deref(), Some("7"));
    }

    #[test]
    fn nothing_is_nothing_in_every_shape() {
        for nothing in [
            json!(null),
            json!(""),
            json!(" "),
            json!("\"\""),
            json!("null"),
            json!({}),
            json!("{}"),
            json!("\"{}\""),
            json!([]),
            json!("[]"),
        ] {
            assert_eq!(told(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn one_that_is_nested_too_deep_is_left_out() {
        let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(told(&nested(100)).is_some());
        assert_eq!(told(&nested(1000)), None);
    }
}
