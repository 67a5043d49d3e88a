//! What the aggregates give, and what they refuse.

use crate::{Database, database};

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
        ("SELECT diogen.median_add(NULL, interval '1 hour')", "42883"),
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
