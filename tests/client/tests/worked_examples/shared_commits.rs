//! Whose a commit is that several pull requests list.

use crate::history::{Examples, PullRequest, merged};
use crate::shipping::{REPOSITORY, deploy, fates, main_branch};
use serde_json::json;

fn pull_request(number: i64, base: &str, head: &str, opened: &str) -> PullRequest {
    let mut it = PullRequest::new(REPOSITORY, number, opened);
    it.0["baseRefName"] = json!(base);
    it.0["headRefName"] = json!(head);
    it
}

/// PR1 into develop, then PR2 from develop into main; how they were merged is told by their
/// commits. PR1's were f1 and f2, and PR2 lists what GitHub lists.
fn gitflow(
    main: &[(&str, &[&str], &[i64])],
    feature: &str,
    promoted: &[&str],
    promotion: &str,
) -> Examples {
    let mut examples = Examples::new();
    main_branch(&mut examples, &[("m0", &[], &[])]);
    main_branch(&mut examples, main);
    examples.pull_request(
        pull_request(1, "develop", "feature", "06-01 09:30")
            .commit("f1", "06-01 09:00")
            .commit("f2", "06-01 09:20")
            .merged(feature, "06-01 10:00"),
    );
    let listed = promoted.iter().fold(
        pull_request(2, "main", "develop", "06-03 09:00"),
        |it, sha| it.commit(sha, authored(sha)),
    );
    examples.pull_request(listed.merged(promotion, "06-03 10:00"));
    deploy(
        &mut examples,
        &[("m0", "05-31 00:00"), (promotion, "06-03 12:00")],
    );
    examples
}

/// When a commit of `gitflow` was written; being rebased does not change that.
fn authored(sha: &str) -> &'static str {
    match sha {
        "d1" => "06-01 10:00",
        "v2" => "06-01 11:00",
        _ if sha.ends_with('1') => "06-01 09:00",
        _ => "06-01 09:20",
    }
}

const PROMOTED: &str = "change_id, via, deploy, lead_time, reason";

#[test]
fn c12_a_promotion_is_no_change() {
    // GitHub ties what came with a promotion to either pull request.
    for tie in [1, 2] {
        let main: [(&str, &[&str], &[i64]); 4] = [
            ("f1", &["m0"], &[tie]),
            ("f2", &["f1"], &[tie]),
            ("d1", &["m0", "f2"], &[tie]),
            ("M1", &["m0", "d1"], &[2]),
        ];
        let mut examples = gitflow(&main, "d1", &["f1", "f2", "d1"], "M1");
        examples.compute();
        assert_eq!(
            examples.changes(REPOSITORY, PROMOTED),
            [
                "#1|commit|2 days 02:00:00|2 days 03:00:00|-",
                "#2|-|-|-|promotion"
            ]
        );
        assert_eq!(examples.deployments(REPOSITORY, "changes"), ["0", "1"]);
        assert_eq!(
            examples.dora(
                "changes, unshipped_changes",
                "06-01 00:00",
                "07-01 00:00",
                ""
            ),
            ["1|0"]
        );
        assert_eq!(
            examples.db.lines(
                "SELECT explanation FROM diogen.explain_change('acme/api', 2) WHERE step LIKE 'deploy%'"
            ),
            ["NULL: all its commits belong to other pull requests, which count themselves"]
        );
    }
}

#[test]
fn c12_a_promotion_of_what_was_squashed_or_rebased_into_develop() {
    let squashed: [(&str, &[&str], &[i64]); 2] =
        [("s1", &["m0"], &[1]), ("M1", &["m0", "s1"], &[2])];
    let rebased: [(&str, &[&str], &[i64]); 3] = [
        ("g1", &["m0"], &[2]),
        ("g2", &["g1"], &[2]),
        ("M1", &["m0", "g2"], &[2]),
    ];
    for mut examples in [
        gitflow(&squashed, "s1", &["s1"], "M1"),
        gitflow(&rebased, "g2", &["g1", "g2"], "M1"),
    ] {
        examples.compute();
        assert_eq!(
            examples.changes(REPOSITORY, PROMOTED),
            [
                "#1|commit|2 days 02:00:00|2 days 03:00:00|-",
                "#2|-|-|-|promotion"
            ]
        );
    }
}

#[test]
fn c12_what_was_pushed_to_develop_is_the_promotions_own() {
    let main: [(&str, &[&str], &[i64]); 5] = [
        ("f1", &["m0"], &[1]),
        ("f2", &["f1"], &[1]),
        ("d1", &["m0", "f2"], &[1]),
        ("v2", &["d1"], &[2]),
        ("M1", &["m0", "v2"], &[2]),
    ];
    let mut examples = gitflow(&main, "d1", &["f1", "f2", "d1", "v2"], "M1");
    examples.compute();
    assert_eq!(
        examples.changes(REPOSITORY, "change_id, lead_time, reason"),
        ["#1|2 days 03:00:00|-", "#2|2 days 01:00:00|-"]
    );
}

#[test]
fn c12b_a_squashed_promotion_ships_what_it_lists() {
    let squashed: [(&str, &[&str], &[i64]); 1] = [("S", &["m0"], &[2])];
    // Merged, squashed and rebased into develop.
    for (feature, promoted) in [
        ("d1", vec!["f1", "f2", "d1"]),
        ("s1", vec!["s1"]),
        ("g2", vec!["g1", "g2"]),
    ] {
        let mut examples = gitflow(&squashed, feature, &promoted, "S");
        // As the branches stay apart, the next promotion lists all of it again.
        main_branch(&mut examples, &[("S2", &["S"], &[4])]);
        examples.pull_request(
            pull_request(3, "develop", "other", "06-04 09:00")
                .commit("f3", "06-04 09:00")
                .merged("d3", "06-04 10:00"),
        );
        let again = promoted.iter().fold(
            pull_request(4, "main", "develop", "06-04 11:00"),
            |it, sha| it.commit(sha, authored(sha)),
        );
        examples.pull_request(
            again
                .commit("f3", "06-04 09:00")
                .commit("d3", "06-04 10:00")
                .merged("S2", "06-04 12:00"),
        );
        examples.deployment(REPOSITORY, 3, "S2", &[("SUCCESS", "06-04 13:00")]);
        examples.compute();
        assert_eq!(
            examples.changes(REPOSITORY, PROMOTED),
            [
                "#1|pr_commits|2 days 02:00:00|2 days 03:00:00|-",
                "#2|-|-|-|promotion",
                "#3|pr_commits|03:00:00|04:00:00|-",
                "#4|-|-|-|promotion",
            ],
            "{feature}"
        );
        assert_eq!(examples.deployments(REPOSITORY, "changes"), ["0", "1", "1"]);
    }
}

#[test]
fn one_branch_merged_into_two_is_one_change() {
    let mut examples = Examples::new();
    // A hotfix goes to develop first, and to main later.
    let main: [(&str, &[&str], &[i64]); 3] = [
        ("m0", &[], &[]),
        ("h1", &["m0"], &[2]),
        ("M", &["m0", "h1"], &[2]),
    ];
    main_branch(&mut examples, &main);
    for (number, base, sha, time) in [
        (1, "develop", "d", "06-01 10:00"),
        (2, "main", "M", "06-01 11:00"),
    ] {
        examples.pull_request(
            pull_request(number, base, "hotfix-1", "06-01 09:30")
                .commit("h1", "06-01 09:00")
                .merged(sha, time),
        );
    }
    deploy(
        &mut examples,
        &[("m0", "05-31 00:00"), ("M", "06-01 12:00")],
    );
    assert_eq!(
        fates(&mut examples),
        ["#1|2|pr_commits|-", "#2|-|-|promotion"]
    );
    assert_eq!(examples.changes(REPOSITORY, "lead_time"), ["03:00:00", "-"]);
}

/// PR1 from branch a, and PR2 from branch b, which stands on a.
fn stack(
    second: PullRequest,
    main: &[(&str, &[&str], &[i64])],
    deployments: &[(&str, &str)],
) -> Vec<String> {
    let mut examples = Examples::new();
    main_branch(&mut examples, &[("m0", &[], &[])]);
    main_branch(&mut examples, main);
    let first = main
        .iter()
        .find(|(sha, ..)| sha.starts_with('A'))
        .map_or("A", |(sha, ..)| sha);
    examples.pull_request(
        pull_request(1, "main", "a", "06-01 10:00")
            .commit("a1", "06-01 09:00")
            .merged(first, "06-02 10:00"),
    );
    examples.pull_request(second);
    deploy(&mut examples, &[("m0", "05-31 00:00")]);
    for (id, (sha, time)) in (2..).zip(deployments) {
        examples.deployment(REPOSITORY, id, sha, &[("SUCCESS", time)]);
    }
    examples.compute();
    examples.changes(
        REPOSITORY,
        "change_id, deployment_id, via, lead_time, reason",
    )
}

#[test]
fn c25_stacked_pull_requests_one_after_the_other() {
    let second = || pull_request(2, "main", "b", "06-02 10:00");
    let both = [
        "#1|2|commit|1 day 02:00:00|-",
        "#2|3|commit|1 day 01:00:00|-",
    ];
    let deployments = [("A", "06-02 11:00"), ("B", "06-03 11:00")];
    // Merged: GitHub shows only what main does not have yet.
    assert_eq!(
        stack(
            second()
                .commit("b1", "06-02 10:00")
                .merged("B", "06-03 10:00"),
            &[
                ("a1", &["m0"], &[1]),
                ("A", &["m0", "a1"], &[1]),
                ("b1", &["a1"], &[2]),
                ("B", &["A", "b1"], &[2]),
            ],
            &deployments,
        ),
        both
    );
    // Squashed: main does not have a1, so the second pull request lists it as well.
    let squashed: [(&str, &[&str], &[i64]); 2] = [("A", &["m0"], &[1]), ("B", &["A"], &[2])];
    assert_eq!(
        stack(
            second()
                .commit("a1", "06-01 09:00")
                .commit("b1", "06-02 10:00")
                .merged("B", "06-03 10:00"),
            &squashed,
            &deployments,
        ),
        both
    );
    // One deployment for both.
    assert_eq!(
        stack(
            second()
                .commit("a1", "06-01 09:00")
                .commit("b1", "06-02 10:00")
                .merged("B", "06-03 10:00"),
            &squashed,
            &[("B", "06-03 11:00")],
        ),
        [
            "#1|2|commit|2 days 02:00:00|-",
            "#2|2|commit|1 day 01:00:00|-"
        ]
    );
}

#[test]
fn c25_stacked_pull_requests_from_the_top_down() {
    // The second is merged into the branch of the first, which is then merged, or squashed.
    let lists = || {
        pull_request(1, "main", "a", "06-01 10:00")
            .commit("a1", "06-01 09:00")
            .commit("b1", "06-01 12:00")
            .commit("x", "06-01 13:00")
            .merged("A", "06-02 10:00")
    };
    let merged: [(&str, &[&str], &[i64]); 4] = [
        ("a1", &["m0"], &[1]),
        ("b1", &["a1"], &[1]),
        ("x", &["a1", "b1"], &[1]),
        ("A", &["m0", "x"], &[1]),
    ];
    let squashed: [(&str, &[&str], &[i64]); 1] = [("A", &["m0"], &[1])];
    for (main, via) in [(&merged[..], "commit"), (&squashed[..], "pr_commits")] {
        let mut examples = Examples::new();
        main_branch(&mut examples, &[("m0", &[], &[])]);
        main_branch(&mut examples, main);
        examples.pull_request(lists());
        examples.pull_request(
            pull_request(2, "a", "b", "06-01 12:00")
                .commit("b1", "06-01 12:00")
                .merged("x", "06-01 13:00"),
        );
        deploy(
            &mut examples,
            &[("m0", "05-31 00:00"), ("A", "06-02 11:00")],
        );
        assert_eq!(
            fates(&mut examples),
            ["#1|2|commit|-".to_owned(), format!("#2|2|{via}|-")]
        );
        assert_eq!(
            examples.changes(REPOSITORY, "lead_time"),
            ["1 day 02:00:00", "23:00:00"]
        );
        assert_eq!(examples.deployments(REPOSITORY, "changes"), ["0", "2"]);
    }
}

#[test]
fn commits_without_pull_request_are_changes_where_github_says_so() {
    let mut examples = Examples::new();
    let main: [(&str, &[&str], &[i64]); 5] = [
        ("m0", &[], &[]),
        ("direct", &["m0"], &[]),
        ("s", &["direct"], &[]),
        ("c", &["s"], &[]),
        ("x", &["s", "c"], &[]),
    ];
    main_branch(&mut examples, &main);
    // Of this one it says nothing.
    examples.commits(REPOSITORY, &["untold x"]);
    // A squash and a commit that it has not tied to the pull request.
    examples.pull_request(merged(REPOSITORY, 1, "06-01 09:00", "s", "06-01 09:30"));
    examples.pull_request(
        PullRequest::new(REPOSITORY, 2, "06-01 09:00")
            .commit("c", "06-01 09:00")
            .merged("x", "06-01 10:00"),
    );
    deploy(
        &mut examples,
        &[("m0", "05-31 00:00"), ("untold", "06-01 11:00")],
    );
    assert_eq!(
        fates(&mut examples),
        ["#1|2|commit|-", "#2|2|commit|-", "direct|2|commit|-"]
    );
    assert_eq!(
        examples.db.lines(
            "SELECT author, coding, pickup, review, merge, deploy, lead_time FROM diogen_gold.changes WHERE change_id = 'direct'"
        ),
        ["ann|01:00:00|-|-|-|1 day 01:00:00|1 day 02:00:00"]
    );
    assert_eq!(examples.deployments(REPOSITORY, "changes"), ["0", "3"]);
}
