//! Everything arrives, once and cheaply.

use crate::{BOTH, assert_complete, assert_no_findings, requests_of, sync};
use client::{Fixture, PROJECTS, jira_stand_in};
use stand_in::jira::{Edit, Flavour};

/// Requests outside of boards and sprints, which are asked for when their clock goes round.
fn requests_for_issues(fixture: &Fixture) -> u64 {
    let counts = fixture.stand_in.counts();
    let beside = counts
        .iter()
        .filter(|(label, _)| !label.contains("/agile/"));
    beside.map(|(_, number)| number).sum()
}

#[test]
fn everything_arrives_once_and_only_news_after_that() {
    for flavour in BOTH {
        let mut fixture = Fixture::jira(flavour, |_, _| ());
        sync(&mut fixture);
        assert_complete(&mut fixture);
        let db = &mut fixture.db;
        assert_eq!(
            db.lines(
                "SELECT stream FROM diogen.status WHERE source = 'jira' AND state <> 'complete'"
            ),
            [""; 0]
        );
        let held = "SELECT key FROM diogen_bronze.documents WHERE stream = 'projects' ORDER BY 1";
        assert_eq!(db.lines(held), ["OPS", "PAY", "WEB"]);
        for stream in ["fields", "statuses"] {
            let held =
                format!("SELECT count(*) FROM diogen_bronze.documents WHERE stream = '{stream}'");
            assert!(db.number(&held) > 10, "{stream}");
        }
        // Without news nothing is written.
        let versions = "SELECT count(*), max(changed_xid::text::bigint), count(DISTINCT xmin::text)
                        FROM diogen_bronze.documents";
        let before = db.lines(versions);
        let requests = requests_for_issues(&fixture);
        let counted = fixture.stand_in.requests();
        sync(&mut fixture);
        assert_eq!(fixture.db.lines(versions), before);
        // The projects, fields, statuses, and each project's news.
        assert_eq!(requests_for_issues(&fixture) - requests, 6);
        assert!(fixture.stand_in.requests() - counted <= 13);
    }
}

/// A project with a thousand issues, each of which has changed five times.
fn a_thousand(flavour: Flavour) -> Fixture {
    let server = jira_stand_in(flavour, |_, settings| {
        // Some are deleted, and some have moved to other projects.
        settings.issues_per_project = 1_050;
        settings.histories_per_issue = Some(5);
    });
    let mut fixture = Fixture::new(server, &[]);
    let keys = fixture.issue_keys("PAY");
    assert!(keys.len() >= 1_000, "{} issues", keys.len());
    for key in &keys[1_000..] {
        fixture.delete(key);
    }
    fixture.add_jira("jira", "PAY", "");
    fixture
}

#[test]
fn a_thousand_issues_with_their_changes_cost_fifteen_requests_at_most() {
    for flavour in BOTH {
        let mut fixture = a_thousand(flavour);
        let requests = requests_of(&mut fixture, |fixture| {
            let streams = "CALL diogen.sync('jira', '{projects, issues, changelogs}')";
            fixture.db.run(streams);
        });
        // What it is, which fields it has, the project; the rest is issues and their changes.
        assert!(requests <= 15, "{requests} requests");
        sync(&mut fixture);
        assert_no_findings(&mut fixture);
        assert_eq!(fixture.differences_to_jira("jira", &["PAY"]), [""; 0]);
        let held = "SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'issues'";
        assert_eq!(fixture.db.number(held), 1_000);

        // Fields, statuses, boards and sprints come to some more, however many issues there are.
        fixture.add_jira("whole", "PAY", "");
        fixture.db = fixture.cluster.connect();
        let all = requests_of(&mut fixture, |fixture| {
            fixture.db.run("CALL diogen.sync('whole')");
        });
        assert!(all <= 19, "{all} requests");
    }
}

#[test]
fn characters_that_jsonb_refuses_are_replaced_and_told() {
    for flavour in BOTH {
        let mut fixture = Fixture::jira(flavour, |_, _| ());
        // The youngest is nobody's parent, whose summary its children would tell as well.
        let key = fixture.issue_keys("WEB").pop().expect("an issue");
        let edit = Edit {
            summary: Some("nul \0 and \\u0000".to_owned()),
            ..Edit::default()
        };
        fixture.edit(&key, &edit);
        sync(&mut fixture);
        assert_eq!(fixture.differences_to_jira("jira", &PROJECTS), [""; 0]);
        let db = &mut fixture.db;
        let summary = format!(
            "SELECT doc #>> '{{fields,summary}}' FROM diogen_bronze.documents
             WHERE stream = 'issues' AND doc ->> 'key' = '{key}'"
        );
        assert_eq!(db.value(&summary), "nul \u{fffd} and \\u0000");
        let told = "SELECT stream, scope, sqlstate, split_part(finding, ' held', 1) FROM diogen_bronze.findings";
        assert_eq!(db.lines(told), ["issues|WEB|-|1 documents"]);
    }
}
