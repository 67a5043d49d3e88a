//! What was changed in issues, when and by whom: a document for each change.
//!
//! Jira Cloud tells the changes of a thousand issues at once. When they are too many for a page,
//! their issues stay in the queue, each with the token of the next page and with how many it is
//! for. Data Center sends them with the issues; only what it cut there is asked here, one at a time.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Jira;
use super::answer::words;
use super::custom_fields::CustomFields;
use crate::http::Response;
use crate::sources::width::Widths;
use crate::sources::{Page, Place, Queued, SourceError, limits};

/// How many issues Jira Cloud takes at once.
pub const BATCH: u64 = 1000;
/// How many changes it gives at once.
const CHANGES: u64 = 10_000;

/// How many issues are asked for at once.
pub const WIDTHS: Widths = Widths::always(BATCH);

/// The path of bulk changelogs.
pub const BULK: &[&str] = &["rest", "api", "3", "changelog", "bulkfetch"];

/// The issues that are asked for together.
struct Batch<'a> {
    items: Vec<&'a Value>,
    token: Option<&'a str>,
}

impl<'a> Batch<'a> {
    /// The batch that begins with the queue's first item. A token is good for exactly the issues
    /// it was given for. Where some of them are missing, because one has changed since or pages
    /// have become narrower, the changes of all are asked for anew, which only repeats some.
    fn of(cursor: &'a Value) -> Self {
        let all: Vec<_> = cursor["items"].as_array().into_iter().flatten().collect();
        let token = all
            .first()
            .and_then(|item| item["request"]["token"].as_str());
        if let Some(token) = token {
            let of_token = all.iter().filter(|item| item["request"]["token"] == token);
            let items: Vec<_> = of_token.copied().collect();
            if items[0]["request"]["of"] == items.len() {
                return Self {
                    items,
                    token: Some(token),
                };
            }
        }
        Self {
            items: all,
            token: None,
        }
    }

    fn keys(&self) -> Vec<String> {
        let keys = self.items.iter().filter_map(|item| item["key"].as_str());
        keys.map(str::to_owned).collect()
    }
}

/// The body of the request for a batch.
pub fn body(place: &Place<'_>) -> String {
    let batch = Batch::of(place.cursor);
    let ids: Vec<_> = batch
        .items
        .iter()
        .map(|item| &item["request"]["id"])
        .collect();
    let fields = CustomFields::in_greeting(place.greeting);
    let mut body = json!({
        "issueIdsOrKeys": ids, "fieldIds": fields.of_changes(), "maxResults": CHANGES,
    });
    if let Some(token) = batch.token {
        body["nextPageToken"] = token.into();
    }
    body.to_string()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bulk<'a> {
    #[serde(borrow, default)]
    issue_change_logs: Vec<Log<'a>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    issue_id: String,
    #[serde(borrow, default)]
    change_histories: Vec<&'a RawValue>,
}

/// Reads the answer about a batch.
pub fn page(jira: &Jira, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError> {
    let batch = Batch::of(place.cursor);
    let endpoint = BULK.join("/");
    let asked = jira.asked(&endpoint, "changelogs");
    if batch.token.is_some()
        && let Some(lost) = asked.lost(answer)
    {
        return Err(lost);
    }
    // One issue that it does not like must not keep the others from being read.
    if matches!(answer.status, 400 | 404) && batch.items.len() > 1 {
        return Err(SourceError::TooHeavy {
            host: asked.host.to_owned(),
            reason: format!("HTTP {}: {}", answer.status, words(answer)),
        });
    }
    let mut page = Page {
        rest: WIDTHS.grown(place.cursor, json!({})),
        budget: limits::budget(&answer.headers),
        ..Page::default()
    };
    if answer.status == 404 {
        page.answered = batch.keys();
        return Ok(page);
    }
    let bulk: Bulk<'_> = asked.read(answer)?;
    let projects: HashMap<_, _> = batch
        .items
        .iter()
        .map(|item| (item["request"]["id"].as_str(), &item["request"]["project"]))
        .collect();
    let custom = CustomFields::in_greeting(place.greeting).context(false);
    for log in bulk.issue_change_logs {
        let project = projects.get(&Some(log.issue_id.as_str()));
        let context =
            json!({"issue_id": log.issue_id, "project": project, "custom_fields": custom});
        for history in log.change_histories {
            page.push(history.get(), Some(context.clone()));
        }
    }
    match bulk.next_page_token {
        Some(token) if batch.token == Some(&token) => {
            return Err(asked.lacking("the token of the next page is that of this one"));
        }
        Some(token) => {
            let of = batch.items.len();
            page.queued = batch
                .items
                .iter()
                .zip(batch.keys())
                .map(|(item, key)| {
                    let mut request = item["request"].clone();
                    request["token"] = token.clone().into();
                    request["of"] = of.into();
                    Queued {
                        stream: "changelogs",
                        key,
                        request,
                    }
                })
                .collect();
        }
        None => page.answered = batch.keys(),
    }
    Ok(page)
}

/// The path of the one issue that is asked for at Data Center.
pub fn issue_path<'a>(place: &Place<'a>) -> Vec<&'a str> {
    let id = place.cursor["items"][0]["request"]["id"].as_str();
    vec!["rest", "api", "2", "issue", id.unwrap_or_default()]
}

/// Reads the answer about that issue.
pub fn issue_page(jira: &Jira, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError> {
    #[derive(Deserialize)]
    struct Issue<'a> {
        #[serde(borrow)]
        changelog: Changelog<'a>,
    }
    #[derive(Deserialize)]
    struct Changelog<'a> {
        #[serde(borrow)]
        histories: Vec<&'a RawValue>,
    }
    let item = &place.cursor["items"][0];
    let endpoint = issue_path(place).join("/");
    let mut page = Page {
        rest: json!({}),
        budget: limits::budget(&answer.headers),
        answered: item["key"]
            .as_str()
            .map(str::to_owned)
            .into_iter()
            .collect(),
        ..Page::default()
    };
    // It was deleted meanwhile.
    if answer.status == 404 {
        return Ok(page);
    }
    let issue: Issue<'_> = jira.asked(&endpoint, "changelogs").read(answer)?;
    let request = &item["request"];
    let custom = CustomFields::in_greeting(place.greeting).context(true);
    let context = json!({
        "issue_id": request["id"], "project": request["project"], "custom_fields": custom,
    });
    for history in issue.changelog.histories {
        page.push(history.get(), Some(context.clone()));
    }
    Ok(page)
}

/// The cursor with the batch from its first page.
pub fn restarted(cursor: &Value) -> Value {
    let mut cursor = cursor.clone();
    for item in cursor["items"].as_array_mut().into_iter().flatten() {
        if let Some(request) = item["request"].as_object_mut() {
            request.retain(|field, _| field != "token" && field != "of");
        }
    }
    cursor
}

#[cfg(test)]
#[path = "changelogs_tests.rs"]
mod tests;
