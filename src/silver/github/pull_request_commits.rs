//! The commits of pull requests.

use super::{commit_author, commit_times, number, repository};
use crate::jsonb::Object;
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::silver::rows::{Columns, Rows, Type};
use crate::sources::github::identity;

/// Those of `diogen_silver.pull_request_commits`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("number", Type::Integer),
    ("sha", Type::Text),
    ("author", Type::Text),
    ("authored_at", Type::Time),
    ("committed_at", Type::Time),
];

/// The rows of the commits nested in a pull request of GraphQL, or of the one that a document is.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    if identity::sha(doc).is_some() {
        return push(doc, doc, context, rows);
    }
    // Of REST's pull requests this is a count.
    if doc.object("commits").is_none() {
        return Ok(());
    }
    for node in doc.list(&["commits"])? {
        let commit = node.part(&["commit"])?.required("commits.nodes.commit")?;
        push(commit, doc, context, rows)?;
    }
    Ok(())
}

fn push(
    commit: Object<'_>,
    doc: Object<'_>,
    context: Object<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let (authored_at, committed_at) = commit_times(commit)?;
    rows.push([
        repository(doc, context)?.into(),
        number(doc, context)?.into(),
        identity::sha(commit).required("sha")?.into(),
        commit_author(commit)?.into(),
        authored_at.into(),
        committed_at.into(),
    ]);
    Ok(())
}
