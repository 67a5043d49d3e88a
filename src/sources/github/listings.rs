//! What each stream over GraphQL asks for, and when a pass over it is over.
//!
//! A cursor at rest holds `from` and `seen_until`: everything that changed between them is in
//! bronze. During a pass it also holds `after`, where the next page starts; `newest`, what
//! `seen_until` becomes when the pass is over; `since`, where the pass ends at the latest; and
//! `all`, whether it must go so far. A pass that was cut off goes on where it stopped, and one
//! whose source was told to go further back than before does so. With `reconcile` a pass lists
//! what there is, to find what is gone.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Answer, Connection, PageInfo};
use super::filter::Wanted;
use super::{GitHub, nested};
use crate::sources::reach::{Reach, since, time};
use crate::sources::width::Widths;
use crate::sources::{Page, Place, SourceError};

/// How many elements a page has.
///
/// 25 pull requests with all they carry cost no more points than fewer would, and stay below
/// GitHub's resource limit for one query; more save round trips where they stay below it too.
pub fn widths(stream: &str) -> Widths {
    match stream {
        "pull_requests" => Widths {
            first: 25,
            most: 50,
        },
        "deployments" => Widths {
            first: 50,
            most: 100,
        },
        _ if nested::is_nested(stream) => Widths::always(nested::BATCH),
        _ => Widths::always(100),
    }
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
    /// Whether elements can be gone, so that its query can list no more than their keys.
    can_lose: bool,
}

const PULL_REQUESTS: Listing = Listing {
    query: concat!(
        include_str!("queries/pull_requests.graphql"),
        include_str!("queries/timeline_fields.graphql")
    ),
    operation: "PullRequests",
    connection: &["repository", "pullRequests"],
    overlap: TimeDelta::minutes(5),
    time: |element| element.updated_at,
    // It moves to the front when it changes.
    is_unfinished: |_| false,
    // GitHub never deletes one.
    can_lose: false,
};

const ISSUES: Listing = Listing {
    query: include_str!("queries/issues.graphql"),
    operation: "Issues",
    connection: &["repository", "issues"],
    overlap: TimeDelta::minutes(5),
    time: |element| element.updated_at,
    is_unfinished: |_| false,
    can_lose: true,
};

const DEPLOYMENTS: Listing = Listing {
    query: include_str!("queries/deployments.graphql"),
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
    can_lose: true,
};

const RELEASES: Listing = Listing {
    query: include_str!("queries/releases.graphql"),
    operation: "Releases",
    connection: &["repository", "releases"],
    overlap: TimeDelta::days(30),
    time: |element| element.created_at,
    // A draft may be published at any time.
    is_unfinished: |element| element.is_draft,
    can_lose: true,
};

/// Lists of names that are read to their end: what is not among them is gone.
struct Names {
    query: &'static str,
    operation: &'static str,
    connection: &'static [&'static str],
}

const TAGS: Names = Names {
    query: include_str!("queries/tags.graphql"),
    operation: "Tags",
    connection: &["repository", "refs"],
};

const BRANCHES: Names = Names {
    query: include_str!("queries/branches.graphql"),
    operation: "Branches",
    connection: &["repository", "refs"],
};

/// What may still change keeps `seen_until` before it, but no longer than this.
pub const WAIT_FOR_UNFINISHED: TimeDelta = TimeDelta::days(30);

const BRANCH: &[&str] = &["repository", "branch"];
const HISTORY: &[&str] = &["repository", "branch", "target", "history"];

/// What paging needs to know of an element.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Element {
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    is_draft: bool,
    updated_at: Option<DateTime<Utc>>,
    name_with_owner: Option<String>,
    name: Option<String>,
    state: Option<String>,
}

fn listing(stream: &str) -> Option<&'static Listing> {
    match stream {
        "pull_requests" => Some(&PULL_REQUESTS),
        "issues" => Some(&ISSUES),
        "deployments" => Some(&DEPLOYMENTS),
        "releases" => Some(&RELEASES),
        _ => None,
    }
}

/// Whether elements of a list can be gone.
pub fn is_reconciled(stream: &str) -> bool {
    listing(stream).is_some_and(|listing| listing.can_lose)
}

fn names(stream: &str) -> Option<&'static Names> {
    match stream {
        "tags" => Some(&TAGS),
        "branches" => Some(&BRANCHES),
        _ => None,
    }
}

/// The repository and, where the pass is for one, the branch: `owner/name:branch`.
fn split(scope: &str) -> (&str, Option<&str>) {
    match scope.split_once(':') {
        Some((repository, branch)) => (repository, Some(branch)),
        None => (scope, None),
    }
}

/// The body of the request at a place.
pub fn body(github: &GitHub, place: &Place<'_>) -> Result<String, SourceError> {
    let Place { stream, cursor, .. } = *place;
    let (repository, branch) = split(place.scope);
    let (owner, name) = repository.split_once('/').unwrap_or((repository, ""));
    let mut variables = json!({
        "owner": owner, "name": name, "after": cursor["after"], "first": widths(stream).at(cursor),
    });
    let (query, operation) = match stream {
        "repositories" if wanted(github, place.scope)?.is_glob() => (
            concat!(
                include_str!("queries/repositories.graphql"),
                include_str!("queries/repository_fields.graphql")
            ),
            "Repositories",
        ),
        "repositories" => (
            concat!(
                include_str!("queries/repository.graphql"),
                include_str!("queries/repository_fields.graphql")
            ),
            "Repository",
        ),
        "commits" | "branch_commits" => {
            variables["since"] = json!(since(cursor, github.common.horizon(place.now)));
            variables["branch"] = json!(branch.map(|name| format!("refs/heads/{name}")));
            match stream {
                "commits" => (
                    concat!(
                        include_str!("queries/commits.graphql"),
                        include_str!("queries/history_fields.graphql")
                    ),
                    "Commits",
                ),
                _ => (
                    concat!(
                        include_str!("queries/branch_commits.graphql"),
                        include_str!("queries/history_fields.graphql")
                    ),
                    "BranchCommits",
                ),
            }
        }
        stream => {
            if let Some(listing) = listing(stream) {
                if listing.can_lose {
                    variables["full"] = (!is_reconciling(cursor)).into();
                }
                if stream == "issues" {
                    // Nothing moves to the front while the keys are listed.
                    let field = match is_reconciling(cursor) {
                        true => "CREATED_AT",
                        false => "UPDATED_AT",
                    };
                    variables["order"] = json!({"field": field, "direction": "DESC"});
                }
                (listing.query, listing.operation)
            } else if let Some(names) = names(stream) {
                if stream == "branches" {
                    variables["search"] = json!(github.release_branches.common_prefix());
                }
                (names.query, names.operation)
            } else {
                return Err(SourceError::Unreadable {
                    host: github.common.base_url.to_string(),
                    reason: format!("stream {stream} is filled by diogen.ingest only"),
                });
            }
        }
    };
    Ok(json!({"query": query, "operationName": operation, "variables": variables}).to_string())
}

fn is_reconciling(cursor: &Value) -> bool {
    cursor["reconcile"] == true
}

/// The entry of the option `repositories` that a pass is for.
fn wanted(github: &GitHub, scope: &str) -> Result<Wanted, SourceError> {
    Wanted::parse(scope).map_err(|error| SourceError::NotFound {
        host: github.common.base_url.to_string(),
        what: scope.to_owned(),
        message: error.to_string(),
    })
}

/// Reads the answer to that request.
pub fn page(github: &GitHub, place: &Place<'_>, answer: &Answer<'_>) -> Result<Page, SourceError> {
    let Place { stream, cursor, .. } = *place;
    let mut page = match stream {
        "repositories" => repositories(github, place, answer),
        "commits" | "branch_commits" => commits(github, place, answer),
        stream => {
            if let Some(names) = names(stream) {
                all_names(names, github, place, answer)
            } else if let Some(listing) = listing(stream) {
                match is_reconciling(cursor) {
                    true => keys(listing, place, answer),
                    false => newest_first(listing, github, place, answer),
                }
            } else {
                Err(answer.unreadable(&[], "no such stream"))
            }
        }
    }?;
    page.next = page.next.map(|next| widths(stream).grown(cursor, next));
    page.rest = widths(stream).grown(cursor, page.rest);
    page.budget.clone_from(&answer.budget);
    Ok(page)
}

fn repositories(
    github: &GitHub,
    place: &Place<'_>,
    answer: &Answer<'_>,
) -> Result<Page, SourceError> {
    let (nodes, after) = if wanted(github, place.scope)?.is_glob() {
        let list = answer.connection(&["repositoryOwner", "repositories"])?;
        (list.nodes, next_page(list.page_info))
    } else {
        (vec![answer.at(&["repository"])?], None)
    };
    let mut selected = Vec::new();
    for node in nodes.into_iter().flatten() {
        let name = element(answer, node)?.name_with_owner;
        if name.is_some_and(|name| github.repositories.selects(&name)) {
            selected.push(node);
        }
    }
    Ok(Page {
        next: after.map(|after| json!({"after": after})),
        rest: json!({}),
        lists_all: true,
        ..assemble(&selected)
    })
}

/// Tags, or the branches that the options name.
fn all_names(
    names: &Names,
    github: &GitHub,
    place: &Place<'_>,
    answer: &Answer<'_>,
) -> Result<Page, SourceError> {
    let list = answer.connection(names.connection)?;
    let mut selected = Vec::new();
    for node in list.nodes.into_iter().flatten() {
        let name = element(answer, node)?.name.unwrap_or_default();
        if place.stream != "branches" || github.release_branches.selects(&name) {
            selected.push(node);
        }
    }
    Ok(Page {
        next: next_page(list.page_info).map(|after| json!({"after": after})),
        rest: json!({}),
        lists_all: true,
        total: list.total_count,
        ..assemble(&selected)
    })
}

fn commits(github: &GitHub, place: &Place<'_>, answer: &Answer<'_>) -> Result<Page, SourceError> {
    let Place { cursor, now, .. } = *place;
    let horizon = github.common.horizon(now);
    // An empty repository has no default branch.
    if answer.at(BRANCH)?.is_none() {
        return Ok(Page {
            rest: json!({}),
            total: Some(0),
            ..Page::default()
        });
    }
    let list = answer.connection(HISTORY)?;
    let nodes: Vec<_> = list.nodes.into_iter().flatten().collect();
    let mut reach = Reach::of(cursor, horizon);
    // What a release branch shares with the default branch is read there.
    reach.all &= place.stream == "commits";
    let next = next_page(list.page_info).map(|after| {
        json!({
            "after": after, "since": since(cursor, horizon), "from": reach.from, "all": reach.all,
            "seen_until": cursor["seen_until"],
        })
    });
    Ok(Page {
        next,
        rest: json!({"from": reach.from, "seen_until": now}),
        ends_when_closed: !reach.all,
        total: list.total_count,
        ..assemble(&nodes)
    })
}

fn newest_first(
    listing: &Listing,
    github: &GitHub,
    place: &Place<'_>,
    answer: &Answer<'_>,
) -> Result<Page, SourceError> {
    let Place { cursor, now, .. } = *place;
    let Connection {
        total_count,
        page_info,
        nodes,
    } = answer.connection(listing.connection)?;
    let nodes: Vec<&RawValue> = nodes.into_iter().flatten().collect();
    let seen_until = time(&cursor["seen_until"]);
    let mut newest = time(&cursor["newest"]);
    // At rest it only tells that there is something to look at again.
    let mut oldest_unfinished = time(&cursor["unfinished"]);
    let mut last = None;
    for node in &nodes {
        let element = element(answer, node)?;
        let at = (listing.time)(&element);
        newest = newest.max(at);
        if (listing.is_unfinished)(&element) && at.is_some_and(|at| now - at < WAIT_FOR_UNFINISHED)
        {
            oldest_unfinished = match (oldest_unfinished, at) {
                (Some(known), Some(at)) => Some(known.min(at)),
                (known, at) => known.or(at),
            };
        }
        last = at;
    }
    let reach = Reach::of(cursor, github.common.horizon(now));
    let horizon = since(cursor, github.common.horizon(now));
    let until = match seen_until {
        Some(seen) if !reach.all => horizon.max(seen - listing.overlap),
        _ => horizon,
    };
    let reached = last.is_none_or(|last| last < until);
    let next = next_page(page_info).filter(|_| !reached).map(|after| {
        json!({
            "after": after, "newest": newest, "unfinished": oldest_unfinished,
            "seen_until": seen_until, "since": horizon, "from": reach.from, "all": reach.all,
        })
    });
    let seen = match (newest.max(seen_until), oldest_unfinished) {
        (Some(seen), Some(unfinished)) => Some(seen.min(unfinished)),
        (seen, _) => seen,
    };
    let mut rest = json!({"seen_until": seen, "from": reach.from});
    if oldest_unfinished.is_some() {
        rest["unfinished"] = true.into();
    }
    let mut page = assemble(&nodes);
    for (document, node) in page.documents.iter_mut().zip(&nodes) {
        document.queued = nested::queued(place.stream, node, answer)?;
    }
    Ok(Page {
        next,
        rest,
        total: total_count,
        ..page
    })
}

/// What there is, by its keys alone.
fn keys(listing: &Listing, place: &Place<'_>, answer: &Answer<'_>) -> Result<Page, SourceError> {
    let list = answer.connection(listing.connection)?;
    let nodes: Vec<_> = list.nodes.into_iter().flatten().collect();
    let mut rest = place.cursor.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.retain(|field, _| field != "after" && field != "reconcile");
    }
    let next = next_page(list.page_info).map(|after| {
        let mut next = place.cursor.clone();
        next["after"] = after.into();
        next
    });
    Ok(Page {
        next,
        rest,
        lists_all: true,
        keys_only: true,
        total: list.total_count,
        ..assemble(&nodes)
    })
}

fn element(answer: &Answer<'_>, node: &RawValue) -> Result<Element, SourceError> {
    serde_json::from_str(node.get())
        .map_err(|error| answer.unreadable(&["nodes"], &error.to_string()))
}

/// Where the next page starts, if there is one.
pub fn next_page(info: PageInfo) -> Option<String> {
    info.end_cursor.filter(|_| info.has_next_page)
}

/// A page of nothing but documents.
fn assemble(nodes: &[&RawValue]) -> Page {
    let mut page = Page::default();
    for node in nodes {
        page.push(node.get(), None);
    }
    page
}

#[cfg(test)]
#[path = "listings_tests.rs"]
pub mod tests;
