//! Jira's documents, of Cloud (REST v3) and Data Center (v2), as rows. One file per entity.
//!
//! Which custom field holds sprints or story points, a document does not say: its context does, or
//! the map `names` that Jira adds on request (see [`custom_fields`]).

mod boards;
mod custom_fields;
mod fields;
mod issue_changes;
mod issues;
mod projects;
mod sprint_field;
mod sprints;
mod statuses;

use super::GHOST;
use super::fields::{Fields, Unreadable, wrong};
use super::normalizer::{Normalizer, itself};
use crate::jsonb::{Json, Object};

/// The normalizers of Jira's documents.
pub const NORMALIZERS: &[Normalizer] = &[
    Normalizer {
        function: "jira_projects",
        columns: projects::COLUMNS,
        subject: itself,
        read: projects::read,
    },
    Normalizer {
        function: "jira_fields",
        columns: fields::COLUMNS,
        subject: itself,
        read: fields::read,
    },
    Normalizer {
        function: "jira_statuses",
        columns: statuses::COLUMNS,
        subject: itself,
        read: statuses::read,
    },
    Normalizer {
        function: "jira_boards",
        columns: boards::COLUMNS,
        subject: itself,
        read: boards::read,
    },
    Normalizer {
        function: "jira_sprints",
        columns: sprints::COLUMNS,
        subject: itself,
        read: sprints::read,
    },
    Normalizer {
        function: "jira_issues",
        columns: issues::COLUMNS,
        subject: itself,
        read: issues::read,
    },
    Normalizer {
        function: "jira_issue_changes",
        columns: issue_changes::COLUMNS,
        subject: itself,
        read: issue_changes::read,
    },
];

/// An account.
struct Person<'a> {
    /// Cloud's `accountId`. Data Center's key, which stays when somebody gets another name and is
    /// what changes of the assignee hold.
    id: &'a str,
    name: Option<&'a str>,
    is_bot: bool,
}

impl<'a> Person<'a> {
    fn read(account: Object<'a>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: account
                .name(&["accountId"])?
                .or(account.name(&["key"])?)
                .or(account.name(&["name"])?)
                .unwrap_or(GHOST),
            name: account.name(&["displayName"])?,
            is_bot: account.string(&["accountType"])? == Some("app"),
        })
    }
}

/// Who did something; a deleted account is not told any more.
fn actor<'a>(account: Option<Object<'a>>) -> Result<Person<'a>, Unreadable> {
    match account {
        Some(account) => Person::read(account),
        None => Ok(Person {
            id: GHOST,
            name: None,
            is_bot: false,
        }),
    }
}

/// The category of a status in silver's words; `None` where it has none.
fn status_category(status: Object<'_>) -> Result<Option<&'static str>, Unreadable> {
    let key = "statusCategory.key";
    Ok(match status.name(&[key])? {
        Some("new") => Some("todo"),
        Some("indeterminate") => Some("in_progress"),
        Some("done") => Some("done"),
        None | Some("undefined") => None,
        Some(other) => {
            let wanted = "new, indeterminate, done or undefined";
            return Err(wrong(key, Json::Text(other), wanted));
        }
    })
}

/// The key of the project that an issue belongs to: said by the issue, by its key, or else by the
/// context.
fn project_of_issue<'a>(
    issue: Object<'a>,
    context: Object<'a>,
) -> Result<Option<&'a str>, Unreadable> {
    let of_key = issue.name(&["key"])?.and_then(|key| key.rsplit_once('-'));
    Ok(issue
        .name(&["fields.project.key"])?
        .or(of_key.map(|(project, _)| project))
        .or(context.name(&["project"])?))
}

/// Where people see something, from the address of its document. A token with scopes is used at
/// another host, which has no pages for people.
fn page(document: Object<'_>, path: &str) -> Result<Option<String>, Unreadable> {
    let address = document.name(&["self"])?;
    let base = address.and_then(|address| address.split_once("/rest/"));
    let base = base.filter(|(base, _)| !base.starts_with("https://api.atlassian.com/"));
    Ok(base.map(|(base, _)| format!("{base}/{path}")))
}

#[cfg(test)]
mod tests;
