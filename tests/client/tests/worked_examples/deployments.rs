//! Which deployment counts, and what it ships.

use crate::history::{Examples, PullRequest, at, merged};
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
