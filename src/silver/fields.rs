//! What a document says, read as the type that it must have.
//!
//! What is absent or `null` is `None`; what is there and of another type makes the document
//! unreadable, with a reason that names it. Nothing is guessed.

use chrono::{DateTime, Datelike, Utc};

use crate::jsonb::{Json, Object};

/// How much of a value an error shows.
const SHOWN: usize = 60;

/// Why a document yields no rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Something has the wrong type.
    #[error("\"{field}\" is {found}, not {wanted}")]
    Field {
        /// The key, or the path to it.
        field: String,
        /// What is there.
        found: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// Something that a row needs is not there.
    #[error("it does not say its {0}")]
    Missing(&'static str),
    /// It is in a shape that this stream does not have.
    #[error("{0}")]
    Shape(&'static str),
}

/// A value that a row cannot be without.
pub trait Required<T> {
    /// The value; an error that names it where it is missing.
    fn required(self, what: &'static str) -> Result<T, Unreadable>;
}

impl<T> Required<T> for Option<T> {
    fn required(self, what: &'static str) -> Result<T, Unreadable> {
        self.ok_or(Unreadable::Missing(what))
    }
}

/// Typed fields. APIs name one thing differently by shape: the first of several keys that is there
/// counts. A key may be a path, written with dots.
pub trait Fields<'a>: Copy {
    /// The value itself.
    fn value(self, keys: &[&str]) -> Option<(usize, Json<'a>)>;

    /// A text.
    fn string(self, keys: &[&str]) -> Result<Option<&'a str>, Unreadable> {
        read(self, keys, "a text", Json::text)
    }

    /// A text that is not empty; an empty one counts as absent.
    fn name(self, keys: &[&str]) -> Result<Option<&'a str>, Unreadable> {
        Ok(self.string(keys)?.filter(|text| !text.is_empty()))
    }

    /// A whole number.
    fn whole(self, keys: &[&str]) -> Result<Option<i64>, Unreadable> {
        read(self, keys, "a whole number of 64 bits", Json::integer)
    }

    /// `true` or `false`.
    fn flag(self, keys: &[&str]) -> Result<Option<bool>, Unreadable> {
        read(self, keys, "true or false", Json::boolean)
    }

    /// A time, in ISO 8601.
    fn moment(self, keys: &[&str]) -> Result<Option<DateTime<Utc>>, Unreadable> {
        // PostgreSQL knows none before 4713 BC.
        let known = |time: &DateTime<Utc>| time.year() > -4712;
        read(self, keys, "a time such as 2026-01-31T12:00:00Z", |value| {
            value.time().filter(known)
        })
    }

    /// An object.
    fn part(self, keys: &[&str]) -> Result<Option<Object<'a>>, Unreadable> {
        read(self, keys, "an object", Json::object)
    }

    /// An identifier: a text, or a whole number as one.
    fn identifier(self, keys: &[&str]) -> Result<Option<String>, Unreadable> {
        read(self, keys, "a text or a whole number", Json::identifier)
    }

    /// The objects of a list, which lies under `nodes` in an answer of GraphQL. What is `null`
    /// there could not be shown by the API.
    fn list(self, keys: &[&str]) -> Result<Vec<Object<'a>>, Unreadable> {
        let mut objects = Vec::new();
        for element in self.elements_of(keys)? {
            match element {
                Json::Null => {}
                Json::Object(object) => objects.push(object),
                other => return Err(wrong(keys[0], other, "a list of objects")),
            }
        }
        Ok(objects)
    }

    /// The texts of a list.
    fn strings(self, keys: &[&str]) -> Result<Vec<&'a str>, Unreadable> {
        let text = |element: Json<'a>| {
            let text = element.text();
            text.ok_or_else(|| wrong(keys[0], element, "a list of texts"))
        };
        self.elements_of(keys)?.map(text).collect()
    }

    /// The elements of a list, or of what it has under `nodes`.
    fn elements_of(self, keys: &[&str]) -> Result<impl Iterator<Item = Json<'a>>, Unreadable> {
        let list = match self.value(keys) {
            Some((_, Json::Object(object))) => object.get("nodes"),
            value => value.map(|(_, value)| value),
        };
        match list {
            None | Some(Json::Array(_)) => Ok(list.into_iter().flat_map(Json::elements)),
            Some(other) => Err(wrong(keys[0], other, "a list")),
        }
    }
}

impl<'a> Fields<'a> for Object<'a> {
    #[inline(always)]
    fn value(self, keys: &[&str]) -> Option<(usize, Json<'a>)> {
        for (index, key) in keys.iter().enumerate() {
            if let Some(value) = self.get(key) {
                return Some((index, value));
            }
            // Few keys are paths.
            if dot(key).is_some()
                && let Some(value) = at_path(self, key)
            {
                return Some((index, value));
            }
        }
        None
    }
}

fn at_path<'a>(mut object: Object<'a>, mut path: &str) -> Option<Json<'a>> {
    while let Some(dot) = dot(path) {
        object = object.object(&path[..dot])?;
        path = &path[dot + 1..];
    }
    object.get(path)
}

/// Where the first dot is. Keys are too short for a search made for long texts.
#[inline]
fn dot(key: &str) -> Option<usize> {
    key.bytes().position(|byte| byte == b'.')
}

#[inline(always)]
fn read<'a, T>(
    object: impl Fields<'a>,
    keys: &[&str],
    wanted: &'static str,
    convert: impl Fn(Json<'a>) -> Option<T>,
) -> Result<Option<T>, Unreadable> {
    let Some((index, value)) = object.value(keys) else {
        return Ok(None);
    };
    match convert(value) {
        Some(converted) => Ok(Some(converted)),
        None => Err(wrong(keys[index], value, wanted)),
    }
}

/// The error for a value of the wrong type.
pub fn wrong(field: &str, found: Json<'_>, wanted: &'static str) -> Unreadable {
    let found = match found {
        Json::Null => "null".to_owned(),
        Json::Boolean(value) => value.to_string(),
        Json::Number(_) => match found.integer() {
            Some(integer) => integer.to_string(),
            None => "a number".to_owned(),
        },
        Json::Text(text) => match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("the text \"{}…\"", &text[..end]),
            None => format!("the text \"{text}\""),
        },
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    };
    Unreadable::Field {
        field: field.to_owned(),
        found,
        wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jsonb::encode;

    #[test]
    fn a_key_may_be_a_path() {
        let bytes = encode(&json!({
            "plain": "p", "a": {"b": {"c": "deep"}, "": "empty"}, "a.x": "literal", "text": "t",
        }));
        let doc = Json::root(&bytes).and_then(Json::object);
        let doc = doc.expect("an object");
        let found = |keys: &[&str]| doc.string(keys).expect("a text");
        for (keys, expected) in [
            (&["plain"][..], Some("p")),
            (&["a.b.c"], Some("deep")),
            (&["a.x"], Some("literal")),
            (&["a."], Some("empty")),
            (
                &["none", "a.none", "none.b", "a.b.c.d", "text.b", "plain"],
                Some("p"),
            ),
            (&["a.b.none", ".a", "b.c"], None),
        ] {
            assert_eq!(found(keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn an_error_names_the_key_that_is_there() {
        let bytes = encode(&json!({"a": {"b": 7}}));
        let doc = Json::root(&bytes).and_then(Json::object);
        let wrong = doc.expect("an object").string(&["c", "a.b"]);
        let reason = wrong.expect_err("a number is no text").to_string();
        assert_eq!(reason, "\"a.b\" is 7, not a text");
    }
}
