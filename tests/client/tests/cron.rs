//! Refreshing by pg_cron, in both of its modes.

use client::{Fixture, stand_in, wait_until};
use std::time::Duration;

/// pg_cron starts a job at the full minute.
const MINUTES: Duration = Duration::from_secs(150);

fn a_scheduled_run_brings_new_documents(options: &[&str]) {
    let mut fixture = Fixture::new(stand_in(|config| config.hold_back_hours = 48.0), options);
    if fixture
        .db
        .number("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'")
        == 0
    {
        println!("skipped: pg_cron is not installed");
        return;
    }
    fixture.add_source("acme", "acme/*");
    let db = &mut fixture.db;
    db.run("CREATE EXTENSION pg_cron");
    db.run("CALL diogen.refresh()");
    let documents = "SELECT count(*) FROM diogen_bronze.documents";
    let (held, merged) = (
        db.number(documents),
        db.number("SELECT count(*) FROM diogen_gold.changes"),
    );
    fixture.stand_in.advance(48.0);

    db.run("SELECT diogen.schedule('* * * * *')");
    assert_eq!(
        db.lines("SELECT name, source, schedule, command, active FROM diogen.jobs"),
        ["diogen|-|* * * * *|CALL diogen.refresh()|t"]
    );
    wait_until("a scheduled run", MINUTES, || {
        db.value("SELECT coalesce(last_status, '-') FROM diogen.jobs") == "succeeded"
    });
    assert!(db.number(documents) > held);
    assert!(db.number("SELECT count(*) FROM diogen_gold.changes") > merged);
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);

    let db = &mut fixture.db;
    assert_eq!(db.value("SELECT diogen.unschedule()"), "t");
    assert_eq!(db.value("SELECT diogen.unschedule()"), "f");
    assert_eq!(db.number("SELECT count(*) FROM diogen.jobs"), 0);
}

#[test]
fn pg_cron_over_connections() {
    a_scheduled_run_brings_new_documents(&[]);
}

#[test]
fn pg_cron_in_background_workers() {
    a_scheduled_run_brings_new_documents(&["--background-workers"]);
}

#[test]
fn without_pg_cron_the_error_says_what_to_do() {
    let mut fixture = Fixture::acme(|_| ());
    let error = fixture.db.error("SELECT diogen.schedule()");
    assert!(
        error.starts_with("0A000 pg_cron is not installed in database \"diogen\""),
        "{error}"
    );
    assert!(
        error.contains(
            "cron.schedule_in_database('diogen@diogen', '*/15 * * * *', 'CALL diogen.refresh()', 'diogen')"
        ),
        "{error}"
    );
    assert!(
        error.contains("psql -d diogen -c 'CALL diogen.refresh()'"),
        "{error}"
    );
    assert_eq!(fixture.db.number("SELECT count(*) FROM diogen.jobs"), 0);
    let error = fixture
        .db
        .error("SELECT diogen.schedule(source => 'nobody')");
    assert!(error.starts_with("42704"), "{error}");
}

#[test]
fn a_source_can_have_a_schedule_of_its_own() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    if db.try_rows("CREATE EXTENSION pg_cron").is_err() {
        println!("skipped: pg_cron is not installed");
        return;
    }
    db.run("SELECT diogen.schedule('0 * * * *', 'acme')");
    db.run("SELECT diogen.schedule('30 * * * *', 'acme')");
    assert_eq!(
        db.lines("SELECT name, source, schedule, command FROM diogen.jobs"),
        ["diogen:acme|acme|30 * * * *|CALL diogen.refresh('acme')"]
    );
    assert_eq!(
        db.value("SELECT diogen.unschedule()"),
        "f",
        "that is another job"
    );
    assert_eq!(db.value("SELECT diogen.unschedule('acme')"), "t");
}
