//! Releases.

use super::{remembered, repository};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::github::identity;

/// Those of `diogen_silver.releases`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("tag", Type::Text),
    ("release_id", Type::Text),
    ("name", Type::Text),
    ("sha", Type::Text),
    ("published_at", Type::Time),
    ("is_prerelease", Type::Boolean),
    ("is_draft", Type::Boolean),
    ("url", Type::Text),
];

/// The row of a release. Its commit is not known where the document names a branch instead, as
/// REST does, and no earlier version told it.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let told = doc.string(&["tagCommit.oid"])?;
    let of_earlier = match remembered(context).filter(|_| told.is_none()) {
        Some(remembered) => remembered.string(&["tagCommit.oid"])?,
        None => told,
    };
    let target = of_earlier.or(doc.string(&["target_commitish"])?);
    let is_sha =
        |text: &&str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_prerelease = doc.flag(&["isPrerelease", "prerelease"])?;
    let is_draft = doc.flag(&["isDraft", "draft"])?;
    rows.push([
        repository(doc, context)?.into(),
        doc.string(&["tagName", "tag_name"])?
            .required("tag")?
            .into(),
        identity::id(doc).required("id")?.into(),
        doc.string(&["name"])?.into(),
        target.filter(is_sha).into(),
        doc.moment(&["publishedAt", "published_at"])?.into(),
        is_prerelease.unwrap_or(false).into(),
        is_draft.unwrap_or(false).into(),
        doc.string(&["html_url", "url"])?.into(),
    ]);
    Ok(())
}
