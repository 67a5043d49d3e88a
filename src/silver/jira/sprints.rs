//! Sprints.

use crate::jsonb::{Json, Object};
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable, wrong};

/// Those of `diogen_silver.sprints`.
pub const COLUMNS: Columns = &[
    ("board_id", Type::Text),
    ("sprint_id", Type::Text),
    ("name", Type::Text),
    ("state", Type::Text),
    ("goal", Type::Text),
    ("starts_at", Type::Time),
    ("activated_at", Type::Time),
    ("ends_at", Type::Time),
    ("completed_at", Type::Time),
];

/// The row of a sprint.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let board = doc.identifier(&["originBoardId"])?;
    let state = match doc.name(&["state"])? {
        None => None,
        Some("future" | "FUTURE") => Some("future"),
        Some("active" | "ACTIVE") => Some("active"),
        Some("closed" | "CLOSED") => Some("closed"),
        Some(other) => {
            return Err(wrong(
                "state",
                Json::Text(other),
                "future, active or closed",
            ));
        }
    };
    rows.push([
        board.or(context.identifier(&["board"])?).into(),
        doc.identifier(&["id"])?.required("id")?.into(),
        doc.string(&["name"])?.into(),
        state.into(),
        doc.name(&["goal"])?.into(),
        doc.moment(&["startDate"])?.into(),
        doc.moment(&["activatedDate"])?.into(),
        doc.moment(&["endDate"])?.into(),
        doc.moment(&["completeDate"])?.into(),
    ]);
    Ok(())
}
