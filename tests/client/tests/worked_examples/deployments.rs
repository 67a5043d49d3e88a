//! What a deployment ships.

use crate::history::{Examples, PullRequest, merged};
use serde_json::json;

#[test]
fn a_deployment_ships_what_no_earlier_one_reaches() {
    let mut examples = Examples::new();
    const SHIPS: &str = "deployment_id, changes, baseline, redeploy, rollback, reason";
    let ok = |time: &'static str| vec![("SUCCESS", time)];

    // The first known deployment holds what was shipped at an unknown time.
    let repository = "acme/baseline";
    examples.commits(repository, &["m1", "m2 m1", "m3 m2"]);
    for (number, sha, time) in [
        (1, "m1", "06-01 09:00"),
        (2, "m2", "06-02 09:00"),
        (3, "m3", "06-11 09:00"),
    ] {
        examples.pull_request(merged(repository, number, time, sha, time));
    }
    examples.deployment(repository, 1, "m2", &ok("06-10 10:00"));
    examples.deployment(repository, 2, "m3", &ok("06-12 10:00"));
    // The same commit again, and a commit that was live before.
    examples.deployment(repository, 3, "m3", &ok("06-13 10:00"));
    examples.deployment(repository, 4, "m2", &ok("06-14 10:00"));

    // A failed deployment ships nothing; the next successful one does.
    let repository = "acme/failed";
    examples.commits(repository, &["m1", "m2 m1"]);
    examples.pull_request(merged(repository, 2, "06-01 09:00", "m2", "06-01 09:30"));
    examples.deployment(repository, 1, "m1", &ok("06-01 09:00"));
    examples.deployment(
        repository,
        2,
        "m2",
        &[
            ("IN_PROGRESS", "06-01 09:50"),
            ("FAILURE", "06-01 10:00"),
            ("INACTIVE", "06-01 10:01"),
        ],
    );
    examples.deployment(repository, 3, "m2", &ok("06-01 12:00"));

    // After a rollback, what was shipped before is not shipped again; going forward again is none.
    let repository = "acme/rollback";
    examples.commits(repository, &["a", "b a", "c b"]);
    examples.pull_request(merged(repository, 2, "06-01 09:00", "b", "06-01 09:30"));
    examples.pull_request(merged(repository, 3, "06-03 09:00", "c", "06-03 09:30"));
    for (id, sha, time) in [
        (1, "a", "06-01 09:00"),
        (2, "b", "06-02 09:00"),
        (3, "a", "06-03 09:00"),
        (4, "b", "06-03 10:00"),
        (5, "c", "06-04 09:00"),
    ] {
        examples.deployment(repository, id, sha, &[("SUCCESS", time)]);
    }

    // A hotfix from a release branch ships only itself, whatever was merged before by the clock.
    let repository = "acme/hotfix";
    examples.commits(repository, &["m1", "m2 m1", "m3 m2", "h1 m1"]);
    examples.pull_request(merged(repository, 2, "06-01 09:00", "m2", "06-01 09:30"));
    examples.pull_request(merged(repository, 3, "06-04 09:00", "m3", "06-04 09:30"));
    examples.pull_request(merged(repository, 4, "06-02 09:00", "h1", "06-02 09:30"));
    for (id, sha, time) in [
        (1, "m1", "06-01 09:00"),
        (2, "h1", "06-03 09:00"),
        (3, "m3", "06-05 09:00"),
    ] {
        examples.deployment(repository, id, sha, &[("SUCCESS", time)]);
    }

    // Squashed and rebased: the merge commit is what the API says it is. One commit is nobody's.
    let repository = "acme/squash";
    examples.commits(repository, &["m1", "s m1", "d s", "b2 b1"]);
    examples.ingest(
        "commits",
        &json!({
            "repository": {"nameWithOwner": repository}, "oid": "b1", "parents": {"nodes": [{"oid": "d"}]},
            "associatedPullRequests": {"nodes": [{"number": 2}]},
        }),
    );
    examples.pull_request(
        PullRequest::new(repository, 1, "06-01 10:00")
            .commit("x", "06-01 09:00")
            .commit("y", "06-02 09:00")
            .merged("s", "06-03 10:00"),
    );
    examples.pull_request(
        PullRequest::new(repository, 2, "06-01 10:00")
            .commit("a1", "06-01 09:00")
            .merged("b2", "06-03 10:00"),
    );
    examples.deployment(repository, 1, "m1", &ok("06-01 00:00"));
    examples.deployment(repository, 2, "b2", &ok("06-03 12:00"));

    // Two regions: each has a history of its own, and a change is live where it comes first.
    let repository = "acme/regions";
    examples.commits(repository, &["m1", "m2 m1"]);
    examples.pull_request(merged(repository, 2, "06-01 09:00", "m2", "06-01 09:30"));
    for (id, environment, sha, time) in [
        (1, "production", "m1", "06-01 01:00"),
        (2, "live", "m1", "06-01 02:00"),
        (3, "production", "m2", "06-02 01:00"),
        (4, "live", "m2", "06-02 02:00"),
    ] {
        examples.deployment_to(environment, repository, id, sha, &[("SUCCESS", time)]);
    }

    // Of a release branch only the deployed commit is known: it is no baseline for the rest.
    let repository = "acme/branch";
    examples.commits(repository, &["m1", "m2 m1"]);
    examples.pull_request(merged(repository, 1, "06-01 09:00", "m1", "06-01 09:30"));
    examples.pull_request(merged(repository, 2, "06-03 09:00", "m2", "06-03 09:30"));
    examples.deployment_of(
        repository,
        1,
        json!({"oid": "r9", "parents": {"nodes": [{"oid": "r8"}]}}),
        "06-01 12:00",
    );
    examples.deployment(repository, 2, "m1", &ok("06-02 12:00"));
    examples.deployment(repository, 3, "m2", &ok("06-03 12:00"));

    examples.compute();
    assert_eq!(
        examples.deployments("acme/regions", SHIPS),
        ["1|0|t|f|f|-", "2|0|t|f|f|-", "3|1|f|f|f|-", "4|1|f|f|f|-"]
    );
    assert_eq!(
        examples.changes("acme/regions", "deployment_id, lead_time"),
        ["3|16:00:00"]
    );
    assert_eq!(
        examples.deployments("acme/branch", SHIPS),
        ["1|0|f|f|f|unknown_history", "2|0|t|f|f|-", "3|1|f|f|f|-"]
    );
    assert_eq!(
        examples.deployments("acme/baseline", SHIPS),
        [
            "1|0|t|f|f|-",
            "2|1|f|f|f|-",
            "3|0|f|t|f|nothing_new",
            "4|0|f|f|t|nothing_new"
        ]
    );
    assert_eq!(
        examples.changes("acme/baseline", "number, deployment_id, reason"),
        ["1|-|pre_baseline", "2|-|pre_baseline", "3|2|-"]
    );
    assert_eq!(
        examples.deployments("acme/failed", SHIPS),
        ["1|0|t|f|f|-", "2|0|f|f|f|not_successful", "3|1|f|f|f|-"]
    );
    assert_eq!(
        examples.changes("acme/failed", "deployment_id, deployed_at"),
        ["3|2026-06-01 12:00:00+00"]
    );
    assert_eq!(
        examples.deployments("acme/rollback", SHIPS),
        [
            "1|0|t|f|f|-",
            "2|1|f|f|f|-",
            "3|0|f|f|t|nothing_new",
            "4|0|f|f|f|nothing_new",
            "5|1|f|f|f|-"
        ]
    );
    assert_eq!(
        examples.changes("acme/hotfix", "number, deployment_id"),
        ["2|3", "3|3", "4|2"]
    );
    assert_eq!(
        examples.changes("acme/squash", "number, lead_time"),
        ["1|2 days 03:00:00", "2|2 days 03:00:00"]
    );
    assert_eq!(examples.deployments("acme/squash", "changes"), ["0", "2"]);
}
