//! The large organisation: whole, and cheap to serve.
#![allow(clippy::unwrap_used)]

mod common;

use common::queries::COMMITS;
use common::{graphql, start, truth};
use serde_json::{Value, json};
use stand_in::{Bulk, Server};
use std::collections::HashSet;
use std::time::{Duration, Instant};

const PAGE: &str = "query($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes {
        id databaseId fullDatabaseId number title url state isDraft createdAt updatedAt closedAt mergedAt
        additions deletions changedFiles baseRefName headRefName
        repository { nameWithOwner } mergeCommit { oid } author { __typename login }
        labels(first: 20) { totalCount pageInfo { hasNextPage endCursor } nodes { name } }
        commits(first: 100) { totalCount pageInfo { hasNextPage endCursor }
          nodes { commit { oid authoredDate committedDate author { name email user { login } } } } }
        reviews(first: 100) { totalCount pageInfo { hasNextPage endCursor }
          nodes { fullDatabaseId state submittedAt author { __typename login } } }
        files(first: 100) { totalCount pageInfo { hasNextPage endCursor }
          nodes { path additions deletions changeType } }
        timelineItems(first: 100, itemTypes: [READY_FOR_REVIEW_EVENT, MERGED_EVENT, CLOSED_EVENT]) {
          totalCount pageInfo { hasNextPage endCursor }
          nodes { __typename ... on MergedEvent { id createdAt } ... on ClosedEvent { id createdAt } } }
      }
    }
  }
  rateLimit { cost limit remaining resetAt }
}";

fn bulk(change: impl FnOnce(&mut Bulk)) -> Server {
    let mut bulk = Bulk::default();
    change(&mut bulk);
    start(|c| {
        c.organisation = None;
        c.bulk = Some(bulk);
    })
}

fn page(server: &Server, after: &Value) -> Value {
    let variables = json!({"owner": "bulk", "name": "r1", "first": 50, "after": after});
    let answer = graphql(server, PAGE, &variables);
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["repository"]["pullRequests"].clone()
}

#[test]
fn it_has_as_much_as_was_asked_for() {
    let server = bulk(|b| {
        b.repositories = 2;
        b.pull_requests = 230;
        b.oversized = 3;
        b.issues = 40;
    });
    let truth = truth(&server);
    let counts = &truth["bulk/r2"];
    assert_eq!(truth.as_object().unwrap().len(), 2);
    assert_eq!(
        (&counts["pull_requests"], &counts["issues"]),
        (&json!(230), &json!(40))
    );
    let merged = counts["merged"].as_u64().unwrap();
    assert!((180..230).contains(&merged));
    assert_eq!(
        counts["commits"],
        merged + 1,
        "every merge is a commit on the default branch"
    );
    let deployments = counts["deployments"].as_u64().unwrap();
    assert!(deployments.abs_diff(merged / 10) <= 1, "{deployments}");
    assert!(counts["releases"].as_u64().unwrap() >= 1);

    let mut all = Vec::new();
    let mut after = Value::Null;
    loop {
        let page = page(&server, &after);
        all.extend(page["nodes"].as_array().unwrap().iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let ids: HashSet<_> = all.iter().map(|p| p["id"].to_string()).collect();
    assert_eq!((all.len(), ids.len()), (230, 230));
    let updated: Vec<_> = all
        .iter()
        .map(|p| p["updatedAt"].as_str().unwrap())
        .collect();
    assert!(updated.is_sorted_by(|a, b| a >= b));
    let sizes = |p: &Value| {
        ["commits", "reviews", "files"].map(|part| p[part]["totalCount"].as_u64().unwrap())
    };
    let large = all.iter().filter(|p| sizes(p) == [250, 130, 150]);
    assert_eq!(large.clone().count(), 3);
    for pull in large {
        assert_eq!(pull["commits"]["nodes"].as_array().unwrap().len(), 100);
        assert_eq!(pull["commits"]["pageInfo"]["hasNextPage"], true);
    }
    assert_eq!(all.iter().filter(|p| sizes(p) == [5, 3, 5]).count(), 227);
    let reviews: HashSet<_> = all
        .iter()
        .flat_map(|p| p["reviews"]["nodes"].as_array().unwrap())
        .map(|r| r["fullDatabaseId"].to_string())
        .collect();
    assert_eq!(reviews.len(), 227 * 3 + 3 * 100);
}

#[test]
fn a_page_is_cheap() {
    let before = Instant::now();
    let server = bulk(|b| b.pull_requests = 20_000);
    let made = before.elapsed();
    page(&server, &Value::Null);
    let mut after = Value::Null;
    let mut times = Vec::new();
    for _ in 0..20 {
        let before = Instant::now();
        let page = page(&server, &after);
        times.push(before.elapsed());
        after = page["pageInfo"]["endCursor"].clone();
    }
    times.sort();
    let variables = json!({"owner": "bulk", "name": "r1", "first": 100});
    graphql(&server, COMMITS, &variables);
    let before = Instant::now();
    graphql(&server, COMMITS, &variables);
    let history = before.elapsed();
    println!(
        "20,000 pull requests made in {made:?}; a page of 50: median {:?}, worst {:?}; \
         100 commits: {history:?}",
        times[10], times[19]
    );
    // Generous, for whatever else the machine does; measured are a few milliseconds.
    assert!(times[10] < Duration::from_millis(60), "{times:?}");
    assert!(history < Duration::from_millis(60), "{history:?}");
}
