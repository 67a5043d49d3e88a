//! Every way in which PostgreSQL calls an aggregate.

use crate::{ALL, Database, OWN, database};
use client::{Session, wait_until};
use std::time::{Duration, Instant};

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
        asked.elapsed() < Duration::from_secs(5), // of many minutes
        "{:?}",
        asked.elapsed()
    );
}
