//! Sketches in a table.

use crate::{Database, database};

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
