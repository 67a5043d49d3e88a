//! The issues of a project, newest change first, and from time to time what there is of them.
//!
//! A cursor at rest holds `from` and `seen_until`, as [`reach`](crate::sources::reach) tells, and
//! `skew` where the clocks differ. During a pass it also holds `after`, where the next page of the
//! search starts; `newest` and `oldest` of the changes read so far; and `below`, from where the
//! search was begun anew. That is done wherever a search cannot go on without leaving something
//! out: everything that changed after `oldest` is read, or has changed again since and comes with
//! the next pass.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Jira;
use super::answer::Asked;
use super::custom_fields::CustomFields;
use super::deployment::Deployment;
use super::window::{self, Window};
use crate::http::Response;
use crate::sources::reach::{Reach, since, time};
use crate::sources::width::Widths;
use crate::sources::{Page, Place, Queued, SourceError, limits};

/// Read again behind what was seen: the search index lags.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// What an answer takes to come is no difference of clocks.
const SAME_TIME: TimeDelta = TimeDelta::seconds(30);

/// How many issues a page has, Jira's most: of keys alone it gives many more.
pub fn widths(cursor: &Value, deployment: Deployment) -> Widths {
    Widths::always(match (is_reconciling(cursor), deployment) {
        (false, _) => 100,
        (true, Deployment::Cloud) => 5000,
        (true, Deployment::DataCenter) => 1000,
    })
}

fn is_reconciling(cursor: &Value) -> bool {
    cursor["reconcile"] == true
}

/// The path of the search.
pub fn path(deployment: Deployment) -> &'static [&'static str] {
    match deployment {
        Deployment::Cloud => &["rest", "api", "3", "search", "jql"],
        // The Cloud has removed this one.
        Deployment::DataCenter => &["rest", "api", "2", "search"],
    }
}

/// Where a pass stands.
struct Position {
    deployment: Deployment,
    reach: Reach,
    horizon: DateTime<Utc>,
    /// The pass is over when everything that changed since then is read.
    until: DateTime<Utc>,
    window: Window,
    /// How many issues the pages before have listed, where pages are counted so.
    start: u64,
}

impl Position {
    fn of(jira: &Jira, place: &Place<'_>) -> Self {
        let cursor = place.cursor;
        let horizon = jira.common.horizon(place.now);
        let reach = Reach::of(cursor, horizon);
        let horizon = since(cursor, horizon);
        let until = match time(&cursor["seen_until"]) {
            Some(seen) if !reach.all => horizon.max(seen - OVERLAP),
            _ => horizon,
        };
        let now = place.now + skew(cursor);
        let window = Window::read(&cursor["after"]["window"])
            .unwrap_or_else(|| Window::new(until, time(&cursor["below"]), now));
        Self {
            deployment: jira.deployment(place.greeting),
            reach,
            horizon,
            until,
            window,
            start: cursor["after"]["start"].as_u64().unwrap_or(0),
        }
    }
}

/// By how much Jira's clock is ahead.
fn skew(cursor: &Value) -> TimeDelta {
    let seconds = cursor["skew"].as_i64().and_then(TimeDelta::try_seconds);
    seconds.unwrap_or_default()
}

/// The body of the request at a place.
pub fn body(jira: &Jira, place: &Place<'_>) -> String {
    let cursor = place.cursor;
    let position = Position::of(jira, place);
    let custom = CustomFields::in_greeting(place.greeting);
    let (jql, fields) = match is_reconciling(cursor) {
        true => (window::all_of(place.scope), vec!["key"]),
        false => (position.window.jql(place.scope), custom.of_issues()),
    };
    let width = widths(cursor, position.deployment).at(cursor);
    let mut body = json!({"jql": jql, "fields": fields, "maxResults": width});
    match position.deployment {
        Deployment::Cloud => {
            if let Some(token) = cursor["after"]["token"].as_str() {
                body["nextPageToken"] = token.into();
            }
        }
        Deployment::DataCenter => {
            // The last issue again, to see that none before it has left the list meanwhile: what
            // follows would have moved up past the page's end. One that changes moves to the
            // front, and others only repeat.
            let again = position.start.min(1);
            body["startAt"] = (position.start - again).into();
            body["maxResults"] = (width + again).into();
            if !is_reconciling(cursor) {
                body["expand"] = json!(["changelog"]);
            }
        }
    }
    body.to_string()
}

/// A page of a search.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    #[serde(borrow)]
    issues: Vec<&'a RawValue>,
    next_page_token: Option<String>,
    is_last: Option<bool>,
    total: Option<u64>,
}

impl Found<'_> {
    /// Where the next page starts, if there is one.
    fn next(&self, position: &Position, after: &Value, asked: &Asked<'_>) -> Next {
        match position.deployment {
            Deployment::Cloud => {
                let token = self.next_page_token.as_deref();
                match token.filter(|_| self.is_last != Some(true)) {
                    Some(token) if after["token"] == token => {
                        Err(asked.lacking("the token of the next page is that of this one"))
                    }
                    token => Ok(token.map(|token| json!({"token": token}))),
                }
            }
            Deployment::DataCenter => {
                let total = self.total.unwrap_or(0);
                let before = position.start.saturating_sub(1);
                let read = before + self.issues.len() as u64;
                match read < total {
                    true if read <= position.start && position.start > 0 || read == 0 => Err(asked
                        .lacking(format!(
                            "of {total} issues it lists none after the first {read}"
                        ))),
                    true => Ok(Some(json!({"start": read, "total": total}))),
                    false => Ok(None),
                }
            }
        }
    }
}

type Next = Result<Option<Value>, SourceError>;

/// What paging needs to know of an issue.
#[derive(Deserialize)]
struct Issue {
    id: String,
    fields: Option<Fields>,
    changelog: Option<Changelog>,
}

#[derive(Deserialize)]
struct Fields {
    updated: Option<String>,
}

#[derive(Deserialize)]
struct Changelog {
    total: usize,
    histories: Vec<IgnoredAny>,
}

impl Issue {
    fn read(text: &RawValue, asked: &Asked<'_>) -> Result<Self, SourceError> {
        serde_json::from_str(text.get())
            .map_err(|error| asked.lacking(format!("{}: an issue: {error}", asked.endpoint)))
    }

    fn updated(&self) -> Option<DateTime<Utc>> {
        crate::jsonb::time(self.fields.as_ref()?.updated.as_deref()?)
    }

    /// Whether its changes did not come with it: the Cloud has them elsewhere, and Data Center
    /// cuts long ones.
    fn lacks_changes(&self, deployment: Deployment) -> bool {
        match (deployment, &self.changelog) {
            (Deployment::Cloud, _) => true,
            (Deployment::DataCenter, Some(log)) => log.histories.len() < log.total,
            (Deployment::DataCenter, None) => false,
        }
    }
}

/// Reads the answer to that request.
pub fn page(jira: &Jira, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError> {
    let cursor = place.cursor;
    let position = Position::of(jira, place);
    let endpoint = path(position.deployment).join("/");
    let asked = jira.asked(&endpoint, place.scope);
    if cursor["after"]["token"].is_string()
        && let Some(lost) = asked.lost(answer)
    {
        return Err(lost);
    }
    let found: Found<'_> = asked.read(answer)?;
    let mut page = match is_reconciling(cursor) {
        true => keys(place, &position, &found, &asked),
        false => news(place, &position, &found, &asked, date(answer)),
    }?;
    let widths = widths(cursor, position.deployment);
    page.next = page.next.map(|next| widths.grown(cursor, next));
    if !is_reconciling(cursor) {
        page.rest = widths.grown(cursor, page.rest);
    }
    page.total = found.total.and_then(|total| i64::try_from(total).ok());
    page.budget = limits::budget(&answer.headers);
    Ok(page)
}

/// When the answer was made, on Jira's clock.
fn date(answer: &Response) -> Option<DateTime<Utc>> {
    let date = answer.headers.get(reqwest::header::DATE)?.to_str().ok()?;
    Some(DateTime::parse_from_rfc2822(date).ok()?.to_utc())
}

fn news(
    place: &Place<'_>,
    position: &Position,
    found: &Found<'_>,
    asked: &Asked<'_>,
    date: Option<DateTime<Utc>>,
) -> Result<Page, SourceError> {
    let Place { cursor, now, .. } = *place;
    let skew = match date.map(|date| date - now) {
        Some(skew) if skew.abs() > SAME_TIME => skew,
        Some(_) => TimeDelta::zero(),
        None => skew(cursor),
    };
    let seen_until = time(&cursor["seen_until"]);
    let mut newest = time(&cursor["newest"]);
    let mut oldest = time(&cursor["oldest"]);
    let mut page = Page::default();
    let custom = CustomFields::in_greeting(place.greeting).context(true);
    let context = json!({"custom_fields": custom});
    let (mut first, mut last) = (None, None);
    for text in &found.issues {
        let issue = Issue::read(text, asked)?;
        let updated = issue.updated();
        newest = newest.max(updated);
        first = first.or(updated);
        last = updated.or(last);
        page.push(text.get(), Some(context.clone()));
        if let Some(document) = page.documents.last_mut()
            && issue.lacks_changes(position.deployment)
        {
            document.queued.push(Queued {
                stream: "changelogs",
                request: json!({"id": issue.id, "project": place.scope}),
                key: issue.id,
            });
        }
    }
    let has_gap = position.start > 0 && first.is_none_or(|at| oldest.is_some_and(|end| at < end));
    let next = if has_gap {
        None
    } else {
        // A search that was begun anew repeats a little at first.
        oldest = oldest.min(last).or(oldest).or(last);
        found.next(position, &cursor["after"], asked)?
    };
    let is_covered = oldest.is_some_and(|oldest| oldest <= position.until)
        || position
            .window
            .covers(position.until, date.unwrap_or(now + skew));
    let (after, below) = match next {
        Some(mut after) => {
            after["window"] = position.window.json();
            (Some(after), time(&cursor["below"]))
        }
        None if has_gap || !is_covered => (Some(json!({})), oldest),
        None => (None, None),
    };
    page.next = after.map(|after| {
        with_skew(
            skew,
            json!({
                "after": after, "newest": newest, "oldest": oldest, "below": below,
                "seen_until": seen_until, "since": position.horizon,
                "from": position.reach.from, "all": position.reach.all,
            }),
        )
    });
    page.rest = with_skew(
        skew,
        json!({"seen_until": newest.max(seen_until), "from": position.reach.from}),
    );
    Ok(page)
}

fn with_skew(skew: TimeDelta, mut cursor: Value) -> Value {
    if !skew.is_zero() {
        cursor["skew"] = skew.num_seconds().into();
    }
    cursor
}

/// What there is, by its keys alone.
fn keys(
    place: &Place<'_>,
    position: &Position,
    found: &Found<'_>,
    asked: &Asked<'_>,
) -> Result<Page, SourceError> {
    let after = &place.cursor["after"];
    let mut page = Page {
        lists_all: true,
        keys_only: true,
        rest: place.cursor.clone(),
        ..Page::default()
    };
    for text in &found.issues {
        let Issue { id, .. } = Issue::read(text, asked)?;
        let key = json!({"id": id, "fields": {"project": {"key": place.scope}}});
        page.push(&key.to_string(), None);
    }
    if let Some(fields) = page.rest.as_object_mut() {
        fields.retain(|field, _| !["after", "reconcile", "width"].contains(&field.as_str()));
    }
    // As with other lists that are counted by position, one that has lost something is read again.
    // What is made meanwhile comes at its end.
    let next = match after["total"].as_u64() {
        Some(was) if found.total.is_some_and(|total| total < was) => {
            Some(json!({"start": 0, "total": found.total}))
        }
        _ => found.next(position, after, asked)?,
    };
    page.next = next.map(|after| {
        let mut next = place.cursor.clone();
        next["after"] = after;
        next
    });
    Ok(page)
}

/// The cursor for the same search from where it was read to.
pub fn restarted(cursor: &Value) -> Value {
    let mut cursor = cursor.clone();
    if cursor.get("after").is_some() {
        cursor["after"] = json!({});
    }
    if !cursor["oldest"].is_null() {
        cursor["below"] = cursor["oldest"].clone();
    }
    cursor
}

#[cfg(test)]
#[path = "issues_tests.rs"]
mod tests;
