//! GraphQL: the extension's own documents, unchanged, must find the truth.
#![allow(clippy::unwrap_used)]

mod common;

use common::queries::{COMMITS, DEPLOYMENTS, PULL_REQUESTS, RELEASES, REPOSITORIES, REPOSITORY};
use common::{get, graphql, post, start, truth};
use serde_json::{Value, json};
use stand_in::Server;
use std::collections::HashSet;

/// Reads all pages of the connection at a JSON pointer.
fn pages(server: &Server, query: &str, variables: &Value, pointer: &str) -> Vec<Value> {
    let mut variables = variables.clone();
    let mut nodes = Vec::new();
    loop {
        let answer = graphql(server, query, &variables);
        assert!(answer.get("errors").is_none(), "{answer}");
        let connection = answer
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{answer}"));
        let page = connection["nodes"].as_array().unwrap();
        nodes.extend(page.iter().cloned());
        if connection["pageInfo"]["hasNextPage"] == false {
            if let Some(total) = connection["totalCount"].as_u64() {
                assert_eq!(total as usize, nodes.len(), "{pointer}");
            }
            return nodes;
        }
        assert!(!page.is_empty());
        variables["after"] = connection["pageInfo"]["endCursor"].clone();
    }
}

fn distinct(nodes: &[Value], key: &str) -> usize {
    nodes
        .iter()
        .map(|n| n[key].to_string())
        .collect::<HashSet<_>>()
        .len()
}

#[test]
fn every_document_pages_through_the_truth() {
    let server = start(|_| {});
    let truth = truth(&server);
    let truth = truth.as_object().unwrap();
    assert_eq!(truth.len(), 8);
    let owner = json!({"owner": "acme", "first": 100});
    let listed = pages(
        &server,
        REPOSITORIES,
        &owner,
        "/data/repositoryOwner/repositories",
    );
    let names: Vec<_> = listed
        .iter()
        .map(|r| r["nameWithOwner"].as_str().unwrap())
        .collect();
    assert_eq!(names, truth.keys().map(String::as_str).collect::<Vec<_>>());
    for (full_name, counts) in truth {
        let name = full_name.strip_prefix("acme/").unwrap();
        let variables = json!({"owner": "acme", "name": name, "first": 25});
        let whole = |query, part| {
            let pointer = format!("/data/repository/{part}");
            pages(&server, query, &variables, &pointer)
        };
        let pulls = whole(PULL_REQUESTS, "pullRequests");
        assert_eq!(counts["pull_requests"], pulls.len(), "{full_name}");
        assert_eq!(distinct(&pulls, "number"), pulls.len());
        let merged = pulls.iter().filter(|p| p["state"] == "MERGED");
        assert_eq!(counts["merged"], merged.clone().count());
        for pull in merged {
            assert!(pull["mergedAt"].is_string() && pull["mergeCommit"]["oid"].is_string());
        }
        let reviews: u64 = pulls
            .iter()
            .map(|p| p["reviews"]["totalCount"].as_u64().unwrap())
            .sum();
        assert_eq!(counts["reviews"], reviews);
        let updated: Vec<_> = pulls
            .iter()
            .map(|p| p["updatedAt"].as_str().unwrap())
            .collect();
        assert!(updated.is_sorted_by(|a, b| a >= b), "newest first");

        let commits = whole(COMMITS, "branch/target/history");
        assert_eq!(counts["commits"], commits.len());
        assert_eq!(distinct(&commits, "oid"), commits.len());
        assert_eq!(commits[0]["oid"], counts["head"]);
        let deployments = whole(DEPLOYMENTS, "deployments");
        assert_eq!(counts["deployments"], deployments.len());
        let releases = whole(RELEASES, "releases");
        assert_eq!(counts["releases"], releases.len());
        for shipped in deployments.iter().map(|d| &d["commit"]) {
            assert!(shipped["oid"].is_string());
        }
        let one = graphql(&server, REPOSITORY, &variables);
        assert_eq!(one["data"]["repository"]["nameWithOwner"], *full_name);
    }
}

#[test]
fn history_since_leaves_out_older_commits() {
    let server = start(|_| {});
    let since = "2026-06-01T00:00:00Z";
    let all = json!({"owner": "acme", "name": "web", "first": 100});
    let pointer = "/data/repository/branch/target/history";
    let all = pages(&server, COMMITS, &all, pointer);
    let some = json!({"owner": "acme", "name": "web", "since": since, "first": 100});
    let some = pages(&server, COMMITS, &some, pointer);
    let newer = all
        .iter()
        .filter(|c| c["committedDate"].as_str().unwrap() >= since);
    let newer: Vec<_> = newer.cloned().collect();
    assert!(!some.is_empty() && some.len() < all.len());
    assert_eq!(some, newer);
}

#[test]
fn pages_do_not_shift_while_the_clock_moves() {
    let server = start(|c| c.hold_back_hours = 400.0);
    let mut variables = json!({"owner": "acme", "name": "checkout", "first": 10});
    let before = truth(&server)["acme/checkout"]["pull_requests"]
        .as_u64()
        .unwrap() as usize;
    let mut seen = HashSet::new();
    loop {
        let answer = graphql(&server, PULL_REQUESTS, &variables);
        let page = &answer["data"]["repository"]["pullRequests"];
        for pull in page["nodes"].as_array().unwrap() {
            assert!(
                seen.insert(pull["number"].as_u64().unwrap()),
                "came twice: {pull}"
            );
        }
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        variables["after"] = page["pageInfo"]["endCursor"].clone();
        post(&server, "/_stand_in/advance?hours=24", "");
    }
    // Some moved to the front and were not seen again, but nobody came twice.
    let after = truth(&server)["acme/checkout"]["pull_requests"]
        .as_u64()
        .unwrap() as usize;
    assert!(after > before, "the clock moved");
    assert!(seen.len() <= before);
}

#[test]
fn a_history_cursor_stays_with_its_head() {
    let server = start(|c| c.hold_back_hours = 400.0);
    let mut variables = json!({"owner": "acme", "name": "web", "first": 100});
    let read = |variables: &Value| {
        let answer = graphql(&server, COMMITS, variables);
        answer["data"]["repository"]["branch"]["target"]["history"].clone()
    };
    let first = read(&variables);
    let cursor = first["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    let head = first["nodes"][0]["oid"].as_str().unwrap();
    assert_eq!(cursor, format!("{head} 99"));
    variables["after"] = json!(cursor);
    let second = read(&variables);
    post(&server, "/_stand_in/advance?hours=300", "");
    assert_eq!(read(&variables)["nodes"], second["nodes"]);
    assert_ne!(
        first["nodes"][0],
        read(&json!({"owner": "acme", "name": "web", "first": 100}))["nodes"][0]
    );
}

#[test]
fn bots_have_no_suffix_in_graphql() {
    let server = start(|_| {});
    let variables = json!({"owner": "acme", "name": "infra", "first": 100});
    let pulls = pages(
        &server,
        PULL_REQUESTS,
        &variables,
        "/data/repository/pullRequests",
    );
    let bots: Vec<_> = pulls
        .iter()
        .filter(|p| p["author"]["__typename"] == "Bot")
        .collect();
    assert!(bots.len() > 10);
    assert!(bots.iter().all(|p| p["author"]["login"] == "dependabot"));
    let number = bots[0]["number"].as_u64().unwrap();
    let rest = get(&server, &format!("/repos/acme/infra/pulls/{number}")).json();
    assert_eq!(rest["user"]["login"], "dependabot[bot]");
    assert_eq!(rest["user"]["type"], "Bot");
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = start(|_| {});
    let answer = graphql(&server, REPOSITORY, &json!({"owner": "x", "name": "y"}));
    assert_eq!(answer["data"]["repository"], Value::Null);
    assert!(
        answer["data"].get("repository").is_some(),
        "null, not absent"
    );
    let error = &answer["errors"][0];
    assert_eq!(error["type"], "NOT_FOUND");
    assert_eq!(error["path"], json!(["repository"]));
    assert_eq!(
        error["message"],
        "Could not resolve to a Repository with the name 'x/y'."
    );
    assert_eq!(error["locations"][0]["line"], 2);
    assert!(error.get("extensions").is_none());
    let answer = graphql(
        &server,
        REPOSITORIES,
        &json!({"owner": "nobody", "first": 100}),
    );
    assert_eq!(answer["data"]["repositoryOwner"], Value::Null);
    assert!(answer.get("errors").is_none());
}

#[test]
fn too_wide_pages_and_unknown_fields_are_refused() {
    let server = start(|_| {});
    let variables = json!({"owner": "acme", "name": "web", "first": 101});
    let answer = graphql(&server, PULL_REQUESTS, &variables);
    assert_eq!(answer["data"]["repository"], Value::Null);
    assert_eq!(answer["errors"][0]["type"], "EXCESSIVE_PAGINATION");
    let answer = graphql(
        &server,
        "{ repository(owner: \"acme\", name: \"web\") { nonsense } }",
        &json!({}),
    );
    assert!(
        answer["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("nonsense")
    );
    assert!(answer.get("data").is_none());
    let cursor = json!({"owner": "acme", "name": "web", "first": 5, "after": "garbage"});
    let answer = graphql(&server, PULL_REQUESTS, &cursor);
    assert_eq!(answer["errors"][0]["type"], "INVALID_CURSOR_ARGUMENTS");
}

#[test]
fn the_enterprise_address_works_as_well() {
    let server = start(|_| {});
    let body = json!({"query": "{ viewer { login } rateLimit { cost } }"}).to_string();
    let reply = post(&server, "/api/graphql", &body);
    assert_eq!(reply.json()["data"]["viewer"]["login"], "stand-in");
    assert_eq!(reply.header("x-ratelimit-resource"), "graphql");
}

#[test]
fn a_query_costs_what_githubs_formula_says() {
    let server = start(|_| {});
    // One connection, and six more for each of 100 pull requests: 601 requests.
    let variables = json!({"owner": "acme", "name": "web", "first": 100});
    let answer = graphql(&server, PULL_REQUESTS, &variables);
    assert_eq!(answer["data"]["rateLimit"]["cost"], 6);
    let narrow = json!({"owner": "acme", "name": "web", "first": 1});
    let answer = graphql(&server, PULL_REQUESTS, &narrow);
    assert_eq!(answer["data"]["rateLimit"]["cost"], 1);
}
