//! A Jira that limits how often it is asked, and one that fails now and then.

use crate::{BOTH, assert_complete, findings, outcome, small, status, sync};
use client::{Fixture, PROJECTS, jira_stand_in};
use stand_in::jira::Flavour;
use stand_in::{Action, Fault};

#[test]
fn a_rate_limit_stops_the_run_and_says_which_and_until_when() {
    for (headers, seconds) in [
        (
            [
                ("retry-after", "60"),
                ("ratelimit-reason", "jira-quota-global-based"),
            ],
            60,
        ),
        (
            [
                ("x-ratelimit-reset", "2099-01-15T08:00Z"),
                ("ratelimit-reason", "jira-burst-based"),
            ],
            3_900,
        ),
    ] {
        let mut fixture = small(Flavour::Cloud);
        let limit = status(429, &headers, "Rate limit exceeded.");
        fixture
            .stand_in
            .script(vec![Fault::every("/search/jql", limit).times(1)]);
        sync(&mut fixture);
        let found = findings(&mut fixture);
        assert_eq!(found.len(), 1, "{found:?}");
        let reason = headers[1].1;
        assert!(
            found[0].contains("|53400|") && found[0].contains(reason),
            "{found:?}"
        );
        let note = outcome(&mut fixture);
        assert!(note.starts_with("stop|"), "{note}");
        assert!(
            note.contains(" until 20") && note.contains(reason),
            "{note}"
        );
        let closed =
            "SELECT extract(epoch FROM closed_until - told_at)::int FROM diogen_bronze.budgets
                      WHERE closed_until IS NOT NULL";
        assert!(
            (seconds - 5..=seconds + 1).contains(&fixture.db.number(closed)),
            "{note}"
        );
        // Nothing is asked before; what was under way may still arrive.
        std::thread::sleep(std::time::Duration::from_millis(200));
        let requests = fixture.stand_in.requests();
        fixture.db.notices();
        sync(&mut fixture);
        assert_eq!(fixture.stand_in.requests(), requests);
        let notices = fixture.db.notices();
        assert!(
            notices[0].starts_with("NOTICE jira · rate limit until "),
            "{notices:?}"
        );
        fixture
            .db
            .run("UPDATE diogen_bronze.budgets SET closed_until = now()");
        sync(&mut fixture);
        assert_eq!(fixture.differences_to_jira("jira", &PROJECTS), [""; 0]);
    }
}

#[test]
fn a_short_limit_is_waited_for() {
    let mut fixture = small(Flavour::Cloud);
    let limit = status(
        429,
        &[
            ("retry-after", "1"),
            ("ratelimit-reason", "jira-burst-based"),
        ],
        "",
    );
    fixture.stand_in.script(vec![
        // However often it strikes the same request.
        Fault::every("/search/jql", limit.clone()).times(24),
        Fault::every("bulkfetch", limit).times(1),
    ]);
    sync(&mut fixture);
    assert_complete(&mut fixture);

    // One that strikes again and again, as it does.
    let server = jira_stand_in(Flavour::Cloud, |_, settings| {
        settings.issues_per_project = 250;
        settings.requests_per_second = 4;
    });
    let mut fixture = Fixture::new(server, &[]);
    fixture.add_jira("jira", "*", "");
    sync(&mut fixture);
    assert_complete(&mut fixture);
    let counted = fixture.db.value("SELECT sum(requests) FROM diogen.status");
    assert_eq!(
        counted,
        fixture.stand_in.requests().to_string(),
        "every request is counted"
    );
}

#[test]
fn what_fails_now_and_then_is_mended() {
    for flavour in BOTH {
        for action in [
            status(502, &[], "<html>"),
            status(503, &[], ""),
            status(504, &[], ""),
            Action::Close,
            Action::Truncate(300),
        ] {
            let mut fixture = small(flavour);
            fixture
                .stand_in
                .script(vec![Fault::every("", action).after(4).times(2)]);
            sync(&mut fixture);
            assert_complete(&mut fixture);
        }
    }
}
