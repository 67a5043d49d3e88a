//! Many write at once: two sessions, pg_cron, and webhooks. Nothing is lost, the newest version wins.

use client::{Fixture, Session, stand_in, wait_until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// pg_cron starts a job at the full minute.
const MINUTES: Duration = Duration::from_secs(150);
/// Versions of each document that webhooks bring.
const VERSIONS: u32 = 60;

/// Does something over and over in a session of its own until it is told to stop.
fn over_and_over(
    mut session: Session,
    stop: &Arc<AtomicBool>,
    mut step: impl FnMut(&mut Session) + Send + 'static,
) -> JoinHandle<()> {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            step(&mut session);
        }
    })
}

/// A statement that may find the source being fetched by another session.
fn run_unless_busy(session: &mut Session, sql: &str) {
    if let Err(error) = session.try_rows(sql) {
        let code = error.code().map(|code| code.code().to_owned());
        assert_eq!(code.as_deref(), Some("55P03"), "{sql}: {error}");
    }
}

/// A webhook's document: version `version` of a pull request that only webhooks know.
fn webhook(number: u32, version: u32) -> String {
    format!(
        r#"SELECT diogen.ingest('acme', 'pull_requests', '{{"number": {number}, "title": "version {version}",
            "updated_at": "2026-01-01T00:{:02}:00Z"}}', '{{"repository": "acme/hooks"}}')"#,
        version % 60
    )
}

fn all_at_once(options: &[&str]) {
    let mut fixture = Fixture::new(
        stand_in(|config| {
            config.until = None;
            config.hold_back_hours = 240.0;
        }),
        options,
    );
    fixture.add_source("acme", "acme/*");
    let has_cron = fixture
        .db
        .number("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'")
        > 0;
    if has_cron {
        fixture.db.run("CREATE EXTENSION pg_cron");
        fixture.db.run("SELECT diogen.schedule('* * * * *')");
    } else {
        println!("without pg_cron: it is not installed");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = vec![
        over_and_over(fixture.cluster.connect(), &stop, |session| {
            run_unless_busy(session, "CALL diogen.refresh()");
        }),
        over_and_over(fixture.cluster.connect(), &stop, |session| {
            run_unless_busy(
                session,
                "SELECT * FROM diogen.fetch('acme', 'pull_requests', max_pages => 2)",
            );
        }),
        // What comes late through a webhook is older than what the API has shown.
        over_and_over(fixture.cluster.connect(), &stop, |session| {
            session.run(
                "SELECT diogen.ingest('acme', 'pull_requests', coalesce(
                     jsonb_agg(d.doc || '{\"updatedAt\": \"2020-01-01T00:00:00Z\", \"title\": \"stale\"}'), '[]'))
                 FROM (SELECT d.doc FROM diogen_bronze.documents d
                       WHERE d.source = 'acme' AND d.stream = 'pull_requests' AND d.doc ? 'id'
                       ORDER BY random() LIMIT 5) d",
            );
        }),
    ];
    // Two that bring the same versions in different orders.
    for order in [1, 7] {
        let mut next = 0;
        writers.push(over_and_over(
            fixture.cluster.connect(),
            &stop,
            move |session| {
                let (number, version) = (next / VERSIONS % 5 + 1, next * order % VERSIONS);
                session.run(&webhook(number, version));
                next += 1;
            },
        ));
    }
    for _ in 0..12 {
        fixture.stand_in.advance(20.0);
        std::thread::sleep(Duration::from_millis(500));
    }
    if has_cron {
        let db = &mut fixture.db;
        wait_until("a scheduled run", MINUTES, || {
            db.value("SELECT coalesce(last_status, '-') FROM diogen.jobs") == "succeeded"
        });
        db.run("SELECT diogen.unschedule()");
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.join().expect("no error");
    }
    // Each webhook's versions have all been brought by both in the end.
    for number in 1..=5 {
        for version in 0..VERSIONS {
            fixture.db.run(&webhook(number, version));
        }
    }
    let db = &mut fixture.db;
    db.run("UPDATE diogen_bronze.cursors SET mark = NULL, cursor = cursor - 'reread_at' WHERE stream = 'workflow_runs'");
    db.run("CALL diogen.refresh()");
    assert_eq!(
        db.lines("SELECT sqlstate, finding FROM diogen_bronze.findings"),
        [""; 0]
    );
    assert_eq!(
        db.lines("SELECT DISTINCT doc ->> 'title' FROM diogen_bronze.documents WHERE scope = 'acme/hooks'"),
        [format!("version {}", VERSIONS - 1)]
    );
    db.run("DELETE FROM diogen_bronze.documents WHERE scope = 'acme/hooks'");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    fixture.add_source("undisturbed", "acme/*");
    fixture.db.run("CALL diogen.sync('undisturbed')");
    assert_eq!(fixture.differences_between("acme", "undisturbed"), [""; 0]);
}

#[test]
fn with_pg_cron_over_connections() {
    all_at_once(&[]);
}

#[test]
fn with_pg_cron_in_background_workers() {
    all_at_once(&["--background-workers"]);
}
