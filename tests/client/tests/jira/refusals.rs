//! A Jira that refuses, or answers what is no answer.

use crate::{
    BOTH, assert_complete, assert_no_findings, findings, outcome, server, small, status, sync,
};
use client::{Fixture, PROJECTS};
use stand_in::jira::Flavour;
use stand_in::{Action, Fault};

const CANARY: &str = "canary-7391-secret";

#[test]
fn the_wrong_deployment_is_named_with_its_remedy() {
    let mut fixture = Fixture::new(server(Flavour::Cloud), &[]);
    fixture.add_jira("jira", "*", r#", "deployment": "datacenter""#);
    sync(&mut fixture);
    let found = findings(&mut fixture);
    let of_issues: Vec<_> = found
        .iter()
        .filter(|line| line.starts_with("issues|"))
        .collect();
    assert_eq!(of_issues.len(), 3, "{found:?}");
    for part in [
        "rest/api/2/search",
        "HTTP 410",
        "option deployment to cloud",
    ] {
        assert!(of_issues[0].contains(part), "{found:?}");
    }
    fixture
        .db
        .run("ALTER SERVER jira OPTIONS (DROP deployment)");
    fixture.db.run("DELETE FROM diogen_bronze.findings");
    sync(&mut fixture);
    assert_complete(&mut fixture);

    let mut fixture = Fixture::new(server(Flavour::DataCenter), &[]);
    fixture.add_jira("jira", "*", r#", "deployment": "cloud""#);
    sync(&mut fixture);
    let found = findings(&mut fixture);
    for part in [
        "rest/api/3/field",
        "set the option deployment to datacenter",
    ] {
        assert!(found[0].contains(part), "{found:?}");
    }
}

/// No secret stands in what others can read.
fn assert_no_secrets(fixture: &mut Fixture, secret: &str) {
    let email = &fixture.site().settings.email;
    let pair = format!("{email}:{secret}");
    let encoded = fixture
        .db
        .value(&format!("SELECT encode('{pair}', 'base64')"));
    let log = fixture.cluster.log();
    let tables = [
        "diogen_bronze.findings",
        "diogen_bronze.runs",
        "diogen_bronze.cursors",
        "diogen_bronze.documents",
        "diogen.status",
        "diogen.runs",
        "diogen.sources",
        // Without the statement that looks.
        "(SELECT * FROM pg_stat_activity WHERE pid <> pg_backend_pid())",
    ];
    let mut seen = vec![log];
    for table in tables {
        seen.extend(fixture.db.lines(&format!("SELECT t::text FROM {table} t")));
    }
    for place in seen {
        assert!(!place.contains(secret), "{place}");
        assert!(!place.contains(&encoded), "{place}");
    }
}

#[test]
fn refused_credentials_stop_the_run_and_are_shown_nowhere() {
    for (flavour, options, secret) in [
        (Flavour::Cloud, "", CANARY),
        (
            Flavour::Cloud,
            r#", "email": "nobody@acme.example""#,
            stand_in::TOKEN,
        ),
        (Flavour::DataCenter, "", CANARY),
    ] {
        let mut fixture = Fixture::new(server(flavour), &[]);
        fixture.add_jira_with("jira", "*", options, secret);
        sync(&mut fixture);
        let found = findings(&mut fixture);
        assert!(found[0].contains("|28000|"), "{found:?}");
        assert!(found[0].contains("refused the credentials"), "{found:?}");
        let note = outcome(&mut fixture);
        assert!(note.starts_with("stop|"), "{note}");
        assert!(
            fixture.stand_in.requests() <= 4,
            "{}",
            fixture.stand_in.requests()
        );
        assert_no_secrets(&mut fixture, secret);
        assert_eq!(
            fixture
                .db
                .number("SELECT count(*) FROM diogen_bronze.documents"),
            0
        );
    }
}

#[test]
fn a_token_that_is_revoked_during_a_run_loses_nothing() {
    for flavour in BOTH {
        let mut fixture = Fixture::jira(flavour, |_, _| ());
        let refusal = status(401, &[("x-seraph-loginreason", "AUTHENTICATED_FAILED")], "");
        let label = match flavour {
            Flavour::Cloud => "/3/search/jql",
            Flavour::DataCenter => "/2/search",
        };
        fixture
            .stand_in
            .script(vec![Fault::every(label, refusal).after(6)]);
        sync(&mut fixture);
        assert!(outcome(&mut fixture).starts_with("stop|"));
        let held = "SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'issues'";
        assert_ne!(fixture.db.number(held), 0);
        assert_no_secrets(&mut fixture, stand_in::TOKEN);
        fixture.stand_in.script(Vec::new());
        sync(&mut fixture);
        assert_eq!(fixture.differences_to_jira("jira", &PROJECTS), [""; 0]);
    }
}

#[test]
fn a_project_that_may_not_be_seen_keeps_no_other_from_being_read() {
    for flavour in BOTH {
        let mut fixture = small(flavour);
        let forbidden = status(
            403,
            &[],
            r#"{"errorMessages": ["You may not."], "errors": {}}"#,
        );
        let label = match flavour {
            Flavour::Cloud => "/3/search/jql",
            Flavour::DataCenter => "/2/search",
        };
        fixture
            .stand_in
            .script(vec![Fault::every(label, forbidden).of("WEB")]);
        sync(&mut fixture);
        let found = findings(&mut fixture);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("issues|WEB|HV00R|"), "{found:?}");
        assert!(found[0].ends_with("You may not."), "{found:?}");
        assert!(outcome(&mut fixture).starts_with("failed|"));
        let missing = fixture.differences_to_jira("jira", &PROJECTS);
        let of_web = |line: &String| line.contains(" WEB-");
        assert!(
            missing
                .iter()
                .filter(|line| line.contains("- issues"))
                .all(of_web),
            "{missing:?}"
        );
        assert_eq!(
            fixture
                .differences_to_jira("jira", &["PAY", "OPS"])
                .into_iter()
                .filter(|line| line.starts_with("- "))
                .collect::<Vec<_>>(),
            [""; 0]
        );
        fixture.stand_in.script(Vec::new());
        sync(&mut fixture);
        assert_eq!(fixture.differences_to_jira("jira", &PROJECTS), [""; 0]);
    }
}

#[test]
fn what_is_no_answer_takes_nothing_away() {
    const LOGIN: &str = "<!DOCTYPE html><html><title>Log in with Atlassian account</title></html>";
    const STRANGER: &str =
        r#"{"issues": [], "values": [], "isLast": true, "total": 0, "startAt": 0}"#;
    let failed = ("x-seraph-loginreason", "AUTHENTICATED_FAILED");
    let denied = ("x-seraph-loginreason", "AUTHENTICATION_DENIED");
    for flavour in BOTH {
        let mut fixture = small(flavour);
        sync(&mut fixture);
        for (action, sqlstate, words) in [
            (Action::Body(LOGIN.to_owned()), "HV00K", "login"),
            (
                Action::Redirect("https://id.atlassian.com/login".to_owned()),
                "HV00K",
                "login",
            ),
            (
                status(200, &[failed], STRANGER),
                "28000",
                "AUTHENTICATED_FAILED",
            ),
            (
                status(403, &[denied], "captcha"),
                "28000",
                "AUTHENTICATION_DENIED",
            ),
            (status(200, &[], "{}"), "HV00K", ""),
            (
                status(200, &[], r#"{"errorMessages": ["busy"]}"#),
                "HV00K",
                "",
            ),
        ] {
            fixture.db.run(
                "DELETE FROM diogen_bronze.findings;
                 UPDATE diogen_bronze.cursors SET mark = NULL, reconciled_at = reconciled_at - interval '8 days'",
            );
            fixture
                .stand_in
                .script(vec![Fault::every("", action.clone())]);
            sync(&mut fixture);
            let found = findings(&mut fixture);
            assert!(!found.is_empty());
            for line in &found {
                let is_told = line.contains(&format!("|{sqlstate}|")) && line.contains(words);
                assert!(is_told, "{action:?}: {line}");
            }
            let gone =
                "SELECT stream, key FROM diogen_bronze.documents WHERE deleted_at IS NOT NULL";
            assert_eq!(fixture.db.lines(gone), [""; 0]);
            fixture.stand_in.script(Vec::new());
            assert_eq!(
                fixture.differences_to_jira("jira", &PROJECTS),
                [""; 0],
                "{action:?}"
            );
        }
        fixture.db.run("DELETE FROM diogen_bronze.findings");
        sync(&mut fixture);
        assert_complete(&mut fixture);
    }
}

#[test]
fn a_jira_without_boards_is_read_without_them() {
    for flavour in BOTH {
        for (code, body) in [
            (404, "<html>"),
            (403, r#"{"errorMessages": ["No licence."]}"#),
        ] {
            let mut fixture = small(flavour);
            fixture
                .stand_in
                .script(vec![Fault::every("/rest/agile", status(code, &[], body))]);
            sync(&mut fixture);
            assert_no_findings(&mut fixture);
            let missing = fixture.differences_to_jira("jira", &PROJECTS);
            let beside =
                |line: &&String| !line.starts_with("- boards ") && !line.starts_with("- sprints ");
            assert_eq!(missing.iter().find(beside), None);
            // Once it has them they come, and those that were there do not go with a refusal.
            fixture.stand_in.script(Vec::new());
            let turn = "UPDATE diogen_bronze.cursors SET mark = NULL WHERE stream IN ('boards', 'sprints')";
            fixture.db.run(turn);
            sync(&mut fixture);
            assert_complete(&mut fixture);
            fixture
                .stand_in
                .script(vec![Fault::every("/rest/agile", status(code, &[], body))]);
            fixture.db.run(turn);
            sync(&mut fixture);
            assert_complete(&mut fixture);
        }
    }
}
