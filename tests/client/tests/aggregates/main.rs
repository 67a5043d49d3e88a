//! The aggregates for anyone's own GROUP BY: the worked examples, and every way in which
//! PostgreSQL calls an aggregate.

mod execution;
mod figures;
mod sketches;

use client::{Cluster, Session};

/// All of them at once over `facts`.
const ALL: &str = "diogen.median(took) AS median, diogen.percentile(took, 0.9) AS p90,
    diogen.median(points) AS points, diogen.percentile(points, 0.85) AS p85,
    diogen.change_failure_rate(failed) AS failure_rate,
    diogen.deployment_frequency(at, '2026-06-01 00:00+00', '2026-06-29 00:00+00') AS frequency,
    diogen.duration_sketch(took) AS sketch, diogen.rollup(one) AS rollup";

/// What PostgreSQL's own say of the same, but for the sketches.
const OWN: &str = "percentile_cont(0.5) WITHIN GROUP (ORDER BY took),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY took),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY points),
    percentile_cont(0.85) WITHIN GROUP (ORDER BY points),
    (count(*) FILTER (WHERE failed))::float8 / nullif(count(failed), 0),
    CASE WHEN count(*) > 0 THEN
        (count(*) FILTER (WHERE at >= '2026-06-01 00:00+00' AND at < '2026-06-29 00:00+00'))::float8 / 28 END";

/// A session in a cluster, which lives as long as this.
struct Database {
    db: Session,
    cluster: Cluster,
}

fn database() -> Database {
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run("CREATE EXTENSION diogen; SET timezone = 'UTC'");
    Database { db, cluster }
}

impl Database {
    /// Facts with gaps in groups of very different sizes; `one` is a sketch of one duration.
    fn with_facts(count: usize) -> Self {
        let mut database = database();
        database.db.run(&format!(
            "SELECT setseed(0.5);
             CREATE TABLE facts AS
             SELECT id, least(floor(1 / random()), 40)::int AS team,
                    CASE WHEN random() < 0.9 THEN make_interval(secs => (random() - 0.2) * 10 ^ (random() * 7)) END AS took,
                    CASE WHEN random() < 0.9 THEN random() * 100 END AS points,
                    CASE WHEN random() < 0.9 THEN random() < 0.2 END AS failed,
                    timestamptz '2026-05-20 00:00+00' + random() * interval '50 days' AS at
             FROM generate_series(1, {count}) AS id;
             INSERT INTO facts SELECT -id, 100, NULL, NULL, NULL, '2026-06-01 00:00+00' FROM generate_series(1, 3) AS id;
             ALTER TABLE facts ADD one diogen.duration_sketch;
             UPDATE facts f SET one = s.sketch
             FROM (SELECT id, diogen.duration_sketch(took) AS sketch FROM facts GROUP BY id) s WHERE s.id = f.id"
        ));
        database.db.run("VACUUM ANALYZE facts");
        database
    }
}
