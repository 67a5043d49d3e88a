//! Releases.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::{text_at, time_at};
use crate::jsonb::{Document, Json, Object};
use crate::sources::github::identity;

/// The row of `diogen_silver.releases` that a release's document gives. `sha` is NULL where the
/// document does not say which commit the tag points at (REST names a branch instead).
#[pg_extern(immutable, strict, parallel_safe)]
fn github_releases(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(tag, String),
        name!(release_id, String),
        name!(name, Option<String>),
        name!(sha, Option<String>),
        name!(published_at, Option<TimestampWithTimeZone>),
        name!(is_prerelease, bool),
        name!(is_draft, bool),
        name!(url, Option<String>),
    ),
> {
    let row = doc
        .object()
        .zip(context.object())
        .and_then(|(doc, context)| {
            let flag = |keys: &[&str]| doc.any(keys).and_then(Json::boolean).unwrap_or(false);
            Some((
                identity::repository(doc, context)?,
                text_at(doc, &["tagName", "tag_name"])?,
                identity::id(doc)?,
                text_at(doc, &["name"]),
                sha(doc),
                time_at(doc, &["publishedAt", "published_at"]),
                flag(&["isPrerelease", "prerelease"]),
                flag(&["isDraft", "draft"]),
                text_at(doc, &["html_url", "url"]),
            ))
        });
    TableIterator::new(row)
}

fn sha(doc: Object<'_>) -> Option<String> {
    let target = doc
        .at(&["tagCommit", "oid"])
        .or_else(|| doc.get("target_commitish"))?
        .text()?;
    let is_sha = target.len() == 40 && target.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha.then(|| target.to_owned())
}
