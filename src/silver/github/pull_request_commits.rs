//! The commits of pull requests.

use super::{commit_author, commit_times, list_or_remembered, number, remembered, repository};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::github::identity;

/// Those of `diogen_silver.pull_request_commits`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("number", Type::Integer),
    ("sha", Type::Text),
    ("author", Type::Text),
    ("authored_at", Type::Time),
    ("committed_at", Type::Time),
    ("is_dropped", Type::Boolean),
];

/// The rows of the commits nested in a pull request of GraphQL, and of those that earlier versions
/// of it had; or of the one that a document is.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    if identity::sha(doc).is_some() {
        return push(doc, doc, context, false, rows);
    }
    for node in list_or_remembered(doc, context, "commits")? {
        let commit = node.part(&["commit"])?.required("commits.nodes.commit")?;
        push(commit, doc, context, false, rows)?;
    }
    let Some(remembered) = remembered(context) else {
        return Ok(());
    };
    // It may be in the part of a long list that is in documents of its own.
    let list = doc.object("commits").or(remembered.object("commits"));
    let is_cut = match list {
        Some(list) => list.flag(&["pageInfo.hasNextPage"])? == Some(true),
        None => true,
    };
    for commit in remembered.list(&["dropped_commits"])? {
        push(commit, doc, context, !is_cut, rows)?;
    }
    Ok(())
}

fn push(
    commit: Object<'_>,
    doc: Object<'_>,
    context: Object<'_>,
    is_dropped: bool,
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
        is_dropped.into(),
    ]);
    Ok(())
}
