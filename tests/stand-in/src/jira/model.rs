//! What a Jira site knows: projects, boards, sprints, and issues with their whole history.
//!
//! An issue is what it was when it was created, and what was changed since. What is shown
//! of it at some moment is decided in [`super::view`].

use super::settings::Flavour;
use crate::model::Time;
use std::collections::HashMap;
use std::sync::Arc;

/// A whole site.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Cloud or Data Center.
    pub flavour: Flavour,
    /// People by ascending id; the first is the API user.
    pub people: Vec<Person>,
    /// Projects by ascending id.
    pub projects: Vec<Project>,
    /// Boards by ascending id.
    pub boards: Vec<Board>,
    /// Sprints by ascending id.
    pub sprints: Vec<Sprint>,
    /// Versions of all projects by ascending id.
    pub versions: Vec<Version>,
    /// Issues by ascending id, the deleted ones too.
    pub issues: Vec<Arc<Issue>>,
    /// The issue of every key that ever was, so that the keys of moved issues lead on.
    pub keys: HashMap<String, u64>,
    /// The id that the next change gets.
    pub next_history: u64,
}

/// A user.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Position in the site's list.
    pub id: u64,
    /// `accountId` on Cloud.
    pub account: String,
    /// User name on Data Center.
    pub name: String,
    /// Shown name.
    pub display: String,
    /// E-mail address.
    pub email: String,
    /// Time zone.
    pub zone: String,
    /// Left the company.
    pub is_active: bool,
    /// An app rather than a person.
    pub is_app: bool,
}

/// A project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Id.
    pub id: u64,
    /// Key, the first part of its issues' keys.
    pub key: String,
    /// Name.
    pub name: String,
    /// Cloud's project that its team configures: its own statuses, and another points field.
    pub is_team_managed: bool,
    /// Its lead.
    pub lead: u64,
}

/// A board.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Its project.
    pub project: u64,
    /// Without sprints.
    pub is_kanban: bool,
}

/// A sprint.
#[derive(Debug, Clone, PartialEq)]
pub struct Sprint {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Goal.
    pub goal: String,
    /// The board that it was made on.
    pub board: u64,
    /// When it was made.
    pub created: Time,
    /// Planned beginning.
    pub start: Time,
    /// Planned end.
    pub end: Time,
    /// When somebody really started it.
    pub activated: Time,
    /// When somebody closed it.
    pub completed: Time,
}

/// A version that issues are fixed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Id.
    pub id: u64,
    /// Its project.
    pub project: u64,
    /// Name.
    pub name: String,
    /// When it was released.
    pub released: Time,
}

/// What of an issue can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The project.
    Project,
    /// The key.
    Key,
    /// The type.
    Type,
    /// The title.
    Summary,
    /// The status.
    Status,
    /// The resolution.
    Resolution,
    /// The priority.
    Priority,
    /// Who works on it.
    Assignee,
    /// Labels.
    Labels,
    /// Versions that it is fixed in.
    FixVersions,
    /// The epic, or the parent of a sub-task.
    Parent,
    /// Sprints, past ones too.
    Sprint,
    /// Story points of most projects.
    StoryPoints,
    /// Story points of Cloud's team-managed projects.
    PointEstimate,
    /// The flag for impediments.
    Flagged,
    /// Issues that it blocks.
    Links,
    /// The place on the board.
    Rank,
}

/// What a field holds: ids are those of the field's kind of thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Held {
    /// Nothing.
    #[default]
    Nothing,
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// One thing.
    Id(u64),
    /// Several things.
    Ids(Vec<u64>),
    /// Several texts.
    Texts(Vec<String>),
}

impl Held {
    /// The id of the one thing.
    pub fn id(&self) -> Option<u64> {
        match self {
            Held::Id(id) => Some(*id),
            _ => None,
        }
    }

    /// The ids of all things.
    pub fn ids(&self) -> &[u64] {
        match self {
            Held::Ids(ids) => ids,
            Held::Id(id) => std::slice::from_ref(id),
            _ => &[],
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        match self {
            Held::Text(text) => text,
            _ => "",
        }
    }

    /// Nothing, or an empty list.
    pub fn is_empty(&self) -> bool {
        match self {
            Held::Nothing => true,
            Held::Ids(ids) => ids.is_empty(),
            Held::Texts(texts) => texts.is_empty(),
            _ => false,
        }
    }
}

/// One field's change.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The field.
    pub field: Field,
    /// What it held.
    pub from: Held,
    /// What it holds.
    pub to: Held,
}

/// What somebody changed at once.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Id, unique on the site.
    pub id: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub author: u64,
    /// What.
    pub changes: Vec<Change>,
}

/// An issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Id, which stays when the key changes.
    pub id: u64,
    /// When it was created.
    pub created: Time,
    /// Who created it.
    pub reporter: u64,
    /// What it was at first.
    pub first: Vec<(Field, Held)>,
    /// Changes, oldest first.
    pub histories: Vec<History>,
    /// Fields that are changed somewhere: most are not, and need no look at the changes.
    pub touched: u32,
    /// Moments of comments, which move `updated` without being a change.
    pub comments: Vec<Time>,
    /// When it was deleted.
    pub deleted: Option<Time>,
}
