//! Cancelled, killed, cut off: what came is kept, and the next run finishes.

use crate::{BOTH, a_page_of_changes_and_more, assert_no_findings, sync};
use client::{Fixture, wait_until};
use postgres::NoTls;
use stand_in::jira::Flavour;
use stand_in::{Action, Fault};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Far shorter than the wait for an answer that never comes.
const SOON: Duration = Duration::from_secs(10);
const SLOW: Duration = Duration::from_secs(60);

/// What is cut off, and how.
type CutOff = fn(&mut Fixture, &'static str, u64);

/// Lets a run come to requests that are never answered, after so many that are.
fn hang(fixture: &mut Fixture, matching: &'static str, after: u64) {
    let fault = Fault::every(matching, Action::Hang).after(after);
    fixture.stand_in.script(vec![fault]);
}

fn asked(fixture: &Fixture, matching: &str) -> u64 {
    let counts = fixture.stand_in.counts();
    let matching = counts.iter().filter(|(label, _)| label.contains(matching));
    matching.map(|(_, number)| number).sum()
}

fn wait_until_stuck(fixture: &Fixture, matching: &str, after: u64) {
    wait_until("a request that hangs", SLOW, || {
        asked(fixture, matching) > after
    });
    // The answers before it are being stored.
    std::thread::sleep(Duration::from_millis(500));
}

fn stopped(run: JoinHandle<Option<String>>, asked: Instant) -> String {
    let error = run.join().expect("a thread").expect("an error");
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    error
}

fn cancel(fixture: &mut Fixture, matching: &'static str, after: u64) {
    hang(fixture, matching, after);
    let other = fixture.cluster.connect();
    let token = other.cancel_token();
    let run = other.in_background("CALL diogen.sync('jira')");
    wait_until_stuck(fixture, matching, after);
    let asked = Instant::now();
    token.cancel_query(NoTls).expect("a cancel request");
    let error = stopped(run, asked);
    assert!(error.starts_with("57014"), "{error}");
}

fn kill(fixture: &mut Fixture, matching: &'static str, after: u64) {
    hang(fixture, matching, after);
    let mut other = fixture.cluster.connect();
    let pid = other.pid();
    let run = other.in_background("CALL diogen.sync('jira')");
    wait_until_stuck(fixture, matching, after);
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(killed.expect("kill").success());
    stopped(run, Instant::now());
    wait_until("the crash", SLOW, || {
        fixture.cluster.log().contains("reinitializing")
    });
    wait_until("recovery", SLOW, || fixture.cluster.is_up());
    fixture.db = fixture.cluster.connect();
}

/// Finishes what was cut off, and compares with a source that was read without disturbance.
fn assert_completes(fixture: &mut Fixture, projects: &[&str]) {
    fixture.stand_in.script(Vec::new());
    sync(fixture);
    assert_no_findings(fixture);
    assert_eq!(fixture.differences_to_jira("jira", projects), [""; 0]);
    let db = &mut fixture.db;
    assert_eq!(
        db.lines("SELECT stream FROM diogen.status WHERE source = 'jira' AND state <> 'complete'"),
        [""; 0]
    );
    assert_eq!(db.number("SELECT count(*) FROM diogen_bronze.queue"), 0);
    let wanted = if projects.len() == 1 {
        projects[0]
    } else {
        "*"
    };
    fixture.add_jira("undisturbed", wanted, "");
    let db = &mut fixture.db;
    db.run("CALL diogen.sync('undisturbed')");
    let rows = |source| {
        format!(
            "SELECT stream, key, scope, context, doc FROM diogen_bronze.documents WHERE source = '{source}'"
        )
    };
    let (one, other) = (rows("jira"), rows("undisturbed"));
    let differing = db.lines(&format!(
        "SELECT DISTINCT stream, key FROM (({one} EXCEPT {other}) UNION ALL ({other} EXCEPT {one})) d"
    ));
    assert_eq!(differing, [""; 0]);
}

#[test]
fn issues_that_were_cut_off_are_read_on() {
    for flavour in BOTH {
        for cut_off in [cancel as CutOff, kill] {
            let mut fixture = Fixture::jira(flavour, |_, _| ());
            let matching = match flavour {
                Flavour::Cloud => "/3/search/jql",
                Flavour::DataCenter => "/2/search",
            };
            cut_off(&mut fixture, matching, 2);
            let half = "SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'issues'";
            assert_eq!(fixture.db.number(half), 200, "two pages are kept");
            let runs = "SELECT state, documents > 200 FROM diogen.runs ORDER BY run DESC LIMIT 1";
            assert_eq!(fixture.db.lines(runs), ["interrupted|t"]);
            assert_completes(&mut fixture, &client::PROJECTS);
        }
    }
}

#[test]
fn changes_that_were_cut_off_are_read_on() {
    for cut_off in [cancel as CutOff, kill] {
        let mut fixture = a_page_of_changes_and_more();
        cut_off(&mut fixture, "bulkfetch", 1);
        let held = "SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'changelogs'";
        assert_eq!(fixture.db.number(held), 10_000, "a page is kept");
        let state =
            "SELECT state FROM diogen.status WHERE source = 'jira' AND stream = 'changelogs'";
        assert_eq!(fixture.db.value(state), "running");
        assert_completes(&mut fixture, &["PAY"]);
    }
}
