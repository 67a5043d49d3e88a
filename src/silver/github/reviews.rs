//! Reviews of pull requests.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::{actor, nodes, time_at};
use crate::jsonb::{Document, Json, Object};
use crate::sources::github::identity;

/// The rows of `diogen_silver.reviews` that a document gives: the reviews nested in a GraphQL pull
/// request, or the one a REST review is. A review that was not submitted yet gives no row.
#[pg_extern(immutable, strict, parallel_safe)]
fn github_reviews(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(number, i64),
        name!(review_id, i64),
        name!(reviewer, String),
        name!(reviewer_is_bot, bool),
        name!(state, String),
        name!(submitted_at, TimestampWithTimeZone),
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
    i64,
    String,
    bool,
    String,
    TimestampWithTimeZone,
);

fn rows(doc: Object<'_>, context: Object<'_>) -> Vec<Row> {
    let pull_request = identity::repository(doc, context).zip(identity::number(doc, context));
    let Some((repository, number)) = pull_request else {
        return Vec::new();
    };
    let row = |review: Object<'_>| {
        let submitted_at = time_at(review, &["submittedAt", "submitted_at"])?;
        let account = review.any(&["author", "user"]).and_then(Json::object);
        let (reviewer, is_bot) = actor(account);
        let state = review.text("state")?.to_ascii_lowercase();
        let id = identity::id(review)?.parse().ok()?;
        Some((
            repository.clone(),
            number,
            id,
            reviewer,
            is_bot,
            state,
            submitted_at,
        ))
    };
    if doc.get("reviews").is_some() {
        nodes(doc, "reviews").filter_map(row).collect()
    } else {
        row(doc).into_iter().collect()
    }
}
