//! Repositories.

use super::repository;
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Unreadable};

/// Those of `diogen_silver.repositories`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("default_branch", Type::Text),
    ("is_archived", Type::Boolean),
    ("created_at", Type::Time),
    ("pushed_at", Type::Time),
    ("url", Type::Text),
];

/// The row of a repository.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let branch = doc.name(&["defaultBranchRef.name", "default_branch"])?;
    let is_archived = doc.flag(&["isArchived", "archived"])?;
    rows.push([
        repository(doc, context)?.into(),
        branch.into(),
        is_archived.unwrap_or(false).into(),
        doc.moment(&["createdAt", "created_at"])?.into(),
        doc.moment(&["pushedAt", "pushed_at"])?.into(),
        doc.string(&["html_url", "url"])?.into(),
    ]);
    Ok(())
}
