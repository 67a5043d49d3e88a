//! Documents that come another way, and what the views say of a Jira.

use crate::{assert_no_findings, sync};
use client::{Fixture, PROJECTS, jira_stand_in};
use stand_in::jira::Flavour;

fn ingest(stream: &str, documents: &str, context: &str) -> String {
    format!("SELECT diogen.ingest('jira', '{stream}', $${documents}$$, '{context}')")
}

/// A source whose Jira is never asked.
fn unasked() -> Fixture {
    Fixture::jira(Flavour::Cloud, |_, settings| {
        settings.issues_per_project = 10
    })
}

fn issue(summary: &str, updated: &str) -> String {
    format!(
        r#"{{"id": "20001", "key": "PAY-900", "fields": {{"summary": "{summary}", "updated": "{updated}",
            "project": {{"id": "10000", "key": "PAY"}}}},
            "changelog": {{"startAt": 0, "maxResults": 1, "total": 1, "histories": [{{"id": "5"}}]}}}}"#
    )
}

#[test]
fn exports_and_events_have_the_keys_of_what_is_fetched() {
    let mut fixture = unasked();
    let db = &mut fixture.db;
    // An issue with its changes, as an export or an event of a webhook has it.
    let event = format!(
        r#"{{"webhookEvent": "jira:issue_updated", "issue": {}}}"#,
        issue("A", "2026-01-02T10:00:00.000+0100")
    );
    let of_event = format!("SELECT diogen.ingest('jira', 'issues', $${event}$$::jsonb -> 'issue')");
    assert_eq!(db.number(&of_event), 1);
    assert_eq!(db.number(&of_event), 0);
    let change = |created: &str| {
        format!(r#"[{{"id": "77", "created": {created}, "items": [{{"field": "status"}}]}}]"#)
    };
    // A change's time is a text in lists of one issue's changes, and a number in those of many.
    let context = r#"{"issue_id": "20001", "project": "PAY"}"#;
    let text = change(r#""2026-01-02T10:00:00.000+0100""#);
    assert_eq!(db.number(&ingest("changelogs", &text, context)), 1);
    let number = change("1767344400000");
    assert_eq!(db.number(&ingest("changelogs", &number, context)), 1);
    let sprint = r#"{"id": 9001, "originBoardId": 1, "name": "S"}"#;
    assert_eq!(db.number(&ingest("sprints", sprint, "{}")), 1);
    let board = r#"{"id": 9002, "name": "B"}"#;
    assert_eq!(
        db.number(&ingest("boards", board, r#"{"project": "PAY"}"#)),
        1
    );
    assert_eq!(
        db.lines(
            "SELECT stream, key, scope, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
             FROM diogen_bronze.documents ORDER BY 1"
        ),
        [
            "boards|9002|PAY|-",
            "changelogs|20001:77|PAY|2026-01-02 09:00",
            "issues|20001|PAY|2026-01-02 09:00",
            "sprints|9001|1|-",
        ]
    );
    // The whole event is no issue, and a change alone does not say whose it is.
    for (statement, missing) in [
        (ingest("issues", &event, "{}"), "carries no project"),
        (ingest("changelogs", &text, "{}"), "carries no issue_id"),
        (ingest("sprints", r#"{"id": 1}"#, "{}"), "carries no board"),
    ] {
        let error = db.error(&statement);
        assert!(
            error.starts_with("23502") && error.contains(missing),
            "{error}"
        );
    }
}

#[test]
fn the_newest_version_wins_whichever_way_it_came() {
    let mut fixture = unasked();
    let db = &mut fixture.db;
    let came = |summary: &str, at: &str| ingest("issues", &issue(summary, at), "{}");
    assert_eq!(
        db.number(&came("second", "2026-01-02T10:00:00.000+0100")),
        1
    );
    // Later on the clock, earlier in time.
    assert_eq!(db.number(&came("first", "2026-01-02T11:00:00.000+0300")), 0);
    assert_eq!(db.number(&came("third", "2026-01-02T08:30:00.000-0300")), 1);
    let held = "SELECT doc #>> '{fields,summary}' FROM diogen_bronze.documents";
    assert_eq!(db.value(held), "third");

    db.run("DELETE FROM diogen_bronze.documents");
    sync(&mut fixture);
    let db = &mut fixture.db;
    let old = "SELECT diogen.ingest('jira', 'issues',
                   jsonb_set(doc, '{fields,updated}', '\"2001-01-01T00:00:00.000+0000\"'))
               FROM diogen_bronze.documents WHERE stream = 'issues' LIMIT 1";
    assert_eq!(db.number(old), 0);
    assert_eq!(fixture.differences_to_jira("jira", &PROJECTS), [""; 0]);
}

#[test]
fn the_views_tell_of_a_jira_and_dropping_it_leaves_nothing() {
    for flavour in crate::BOTH {
        let server = jira_stand_in(flavour, |_, settings| settings.issues_per_project = 150);
        let mut fixture = Fixture::new(server, &[]);
        fixture.add_jira("jira", "PAY, WEB, ops", "");
        fixture.add_jira("other", "W*", "");
        let new = "SELECT DISTINCT state FROM diogen.status WHERE source = 'jira'";
        // Nothing has been queued either.
        assert_eq!(fixture.db.lines(new), ["complete", "new"]);
        fixture.db.run("CALL diogen.sync()");
        assert_no_findings(&mut fixture);
        assert_eq!(fixture.differences_to_jira("jira", &PROJECTS), [""; 0]);
        assert_eq!(fixture.differences_to_jira("other", &["WEB"]), [""; 0]);
        let requests = fixture.stand_in.requests().to_string();
        let db = &mut fixture.db;
        assert_eq!(
            db.value("SELECT sum(requests) FROM diogen.status"),
            requests
        );
        assert_eq!(db.value("SELECT sum(requests) FROM diogen.runs"), requests);
        assert_eq!(
            db.lines(
                "SELECT source, state, errors, note, documents > 0, streams ? 'issues' FROM diogen.runs ORDER BY 1"
            ),
            ["jira|complete|0|-|t|t", "other|complete|0|-|t|t"]
        );
        let streams = "SELECT stream, state, scopes, scopes_complete, estimated_remaining, last_error
                       FROM diogen.status WHERE source = 'jira' AND stream <> 'changelogs' ORDER BY 1";
        assert_eq!(
            db.lines(streams),
            [
                "boards|complete|3|3|-|-",
                "fields|complete|1|1|-|-",
                "issues|complete|3|3|-|-",
                "projects|complete|3|3|-|-",
                "sprints|complete|4|4|-|-",
                "statuses|complete|1|1|-|-",
            ]
        );
        let counted = "SELECT s.documents = (SELECT count(*) FROM diogen_bronze.documents d
                                             WHERE d.source = s.source AND d.stream = s.stream)
                       FROM diogen.status s WHERE s.source = 'jira'";
        assert_eq!(db.lines(counted), ["t"; 7]);

        let others = "SELECT stream, count(*) FROM diogen_bronze.documents WHERE source = 'other' GROUP BY 1 ORDER BY 1";
        let before = db.lines(others);
        db.run("SELECT diogen.drop_source('jira', keep_data => false)");
        for table in ["documents", "cursors", "queue", "findings", "runs"] {
            let left = format!("SELECT count(*) FROM diogen_bronze.{table} WHERE source = 'jira'");
            assert_eq!(db.number(&left), 0, "{table}");
        }
        for view in ["sources", "status", "runs"] {
            let left = format!("SELECT count(*) FROM diogen.{view} WHERE source = 'jira'");
            assert_eq!(db.number(&left), 0, "{view}");
        }
        assert_eq!(db.lines(others), before);
    }
}

#[test]
fn a_run_under_way_tells_how_far_it_is() {
    let mut fixture = Fixture::jira(Flavour::DataCenter, |config, _| {
        config.latency = std::time::Duration::from_millis(400);
    });
    let run = fixture
        .cluster
        .connect()
        .in_background("CALL diogen.sync('jira')");
    client::wait_until(
        "issues under way",
        std::time::Duration::from_secs(60),
        || {
            let far = fixture.db.lines(
                "SELECT r.state FROM diogen.runs r
             JOIN diogen.status s ON s.source = r.source AND s.stream = 'issues'
             WHERE s.state = 'running' AND s.estimated_remaining > 0 AND r.estimated_remaining > 0",
            );
            far == ["running"]
        },
    );
    assert_eq!(run.join().expect("a thread"), None);
    let ended = "SELECT state, estimated_remaining FROM diogen.runs";
    assert_eq!(fixture.db.lines(ended), ["complete|-"]);
}
