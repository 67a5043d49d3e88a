//! What changes, moves, comes and goes, before a run and during one.

use crate::{BOTH, assert_complete, assert_no_findings, searches, sync};
use client::{Fixture, PROJECTS, jira_stand_in};
use stand_in::jira::{Edit, Flavour};
use stand_in::{Action, Fault};

const TOMBSTONES: &str =
    "SELECT doc ->> 'key' FROM diogen_bronze.documents WHERE deleted_at IS NOT NULL ORDER BY key";

/// A week has passed since all keys were compared.
fn a_week_later(fixture: &mut Fixture) {
    fixture.db.run(
        "UPDATE diogen_bronze.cursors SET reconciled_at = reconciled_at - interval '8 days'
         WHERE reconciled_at IS NOT NULL",
    );
}

fn status(name: &str) -> Edit {
    Edit {
        status: Some(name.to_owned()),
        ..Edit::default()
    }
}

#[test]
fn news_arrive_and_no_more_than_news() {
    for flavour in BOTH {
        let mut fixture = Fixture::jira(flavour, |_, _| ());
        sync(&mut fixture);
        let (pay, web) = (fixture.issue_keys("PAY"), fixture.issue_keys("WEB"));
        fixture.edit(&pay[0], &Edit::default());
        fixture.edit(&pay[1], &status("In Review"));
        fixture.edit(&pay[1], &status("Done"));
        let points = Edit {
            points: Some(13.0),
            sprint: Some(0),
            ..Edit::default()
        };
        fixture.edit(&web[2], &points);
        fixture.create("OPS", "The lights are out");
        let before = searches(&fixture);
        sync(&mut fixture);
        assert_eq!(searches(&fixture) - before, 3, "a page each");
        assert_complete(&mut fixture);
        let db = &mut fixture.db;
        let read = db.number(
            "SELECT (streams -> 'issues' ->> 'documents')::int FROM diogen.runs ORDER BY run DESC LIMIT 1",
        );
        // What changed just before the last run may have shown late.
        assert!((4..100).contains(&read), "{read}");
        let held = "SELECT count(*) FROM diogen_bronze.documents WHERE doc #>> '{fields,summary}' LIKE '%lights are out'";
        assert_eq!(db.number(held), 1);
    }
}

#[test]
fn an_issue_that_moves_stays_one_document() {
    for flavour in BOTH {
        let mut fixture = Fixture::jira(flavour, |_, _| ());
        sync(&mut fixture);
        let key = fixture.issue_keys("PAY").swap_remove(7);
        let issue = format!(
            "SELECT key FROM diogen_bronze.documents WHERE stream = 'issues' AND doc ->> 'key' = '{key}'"
        );
        let id = fixture.db.value(&issue);
        let moved = fixture.move_issue(&key, "WEB");
        a_week_later(&mut fixture);
        sync(&mut fixture);
        assert_complete(&mut fixture);
        let db = &mut fixture.db;
        assert_eq!(db.lines(TOMBSTONES), [""; 0]);
        let held = format!(
            "SELECT key, scope, doc ->> 'key' FROM diogen_bronze.documents
             WHERE stream = 'issues' AND (key = '{id}' OR doc ->> 'key' IN ('{key}', '{moved}'))"
        );
        assert_eq!(db.lines(&held), [format!("{id}|WEB|{moved}")]);
        // Its changes are still those of one issue.
        let changes = format!(
            "SELECT DISTINCT scope FROM diogen_bronze.documents
             WHERE stream = 'changelogs' AND context ->> 'issue_id' = '{id}'"
        );
        if flavour == Flavour::Cloud {
            assert_eq!(db.lines(&changes), ["WEB"]);
        }
    }
}

#[test]
fn an_issue_that_leaves_the_wanted_projects_is_gone_until_it_returns() {
    let mut fixture = Fixture::new(jira_stand_in(Flavour::Cloud, |_, _| ()), &[]);
    fixture.add_jira("jira", "PAY", "");
    sync(&mut fixture);
    let key = fixture.issue_keys("PAY").swap_remove(7);
    let moved = fixture.move_issue(&key, "WEB");
    sync(&mut fixture);
    assert_eq!(fixture.db.lines(TOMBSTONES), [""; 0]);
    a_week_later(&mut fixture);
    sync(&mut fixture);
    assert_eq!(fixture.db.lines(TOMBSTONES), [key]);
    assert_eq!(fixture.differences_to_jira("jira", &["PAY"]), [""; 0]);
    fixture.move_issue(&moved, "PAY");
    sync(&mut fixture);
    assert_eq!(fixture.db.lines(TOMBSTONES), [""; 0]);
    assert_eq!(fixture.differences_to_jira("jira", &["PAY"]), [""; 0]);
}

#[test]
fn deleted_issues_are_found_once_a_week_by_their_numbers_alone() {
    for (flavour, pages) in [(Flavour::Cloud, 1), (Flavour::DataCenter, 5)] {
        let server = jira_stand_in(flavour, |_, settings| {
            settings.issues_per_project = 5_000;
            settings.histories_per_issue = Some(1);
        });
        let mut fixture = Fixture::new(server, &[]);
        fixture.add_jira("jira", "PAY", "");
        let keys = fixture.issue_keys("PAY");
        assert!((4_001..5_000).contains(&keys.len()), "{}", keys.len());
        sync(&mut fixture);
        let gone = [0, 2_500, keys.len() - 1].map(|at| keys[at].clone());
        for key in &gone {
            fixture.delete(key);
        }
        // How many pages the last minutes have depends on the time of day.
        let before = searches(&fixture);
        sync(&mut fixture);
        let news = searches(&fixture) - before;
        assert_eq!(fixture.db.lines(TOMBSTONES), [""; 0]);
        a_week_later(&mut fixture);
        let before = searches(&fixture);
        sync(&mut fixture);
        assert_eq!(searches(&fixture) - before, news + pages, "{flavour:?}");
        assert_eq!(fixture.db.lines(TOMBSTONES), gone);
        assert_eq!(fixture.differences_to_jira("jira", &["PAY"]), [""; 0]);
        let before = searches(&fixture);
        sync(&mut fixture);
        assert_eq!(searches(&fixture) - before, news, "for a week");
    }
}

#[test]
fn what_changes_while_the_list_is_read_arrives_too() {
    for flavour in BOTH {
        let mut fixture = Fixture::jira(flavour, |_, _| ());
        fixture
            .db
            .run("SELECT * FROM diogen.fetch('jira', 'projects')");
        let ops = fixture.issue_keys("OPS");
        // Several passes over the first project, a page at a time.
        for round in 0..12 {
            fixture
                .db
                .run("SELECT * FROM diogen.fetch('jira', 'issues', max_pages => 1)");
            // Read already or not, to the front with it; and gone or another project's.
            for key in &fixture.issue_keys("OPS")[round * 3..][..3] {
                fixture.edit(key, &Edit::default());
            }
            fixture.delete(&ops[150 + round]);
            fixture.move_issue(&ops[200 + round], "PAY");
            fixture.create("OPS", "Now of all times");
        }
        sync(&mut fixture);
        a_week_later(&mut fixture);
        sync(&mut fixture);
        assert_complete(&mut fixture);
    }
}

#[test]
fn days_that_pass_while_the_list_is_read_lose_nothing() {
    let mut fixture = Fixture::jira(Flavour::Cloud, |config, _| config.hold_back_hours = 240.0);
    let passes = Fault::every("/search/jql", Action::AdvanceHours(24.0));
    fixture.stand_in.script(vec![passes.after(1).times(6)]);
    sync(&mut fixture);
    fixture.stand_in.script(Vec::new());
    fixture.stand_in.advance(240.0);
    sync(&mut fixture);
    a_week_later(&mut fixture);
    sync(&mut fixture);
    assert_complete(&mut fixture);
}

#[test]
fn times_are_right_in_whatever_zone_the_api_user_lives() {
    for flavour in BOTH {
        for zone in ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"] {
            let mut fixture = Fixture::jira(flavour, |_, settings| {
                settings.time_zone = zone.parse().expect("a time zone");
            });
            sync(&mut fixture);
            assert_complete(&mut fixture);
            let key = fixture.issue_keys("WEB").swap_remove(3);
            fixture.edit(&key, &Edit::default());
            let before = searches(&fixture);
            sync(&mut fixture);
            assert_eq!(searches(&fixture) - before, 3);
            assert_complete(&mut fixture);
            // A source that begins in the middle.
            fixture.add_jira("lately", "*", r#", "since": "10 days""#);
            let db = &mut fixture.db;
            db.run("CALL diogen.sync('lately')");
            let missing = "SELECT d.doc ->> 'key' FROM diogen_bronze.documents d
                           WHERE d.source = 'jira' AND d.stream = 'issues'
                             AND d.updated_at >= now() - interval '10 days'
                             AND NOT EXISTS (SELECT FROM diogen_bronze.documents o
                                             WHERE o.source = 'lately' AND o.stream = d.stream AND o.key = d.key)";
            assert_eq!(db.lines(missing), [""; 0], "{zone}");
            let beyond = "SELECT count(*) FROM diogen_bronze.documents
                          WHERE source = 'lately' AND updated_at < now() - interval '10 days 1 hour' AND stream = 'issues'";
            assert_eq!(db.number(beyond), 0, "{zone}");
        }
    }
}

#[test]
fn what_the_search_shows_late_is_read_then() {
    // The search knows nothing of the last five minutes.
    let mut fixture = Fixture::jira(Flavour::Cloud, |config, settings| {
        config.hold_back_hours = 1.0;
        settings.index_lag_seconds = 300;
    });
    sync(&mut fixture);
    let edited = fixture.issue_keys("PAY")[..3].to_vec();
    for key in &edited {
        fixture.edit(key, &status("In Review"));
    }
    let old = |fixture: &mut Fixture| {
        let mut differing = fixture.differences_to_jira("jira", &PROJECTS);
        differing.retain(|line| line.starts_with("- "));
        differing.retain(|line| edited.iter().any(|key| line.contains(&format!(" {key} "))));
        differing.len()
    };
    sync(&mut fixture);
    assert_eq!(old(&mut fixture), 3);
    fixture.stand_in.advance(1.0);
    sync(&mut fixture);
    assert_eq!(old(&mut fixture), 0);
}

#[test]
fn what_the_search_shows_after_younger_changes_is_read_too() {
    let mut fixture = Fixture::jira(Flavour::Cloud, |_, _| ());
    sync(&mut fixture);
    let (pay, web) = (fixture.issue_keys("PAY"), fixture.issue_keys("WEB"));
    fixture.edit(&pay[0], &Edit::default());
    // Each edit takes a second.
    for _ in 0..180 {
        fixture.edit(&web[0], &Edit::default());
    }
    fixture.edit(&pay[1], &Edit::default());
    sync(&mut fixture);
    assert_complete(&mut fixture);
    // As if the first of them had not been shown.
    fixture.db.run(&format!(
        "DELETE FROM diogen_bronze.documents WHERE stream = 'issues' AND doc ->> 'key' = '{}'",
        pay[0]
    ));
    sync(&mut fixture);
    assert_complete(&mut fixture);
}

#[test]
fn tokens_that_have_expired_cost_the_rest_of_the_list_only() {
    let mut fixture = crate::a_page_of_changes_and_more();
    let db = &mut fixture.db;
    db.run("SELECT * FROM diogen.fetch('jira', 'projects')");
    db.run("SELECT * FROM diogen.fetch('jira', 'issues', max_pages => 8)");
    fixture.site().expire_tokens();
    fixture.db = fixture.cluster.connect();
    let before = searches(&fixture);
    fixture.db.run("CALL diogen.sync('jira', '{issues}')");
    // A refusal, the page after the last, and what changed since the pass began.
    let rest = searches(&fixture) - before;
    println!("{rest}");
    assert!(rest <= 6, "{rest} requests");

    let db = &mut fixture.db;
    db.run("SELECT * FROM diogen.fetch('jira', 'changelogs', max_pages => 1)");
    assert_ne!(
        db.number("SELECT count(*) FROM diogen_bronze.queue WHERE request ? 'token'"),
        0
    );
    fixture.site().expire_tokens();
    sync(&mut fixture);
    assert_eq!(
        fixture
            .db
            .number("SELECT count(*) FROM diogen_bronze.queue"),
        0
    );
    assert_no_findings(&mut fixture);
    assert_eq!(fixture.differences_to_jira("jira", &["PAY"]), [""; 0]);
}

#[test]
fn a_source_whose_options_change_reads_what_it_lacks() {
    for flavour in BOTH {
        let mut fixture = Fixture::new(jira_stand_in(flavour, |_, _| ()), &[]);
        fixture.add_jira("jira", "PAY", r#", "since": "10 days""#);
        sync(&mut fixture);
        assert_ne!(fixture.differences_to_jira("jira", &["PAY"]), [""; 0]);
        // Further back.
        let db = &mut fixture.db;
        db.run("ALTER SERVER jira OPTIONS (SET since '2000-01-01')");
        sync(&mut fixture);
        assert_eq!(fixture.differences_to_jira("jira", &["PAY"]), [""; 0]);
        // More projects.
        let db = &mut fixture.db;
        db.run("ALTER SERVER jira OPTIONS (SET projects '*')");
        sync(&mut fixture);
        assert_complete(&mut fixture);
        // Fewer: what came of the others stays as it was.
        let db = &mut fixture.db;
        db.run("ALTER SERVER jira OPTIONS (SET projects '*, !OPS')");
        let key = fixture.issue_keys("OPS").swap_remove(0);
        fixture.edit(&key, &Edit::default());
        let before = searches(&fixture);
        sync(&mut fixture);
        assert_eq!(searches(&fixture) - before, 2);
        assert_eq!(fixture.db.lines(TOMBSTONES), ["OPS"], "the project itself");
        let old = fixture.differences_to_jira("jira", &PROJECTS);
        let beyond: Vec<_> = old.iter().filter(|line| line.starts_with("+ ")).collect();
        assert_eq!(beyond.len(), 1, "{old:?}");
        assert!(beyond[0].contains(&format!(" {key} ")), "{old:?}");
    }
}
