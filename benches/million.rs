//! A million documents normalized by one backend: how fast, in how much memory, and how soon it
//! returns when it is asked to stop in the middle of it.
//!
//! `DIOGEN_BENCH_DOCUMENTS` says how many documents.
#![recursion_limit = "256"]

mod documents;
mod settings;

use client::Cluster;
use postgres::NoTls;
use std::time::{Duration, Instant};

/// Documents that are made; the rest are copies under other sources.
const ORIGINALS: usize = 20_000;
const PAGE: usize = 200;
const STOPS: u32 = 20;

fn main() {
    let wanted = settings::number("DIOGEN_BENCH_DOCUMENTS", 1_000_000);
    let sources = usize::max(1, wanted / ORIGINALS);
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run("ALTER SYSTEM SET max_wal_size = '16 GB'");
    db.run("SELECT pg_reload_conf()");
    db.run("CREATE EXTENSION diogen");
    for source in 1..=sources {
        db.run(&format!(
            r#"SELECT diogen.add_source('source {source}', 'github', '{{"repositories": "acme/*"}}')"#
        ));
    }
    let places: Vec<_> = (0..ORIGINALS).collect();
    for page in places.chunks(PAGE) {
        let page: Vec<_> = page.iter().map(|&it| documents::pull_request(it)).collect();
        let page = serde_json::Value::from(page)
            .to_string()
            .replace('\'', "''");
        db.run(&format!(
            "SELECT diogen.ingest('source 1', 'pull_requests', '{page}')"
        ));
    }
    // Stored values are copied as they are.
    db.run(&format!(
        "INSERT INTO diogen_bronze.documents (source, stream, key, scope, doc, context, updated_at)
         SELECT 'source ' || n, d.stream, d.key, d.scope, d.doc, d.context, d.updated_at
         FROM generate_series(2, {sources}) n CROSS JOIN diogen_bronze.documents d WHERE d.source = 'source 1'"
    ));
    db.run("VACUUM ANALYZE");

    let mut worker = cluster.connect();
    let pid = worker.pid();
    let started = Instant::now();
    worker.run("CALL diogen.normalize()");
    let seconds = started.elapsed().as_secs_f64();
    let documents = sources * ORIGINALS;
    println!(
        "{documents} documents in {seconds:.1} s, {:.0} a second",
        documents as f64 / seconds
    );
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    for line in ["VmHWM", "RssAnon", "RssShmem"] {
        let line = status.lines().find(|it| it.starts_with(line));
        println!("  {}", line.expect("a line of the process's status"));
    }
    drop(worker);

    let mut taken: Vec<_> = (0..STOPS).map(|round| stop(&cluster, round)).collect();
    taken.sort();
    println!(
        "cancel in the middle of it: median {:.0} ms, slowest of {STOPS} {:.0} ms",
        taken[taken.len() / 2].as_secs_f64() * 1000.0,
        taken[taken.len() - 1].as_secs_f64() * 1000.0
    );
}

/// The time between asking a rebuild to stop, each time at another moment, and its return.
fn stop(cluster: &Cluster, round: u32) -> Duration {
    let session = cluster.connect();
    let token = session.cancel_token();
    let run = session.in_background("CALL diogen.normalize(rebuild => true)");
    std::thread::sleep(Duration::from_millis(30) + Duration::from_millis(45) * round);
    let asked = Instant::now();
    token.cancel_query(NoTls).expect("a cancel request");
    let error = run.join().expect("a thread that ends");
    assert!(error.is_some_and(|error| error.starts_with("57014")));
    asked.elapsed()
}
