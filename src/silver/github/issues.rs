//! Issues of GitHub: open or closed, without points or sprints.

use super::{GHOST, actor, repository};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type, Value};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::github::identity;

/// Those of `diogen_silver.issues` that GitHub tells.
pub const COLUMNS: Columns = &[
    ("project", Type::Text),
    ("key", Type::Text),
    ("issue_id", Type::Text),
    ("title", Type::Text),
    ("type", Type::Text),
    ("is_subtask", Type::Boolean),
    ("status", Type::Text),
    ("status_category", Type::Text),
    ("resolution", Type::Text),
    ("assignee", Type::Text),
    ("reporter", Type::Text),
    ("created_at", Type::Time),
    ("updated_at", Type::Time),
    ("resolved_at", Type::Time),
    ("labels", Type::Texts),
    ("parent", Type::Text),
    ("url", Type::Text),
];

/// Those of `diogen_silver.issue_changes`.
pub const CHANGE_COLUMNS: Columns = &[
    ("project", Type::Text),
    ("issue_id", Type::Text),
    ("change_id", Type::Text),
    ("field", Type::Text),
    ("position", Type::Integer),
    ("changed_at", Type::Time),
    ("from_value", Type::Text),
    ("to_value", Type::Text),
    ("author", Type::Text),
    ("author_is_bot", Type::Boolean),
];

const OPEN: &str = "open";
const CLOSED: &str = "closed";

/// The row of an issue. REST lists pull requests among issues; they give none.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    if doc.get("pull_request").is_some() {
        return Ok(());
    }
    let project = repository(doc, context)?;
    let number = doc.whole(&["number"])?.required("number")?;
    let (status, category) = match closed(doc)? {
        true => (CLOSED, "done"),
        false => (OPEN, "todo"),
    };
    let (reporter, _) = actor(doc.part(&["author", "user"])?)?;
    let assignees = doc.list(&["assignees"])?;
    let assignee = assignees.first().copied().or(doc.part(&["assignee"])?);
    let assignee = assignee
        .map(|account| account.name(&["login"]))
        .transpose()?;
    let labels = doc.list(&["labels"])?;
    let labels: Result<Vec<_>, _> = labels.iter().map(|label| label.string(&["name"])).collect();
    let reason = doc.string(&["stateReason", "state_reason"])?;
    let parent = parent(doc)?;
    rows.push([
        (&*project).into(),
        format!("{project}#{number}").into(),
        identity::id(doc).required("id")?.into(),
        doc.string(&["title"])?.into(),
        doc.name(&["issueType.name", "type.name"])?
            .unwrap_or("issue")
            .into(),
        parent.is_some().into(),
        status.into(),
        category.into(),
        reason
            .filter(|_| status == CLOSED)
            .map(str::to_ascii_lowercase)
            .into(),
        assignee.map(|login| login.unwrap_or(GHOST)).into(),
        reporter.into(),
        doc.moment(&["createdAt", "created_at"])?.into(),
        doc.moment(&["updatedAt", "updated_at"])?.into(),
        doc.moment(&["closedAt", "closed_at"])?.into(),
        labels?.into_iter().flatten().collect::<Vec<_>>().into(),
        parent.into(),
        doc.string(&["html_url", "url"])?.into(),
    ]);
    Ok(())
}

/// The one change that an issue tells of itself: that it was closed, the last time. Without it the
/// issue would seem to have been closed from its first day.
pub fn read_closing(
    doc: Object<'_>,
    context: Object<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let closed_at = doc.moment(&["closedAt", "closed_at"])?;
    let Some(closed_at) = closed_at.filter(|_| doc.get("pull_request").is_none()) else {
        return Ok(());
    };
    if closed(doc)? {
        let (author, is_bot) = actor(doc.part(&["closed_by"])?)?;
        rows.push([
            repository(doc, context)?.into(),
            identity::id(doc).required("id")?.into(),
            CLOSED.into(),
            "status".into(),
            Value::Integer(1),
            closed_at.into(),
            OPEN.into(),
            CLOSED.into(),
            author.into(),
            is_bot.into(),
        ]);
    }
    Ok(())
}

fn closed(doc: Object<'_>) -> Result<bool, Unreadable> {
    let state = doc.string(&["state"])?.required("state")?;
    Ok(state.eq_ignore_ascii_case(CLOSED))
}

/// The key of the issue that it is a part of.
fn parent(doc: Object<'_>) -> Result<Option<String>, Unreadable> {
    if let Some(parent) = doc.part(&["parent"])? {
        let project = parent.string(&["repository.nameWithOwner"])?;
        return Ok(project
            .zip(parent.whole(&["number"])?)
            .map(|(project, number)| format!("{project}#{number}")));
    }
    let url = doc.string(&["parent_issue_url"])?;
    let path = url.and_then(|url| url.split_once("/repos/"));
    let parts = path.and_then(|(_, path)| path.split_once("/issues/"));
    Ok(parts.map(|(project, number)| format!("{project}#{number}")))
}
