//! What a refresh costs in requests and time: the first one, one without news, one with a day's.

use client::Fixture;
use std::time::{Duration, Instant};

fn main() {
    for latency in [0, 50] {
        let mut fixture = Fixture::acme(|config| {
            config.days = 365;
            config.hold_back_hours = 24.0;
            config.latency = Duration::from_millis(latency);
        });
        println!(
            "stand-in with {latency} ms per request: {}",
            fixture.stand_in.summary()
        );
        measure(&mut fixture, "first refresh", "CALL diogen.refresh()");
        measure(&mut fixture, "without news", "CALL diogen.refresh()");
        fixture.stand_in.advance(24.0);
        measure(&mut fixture, "a day's news: sync", "CALL diogen.sync()");
        measure(
            &mut fixture,
            "a day's news: normalize",
            "CALL diogen.normalize()",
        );
        measure(
            &mut fixture,
            "a day's news: compute",
            "CALL diogen.compute()",
        );
        measure(
            &mut fixture,
            "normalize anew",
            "CALL diogen.normalize(rebuild => true)",
        );
        measure(
            &mut fixture,
            "compute anew",
            "CALL diogen.compute(rebuild => true)",
        );
        let dora = "SELECT * FROM diogen.dora('2025-06-01', '2026-07-01', bucket => 'week', by => 'repository')";
        let mut taken: Vec<_> = (0..9).map(|_| timed(&mut fixture, dora)).collect();
        taken.sort_by(f64::total_cmp);
        println!(
            "  dora by week and repository over the year: median {:.1} ms",
            taken[4] * 1000.0
        );
    }
}

fn timed(fixture: &mut Fixture, sql: &str) -> f64 {
    let started = Instant::now();
    fixture.db.run(sql);
    started.elapsed().as_secs_f64()
}

fn measure(fixture: &mut Fixture, what: &str, sql: &str) {
    let (requests, documents) = (fixture.stand_in.requests(), documents(fixture));
    let seconds = timed(fixture, sql);
    println!(
        "  {what}: {seconds:.2} s, {} requests, {} new documents",
        fixture.stand_in.requests() - requests,
        self::documents(fixture) - documents,
    );
}

fn documents(fixture: &mut Fixture) -> i64 {
    fixture
        .db
        .number("SELECT count(*) FROM diogen_bronze.documents")
}
