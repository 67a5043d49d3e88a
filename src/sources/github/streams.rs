//! What each stream asks for, and when a pass over it is over.
//!
//! A cursor at rest holds `from` and `seen_until`: everything that changed between them is in
//! bronze. During a pass it also holds `after`, where the next page starts; `newest`, what
//! `seen_until` becomes when the pass is over; `since`, where the pass ends at the latest; and
//! `all`, whether it must go so far. `mark` tells what its first page showed. A pass that was cut
//! off goes on where it stopped, and one whose source was told to go further back than before does
//! so.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Answer, PageInfo};
use super::filter::Wanted;
use super::mark;
use crate::sources::{Options, Page, SourceError, without_nul};

/// How many elements a page has at first, and at most.
///
/// 25 pull requests with all they carry cost no more points than fewer would, and stay below
/// GitHub's resource limit for one query; more save round trips where they stay below it too.
fn widths(stream: &str) -> (u64, u64) {
    match stream {
        "pull_requests" => (25, 50),
        "deployments" => (50, 100),
        _ => (100, 100),
    }
}

fn width(stream: &str, cursor: &Value) -> u64 {
    cursor["width"].as_u64().unwrap_or(widths(stream).0).max(1)
}

/// The cursor with a width that came through grown by a quarter.
fn grown(stream: &str, was: &Value, mut cursor: Value) -> Value {
    let width = width(stream, was);
    let next = (width + (width / 4).max(1)).min(widths(stream).1);
    if next != widths(stream).0 {
        cursor["width"] = next.into();
    }
    cursor
}

/// The cursor for the same page with half the elements; `None` where it has one only.
pub fn narrower(stream: &str, cursor: &Value) -> Option<Value> {
    let half = width(stream, cursor) / 2;
    let mut cursor = cursor.clone();
    cursor["width"] = half.into();
    (half > 0).then_some(cursor)
}

/// The cursor for the same pass from its beginning.
pub fn restarted(cursor: &Value) -> Value {
    let mut cursor = cursor.clone();
    if let Some(fields) = cursor.as_object_mut() {
        fields.remove("after");
    }
    cursor
}

/// A list that is read newest first until what was seen before.
struct Listing {
    query: &'static str,
    operation: &'static str,
    connection: &'static [&'static str],
    /// Read again behind `seen_until`: clocks, late indexing, and changes that do not move an
    /// element to the front.
    overlap: TimeDelta,
    /// The time that the list is ordered by.
    time: fn(&Element) -> Option<DateTime<Utc>>,
    /// Whether an element that stays where it is may still change.
    is_unfinished: fn(&Element) -> bool,
    /// How many of its newest elements its mark looks at.
    marked: usize,
}

const PULL_REQUESTS: Listing = Listing {
    query: include_str!("pull_requests.graphql"),
    operation: "PullRequests",
    connection: &["repository", "pullRequests"],
    overlap: TimeDelta::minutes(5),
    time: |element| element.updated_at,
    // It moves to the front when it changes.
    is_unfinished: |_| false,
    marked: 1,
};

const DEPLOYMENTS: Listing = Listing {
    query: include_str!("deployments.graphql"),
    operation: "Deployments",
    connection: &["repository", "deployments"],
    overlap: TimeDelta::days(1),
    time: |element| element.created_at,
    is_unfinished: |element| {
        matches!(
            element.state.as_deref(),
            // Abandoned: GitHub gave up waiting, but a late end still counts.
            Some("IN_PROGRESS" | "PENDING" | "QUEUED" | "WAITING" | "ABANDONED")
        )
    },
    marked: mark::ELEMENTS,
};

const RELEASES: Listing = Listing {
    query: include_str!("releases.graphql"),
    operation: "Releases",
    connection: &["repository", "releases"],
    overlap: TimeDelta::days(30),
    time: |element| element.created_at,
    // A draft may be published at any time.
    is_unfinished: |element| element.is_draft,
    marked: mark::ELEMENTS,
};

/// What may still change keeps `seen_until` before it, but no longer than this.
const WAIT_FOR_UNFINISHED: TimeDelta = TimeDelta::days(30);

const HISTORY: &[&str] = &["repository", "defaultBranchRef", "target", "history"];

/// What paging needs to know of an element.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Element {
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    is_draft: bool,
    updated_at: Option<DateTime<Utc>>,
    name_with_owner: Option<String>,
    state: Option<String>,
}

fn listing(stream: &str) -> Option<&'static Listing> {
    match stream {
        "pull_requests" => Some(&PULL_REQUESTS),
        "deployments" => Some(&DEPLOYMENTS),
        "releases" => Some(&RELEASES),
        _ => None,
    }
}

/// The body of the request at a cursor.
pub fn body(
    options: &Options,
    stream: &str,
    scope: &str,
    cursor: &Value,
    now: DateTime<Utc>,
) -> Result<String, SourceError> {
    let after = &cursor["after"];
    let first = width(stream, cursor);
    let (owner, name) = scope.split_once('/').unwrap_or((scope, ""));
    let (query, operation, variables) = match stream {
        "repositories" if wanted(options, scope)?.is_glob() => (
            concat!(
                include_str!("repositories.graphql"),
                include_str!("repository_fields.graphql")
            ),
            "Repositories",
            json!({"owner": owner, "after": after, "first": first}),
        ),
        "repositories" => (
            concat!(
                include_str!("repository.graphql"),
                include_str!("repository_fields.graphql")
            ),
            "Repository",
            json!({"owner": owner, "name": name}),
        ),
        "commits" => (
            include_str!("commits.graphql"),
            "Commits",
            json!({"owner": owner, "name": name, "after": after, "first": first, "since": since(cursor, options.horizon(now))}),
        ),
        stream => {
            let listing = listing(stream).ok_or_else(|| SourceError::Unreadable {
                host: options.base_url.to_string(),
                reason: format!("stream {stream} is filled by diogen.ingest only"),
            })?;
            let variables = json!({"owner": owner, "name": name, "after": after, "first": first});
            (listing.query, listing.operation, variables)
        }
    };
    Ok(json!({"query": query, "operationName": operation, "variables": variables}).to_string())
}

/// The entry of the option `repositories` that a pass is for.
fn wanted(options: &Options, scope: &str) -> Result<Wanted, SourceError> {
    Wanted::parse(scope).map_err(|error| SourceError::NotFound {
        host: options.base_url.to_string(),
        what: scope.to_owned(),
        message: error.to_string(),
    })
}

/// Reads the answer to that request.
pub fn page(
    options: &Options,
    stream: &str,
    scope: &str,
    cursor: &Value,
    now: DateTime<Utc>,
    answer: &Answer<'_>,
) -> Result<Page, SourceError> {
    let mut page = match stream {
        "repositories" => repositories(options, scope, answer),
        "commits" => commits(options, now, cursor, answer),
        stream => match listing(stream) {
            Some(listing) => newest_first(listing, options, cursor, now, answer),
            None => Err(answer.unreadable(&[], "no such stream")),
        },
    }?;
    page.next = page.next.map(|next| grown(stream, cursor, next));
    page.rest = grown(stream, cursor, page.rest);
    Ok(page)
}

fn repositories(options: &Options, scope: &str, answer: &Answer<'_>) -> Result<Page, SourceError> {
    let (nodes, after) = if wanted(options, scope)?.is_glob() {
        let list = answer.connection(&["repositoryOwner", "repositories"])?;
        (list.nodes, next_page(list.page_info))
    } else {
        (vec![answer.at(&["repository"])?], None)
    };
    let mut selected = Vec::new();
    for node in nodes.into_iter().flatten() {
        let element = element(answer, node)?;
        if element
            .name_with_owner
            .is_some_and(|name| options.repositories.selects(&name))
        {
            selected.push(node);
        }
    }
    let next = after.map(|after| json!({"after": after}));
    Ok(assemble(selected, next, json!({}), None, answer))
}

fn commits(
    options: &Options,
    now: DateTime<Utc>,
    cursor: &Value,
    answer: &Answer<'_>,
) -> Result<Page, SourceError> {
    let horizon = options.horizon(now);
    // An empty repository has no default branch.
    let branch = answer.at(&["repository", "defaultBranchRef"])?;
    if branch.is_none() {
        return Ok(assemble(Vec::new(), None, json!({}), Some(0), answer));
    }
    let list = answer.connection(HISTORY)?;
    let nodes = list.nodes.into_iter().flatten().collect();
    let reach = Reach::of(cursor, horizon);
    let head = answer.at(&["repository", "defaultBranchRef", "target", "oid"])?;
    let head = head.and_then(|head| serde_json::from_str::<String>(head.get()).ok());
    let mark = first_mark(cursor, options, head);
    let next = next_page(list.page_info).map(|after| {
        json!({
            "after": after, "since": since(cursor, horizon), "from": reach.from, "all": reach.all,
            "seen_until": cursor["seen_until"], "mark": mark,
        })
    });
    let rest = json!({"from": reach.from, "seen_until": now, "mark": mark});
    let mut page = assemble(nodes, next, rest, list.total_count, answer);
    page.ends_when_closed = !reach.all;
    Ok(page)
}

/// How far back a pass goes.
struct Reach {
    /// Everything since then is in bronze once the pass is over.
    from: DateTime<Utc>,
    /// Whether it must read everything since the horizon: what earlier passes left in bronze does
    /// not reach back so far.
    all: bool,
}

impl Reach {
    fn of(cursor: &Value, horizon: DateTime<Utc>) -> Self {
        let from = time(&cursor["from"]);
        match cursor["all"].as_bool() {
            // The pass has begun already.
            Some(all) => Self {
                from: from.unwrap_or(horizon),
                all,
            },
            None => {
                // After a pause that is longer than the horizon there is a gap behind it.
                let has_gap = time(&cursor["seen_until"]).is_some_and(|seen| seen < horizon);
                let from = from.filter(|_| !has_gap);
                Self {
                    from: from.map_or(horizon, |from| from.min(horizon)),
                    all: from.is_none_or(|from| horizon < from),
                }
            }
        }
    }
}

/// The mark of what the first page of the pass showed.
fn first_mark(cursor: &Value, options: &Options, found: Option<String>) -> Option<String> {
    if cursor["after"].is_null() {
        found.map(|mark| mark::with_options(&mark, options))
    } else {
        cursor["mark"].as_str().map(str::to_owned)
    }
}

/// The horizon of the pass: the same for all of its pages.
fn since(cursor: &Value, horizon: DateTime<Utc>) -> DateTime<Utc> {
    time(&cursor["since"]).unwrap_or(horizon)
}

fn newest_first(
    listing: &Listing,
    options: &Options,
    cursor: &Value,
    now: DateTime<Utc>,
    answer: &Answer<'_>,
) -> Result<Page, SourceError> {
    let list = answer.connection(listing.connection)?;
    let nodes: Vec<&RawValue> = list.nodes.into_iter().flatten().collect();
    let seen_until = time(&cursor["seen_until"]);
    let mut newest = time(&cursor["newest"]);
    // At rest it only tells that there is something to look at again.
    let mut oldest_unfinished = time(&cursor["unfinished"]);
    let mut last = None;
    let mut updated = Vec::new();
    for node in &nodes {
        let element = element(answer, node)?;
        let at = (listing.time)(&element);
        newest = newest.max(at);
        updated.extend(element.updated_at);
        if (listing.is_unfinished)(&element) && at.is_some_and(|at| now - at < WAIT_FOR_UNFINISHED)
        {
            oldest_unfinished = match (oldest_unfinished, at) {
                (Some(known), Some(at)) => Some(known.min(at)),
                (known, at) => known.or(at),
            };
        }
        last = at;
    }
    let updated_at = updated.into_iter().take(listing.marked).max();
    let mark = list
        .total_count
        .filter(|_| mark::is_settled(updated_at, now))
        .map(|count| mark::of_list(count, updated_at));
    let mark = first_mark(cursor, options, mark);
    let reach = Reach::of(cursor, options.horizon(now));
    let horizon = since(cursor, options.horizon(now));
    let until = match seen_until {
        Some(seen) if !reach.all => horizon.max(seen - listing.overlap),
        _ => horizon,
    };
    let reached = last.is_none_or(|last| last < until);
    let next = next_page(list.page_info).filter(|_| !reached).map(|after| {
        json!({
            "after": after, "newest": newest, "unfinished": oldest_unfinished,
            "seen_until": seen_until, "since": horizon, "from": reach.from, "all": reach.all, "mark": mark,
        })
    });
    let seen = match (newest.max(seen_until), oldest_unfinished) {
        (Some(seen), Some(unfinished)) => Some(seen.min(unfinished)),
        (seen, _) => seen,
    };
    let mut rest = json!({"seen_until": seen, "from": reach.from, "mark": mark});
    if oldest_unfinished.is_some() {
        rest["unfinished"] = true.into();
    }
    Ok(assemble(nodes, next, rest, list.total_count, answer))
}

fn element(answer: &Answer<'_>, node: &RawValue) -> Result<Element, SourceError> {
    serde_json::from_str(node.get())
        .map_err(|error| answer.unreadable(&["nodes"], &error.to_string()))
}

fn next_page(info: PageInfo) -> Option<String> {
    info.end_cursor.filter(|_| info.has_next_page)
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.to_utc())
}

fn assemble(
    nodes: Vec<&RawValue>,
    next: Option<Value>,
    rest: Value,
    total: Option<i64>,
    answer: &Answer<'_>,
) -> Page {
    let documents: Vec<_> = nodes.iter().map(|node| without_nul(node.get())).collect();
    let cleaned = documents
        .iter()
        .filter(|document| matches!(document, std::borrow::Cow::Owned(_)))
        .count();
    Page {
        documents: documents.into_iter().map(Into::into).collect(),
        cleaned,
        next,
        rest,
        ends_when_closed: false,
        total,
        budget: answer.budget,
    }
}

#[cfg(test)]
#[path = "streams_tests.rs"]
mod tests;
