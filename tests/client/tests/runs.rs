//! The log of runs: true to what was asked, up to date while one is under way, and kept short.

use client::{Cluster, Fixture, Session, stand_in, wait_until};
use postgres::NoTls;
use stand_in::{Action, Bulk, Fault, Status};
use std::thread::JoinHandle;
use std::time::Duration;

const SLOW: Duration = Duration::from_secs(30);
const LAST: &str = "SELECT state FROM diogen.runs ORDER BY run DESC LIMIT 1";

/// Runs a statement in a session of its own, which comes back with whether it succeeded.
fn in_background(mut session: Session, sql: &'static str) -> JoinHandle<(Session, bool)> {
    std::thread::spawn(move || {
        let succeeded = session.try_rows(sql).is_ok();
        (session, succeeded)
    })
}

fn status(code: u16, body: &str) -> Action {
    Action::Status(Status {
        code,
        body: body.to_owned(),
        headers: Default::default(),
    })
}

/// A run that waits for its third page of pull requests, which never comes.
fn stuck(fixture: &Fixture, session: Session) -> JoinHandle<(Session, bool)> {
    let hang = Fault::every("PullRequests", Action::Hang).after(2);
    fixture.stand_in.script(vec![hang]);
    let asked = |fixture: &Fixture| {
        let counts = fixture.stand_in.counts();
        let pages = counts.get("POST /graphql PullRequests");
        pages.copied().unwrap_or_default()
    };
    let before = asked(fixture);
    let run = in_background(session, "CALL diogen.sync()");
    wait_until("the page that hangs", SLOW, || asked(fixture) >= before + 3);
    // What came before it is being stored.
    std::thread::sleep(Duration::from_millis(300));
    run
}

#[test]
fn views_are_empty_before_there_is_a_source() {
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run("CREATE EXTENSION diogen");
    for view in ["runs", "status", "sources", "jobs"] {
        assert_eq!(db.number(&format!("SELECT count(*) FROM diogen.{view}")), 0);
    }
    assert_eq!(
        db.value("SELECT to_regnamespace('diogen_bronze') IS NULL"),
        "t",
        "looking makes nothing"
    );
}

#[test]
fn a_run_is_counted_truly() {
    let mut fixture = Fixture::acme(|_| ());
    // Failed attempts are requests too.
    let gateway = Fault::every("", status(503, "")).after(5).times(2);
    fixture.stand_in.script(vec![gateway]);
    fixture.db.run("CALL diogen.sync()");
    let requests = fixture.stand_in.requests();
    let db = &mut fixture.db;
    let documents = db.number("SELECT count(*) FROM diogen_bronze.documents");
    assert_eq!(
        db.lines(
            "SELECT source, state, requests, changed, errors, note, estimated_remaining, time_left FROM diogen.runs"
        ),
        [format!("acme|complete|{requests}|{documents}|0|-|-|-")]
    );
    assert_eq!(
        db.value(
            "SELECT started_at < finished_at AND duration = finished_at - started_at
                    AND waited > interval '0' AND waited < duration
                    AND documents >= changed AND documents_per_second > 0
             FROM diogen.runs"
        ),
        "t"
    );
    let by_stream = "SELECT s.stream, s.documents, s.changed FROM diogen.runs r
                     CROSS JOIN LATERAL jsonb_each(r.streams) AS e (stream, counts)
                     CROSS JOIN LATERAL (SELECT e.stream, (e.counts ->> 'documents')::bigint, (e.counts ->> 'changed')::bigint)
                         AS s (stream, documents, changed)
                     WHERE r.run = (SELECT max(run) FROM diogen.runs) AND s.documents > 0 ORDER BY 1";
    assert_eq!(
        db.lines(&format!("SELECT stream, changed FROM ({by_stream}) s")),
        db.lines("SELECT stream, count(*) FROM diogen_bronze.documents GROUP BY 1 ORDER BY 1")
    );
    assert_eq!(
        db.value(&format!(
            "SELECT sum(documents) = (SELECT documents FROM diogen.runs) FROM ({by_stream}) s"
        )),
        "t"
    );
    assert_eq!(
        db.value("SELECT sum(requests) FROM diogen.status"),
        requests.to_string()
    );

    // Without news it says so, of each repository.
    let notices = db.notices();
    assert!(
        notices
            .iter()
            .any(|n| n.starts_with("NOTICE acme · commits: ")),
        "{notices:?}"
    );
    db.run("CALL diogen.sync()");
    let news = "SELECT state, requests, changed, streams #>> '{commits,without_news}' FROM diogen.runs ORDER BY run DESC LIMIT 1";
    assert_eq!(db.lines(news), ["complete|1|0|8"]);
    let notices = db.notices();
    let quiet = "NOTICE acme · commits: 0 documents read; no news for 8".to_owned();
    assert!(notices.contains(&quiet), "{notices:?}");
}

#[test]
fn a_run_that_fails_or_stops_says_so() {
    let mut fixture = Fixture::acme(|_| ());
    let broken = Fault::every("Deployments", status(418, "teapot"));
    let gone = Fault::every("Issues", status(403, "no")).of("acme/web");
    fixture.stand_in.script(vec![broken, gone]);
    fixture.db.run("CALL diogen.sync()");
    let requests = fixture.stand_in.requests();
    let db = &mut fixture.db;
    let repositories =
        db.number("SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'repositories'");
    assert_eq!(
        db.lines("SELECT state, requests, errors, note FROM diogen.runs"),
        [format!("failed|{requests}|{}|-", repositories + 1)]
    );
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_bronze.findings"),
        repositories + 1
    );
    assert_eq!(
        db.lines("SELECT stream FROM diogen.status WHERE state = 'failed' ORDER BY 1"),
        ["deployments", "issues"]
    );

    let refused = Fault::every("Repositories", status(401, "no"));
    fixture.stand_in.script(vec![refused]);
    let db = &mut fixture.db;
    db.run("CALL diogen.sync()");
    let last = "SELECT state, requests, errors, note FROM diogen.runs ORDER BY run DESC LIMIT 1";
    assert_eq!(
        db.lines(last),
        ["stop|1|1|127.0.0.1 refused the credentials (HTTP 401): no"]
    );
    // Put right, the next one mends all.
    fixture.stand_in.script(Vec::new());
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.db.value(LAST), "complete");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn other_sessions_see_how_far_a_run_is() {
    let mut fixture = Fixture::acme(|_| ());
    let other = fixture.cluster.connect();
    let token = other.cancel_token();
    let run = stuck(&fixture, other);
    let db = &mut fixture.db;
    assert_eq!(db.value(LAST), "running");
    assert_eq!(
        db.value(
            "SELECT documents = (SELECT count(*) FROM diogen_bronze.documents) AND documents > 50
                    AND documents_per_second > 0 AND estimated_remaining > 0 AND time_left > interval '0'
                    AND finished_at IS NULL AND duration > waited
             FROM diogen.runs"
        ),
        "t"
    );
    // The pass that hangs is among what remains, as the API says how much there is.
    let remaining = db.number("SELECT estimated_remaining FROM diogen.runs");
    let expected = db.number(
        "SELECT sum(greatest(pass_total - pass_documents, 0)) FROM diogen_bronze.cursors WHERE state = 'running'",
    );
    assert_eq!(remaining, expected);
    // The count goes on while nothing is stored.
    let duration = "SELECT extract(epoch FROM duration) FROM diogen.runs";
    let before: f64 = db.value(duration).parse().expect("a number");
    std::thread::sleep(Duration::from_millis(50));
    let after: f64 = db.value(duration).parse().expect("a number");
    assert!(after > before);

    // So does a role that may not see what other sessions do.
    db.run(
        "CREATE ROLE reader LOGIN;
         GRANT USAGE ON SCHEMA diogen_bronze TO reader;
         GRANT SELECT ON diogen_bronze.runs, diogen_bronze.cursors TO reader",
    );
    let mut reader = fixture.cluster.connect_as("reader");
    assert_eq!(reader.value(LAST), "running");

    token.cancel_query(NoTls).expect("a cancel request");
    let (mut other, succeeded) = run.join().expect("a thread");
    assert!(!succeeded);
    // The session lives on; its answer says that it has let go of what it held, which its error
    // came before.
    assert_eq!(other.value(LAST), "interrupted");
    let db = &mut fixture.db;
    assert_eq!(db.value(LAST), "interrupted");
    assert_eq!(
        db.lines("SELECT finished_at, estimated_remaining, time_left FROM diogen.runs"),
        ["-|-|-"]
    );
    // A run that was cut off has lasted until it was last heard of.
    let duration = "SELECT duration FROM diogen.runs ORDER BY run LIMIT 1";
    let lasted = db.value(duration);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(db.value(duration), lasted);
    fixture.stand_in.script(Vec::new());
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(
        fixture
            .db
            .lines("SELECT state FROM diogen.runs ORDER BY run"),
        ["interrupted", "complete"]
    );
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn a_killed_run_was_interrupted() {
    let mut fixture = Fixture::acme(|_| ());
    let mut other = fixture.cluster.connect();
    let pid = other.pid();
    let run = stuck(&fixture, other);
    assert_eq!(fixture.db.value(LAST), "running");
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(killed.expect("kill").success());
    assert!(!run.join().expect("a thread").1);
    wait_until("the crash", SLOW, || {
        fixture.cluster.log().contains("reinitializing")
    });
    wait_until("recovery", SLOW, || fixture.cluster.is_up());
    fixture.db = fixture.cluster.connect();
    assert_eq!(fixture.db.value(LAST), "interrupted");
    assert_ne!(fixture.db.number("SELECT documents FROM diogen.runs"), 0);
    fixture.stand_in.script(Vec::new());
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.db.value(LAST), "complete");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn a_long_run_tells_how_far_it_is() {
    let stand_in = stand_in(|config| {
        config.organisation = None;
        config.latency = Duration::from_millis(300);
        config.bulk = Some(Bulk {
            pull_requests: 500,
            ..Bulk::default()
        });
    });
    let mut fixture = Fixture::new(stand_in, &[]);
    fixture.add_source("bulk", "bulk/*");
    fixture
        .db
        .run("CALL diogen.sync('bulk', '{repositories, pull_requests}')");
    let notices = fixture.db.notices();
    let told: Vec<_> = notices.iter().filter(|n| n.contains(" a second")).collect();
    assert!(!told.is_empty(), "{notices:?}");
    for notice in told {
        // For example: bulk · 250 documents, 90.1 a second; at most 250 to come in what is under way, 3 s
        let (documents, rest) = notice
            .strip_prefix("NOTICE bulk · ")
            .and_then(|notice| notice.split_once(" documents, "))
            .expect("documents");
        let documents: i64 = documents.parse().expect("a number");
        assert!((1..=501).contains(&documents), "{notice}");
        let to_come = rest
            .split_once("; at most ")
            .and_then(|(_, rest)| rest.split_once(" to come"));
        let to_come: i64 = to_come.map_or(0, |(n, _)| n.parse().expect("a number"));
        // The document beside the pull requests is the repository.
        assert_eq!(documents - 1 + to_come, 500, "{notice}");
    }
}

#[test]
fn a_thousand_runs_of_a_source_are_kept() {
    let mut fixture = Fixture::acme(|_| ());
    fixture.add_source("beside", "acme/web");
    let db = &mut fixture.db;
    db.run(
        "INSERT INTO diogen_bronze.runs (source, outcome)
         SELECT s, 'complete' FROM generate_series(1, 1500), unnest('{acme, beside}'::text[]) AS s",
    );
    let count = "SELECT source, count(*) FROM diogen_bronze.runs GROUP BY 1 ORDER BY 1";
    for _ in 0..2 {
        db.run("CALL diogen.sync('acme', '{repositories}')");
        assert_eq!(db.lines(count), ["acme|1000", "beside|1500"]);
    }
    // The oldest went: those before the last thousand numbers of the source.
    let kept = "SELECT source, count(*) FILTER (WHERE requests > 0) FROM diogen.runs GROUP BY 1 ORDER BY 1";
    assert_eq!(db.lines(kept), ["acme|2", "beside|0"]);
    assert_eq!(db.value(LAST), "complete");
}

#[test]
fn roles_see_the_log_when_they_were_granted_it() {
    let mut fixture = Fixture::acme(|_| ());
    fixture.db.run("CALL diogen.sync()");
    fixture.db.run("CREATE ROLE reader LOGIN");
    let mut reader = fixture.cluster.connect_as("reader");
    for refused in [
        "TABLE diogen.runs",
        "TABLE diogen.status",
        "SELECT * FROM diogen.run_list()",
        "TABLE diogen_bronze.runs",
        "TABLE diogen_bronze.budgets",
        "TABLE diogen_bronze.salt",
        "SELECT diogen.credential_of('acme')",
        "SELECT diogen.begin_run('acme')",
        "SELECT diogen.end_run(1, 'stop')",
        "SELECT diogen.note_budget('acme', NULL, '{}')",
        "SELECT diogen.close_budget('acme', NULL, '')",
    ] {
        let error = reader.error(refused);
        assert!(error.starts_with("42501"), "{refused}: {error}");
    }
    fixture.db.run(
        "GRANT USAGE ON SCHEMA diogen_bronze TO reader;
         GRANT SELECT ON diogen_bronze.runs, diogen_bronze.cursors TO reader",
    );
    assert_eq!(
        reader.lines("SELECT source, state FROM diogen.runs"),
        ["acme|complete"]
    );
    // What stands for a credential is of no use without the key of the hash.
    let error = reader.error("TABLE diogen_bronze.salt");
    assert!(error.starts_with("42501"), "{error}");
}
