//! Commits and how they descend from one another.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::{commit_author, commit_times, nodes, text_at};
use crate::jsonb::{Document, Json, Object};
use crate::sources::github::identity;

/// The row of `diogen_silver.commits` that a document gives: a commit of the default branch.
#[pg_extern(immutable, strict, parallel_safe)]
fn github_commits(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(sha, String),
        name!(parents, Vec<String>),
        name!(author, Option<String>),
        name!(authored_at, Option<TimestampWithTimeZone>),
        name!(committed_at, Option<TimestampWithTimeZone>),
        name!(message, Option<String>),
        name!(is_on_default_branch, bool),
        name!(pull_request_numbers, Option<Vec<i64>>),
    ),
> {
    let row = doc
        .object()
        .zip(context.object())
        .and_then(|(doc, context)| row(identity::repository(doc, context)?, doc, true));
    TableIterator::new(row)
}

/// The row of `diogen_silver.commits` for the commit that a deployment or a release points at,
/// where the document carries it, or that is itself one of a release branch: it ties a commit
/// beside the default branch to its parents.
#[pg_extern(immutable, strict, parallel_safe)]
fn github_delivered_commits(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(sha, String),
        name!(parents, Vec<String>),
        name!(author, Option<String>),
        name!(authored_at, Option<TimestampWithTimeZone>),
        name!(committed_at, Option<TimestampWithTimeZone>),
        name!(message, Option<String>),
        name!(is_on_default_branch, bool),
        name!(pull_request_numbers, Option<Vec<i64>>),
    ),
> {
    let row = doc
        .object()
        .zip(context.object())
        .and_then(|(doc, context)| {
            let nested = doc.any(&["tagCommit", "commit"]).and_then(Json::object);
            let commit = nested.or_else(|| doc.get("parents").map(|_| doc))?;
            row(identity::repository(doc, context)?, commit, false)
        });
    TableIterator::new(row)
}

type Row = (
    String,
    String,
    Vec<String>,
    Option<String>,
    Option<TimestampWithTimeZone>,
    Option<TimestampWithTimeZone>,
    Option<String>,
    bool,
    Option<Vec<i64>>,
);

fn row(repository: String, commit: Object<'_>, is_on_default_branch: bool) -> Option<Row> {
    let (authored_at, committed_at) = commit_times(commit);
    let message = text_at(commit, &["message"]).or_else(|| {
        let nested = commit.at(&["commit", "message"])?;
        Some(nested.text()?.to_owned())
    });
    Some((
        repository,
        identity::sha(commit)?.to_owned(),
        identity::parents(commit).map(str::to_owned).collect(),
        commit_author(commit),
        authored_at,
        committed_at,
        message,
        is_on_default_branch,
        pull_request_numbers(commit),
    ))
}

/// The pull requests that GitHub ties a commit to; `None` where the document does not say.
fn pull_request_numbers(commit: Object<'_>) -> Option<Vec<i64>> {
    commit.object("associatedPullRequests")?;
    let numbers = nodes(commit, "associatedPullRequests").filter_map(|node| node.integer("number"));
    Some(numbers.collect())
}
