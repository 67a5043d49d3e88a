//! REST: pages and their addresses, conditional requests, shapes.
#![allow(clippy::unwrap_used)]

mod common;

use common::{get, send, start, truth};
use serde_json::Value;
use stand_in::Server;
use std::collections::HashSet;

/// Follows `next` to the end.
fn chain(server: &Server, path: &str) -> Vec<Value> {
    let mut next = Some(path.to_owned());
    let mut all = Vec::new();
    while let Some(path) = next {
        let reply = get(server, &path);
        assert_eq!(reply.status, 200, "{path}");
        all.extend(reply.json().as_array().unwrap().iter().cloned());
        next = reply.link("next");
    }
    all
}

#[test]
fn a_chain_of_pages_is_whole() {
    let server = start(|_| {});
    let truth = truth(&server)["acme/checkout"].clone();
    let repo = "/repos/acme/checkout";
    for (path, expected) in [
        ("pulls?state=all&per_page=7", "pull_requests"),
        ("commits?per_page=100", "commits"),
        ("deployments", "deployments"),
    ] {
        let all = chain(&server, &format!("{repo}/{path}"));
        assert_eq!(truth[expected], all.len(), "{path}");
        let key = if expected == "commits" { "sha" } else { "id" };
        let ids: HashSet<_> = all.iter().map(|d| d[key].to_string()).collect();
        assert_eq!(ids.len(), all.len(), "{path}");
    }
    let issues = chain(&server, &format!("{repo}/issues?state=all&per_page=50"));
    let pulls = issues
        .iter()
        .filter(|i| i["pull_request"].is_object())
        .count();
    assert_eq!(truth["pull_requests"], pulls);
    assert_eq!(truth["issues"], issues.len() - pulls);
    let releases = chain(&server, "/repos/acme/ledger/releases?per_page=2");
    assert!(releases.len() > 4);
    assert_eq!(
        chain(&server, "/repos/acme/ledger/tags").len(),
        releases.len()
    );
    assert_eq!(chain(&server, "/orgs/acme/repos?per_page=3").len(), 8);
    assert_eq!(chain(&server, "/users/acme/repos").len(), 8);
}

#[test]
fn further_pages_are_named_by_id() {
    let server = start(|_| {});
    let first = get(&server, "/repos/acme/web/pulls?state=all&per_page=10");
    assert_eq!((first.link("prev"), first.link("first")), (None, None));
    let next = first.link("next").unwrap();
    assert!(next.starts_with("/repositories/"), "{next}");
    assert!(
        next.contains("state=all") && next.contains("page=2"),
        "{next}"
    );
    let second = get(&server, &next);
    assert!(second.link("first").unwrap().contains("page=1"));
    assert!(second.link("prev").is_some() && second.link("last").is_some());
    let last = get(&server, &second.link("last").unwrap());
    assert_eq!((last.link("next"), last.link("last")), (None, None));
    assert!(!last.json().as_array().unwrap().is_empty());
    // Under the prefix of an Enterprise Server the addresses keep it.
    let prefixed = get(&server, "/api/v3/repos/acme/web/pulls?state=all");
    assert!(
        prefixed
            .link("next")
            .unwrap()
            .starts_with("/api/v3/repositories/")
    );
    assert_eq!(prefixed.json().as_array().unwrap().len(), 30);
    let wide = get(&server, "/repos/acme/web/commits?per_page=1000");
    assert_eq!(wide.json().as_array().unwrap().len(), 100);
}

#[test]
fn what_has_not_changed_costs_nothing() {
    let server = start(|c| {
        c.rate_limit = 10;
        c.hold_back_hours = 240.0;
    });
    let path = "/repos/acme/checkout/pulls?state=all&sort=updated&direction=desc";
    let first = get(&server, path);
    assert_eq!(first.header("x-ratelimit-remaining"), "9");
    let etag = first.header("etag").to_owned();
    let headers = [
        ("user-agent", "test"),
        ("authorization", "token stand-in-token"),
        ("if-none-match", etag.as_str()),
    ];
    let again = send(&server, "GET", path, &headers, "").unwrap();
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("x-ratelimit-remaining"), "9");
    common::post(&server, "/_stand_in/advance?hours=240", "");
    let changed = send(&server, "GET", path, &headers, "").unwrap();
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), etag);
}

#[test]
fn documents_have_githubs_shape() {
    let server = start(|_| {});
    let pulls = get(
        &server,
        "/repos/acme/checkout/pulls?state=closed&per_page=100",
    )
    .json();
    let merged = pulls
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["merged_at"].is_string())
        .unwrap();
    assert_eq!(merged["base"]["repo"]["full_name"], "acme/checkout");
    assert_eq!(merged["state"], "closed");
    assert!(
        merged.get("additions").is_none(),
        "only in the document of one pull request"
    );
    let number = merged["number"].as_u64().unwrap();
    let path = format!("/repos/acme/checkout/pulls/{number}");
    let detail = get(&server, &path).json();
    assert_eq!(detail["merged"], true);
    let commits = get(&server, &format!("{path}/commits")).json();
    assert_eq!(detail["commits"], commits.as_array().unwrap().len());
    let commit = &commits[0];
    assert!(
        commit["commit"]["author"]["date"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert!(commit["parents"][0]["sha"].is_string());
    for review in get(&server, &format!("{path}/reviews"))
        .json()
        .as_array()
        .unwrap()
    {
        let url = review["pull_request_url"].as_str().unwrap();
        assert!(url.ends_with(&format!("/repos/acme/checkout/pulls/{number}")));
    }
    let deployments = get(
        &server,
        "/repos/acme/checkout/deployments?environment=production",
    );
    let deployments = deployments.json();
    let id = deployments[1]["id"].as_u64().unwrap();
    let statuses = get(
        &server,
        &format!("/repos/acme/checkout/deployments/{id}/statuses"),
    )
    .json();
    let times: Vec<_> = statuses
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["created_at"].as_str().unwrap())
        .collect();
    assert!(
        times.len() > 1 && times.is_sorted_by(|a, b| a >= b),
        "newest first"
    );
    let incidents = get(
        &server,
        "/repos/acme/checkout/issues?labels=incident&state=all",
    )
    .json();
    assert!(!incidents.as_array().unwrap().is_empty());
    assert!(
        incidents
            .as_array()
            .unwrap()
            .iter()
            .all(|i| i.get("pull_request").is_none())
    );
    let epoch = get(
        &server,
        "/repos/acme/checkout/issues?since=1970-01-01T00:00:00Z",
    );
    assert_eq!(epoch.json(), Value::Array(Vec::new()));
}

#[test]
fn lists_are_sorted_and_filtered_as_asked() {
    let server = start(|_| {});
    let texts = |path: &str, key: &str| -> Vec<String> {
        let list = get(&server, path).json();
        list.as_array()
            .unwrap()
            .iter()
            .map(|d| d[key].as_str().unwrap().to_owned())
            .collect()
    };
    let base = "/repos/acme/web/pulls?state=all&per_page=100";
    assert!(texts(base, "created_at").is_sorted_by(|a, b| a >= b));
    let updated = texts(&format!("{base}&sort=updated&direction=desc"), "updated_at");
    assert!(updated.is_sorted_by(|a, b| a >= b));
    assert!(texts(&format!("{base}&sort=updated&direction=asc"), "updated_at").is_sorted());
    let open = texts("/repos/acme/web/pulls?per_page=100", "state");
    assert!(!open.is_empty() && open.iter().all(|s| s == "open"));
    let since = "2026-06-20T00:00:00Z";
    let path = format!(
        "/repos/acme/web/commits?per_page=100&since={}",
        since.replace(':', "%3A")
    );
    let commits = get(&server, &path).json();
    let commits = commits.as_array().unwrap();
    assert!(!commits.is_empty());
    for commit in commits {
        assert!(commit["commit"]["committer"]["date"].as_str().unwrap() >= since);
    }
}

#[test]
fn unknown_things_are_404() {
    let server = start(|_| {});
    for path in [
        "/repos/acme/nothing",
        "/repos/acme/web/pulls/99999",
        "/orgs/nobody/repos",
        "/repositories/1/pulls",
        "/nonsense",
    ] {
        let reply = get(&server, path);
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.json()["message"], "Not Found");
    }
    assert_eq!(get(&server, "/user").json()["login"], "stand-in");
}
