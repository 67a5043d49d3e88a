//! What does not fit into a page of the list it is nested in: the commits of a pull request beyond
//! the first hundred, and the like.
//!
//! A page queues where each of its long lists goes on. One query then reads on in several of them;
//! what it finds are documents of their own, in the streams that REST has for them.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Answer, Connection, PageInfo};
use super::listings::{next_page, widths};
use crate::sources::{Page, Place, Queued, SourceError};

/// How many lists one query reads on in: a thousand elements.
pub const BATCH: u64 = 10;

/// A stream that reads on in nested lists.
struct Nested {
    stream: &'static str,
    /// The stream whose documents have the list.
    parent: &'static str,
    /// The list's name there.
    list: &'static str,
    fields: &'static str,
    /// What `fields` needs beside itself.
    fragments: &'static str,
}

const NESTED: &[Nested] = &[
    Nested {
        stream: "pull_request_commits",
        parent: "pull_requests",
        list: "commits",
        fields: include_str!("queries/nested/pull_request_commits.graphql"),
        fragments: "",
    },
    Nested {
        stream: "reviews",
        parent: "pull_requests",
        list: "reviews",
        fields: include_str!("queries/nested/reviews.graphql"),
        fragments: "",
    },
    Nested {
        stream: "issue_comments",
        parent: "pull_requests",
        list: "comments",
        fields: include_str!("queries/nested/issue_comments.graphql"),
        fragments: "",
    },
    Nested {
        stream: "pull_request_files",
        parent: "pull_requests",
        list: "files",
        fields: include_str!("queries/nested/pull_request_files.graphql"),
        fragments: "",
    },
    Nested {
        stream: "pull_request_events",
        parent: "pull_requests",
        list: "timelineItems",
        fields: include_str!("queries/nested/pull_request_events.graphql"),
        fragments: include_str!("queries/timeline_fields.graphql"),
    },
    Nested {
        stream: "deployment_statuses",
        parent: "deployments",
        list: "statuses",
        fields: include_str!("queries/nested/deployment_statuses.graphql"),
        fragments: "",
    },
];

fn nested(stream: &str) -> Option<&'static Nested> {
    NESTED.iter().find(|nested| nested.stream == stream)
}

/// Whether a stream reads on in nested lists.
pub fn is_nested(stream: &str) -> bool {
    nested(stream).is_some()
}

/// What the nested lists of a document leave to be asked.
pub fn queued(
    stream: &str,
    document: &RawValue,
    answer: &Answer<'_>,
) -> Result<Vec<Queued>, SourceError> {
    let mut nested = NESTED
        .iter()
        .filter(|nested| nested.parent == stream)
        .peekable();
    if nested.peek().is_none() {
        return Ok(Vec::new());
    }
    let fields: HashMap<&str, &RawValue> = parse(document, answer)?;
    let mut found = Vec::new();
    for nested in nested {
        let Some(list) = fields.get(nested.list) else {
            continue;
        };
        let List { page_info } = parse(list, answer)?;
        let Some(after) = page_info.and_then(next_page) else {
            continue;
        };
        let Parent {
            id,
            number,
            database_id,
            repository,
        } = parse(document, answer)?;
        let mut context = json!({"repository": repository.name_with_owner});
        match (number, database_id) {
            (Some(number), _) => context["number"] = number.into(),
            (None, Some(id)) => context["deployment_id"] = id.to_string().into(),
            (None, None) => context["deployment_id"] = id.clone().into(),
        }
        found.push(Queued {
            stream: nested.stream,
            request: json!({"id": id, "after": after, "context": context}),
            key: id,
        });
    }
    Ok(found)
}

/// What a document says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parent {
    id: String,
    number: Option<i64>,
    database_id: Option<i64>,
    repository: Named,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    name_with_owner: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    page_info: Option<PageInfo>,
}

fn parse<'a, T: Deserialize<'a>>(
    value: &'a RawValue,
    answer: &Answer<'_>,
) -> Result<T, SourceError> {
    serde_json::from_str(value.get())
        .map_err(|error| answer.unreadable(&["nodes"], &error.to_string()))
}

/// The body of the request for a batch.
pub fn body(place: &Place<'_>) -> Option<String> {
    let nested = nested(place.stream)?;
    let mut head = String::new();
    let mut selections = String::new();
    let mut variables = json!({});
    for (i, item) in items(place.cursor).enumerate() {
        head.push_str(&format!("$id{i}: ID!, $after{i}: String, "));
        let fields = nested.fields.replace("$after", &format!("$after{i}"));
        selections.push_str(&format!("n{i}: node(id: $id{i}) {{\n{fields}}}\n"));
        variables[format!("id{i}")] = item["request"]["id"].clone();
        variables[format!("after{i}")] = item["request"]["after"].clone();
    }
    let head = head.trim_end_matches(", ");
    let query = format!(
        "query Nested({head}) {{\n{selections}rateLimit {{ cost limit remaining resetAt }}\n}}\n{}",
        nested.fragments
    );
    Some(json!({"query": query, "operationName": "Nested", "variables": variables}).to_string())
}

fn items(cursor: &Value) -> impl Iterator<Item = &Value> {
    cursor["items"].as_array().into_iter().flatten()
}

/// Reads the answer to that request. What is gone meanwhile needs no answer.
pub fn page(place: &Place<'_>, answer: &Answer<'_>) -> Result<Page, SourceError> {
    let nested = nested(place.stream).ok_or_else(|| answer.unreadable(&[], "no such stream"))?;
    let mut page = Page {
        rest: widths(place.stream).grown(place.cursor, json!({})),
        budget: answer.budget.clone(),
        ..Page::default()
    };
    for (i, item) in items(place.cursor).enumerate() {
        let alias = format!("n{i}");
        let key = item["key"].as_str().unwrap_or_default().to_owned();
        if answer.at(&[&alias])?.is_none() {
            page.answered.push(key);
            continue;
        }
        let Connection {
            page_info, nodes, ..
        } = answer.connection(&[&alias, "list"])?;
        for node in nodes.into_iter().flatten() {
            // A commit of a pull request is wrapped.
            let text = match nested.stream {
                "pull_request_commits" => commit(node, answer)?,
                _ => node,
            };
            let context = item["request"]["context"].clone();
            page.push(text.get(), Some(context));
        }
        match next_page(page_info) {
            Some(after) => {
                let mut request = item["request"].clone();
                request["after"] = after.into();
                page.queued.push(Queued {
                    stream: nested.stream,
                    key,
                    request,
                });
            }
            None => page.answered.push(key),
        }
    }
    Ok(page)
}

fn commit<'a>(node: &'a RawValue, answer: &Answer<'_>) -> Result<&'a RawValue, SourceError> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow)]
        commit: &'a RawValue,
    }
    Ok(parse::<Wrapper<'_>>(node, answer)?.commit)
}

#[cfg(test)]
#[path = "nested_tests.rs"]
mod tests;
