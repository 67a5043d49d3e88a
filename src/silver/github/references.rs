//! Tags and branches: names of commits.

use super::repository;
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};

/// Those of `diogen_silver.tags`.
pub const TAG_COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("tag", Type::Text),
    ("sha", Type::Text),
    ("tagged_at", Type::Time),
];

/// Those of `diogen_silver.branches`.
pub const BRANCH_COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("branch", Type::Text),
    ("sha", Type::Text),
];

/// The row of a tag. An annotated one is an object of its own that points at the commit. REST's
/// list tells no time.
pub fn read_tag(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let is_annotated = doc.part(&["target.target"])?.is_some();
    let sha: &[&str] = match is_annotated {
        true => &["target.target.oid"],
        false => &["target.oid", "commit.sha"],
    };
    rows.push([
        repository(doc, context)?.into(),
        doc.name(&["name"])?.required("name")?.into(),
        doc.name(sha)?.into(),
        doc.moment(&[
            "target.tagger.date",
            "target.target.committedDate",
            "target.committedDate",
        ])?
        .into(),
    ]);
    Ok(())
}

/// The row of a branch.
pub fn read_branch(
    doc: Object<'_>,
    context: Object<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    rows.push([
        repository(doc, context)?.into(),
        doc.name(&["name"])?.required("name")?.into(),
        doc.name(&["target.oid", "commit.sha"])?.into(),
    ]);
    Ok(())
}
