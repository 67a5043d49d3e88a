//! GraphQL: things by their id, the parts of a pull request and issues, page by page.
#![allow(clippy::unwrap_used)]

mod common;

use common::{graphql, start};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

const KINDS: &str = "query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    id
    pullRequests(first: 3) { nodes { id } }
    issues(first: 3, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { id } }
    deployments(first: 3) { nodes { id } }
    releases(first: 3) { nodes { id } }
  }
}";

#[test]
fn whatever_has_an_id_is_found_by_it() {
    let server = start(|_| {});
    let mut ids = Vec::new();
    for name in ["checkout", "ledger"] {
        let answer = graphql(&server, KINDS, &json!({"owner": "acme", "name": name}));
        let repository = &answer["data"]["repository"];
        ids.push(repository["id"].clone());
        for kind in ["pullRequests", "issues", "deployments", "releases"] {
            let nodes = repository[kind]["nodes"].as_array().unwrap();
            ids.extend(nodes.iter().map(|n| n["id"].clone()));
        }
    }
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } rateLimit { cost } }";
    let answer = graphql(&server, query, &json!({"ids": ids}));
    assert!(answer.get("errors").is_none(), "{answer}");
    let nodes = answer["data"]["nodes"].as_array().unwrap();
    let found: Vec<_> = nodes.iter().map(|n| n["id"].clone()).collect();
    assert_eq!(found, ids);
    let kinds: HashSet<_> = nodes
        .iter()
        .map(|n| n["__typename"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        HashSet::from([
            "Repository",
            "PullRequest",
            "Issue",
            "Deployment",
            "Release"
        ])
    );
    // Every id is a parent: one hundred of them with one connection each make one point.
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on PullRequest
                 { commits(first: 1) { totalCount } files(first: 1) { totalCount } } }
                 rateLimit { cost } }";
    let many: Vec<_> = std::iter::repeat_n(&ids[1], 100).collect();
    let answer = graphql(&server, query, &json!({"ids": many}));
    assert_eq!(answer["data"]["rateLimit"]["cost"], 2);
}

#[test]
fn an_unknown_id_is_null_and_says_where() {
    let server = start(|_| {});
    let answer = graphql(
        &server,
        "{ a: node(id: \"PR_nothing\") { id } nodes(ids: [\"x\"]) { id } }",
        &json!({}),
    );
    assert_eq!(answer["data"], json!({"a": null, "nodes": [null]}));
    let errors = answer["errors"].as_array().unwrap();
    let paths: Vec<_> = errors.iter().map(|e| e["path"].clone()).collect();
    assert!(paths.contains(&json!(["a"])) && paths.contains(&json!(["nodes", 0])));
    assert!(errors.iter().all(|e| e["type"] == "NOT_FOUND"));
    assert!(
        errors
            .iter()
            .any(|e| e["message"]
                == "Could not resolve to a node with the global id of 'PR_nothing'")
    );
}

#[test]
fn every_part_of_a_pull_request_can_be_paged() {
    let server = start(|_| {});
    let ids = "query { repository(owner: \"acme\", name: \"checkout\") { pullRequests(first: 40) {
               nodes { id changedFiles additions deletions } } } }";
    let answer = graphql(&server, ids, &json!({}));
    let pulls = answer["data"]["repository"]["pullRequests"]["nodes"]
        .as_array()
        .unwrap()
        .clone();
    let connections: BTreeMap<&str, &str> = BTreeMap::from([
        ("commits", "commit { oid }"),
        ("reviews", "id"),
        ("comments", "id"),
        ("labels", "name"),
        ("files", "path additions deletions changeType"),
        ("timelineItems", "__typename"),
    ]);
    let mut followed = 0;
    for pull in pulls {
        for (connection, fields) in &connections {
            let query = format!(
                "query($id: ID!, $after: String) {{ node(id: $id) {{ ... on PullRequest {{
                 {connection}(first: 2, after: $after) {{ totalCount pageInfo {{ hasNextPage endCursor }}
                 nodes {{ {fields} }} }} }} }} }}"
            );
            let mut all: Vec<Value> = Vec::new();
            let mut after = Value::Null;
            loop {
                let variables = json!({"id": pull["id"], "after": after});
                let answer = graphql(&server, &query, &variables);
                let page = answer["data"]["node"][connection].clone();
                all.extend(page["nodes"].as_array().unwrap().iter().cloned());
                if page["pageInfo"]["hasNextPage"] == false {
                    assert_eq!(page["totalCount"], all.len(), "{connection}");
                    break;
                }
                followed += 1;
                after = page["pageInfo"]["endCursor"].clone();
            }
            if *connection == "files" {
                let sum = |key: &str| all.iter().map(|f| f[key].as_u64().unwrap()).sum::<u64>();
                assert_eq!(pull["changedFiles"], all.len());
                assert_eq!(pull["additions"], sum("additions"));
                assert_eq!(pull["deletions"], sum("deletions"));
                let paths: HashSet<_> = all.iter().map(|f| f["path"].to_string()).collect();
                assert_eq!(paths.len(), all.len());
            }
        }
    }
    assert!(followed > 40);
}

const TIMELINES: &str = "query($name: String!, $after: String) {
  repository(owner: \"acme\", name: $name) { pullRequests(first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { createdAt updatedAt timelineItems(first: 100, itemTypes: [REVIEW_REQUESTED_EVENT,
      HEAD_REF_FORCE_PUSHED_EVENT, MERGED_EVENT, CLOSED_EVENT, REOPENED_EVENT, LABELED_EVENT,
      ADDED_TO_MERGE_QUEUE_EVENT, READY_FOR_REVIEW_EVENT, CONVERT_TO_DRAFT_EVENT]) { nodes {
        __typename
        ... on ReviewRequestedEvent { id createdAt requestedReviewer { __typename
          ... on User { login } ... on Team { slug } ... on Bot { login } ... on Mannequin { login } } }
        ... on HeadRefForcePushedEvent { id createdAt beforeCommit { oid } afterCommit { oid } }
        ... on MergedEvent { id createdAt commit { oid } }
        ... on ClosedEvent { id createdAt }
        ... on ReopenedEvent { id createdAt }
        ... on LabeledEvent { id createdAt label { name } }
        ... on AddedToMergeQueueEvent { id createdAt enqueuer { login } actor { login } }
    } } } } } }";

#[test]
fn a_timeline_tells_what_happened() {
    let server = start(|c| c.days = 120);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids = HashSet::new();
    for name in ["checkout", "gateway", "web"] {
        let mut variables = json!({"name": name});
        loop {
            let answer = graphql(&server, TIMELINES, &variables);
            assert!(answer.get("errors").is_none(), "{answer}");
            let page = &answer["data"]["repository"]["pullRequests"];
            for pull in page["nodes"].as_array().unwrap() {
                for item in pull["timelineItems"]["nodes"].as_array().unwrap() {
                    let kind = item["__typename"].as_str().unwrap();
                    *seen.entry(kind.to_owned()).or_default() += 1;
                    if let Some(reviewer) = item["requestedReviewer"]["__typename"].as_str() {
                        *seen.entry(reviewer.to_owned()).or_default() += 1;
                    }
                    if let Some(at) = item["createdAt"].as_str() {
                        assert!(pull["createdAt"].as_str().unwrap() <= at, "{item}");
                        assert!(pull["updatedAt"].as_str().unwrap() >= at, "{item}");
                    }
                    if kind == "HeadRefForcePushedEvent" {
                        let (before, after) = (&item["beforeCommit"], &item["afterCommit"]);
                        assert!(before["oid"].is_string() && after["oid"].is_string());
                        assert_ne!(before, after);
                    }
                    if item["id"].is_string() {
                        assert!(ids.insert(item["id"].to_string()), "{item}");
                    }
                }
            }
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            variables["after"] = page["pageInfo"]["endCursor"].clone();
        }
    }
    for kind in [
        "ReviewRequestedEvent",
        "HeadRefForcePushedEvent",
        "MergedEvent",
        "ClosedEvent",
        "ReopenedEvent",
        "LabeledEvent",
        "AddedToMergeQueueEvent",
        "User",
        "Team",
        "Bot",
    ] {
        assert!(seen.get(kind).is_some_and(|n| *n >= 3), "{kind}: {seen:?}");
    }
}

const ISSUES: &str = "query($since: DateTime, $after: String) {
  repository(owner: \"acme\", name: \"checkout\") {
    issues(first: 3, after: $after, filterBy: {since: $since}, orderBy: {field: UPDATED_AT, direction: DESC}) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { id fullDatabaseId databaseId number title url state stateReason createdAt updatedAt closedAt
        author { __typename login } labels(first: 10) { nodes { name } }
        assignees(first: 10) { nodes { login } } repository { nameWithOwner } } } } }";

#[test]
fn issues_are_paged_newest_first() {
    let server = start(|_| {});
    let read = |since: Value| {
        let mut variables = json!({"since": since});
        let mut all: Vec<Value> = Vec::new();
        loop {
            let answer = graphql(&server, ISSUES, &variables);
            assert!(answer.get("errors").is_none(), "{answer}");
            let page = &answer["data"]["repository"]["issues"];
            all.extend(page["nodes"].as_array().unwrap().iter().cloned());
            if page["pageInfo"]["hasNextPage"] == false {
                assert_eq!(page["totalCount"], all.len());
                return all;
            }
            variables["after"] = page["pageInfo"]["endCursor"].clone();
        }
    };
    let all = read(Value::Null);
    let truth = common::truth(&server)["acme/checkout"]["issues"].clone();
    assert_eq!(truth, all.len());
    let updated: Vec<_> = all
        .iter()
        .map(|i| i["updatedAt"].as_str().unwrap())
        .collect();
    assert!(updated.is_sorted_by(|a, b| a >= b));
    assert!(
        all.iter()
            .any(|i| !i["assignees"]["nodes"].as_array().unwrap().is_empty())
    );
    for issue in &all {
        assert_eq!(issue["state"] == "CLOSED", issue["closedAt"].is_string());
        assert_eq!(
            issue["state"] == "CLOSED",
            issue["stateReason"] == "COMPLETED"
        );
    }
    let middle = updated[all.len() / 2];
    let some = read(json!(middle));
    assert!(some.len() < all.len() && some.len() > all.len() / 2);
    assert!(
        some.iter()
            .all(|i| i["updatedAt"].as_str().unwrap() >= middle)
    );
}
