//! Changes: of one issue, inside issues, and of many issues at once.

use super::Jira;
use super::body::{read, refuse};
use super::catalogue::{self, PRIORITIES, RESOLUTIONS};
use super::documents::Documents;
use super::lists::{Page, page};
use super::model::{Change, Field, Held, History, Issue};
use super::token::Token;
use crate::http::{Answer, Query};
use crate::model::Time;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;

/// One field's change as it is written.
#[derive(Serialize)]
struct Item<'a> {
    field: &'static str,
    fieldtype: &'static str,
    #[serde(rename = "fieldId", skip_serializing_if = "Option::is_none")]
    field_id: Option<Cow<'static, str>>,
    from: Option<Cow<'a, str>>,
    #[serde(rename = "fromString")]
    from_string: Option<Cow<'a, str>>,
    to: Option<Cow<'a, str>>,
    #[serde(rename = "toString")]
    to_string: Option<Cow<'a, str>>,
}

/// A moment: milliseconds in the bulk address, a text elsewhere.
#[derive(Serialize)]
#[serde(untagged)]
enum Moment {
    Text(String),
    Number(i64),
}

/// What somebody changed at once, as it is written.
#[derive(Serialize)]
pub struct Entry<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a RawValue>,
    created: Moment,
    items: Vec<Item<'a>>,
}

/// Changes inside an issue.
#[derive(Serialize)]
pub struct Embedded<'a> {
    #[serde(rename = "startAt")]
    start_at: usize,
    #[serde(rename = "maxResults")]
    max_results: usize,
    total: usize,
    histories: Vec<Entry<'a>>,
}

/// The changes that `expand=changelog` shows: all of them, oldest first, on Data Center;
/// on Cloud the newest so many, newest first.
pub fn embedded<'a>(docs: &'a Documents, issue: &'a Issue, at: Time, most: usize) -> Embedded<'a> {
    let seen = issue.seen(at);
    let histories: Vec<Entry> = if docs.is_cloud() {
        let newest = seen.iter().rev().take(most);
        newest.map(|h| entry(docs, issue, h, false)).collect()
    } else {
        seen.iter().map(|h| entry(docs, issue, h, false)).collect()
    };
    Embedded {
        start_at: 0,
        max_results: histories.len(),
        total: seen.len(),
        histories,
    }
}

fn entry<'a>(docs: &'a Documents, issue: &'a Issue, history: &'a History, bulk: bool) -> Entry<'a> {
    let created = if bulk {
        Moment::Number(history.at.timestamp_millis())
    } else {
        Moment::Text(docs.time(history.at))
    };
    Entry {
        id: history.id.to_string(),
        author: docs.people.get(&history.author).map(|raw| &**raw),
        created,
        items: history
            .changes
            .iter()
            .flat_map(|c| items(docs, issue, c, history.at))
            .collect(),
    }
}

/// The name of a field in changes, its type and its id where it has one.
fn names(docs: &Documents, issue: &Issue, change: &Change, at: Time) -> Names {
    let plain = |name: &'static str| (name, "jira", Some(Cow::Borrowed(name)));
    match change.field {
        Field::Project => plain("project"),
        Field::Key => ("Key", "jira", None),
        Field::Type => plain("issuetype"),
        Field::Summary => plain("summary"),
        Field::Status => plain("status"),
        Field::Resolution => plain("resolution"),
        Field::Priority => plain("priority"),
        Field::Assignee => plain("assignee"),
        Field::Labels => plain("labels"),
        Field::FixVersions => ("Fix Version", "jira", Some(Cow::Borrowed("fixVersions"))),
        Field::Links => ("Link", "jira", None),
        Field::Parent if docs.is_cloud() => ("IssueParentAssociation", "jira", None),
        Field::Parent if issue.held(Field::Type, at).id() == Some(catalogue::SUBTASK) => {
            ("Parent", "jira", None)
        }
        field => match catalogue::custom(field) {
            Some(custom) => (custom.name, "custom", docs.custom(custom).map(Cow::Owned)),
            None => ("", "custom", None),
        },
    }
}

type Names = (&'static str, &'static str, Option<Cow<'static, str>>);
type Shown<'a> = (Option<Cow<'a, str>>, Option<Cow<'a, str>>);

fn items<'a>(docs: &'a Documents, issue: &'a Issue, change: &'a Change, at: Time) -> Vec<Item<'a>> {
    let (field, fieldtype, id) = names(docs, issue, change, at);
    // Only Cloud says the id.
    let field_id = id.filter(|_| docs.is_cloud());
    let item = |from: Shown<'a>, to: Shown<'a>| Item {
        field,
        fieldtype,
        field_id: field_id.clone(),
        from: from.0,
        from_string: from.1,
        to: to.0,
        to_string: to.1,
    };
    match change.field {
        // Versions come and go one by one.
        Field::FixVersions => {
            let gone = change
                .from
                .ids()
                .iter()
                .filter(|v| !change.to.ids().contains(v));
            let come = change
                .to
                .ids()
                .iter()
                .filter(|v| !change.from.ids().contains(v));
            let version = |id: &u64| shown(docs, change.field, Cow::Owned(Held::Id(*id)), at);
            gone.map(|id| item(version(id), (None, None)))
                .chain(come.map(|id| item((None, None), version(id))))
                .collect()
        }
        Field::Links => {
            let come = change
                .to
                .ids()
                .iter()
                .filter(|v| !change.from.ids().contains(v));
            let link = |id: &u64| shown(docs, change.field, Cow::Owned(Held::Id(*id)), at);
            come.map(|id| item((None, None), link(id))).collect()
        }
        field => vec![item(
            shown(docs, field, Cow::Borrowed(&change.from), at),
            shown(docs, field, Cow::Borrowed(&change.to), at),
        )],
    }
}

/// What a field held, as id and as text.
fn shown<'a>(docs: &'a Documents, field: Field, held: Cow<'a, Held>, at: Time) -> Shown<'a> {
    let site = docs.site;
    let pair = |id: String, name: &'a str| (Some(Cow::Owned(id)), Some(Cow::Borrowed(name)));
    let text = |text: String| (Some(Cow::Borrowed("")), Some(Cow::Owned(text)));
    match (field, held.as_ref()) {
        // The Sprint field says nothing with empty texts.
        (Field::Sprint, held) => {
            let ids: Vec<String> = held.ids().iter().map(u64::to_string).collect();
            let known = held.ids().iter().filter_map(|id| site.sprint(*id));
            let names: Vec<&str> = known.map(|s| s.name.as_str()).collect();
            (Some(ids.join(", ").into()), Some(names.join(", ").into()))
        }
        (Field::Labels, Held::Texts(labels)) => (None, Some(Cow::Owned(labels.join(" ")))),
        (Field::Labels, _) => (None, Some(Cow::Borrowed(""))),
        (Field::Rank, Held::Text(words)) => text(words.clone()),
        (Field::Rank, _) => text(String::new()),
        (_, Held::Nothing) => (None, None),
        (Field::Flagged, Held::Id(id)) => {
            (Some(format!("[{id}]").into()), Some("Impediment".into()))
        }
        (Field::Project, Held::Id(id)) => pair(
            id.to_string(),
            site.project_by_id(*id).map_or("", |p| &p.name),
        ),
        (Field::Status, Held::Id(id)) => pair(
            id.to_string(),
            catalogue::status(*id).map_or("", |s| s.name),
        ),
        (Field::Type, Held::Id(id)) => pair(
            id.to_string(),
            catalogue::issue_type(*id).map_or("", |t| t.name),
        ),
        (Field::Priority, Held::Id(id)) => {
            pair(id.to_string(), catalogue::name_of(&PRIORITIES, *id))
        }
        (Field::Resolution, Held::Id(id)) => {
            pair(id.to_string(), catalogue::name_of(&RESOLUTIONS, *id))
        }
        (Field::Assignee, Held::Id(id)) => {
            let person = site.person(*id);
            let name = person.map_or("", |p| p.display.as_str());
            let id = person.map(|p| if docs.is_cloud() { &p.account } else { &p.name });
            (
                id.map(|i| Cow::Borrowed(i.as_str())),
                Some(Cow::Borrowed(name)),
            )
        }
        (Field::FixVersions, Held::Id(id)) => {
            pair(id.to_string(), site.version(*id).map_or("", |v| &v.name))
        }
        (Field::Parent, Held::Id(id)) => pair(
            id.to_string(),
            site.issue_by_id(*id).map_or("", |i| i.key(at)),
        ),
        (Field::Links, Held::Id(id)) => {
            let key = site.issue_by_id(*id).map_or("", |i| i.key(at));
            let words = format!("This issue blocks {key}");
            (Some(Cow::Borrowed(key)), Some(Cow::Owned(words)))
        }
        (_, Held::Number(number)) => (None, Some(Cow::Owned(number.to_string()))),
        (_, Held::Text(words)) => (None, Some(Cow::Owned(words.clone()))),
        _ => (None, None),
    }
}

/// The changes of one issue, oldest first, page by page.
pub fn of_issue(docs: &Documents, query: &Query, name: &str, path: &str) -> Answer {
    let Some(issue) = docs.site.issue(name, docs.now) else {
        return refuse(
            404,
            "Issue does not exist or you do not have permission to see it.",
        );
    };
    let seen: Vec<&History> = issue.seen(docs.now).iter().collect();
    let page = Page {
        address: format!("{}{path}", docs.host),
        default: 100,
        most: 100,
    };
    page_of(docs, issue, &seen, query, &page)
}

fn page_of(
    docs: &Documents,
    issue: &Issue,
    seen: &[&History],
    query: &Query,
    shape: &Page,
) -> Answer {
    page(shape, query, seen, |h| entry(docs, issue, h, false))
}

/// What is asked of the bulk address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bulk {
    #[serde(rename = "issueIdsOrKeys")]
    issues: Vec<String>,
    #[serde(rename = "fieldIds", default)]
    fields: Vec<String>,
    #[serde(rename = "maxResults")]
    max_results: Option<usize>,
    #[serde(rename = "nextPageToken")]
    token: Option<String>,
}

#[derive(Serialize)]
struct OfIssue<'a> {
    #[serde(rename = "issueId")]
    issue: String,
    #[serde(rename = "changeHistories")]
    histories: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct BulkAnswer<'a> {
    #[serde(rename = "issueChangeLogs")]
    issues: Vec<OfIssue<'a>>,
    #[serde(rename = "nextPageToken", skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// The changes of many issues: the oldest first whatever the issue, so that those of one
/// issue may be spread over all pages.
pub fn bulk(jira: &Jira, docs: &Documents, body: &[u8]) -> Answer {
    let asked: Bulk = match read(body) {
        Ok(asked) => asked,
        Err(answer) => return answer,
    };
    if asked.issues.is_empty() || asked.issues.len() > 1_000 {
        return refuse(
            400,
            "issueIdsOrKeys must contain between 1 and 1000 issues.",
        );
    }
    if asked.fields.len() > 10 {
        return refuse(400, "fieldIds must not contain more than 10 fields.");
    }
    let most = asked.max_results.unwrap_or(1_000);
    if most == 0 || most > 10_000 {
        return refuse(400, "maxResults must be between 1 and 10000.");
    }
    let what = format!("bulk {:?} {:?}", asked.issues, asked.fields);
    let after = match &asked.token {
        None => None,
        Some(token) => match Token::read(jira, docs.now, &what, token) {
            Some(token) => Some(token.k),
            None => return refuse(400, super::search::EXPIRED),
        },
    };
    let mut issues: Vec<&Issue> = asked
        .issues
        .iter()
        .filter_map(|name| docs.site.issue(name, docs.now))
        .map(|issue| &**issue)
        .collect();
    issues.sort_by_key(|i| i.id);
    issues.dedup_by_key(|i| i.id);
    let mut found: Vec<([i64; 3], &Issue, &History)> = Vec::new();
    for issue in issues {
        for history in issue.seen(docs.now) {
            let place = [
                history.at.timestamp_millis(),
                issue.id as i64,
                history.id as i64,
            ];
            let is_new = after
                .as_ref()
                .is_none_or(|a| place.as_slice() > a.as_slice());
            if is_new && has_field(docs, issue, history, &asked.fields) {
                found.push((place, issue, history));
            }
        }
    }
    found.sort_unstable_by_key(|(place, ..)| *place);
    let rest = found.len() > most;
    found.truncate(most);
    let token = found
        .last()
        .filter(|_| rest)
        .map(|(place, ..)| Token::give(jira, docs.now, &what, place.to_vec()));
    let mut positions: HashMap<u64, usize> = HashMap::new();
    let mut out: Vec<OfIssue> = Vec::new();
    for (_, issue, history) in found {
        let position = *positions.entry(issue.id).or_insert_with(|| {
            out.push(OfIssue {
                issue: issue.id.to_string(),
                histories: Vec::new(),
            });
            out.len() - 1
        });
        let mut entry = entry(docs, issue, history, true);
        if !asked.fields.is_empty() {
            entry
                .items
                .retain(|item| is_asked(item.field, item.field_id.as_deref(), &asked.fields));
        }
        out[position].histories.push(entry);
    }
    let answer = BulkAnswer { issues: out, token };
    Answer::json_text(200, serde_json::to_string(&answer).unwrap_or_default())
}

fn has_field(docs: &Documents, issue: &Issue, history: &History, fields: &[String]) -> bool {
    let before = history.at - Duration::milliseconds(1);
    fields.is_empty()
        || history.changes.iter().any(|change| {
            let (name, _, id) = names(docs, issue, change, before);
            is_asked(name, id.as_deref(), fields)
        })
}

/// The field of parents has no id in changes, yet is asked for as `parent`.
fn is_asked(name: &str, id: Option<&str>, fields: &[String]) -> bool {
    let own = id.unwrap_or(if name == "IssueParentAssociation" {
        "parent"
    } else {
        name
    });
    fields.iter().any(|f| f == own)
}
