//! How soon a statement that waits for an API returns after it was asked to stop.

use client::{Fixture, wait_until};
use postgres::NoTls;
use stand_in::{Action, Fault};
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;

fn main() {
    let mut fixture = Fixture::acme(|_| ());
    fixture
        .stand_in
        .script(vec![Fault::every("Repositories", Action::Hang)]);
    for how in ["cancel", "terminate", "statement_timeout"] {
        let mut taken: Vec<_> = (0..ROUNDS).map(|_| stop(&mut fixture, how)).collect();
        taken.sort();
        let milliseconds = |d: Duration| d.as_secs_f64() * 1000.0;
        println!(
            "{how}: median {:.1} ms, slowest of {ROUNDS} {:.1} ms",
            milliseconds(taken[ROUNDS / 2]),
            milliseconds(taken[ROUNDS - 1])
        );
    }
}

/// The time between asking a waiting `sync` to stop and its return.
fn stop(fixture: &mut Fixture, how: &str) -> Duration {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let mut waiting = fixture.cluster.connect();
    let (pid, token) = (waiting.pid(), waiting.cancel_token());
    if how == "statement_timeout" {
        waiting.run(&format!("SET statement_timeout = {}", TIMEOUT.as_millis()));
        let started = Instant::now();
        waiting.error("CALL diogen.sync()");
        return started.elapsed().saturating_sub(TIMEOUT);
    }
    let before = fixture.stand_in.requests();
    let run = std::thread::spawn(move || waiting.try_rows("CALL diogen.sync()").is_err());
    wait_until("the request", Duration::from_secs(10), || {
        fixture.stand_in.requests() > before
    });
    std::thread::sleep(Duration::from_millis(30));
    let asked = Instant::now();
    match how {
        "cancel" => token.cancel_query(NoTls).expect("a cancel request"),
        _ => fixture
            .db
            .run(&format!("SELECT pg_terminate_backend({pid})")),
    }
    assert!(run.join().expect("a thread"), "it was not stopped");
    asked.elapsed()
}
