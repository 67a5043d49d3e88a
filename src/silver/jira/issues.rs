//! Issues.

use super::custom_fields::CustomFields;
use super::sprint_field::sprint_ids;
use super::{Person, page, project_of_issue, status_category};
use crate::jsonb::{Json, Object};
use crate::rows::{Columns, Rows, Type, Value};
use crate::silver::fields::{Fields, Required, Unreadable, wrong};
use crate::sources::jira::custom_fields::Purpose;

/// Those of `diogen_silver.issues` that the document itself says. NULL means that it does not.
pub const COLUMNS: Columns = &[
    ("project", Type::Text),
    ("key", Type::Text),
    ("issue_id", Type::Text),
    ("title", Type::Text),
    ("type", Type::Text),
    ("is_subtask", Type::Boolean),
    ("status", Type::Text),
    ("status_id", Type::Text),
    ("status_category", Type::Text),
    ("resolution", Type::Text),
    ("priority", Type::Text),
    ("points", Type::Numeric),
    ("points_field", Type::Text),
    ("assignee", Type::Text),
    ("assignee_name", Type::Text),
    ("reporter", Type::Text),
    ("reporter_name", Type::Text),
    ("created_at", Type::Time),
    ("updated_at", Type::Time),
    ("resolved_at", Type::Time),
    ("labels", Type::Texts),
    ("fix_versions", Type::Texts),
    ("sprint_ids", Type::Texts),
    ("is_flagged", Type::Boolean),
    ("parent", Type::Text),
    ("url", Type::Text),
    ("change_count", Type::Integer),
];

/// The row of an issue.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let project = project_of_issue(doc, context)?.required("project")?;
    let key = doc.name(&["key"])?.required("key")?;
    let fields = doc.part(&["fields"])?.required("fields")?;
    let custom = CustomFields::read(doc, context)?;
    let status = fields.part(&["status"])?;
    let status_category = match status {
        Some(status) => status_category(status)?,
        None => None,
    };
    let person = |key| fields.part(&[key])?.map(Person::read).transpose();
    let (assignee, reporter) = (person("assignee")?, person("reporter")?);
    let points = points(fields, &custom)?;
    let sprints = sprints(fields, &custom)?;
    let versions = fields.list(&["fixVersions"])?;
    let versions: Result<Vec<_>, _> = versions.iter().map(|it| it.string(&["name"])).collect();
    rows.push([
        project.into(),
        key.into(),
        doc.identifier(&["id"])?.required("id")?.into(),
        fields.string(&["summary"])?.into(),
        fields.string(&["issuetype.name"])?.into(),
        fields.flag(&["issuetype.subtask"])?.unwrap_or(false).into(),
        fields.name(&["status.name"])?.into(),
        fields.identifier(&["status.id"])?.into(),
        status_category.into(),
        fields.string(&["resolution.name"])?.into(),
        fields.string(&["priority.name"])?.into(),
        // Rows have a header of their own for it.
        points
            .as_ref()
            .map_or(Value::Null, |(_, points)| Value::Numeric(&points[4..])),
        points.as_ref().map(|(field, _)| *field).into(),
        assignee.as_ref().map(|person| person.id).into(),
        assignee.and_then(|person| person.name).into(),
        reporter.as_ref().map(|person| person.id).into(),
        reporter.and_then(|person| person.name).into(),
        fields.moment(&["created"])?.into(),
        fields.moment(&["updated"])?.into(),
        fields.moment(&["resolutiondate"])?.into(),
        fields.strings(&["labels"])?.into(),
        versions?.into_iter().flatten().collect::<Vec<_>>().into(),
        sprints
            .as_ref()
            .map(|ids| ids.iter().map(String::as_str).collect::<Vec<_>>())
            .into(),
        is_flagged(fields, &custom).into(),
        parent(fields, &custom)?.into(),
        page(doc, &format!("browse/{key}"))?.into(),
        doc.whole(&["changelog.total"])?.into(),
    ]);
    Ok(())
}

/// Story points, and the field they are from: the first that holds any. Projects estimate in
/// different fields.
fn points<'a>(
    fields: Object<'a>,
    custom: &CustomFields<'a>,
) -> Result<Option<(&'a str, std::borrow::Cow<'a, [u8]>)>, Unreadable> {
    let mut held = custom
        .ids(Purpose::Points)
        .filter_map(|id| Some((id, fields.get(id)?)));
    let Some((id, value)) = held.next() else {
        return Ok(None);
    };
    let points = value
        .numeric()
        .ok_or_else(|| wrong(id, value, "a number"))?;
    Ok(Some((id, points)))
}

/// The sprints that it is or was planned for; `None` where nothing tells which field holds them.
/// The API of boards has fields of its own for them.
fn sprints<'a>(
    fields: Object<'a>,
    custom: &CustomFields<'a>,
) -> Result<Option<Vec<String>>, Unreadable> {
    let is_of_board = fields.get("closedSprints").is_some();
    let of_board = ["closedSprints", "sprint"].into_iter();
    let mut all = None;
    for id in custom
        .ids(Purpose::Sprint)
        .chain(of_board.filter(|_| is_of_board))
    {
        let ids: &mut Vec<String> = all.get_or_insert_default();
        if let Some(value) = fields.get(id) {
            for sprint in sprint_ids(id, value)? {
                if !ids.contains(&sprint) {
                    ids.push(sprint);
                }
            }
        }
    }
    Ok(all)
}

/// Whether one of the boxes of a flag is checked; `None` where nothing tells which field has them.
fn is_flagged<'a>(fields: Object<'a>, custom: &CustomFields<'a>) -> Option<bool> {
    let flags = custom.ids(Purpose::Flagged);
    let states = flags.map(|id| match fields.get(id) {
        Some(Json::Array(boxes)) => !boxes.is_empty(),
        value => value.is_some(),
    });
    states.reduce(|one, other| one || other)
}

/// The key of the issue that it is part of: parents, or epics where Jira keeps those apart.
fn parent<'a>(
    fields: Object<'a>,
    custom: &CustomFields<'a>,
) -> Result<Option<&'a str>, Unreadable> {
    let mut parent = fields.name(&["parent.key"])?;
    for id in custom.ids(Purpose::Epic) {
        parent = match parent {
            None => fields.name(&[id])?,
            found => found,
        };
    }
    Ok(parent)
}
