//! What the custom field for sprints holds: objects, or, at Data Center, the text that Java makes
//! of them.

use crate::jsonb::Json;
use crate::silver::fields::{Fields, Required, Unreadable, wrong};

const WANTED: &str = "sprints, as objects with an id or as text with [id=…]";

/// The ids of the sprints in a value.
pub fn sprint_ids(field: &str, value: Json<'_>) -> Result<Vec<String>, Unreadable> {
    match value {
        Json::Array(sprints) => sprints
            .iter()
            .filter(|sprint| *sprint != Json::Null)
            .map(|sprint| sprint_id(field, sprint))
            .collect(),
        sprint => Ok(vec![sprint_id(field, sprint)?]),
    }
}

fn sprint_id(field: &str, sprint: Json<'_>) -> Result<String, Unreadable> {
    match sprint {
        Json::Object(sprint) => sprint.identifier(&["id"])?.required("id of a sprint"),
        Json::Number(_) => {
            let id = sprint.integer();
            Ok(id.ok_or_else(|| wrong(field, sprint, WANTED))?.to_string())
        }
        Json::Text(text) => {
            let id = id_in_text(text);
            Ok(id.ok_or_else(|| wrong(field, sprint, WANTED))?.to_owned())
        }
        other => Err(wrong(field, other, WANTED)),
    }
}

/// The id in `…Sprint@1a[id=12,rapidViewId=3,…]`, or in the same with its parts in alphabetical
/// order. There the goal, which people write, comes before it: where that holds something that looks
/// the same, none of them is taken.
fn id_in_text(text: &str) -> Option<&str> {
    let (_, parts) = text.split_once("Sprint@")?.1.split_once('[')?;
    if let Some(rest) = parts.strip_prefix("id=") {
        return digits(rest).filter(|id| rest[id.len()..].starts_with(','));
    }
    let mut found = parts.match_indices(",id=").filter_map(|(at, start)| {
        let rest = &parts[at + start.len()..];
        let id = digits(rest)?;
        let next = rest[id.len()..].strip_prefix(',')?;
        let follows = ["incompleteIssuesDestinationId=", "name="];
        follows
            .iter()
            .any(|part| next.starts_with(part))
            .then_some(id)
    });
    found.next().filter(|_| found.next().is_none())
}

fn digits(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let digits = &text[..end.unwrap_or(text.len())];
    (!digits.is_empty()).then_some(digits)
}
