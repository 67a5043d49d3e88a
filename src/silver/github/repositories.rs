//! Repositories.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::{text_at, time_at};
use crate::jsonb::{Document, Json};
use crate::sources::github::identity;

/// The row of `diogen_silver.repositories` that a repository's document gives.
#[pg_extern(immutable, strict, parallel_safe)]
fn github_repositories(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(default_branch, Option<String>),
        name!(is_archived, bool),
        name!(created_at, Option<TimestampWithTimeZone>),
        name!(pushed_at, Option<TimestampWithTimeZone>),
        name!(url, Option<String>),
    ),
> {
    let row = doc
        .object()
        .zip(context.object())
        .and_then(|(doc, context)| {
            let branch = doc
                .at(&["defaultBranchRef", "name"])
                .or_else(|| doc.get("default_branch"));
            let archived = doc.any(&["isArchived", "archived"]).and_then(Json::boolean);
            Some((
                identity::repository(doc, context)?,
                branch.and_then(Json::text).map(str::to_owned),
                archived.unwrap_or(false),
                time_at(doc, &["createdAt", "created_at"]),
                time_at(doc, &["pushedAt", "pushed_at"]),
                text_at(doc, &["html_url", "url"]),
            ))
        });
    TableIterator::new(row)
}
