//! What was changed in issues: inside an issue, or a document for each change.

use chrono::{DateTime, Utc};

use super::custom_fields::CustomFields;
use super::{Person, actor, project_of_issue};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::jira::custom_fields::Purpose;

/// Those of `diogen_silver.issue_changes`.
pub const COLUMNS: Columns = &[
    ("project", Type::Text),
    ("issue_id", Type::Text),
    ("change_id", Type::Text),
    ("field", Type::Text),
    ("position", Type::Integer),
    ("changed_at", Type::Time),
    ("field_id", Type::Text),
    ("from_id", Type::Text),
    ("from_value", Type::Text),
    ("to_id", Type::Text),
    ("to_value", Type::Text),
    ("author", Type::Text),
    ("author_name", Type::Text),
    ("author_is_bot", Type::Boolean),
];

/// The rows of the changes nested in an issue, or of the change that a document is.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let custom = CustomFields::read(doc, context)?;
    if doc.get("items").is_none() && (doc.get("fields").is_some() || doc.get("changelog").is_some())
    {
        let project = project_of_issue(doc, context)?;
        let issue = doc.identifier(&["id"])?.required("id")?;
        let histories = doc.part(&["changelog"])?;
        for history in histories.map_or(Ok(Vec::new()), |log| log.list(&["histories"]))? {
            push(history, &issue, project, &custom, rows)?;
        }
        return Ok(());
    }
    let issue = context.identifier(&["issue_id"])?;
    let issue = issue.or(doc.identifier(&["issueId"])?);
    let issue = issue.required("issue_id")?;
    push(doc, &issue, context.name(&["project"])?, &custom, rows)
}

/// What the items of one change have in common.
struct Change<'a> {
    issue: &'a str,
    project: Option<&'a str>,
    id: String,
    at: DateTime<Utc>,
    author: Person<'a>,
}

fn push<'a>(
    history: Object<'a>,
    issue: &'a str,
    project: Option<&'a str>,
    custom: &CustomFields<'a>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let change = Change {
        issue,
        project,
        id: history.identifier(&["id"])?.required("id of a change")?,
        at: history.moment(&["created"])?.required("time of a change")?,
        author: actor(history.part(&["author"])?)?,
    };
    history.get("items").required("items of a change")?;
    // Counted field by field: where only some fields were asked for, the places in the whole
    // change are not known.
    let mut seen: Vec<(&str, i64)> = Vec::new();
    for item in history.list(&["items"])? {
        let id = item.name(&["fieldId"])?;
        let name = item
            .name(&["field"])?
            .or(id)
            .required("field of a change")?;
        let is_custom = item.string(&["fieldtype"])? == Some("custom");
        let (field, id) = match custom.of_change(id, name, is_custom) {
            Some((purpose, id)) => (of_purpose(purpose), id),
            None => (of_jira(id, name), id),
        };
        let position = match seen.iter_mut().find(|(other, _)| *other == field) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                seen.push((field, 1));
                1
            }
        };
        push_item(&change, item, field, id, position, rows)?;
    }
    Ok(())
}

fn push_item(
    change: &Change<'_>,
    item: Object<'_>,
    field: &str,
    field_id: Option<&str>,
    position: i64,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    // Jira writes nothing as null or as an empty text, one field this way, one that.
    let id = |key| Ok(item.identifier(&[key])?.filter(|id| !id.is_empty()));
    rows.push([
        change.project.into(),
        change.issue.into(),
        change.id.as_str().into(),
        field.into(),
        position.into(),
        change.at.into(),
        field_id.into(),
        id("from")?.into(),
        item.name(&["fromString"])?.into(),
        id("to")?.into(),
        item.name(&["toString"])?.into(),
        change.author.id.into(),
        change.author.name.into(),
        change.author.is_bot.into(),
    ]);
    Ok(())
}

fn of_purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Epic => "parent",
        other => other.name(),
    }
}

/// What silver calls one of Jira's own fields; others keep their name. Cloud tells the id, Data
/// Center the name alone.
fn of_jira<'a>(id: Option<&'a str>, name: &'a str) -> &'a str {
    match id.unwrap_or(name) {
        "issuetype" => "type",
        "fixVersions" | "Fix Version" => "fix_version",
        "summary" => "title",
        "Key" => "key",
        "IssueParentAssociation" | "Parent" | "parent" => "parent",
        // An id such as customfield_10019 tells people nothing.
        other if other.starts_with("customfield_") => name,
        other => other,
    }
}
