//! Runs of workflows and their jobs.
#![allow(clippy::unwrap_used)]

mod common;

use common::{get, post, send, start};
use serde_json::Value;
use stand_in::{Bulk, Server};
use std::collections::HashSet;

const RUNS: &str = "/repos/acme/gateway/actions/runs";

/// Follows `next` to the end: the total and all documents.
fn chain(server: &Server, path: &str, key: &str) -> (u64, Vec<Value>) {
    let mut next = Some(path.to_owned());
    let (mut total, mut all) = (0, Vec::new());
    while let Some(path) = next {
        let reply = get(server, &path);
        assert_eq!(reply.status, 200, "{path}");
        let body = reply.json();
        total = body["total_count"].as_u64().unwrap();
        all.extend(body[key].as_array().unwrap().iter().cloned());
        next = reply.link("next");
    }
    (total, all)
}

fn runs(server: &Server, query: &str) -> (u64, Vec<Value>) {
    chain(
        server,
        &format!("{RUNS}?per_page=100&{query}"),
        "workflow_runs",
    )
}

fn text<'a>(document: &'a Value, key: &str) -> &'a str {
    document[key].as_str().unwrap()
}

#[test]
fn every_push_and_every_deployment_has_a_run() {
    let server = start(|_| {});
    let (total, all) = runs(&server, "");
    assert_eq!(total as usize, all.len());
    let ids: HashSet<_> = all.iter().map(|r| r["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), all.len());
    assert!(all.is_sorted_by(|a, b| text(a, "created_at") >= text(b, "created_at")));
    let shas = |event: &str| -> HashSet<String> {
        let runs = all.iter().filter(|r| r["event"] == event);
        runs.map(|r| text(r, "head_sha").to_owned()).collect()
    };
    let pulls = get(&server, "/repos/acme/gateway/pulls?state=all&per_page=100").json();
    let pushed = shas("pull_request");
    for pull in pulls.as_array().unwrap() {
        assert!(pushed.contains(text(&pull["head"], "sha")), "{pull}");
    }
    let commits = get(&server, "/repos/acme/gateway/commits?per_page=50").json();
    let main = shas("push");
    assert!(
        commits
            .as_array()
            .unwrap()
            .iter()
            .all(|c| main.contains(text(c, "sha")))
    );
    let truth = common::truth(&server)["acme/gateway"].clone();
    let deploys: Vec<_> = all.iter().filter(|r| r["name"] == "Deploy").collect();
    assert!(
        truth["deployments"]
            .as_u64()
            .unwrap()
            .abs_diff(deploys.len() as u64)
            <= 1
    );
    let (success, some) = runs(&server, "status=success&event=workflow_dispatch");
    assert!(
        some.iter()
            .all(|r| r["conclusion"] == "success" && r["name"] == "Deploy")
    );
    assert!(success > 0 && (success as usize) < deploys.len());
    let (_, branch) = runs(&server, "branch=main&status=completed");
    assert!(
        branch
            .iter()
            .all(|r| r["head_branch"] == "main" && r["status"] == "completed")
    );
}

#[test]
fn windows_of_creation_are_exact() {
    let server = start(|_| {});
    let (_, all) = runs(&server, "");
    let middle = text(&all[all.len() / 2], "created_at").to_owned();
    let (later, _) = runs(&server, &format!("created=%3E%3D{middle}"));
    let (earlier, _) = runs(&server, &format!("created=%3C{middle}"));
    assert_eq!(later + earlier, all.len() as u64);
    let (low, high) = (text(&all[30], "created_at"), text(&all[10], "created_at"));
    let (_, window) = runs(&server, &format!("created={low}..{high}"));
    let expected = all.iter().filter(|r| {
        let at = text(r, "created_at");
        at >= low && at <= high
    });
    assert!(window.iter().eq(expected));
}

#[test]
fn no_list_goes_beyond_a_thousand() {
    let server = start(|c| {
        c.bulk = Some(Bulk {
            pull_requests: 700,
            ..Bulk::default()
        });
    });
    let path = "/repos/bulk/r1/actions/runs?per_page=100";
    let (total, all) = chain(&server, path, "workflow_runs");
    assert_eq!(all.len(), 1_000);
    assert!(total > 1_300, "the true number is told: {total}");
    let beyond = get(&server, &format!("{path}&page=11"));
    assert_eq!(beyond.json()["workflow_runs"].as_array().unwrap().len(), 0);
}

#[test]
fn a_second_attempt_keeps_id_and_creation() {
    let server = start(|_| {});
    let (_, all) = runs(&server, "");
    let again = all.iter().find(|r| r["run_attempt"] == 2).unwrap();
    let path = format!("{RUNS}/{}", again["id"]);
    assert_eq!(get(&server, &path).json(), *again);
    let first = get(&server, &format!("{path}/attempts/1")).json();
    assert_eq!(
        (&first["id"], &first["created_at"]),
        (&again["id"], &again["created_at"])
    );
    assert_eq!(first["conclusion"], "failure");
    assert_eq!(first["run_started_at"], first["created_at"]);
    assert!(text(again, "run_started_at") > text(&first, "run_started_at"));
    assert!(text(again, "updated_at") > text(&first, "updated_at"));
    assert!(text(again, "previous_attempt_url").ends_with("/attempts/1"));
    assert_eq!(get(&server, &format!("{path}/attempts/3")).status, 404);
    let jobs = |rest: &str| chain(&server, &format!("{path}/{rest}"), "jobs").1;
    let latest = jobs("jobs");
    assert!(latest.iter().all(|j| j["run_attempt"] == 2));
    assert_eq!(latest, jobs("attempts/2/jobs"));
    let all = jobs("jobs?filter=all&per_page=1");
    assert_eq!(all.len(), 2 * latest.len());
    for job in &all {
        assert_eq!(job["run_id"], again["id"]);
        assert_eq!(job["steps"].as_array().unwrap().len(), 4);
    }
    assert!(all.iter().any(|j| j["conclusion"] == "failure"));
}

#[test]
fn what_runs_is_not_over_and_ends_when_the_clock_moves() {
    let server = start(|c| c.hold_back_hours = 120.0);
    let open = |server: &Server| {
        let (_, all) = runs(server, "");
        let open = all.into_iter().filter(|r| r["status"] != "completed");
        open.collect::<Vec<_>>()
    };
    let mut found = open(&server);
    for _ in 0..200 {
        if !found.is_empty() {
            break;
        }
        post(&server, "/_stand_in/advance?hours=0.1", "");
        found = open(&server);
    }
    let run = &found[0];
    assert!(run["conclusion"].is_null());
    let path = format!("{RUNS}/{}", run["id"]);
    let etag = get(&server, &path).header("etag").to_owned();
    let headers = [
        ("user-agent", "test"),
        ("authorization", "token stand-in-token"),
        ("if-none-match", etag.as_str()),
    ];
    let same = send(&server, "GET", &path, &headers, "").unwrap();
    assert_eq!(same.status, 304);
    post(&server, "/_stand_in/advance?hours=3", "");
    let over = get(&server, &path).json();
    assert_eq!(over["status"], "completed");
    assert_eq!(over["created_at"], run["created_at"]);
    assert!(text(&over, "updated_at") > text(run, "updated_at"));
}
