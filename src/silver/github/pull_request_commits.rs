//! The commits of pull requests.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::{commit_author, commit_times, nodes};
use crate::jsonb::{Document, Object};
use crate::sources::github::identity;

/// The rows of `diogen_silver.pull_request_commits` that a document gives: the commits nested in a
/// GraphQL pull request, or the one a REST commit of a pull request is.
#[pg_extern(immutable, strict, parallel_safe)]
fn github_pull_request_commits(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(number, i64),
        name!(sha, String),
        name!(author, Option<String>),
        name!(authored_at, Option<TimestampWithTimeZone>),
        name!(committed_at, Option<TimestampWithTimeZone>),
    ),
> {
    let rows = doc
        .object()
        .zip(context.object())
        .map(|(doc, context)| rows(doc, context));
    TableIterator::new(rows.unwrap_or_default())
}

type Row = (
    String,
    i64,
    String,
    Option<String>,
    Option<TimestampWithTimeZone>,
    Option<TimestampWithTimeZone>,
);

fn rows(doc: Object<'_>, context: Object<'_>) -> Vec<Row> {
    let pull_request = identity::repository(doc, context).zip(identity::number(doc, context));
    let Some((repository, number)) = pull_request else {
        return Vec::new();
    };
    let row = |commit: Object<'_>| {
        let sha = identity::sha(commit)?.to_owned();
        let (authored_at, committed_at) = commit_times(commit);
        let author = commit_author(commit);
        Some((
            repository.clone(),
            number,
            sha,
            author,
            authored_at,
            committed_at,
        ))
    };
    if identity::sha(doc).is_some() {
        return row(doc).into_iter().collect();
    }
    nodes(doc, "commits")
        .filter_map(|node| node.object("commit"))
        .filter_map(row)
        .collect()
}
