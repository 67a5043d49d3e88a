//! Lead time and its stages.

use crate::history::{Examples, PullRequest};

const STAGES: &str =
    "coding, pickup, review, merge, deploy, lead_time, array_to_string(flags, ' ')";

#[test]
fn lead_time_is_the_sum_of_its_stages() {
    let mut examples = Examples::new();
    let one = |repository: &str| PullRequest::new(repository, 1, "06-01 12:00");
    let reviewed = |pull_request: PullRequest| {
        pull_request
            .review("bob", "COMMENTED", "06-01 15:00")
            .review("bob", "APPROVED", "06-02 09:00")
            .merged("m1", "06-02 10:00")
    };
    let plain = |repository| {
        one(repository)
            .commit("a", "06-01 09:00")
            .commit("b", "06-01 10:00")
    };
    let histories = [
        reviewed(plain("acme/plain")),
        // A draft is not waiting for review.
        one("acme/draft")
            .commit("a", "06-01 09:00")
            .event("ConvertToDraftEvent", "06-01 12:00")
            .event("ReadyForReviewEvent", "06-03 12:00")
            .review("bob", "APPROVED", "06-03 14:00")
            .merged("m1", "06-03 15:00"),
        // The last time it was made ready before the first review counts.
        one("acme/twice-ready")
            .commit("a", "06-01 09:00")
            .event("ConvertToDraftEvent", "06-01 12:00")
            .event("ReadyForReviewEvent", "06-03 12:00")
            .event("ConvertToDraftEvent", "06-04 12:00")
            .event("ReadyForReviewEvent", "06-05 10:00")
            .review("bob", "APPROVED", "06-05 11:00")
            .merged("m1", "06-05 11:00"),
        // Pushed after opening.
        reviewed(one("acme/late-commit").commit("a", "06-01 13:00")),
        // The author's clock was ahead.
        PullRequest::new("acme/skewed", 1, "06-01 12:00")
            .commit("a", "06-04 09:00")
            .review("bob", "APPROVED", "06-02 09:00")
            .merged("m1", "06-02 10:00"),
        // A cherry-pick of something old.
        PullRequest::new("acme/ancient", 1, "06-01 12:00")
            .commit("a", "01-01 12:00")
            .review("bob", "APPROVED", "06-01 12:00")
            .merged("m1", "06-01 12:00"),
        plain("acme/unreviewed").merged("m1", "06-01 14:00"),
        plain("acme/reviewed-late")
            .merged("m1", "06-01 14:00")
            .review("bob", "APPROVED", "06-01 15:00"),
        plain("acme/own-review")
            .review("author", "COMMENTED", "06-01 12:30")
            .merged("m1", "06-01 14:00"),
        plain("acme/unapproved")
            .review("bob", "COMMENTED", "06-01 13:00")
            .merged("m1", "06-01 14:00"),
        // A bot's word and the author's own are no review.
        plain("acme/comments")
            .comment("Bot", "copilot", "06-01 12:01")
            .comment("User", "author", "06-01 14:00")
            .comment("User", "bob", "06-01 16:00")
            .merged("m1", "06-01 17:00"),
        one("acme/no-commits").merged("m1", "06-01 14:00"),
    ];
    for history in histories {
        let repository = history.0["repository"]["nameWithOwner"].clone();
        let repository = repository.as_str().expect("a name").to_owned();
        examples.pull_request(history);
        examples.commits(&repository, &["m0", "m1 m0"]);
        examples.deployment(&repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
        examples.deployment(&repository, 2, "m1", &[("SUCCESS", "06-05 14:00")]);
    }
    examples.compute();
    for (repository, expected) in [
        (
            "acme/plain",
            "03:00:00|03:00:00|18:00:00|01:00:00|3 days 04:00:00|4 days 05:00:00|",
        ),
        (
            "acme/draft",
            "2 days 03:00:00|02:00:00|00:00:00|01:00:00|1 day 23:00:00|4 days 05:00:00|",
        ),
        (
            "acme/twice-ready",
            "4 days 01:00:00|01:00:00|00:00:00|00:00:00|03:00:00|4 days 05:00:00|",
        ),
        (
            "acme/late-commit",
            "00:00:00|02:00:00|18:00:00|01:00:00|3 days 04:00:00|4 days 01:00:00|commit_after_open",
        ),
        (
            "acme/skewed",
            "00:00:00|00:00:00|00:00:00|00:00:00|3 days 04:00:00|3 days 04:00:00|clock_skew",
        ),
        (
            "acme/ancient",
            "151 days|00:00:00|00:00:00|00:00:00|4 days 02:00:00|155 days 02:00:00|ancient_commit",
        ),
        (
            "acme/unreviewed",
            "03:00:00|-|-|02:00:00|4 days|4 days 05:00:00|unreviewed",
        ),
        (
            "acme/reviewed-late",
            "03:00:00|-|-|02:00:00|4 days|4 days 05:00:00|unreviewed post_merge_review",
        ),
        (
            "acme/own-review",
            "03:00:00|-|-|02:00:00|4 days|4 days 05:00:00|unreviewed",
        ),
        (
            "acme/unapproved",
            "03:00:00|01:00:00|01:00:00|-|4 days|4 days 05:00:00|unapproved",
        ),
        (
            "acme/comments",
            "03:00:00|04:00:00|01:00:00|-|3 days 21:00:00|4 days 05:00:00|unapproved",
        ),
        (
            "acme/no-commits",
            "-|-|-|02:00:00|4 days|-|commits_unknown unreviewed",
        ),
    ] {
        assert_eq!(
            examples.changes(repository, STAGES),
            [expected],
            "{repository}"
        );
    }
}
