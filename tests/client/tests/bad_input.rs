//! What is wrong is said, with its source and stream; it spoils nothing else.

use client::{Fixture, Session};
use stand_in::{Action, Fault, Status, TOKEN};

const CANARY: &str = "ghp_canary0123456789";

fn without_source() -> Fixture {
    Fixture::new(client::stand_in(|_| ()), &[])
}

/// Tries to add a source with these options and a secret that must not come back.
fn refused(db: &mut Session, kind: &str, options: &str) -> String {
    let error = db.error(&format!(
        "SELECT diogen.add_source('bad', '{kind}', '{options}', secret => '{CANARY}')"
    ));
    assert!(!error.contains(CANARY), "{error}");
    error
}

#[test]
fn wrong_sources_are_refused_at_once_and_say_what_is_right() {
    let mut fixture = without_source();
    let db = &mut fixture.db;
    for (kind, options, expected) in [
        (
            "gitlab",
            r#"{"repositories": "a/b"}"#,
            r#"HV024 unknown kind "gitlab"; allowed: github"#,
        ),
        ("github", "{}", "option repositories is required"),
        (
            "github",
            "[]",
            "22023 add_source needs a name, a kind, and options as a JSON object",
        ),
        (
            "github",
            r#"{"repositories": "a/b", "repos": "x"}"#,
            r#"HV00D unknown option "repos"; allowed here: kind, base_url"#,
        ),
        (
            "github",
            r#"{"repositories": "a/b", "token": "x"}"#,
            r#"option "token" is a secret and does not belong among a server's options"#,
        ),
        (
            "github",
            r#"{"repositories": "a"}"#,
            r#"option repositories cannot be "a": the owner is missing"#,
        ),
        (
            "github",
            r#"{"repositories": "a/b", "since": "soon"}"#,
            r#"option since cannot be "soon""#,
        ),
        (
            "github",
            r#"{"repositories": "a/b", "base_url": "api.github.com"}"#,
            "option base_url cannot be",
        ),
        (
            "github",
            r#"{"repositories": "a/b", "base_url": "http://example.com"}"#,
            "it must start with https://",
        ),
        (
            "github",
            r#"{"repositories": "a/b", "base_url": "https://10.0.0.1"}"#,
            "allow_private",
        ),
        (
            "github",
            r#"{"repositories": "a/b", "base_url": "https://u:hunter2@example.com"}"#,
            "credentials do not belong into the URL",
        ),
    ] {
        let error = refused(db, kind, options);
        assert!(error.contains(expected), "{options}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert_eq!(db.number("SELECT count(*) FROM diogen.sources"), 0);
    let error = db.error("CALL diogen.sync('nobody')");
    assert!(
        error.starts_with(r#"42704 there is no source "nobody""#),
        "{error}"
    );
}

#[test]
fn wrong_streams_are_refused_and_say_which_there_are() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    for sql in [
        "CALL diogen.sync('acme', '{pulls}')",
        "SELECT * FROM diogen.fetch('acme', 'pulls')",
        "SELECT diogen.ingest('acme', 'pulls', '{}')",
    ] {
        let error = db.error(sql);
        assert!(error.starts_with(r#"22023 source kind github has no stream "pulls"; it has: repositories, branches, pull_requests"#), "{error}");
    }
    let error = db.error(r#"SELECT diogen.ingest('acme', 'pull_requests', '{"title": "x"}')"#);
    assert!(
        error.contains("stream pull_requests carries no repository; give it as context"),
        "{error}"
    );
    let error = db.error(r#"SELECT diogen.ingest('acme', 'pull_requests', '[1]')"#);
    assert!(
        error.contains("each document must be a JSON object"),
        "{error}"
    );
    assert_eq!(fixture.stand_in.requests(), 0);
}

#[test]
fn a_wrong_token_stops_the_source_and_says_so() {
    let mut fixture = Fixture::acme(|_| ());
    fixture.set_secret(CANARY);
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(
        fixture.stand_in.requests(),
        1,
        "nothing else is asked with it"
    );
    let warnings = fixture.db.notices();
    assert_eq!(
        warnings,
        [
            "WARNING acme · repositories acme/*: 127.0.0.1 refused the credentials (HTTP 401): Bad credentials"
        ]
    );
    assert_eq!(
        fixture
            .db
            .lines("SELECT source, stream, scope, sqlstate FROM diogen_bronze.findings"),
        ["acme|repositories|acme/*|28000"]
    );
    // Without any secret there is nothing to ask with.
    fixture.db.run("SELECT diogen.set_secret('acme', NULL)");
    fixture.db.run("CALL diogen.sync()");
    assert!(fixture.db.notices()[0].contains(r#"source "acme" has no secret for user "postgres""#));
    fixture.set_secret(TOKEN);
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn an_unknown_repository_is_recorded_and_the_others_arrive() {
    let mut fixture = without_source();
    fixture.add_source("some", "acme/absent, acme/checkout");
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(
        fixture
            .db
            .lines("SELECT stream, scope, sqlstate FROM diogen_bronze.findings"),
        ["repositories|acme/absent|HV00R"]
    );
    assert_eq!(
        fixture
            .db
            .value("SELECT last_error FROM diogen.status WHERE state = 'failed'"),
        "127.0.0.1 does not know acme/absent, or the credentials may not see it: Could not resolve to a Repository with the name 'acme/absent'."
    );
    assert_eq!(
        fixture.db.lines("SELECT DISTINCT stream FROM diogen_bronze.documents WHERE scope = 'acme/checkout' ORDER BY 1"),
        [
            "commits",
            "deployments",
            "issues",
            "pull_requests",
            "repositories",
            "workflow_runs"
        ]
    );
}

#[test]
fn a_server_that_cannot_be_reached_is_recorded() {
    let mut fixture = without_source();
    let db = &mut fixture.db;
    // Nothing listens on this port.
    db.run(&format!(
        r#"SELECT diogen.add_source('closed', 'github', '{{"base_url": "http://127.0.0.1:1", "repositories": "a/b"}}', secret => '{CANARY}')"#
    ));
    db.run("CALL diogen.refresh()");
    let warnings = db.notices();
    assert!(
        warnings[0].starts_with("WARNING closed · repositories a/b: cannot talk to 127.0.0.1: "),
        "{warnings:?}"
    );
    assert_eq!(
        db.lines("SELECT stream, sqlstate FROM diogen_bronze.findings"),
        ["repositories|08006"]
    );
}

/// Everything of one stream of one repository fails; the rest arrives; later it arrives too.
fn only_that_stream_fails(action: Action, sqlstate: &str, message: &str) {
    let mut fixture = Fixture::acme(|_| ());
    let fault = Fault::every("Deployments", action).of("acme/checkout");
    fixture.stand_in.script(vec![fault]);
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(
        fixture
            .db
            .lines("SELECT source, stream, scope, sqlstate FROM diogen_bronze.findings"),
        [format!("acme|deployments|acme/checkout|{sqlstate}")]
    );
    let finding = fixture
        .db
        .value("SELECT finding FROM diogen_bronze.findings");
    assert!(finding.contains(message), "{finding}");
    let differences = fixture.differences_to_truth("acme");
    let expected = &fixture.stand_in.truth()["acme/checkout"]["deployments"];
    assert_eq!(*expected, differences.len());
    assert!(
        differences
            .iter()
            .all(|line| line.starts_with("- acme/checkout deployments ")),
        "{differences:?}"
    );
    fixture.stand_in.script(Vec::new());
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    assert_eq!(
        fixture
            .db
            .number("SELECT count(*) FROM diogen.status WHERE state <> 'complete'"),
        0
    );
}

#[test]
fn an_answer_that_is_not_json() {
    let page = "<html>Unicorn!</html>".to_owned();
    only_that_stream_fails(
        Action::Body(page),
        "HV00K",
        "it begins with \"<html>Unicorn!",
    );
}

#[test]
fn an_answer_that_breaks_off() {
    only_that_stream_fails(Action::Truncate(200), "08006", "127.0.0.1");
}

#[test]
fn a_connection_that_is_closed() {
    only_that_stream_fails(Action::Close, "08006", "127.0.0.1");
}

#[test]
fn a_server_error() {
    let status = Status {
        code: 502,
        body: "Bad Gateway".to_owned(),
        headers: Default::default(),
    };
    only_that_stream_fails(
        Action::Status(status),
        "HV00K",
        "answered HTTP 502: Bad Gateway",
    );
}

#[test]
fn no_half_page_is_stored() {
    // The second element has no key, so the first is not stored either.
    let body = r#"{"data": {"repository": {"deployments": {
        "pageInfo": {"hasNextPage": false, "endCursor": null},
        "nodes": [{"databaseId": 1, "createdAt": "2026-06-01T00:00:00Z", "repository": {"nameWithOwner": "acme/checkout"}},
                  {"createdAt": "2026-06-01T00:00:00Z", "repository": {"nameWithOwner": "acme/checkout"}}]}}}}"#;
    only_that_stream_fails(
        Action::Body(body.to_owned()),
        "23502",
        "stream deployments carries no id",
    );
}

#[test]
fn characters_that_jsonb_refuses_are_replaced_and_the_finding_says_so() {
    let mut fixture = Fixture::acme(|_| ());
    let fault = Fault::every("PullRequests", Action::InjectNul(true))
        .of("acme/checkout")
        .times(1);
    fixture.stand_in.script(vec![fault]);
    fixture.db.run("CALL diogen.refresh()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    assert_eq!(
        fixture
            .db
            .lines("SELECT source, stream, scope, finding FROM diogen_bronze.findings"),
        [
            "acme|pull_requests|acme/checkout|1 documents held characters that jsonb refuses, such as \\u0000; each was replaced by U+FFFD"
        ]
    );
    let cleaned = "SELECT count(*) FROM diogen_silver.pull_requests WHERE title LIKE '%\u{FFFD}%'";
    assert_eq!(fixture.db.number(cleaned), 1);
}

#[test]
fn secrets_appear_nowhere() {
    let mut fixture = without_source();
    let db = &mut fixture.db;
    let url = fixture.stand_in.url();
    let add = format!(
        r#"SELECT diogen.add_source('acme', 'github', '{{"base_url": "{url}", "repositories": "acme/*"}}', secret => '{CANARY}')"#
    );
    db.run(&add);
    let mut said = vec![
        db.error(&add),
        db.error(&format!("SELECT diogen.set_secret('nobody', '{CANARY}')")),
    ];
    db.run("CALL diogen.refresh()");
    fixture
        .stand_in
        .script(vec![Fault::every("", Action::Close)]);
    db.run("CALL diogen.refresh()");
    said.extend(db.notices());
    for public in [
        "SELECT s::text FROM diogen.sources s",
        "SELECT s::text FROM diogen.status s",
        "SELECT f::text FROM diogen_bronze.findings f",
        "SELECT d::text FROM diogen_bronze.documents d",
        "SELECT s::text FROM pg_foreign_server s",
        "SELECT s::text FROM pg_settings s",
        "SELECT a::text FROM pg_stat_activity a WHERE pid <> pg_backend_pid()",
    ] {
        said.extend(db.lines(public));
    }
    said.extend(fixture.cluster.log().lines().map(str::to_owned));
    let told: Vec<_> = said.iter().filter(|text| text.contains(CANARY)).collect();
    assert!(told.is_empty(), "{told:#?}");

    // Another role sees that there is a source, and neither its secret nor a way to use it.
    db.run("CREATE ROLE reader LOGIN");
    let mut reader = fixture.cluster.connect_as("reader");
    assert_eq!(
        reader.lines("SELECT source, may_use FROM diogen.sources"),
        ["acme|f"]
    );
    assert_eq!(
        reader.lines("SELECT umoptions FROM pg_user_mappings"),
        ["-"]
    );
    for refused in [
        "CALL diogen.sync()",
        "CALL diogen.refresh()",
        "SELECT diogen.ingest('acme', 'commits', '{}')",
        "SELECT * FROM diogen.request_page('acme', 'commits', 'acme/checkout', '{}')",
        "SELECT diogen.add_source('x', 'github', '{}')",
        "INSERT INTO diogen.services (service, repository) VALUES ('x', 'x/y')",
    ] {
        let error = reader.error(refused);
        assert!(error.starts_with("42501"), "{refused}: {error}");
    }
}
