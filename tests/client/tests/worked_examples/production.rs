//! B: what is a deployment to production, and when it finished.

use crate::history::{Examples, at, merged};
use serde_json::json;

const ALL: [&str; 2] = ["01-01 00:00", "2027-01-01 00:00"];

/// Columns of dora over everything.
fn dora(examples: &mut Examples, columns: &str) -> Vec<String> {
    examples.dora(columns, ALL[0], ALL[1], "")
}

#[test]
fn b5_what_is_told_twice_is_one_deployment() {
    let mut examples = Examples::new();
    let repository = "acme/api";
    examples.commits(repository, &["m1"]);
    examples.run(repository, 7, "CI", "m1", ("success", "12:00"));
    examples.job(repository, 7, 1, "deploy-prod", ("success", "12:00"));
    let statuses = [
        ("IN_PROGRESS", "06-01 11:58"),
        ("SUCCESS", "06-01 12:00:20"),
    ];
    examples.deployment(repository, 802, "m1", &statuses);
    examples.compute();
    assert_eq!(
        examples.deployments(repository, "deployment_id, origin, finished_at"),
        ["802|github_deployment|2026-06-01 12:00:20+00"]
    );
    assert_eq!(dora(&mut examples, "deployments"), ["1"]);
    // What else tells of it is evidence.
    assert_eq!(
        examples.db.lines(
            "SELECT value, document FROM diogen.explain_deployment('acme/api', '802') WHERE fact = 'also told by'"
        ),
        ["pipeline_job 7/prod, success, finished at 2026-06-01 12:00:00+00|workflow_jobs acme/api#1"]
    );
    // Which of them counts is a rule.
    examples.db.run(
        "INSERT INTO diogen.services (service, repository) VALUES ('api', 'acme/api');
         INSERT INTO diogen.deployment_rules (service, position, origin, name_pattern)
         VALUES ('api', 1, 'pipeline_job', '^deploy-prod$'), ('api', 2, 'github_deployment', NULL)",
    );
    examples.db.run("CALL diogen.compute(rebuild => true)");
    assert_eq!(
        examples
            .db
            .lines("SELECT deployment_id, origin, finished_at FROM diogen_gold.deployments"),
        ["7/production|pipeline_job|2026-06-01 12:00:00+00"]
    );
}

#[test]
fn b13_what_a_pull_request_deploys_is_not_production() {
    let mut examples = Examples::new();
    // An environment for each pull request.
    let preview = [("SUCCESS", "06-01 10:00")];
    examples.deployment_to("pr-123", "acme/api", 1, "head", &preview);
    // A run for one is for its head, which is not what is live; that of a fork may be called main.
    examples.run_of(
        "acme/api",
        7,
        "Deploy",
        "head",
        ("success", "12:00"),
        json!({"event": "pull_request"}),
    );
    examples.job("acme/api", 7, 1, "deploy-prod", ("success", "12:00"));
    examples.compute();
    assert_eq!(
        examples.deployments("acme/api", "deployment_id, origin"),
        [""; 0]
    );
    assert_eq!(dora(&mut examples, "deployments"), ["0"]);
    assert_eq!(
        examples
            .db
            .lines("SELECT sha, event FROM diogen_silver.pipeline_runs"),
        ["head|pull_request"]
    );
}

#[test]
fn b14_what_is_named_is_deployed_and_not_the_tip() {
    let mut examples = Examples::new();
    for repository in ["acme/runs", "acme/payloads"] {
        examples.commits(repository, &["m1", "m2 m1", "m3 m2"]);
        for (tag, sha) in [("v1.1.0", "m1"), ("v1.2.0", "m2")] {
            examples.ingest(
                "tags",
                &json!({"name": tag, "commit": {"sha": sha}, "repository": repository}),
            );
        }
        examples.pull_request(merged(repository, 2, "06-01 07:00", "m2", "06-01 08:00"));
        examples.pull_request(merged(repository, 3, "06-01 08:00", "m3", "06-01 09:00"));
    }
    examples.db.run(
        r#"INSERT INTO diogen.services (service, repository) VALUES ('runs', 'acme/runs'), ('payloads', 'acme/payloads');
           INSERT INTO diogen.deployment_rules (service, position, origin, name_pattern, ref_pattern)
           VALUES ('runs', 1, 'pipeline_run', '^deploy$', '^deploy (\S+)'),
                  ('payloads', 1, 'github_deployment', NULL, '"version":"([^"]+)"')"#,
    );
    // Run from the tip of main; the input is in the run's name.
    for (id, title, ended) in [
        (1, "Deploy v1.1.0", "10:00"),
        (2, "Deploy v1.2.0", "12:00"),
        (3, "Deploy v9.9.9", "14:00"),
    ] {
        examples.run_of(
            "acme/runs",
            id,
            "Deploy",
            "m3",
            ("success", ended),
            json!({"event": "workflow_dispatch", "display_title": title}),
        );
    }
    for (id, version, ended) in [
        (1, "v1.1.0", "06-01 10:00"),
        (2, "v1.2.0", "06-01 12:00"),
        (3, "", "06-01 14:00"),
    ] {
        let payload = json!({"version": version}).to_string();
        examples.ingest(
            "deployments",
            &json!({
                "repository": {"nameWithOwner": "acme/payloads"}, "databaseId": id, "commitOid": "m3",
                "environment": "production", "createdAt": at(ended), "payload": payload,
                "statuses": {"nodes": [{"state": "SUCCESS", "createdAt": at(ended)}]},
            }),
        );
    }
    examples.compute();
    for repository in ["acme/runs", "acme/payloads"] {
        // What names nothing that is known is what the API says it is.
        assert_eq!(
            examples.deployments(repository, "deployment_id, sha, changes"),
            ["1|m1|0", "2|m2|1", "3|m3|1"],
            "{repository}"
        );
        assert_eq!(
            examples.changes(repository, "number, deployment_id"),
            ["2|2", "3|3"],
            "{repository}"
        );
    }
}

#[test]
fn b17_being_replaced_is_no_second_end() {
    let mut examples = Examples::new();
    let statuses = [
        ("IN_PROGRESS", "06-01 10:00"),
        ("SUCCESS", "06-01 10:05"),
        ("INACTIVE", "06-01 14:00"),
    ];
    examples.deployment("acme/api", 1, "m1", &statuses);
    examples.compute();
    assert_eq!(
        examples.deployments("acme/api", "status, finished_at"),
        ["success|2026-06-01 10:05:00+00"]
    );
    assert_eq!(
        dora(&mut examples, "deployments, attempted_deployments"),
        ["1|1"]
    );
}

#[test]
fn b18_being_inactive_is_no_success() {
    let mut examples = Examples::new();
    let statuses = [
        ("IN_PROGRESS", "06-01 10:00"),
        ("FAILURE", "06-01 10:05"),
        ("INACTIVE", "06-01 10:06"),
    ];
    examples.deployment("acme/api", 1, "m1", &statuses);
    examples.deployment("acme/api", 2, "m1", &[("INACTIVE", "06-01 10:06")]);
    examples.compute();
    assert_eq!(
        examples.deployments("acme/api", "status, finished_at"),
        ["failure|2026-06-01 10:05:00+00", "other|-"]
    );
    assert_eq!(
        dora(
            &mut examples,
            "deployments, attempted_deployments, failed_deployments"
        ),
        ["0|1|0"]
    );
}

#[test]
fn b19_waiting_for_an_approval_is_part_of_deploying() {
    let mut examples = Examples::new();
    let repository = "acme/api";
    examples.commits(repository, &["m0", "m1 m0"]);
    examples.deployment(repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
    examples.pull_request(merged(repository, 1, "06-01 08:00", "m1", "06-01 09:00"));
    let statuses = [
        ("WAITING", "06-01 10:00"),
        ("IN_PROGRESS", "06-01 15:00"),
        ("SUCCESS", "06-01 15:10"),
    ];
    examples.deployment(repository, 2, "m1", &statuses);
    examples.compute();
    assert_eq!(
        examples.deployments(repository, "started_at, finished_at, gate_wait"),
        [
            "2026-05-01 00:00:00+00|2026-05-01 00:00:00+00|-",
            "2026-06-01 15:00:00+00|2026-06-01 15:10:00+00|05:00:00"
        ]
    );
    assert_eq!(
        examples.changes(repository, "deploy, lead_time"),
        ["06:10:00|07:10:00"]
    );
}

#[test]
fn environments_are_production_by_their_names() {
    let mut examples = Examples::new();
    let names = ["production", "Prod", "staging", "pre-production", "live"];
    for (id, environment) in (1..).zip(names) {
        let done = [("SUCCESS", "06-01 10:00")];
        examples.deployment_to(environment, "acme/api", id, "m1", &done);
    }
    examples.compute();
    assert_eq!(
        examples.deployments("acme/api", "environment"),
        ["production", "Prod", "live"]
    );
}

#[test]
fn a_deployment_under_way_counts_once_it_ends() {
    let mut examples = Examples::new();
    let started = [("IN_PROGRESS", "06-01 10:00")];
    examples.deployment("acme/api", 1, "m1", &started);
    examples.compute();
    let shown = "status, finished_at";
    assert_eq!(examples.deployments("acme/api", shown), ["in_progress|-"]);
    assert_eq!(
        dora(&mut examples, "deployments, attempted_deployments"),
        ["0|0"]
    );
    let ended = json!({"id": 7, "state": "success", "created_at": at("06-01 11:00"),
        "deployment_url": "https://api.github.com/repos/acme/api/deployments/1"});
    examples.ingest("deployment_statuses", &ended);
    examples.compute();
    assert_eq!(
        examples.deployments("acme/api", shown),
        ["success|2026-06-01 11:00:00+00"]
    );
    assert_eq!(
        dora(&mut examples, "deployments, attempted_deployments"),
        ["1|1"]
    );
}

#[test]
fn without_deployments_releases_count_and_without_those_merges() {
    let mut examples = Examples::new();
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    for repository in ["acme/releases", "acme/merges"] {
        examples.commits(repository, &[&one, &format!("{two} {one}")]);
        for (number, sha, time) in [(1, &one, "06-01 12:00"), (2, &two, "06-02 12:00")] {
            examples.pull_request(merged(repository, number, time, sha, time));
        }
    }
    for (id, (tag, sha, time, prerelease)) in (1..).zip([
        ("v1", &one, "06-03 00:00", false),
        ("v2-rc", &two, "06-04 00:00", true),
        ("v2", &two, "06-05 00:00", false),
    ]) {
        examples.ingest(
            "releases",
            &json!({
                "repository": {"nameWithOwner": "acme/releases"}, "databaseId": id,
                "tagName": tag, "publishedAt": at(time), "createdAt": at(time), "isPrerelease": prerelease,
                "isDraft": false, "tagCommit": {"oid": sha, "parents": {"nodes": []}},
            }),
        );
    }
    examples.compute();
    assert_eq!(
        examples.db.lines("SELECT deployment_id, origin, changes, baseline FROM diogen_gold.deployments ORDER BY repository DESC, finished_at"),
        ["v1|release|0|t", "v2|release|1|f", "#1|merge|0|t", "#2|merge|1|f"]
    );
    assert_eq!(
        examples.dora(
            "notes[1]",
            ALL[0],
            ALL[1],
            ", repository => 'acme/releases'"
        ),
        ["deployments taken from: release"]
    );
}
