//! What happened to pull requests besides commits and reviews.

use super::{actor, list_or_remembered, number, repository};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::github::identity;

/// Those of `diogen_silver.pull_request_events`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("number", Type::Integer),
    ("event_id", Type::Text),
    ("event", Type::Text),
    ("actor", Type::Text),
    ("actor_is_bot", Type::Boolean),
    ("occurred_at", Type::Time),
];

/// The rows of the comments and the history nested in a pull request of GraphQL, or of the
/// comment or event that a document is.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let of = PullRequest { doc, context };
    if let Some(event) = event(doc)? {
        return of.push(doc, event, rows);
    }
    if is_comment(doc, context) {
        // REST lists the comments of issues among those of pull requests.
        if doc
            .text("html_url")
            .is_some_and(|url| url.contains("/issues/"))
        {
            return Ok(());
        }
        return of.push(doc, "commented", rows);
    }
    for comment in list_or_remembered(doc, context, "comments")? {
        of.push(comment, "commented", rows)?;
    }
    for item in list_or_remembered(doc, context, "timelineItems")? {
        if let Some(event) = event(item)? {
            of.push(item, event, rows)?;
        }
    }
    Ok(())
}

/// The row of a comment on the code. Those of one review come with it all at once, and the review is
/// what counts as a response.
pub fn read_review_comment(
    doc: Object<'_>,
    context: Object<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    PullRequest { doc, context }.push(doc, REVIEW_COMMENTED, rows)
}

/// Which event an item of a timeline is; `None` for the others.
fn event(item: Object<'_>) -> Result<Option<&'static str>, Unreadable> {
    Ok(match item.string(&["__typename"])? {
        Some("ReadyForReviewEvent") => Some("ready_for_review"),
        Some("ConvertToDraftEvent") => Some("converted_to_draft"),
        // A merge closes the pull request too, and GitHub tells both.
        Some("ClosedEvent") => Some("closed"),
        Some("ReopenedEvent") => Some("reopened"),
        Some("HeadRefForcePushedEvent") => Some("force_pushed"),
        _ => None,
    })
}

const REVIEW_COMMENTED: &str = "review_commented";

/// A comment of its own refers to its pull request, or has it in its context.
fn is_comment(doc: Object<'_>, context: Object<'_>) -> bool {
    let is_pull_request = || doc.any(&["commits_url", "commits", "reviews"]).is_some();
    let is_event = || doc.get("__typename").is_some();
    let refers = || doc.any(&["issue_url", "pull_request_url"]).is_some();
    let is_alone = || context.get("number").is_some() && doc.get("number").is_none();
    !is_pull_request() && !is_event() && (refers() || is_alone())
}

#[derive(Clone, Copy)]
struct PullRequest<'a> {
    doc: Object<'a>,
    context: Object<'a>,
}

impl PullRequest<'_> {
    fn push(self, item: Object<'_>, event: &str, rows: &mut Rows) -> Result<(), Unreadable> {
        let (actor, is_bot) = actor(item.part(&["author", "actor", "user"])?)?;
        let occurred_at = item.moment(&["createdAt", "created_at"])?;
        let id = identity::id(item).required("id")?;
        let id = match event {
            // GitHub counts these apart from other comments.
            REVIEW_COMMENTED => format!("discussion_r{id}"),
            _ => id,
        };
        rows.push([
            repository(self.doc, self.context)?.into(),
            number(self.doc, self.context)?.into(),
            id.into(),
            event.into(),
            actor.into(),
            is_bot.into(),
            occurred_at.required("time")?.into(),
        ]);
        Ok(())
    }
}
