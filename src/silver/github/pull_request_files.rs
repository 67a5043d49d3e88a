//! The files that pull requests change.

use super::{list_or_remembered, number, repository};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};

/// Those of `diogen_silver.pull_request_files`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("number", Type::Integer),
    ("path", Type::Text),
    ("additions", Type::Integer),
    ("deletions", Type::Integer),
    ("change", Type::Text),
];

/// The rows of the files nested in a pull request of GraphQL, or of the one that a document is.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    if doc.any(&["path", "filename"]).is_some() {
        return push(doc, doc, context, rows);
    }
    for file in list_or_remembered(doc, context, "files")? {
        push(file, doc, context, rows)?;
    }
    Ok(())
}

fn push(
    file: Object<'_>,
    doc: Object<'_>,
    context: Object<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let change = file.string(&["changeType", "status"])?;
    // GraphQL and REST have a word each for some.
    let change = change.map(|change| match change.to_ascii_lowercase() {
        change if change == "removed" => "deleted".to_owned(),
        change => change,
    });
    rows.push([
        repository(doc, context)?.into(),
        number(doc, context)?.into(),
        file.name(&["path", "filename"])?.required("path")?.into(),
        file.whole(&["additions"])?.into(),
        file.whole(&["deletions"])?.into(),
        change.into(),
    ]);
    Ok(())
}
