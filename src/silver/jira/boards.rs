//! Boards.

use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};

/// Those of `diogen_silver.boards`.
pub const COLUMNS: Columns = &[
    ("board_id", Type::Text),
    ("name", Type::Text),
    ("type", Type::Text),
    ("project", Type::Text),
];

/// The row of a board. Data Center does not say to what project it belongs; the context tells for
/// which it was found.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let project = doc.name(&["location.projectKey"])?;
    rows.push([
        doc.identifier(&["id"])?.required("id")?.into(),
        doc.string(&["name"])?.into(),
        doc.string(&["type"])?.into(),
        project.or(context.name(&["project"])?).into(),
    ]);
    Ok(())
}
