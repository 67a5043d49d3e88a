//! Projects.

use super::page;
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};

/// Those of `diogen_silver.projects`.
pub const COLUMNS: Columns = &[
    ("project", Type::Text),
    ("project_id", Type::Text),
    ("name", Type::Text),
    ("type", Type::Text),
    ("is_archived", Type::Boolean),
    ("url", Type::Text),
];

/// The row of a project.
pub fn read(doc: Object<'_>, _: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let key = doc.name(&["key"])?.required("key")?;
    rows.push([
        key.into(),
        doc.identifier(&["id"])?.into(),
        doc.string(&["name"])?.into(),
        doc.string(&["projectTypeKey"])?.into(),
        doc.flag(&["archived"])?.unwrap_or(false).into(),
        page(doc, &format!("browse/{key}"))?.into(),
    ]);
    Ok(())
}
