//! The fields that issues have.

use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::jira::custom_fields::purpose;

/// Those of `diogen_silver.issue_fields`.
pub const COLUMNS: Columns = &[
    ("field_id", Type::Text),
    ("name", Type::Text),
    ("type", Type::Text),
    ("custom_type", Type::Text),
    ("is_custom", Type::Boolean),
    ("used_for", Type::Text),
];

/// The row of a field.
pub fn read(doc: Object<'_>, _: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let name = doc.string(&["name"])?;
    let kind = doc.string(&["schema.type"])?;
    let custom = doc.string(&["schema.custom"])?;
    let used_for = purpose(
        name.unwrap_or_default(),
        kind.unwrap_or_default(),
        custom.unwrap_or_default(),
    );
    rows.push([
        doc.name(&["id"])?.required("id")?.into(),
        name.into(),
        kind.into(),
        custom.into(),
        doc.flag(&["custom"])?.unwrap_or(custom.is_some()).into(),
        used_for.map(|purpose| purpose.name()).into(),
    ]);
    Ok(())
}
