//! Branches and tags in GraphQL.
#![allow(clippy::unwrap_used)]

mod common;

use common::{get, graphql, start};
use serde_json::{Value, json};
use std::collections::HashSet;

const REFS: &str = "query($name: String!, $prefix: String!, $query: String, $field: RefOrderField!, $after: String) {
  repository(owner: \"acme\", name: $name) {
    refs(refPrefix: $prefix, first: 4, after: $after, query: $query, orderBy: {field: $field, direction: DESC}) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { id name prefix target { __typename oid
        ... on Tag { name tagger { date } target { oid ... on Commit { committedDate } } }
        ... on Commit { committedDate } } } } } }";

fn all(server: &stand_in::Server, mut variables: Value) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let answer = graphql(server, REFS, &variables);
        assert!(answer.get("errors").is_none(), "{answer}");
        let page = &answer["data"]["repository"]["refs"];
        all.extend(page["nodes"].as_array().unwrap().iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], all.len());
            return all;
        }
        variables["after"] = page["pageInfo"]["endCursor"].clone();
    }
}

#[test]
fn tags_are_those_of_the_releases() {
    let server = start(|_| {});
    let tags = all(
        &server,
        json!({"name": "ledger", "prefix": "refs/tags/", "field": "TAG_COMMIT_DATE"}),
    );
    let releases = get(&server, "/repos/acme/ledger/releases?per_page=100").json();
    let names = |list: &[Value], key: &str| -> HashSet<String> {
        list.iter().map(|v| v[key].to_string()).collect()
    };
    let releases = names(releases.as_array().unwrap(), "tag_name");
    assert_eq!(names(&tags, "name"), releases);
    let date = |tag: &Value| {
        let target = &tag["target"];
        let commit = if target["__typename"] == "Tag" {
            &target["target"]
        } else {
            target
        };
        commit["committedDate"].as_str().unwrap().to_owned()
    };
    assert!(tags.iter().map(date).is_sorted_by(|a, b| a >= b));
    let annotated = tags.iter().filter(|t| t["target"]["__typename"] == "Tag");
    assert!(
        annotated
            .clone()
            .all(|t| t["target"]["tagger"]["date"].is_string())
    );
    let count = annotated.count();
    assert!(count > 0 && count < tags.len(), "both kinds: {count}");
    let some = all(
        &server,
        json!({"name": "ledger", "prefix": "refs/tags/", "query": "RC.", "field": "ALPHABETICAL"}),
    );
    assert!(
        some.iter()
            .all(|t| t["name"].as_str().unwrap().contains("rc."))
    );
}

#[test]
fn a_release_branch_has_commits_that_the_default_branch_has_not() {
    let server = start(|_| {});
    let heads = all(
        &server,
        json!({"name": "ledger", "prefix": "refs/heads/", "field": "ALPHABETICAL"}),
    );
    let names: Vec<_> = heads.iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted_by(|a, b| a > b), "each once: {names:?}");
    assert!(names.contains(&"main") && names.len() > 2);
    let branch = *names.iter().find(|n| n.starts_with("release/")).unwrap();
    let query = "query($branch: String!) { repository(owner: \"acme\", name: \"ledger\") {
      defaultBranchRef { target { ... on Commit { history(first: 100) { nodes { oid } } } } }
      ref(qualifiedName: $branch) { name target { ... on Commit { history(first: 100) {
        nodes { oid message } } } } } } }";
    let answer = graphql(
        &server,
        query,
        &json!({"branch": format!("refs/heads/{branch}")}),
    );
    let repository = &answer["data"]["repository"];
    let nodes = |pointer: &str| {
        repository
            .pointer(pointer)
            .unwrap()
            .as_array()
            .unwrap()
            .clone()
    };
    let main: HashSet<String> = nodes("/defaultBranchRef/target/history/nodes")
        .iter()
        .map(|c| c["oid"].to_string())
        .collect();
    let own: Vec<_> = nodes("/ref/target/history/nodes")
        .into_iter()
        .filter(|c| !main.contains(&c["oid"].to_string()))
        .collect();
    assert_eq!(own.len(), 2);
    assert!(own.iter().all(|c| {
        c["message"]
            .as_str()
            .unwrap()
            .contains("cherry picked from")
    }));
    let gone = graphql(&server, query, &json!({"branch": "nothing"}));
    assert_eq!(gone["data"]["repository"]["ref"], Value::Null);
}
