//! Reviews of pull requests.

use super::{actor, list_or_remembered, number, repository};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::github::identity;

/// Those of `diogen_silver.reviews`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("number", Type::Integer),
    ("review_id", Type::Integer),
    ("reviewer", Type::Text),
    ("reviewer_is_bot", Type::Boolean),
    ("state", Type::Text),
    ("submitted_at", Type::Time),
];

/// The rows of the reviews nested in a pull request of GraphQL, or of the one that a document is.
/// A review that was not submitted yet gives no row.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    if doc.any(&["submittedAt", "submitted_at"]).is_some() {
        return push(doc, doc, context, rows);
    }
    for review in list_or_remembered(doc, context, "reviews")? {
        push(review, doc, context, rows)?;
    }
    Ok(())
}

fn push(
    review: Object<'_>,
    doc: Object<'_>,
    context: Object<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let Some(submitted_at) = review.moment(&["submittedAt", "submitted_at"])? else {
        return Ok(());
    };
    let (reviewer, is_bot) = actor(review.part(&["author", "user"])?)?;
    let id = identity::id(review).and_then(|id| id.parse::<i64>().ok());
    let state = review.string(&["state"])?.required("state")?;
    rows.push([
        repository(doc, context)?.into(),
        number(doc, context)?.into(),
        id.required("number")?.into(),
        reviewer.into(),
        is_bot.into(),
        state.to_ascii_lowercase().into(),
        submitted_at.into(),
    ]);
    Ok(())
}
