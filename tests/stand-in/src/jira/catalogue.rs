//! What every site has: statuses, types, priorities, resolutions, fields.

use super::model::{Field, Project};
use super::settings::Flavour;

/// What Jira makes of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Nobody works on it.
    New,
    /// Somebody does.
    Indeterminate,
    /// Nobody has to.
    Done,
}

impl Category {
    /// Id, key, colour, name, and the name in `statuses/search`.
    pub fn words(self) -> (u64, &'static str, &'static str, &'static str, &'static str) {
        match self {
            Category::New => (2, "new", "blue-gray", "To Do", "TODO"),
            Category::Indeterminate => (4, "indeterminate", "yellow", "In Progress", "IN_PROGRESS"),
            Category::Done => (3, "done", "green", "Done", "DONE"),
        }
    }
}

/// A status.
#[derive(Debug, Clone, Copy)]
pub struct Status {
    /// Id.
    pub id: u64,
    /// Name; statuses of team-managed projects repeat the names of others.
    pub name: &'static str,
    /// Category.
    pub category: Category,
    /// The team-managed project that it belongs to (Cloud).
    pub scope: Option<&'static str>,
}

const fn of(
    id: u64,
    name: &'static str,
    category: Category,
    scope: Option<&'static str>,
) -> Status {
    Status {
        id,
        name,
        category,
        scope,
    }
}

/// All statuses.
pub const STATUSES: [Status; 12] = [
    of(1, "Open", Category::New, None),
    of(3, "In Progress", Category::Indeterminate, None),
    of(5, "Resolved", Category::Done, None),
    of(6, "Closed", Category::Done, None),
    of(10_000, "To Do", Category::New, None),
    of(10_001, "Done", Category::Done, None),
    of(10_002, "In Review", Category::Indeterminate, None),
    of(10_003, "Monitoring", Category::Indeterminate, None),
    of(10_010, "To Do", Category::New, Some("WEB")),
    of(10_011, "In Progress", Category::Indeterminate, Some("WEB")),
    of(10_012, "In Review", Category::Indeterminate, Some("WEB")),
    of(10_013, "Done", Category::Done, Some("WEB")),
];

/// The status with an id.
pub fn status(id: u64) -> Option<&'static Status> {
    STATUSES.iter().find(|s| s.id == id)
}

/// The statuses that an issue of a project passes: to do, in progress, in review, done.
pub fn workflow(project: &Project) -> [u64; 4] {
    match project.key.as_str() {
        "WEB" => [10_010, 10_011, 10_012, 10_013],
        "OPS" => [1, 3, 10_003, 5],
        _ => [10_000, 3, 10_002, 10_001],
    }
}

/// The type of an issue.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: &'static str,
    /// 1 for epics, -1 for sub-tasks, 0 for the rest.
    pub level: i64,
}

const fn kind(id: u64, name: &'static str, level: i64) -> Type {
    Type { id, name, level }
}

/// Epic.
pub const EPIC: u64 = 10_000;
/// Story.
pub const STORY: u64 = 10_001;
/// Task.
pub const TASK: u64 = 10_002;
/// Sub-task.
pub const SUBTASK: u64 = 10_003;
/// Bug.
pub const BUG: u64 = 10_004;
/// Incident.
pub const INCIDENT: u64 = 10_005;

/// All types.
pub const TYPES: [Type; 6] = [
    kind(EPIC, "Epic", 1),
    kind(STORY, "Story", 0),
    kind(TASK, "Task", 0),
    kind(SUBTASK, "Sub-task", -1),
    kind(BUG, "Bug", 0),
    kind(INCIDENT, "Incident", 0),
];

/// The type with an id.
pub fn issue_type(id: u64) -> Option<&'static Type> {
    TYPES.iter().find(|t| t.id == id)
}

/// Priorities: id and name.
pub const PRIORITIES: [(u64, &str); 5] = [
    (1, "Highest"),
    (2, "High"),
    (3, "Medium"),
    (4, "Low"),
    (5, "Lowest"),
];

/// Resolutions: id and name.
pub const RESOLUTIONS: [(u64, &str); 3] = [
    (10_000, "Done"),
    (10_001, "Won't Do"),
    (10_002, "Duplicate"),
];

/// The name of an id in one of the two lists above.
pub fn name_of(list: &[(u64, &'static str)], id: u64) -> &'static str {
    list.iter().find(|(i, _)| *i == id).map_or("", |(_, n)| n)
}

/// A custom field.
#[derive(Debug, Clone, Copy)]
pub struct Custom {
    /// What it holds, if issues use it.
    pub field: Option<Field>,
    /// Number on Cloud.
    pub cloud: u64,
    /// Number on Data Center, none where there is no such field.
    pub data_center: Option<u64>,
    /// Name.
    pub name: &'static str,
    /// Type in the schema.
    pub kind: &'static str,
    /// Type of the items in the schema.
    pub items: Option<&'static str>,
    /// The app's own name for it.
    pub custom: &'static str,
}

/// All custom fields. The numbers differ between Cloud and Data Center, as they do
/// between any two sites, and some names mislead.
pub const CUSTOM: [Custom; 8] = [
    Custom {
        field: Some(Field::StoryPoints),
        cloud: 10_016,
        data_center: Some(10_106),
        name: "Story Points",
        kind: "number",
        items: None,
        custom: "com.atlassian.jira.plugin.system.customfieldtypes:float",
    },
    Custom {
        field: Some(Field::PointEstimate),
        cloud: 10_032,
        data_center: None,
        name: "Story point estimate",
        kind: "number",
        items: None,
        custom: "com.pyxis.greenhopper.jira:jsw-story-points",
    },
    Custom {
        field: Some(Field::Sprint),
        cloud: 10_020,
        data_center: Some(10_104),
        name: "Sprint",
        kind: "array",
        items: Some("json"),
        custom: "com.pyxis.greenhopper.jira:gh-sprint",
    },
    Custom {
        field: Some(Field::Flagged),
        cloud: 10_021,
        data_center: Some(10_000),
        name: "Flagged",
        kind: "array",
        items: Some("option"),
        custom: "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes",
    },
    Custom {
        field: Some(Field::Parent),
        cloud: 10_014,
        data_center: Some(10_100),
        name: "Epic Link",
        kind: "any",
        items: None,
        custom: "com.pyxis.greenhopper.jira:gh-epic-link",
    },
    Custom {
        field: Some(Field::Rank),
        cloud: 10_019,
        data_center: Some(10_103),
        name: "Rank",
        kind: "any",
        items: None,
        custom: "com.pyxis.greenhopper.jira:gh-lexo-rank",
    },
    Custom {
        field: None,
        cloud: 10_040,
        data_center: Some(10_140),
        name: "Story points (old)",
        kind: "string",
        items: None,
        custom: "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
    },
    Custom {
        field: None,
        cloud: 10_041,
        data_center: Some(10_141),
        name: "Business value",
        kind: "number",
        items: None,
        custom: "com.atlassian.jira.plugin.system.customfieldtypes:float",
    },
];

impl Custom {
    /// Its number, none if this Jira has no such field.
    pub fn number(&self, flavour: Flavour) -> Option<u64> {
        match flavour {
            Flavour::Cloud => Some(self.cloud),
            Flavour::DataCenter => self.data_center,
        }
    }
}

/// The custom field that holds something.
pub fn custom(field: Field) -> Option<&'static Custom> {
    CUSTOM.iter().find(|c| c.field == Some(field))
}

/// The fields that are not custom ones: id, name, type, type of the items.
pub const SYSTEM: [(&str, &str, &str, Option<&str>); 18] = [
    ("summary", "Summary", "string", None),
    ("issuetype", "Issue Type", "issuetype", None),
    ("project", "Project", "project", None),
    ("status", "Status", "status", None),
    (
        "statuscategorychangedate",
        "Status Category Changed",
        "datetime",
        None,
    ),
    ("resolution", "Resolution", "resolution", None),
    ("resolutiondate", "Resolved", "datetime", None),
    ("priority", "Priority", "priority", None),
    ("assignee", "Assignee", "user", None),
    ("reporter", "Reporter", "user", None),
    ("creator", "Creator", "user", None),
    ("labels", "Labels", "array", Some("string")),
    ("fixVersions", "Fix versions", "array", Some("version")),
    ("parent", "Parent", "issuelink", None),
    ("issuelinks", "Linked Issues", "array", Some("issuelinks")),
    ("description", "Description", "string", None),
    ("created", "Created", "datetime", None),
    ("updated", "Updated", "datetime", None),
];

/// Whether a project estimates in the field of Cloud's team-managed projects.
pub fn points_field(project: &Project) -> Field {
    if project.is_team_managed {
        Field::PointEstimate
    } else {
        Field::StoryPoints
    }
}
