//! The aggregates for anyone's own GROUP BY: the worked examples, and every way in which
//! PostgreSQL calls an aggregate.

use client::{Cluster, Session, wait_until};
use std::time::{Duration, Instant};

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

fn hours(values: &str) -> String {
    format!(
        "(SELECT make_interval(hours => h) AS took FROM unnest('{{{values}}}'::int[]) AS h) AS facts"
    )
}

#[test]
fn statistics_are_those_of_the_worked_examples() {
    let Database {
        mut db,
        cluster: _cluster,
    } = database();
    for (id, values, expected) in [
        ("A1, A12", "10, 20, 30, 100", "25:00:00"),
        ("A1b", "2, 30", "16:00:00"),
        ("A2", "", "-"),
        ("A3", "5, 5, 5, 9", "05:00:00"),
        ("A4", "1, 1, 1, 1, 96", "01:00:00"),
        ("A5", "1, 2, 3, 10", "02:30:00"),
        ("A7", "10, NULL", "10:00:00"),
    ] {
        let facts = hours(values);
        let median = format!("SELECT diogen.median(took) FROM {facts}");
        assert_eq!(db.value(&median), expected, "{id}");
        let sketch = format!("SELECT diogen.median(diogen.duration_sketch(took)) FROM {facts}");
        assert_eq!(db.value(&sketch), expected, "{id}");
    }
    let ten = hours("1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
    assert_eq!(
        db.value(&format!("SELECT diogen.percentile(took, 0.9) FROM {ten}")),
        "09:06:00",
        "A8"
    );
    assert_eq!(
        db.value(
            "SELECT round(diogen.percentile(n, 0.85)::numeric, 9) FROM generate_series(1, 10) AS n"
        ),
        "8.650000000",
        "A8"
    );
    assert_eq!(
        db.lines(
            "SELECT diogen.median(coding), diogen.median(review), diogen.median(coding + review)
             FROM (VALUES (1, 1), (2, 10), (9, 2)) AS c (coding, review)"
        ),
        ["2|2|11"],
        "A6"
    );
    assert_eq!(
        db.value(
            "SELECT diogen.median(took) FROM (SELECT 4 AS took UNION ALL SELECT 8 FROM generate_series(1, 99)) AS facts"
        ),
        "8",
        "A9"
    );
    assert_eq!(
        db.lines(
            "SELECT diogen.change_failure_rate(n <= failed), round(100 * w.low::numeric, 1), round(100 * w.high::numeric, 1)
             FROM (VALUES (1, 4), (0, 3), (4, 23), (5, 100)) AS e (failed, total)
             CROSS JOIN generate_series(1, total) AS n
             CROSS JOIN diogen.wilson_interval(failed, total) AS w
             GROUP BY total, w.low, w.high ORDER BY total"
        ),
        [
            "0|0.0|56.1",
            "0.25|4.6|69.9",
            "0.17391304347826086|7.0|37.1",
            "0.05|2.2|11.2"
        ],
        "A10"
    );
    assert_eq!(
        db.lines(
            "SELECT * FROM diogen.wilson_interval(0, 0)
             UNION ALL SELECT * FROM diogen.wilson_interval(NULL, 1)
             UNION ALL SELECT round(w.low::numeric, 4)::float8, w.high FROM diogen.wilson_interval(3, 3) AS w"
        ),
        ["-|-", "-|-", "0.4385|1"]
    );
}

#[test]
fn a_frequency_counts_calendar_days() {
    let Database {
        mut db,
        cluster: _cluster,
    } = database();
    let frequency = |range: &str, times: &str| {
        format!(
            "SELECT round(diogen.deployment_frequency(at, {range})::numeric, 3) FROM unnest('{{{times}}}'::timestamptz[]) AS at"
        )
    };
    let june = "'2026-06-01', '2026-06-29'";
    let six = "2026-06-01, 2026-06-02, 2026-06-03, 2026-06-04, 2026-06-05, 2026-06-24";
    assert_eq!(db.value(&frequency(june, six)), "0.214", "B11");
    // Half-open, and what is outside does not count.
    assert_eq!(
        db.value(&frequency(
            june,
            "2026-05-31 23:59:59, 2026-06-01, 2026-06-28 23:59:59, 2026-06-29, infinity"
        )),
        "0.071"
    );
    db.run("SET timezone = 'Europe/Berlin'");
    let day = "'2026-03-29', '2026-03-30'";
    let twice = "2026-03-29 01:00, 2026-03-29 23:00";
    assert_eq!(db.value(&frequency(day, twice)), "2.000", "B10");
    // A range in which nothing happened is known; one of no length, or none at all, has no rate.
    assert_eq!(db.value(&frequency(june, "NULL")), "0.000");
    assert_eq!(db.value(&frequency(june, "")), "-");
    assert_eq!(db.value(&frequency("'2026-06-01', '2026-06-01'", six)), "-");
    assert_eq!(db.value(&frequency("'2026-06-02', '2026-06-01'", six)), "-");
    assert_eq!(db.value(&frequency("NULL, '2026-06-01'", six)), "-");
    for range in ["'-infinity', '2026-06-01'", "'2026-06-01', 'infinity'"] {
        let error = db.error(&frequency(range, six));
        assert!(error.starts_with("22023"), "{error}");
    }
    let error = db.error(&frequency("at, '2026-06-29'", six));
    assert!(error.starts_with("22023"), "{error}");
}

#[test]
fn groups_are_what_percentile_cont_says() {
    let Database {
        mut db,
        cluster: _cluster,
    } = Database::with_facts(20_000);
    let names = "median, p90, points, p85, failure_rate, frequency";
    for (plan, setting) in [
        ("HashAggregate", "SET enable_sort = off"),
        (
            "GroupAggregate",
            "SET enable_sort = on; SET enable_hashagg = off",
        ),
    ] {
        db.run(setting);
        let query = format!("SELECT team, {ALL} FROM facts GROUP BY team");
        let explained = db.lines(&format!("EXPLAIN {query}")).join("\n");
        assert!(explained.contains(plan), "{explained}");
        let differing = db.lines(&format!(
            "WITH ours AS (SELECT team, {names} FROM ({query}) AS o),
                  own AS (SELECT team, {OWN} FROM facts GROUP BY team)
             (TABLE ours EXCEPT TABLE own) UNION ALL (TABLE own EXCEPT TABLE ours)"
        ));
        assert_eq!(differing, [""; 0], "{plan}");
    }
    assert!(db.number("SELECT count(DISTINCT team) FROM facts") > 20);
    for fraction in ["0", "0.01", "0.333", "0.999", "1"] {
        let differing = db.number(&format!(
            "SELECT count(*) FROM (
                 SELECT diogen.percentile(took, {fraction}) IS DISTINCT FROM percentile_cont({fraction}) WITHIN GROUP (ORDER BY took)
                     OR diogen.approx_percentile(diogen.duration_sketch(took), {fraction}) IS DISTINCT FROM diogen.percentile(took, {fraction})
                     OR diogen.rollup(one) IS DISTINCT FROM diogen.duration_sketch(took) AS differs
                 FROM facts GROUP BY team) AS g
             WHERE differs"
        ));
        assert_eq!(differing, 0, "{fraction}");
    }
    // More groups than fit into the memory for hashing, and several groupings in one pass.
    db.run("RESET enable_hashagg; SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off");
    let explained = db
        .lines("EXPLAIN (ANALYZE, COSTS OFF) SELECT id, diogen.median(took) FROM facts GROUP BY id")
        .join("\n");
    assert!(explained.contains("Batches:"), "{explained}");
    assert!(!explained.contains("Batches: 1 "), "{explained}");
    assert_eq!(
        db.number(
            "SELECT count(*) FROM (SELECT id, diogen.median(took) AS median FROM facts GROUP BY id) AS m
             JOIN facts f USING (id) WHERE m.median IS DISTINCT FROM f.took"
        ),
        0
    );
    db.run("RESET ALL; SET timezone = 'UTC'");
    assert_eq!(
        db.number(
            "SELECT count(*) FROM (
                 SELECT diogen.median(took) AS ours, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS own
                 FROM facts GROUP BY GROUPING SETS ((team), (failed), (team, failed), ())) AS m
             WHERE ours IS DISTINCT FROM own"
        ),
        0
    );
    assert_eq!(
        db.value(
            "SELECT diogen.median(n) FILTER (WHERE n > 4) || ' ' || diogen.median(DISTINCT n) || ' ' ||
                    diogen.change_failure_rate(n > 5 ORDER BY n) || ' ' ||
                    diogen.num_values(diogen.duration_sketch(DISTINCT make_interval(hours => n)))
             FROM unnest('{1, 1, 1, 1, 4, 5, 9}'::int[]) AS n"
        ),
        "7 4.5 0.14285714285714285 4"
    );
}

#[test]
fn an_interval_counts_as_postgresql_orders_it() {
    let Database {
        mut db,
        cluster: _cluster,
    } = database();
    let median = |values: &str| {
        format!("SELECT diogen.median(i) FROM unnest('{{{values}}}'::interval[]) AS i")
    };
    assert_eq!(db.value(&median("29 days, 1 month, 31 days")), "720:00:00");
    assert_eq!(db.value(&median("1 day, 1 day -1 hour")), "23:30:00");
    assert_eq!(db.value(&median("-2 hours, -1 hour")), "-01:30:00");
    assert_eq!(
        db.value("SELECT diogen.median(f) FROM unnest('{-Infinity, Infinity, NaN, Infinity}'::float8[]) AS f"),
        "Infinity"
    );
    for aggregate in [
        "diogen.median(i)",
        "diogen.percentile(i, 0.5)",
        "diogen.duration_sketch(i)",
    ] {
        let error = db.error(&format!(
            "SELECT {aggregate} FROM unnest('{{1 hour, 2147483647 months}}'::interval[]) AS i"
        ));
        assert!(error.starts_with("22008"), "{error}");
    }
}

#[test]
fn parallel_workers_make_the_same() {
    let Database {
        mut db,
        cluster: _cluster,
    } = Database::with_facts(30_000);
    let grouped = format!("SELECT team, {ALL} FROM facts GROUP BY team ORDER BY team");
    let whole = format!("SELECT {ALL} FROM facts");
    db.run("SET max_parallel_workers_per_gather = 0");
    let alone = [db.lines(&grouped), db.lines(&whole)];
    db.run(
        "SET max_parallel_workers_per_gather = 4; SET min_parallel_table_scan_size = 0;
         SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0",
    );
    for (query, plans) in [
        (&whole, ["Finalize Aggregate", "Partial Aggregate"]),
        (&grouped, ["Finalize GroupAggregate", "Partial "]),
    ] {
        let plan = db
            .lines(&format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query}"))
            .join("\n");
        for part in plans {
            assert!(plan.contains(part), "{plan}");
        }
        assert!(plan.contains("Workers Launched: "), "{plan}");
        assert!(!plan.contains("Workers Launched: 0"), "{plan}");
    }
    assert_eq!([db.lines(&grouped), db.lines(&whole)], alone);
    // The leader takes no rows: all of them travel.
    db.run("SET parallel_leader_participation = off");
    assert_eq!([db.lines(&grouped), db.lines(&whole)], alone);
    // What differs between the rows of different workers is found where they meet.
    for wrong in [
        "diogen.percentile(took, (team % 2) / 2.0)",
        "diogen.deployment_frequency(at, '2026-06-01', at)",
    ] {
        let error = db.error(&format!("SELECT {wrong} FROM facts"));
        assert!(error.starts_with("22023"), "{error}");
    }
    db.run("RESET ALL; SET timezone = 'UTC'");
    let force = match db.number("SELECT current_setting('server_version_num')::int / 10000") {
        ..16 => "force_parallel_mode",
        _ => "debug_parallel_query",
    };
    for mode in ["on", "regress"] {
        db.run(&format!("SET {force} = {mode}"));
        assert_eq!([db.lines(&grouped), db.lines(&whole)], alone, "{mode}");
    }
}

#[test]
fn windows_and_moving_frames() {
    let Database {
        mut db,
        cluster: _cluster,
    } = Database::with_facts(400);
    for frame in [
        "ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING",
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
        "ROWS BETWEEN 5 FOLLOWING AND 6 FOLLOWING",
        "ROWS BETWEEN 4 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW",
    ] {
        let differing = db.lines(&format!(
            "WITH ours AS (
                 SELECT id, {} FROM facts WINDOW w AS (ORDER BY id {frame})
             ), frames AS (
                 SELECT id, array_agg(id) OVER w AS ids FROM facts WINDOW w AS (ORDER BY id {frame})
             )
             SELECT o.* FROM ours o JOIN frames f USING (id)
             CROSS JOIN LATERAL (SELECT {OWN}, diogen.duration_sketch(took)
                                 FROM facts WHERE facts.id = ANY (f.ids)) AS own
                       (median, p90, points, p85, failure_rate, frequency, sketch)
             WHERE (o.median, o.p90, o.points, o.p85, o.failure_rate, o.frequency, o.sketch, o.rollup) IS DISTINCT FROM
                   (own.median, own.p90, own.points, own.p85, own.failure_rate, own.frequency, own.sketch, own.sketch)",
            ALL.replace(") AS", ") OVER w AS")
        ));
        assert_eq!(differing, [""; 0], "{frame}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let Database {
        mut db,
        cluster: _cluster,
    } = database();
    for (query, sqlstate) in [
        (
            "SELECT diogen.percentile(n, 1.1) FROM generate_series(1, 3) AS n",
            "22003",
        ),
        (
            "SELECT diogen.percentile(n, -0.1) FROM generate_series(1, 3) AS n",
            "22003",
        ),
        (
            "SELECT diogen.percentile(n, 'NaN') FROM generate_series(1, 3) AS n",
            "22003",
        ),
        (
            "SELECT diogen.percentile(n, n / 4.0) FROM generate_series(1, 3) AS n",
            "22023",
        ),
        (
            "SELECT diogen.percentile(n, n) FROM generate_series(1, 3) AS n",
            "22003",
        ),
        (
            "SELECT diogen.approx_percentile(diogen.duration_sketch(interval '1 hour'), 2)",
            "22003",
        ),
        ("SELECT diogen.wilson_interval(2, 1)", "22023"),
        ("SELECT diogen.wilson_interval(-1, 1)", "22023"),
        ("SELECT diogen.wilson_interval(0, -1)", "22023"),
        (r"SELECT '\x'::diogen.duration_sketch", "23514"),
        (r"SELECT '\x09'::diogen.duration_sketch", "23514"),
        (
            r"SELECT diogen.is_exact('\x0100ffffffffffffffffff01')",
            "23514",
        ),
        ("SELECT diogen.median_add(NULL::internal, interval '1 hour')", "XX000"),
    ] {
        let error = db.error(query);
        assert!(error.starts_with(sqlstate), "{query}: {error}");
    }
    assert_eq!(
        db.lines(
            "SELECT diogen.percentile(n, NULL), diogen.percentile(NULL::interval, 0.5), diogen.duration_sketch(NULL::interval),
                    diogen.rollup(NULL), diogen.change_failure_rate(NULL), diogen.num_values(NULL), diogen.is_exact(NULL)
             FROM generate_series(1, 3) AS n"
        ),
        ["-|-|-|-|-|-|-"]
    );
    // Damaged sketches: refused or read, and the server lives on.
    let pid = db.pid();
    db.run(
        "CREATE TABLE damaged AS
         SELECT set_byte(set_byte(whole, at % length(whole), at * 37 % 256), at * 7 % length(whole), at * 101 % 256) AS bytes
         FROM (SELECT diogen.duration_sketch(make_interval(secs => s * s))::bytea AS whole FROM generate_series(1, 300) AS s) AS w,
              generate_series(1, 3000) AS at",
    );
    let read = db.number(
        "SELECT count(diogen.approx_percentile(bytes, 0.9)) FROM damaged WHERE diogen.is_duration_sketch(bytes)",
    );
    assert!(0 < read && read < 3_000, "{read}");
    assert_eq!(db.pid(), pid);
}

#[test]
fn sketches_are_stored_put_together_and_restored() {
    let Database { mut db, cluster } = database();
    db.run(
        "CREATE TABLE weekly (team int, week int, sketch diogen.duration_sketch);
         CREATE VIEW facts AS
         SELECT n % 3 AS team, n % 10 AS week, make_interval(secs => (n * 7919 % 1000003) ^ 1.5) AS took
         FROM generate_series(1, 180000) AS n;
         INSERT INTO weekly SELECT team, week, diogen.duration_sketch(took) FROM facts GROUP BY team, week",
    );
    // Weeks of a team are exact together; all teams together are too many.
    assert_eq!(
        db.lines(
            "SELECT s.team, diogen.num_values(s.sketch), diogen.is_exact(s.sketch), diogen.median(s.sketch) = f.median,
                    diogen.approx_percentile(s.sketch, 0.9) = f.p90
             FROM (SELECT team, diogen.rollup(sketch) AS sketch FROM weekly GROUP BY team) AS s
             JOIN (SELECT team, diogen.median(took) AS median, diogen.percentile(took, 0.9) AS p90
                   FROM facts GROUP BY team) AS f USING (team) ORDER BY team"
        ),
        ["0|60000|t|t|t", "1|60000|t|t|t", "2|60000|t|t|t"]
    );
    let together = "SELECT diogen.num_values(s.sketch), diogen.is_exact(s.sketch), max(error) < 0.0101, max(error) > 0
         FROM (SELECT diogen.rollup(sketch) AS sketch FROM weekly) AS s
         CROSS JOIN LATERAL (
             SELECT abs(extract(epoch FROM diogen.approx_percentile(s.sketch, f) - percentile_cont(f) WITHIN GROUP (ORDER BY took))
                        / extract(epoch FROM percentile_cont(f) WITHIN GROUP (ORDER BY took))) AS error
             FROM facts CROSS JOIN (VALUES (0.01), (0.1), (0.5), (0.9), (0.99)) AS p (f) GROUP BY f
         ) AS e
         GROUP BY s.sketch";
    assert_eq!(db.lines(together), ["180000|f|t|t"]);
    // Rolled up in two steps or in one: the same bytes.
    assert_eq!(
        db.value(
            "SELECT (SELECT diogen.rollup(sketch) FROM (SELECT diogen.rollup(sketch) AS sketch FROM weekly GROUP BY week) AS w)
                  = (SELECT diogen.duration_sketch(took) FROM facts)"
        ),
        "t"
    );

    let sketches = "SELECT team, week, sketch FROM weekly ORDER BY 1, 2";
    let before = db.lines(sketches);
    let dump = cluster.program("pg_dump", &["-t", "weekly", &cluster.url("postgres")]);
    let file = cluster.dir().join("weekly.sql");
    std::fs::write(&file, dump).expect("a dump");
    db.run("DROP TABLE weekly");
    cluster.program(
        "psql",
        &[
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-f",
            file.to_str().expect("a path"),
            &cluster.url("postgres"),
        ],
    );
    assert_eq!(db.lines(sketches), before);
    assert_eq!(db.lines(together), ["180000|f|t|t"]);
}

#[test]
fn states_go_with_their_query_and_long_ones_can_be_cancelled() {
    let Database { mut db, cluster } = database();
    let pid = db.pid();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        kilobytes.and_then(|kb| kb.parse::<i64>().ok()).expect("kB")
    };
    let rows = "generate_series(1, 200000) AS n";
    let queries = [
        format!(
            "SELECT diogen.median(n), diogen.duration_sketch(make_interval(secs => n)) FROM {rows}"
        ),
        format!("SELECT diogen.median(n / (199000 - n)) FROM {rows}"),
    ];
    let turn = |db: &mut Session| {
        db.run(&queries[0]);
        assert!(db.error(&queries[1]).starts_with("22012"));
    };
    turn(&mut db);
    let before = resident();
    for _ in 0..50 {
        turn(&mut db);
    }
    // Each turn holds more than 4 MB.
    let grown = resident() - before;
    assert!(grown < 40_000, "{grown} kB more after 50 turns");

    let long = "SELECT diogen.median(n), diogen.duration_sketch(make_interval(secs => n))
                FROM generate_series(1, 1000000) AS n CROSS JOIN generate_series(1, 1000)";
    let mut other = cluster.connect();
    let busy = cluster.connect();
    let token = busy.cancel_token();
    let thread = busy.in_background(long);
    wait_until("the query", Duration::from_secs(10), || {
        other.number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT diogen.median%' AND state = 'active'
                      AND now() - query_start > interval '0.5 seconds'") == 1
    });
    let asked = Instant::now();
    token.cancel_query(postgres::NoTls).expect("a cancel");
    let error = thread.join().expect("a thread").expect("an error");
    assert!(error.starts_with("57014"), "{error}");
    assert!(
        asked.elapsed() < Duration::from_millis(500),
        "{:?}",
        asked.elapsed()
    );
}
