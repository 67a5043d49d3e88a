//! Boards and sprints change without a trace in what they hang on: they are asked for when a clock
//! has gone round, at another time for each.

use chrono::{DateTime, TimeDelta, Utc};

use crate::jsonb::{Json, Object};

/// Boards are made and renamed seldom.
const BOARDS: TimeDelta = TimeDelta::hours(6);
/// A sprint's start and end are wanted soon.
const SPRINTS: TimeDelta = TimeDelta::hours(1);

/// The mark of a stream; `parent` is the document of the project, or of the board for its sprints.
/// Issues have none: asking a project for news is one small request.
pub fn mark(stream: &str, parent: Object<'_>, now: DateTime<Utc>) -> Option<String> {
    let round = match stream {
        "boards" => BOARDS,
        // It has none, which need not be heard again every hour.
        "sprints" if parent.text("type") == Some("kanban") => return Some("kanban".to_owned()),
        "sprints" => SPRINTS,
        _ => return None,
    };
    let id = parent.get("id");
    let number = id.and_then(Json::integer);
    let offset = number.or_else(|| id?.text()?.parse().ok()).unwrap_or(0);
    let turn = now
        .timestamp()
        .wrapping_add(offset)
        .div_euclid(round.num_seconds());
    Some(format!("turn {turn}"))
}
