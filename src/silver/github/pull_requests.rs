//! Pull requests.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::{actor, text_at, time_at};
use crate::jsonb::{Document, Json, Object};
use crate::sources::github::identity;

/// The row of `diogen_silver.pull_requests` that a pull request's document gives.
///
/// What takes the history to know (first commit, ready, first review, approval) is not among its
/// columns. NULL means that the document does not say: REST's list leaves out sizes and counts.
#[pg_extern(immutable, strict, parallel_safe)]
fn github_pull_requests(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(number, i64),
        name!(title, Option<String>),
        name!(author, String),
        name!(author_is_bot, bool),
        name!(state, String),
        name!(is_draft, bool),
        name!(base_ref, Option<String>),
        name!(head_ref, Option<String>),
        name!(created_at, Option<TimestampWithTimeZone>),
        name!(updated_at, Option<TimestampWithTimeZone>),
        name!(merged_at, Option<TimestampWithTimeZone>),
        name!(closed_at, Option<TimestampWithTimeZone>),
        name!(merge_sha, Option<String>),
        name!(additions, Option<i64>),
        name!(deletions, Option<i64>),
        name!(changed_files, Option<i64>),
        name!(commit_count, Option<i64>),
        name!(comment_count, Option<i64>),
        name!(labels, Vec<String>),
        name!(url, Option<String>),
    ),
> {
    let row = doc
        .object()
        .zip(context.object())
        .and_then(|(doc, context)| {
            let repository = identity::repository(doc, context)?;
            let number = identity::number(doc, context)?;
            let (author, author_is_bot) =
                actor(doc.any(&["author", "user"]).and_then(Json::object));
            let merged_at = time_at(doc, &["mergedAt", "merged_at"]);
            let state = match (merged_at.is_some(), doc.text("state")) {
                (true, _) => "merged",
                (false, Some("OPEN" | "open")) => "open",
                (false, _) => "closed",
            };
            let is_draft = doc.any(&["isDraft", "draft"]).and_then(Json::boolean);
            Some((
                repository,
                number,
                text_at(doc, &["title"]),
                author,
                author_is_bot,
                state.to_owned(),
                is_draft.unwrap_or(false),
                branch(doc, "baseRefName", "base"),
                branch(doc, "headRefName", "head"),
                time_at(doc, &["createdAt", "created_at"]),
                time_at(doc, &["updatedAt", "updated_at"]),
                merged_at,
                time_at(doc, &["closedAt", "closed_at"]),
                merged_at.and_then(|_| merge_sha(doc)),
                doc.integer("additions"),
                doc.integer("deletions"),
                doc.any(&["changedFiles", "changed_files"])
                    .and_then(Json::integer),
                count(doc, "commits"),
                count(doc, "comments"),
                labels(doc),
                text_at(doc, &["html_url", "url"]),
            ))
        });
    TableIterator::new(row)
}

fn branch(doc: Object<'_>, plain: &str, nested: &str) -> Option<String> {
    let branch = doc.get(plain).or_else(|| doc.at(&[nested, "ref"]));
    Some(branch?.text()?.to_owned())
}

/// Before the merge REST's `merge_commit_sha` is a test merge that never reaches the branch, which
/// is why the caller asks only for merged pull requests.
fn merge_sha(doc: Object<'_>) -> Option<String> {
    let sha = doc
        .at(&["mergeCommit", "oid"])
        .or_else(|| doc.get("merge_commit_sha"));
    Some(sha?.text()?.to_owned())
}

/// GraphQL has a list with a count, REST the count itself.
fn count(doc: Object<'_>, key: &str) -> Option<i64> {
    match doc.get(key)? {
        Json::Object(list) => list.integer("totalCount"),
        value => value.integer(),
    }
}

/// GraphQL has them under `nodes`, REST as a plain list.
fn labels(doc: Object<'_>) -> Vec<String> {
    let nodes = doc.at(&["labels", "nodes"]).or_else(|| doc.get("labels"));
    nodes
        .into_iter()
        .flat_map(Json::elements)
        .filter_map(Json::object)
        .filter_map(|label| text_at(label, &["name"]))
        .collect()
}
