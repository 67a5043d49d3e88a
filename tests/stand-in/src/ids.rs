//! Ids as GitHub writes them, and cursors.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// A global id: a type prefix and the ids of repository and object, packed.
pub fn node_id(prefix: &str, repository: u64, id: u64) -> String {
    let mut bytes = vec![0x93_u8, 0];
    for number in [repository, id] {
        bytes.push(0xce);
        // Generated ids fit in 32 bits, as GraphQL's `databaseId` wants.
        bytes.extend_from_slice(&(number as u32).to_be_bytes());
    }
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// An opaque cursor for a position in an ordered list.
pub fn cursor(sort: &str, id: u64) -> String {
    STANDARD.encode(format!("cursor:v2:{sort}\n{id:020}"))
}

/// The position in a cursor.
pub fn from_cursor(cursor: &str) -> Option<(String, u64)> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let (sort, id) = text.strip_prefix("cursor:v2:")?.rsplit_once('\n')?;
    Some((sort.to_owned(), id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_carry_their_position() {
        let text = cursor("2026-01-01T00:00:00Z", 17);
        let back = from_cursor(&text);
        assert_eq!(back, Some(("2026-01-01T00:00:00Z".to_owned(), 17)));
        assert_eq!(from_cursor("no cursor"), None);
        assert_eq!(from_cursor(&STANDARD.encode("cursor:v1:x")), None);
    }

    #[test]
    fn node_ids_differ() {
        assert_ne!(node_id("PR", 1, 2), node_id("PR", 2, 1));
        assert!(node_id("PR", 1, 2).starts_with("PR_"));
    }
}
