//! Projects, fields, statuses, boards and sprints: lists that are read to their end each time, so
//! that what is not among them is gone.

use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Jira;
use super::deployment::Deployment;
use super::filter::Wanted;
use crate::http::Response;
use crate::sources::width::Widths;
use crate::sources::{Page, Place, SourceError, limits};

/// How many elements a page has, Jira's most; `None` where the list comes in one piece.
pub fn widths(stream: &str) -> Option<Widths> {
    match stream {
        "projects" => Some(Widths::always(100)),
        "boards" | "sprints" => Some(Widths::always(50)),
        _ => None,
    }
}

/// How a list is answered.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    /// A page of it, with where it stands.
    Paged,
    /// All of it.
    Whole,
    /// The one element that was asked for.
    Single,
}

/// The path of the list at a place, and how it is answered.
fn path<'a>(jira: &Jira, place: &Place<'a>) -> Result<(Vec<&'a str>, Shape), SourceError> {
    let deployment = jira.deployment(place.greeting);
    let api = ["rest", "api", deployment.version()];
    let agile = ["rest", "agile", "1.0", "board"];
    Ok(match place.stream {
        "projects" if !wanted(jira, place)?.is_glob() => (
            [&api[..], &["project", place.scope]].concat(),
            Shape::Single,
        ),
        "projects" => match deployment {
            Deployment::Cloud => ([&api[..], &["project", "search"]].concat(), Shape::Paged),
            Deployment::DataCenter => ([&api[..], &["project"]].concat(), Shape::Whole),
        },
        "fields" => ([&api[..], &["field"]].concat(), Shape::Whole),
        "statuses" => ([&api[..], &["status"]].concat(), Shape::Whole),
        "boards" => (agile.to_vec(), Shape::Paged),
        _ => (
            [&agile[..], &[place.scope, "sprint"]].concat(),
            Shape::Paged,
        ),
    })
}

/// The entry of the option `projects` that a pass is for.
fn wanted(jira: &Jira, place: &Place<'_>) -> Result<Wanted, SourceError> {
    Wanted::parse(place.scope).map_err(|error| SourceError::NotFound {
        host: jira.common.base_url.to_string(),
        what: place.scope.to_owned(),
        message: error.to_string(),
    })
}

fn start(cursor: &Value) -> u64 {
    cursor["after"]["start"].as_u64().unwrap_or(0)
}

/// The address of the request at a place.
pub fn request(jira: &Jira, place: &Place<'_>) -> Result<Url, SourceError> {
    let (path, shape) = path(jira, place)?;
    let mut url = jira.url(&path);
    if let (Shape::Paged, Some(widths)) = (shape, widths(place.stream)) {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("startAt", &start(place.cursor).to_string())
            .append_pair("maxResults", &widths.at(place.cursor).to_string());
        match place.stream {
            "projects" => query.append_pair("orderBy", "key"),
            "boards" => query.append_pair("projectKeyOrId", place.scope),
            _ => &mut query,
        };
    }
    Ok(url)
}

/// A page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Values<'a> {
    #[serde(borrow)]
    values: Vec<&'a RawValue>,
    is_last: Option<bool>,
    total: Option<u64>,
}

/// What is needed of an element.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Element {
    key: Option<String>,
    origin_board_id: Option<i64>,
}

/// Reads the answer to that request.
pub fn page(jira: &Jira, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError> {
    let (path, shape) = path(jira, place)?;
    let endpoint = path.join("/");
    let asked = jira.asked(&endpoint, place.scope);
    let budget = limits::budget(&answer.headers);
    if has_none(place.stream, answer.status) {
        return Ok(Page {
            rest: json!({}),
            budget,
            ..Page::default()
        });
    }
    let (values, next, total) = match shape {
        Shape::Single => (vec![asked.read(answer)?], None, None),
        Shape::Whole => (asked.read(answer)?, None, None),
        Shape::Paged => {
            let list: Values<'_> = asked.read(answer)?;
            let next = next(place, &list);
            (list.values, next, list.total)
        }
    };
    // What none is said to be left of would all be taken for gone.
    if values.is_empty() && matches!(place.stream, "fields" | "statuses") {
        return Err(asked.lacking(format!(
            "{endpoint}: it lists none, but every Jira has some"
        )));
    }
    let mut page = Page {
        lists_all: true,
        budget,
        total: total.and_then(|total| i64::try_from(total).ok()),
        ..Page::default()
    };
    for value in values {
        let element: Element = serde_json::from_str(value.get())
            .map_err(|error| asked.lacking(format!("{endpoint}: {error}")))?;
        let context = match place.stream {
            "projects" => {
                let key = element.key.ok_or_else(|| {
                    asked.lacking(format!("{endpoint}: it lists a project without a key"))
                })?;
                if !jira.projects.selects(&key) {
                    continue;
                }
                None
            }
            "boards" => Some(json!({"project": place.scope})),
            // Other boards may show it too: it belongs to the one where it was made.
            "sprints" if element.origin_board_id.is_none() => Some(json!({"board": place.scope})),
            _ => None,
        };
        page.push(value.get(), context);
    }
    let grown = |cursor| match widths(place.stream) {
        Some(widths) => widths.grown(place.cursor, cursor),
        None => cursor,
    };
    page.next = next.map(grown);
    page.rest = grown(json!({}));
    Ok(page)
}

/// Where the next page starts.
fn next(place: &Place<'_>, list: &Values<'_>) -> Option<Value> {
    let after = &place.cursor["after"];
    // When something was removed meanwhile, what followed has moved up past the page's end. The
    // list is read again then, lest something that is there be taken for gone.
    if let (Some(total), Some(was)) = (list.total, after["total"].as_u64())
        && total != was
    {
        return Some(json!({"after": {"start": 0, "total": total}}));
    }
    let count = list.values.len() as u64;
    let read = start(place.cursor) + count;
    let is_last = match (list.is_last, list.total) {
        (Some(is_last), _) => is_last,
        (None, Some(total)) => read >= total,
        (None, None) => widths(place.stream).is_none_or(|widths| count < widths.at(place.cursor)),
    };
    (!is_last && count > 0).then(|| json!({"after": {"start": read, "total": list.total}}))
}

/// Whether an answer says that there is nothing of the kind: Jira without Jira Software has no
/// boards, and a board for Kanban has no sprints. It does not say that something is gone.
fn has_none(stream: &str, status: u16) -> bool {
    match stream {
        "boards" => matches!(status, 403 | 404),
        "sprints" => matches!(status, 400 | 403 | 404),
        _ => false,
    }
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
