//! Statuses, with the category that Jira sorts them into.

use super::status_category;
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};

/// Those of `diogen_silver.issue_statuses`.
pub const COLUMNS: Columns = &[
    ("status_id", Type::Text),
    ("name", Type::Text),
    ("category", Type::Text),
    ("project_id", Type::Text),
];

/// The row of a status.
pub fn read(doc: Object<'_>, _: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    rows.push([
        doc.identifier(&["id"])?.required("id")?.into(),
        doc.name(&["name"])?.required("name")?.into(),
        status_category(doc)?.into(),
        doc.identifier(&["scope.project.id"])?.into(),
    ]);
    Ok(())
}
