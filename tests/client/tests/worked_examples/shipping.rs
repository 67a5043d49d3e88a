//! Which deployment first shipped what.

use crate::history::{Examples, PullRequest, at, merged};
use serde_json::{Value, json};

const SHIPS: &str = "deployment_id, changes, baseline, redeploy, rollback, reason";
pub const REPOSITORY: &str = "acme/api";

/// A commit as the history of a branch tells of it; `ties`: the pull requests that GitHub ties it to.
pub fn commit(sha: &str, parents: &[&str], ties: &[i64]) -> Value {
    let parents: Vec<_> = parents.iter().map(|it| json!({"oid": it})).collect();
    let ties: Vec<_> = ties.iter().map(|it| json!({"number": it})).collect();
    json!({
        "repository": {"nameWithOwner": REPOSITORY}, "oid": sha, "message": sha,
        "authoredDate": at("05-31 09:00"), "committedDate": at("05-31 10:00"),
        "author": {"name": "Ann", "email": "ann@example.com", "user": {"login": "ann"}},
        "parents": {"nodes": parents}, "associatedPullRequests": {"nodes": ties},
    })
}

/// Commits of the default branch, each with its parents and ties. Of the first one no tie is told.
pub fn main_branch(examples: &mut Examples, commits: &[(&str, &[&str], &[i64])]) {
    for (sha, parents, ties) in commits {
        let mut document = commit(sha, parents, ties);
        if parents.is_empty() {
            document["associatedPullRequests"].take();
        }
        examples.ingest("commits", &document);
    }
}

/// Successful deployments in order.
pub fn deploy(examples: &mut Examples, deployments: &[(&str, &str)]) {
    for (id, (sha, time)) in (1..).zip(deployments) {
        examples.deployment(REPOSITORY, id, sha, &[("SUCCESS", time)]);
    }
}

/// Which deployment shipped each pull request, how, or why none did.
pub fn fates(examples: &mut Examples) -> Vec<String> {
    examples.compute();
    examples.changes(REPOSITORY, "change_id, deployment_id, via, reason")
}

#[test]
fn c6_squashed_changes_begin_with_their_own_commits() {
    let mut examples = Examples::new();
    main_branch(&mut examples, &[("m0", &[], &[]), ("s", &["m0"], &[1])]);
    // From Monday to Wednesday.
    examples.pull_request(
        PullRequest::new(REPOSITORY, 1, "06-01 12:00")
            .commit("a", "06-01 09:00")
            .commit("b", "06-02 09:00")
            .merged("s", "06-03 10:00"),
    );
    deploy(
        &mut examples,
        &[("m0", "06-01 00:00"), ("s", "06-03 12:00")],
    );
    assert_eq!(fates(&mut examples), ["#1|2|commit|-"]);
    assert_eq!(
        examples.dora(
            "changes, lead_time_median",
            "06-02 00:00",
            "06-04 00:00",
            ""
        ),
        ["1|2 days 03:00:00"]
    );
}

#[test]
fn c7_rebased_changes_are_found_by_the_last_of_their_commits() {
    let mut examples = Examples::new();
    main_branch(
        &mut examples,
        &[
            ("m0", &[], &[]),
            ("b1", &["m0"], &[1]),
            ("b2", &["b1"], &[1]),
        ],
    );
    examples.pull_request(
        PullRequest::new(REPOSITORY, 1, "06-01 12:00")
            .commit("a1", "06-01 09:00")
            .commit("a2", "06-01 10:00")
            .merged("b2", "06-02 09:00"),
    );
    deploy(
        &mut examples,
        &[
            ("m0", "06-01 00:00"),
            ("b1", "06-02 09:30"),
            ("b2", "06-02 10:00"),
        ],
    );
    assert_eq!(fates(&mut examples), ["#1|3|commit|-"]);
    assert_eq!(examples.deployments(REPOSITORY, "changes"), ["0", "0", "1"]);
}

#[test]
fn c8_what_the_first_known_deployment_holds_was_shipped_at_an_unknown_time() {
    let mut examples = Examples::new();
    examples.commits(REPOSITORY, &["m0"]);
    for number in 1..=501 {
        let line = format!("m{number} m{}", number - 1);
        examples.commits(REPOSITORY, &[&line]);
        let time = if number == 501 {
            "06-11 09:00"
        } else {
            "03-01 09:00"
        };
        examples.pull_request(merged(
            REPOSITORY,
            number,
            time,
            &format!("m{number}"),
            time,
        ));
    }
    deploy(
        &mut examples,
        &[("m500", "06-10 10:00"), ("m501", "06-12 10:00")],
    );
    examples.compute();
    assert_eq!(
        examples.deployments(REPOSITORY, SHIPS),
        ["1|0|t|f|f|-", "2|1|f|f|f|-"]
    );
    let days = ", bucket => 'day'";
    assert_eq!(
        examples.dora(
            "deployments, changes, lead_time_median, unshipped_changes",
            "06-10 00:00",
            "06-13 00:00",
            days
        ),
        ["1|0|-|0", "0|0|-|0", "1|1|1 day 01:00:00|0"]
    );
    assert_eq!(
        examples
            .db
            .value("SELECT count(*) FROM diogen_gold.changes WHERE reason = 'pre_baseline' AND lead_time IS NULL"),
        "500"
    );
}

#[test]
fn c9_a_failed_deployment_ships_nothing() {
    let mut examples = Examples::new();
    examples.commits(REPOSITORY, &["a", "b a"]);
    examples.pull_request(merged(REPOSITORY, 2, "06-01 09:00", "b", "06-01 09:30"));
    examples.deployment(REPOSITORY, 1, "a", &[("SUCCESS", "06-01 09:00")]);
    let failed = [
        ("IN_PROGRESS", "06-01 09:50"),
        ("FAILURE", "06-01 10:00"),
        ("INACTIVE", "06-01 10:01"),
    ];
    examples.deployment(REPOSITORY, 2, "b", &failed);
    examples.deployment(REPOSITORY, 3, "b", &[("SUCCESS", "06-01 12:00")]);
    assert_eq!(fates(&mut examples), ["#2|3|commit|-"]);
    assert_eq!(
        examples.deployments(REPOSITORY, SHIPS),
        ["1|0|t|f|f|-", "2|0|f|f|f|not_successful", "3|1|f|f|f|-"]
    );
    assert_eq!(examples.changes(REPOSITORY, "lead_time"), ["03:00:00"]);
}

#[test]
fn c10_a_rollback_ships_nothing_and_neither_does_going_forward_again() {
    let mut examples = Examples::new();
    examples.commits(REPOSITORY, &["a", "b a", "c b"]);
    examples.pull_request(merged(REPOSITORY, 1, "05-01 09:00", "a", "05-01 09:30"));
    examples.pull_request(merged(REPOSITORY, 2, "06-01 09:00", "b", "06-01 09:30"));
    examples.pull_request(merged(REPOSITORY, 3, "06-03 09:00", "c", "06-03 09:30"));
    deploy(
        &mut examples,
        &[
            ("a", "06-01 09:00"),
            ("b", "06-02 09:00"),
            ("a", "06-03 09:00"),
            ("c", "06-04 09:00"),
            ("a", "06-05 09:00"),
            ("a", "06-06 09:00"),
            ("b", "06-07 09:00"),
        ],
    );
    assert_eq!(
        fates(&mut examples),
        ["#1|-|-|pre_baseline", "#2|2|commit|-", "#3|4|commit|-"]
    );
    assert_eq!(
        examples.deployments(REPOSITORY, SHIPS),
        [
            "1|0|t|f|f|-",
            "2|1|f|f|f|-",
            "3|0|f|f|t|nothing_new",
            "4|1|f|f|f|-",
            "5|0|f|f|t|nothing_new",
            "6|0|f|t|f|nothing_new",
            "7|0|f|f|f|nothing_new",
        ]
    );
}

/// m1 ← m2 ← m3 on main, and h1 on a release branch that begins at m1; pull requests 2, 3 and 4.
fn hotfix(message: &str, ties: &[i64]) -> Examples {
    let mut examples = Examples::new();
    let main: [(&str, &[&str], &[i64]); 3] = [
        ("m1", &[], &[]),
        ("m2", &["m1"], &[2]),
        ("m3", &["m2"], &[3]),
    ];
    main_branch(&mut examples, &main);
    examples.pull_request(merged(REPOSITORY, 2, "06-01 09:00", "m2", "06-01 09:30"));
    examples.pull_request(merged(REPOSITORY, 3, "06-02 09:00", "m3", "06-02 09:30"));
    // Of the branch only what is deployed is known.
    let mut h1 = commit("h1", &["m1"], ties);
    h1["message"] = json!(message);
    examples.deployment(REPOSITORY, 1, "m1", &[("SUCCESS", "06-01 09:00")]);
    examples.deployment_of(REPOSITORY, 2, h1, "06-03 09:00");
    examples.deployment(REPOSITORY, 3, "m3", &[("SUCCESS", "06-05 09:00")]);
    examples
}

#[test]
fn c11_a_hotfix_branch_ships_its_own_commits_only() {
    let mut examples = hotfix("Fix", &[4]);
    let mut fix = merged(REPOSITORY, 4, "06-02 09:00", "h1", "06-02 10:00");
    fix.0["baseRefName"] = json!("release");
    examples.pull_request(fix);
    assert_eq!(
        fates(&mut examples),
        ["#2|3|commit|-", "#3|3|commit|-", "#4|2|commit|-"]
    );
    assert_eq!(examples.deployments(REPOSITORY, "changes"), ["0", "1", "2"]);
}

#[test]
fn c11b_a_copy_ships_its_original() {
    let mut examples = hotfix("Fix (#3)\n\n(cherry picked from commit m3)", &[]);
    assert_eq!(
        fates(&mut examples),
        ["#2|3|commit|-", "#3|2|cherry_pick|-", "h1|-|-|copy"]
    );
    assert_eq!(examples.deployments(REPOSITORY, "changes"), ["0", "1", "1"]);
}

#[test]
fn c11b_a_copy_that_went_through_a_pull_request_of_its_own() {
    let mut examples = hotfix("[release] Fix (#4)\n\n(cherry picked from commit m3)", &[4]);
    let mut fix = merged(REPOSITORY, 4, "06-02 09:00", "h1", "06-02 10:00");
    fix.0["baseRefName"] = json!("release");
    examples.pull_request(fix);
    assert_eq!(
        fates(&mut examples),
        ["#2|3|commit|-", "#3|2|cherry_pick|-", "#4|-|-|copy"]
    );
    // What is nobody's change here counts itself, wherever it was copied from.
    let mut examples = hotfix("Fix (#4)\n\n(cherry picked from commit elsewhere)", &[4]);
    examples.pull_request(merged(REPOSITORY, 4, "06-02 09:00", "h1", "06-02 10:00"));
    assert_eq!(
        fates(&mut examples),
        ["#2|3|commit|-", "#3|3|commit|-", "#4|2|commit|-"]
    );
}

#[test]
fn c11b_copies_of_the_commits_behind_a_merge() {
    let mut examples = Examples::new();
    // Pull request 3 was merged as m3 = merge of c1 and c2; the hotfix copies its commits.
    let main: [(&str, &[&str], &[i64]); 5] = [
        ("m1", &[], &[]),
        ("m2", &["m1"], &[2]),
        ("c1", &["m2"], &[3]),
        ("c2", &["c1"], &[3]),
        ("m3", &["m2", "c2"], &[3]),
    ];
    main_branch(&mut examples, &main);
    examples.pull_request(merged(REPOSITORY, 2, "06-01 09:00", "m2", "06-01 09:30"));
    examples.pull_request(
        PullRequest::new(REPOSITORY, 3, "06-02 09:00")
            .commit("c1", "06-02 09:00")
            .commit("c2", "06-02 09:10")
            .merged("m3", "06-02 09:30"),
    );
    for (sha, parent, original) in [("h1", "m1", "c1"), ("h2", "h1", "c2")] {
        let mut copy = commit(sha, &[parent], &[]);
        copy["message"] = json!(format!("Fix\n\n(cherry picked from commit {original})"));
        examples.ingest("branch_commits", &copy);
    }
    deploy(
        &mut examples,
        &[
            ("m1", "06-01 09:00"),
            ("h1", "06-03 09:00"),
            ("h2", "06-03 10:00"),
            ("m3", "06-05 09:00"),
        ],
    );
    assert_eq!(
        fates(&mut examples),
        [
            "#2|4|commit|-",
            "#3|3|cherry_pick|-",
            "h1|-|-|copy",
            "h2|-|-|copy"
        ]
    );
    assert_eq!(
        examples.deployments(REPOSITORY, "changes"),
        ["0", "0", "1", "1"]
    );
}

#[test]
fn c13_services_of_one_repository() {
    let mut examples = Examples::new();
    examples.db.run(
        "INSERT INTO diogen.services (service, repository, paths, production_environments)
         VALUES ('a', 'acme/api', '{a/**}', '^production-a$'), ('b', 'acme/api', '{b/**}', '^production-b$')",
    );
    examples.commits(
        REPOSITORY,
        &["m0", "m10 m0", "m11 m10", "m12 m11", "m13 m12"],
    );
    for (number, paths) in [
        (10, vec!["a/main.rs"]),
        (11, vec!["b/lib/main.rs"]),
        (12, vec!["a/main.rs", "b/main.rs"]),
        (13, vec!["README.md"]),
    ] {
        let mut it = merged(
            REPOSITORY,
            number,
            "06-01 09:00",
            &format!("m{number}"),
            "06-01 10:00",
        );
        let files: Vec<_> = paths.iter().map(|path| json!({"path": path})).collect();
        it.0["files"] = json!({"totalCount": files.len(), "nodes": files});
        examples.pull_request(it);
    }
    for (id, environment, sha, time) in [
        (1, "production-a", "m0", "05-01 00:00"),
        (2, "production-b", "m0", "05-01 00:00"),
        (3, "production-a", "m13", "06-01 11:00"),
        (4, "production-b", "m13", "06-02 11:00"),
    ] {
        examples.deployment_to(environment, REPOSITORY, id, sha, &[("SUCCESS", time)]);
    }
    examples.compute();
    assert_eq!(
        examples.db.lines(
            "SELECT service, change_id, deployment_id, lead_time FROM diogen_gold.changes ORDER BY 1, 2"
        ),
        [
            "a|#10|3|02:00:00",
            "a|#12|3|02:00:00",
            "b|#11|4|1 day 02:00:00",
            "b|#12|4|1 day 02:00:00"
        ]
    );
    assert_eq!(
        examples.deployments(REPOSITORY, "changes"),
        ["0", "0", "2", "2"]
    );
    let figures = "name, deployments, changes, lead_time_median";
    assert_eq!(
        examples.dora(figures, "06-01 00:00", "07-01 00:00", ", by => 'service'"),
        ["a|1|2|02:00:00", "b|1|2|1 day 02:00:00"]
    );
    // Of three pull requests two were live after two hours.
    assert_eq!(
        examples.dora(figures, "06-01 00:00", "07-01 00:00", ""),
        ["-|2|3|02:00:00"]
    );
}

#[test]
fn c23_what_was_reverted_stays_with_the_deployment_that_shipped_it() {
    let mut examples = Examples::new();
    let main: [(&str, &[&str], &[i64]); 3] =
        [("m0", &[], &[]), ("p", &["m0"], &[1]), ("r", &["p"], &[2])];
    main_branch(&mut examples, &main);
    examples.pull_request(merged(REPOSITORY, 1, "06-01 09:00", "p", "06-01 09:30"));
    // As GitHub's button makes it.
    let mut revert = merged(REPOSITORY, 2, "06-02 09:00", "r", "06-02 09:10");
    revert.0["title"] = json!("Revert \"A change\"");
    revert.0["body"] = json!("Reverts acme/api#1");
    revert.0["headRefName"] = json!("revert-1-change");
    examples.pull_request(revert);
    deploy(
        &mut examples,
        &[
            ("m0", "05-31 00:00"),
            ("p", "06-01 10:00"),
            ("r", "06-02 09:30"),
        ],
    );
    assert_eq!(fates(&mut examples), ["#1|2|commit|-", "#2|3|commit|-"]);
    assert_eq!(
        examples.changes(REPOSITORY, "'revert' = ANY (flags)"),
        ["f", "t"]
    );
    assert_eq!(
        examples.deployments(
            REPOSITORY,
            "failed, array_to_string(failure_reasons, ' '), recovered_at, unplanned, array_to_string(unplanned_reasons, ' ')"
        ),
        ["f|-|-|f|-", "t|revert|2026-06-02 09:30:00+00|f|-", "f|-|-|t|revert"]
    );
}

#[test]
fn c24_what_was_never_deployed_has_an_age() {
    let mut examples = Examples::new();
    let merged_at = examples
        .db
        .value("SELECT to_char(now() - interval '20 days', 'YYYY-MM-DD HH24:MI:SS')");
    examples.commits(REPOSITORY, &["m0", "m1 m0"]);
    examples.pull_request(merged(REPOSITORY, 1, &merged_at, "m1", &merged_at));
    examples.deployment(REPOSITORY, 1, "m0", &[("SUCCESS", "2019-01-01 00:00")]);
    assert_eq!(fates(&mut examples), ["#1|-|-|not_deployed"]);
    assert_eq!(
        examples.db.lines(
            "SELECT changes, lead_time_median, unshipped_changes, round(extract(epoch FROM unshipped_age) / 86400)
             FROM diogen.dora(now() - interval '30 days', now())"
        ),
        ["0|-|1|20"]
    );
}

#[test]
fn the_same_commit_again_ships_nothing() {
    let mut examples = Examples::new();
    examples.commits(REPOSITORY, &["m1", "m2 m1"]);
    examples.pull_request(merged(REPOSITORY, 2, "06-01 09:00", "m2", "06-01 09:30"));
    deploy(
        &mut examples,
        &[
            ("m1", "06-01 09:00"),
            ("m2", "06-01 10:00"),
            ("m2", "06-02 10:00"),
        ],
    );
    assert_eq!(fates(&mut examples), ["#2|2|commit|-"]);
    assert_eq!(
        examples.deployments(REPOSITORY, SHIPS),
        ["1|0|t|f|f|-", "2|1|f|f|f|-", "3|0|f|t|f|nothing_new"]
    );
}

#[test]
fn each_environment_has_a_history_of_its_own() {
    let mut examples = Examples::new();
    examples.commits(REPOSITORY, &["m1", "m2 m1"]);
    examples.pull_request(merged(REPOSITORY, 2, "06-01 09:00", "m2", "06-01 09:30"));
    for (id, environment, sha, time) in [
        (1, "production", "m1", "06-01 01:00"),
        (2, "live", "m1", "06-01 02:00"),
        (3, "production", "m2", "06-02 01:00"),
        (4, "live", "m2", "06-02 02:00"),
    ] {
        examples.deployment_to(environment, REPOSITORY, id, sha, &[("SUCCESS", time)]);
    }
    // A change is live where it comes first.
    assert_eq!(fates(&mut examples), ["#2|3|commit|-"]);
    assert_eq!(
        examples.deployments(REPOSITORY, SHIPS),
        ["1|0|t|f|f|-", "2|0|t|f|f|-", "3|1|f|f|f|-", "4|1|f|f|f|-"]
    );
    assert_eq!(examples.changes(REPOSITORY, "lead_time"), ["16:00:00"]);
}

#[test]
fn a_branch_of_which_only_the_tip_is_known_is_no_baseline() {
    let mut examples = Examples::new();
    examples.commits(REPOSITORY, &["m1", "m2 m1"]);
    examples.pull_request(merged(REPOSITORY, 1, "06-01 09:00", "m1", "06-01 09:30"));
    examples.pull_request(merged(REPOSITORY, 2, "06-03 09:00", "m2", "06-03 09:30"));
    let tip = json!({"oid": "r9", "parents": {"nodes": [{"oid": "r8"}]}});
    examples.deployment_of(REPOSITORY, 1, tip, "06-01 12:00");
    examples.deployment(REPOSITORY, 2, "m1", &[("SUCCESS", "06-02 12:00")]);
    examples.deployment(REPOSITORY, 3, "m2", &[("SUCCESS", "06-03 12:00")]);
    assert_eq!(
        fates(&mut examples),
        ["#1|-|-|pre_baseline", "#2|3|commit|-"]
    );
    assert_eq!(
        examples.deployments(REPOSITORY, SHIPS),
        ["1|0|f|f|f|unknown_history", "2|0|t|f|f|-", "3|1|f|f|f|-"]
    );
}
