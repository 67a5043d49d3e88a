//! What happened to pull requests besides commits and reviews.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::{actor, nodes, text_at, time_at};
use crate::jsonb::{Document, Json, Object};
use crate::sources::github::identity;

/// The rows of `diogen_silver.pull_request_events` that a document gives: comments and draft
/// history nested in a GraphQL pull request, or the comment or event that the document is.
#[pg_extern(immutable, strict, parallel_safe)]
fn github_pull_request_events(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(number, i64),
        name!(event_id, String),
        name!(event, String),
        name!(actor, String),
        name!(actor_is_bot, bool),
        name!(occurred_at, TimestampWithTimeZone),
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
    String,
    String,
    bool,
    TimestampWithTimeZone,
);

fn rows(doc: Object<'_>, context: Object<'_>) -> Vec<Row> {
    let pull_request = identity::repository(doc, context).zip(identity::number(doc, context));
    let Some((repository, number)) = pull_request else {
        return Vec::new();
    };
    let row = |id: String, event: &str, object: Object<'_>| {
        let account = object.any(&["author", "actor", "user"]);
        let (actor, is_bot) = actor(account.and_then(Json::object));
        let at = time_at(object, &["createdAt", "created_at"])?;
        Some((
            repository.clone(),
            number,
            id,
            event.to_owned(),
            actor,
            is_bot,
            at,
        ))
    };
    let comment = |object: Object<'_>| row(identity::id(object)?, "commented", object);
    if doc.text("issue_url").is_some()
        && doc.get("body").is_some()
        && doc.get("commits_url").is_none()
    {
        return comment(doc).into_iter().collect();
    }
    let event = |item: Object<'_>| {
        let event = match item.text("__typename")? {
            "ReadyForReviewEvent" => "ready_for_review",
            "ConvertToDraftEvent" => "converted_to_draft",
            "ReopenedEvent" => "reopened",
            _ => return None,
        };
        row(text_at(item, &["id"])?, event, item)
    };
    // A comment or an event that did not fit into its pull request's document.
    if context.integer("number").is_some() && doc.get("number").is_none() {
        let is_event = doc.text("__typename").is_some();
        let row = if is_event { event(doc) } else { comment(doc) };
        return row.into_iter().collect();
    }
    let comments = nodes(doc, "comments").filter_map(comment);
    let history = nodes(doc, "timelineItems").filter_map(event);
    comments.chain(history).collect()
}
