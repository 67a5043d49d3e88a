//! Recordings over HTTP; skipped where the folder of recordings is absent.
#![allow(clippy::unwrap_used)]

mod common;

use common::queries::{PULL_REQUESTS, RELEASES};
use common::{get, graphql, start, truth};
use serde_json::{Value, json};
use stand_in::Server;
use std::path::PathBuf;

fn recorded() -> Option<(PathBuf, Server)> {
    let folder = stand_in::recorded::folder()?;
    let server = start(|c| {
        c.organisation = None;
        c.recorded = Some(folder.clone());
        c.hold_back_hours = 1_000_000.0;
    });
    Some((folder, server))
}

#[test]
fn only_the_recordings_are_there_whatever_the_clock_says() {
    let Some((_, server)) = recorded() else {
        return;
    };
    let truth = truth(&server);
    assert_eq!(truth.as_object().unwrap().len(), 2);
    let faros = &truth["faros-ai/airbyte-connectors"];
    assert_eq!(
        (&faros["pull_requests"], &faros["merged"]),
        (&json!(38), &json!(34))
    );
    assert_eq!(
        (&faros["reviews"], &faros["commits"]),
        (&json!(121), &json!(77))
    );
    let git = &truth["kubernetes-sigs/controller-runtime"];
    assert_eq!(
        (&git["pull_requests"], &git["merged"]),
        (&json!(1_560), &json!(1_560))
    );
    assert_eq!(git["commits"], 3_470);
}

#[test]
fn a_recorded_document_is_served_as_it_was() {
    let Some((folder, server)) = recorded() else {
        return;
    };
    let lines = |name: &str| -> Vec<Value> {
        let path = folder.join("github_prs_faros_2021").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    };
    let repo = "/repos/faros-ai/airbyte-connectors";
    let served = get(&server, &format!("{repo}/pulls?state=all&per_page=100")).json();
    let served = served.as_array().unwrap();
    let recorded = lines("pull_requests.ndjson");
    assert_eq!(served.len(), recorded.len());
    assert!(recorded.iter().all(|d| served.contains(d)));
    let commits = get(&server, &format!("{repo}/commits?per_page=100")).json();
    let recorded = lines("commits.ndjson");
    assert!(
        recorded
            .iter()
            .all(|d| commits.as_array().unwrap().contains(d))
    );
    let detail = get(&server, &format!("{repo}/pulls/25")).json();
    assert_eq!(
        (&detail["commits"], &detail["additions"]),
        (&json!(11), &json!(530))
    );
    let reviews = get(&server, &format!("{repo}/pulls/25/reviews")).json();
    let recorded = lines("reviews.ndjson");
    assert_eq!(reviews.as_array().unwrap().len(), 5);
    assert!(
        reviews
            .as_array()
            .unwrap()
            .iter()
            .all(|r| recorded.contains(r))
    );
}

#[test]
fn graphql_says_how_many_commits_were_not_recorded() {
    let Some((_, server)) = recorded() else {
        return;
    };
    let query = PULL_REQUESTS;
    let variables = json!({"owner": "faros-ai", "name": "airbyte-connectors", "first": 100});
    let answer = graphql(&server, query, &variables);
    assert!(answer.get("errors").is_none(), "{answer}");
    let pulls = answer["data"]["repository"]["pullRequests"]["nodes"]
        .as_array()
        .unwrap();
    let pull = pulls.iter().find(|p| p["number"] == 25).unwrap();
    assert_eq!(pull["commits"]["totalCount"], 11);
    assert_eq!(pull["commits"]["nodes"], json!([]));
    assert_eq!(pull["reviews"]["totalCount"], 5);
    assert_eq!(pull["state"], "MERGED");
    assert_eq!(pull["databaseId"], 718_293_716);
    let bot = pulls.iter().find(|p| p["number"] == 2).unwrap();
    assert_eq!(
        bot["author"],
        json!({"__typename": "Bot", "login": "dependabot"})
    );
    assert_eq!(bot["state"], "CLOSED");
}

#[test]
fn releases_outside_the_default_branch_have_their_commits() {
    let Some((_, server)) = recorded() else {
        return;
    };
    let query = RELEASES;
    let mut variables =
        json!({"owner": "kubernetes-sigs", "name": "controller-runtime", "first": 100});
    let mut stable = 0;
    loop {
        let answer = graphql(&server, query, &variables);
        let page = &answer["data"]["repository"]["releases"];
        for release in page["nodes"].as_array().unwrap() {
            assert!(release["tagCommit"]["oid"].is_string(), "{release}");
            stable += usize::from(release["isPrerelease"] == false);
        }
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        variables["after"] = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(stable, 127);
}
