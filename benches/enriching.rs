//! What the histories of pull requests cost (first commit, ready, first review, approval): taken
//! from a batch of documents by polars, or put together from the tables by SQL.
//!
//! `DIOGEN_BENCH_DOCUMENTS` says how many pull requests, each with five commits, two reviews, two
//! comments and the draft history of every third.

mod settings;

use client::{Cluster, Session};
use std::time::Instant;

const ROUNDS: usize = 3;

/// A document of GraphQL, as far as normalizers read it.
const DOCUMENT: &str = r#"jsonb_build_object(
    'number', n, 'title', 'Pull request ' || n, 'state', 'OPEN', 'createdAt', t, 'updatedAt', t,
    'repository', jsonb_build_object('nameWithOwner', 'acme/r' || n % 20),
    'author', jsonb_build_object('__typename', 'User', 'login', 'alice'),
    'commits', jsonb_build_object('totalCount', 5, 'nodes', (
        SELECT jsonb_agg(jsonb_build_object('commit', jsonb_build_object(
            'oid', md5(n || '.' || k), 'authoredDate', t - k * interval '1 hour'))) FROM generate_series(1, 5) k)),
    'reviews', jsonb_build_object('nodes', (
        SELECT jsonb_agg(jsonb_build_object('fullDatabaseId', n * 10 + k, 'state', 'APPROVED',
            'author', jsonb_build_object('__typename', 'User', 'login', 'bob'), 'submittedAt', t + k * interval '1 hour'))
        FROM generate_series(1, 2) k)),
    'comments', jsonb_build_object('totalCount', 2, 'nodes', (
        SELECT jsonb_agg(jsonb_build_object('fullDatabaseId', n * 10 + k,
            'author', jsonb_build_object('__typename', 'User', 'login', 'carol'), 'createdAt', t + k * interval '50 min'))
        FROM generate_series(1, 2) k)),
    'timelineItems', jsonb_build_object('nodes', CASE n % 3 WHEN 0 THEN jsonb_build_array(jsonb_build_object(
        '__typename', 'ReadyForReviewEvent', 'id', 'event ' || n, 'createdAt', t + interval '10 min')) ELSE '[]' END))"#;

fn main() {
    let documents = settings::number("DIOGEN_BENCH_DOCUMENTS", 40_000);
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run(
        r#"CREATE EXTENSION diogen;
           SELECT diogen.add_source('acme', 'github', '{"repositories": "acme/*"}')"#,
    );
    db.run(&format!(
        "SET timezone = 'UTC';
         SELECT diogen.ingest('acme', 'pull_requests', (
             SELECT jsonb_agg({DOCUMENT})
             FROM generate_series(1, {documents}) n,
                  LATERAL (SELECT timestamptz '2025-01-01' + n * interval '3 min') AS at (t)))"
    ));
    db.run("CALL diogen.normalize()");
    db.run("VACUUM ANALYZE");
    let mut taken = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        db.run(
            "SELECT diogen.begin_batch(ARRAY(SELECT function FROM diogen.normalizers
                                             WHERE kind = 'github' AND stream = 'pull_requests'))",
        );
        db.run("SELECT diogen.read_documents('acme', array_agg(document_id)) FROM diogen_bronze.documents");
        taken[0].push(timed(&mut db, "SELECT diogen.complete_batch()"));
        // By as many at a time as enrichment takes.
        taken[1].push(timed(
            &mut db,
            "SELECT count(h.first_commit_at)
             FROM (SELECT array_agg(p.repository) AS repositories, array_agg(p.number) AS numbers
                   FROM diogen_silver.pull_requests p GROUP BY p.number / 5000) b
             CROSS JOIN LATERAL diogen.pull_request_histories('acme', b.repositories, b.numbers) h",
        ));
        db.run(
            "UPDATE diogen_silver.pull_requests SET first_commit_at = NULL;
             INSERT INTO diogen_silver.stale_pull_requests SELECT source, repository, number FROM diogen_silver.pull_requests",
        );
        db.run("VACUUM ANALYZE");
        taken[2].push(timed(&mut db, "SELECT diogen.enrich_pull_requests('acme')"));
    }
    println!("histories of {documents} pull requests");
    let ways = [
        "from a batch of documents, by polars",
        "from the tables, by SQL",
        "from the tables, by SQL, and stored",
    ];
    for (way, mut seconds) in ways.into_iter().zip(taken) {
        seconds.sort_by(f64::total_cmp);
        let median = seconds[ROUNDS / 2];
        println!(
            "  {way}: {:.0} ms, {:.1} µs each",
            median * 1000.0,
            median * 1e6 / documents as f64
        );
    }
}

fn timed(db: &mut Session, sql: &str) -> f64 {
    let started = Instant::now();
    db.run(sql);
    started.elapsed().as_secs_f64()
}
