//! Fetching: complete, resumable, interruptible, one at a time.

use client::{Fixture, wait_until};
use postgres::NoTls;
use stand_in::{Action, Config, Fault, Server};
use std::time::{Duration, Instant};

/// Long enough for a page, far shorter than the wait for an answer that never comes.
const SOON: Duration = Duration::from_secs(5);
const SLOW: Duration = Duration::from_secs(30);

/// An organisation whose third page of pull requests never comes.
fn stuck() -> Fixture {
    let fixture = Fixture::acme(|_| ());
    let fault = Fault::every("PullRequests", Action::Hang).after(2);
    fixture.stand_in.script(vec![fault]);
    fixture
}

/// Waits until the stand-in has been asked for what never comes.
fn wait_until_stuck(fixture: &Fixture) {
    // 1 for the repositories, 3 for pull requests: pages of 25 in the first two repositories.
    wait_until("the page that hangs", SLOW, || {
        fixture.stand_in.requests() >= 4
    });
    std::thread::sleep(Duration::from_millis(50));
}

/// Finishes what was cut off and compares with a source that was read without disturbance.
fn assert_completes(fixture: &mut Fixture) {
    let db = &mut fixture.db;
    db.run("CALL diogen.sync('acme')");
    assert_eq!(
        db.lines("SELECT stream, last_error FROM diogen.status WHERE source = 'acme' AND state <> 'complete'"),
        [""; 0]
    );
    assert_as_undisturbed(fixture);
}

/// Bronze holds what a source has that is read in one go: the same documents, each as it is now.
fn assert_as_undisturbed(fixture: &mut Fixture) {
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    fixture.add_source("undisturbed", "acme/*");
    fixture.db.run("CALL diogen.sync('undisturbed')");
    assert_eq!(fixture.differences_between("acme", "undisturbed"), [""; 0]);
}

#[test]
fn everything_arrives_once_and_only_news_after_that() {
    let mut fixture = Fixture::acme(|config| {
        config.until = None;
        config.hold_back_hours = 96.0;
    });
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    let notices = fixture.db.notices();
    assert!(
        notices.iter().any(|n| n.contains("acme · pull_requests")),
        "{notices:?}"
    );

    // Without news nothing is written.
    let versions = "SELECT count(*), max(changed_xid::text::bigint), count(DISTINCT xmin::text) FROM diogen_bronze.documents";
    let before = fixture.db.lines(versions);
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.db.lines(versions), before);
    // A stream that is asked for by name is asked for.
    let requests = fixture.stand_in.requests();
    fixture.db.run("CALL diogen.sync('acme', '{releases}')");
    assert!(fixture.stand_in.requests() > requests);

    fixture.stand_in.advance(96.0);
    a_day_later(&mut fixture);
    let old = fixture
        .db
        .number("SELECT count(*) FROM diogen_bronze.documents");
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    assert!(
        fixture
            .db
            .number("SELECT count(*) FROM diogen_bronze.documents")
            > old
    );
    assert_as_undisturbed(&mut fixture);
}

#[test]
fn what_has_not_ended_is_asked_for_until_it_has() {
    let mut fixture = Fixture::acme(|config| {
        config.until = None;
        config.days = 30;
        // Long enough to hold working days, whenever this runs.
        config.hold_back_hours = 120.0;
    });
    for _ in 0..60 {
        fixture.db.run("CALL diogen.sync()");
        fixture.stand_in.advance(2.0);
    }
    let seen = "SELECT count(*) FROM diogen_bronze.documents d
                WHERE stream = 'deployments' AND fetched_at > (SELECT min(fetched_at) FROM diogen_bronze.documents)";
    assert_ne!(fixture.db.number(seen), 0);
    a_day_later(&mut fixture);
    fixture.db.run("CALL diogen.sync()");
    assert_as_undisturbed(&mut fixture);
}

/// Only the clock tells that an old workflow run may have been repeated.
fn a_day_later(fixture: &mut Fixture) {
    fixture.db.run(
        "UPDATE diogen_bronze.cursors SET mark = NULL, cursor = cursor - 'reread_at' WHERE stream = 'workflow_runs'",
    );
}

#[test]
fn a_killed_backend_loses_nothing() {
    let mut fixture = stuck();
    let mut other = fixture.cluster.connect();
    let pid = other.pid();
    let run = other.in_background("CALL diogen.sync()");
    wait_until_stuck(&fixture);
    let half = fixture
        .db
        .number("SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'pull_requests'");
    assert_ne!(half, 0, "pages before the kill are kept");
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(killed.expect("kill").success());
    assert!(run.join().expect("a thread").is_some());
    wait_until("the crash", SLOW, || {
        fixture.cluster.log().contains("reinitializing")
    });
    wait_until("recovery", SLOW, || fixture.cluster.is_up());
    fixture.db = fixture.cluster.connect();
    assert!(
        fixture
            .db
            .number("SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'pull_requests'")
            >= half
    );
    fixture.stand_in.script(Vec::new());
    assert_completes(&mut fixture);
}

#[test]
fn a_cancelled_statement_returns_at_once_and_loses_nothing() {
    let mut fixture = stuck();
    let other = fixture.cluster.connect();
    let token = other.cancel_token();
    let run = other.in_background("CALL diogen.sync()");
    wait_until_stuck(&fixture);
    let asked = Instant::now();
    token.cancel_query(NoTls).expect("a cancel request");
    let error = run.join().expect("a thread").expect("an error");
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert!(error.starts_with("57014"), "{error}");
    fixture.stand_in.script(Vec::new());
    assert_completes(&mut fixture);
}

#[test]
fn statement_timeout_and_terminate_end_the_wait_too() {
    let mut fixture = stuck();
    let asked = Instant::now();
    fixture.db.run("SET statement_timeout = '1s'");
    let error = fixture.db.error("CALL diogen.sync()");
    assert!(error.starts_with("57014"), "{error}");
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    fixture.db.run("RESET statement_timeout");

    fixture
        .stand_in
        .script(vec![Fault::every("PullRequests", Action::Hang)]);
    let mut other = fixture.cluster.connect();
    let pid = other.pid();
    let before = fixture.stand_in.requests();
    let run = other.in_background("CALL diogen.sync()");
    wait_until("a request that hangs", SLOW, || {
        fixture.stand_in.requests() >= before + 2
    });
    let asked = Instant::now();
    fixture
        .db
        .run(&format!("SELECT pg_terminate_backend({pid})"));
    let error = run.join().expect("a thread").expect("an error");
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    // The client may see the end of the connection before the reason for it.
    assert!(
        error.starts_with("57P01") || error == "connection closed",
        "{error}"
    );
    let log = fixture.cluster.log();
    assert!(log.contains("terminating connection due to administrator command"));
    assert!(!log.contains("terminated by signal"), "{log}");
    fixture.stand_in.script(Vec::new());
    assert_completes(&mut fixture);
}

#[test]
fn a_server_that_goes_away_is_recorded_and_the_next_run_finishes() {
    let mut fixture = stuck();
    let other = fixture.cluster.connect();
    let run = other.in_background("CALL diogen.sync()");
    wait_until_stuck(&fixture);
    let address = fixture.stand_in.address();
    let gone = std::mem::replace(&mut fixture.stand_in, client::stand_in(|_| ()));
    gone.stop();
    // What could not be read is recorded; the statement itself does not fail.
    assert_eq!(run.join().expect("a thread"), None);
    // After three repositories in a row the rest is not even tried.
    assert_eq!(
        fixture.db.lines("SELECT stream, sqlstate, count(DISTINCT scope) FROM diogen_bronze.findings GROUP BY 1, 2"),
        ["pull_requests|08006|3"]
    );
    let error = fixture
        .db
        .value("SELECT last_error FROM diogen.status WHERE state = 'failed'");
    assert!(error.starts_with("cannot talk to 127.0.0.1: "), "{error}");
    fixture.stand_in = back_at(address);
    assert_completes(&mut fixture);
}

/// The same organisation at the same address.
fn back_at(address: std::net::SocketAddr) -> Server {
    client::stand_in(|config: &mut Config| config.listen = address)
}

#[test]
fn a_second_run_returns_at_once() {
    let mut fixture = stuck();
    let other = fixture.cluster.connect();
    let token = other.cancel_token();
    let run = other.in_background("CALL diogen.refresh()");
    wait_until_stuck(&fixture);
    let (asked, requests) = (Instant::now(), fixture.stand_in.requests());
    fixture.db.run("CALL diogen.refresh()");
    assert!(asked.elapsed() < SOON);
    assert_eq!(fixture.stand_in.requests(), requests);
    let notices = fixture.db.notices();
    assert!(
        notices
            .iter()
            .any(|n| n.contains("acme is being fetched by another session")),
        "{notices:?}"
    );
    assert!(
        fixture
            .db
            .error("SELECT * FROM diogen.fetch('acme', 'commits')")
            .starts_with("55P03")
    );
    token.cancel_query(NoTls).expect("a cancel request");
    run.join().expect("a thread");
}

#[test]
fn fetch_works_inside_the_callers_transaction() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("SELECT * FROM diogen.fetch('acme', 'repositories')");
    let pages = db.lines("SELECT requests, documents, changed, finished FROM diogen.fetch('acme', 'pull_requests', max_pages => 1)");
    assert_eq!(pages, ["1|25|25|f"]);
    db.run("BEGIN; SELECT * FROM diogen.fetch('acme', 'pull_requests', max_pages => 1); ROLLBACK");
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'pull_requests'"),
        25
    );
    db.run("SELECT * FROM diogen.fetch('acme', 'pull_requests')");
    let held = "SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'pull_requests'";
    let truth = fixture.truth("pull_requests");
    assert_eq!(fixture.db.number(held), truth);
}

#[test]
fn an_older_version_does_not_replace_a_newer_one() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    let ingest = |title: &str, at: &str| {
        format!(
            r#"SELECT diogen.ingest('acme', 'pull_requests', '{{"number": 1, "title": "{title}", "updated_at": "{at}"}}', '{{"repository": "acme/x"}}')"#
        )
    };
    assert_eq!(db.number(&ingest("second", "2026-01-02T00:00:00Z")), 1);
    assert_eq!(db.number(&ingest("first", "2026-01-01T00:00:00Z")), 0);
    assert_eq!(db.number(&ingest("second", "2026-01-02T00:00:00Z")), 0);
    assert_eq!(db.number(&ingest("third", "2026-01-03T00:00:00Z")), 1);
    assert_eq!(
        db.value("SELECT doc ->> 'title' FROM diogen_bronze.documents"),
        "third"
    );
}

#[test]
fn a_source_that_shall_go_further_back_does_so() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("ALTER SERVER acme OPTIONS (SET since '2026-06-15')");
    db.run("CALL diogen.sync()");
    assert_ne!(fixture.differences_to_truth("acme"), [""; 0]);
    // Neither what bronze holds nor a source of the same name before stand in the way.
    let db = &mut fixture.db;
    db.run("ALTER SERVER acme OPTIONS (SET since '2026-06-01')");
    db.run("CALL diogen.sync()");
    db.run("SELECT diogen.drop_source('acme')");
    fixture.add_source("acme", "acme/*");
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}
