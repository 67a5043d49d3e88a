//! Whatever cuts a sync off, as often as one likes: nothing is lost, nothing is stored twice.

use client::{Fixture, Session, stand_in, wait_until};
use postgres::NoTls;
use stand_in::{Bulk, Config};
use std::time::Duration;

const KILLS: usize = 200;
const SLOW: Duration = Duration::from_secs(60);

/// How a run is cut off.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Cancel,
    Terminate,
    Sigkill,
    Restart,
}

impl Cut {
    fn strike(self, fixture: &mut Fixture, pid: i64, token: &postgres::CancelToken) {
        match self {
            Cut::Cancel => {
                let _ = token.cancel_query(NoTls);
            }
            Cut::Terminate => {
                let _ = std::process::Command::new("kill")
                    .arg(pid.to_string())
                    .status();
            }
            Cut::Sigkill => {
                let _ = std::process::Command::new("kill")
                    .args(["-9", &pid.to_string()])
                    .status();
            }
            Cut::Restart => fixture.cluster.restart(),
        }
    }
}

fn connect(fixture: &Fixture) -> Session {
    let mut session = None;
    wait_until("recovery", SLOW, || {
        session = Session::open(&fixture.cluster.url("postgres")).ok();
        session.is_some()
    });
    session.expect("a session")
}

#[test]
fn two_hundred_kills_lose_nothing_and_repeat_nothing() {
    let stand_in = stand_in(|config: &mut Config| {
        config.organisation = None;
        config.latency = Duration::from_millis(10);
        config.bulk = Some(Bulk {
            repositories: 4,
            pull_requests: 1250,
            issues: 1250,
            oversized: 3,
            ..Bulk::default()
        });
    });
    let mut fixture = Fixture::new(stand_in, &[]);
    fixture.add_source("bulk", "bulk/*");
    // The dice fall the same each time; what they hit depends on the machine.
    let mut dice = fastrand::Rng::with_seed(7);
    let kinds = [
        "pull_requests",
        "commits",
        "issues",
        "workflow_runs",
        "deployments",
    ];
    let expected: i64 = kinds.iter().map(|kind| fixture.truth(kind)).sum();
    let mut cut_off = 0;
    let mut spread = Vec::new();
    for kill in 0..KILLS {
        let cut = match dice.u8(0..20) {
            0 => Cut::Restart,
            1..=5 => Cut::Sigkill,
            6..=10 => Cut::Terminate,
            _ => Cut::Cancel,
        };
        let mut session = connect(&fixture);
        let (pid, token) = (session.pid(), session.cancel_token());
        let run = std::thread::spawn(move || session.try_rows("CALL diogen.sync()").is_err());
        // Spread over the whole of it: each one comes when its part has arrived.
        let due = expected * i64::try_from(kill).expect("a small number") / KILLS as i64;
        let mut held = 0;
        wait_until("documents", SLOW, || {
            held = fixture
                .db
                .number("SELECT count(*) FROM diogen_bronze.documents");
            held >= due
        });
        std::thread::sleep(Duration::from_millis(dice.u64(0..25)));
        cut.strike(&mut fixture, pid, &token);
        cut_off += usize::from(run.join().expect("a thread"));
        if matches!(cut, Cut::Sigkill | Cut::Restart) {
            // A killed backend takes all others with it, in a moment.
            wait_until("the crash", SLOW, || {
                fixture.db.try_rows("SELECT 1").is_err()
            });
            fixture.db = connect(&fixture);
        }
        spread.push(held);
    }
    let mut session = connect(&fixture);
    session.run("CALL diogen.sync()");
    fixture.db = session;
    println!("{cut_off} of {KILLS} cut a run off; documents after each: {spread:?}");
    assert!(cut_off > KILLS / 2, "only {cut_off} hit a run");

    assert_eq!(fixture.differences_to_truth("bulk"), [""; 0]);
    let db = &mut fixture.db;
    assert_eq!(
        db.lines("SELECT stream, last_error FROM diogen.status WHERE state <> 'complete'"),
        [""; 0]
    );
    assert_eq!(db.number("SELECT count(*) FROM diogen_bronze.queue"), 0);
    // Each document was written in one transaction that lasted, and by one run.
    assert_eq!(
        db.number("SELECT sum(changed) FROM diogen.runs"),
        db.number("SELECT count(*) FROM diogen_bronze.documents")
    );
    // Document for document what a source has that was read without disturbance.
    fixture.add_source("undisturbed", "bulk/*");
    fixture.db.run("CALL diogen.sync('undisturbed')");
    assert_eq!(fixture.differences_between("bulk", "undisturbed"), [""; 0]);
}
