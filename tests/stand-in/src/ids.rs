//! Ids as GitHub writes them, sort values and cursors.

use crate::graphql::text;
use crate::model::Time;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::DateTime;

/// A global id: a type prefix and the ids of repository and object, packed.
pub fn node_id(prefix: &str, repository: u64, id: u64) -> String {
    let mut bytes = [0x93_u8, 0, 0xce, 0, 0, 0, 0, 0xce, 0, 0, 0, 0];
    // Generated ids fit in 32 bits, as GraphQL's `databaseId` wants.
    bytes[3..7].copy_from_slice(&(repository as u32).to_be_bytes());
    bytes[8..].copy_from_slice(&(id as u32).to_be_bytes());
    let mut out = String::with_capacity(prefix.len() + 17);
    out.push_str(prefix);
    out.push('_');
    URL_SAFE_NO_PAD.encode_string(bytes, &mut out);
    out
}

/// What an item of a list is sorted by, before its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Nothing: the id is its position.
    Position,
    /// A number.
    Number(u64),
    /// A moment, in seconds.
    Time(i64),
    /// A text.
    Text(String),
}

impl From<Time> for Key {
    fn from(time: Time) -> Self {
        Key::Time(time.timestamp())
    }
}

/// An opaque cursor for a position in an ordered list.
pub fn cursor(sort: &Key, id: u64) -> String {
    let sort = match sort {
        Key::Position => String::new(),
        Key::Number(number) => number.to_string(),
        Key::Time(seconds) => text(DateTime::from_timestamp(*seconds, 0).unwrap_or_default()),
        Key::Text(text) => format!("\"{text}"),
    };
    STANDARD.encode(format!("cursor:v2:{sort}\n{id:020}"))
}

/// The position in a cursor.
pub fn from_cursor(cursor: &str) -> Option<(Key, u64)> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let (sort, id) = text.strip_prefix("cursor:v2:")?.rsplit_once('\n')?;
    let key = if sort.is_empty() {
        Key::Position
    } else if let Some(text) = sort.strip_prefix('"') {
        Key::Text(text.to_owned())
    } else if let Ok(number) = sort.parse() {
        Key::Number(number)
    } else {
        Key::from(sort.parse::<Time>().ok()?)
    };
    Some((key, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_carry_their_position() {
        for key in [
            Key::Position,
            Key::Number(7),
            Key::Time(1_767_225_600),
            Key::Text("2026-01-01T00:00:00Z".to_owned()),
        ] {
            assert_eq!(from_cursor(&cursor(&key, 17)), Some((key, 17)));
        }
        assert_eq!(from_cursor("no cursor"), None);
        assert_eq!(from_cursor(&STANDARD.encode("cursor:v1:x")), None);
    }

    #[test]
    fn node_ids_differ() {
        assert_ne!(node_id("PR", 1, 2), node_id("PR", 2, 1));
        assert!(node_id("PR", 1, 2).starts_with("PR_"));
    }
}
