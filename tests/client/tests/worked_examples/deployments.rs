//! Which deployment counts.

use crate::history::{Examples, at, merged};
use serde_json::json;

#[test]
fn a_deployment_counts_when_and_where_it_succeeded() {
    let mut examples = Examples::new();
    for (repository, id, statuses) in [
        // Finished in June.
        (
            "acme/finish",
            1,
            vec![("IN_PROGRESS", "05-31 23:50"), ("SUCCESS", "06-01 00:10")],
        ),
        // Being replaced later is no second end, and being inactive alone no success.
        (
            "acme/inactive",
            1,
            vec![
                ("IN_PROGRESS", "06-01 10:00"),
                ("SUCCESS", "06-01 10:05"),
                ("INACTIVE", "06-01 14:00"),
            ],
        ),
        (
            "acme/inactive",
            2,
            vec![
                ("IN_PROGRESS", "06-01 10:00"),
                ("FAILURE", "06-01 10:05"),
                ("INACTIVE", "06-01 10:06"),
            ],
        ),
        ("acme/inactive", 3, vec![("INACTIVE", "06-01 10:06")]),
        // Waiting for an approval is part of it.
        (
            "acme/gate",
            1,
            vec![
                ("WAITING", "06-01 10:00"),
                ("IN_PROGRESS", "06-01 15:00"),
                ("SUCCESS", "06-01 15:10"),
            ],
        ),
        ("acme/unfinished", 1, vec![("IN_PROGRESS", "06-01 10:00")]),
    ] {
        examples.deployment(repository, id, "m1", &statuses);
    }
    for (id, environment) in ["production", "Prod", "staging", "pr-123", "live"]
        .into_iter()
        .enumerate()
    {
        examples.deployment_to(
            environment,
            "acme/environments",
            id as i64,
            "m1",
            &[("SUCCESS", "06-01 10:00")],
        );
    }
    examples.compute();
    assert_eq!(
        examples.dora(
            "deployments",
            "05-01 00:00",
            "06-01 00:00",
            ", repository => 'acme/finish'"
        ),
        ["0"]
    );
    assert_eq!(
        examples.dora(
            "deployments",
            "06-01 00:00",
            "07-01 00:00",
            ", repository => 'acme/finish'"
        ),
        ["1"]
    );
    assert_eq!(
        examples.deployments("acme/inactive", "status, finished_at"),
        [
            "success|2026-06-01 10:05:00+00",
            "failure|2026-06-01 10:05:00+00",
            "other|-"
        ]
    );
    assert_eq!(
        examples.deployments("acme/gate", "started_at, finished_at"),
        ["2026-06-01 15:00:00+00|2026-06-01 15:10:00+00"]
    );
    assert_eq!(
        examples.deployments("acme/unfinished", "status, finished_at"),
        ["in_progress|-"]
    );
    assert_eq!(
        examples.deployments("acme/environments", "environment"),
        ["production", "Prod", "live"]
    );

    // It ends after all.
    let ended = json!({"id": 7, "state": "success", "created_at": at("06-01 11:00"),
        "deployment_url": "https://api.github.com/repos/acme/unfinished/deployments/1"});
    examples.ingest("deployment_statuses", &ended);
    examples.compute();
    assert_eq!(
        examples.deployments("acme/unfinished", "status, finished_at"),
        ["success|2026-06-01 11:00:00+00"]
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
            "06-01 00:00",
            "07-01 00:00",
            ", repository => 'acme/releases'"
        ),
        ["deployments taken from: release"]
    );
}
