//! Commits and how they descend from one another.

use super::{commit_author, commit_times, remembered, repository};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type, Value};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::github::identity;

/// Those of `diogen_silver.commits`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("sha", Type::Text),
    ("parents", Type::Texts),
    ("author", Type::Text),
    ("authored_at", Type::Time),
    ("committed_at", Type::Time),
    ("message", Type::Text),
    ("is_on_default_branch", Type::Boolean),
    ("pull_request_numbers", Type::Integers),
];

/// The row of a commit of the default branch.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    push(doc, doc, context, true, rows)
}

/// The row of the commit that a deployment or a release points at, where the document carries it,
/// or that is itself one of a release branch: it ties a commit beside the default branch to its
/// parents.
pub fn read_delivered(
    doc: Object<'_>,
    context: Object<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let own = doc.get("parents").map(|_| doc);
    let nested = match remembered(context) {
        _ if own.is_some() => own,
        None => doc.part(&["tagCommit", "commit"])?,
        Some(remembered) => doc
            .part(&["tagCommit", "commit"])?
            .or(remembered.part(&["tagCommit", "commit"])?),
    };
    let Some(commit) = nested else {
        return Ok(());
    };
    push(commit, doc, context, false, rows)
}

const PULL_REQUESTS: &str = "associatedPullRequests";

fn push(
    commit: Object<'_>,
    doc: Object<'_>,
    context: Object<'_>,
    is_on_default_branch: bool,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let (authored_at, committed_at) = commit_times(commit)?;
    let of_earlier = remembered(context).filter(|it| it.get(PULL_REQUESTS).is_some());
    let numbers = match commit.part(&[PULL_REQUESTS])? {
        Some(_) => Value::Integers(pull_request_numbers(commit)?),
        None => of_earlier
            .map(pull_request_numbers)
            .transpose()?
            .map_or(Value::Null, Value::Integers),
    };
    rows.push([
        repository(doc, context)?.into(),
        identity::sha(commit).required("sha")?.into(),
        identity::parents(commit).collect::<Vec<_>>().into(),
        commit_author(commit)?.into(),
        authored_at.into(),
        committed_at.into(),
        commit.string(&["message", "commit.message"])?.into(),
        is_on_default_branch.into(),
        numbers,
    ]);
    Ok(())
}

/// The pull requests that GitHub ties a commit to.
fn pull_request_numbers(commit: Object<'_>) -> Result<Vec<i64>, Unreadable> {
    let pull_requests = commit.list(&[PULL_REQUESTS])?;
    let number = |it: &Object<'_>| it.whole(&["number"])?.required("pull request's number");
    pull_requests.iter().map(number).collect()
}
