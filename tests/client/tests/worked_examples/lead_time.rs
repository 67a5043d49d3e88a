//! Lead time and its stages.

use crate::history::{Examples, PullRequest, at, merged};
use serde_json::{Value, json};

const STAGES: &str =
    "coding, pickup, review, merge, deploy, lead_time, array_to_string(flags, ' ')";
const REPOSITORY: &str = "acme/api";

fn opened(time: &str) -> PullRequest {
    PullRequest::new(REPOSITORY, 1, time)
}

/// Ships the commit `m1`, which stands on a baseline.
fn ship(examples: &mut Examples, deployed: &str) {
    examples.commits(REPOSITORY, &["m0", "m1 m0"]);
    examples.deployment(REPOSITORY, 1, "m0", &[("SUCCESS", "2019-01-01 00:00")]);
    examples.deployment(REPOSITORY, 2, "m1", &[("SUCCESS", deployed)]);
}

/// The stages of a pull request that was merged as `m1`.
fn stages(pull_request: PullRequest, deployed: &str) -> String {
    let mut examples = Examples::new();
    examples.pull_request(pull_request);
    ship(&mut examples, deployed);
    examples.compute();
    examples.changes(REPOSITORY, STAGES).concat()
}

/// A document of a pull request's, by itself.
fn ingest_part(examples: &mut Examples, stream: &str, document: &Value) {
    let context = json!({"repository": REPOSITORY, "number": 1});
    let sql = format!("SELECT diogen.ingest('acme', '{stream}', $d${document}$d$, '{context}')");
    assert_eq!(examples.db.number(&sql), 1, "{document}");
}

#[test]
fn c1_the_stages_of_a_reviewed_pull_request() {
    let pull_request = opened("06-01 12:00")
        .commit("a", "06-01 09:00")
        .commit("b", "06-01 10:00")
        .review("bob", "COMMENTED", "06-01 15:00")
        .review("bob", "APPROVED", "06-02 09:00")
        .merged("m1", "06-02 10:00");
    assert_eq!(
        stages(pull_request, "06-02 14:00"),
        "03:00:00|03:00:00|18:00:00|01:00:00|04:00:00|1 day 05:00:00|"
    );
}

#[test]
fn c2_a_draft_does_not_wait_for_review() {
    let pull_request = opened("06-01 12:00")
        .commit("a", "06-01 09:00")
        .commit("b", "06-01 10:00")
        .event("ReadyForReviewEvent", "06-03 12:00")
        .review("bob", "APPROVED", "06-03 14:00")
        .merged("m1", "06-03 15:00");
    assert_eq!(
        stages(pull_request, "06-03 16:00"),
        "2 days 03:00:00|02:00:00|00:00:00|01:00:00|01:00:00|2 days 07:00:00|"
    );
}

#[test]
fn c2b_the_last_time_it_was_ready_before_the_first_review_counts() {
    let pull_request = opened("06-01 12:00")
        .commit("a", "06-01 09:00")
        .event("ReadyForReviewEvent", "06-03 12:00")
        .event("ConvertToDraftEvent", "06-04 12:00")
        .event("ReadyForReviewEvent", "06-05 10:00")
        .review("bob", "APPROVED", "06-05 11:00")
        .event("ConvertToDraftEvent", "06-05 12:00")
        .event("ReadyForReviewEvent", "06-05 13:00")
        .merged("m1", "06-05 14:00");
    assert_eq!(
        stages(pull_request, "06-05 14:00"),
        "4 days 01:00:00|01:00:00|00:00:00|03:00:00|00:00:00|4 days 05:00:00|"
    );
}

#[test]
fn c3_commits_that_were_pushed_after_opening() {
    let pull_request = opened("06-01 12:00")
        .commit("a", "06-01 13:00")
        .commit("b", "06-01 14:00")
        .review("bob", "APPROVED", "06-01 15:00")
        .merged("m1", "06-01 16:00");
    assert_eq!(
        stages(pull_request, "06-01 17:00"),
        "00:00:00|02:00:00|00:00:00|01:00:00|01:00:00|04:00:00|commit_after_open"
    );
}

#[test]
fn c4_by_author_date_or_by_commit_date() {
    let mut examples = Examples::new();
    // What was amended was seen before: as it was last rewritten is what the option asks for.
    let mut pull_request = opened("06-05 10:00").commit("old", "06-01 09:00");
    examples.pull_request(PullRequest(pull_request.0.clone()));
    let rebased = json!({"oid": "new", "authoredDate": at("06-01 09:00"), "committedDate": at("06-05 09:00")});
    pull_request.0["commits"]["nodes"] = json!([{"commit": rebased}]);
    let pull_request = pull_request
        .event("HeadRefForcePushedEvent", "06-05 10:30")
        .merged("m1", "06-05 11:00");
    examples.pull_request(pull_request);
    ship(&mut examples, "06-05 12:00");
    examples.compute();
    const HOURS: &str = "service, round(extract(epoch FROM coding) / 3600), round(extract(epoch FROM lead_time) / 3600)";
    assert_eq!(examples.changes(REPOSITORY, HOURS), ["acme/api|97|99"]);
    // Each service of a repository as it says.
    examples.db.run(
        "INSERT INTO diogen.services (service, repository, first_commit_by)
         VALUES ('early', 'acme/api', 'authored'), ('late', 'acme/api', 'committed')",
    );
    examples.db.run("CALL diogen.compute(rebuild => true)");
    let mut found = examples.changes(REPOSITORY, HOURS);
    found.sort();
    assert_eq!(found, ["early|97|99", "late|1|3"]);
}

#[test]
fn c5_an_ancient_commit_is_flagged_and_can_be_left_out() {
    let mut examples = Examples::new();
    examples.pull_request(
        opened("06-01 12:00")
            .commit("a", "2019-01-01 12:00")
            .commit("b", "06-01 11:00")
            .review("bob", "APPROVED", "06-01 14:00")
            .merged("m1", "06-01 15:00"),
    );
    ship(&mut examples, "06-01 17:00");
    examples.compute();
    assert_eq!(
        examples.changes(REPOSITORY, STAGES),
        ["2708 days|02:00:00|00:00:00|01:00:00|02:00:00|2708 days 05:00:00|ancient_commit"]
    );
    examples.db.run(
        "INSERT INTO diogen.services (service, repository, longest_coding) VALUES ('api', 'acme/api', '90 days')",
    );
    examples.db.run("CALL diogen.compute(rebuild => true)");
    assert_eq!(
        examples.changes(REPOSITORY, STAGES),
        ["-|02:00:00|00:00:00|01:00:00|02:00:00|-|ancient_commit"]
    );
    let dora = examples.dora(
        "changes, lead_time_median, lead_time_coverage, notes[1]",
        "06-01 00:00",
        "07-01 00:00",
        "",
    );
    assert_eq!(
        dora,
        ["1|-|0|1 changes without a lead time: no commit of theirs is known, or it is too old"]
    );
}

#[test]
fn c5b_a_clock_that_was_ahead() {
    let pull_request = opened("06-01 10:00")
        .commit("a", "06-02 09:00")
        .review("bob", "APPROVED", "06-01 11:00")
        .merged("m1", "06-01 12:00");
    assert_eq!(
        stages(pull_request, "06-01 13:00"),
        "00:00:00|00:00:00|00:00:00|00:00:00|01:00:00|01:00:00|clock_skew"
    );
}

#[test]
fn c14_nobody_reviewed() {
    // The author's own word is no review.
    let pull_request = opened("06-01 12:00")
        .commit("a", "06-01 09:00")
        .review("author", "COMMENTED", "06-01 12:30")
        .comment("User", "author", "06-01 13:00")
        .merged("m1", "06-01 14:00");
    assert_eq!(
        stages(pull_request, "06-01 15:00"),
        "03:00:00|-|-|02:00:00|01:00:00|06:00:00|unreviewed"
    );
}

#[test]
fn reviewed_but_not_approved() {
    let pull_request = opened("06-01 12:00")
        .commit("a", "06-01 09:00")
        .review("bob", "COMMENTED", "06-01 13:00")
        .merged("m1", "06-01 14:00");
    assert_eq!(
        stages(pull_request, "06-01 15:00"),
        "03:00:00|01:00:00|01:00:00|-|01:00:00|06:00:00|unapproved"
    );
}

#[test]
fn no_commit_is_known() {
    let pull_request = opened("06-01 12:00").merged("m1", "06-01 14:00");
    assert_eq!(
        stages(pull_request, "06-01 15:00"),
        "-|-|-|02:00:00|01:00:00|-|commits_unknown unreviewed"
    );
}

#[test]
fn c15_a_bots_word_and_the_authors_own_are_no_review() {
    // As GraphQL tells it, where a bot's login has no suffix.
    let pull_request = opened("06-01 12:00")
        .commit("a", "06-01 09:00")
        .comment("Bot", "copilot", "06-01 12:01")
        .comment("User", "author", "06-01 14:00")
        .comment("User", "bob", "06-01 16:00")
        .merged("m1", "06-01 17:00");
    assert_eq!(
        stages(pull_request, "06-01 18:00"),
        "03:00:00|04:00:00|01:00:00|-|01:00:00|09:00:00|unapproved"
    );
    // As REST does, comments and reviews for themselves.
    let mut examples = Examples::new();
    examples.ingest(
        "pull_requests",
        &json!({
            "id": 1, "number": 1, "url": "https://api.github.com/repos/acme/api/pulls/1", "title": "A change",
            "state": "closed", "draft": false, "user": {"login": "author", "type": "User"},
            "base": {"ref": "main", "repo": {"full_name": REPOSITORY}}, "head": {"ref": "change"}, "labels": [],
            "created_at": at("06-01 12:00"), "updated_at": at("06-01 17:00"), "merged_at": at("06-01 17:00"),
            "closed_at": at("06-01 17:00"), "merge_commit_sha": "m1",
        }),
    );
    let by = |login: &str, kind: &str| json!({"login": login, "type": kind});
    ingest_part(
        &mut examples,
        "pull_request_commits",
        &json!({
            "sha": "a", "author": by("author", "User"),
            "commit": {"author": {"name": "A", "date": at("06-01 09:00")}, "committer": {"name": "A", "date": at("06-01 09:00")}},
        }),
    );
    for (id, user, time) in [
        (1, by("copilot[bot]", "Bot"), "06-01 12:01"),
        (2, by("author", "User"), "06-01 14:00"),
        (3, by("robot-ann", "User"), "06-01 16:00"),
    ] {
        examples.ingest(
            "issue_comments",
            &json!({
                "id": id, "user": user, "created_at": at(time), "updated_at": at(time), "body": "Hm.",
                "issue_url": "https://api.github.com/repos/acme/api/issues/1",
                "html_url": format!("https://github.com/acme/api/pull/1#issuecomment-{id}"),
            }),
        );
    }
    ship(&mut examples, "06-01 18:00");
    examples.compute();
    assert_eq!(
        examples.changes(REPOSITORY, STAGES),
        ["03:00:00|04:00:00|01:00:00|-|01:00:00|09:00:00|unapproved"]
    );
}

#[test]
fn c16_reviewed_after_the_merge() {
    let pull_request = opened("06-01 10:00")
        .commit("a", "06-01 09:00")
        .merged("m1", "06-01 11:00")
        .review("bob", "APPROVED", "06-01 12:00");
    assert_eq!(
        stages(pull_request, "06-01 13:00"),
        "01:00:00|-|-|01:00:00|02:00:00|04:00:00|unreviewed post_merge_review"
    );
}

#[test]
fn c17_the_time_it_lay_closed_can_be_left_out() {
    let mut examples = Examples::new();
    // GitHub tells the merge as a closing too.
    examples.pull_request(
        opened("06-01 10:00")
            .commit("a", "06-01 10:00")
            .event("ClosedEvent", "06-02 10:00")
            .event("ReopenedEvent", "06-09 10:00")
            .event("MergedEvent", "06-10 10:00")
            .event("ClosedEvent", "06-10 10:00")
            .merged("m1", "06-10 10:00"),
    );
    ship(&mut examples, "06-10 10:00");
    examples.compute();
    assert_eq!(
        examples.changes(REPOSITORY, "merge, lead_time, closed_time"),
        ["9 days|9 days|7 days"]
    );
    examples.db.run(
        "INSERT INTO diogen.services (service, repository, exclude_closed) VALUES ('api', 'acme/api', true)",
    );
    examples.db.run("CALL diogen.compute(rebuild => true)");
    assert_eq!(
        examples.changes(REPOSITORY, "merge, lead_time, closed_time"),
        ["2 days|2 days|7 days"]
    );
}

#[test]
fn c18_a_label_that_came_later() {
    let mut examples = Examples::new();
    let of = |updated: &str, labels: Value| {
        let mut it = merged(REPOSITORY, 1, "05-01 12:00", "m1", "05-02 12:00");
        it.0["updatedAt"] = json!(at(updated));
        it.0["labels"] = json!({"nodes": labels});
        it
    };
    examples.pull_request(of("05-02 12:00", json!([])));
    ship(&mut examples, "05-02 13:00");
    examples.compute();
    let known = "array_to_string(flags, ' '), (SELECT unplanned FROM diogen_gold.deployments WHERE deployment_id = '2')";
    assert_eq!(examples.changes(REPOSITORY, known), ["unreviewed|f"]);
    examples.pull_request(of("06-20 12:00", json!([{"name": "Hotfix"}])));
    examples.compute();
    assert_eq!(examples.changes(REPOSITORY, known), ["unreviewed hotfix|t"]);
}

#[test]
fn c19_the_oldest_of_many_commits() {
    let mut examples = Examples::new();
    // The oldest is the 180th; the first hundred come with the pull request.
    let commit = |number: i64| {
        let hours = if number == 180 { 0 } else { number };
        let time = format!("2026-05-{:02}T{:02}:00:00Z", 1 + hours / 24, hours % 24);
        json!({"oid": format!("c{number}"), "authoredDate": time, "committedDate": time})
    };
    let mut pull_request = opened("05-20 12:00").merged("m1", "05-21 12:00");
    let page: Vec<_> = (1..=100).map(|it| json!({"commit": commit(it)})).collect();
    pull_request.0["commits"] = json!({
        "totalCount": 250, "pageInfo": {"hasNextPage": true, "endCursor": "MTAw"}, "nodes": page,
    });
    examples.pull_request(pull_request);
    ship(&mut examples, "05-22 12:00");
    const FIRST: &str = "first_commit_at, 'commits_incomplete' = ANY (flags)";
    examples.compute();
    assert_eq!(
        examples.changes(REPOSITORY, FIRST),
        ["2026-05-01 01:00:00+00|t"]
    );
    for (page, complete) in [(101..=200, "t"), (201..=250, "f")] {
        for number in page {
            ingest_part(&mut examples, "pull_request_commits", &commit(number));
        }
        examples.compute();
        assert_eq!(
            examples.changes(REPOSITORY, FIRST),
            [format!("2026-05-01 00:00:00+00|{complete}")]
        );
    }
}

#[test]
fn c21_what_a_force_push_dropped_was_the_first_commit() {
    let mut examples = Examples::new();
    examples.pull_request(
        opened("06-01 12:00")
            .commit("a", "06-01 09:00")
            .commit("b", "06-02 09:00"),
    );
    examples.compute();
    examples.pull_request(
        opened("06-01 12:00")
            .commit("c", "06-03 09:00")
            .event("HeadRefForcePushedEvent", "06-03 10:00")
            .merged("m1", "06-03 12:00"),
    );
    ship(&mut examples, "06-03 13:00");
    examples.compute();
    assert_eq!(
        examples.changes(REPOSITORY, STAGES),
        ["03:00:00|-|-|2 days|01:00:00|2 days 04:00:00|force_pushed unreviewed"]
    );
}

#[test]
fn c22_commits_of_others_that_a_merge_of_the_base_branch_brought() {
    let mut examples = Examples::new();
    // Merged as m1 = merge of main (m0) and the branch. Main holds 20 commits of another pull
    // request and 20 that were pushed directly.
    let of_others: Vec<_> = (1..=40).map(|it| format!("o{it}")).collect();
    let mut parent = "m0".to_owned();
    examples.commits(REPOSITORY, &["m0"]);
    for (place, sha) in of_others.iter().enumerate() {
        let ties = if place < 20 {
            json!([{"number": 7}])
        } else {
            json!([])
        };
        examples.ingest(
            "commits",
            &json!({
                "repository": {"nameWithOwner": REPOSITORY}, "oid": sha, "parents": {"nodes": [{"oid": parent}]},
                "authoredDate": at("04-01 09:00"), "committedDate": at("04-02 09:00"),
                "associatedPullRequests": {"nodes": ties},
            }),
        );
        parent.clone_from(sha);
    }
    for (sha, parents) in [
        ("a", vec!["m0"]),
        ("x", vec!["a", "o40"]),
        ("m1", vec!["o40", "x"]),
    ] {
        let parents: Vec<_> = parents.iter().map(|it| json!({"oid": it})).collect();
        examples.ingest(
            "commits",
            &json!({
                "repository": {"nameWithOwner": REPOSITORY}, "oid": sha, "parents": {"nodes": parents},
                "authoredDate": at("06-01 09:00"), "committedDate": at("06-01 09:00"),
                "associatedPullRequests": {"nodes": [{"number": 1}]},
            }),
        );
    }
    let mut pull_request = opened("06-01 12:00").commit("a", "06-01 09:00");
    for sha in &of_others {
        pull_request = pull_request.commit(sha, "04-01 09:00");
    }
    examples.pull_request(
        pull_request
            .commit("x", "06-01 11:00")
            .merged("m1", "06-01 14:00"),
    );
    // Another one merged main as well, and lists what nobody else does.
    examples.pull_request(
        PullRequest::new(REPOSITORY, 2, "06-01 12:00")
            .commit("b", "06-01 10:00")
            .commit("o40", "04-01 09:00")
            .merged("m2", "06-02 14:00"),
    );
    examples.deployment(REPOSITORY, 1, "m0", &[("SUCCESS", "04-01 00:00")]);
    examples.deployment(REPOSITORY, 2, "m1", &[("SUCCESS", "06-01 15:00")]);
    examples.compute();
    assert_eq!(
        examples.db.lines(&format!(
            "SELECT {STAGES} FROM diogen_gold.changes WHERE number = 1"
        )),
        ["03:00:00|-|-|02:00:00|01:00:00|06:00:00|unreviewed"]
    );
}
