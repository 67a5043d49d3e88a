//! Documents of issues.

use super::catalogue::{self, CUSTOM, EPIC, SYSTEM};
use super::documents::{Documents, Written};
use super::model::{Field, Held, Issue};
use crate::model::Time;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Which fields are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    all: bool,
    named: Vec<String>,
    without: Vec<String>,
}

impl Wanted {
    /// Reads a list of names, `*all`, `*navigable` and `-name`.
    pub fn read(names: &[String]) -> Self {
        let (without, named): (Vec<&String>, Vec<&String>) =
            names.iter().partition(|n| n.starts_with('-'));
        let stars = ["*all", "*navigable"];
        Wanted {
            all: named.iter().any(|n| stars.contains(&n.as_str()))
                || named.is_empty() && !without.is_empty(),
            named: named.into_iter().cloned().collect(),
            without: without.iter().map(|n| n[1..].to_owned()).collect(),
        }
    }

    /// Everything.
    pub fn everything() -> Self {
        Wanted::read(&["*all".to_owned()])
    }

    /// Only ids, or ids and keys: no fields at all.
    pub fn is_bare(&self) -> bool {
        !self.all && self.named.iter().all(|n| n == "id" || n == "key")
    }

    /// Only ids, without even the key.
    pub fn is_only_id(&self) -> bool {
        self.is_bare() && !self.named.iter().any(|n| n == "key")
    }

    fn has(&self, name: &str) -> bool {
        let named = self.all || self.named.iter().any(|n| n == name);
        named && !self.without.iter().any(|n| n == name)
    }
}

/// The value of a field.
#[derive(Serialize)]
#[serde(untagged)]
enum Cell<'a> {
    Written(&'a RawValue),
    List(Vec<&'a RawValue>),
    Made(Value),
}

/// Fields of an issue, in order.
pub struct Fields<'a>(Vec<(String, Cell<'a>)>);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, cell) in &self.0 {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}

/// An issue's document.
#[derive(Serialize)]
pub struct Document<'a, C: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    expand: Option<&'static str>,
    id: String,
    #[serde(rename = "self", skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Fields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changelog: Option<C>,
}

/// The document of an issue as it was at a moment.
pub fn document<'a, C: Serialize>(
    docs: &'a Documents,
    issue: &'a Issue,
    at: Time,
    wanted: &Wanted,
    changelog: Option<C>,
) -> Document<'a, C> {
    let more = !wanted.is_only_id();
    Document {
        expand: more
            .then_some("operations,versionedRepresentations,editmeta,changelog,renderedFields"),
        id: issue.id.to_string(),
        address: more.then(|| format!("{}/issue/{}", docs.base, issue.id)),
        key: more.then(|| issue.key(at)),
        fields: (!wanted.is_bare()).then(|| fields(docs, issue, at, wanted)),
        changelog,
    }
}

fn fields<'a>(docs: &'a Documents, issue: &'a Issue, at: Time, wanted: &Wanted) -> Fields<'a> {
    let mut out = Vec::with_capacity(SYSTEM.len() + CUSTOM.len());
    for (name, ..) in SYSTEM {
        if wanted.has(name)
            && let Some(cell) = system(docs, issue, at, name)
        {
            out.push((name.to_owned(), cell));
        }
    }
    for custom in &CUSTOM {
        let Some(name) = docs.custom(custom).filter(|n| wanted.has(n)) else {
            continue;
        };
        let cell = match custom.field {
            Some(field) => custom_cell(docs, issue, at, field),
            None => Cell::Made(Value::Null),
        };
        out.push((name, cell));
    }
    Fields(out)
}

fn one<'a>(written: &'a Written, held: &Held) -> Cell<'a> {
    let found = held.id().and_then(|id| written.get(&id));
    found.map_or(Cell::Made(Value::Null), |raw| Cell::Written(raw))
}

fn many<'a>(written: &'a Written, held: &Held) -> Cell<'a> {
    let found = held.ids().iter().filter_map(|id| written.get(id));
    Cell::List(found.map(|raw| &**raw).collect())
}

/// A field that every Jira has; none where this one leaves it out.
fn system<'a>(docs: &'a Documents, issue: &'a Issue, at: Time, name: &str) -> Option<Cell<'a>> {
    let held = |field| issue.held(field, at);
    Some(match name {
        "summary" => Cell::Made(json!(held(Field::Summary).text())),
        "issuetype" => one(&docs.types, held(Field::Type)),
        "project" => one(&docs.projects, held(Field::Project)),
        "status" => one(&docs.statuses, held(Field::Status)),
        "resolution" => one(&docs.resolutions, held(Field::Resolution)),
        "priority" => one(&docs.priorities, held(Field::Priority)),
        "assignee" => one(&docs.people, held(Field::Assignee)),
        "reporter" | "creator" => one(&docs.people, &Held::Id(issue.reporter)),
        "fixVersions" => many(&docs.versions, held(Field::FixVersions)),
        "labels" => Cell::Made(match held(Field::Labels) {
            Held::Texts(labels) => json!(labels),
            _ => json!([]),
        }),
        "created" => Cell::Made(json!(docs.time(issue.created))),
        "updated" => Cell::Made(json!(docs.time(issue.updated(at)))),
        "resolutiondate" => Cell::Made(json!(issue.resolved(at).map(|t| docs.time(t)))),
        "statuscategorychangedate" if docs.is_cloud() => {
            Cell::Made(json!(docs.time(issue.category_changed(at))))
        }
        // Data Center knows the parents of sub-tasks only; epics are in Epic Link.
        "parent" => Cell::Made(parent(docs, issue, at, docs.is_cloud())?),
        "issuelinks" => Cell::Made(links(docs, issue, at)),
        "description" => Cell::Made(description(docs, issue)),
        _ => return None,
    })
}

fn custom_cell<'a>(docs: &'a Documents, issue: &Issue, at: Time, field: Field) -> Cell<'a> {
    let held = issue.held(field, at);
    let value = match (field, held) {
        (Field::Sprint, held) if !held.is_empty() => return many(&docs.sprints, held),
        (Field::Flagged, Held::Id(id)) => json!([{
            "self": format!("{}/customFieldOption/{id}", docs.base),
            "value": "Impediment",
            "id": id.to_string(),
        }]),
        (Field::Rank, _) => json!(format!("0|i{:05}:", issue.id)),
        // The epic's key, but not in projects that only know parents.
        (Field::Parent, Held::Id(id)) => {
            let epic = docs
                .site
                .issue_by_id(*id)
                .filter(|p| p.is_visible(at) && p.held(Field::Type, at).id() == Some(EPIC));
            let project = docs.site.project_by_id(issue.project(at));
            let old = project.is_some_and(|p| !p.is_team_managed);
            json!(epic.filter(|_| old).map(|e| e.key(at)))
        }
        (_, Held::Number(number)) => json!(number),
        _ => Value::Null,
    };
    Cell::Made(value)
}

fn parent(docs: &Documents, issue: &Issue, at: Time, any: bool) -> Option<Value> {
    let id = issue.held(Field::Parent, at).id()?;
    let parent = docs.site.issue_by_id(id).filter(|p| p.is_visible(at))?;
    let is_epic = parent.held(Field::Type, at).id() == Some(EPIC);
    (any || !is_epic).then(|| linked(docs, parent, at))
}

/// Another issue in short.
fn linked(docs: &Documents, issue: &Issue, at: Time) -> Value {
    let id = |field| issue.held(field, at).id().unwrap_or_default();
    let status = catalogue::status(id(Field::Status)).map(|s| docs.status(s));
    let kind = catalogue::issue_type(id(Field::Type)).map(|t| docs.issue_type(t));
    json!({
        "id": issue.id.to_string(),
        "key": issue.key(at),
        "self": format!("{}/issue/{}", docs.base, issue.id),
        "fields": {
            "summary": issue.held(Field::Summary, at).text(),
            "status": status,
            "issuetype": kind,
        },
    })
}

fn links(docs: &Documents, issue: &Issue, at: Time) -> Value {
    let found = issue.held(Field::Links, at).ids().iter();
    found
        .filter_map(|id| docs.site.issue_by_id(*id))
        .filter(|other| other.is_visible(at))
        .map(|other| {
            json!({
                "id": (20_000 + issue.id).to_string(),
                "type": {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
                "outwardIssue": linked(docs, other, at),
            })
        })
        .collect()
}

/// A document of Atlassian's own kind in version 3, a text in version 2.
fn description(docs: &Documents, issue: &Issue) -> Value {
    let text = format!("What is wanted, number {}.", issue.id);
    if !docs.base.ends_with('3') {
        return json!(text);
    }
    let words = json!([{"type": "text", "text": text}]);
    json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": words}]})
}
