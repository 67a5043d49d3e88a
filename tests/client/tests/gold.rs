//! Figures over a believable organisation: consistent, incremental, explained.

use client::{Fixture, ingest, unfetched};

const TABLES: [&str; 13] = [
    "diogen_silver.repositories",
    "diogen_silver.pull_requests",
    "diogen_silver.pull_request_commits",
    "diogen_silver.pull_request_events",
    "diogen_silver.reviews",
    "diogen_silver.commits",
    "diogen_silver.deployments",
    "diogen_silver.deployment_statuses",
    "diogen_silver.releases",
    "diogen_silver.stale_repositories",
    "diogen_gold.deployments",
    "diogen_gold.changes",
    "diogen_gold.months",
];

#[test]
fn computing_step_by_step_gives_what_computing_anew_gives() {
    let mut fixture = Fixture::acme(|config| config.hold_back_hours = 96.0);
    for _ in 0..5 {
        fixture.db.run("CALL diogen.refresh()");
        fixture.stand_in.advance(24.0);
    }
    let db = &mut fixture.db;
    for table in TABLES {
        db.run(&format!(
            "CREATE TABLE step_{} AS TABLE {table}",
            table.replace('.', "_")
        ));
    }
    db.run("CALL diogen.normalize(rebuild => true)");
    db.run("CALL diogen.compute(rebuild => true)");
    for table in TABLES {
        let step = format!("step_{}", table.replace('.', "_"));
        let differing = db.lines(&format!(
            "(TABLE {table} EXCEPT TABLE {step}) UNION ALL (TABLE {step} EXCEPT TABLE {table}) LIMIT 3"
        ));
        assert_eq!(differing, [""; 0], "{table}");
        let is_empty = db.number(&format!("SELECT count(*) FROM {table}")) == 0;
        assert_eq!(is_empty, table.ends_with("stale_repositories"), "{table}");
    }
}

#[test]
fn indexes_by_time_are_there_after_a_computation() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    let indexes = "SELECT indexname FROM pg_indexes
                   WHERE indexname IN ('changes_deployed', 'deployments_finished') ORDER BY 1";
    let both = ["changes_deployed", "deployments_finished"];
    db.run("CALL diogen.refresh()");
    assert_eq!(db.lines(indexes), both);
    db.run("SELECT diogen.keep_indexes(true)");
    assert_eq!(db.lines(indexes), both, "the tables are filled");
    db.run("TRUNCATE diogen_gold.changes, diogen_gold.deployments, diogen_gold.months");
    db.run("SELECT diogen.keep_indexes(true)");
    assert_eq!(db.lines(indexes), [""; 0]);
    db.run("CALL diogen.compute(rebuild => true)");
    assert_eq!(db.lines(indexes), both);
}

#[test]
fn what_happens_to_a_pull_request_counts_once_it_is_merged() {
    let (_cluster, mut db) = unfetched();
    let mut since = |title: &str, merged: &str, reviews: usize| {
        let reviews: Vec<_> = (0..reviews)
            .map(|id| {
                format!(
                    r#"{{"fullDatabaseId": "{id}", "state": "APPROVED", "submittedAt": "2024-01-04T00:00:00Z",
                         "author": {{"__typename": "User", "login": "bob"}}}}"#
                )
            })
            .collect();
        let doc = format!(
            r#"{{"number": 1, "title": "{title}", "createdAt": "2024-01-02T00:00:00Z", {merged}
                "author": {{"__typename": "User", "login": "alice"}}, "reviews": {{"nodes": [{}]}}}}"#,
            reviews.join(", ")
        );
        db.run(&ingest("pull_requests", &doc));
        db.run("CALL diogen.normalize()");
        db.lines("WITH list AS (DELETE FROM diogen_silver.stale_repositories RETURNING since) TABLE list")
    };
    since("first", "", 0);
    assert_eq!(since("open", "", 0), ["infinity"]);
    assert_eq!(since("open", "", 1), ["infinity"]);
    assert_eq!(since("open", "", 2), ["infinity"]);
    let merged = r#""mergedAt": "2024-02-01T00:00:00Z", "mergeCommit": {"oid": "0123456789012345678901234567890123456789"},"#;
    let opening = ["2024-01-02 00:00:00+00"];
    assert_eq!(since("open", merged, 2), opening);
    assert_eq!(since("renamed", merged, 2), opening);
    assert_eq!(since("renamed", merged, 3), opening);
    assert_eq!(
        since("renamed", "", 3),
        ["-infinity"],
        "it is no change any more"
    );
}

#[test]
fn deployments_that_ship_no_change_are_computed_again() {
    let (_cluster, mut db) = unfetched();
    db.run(
        "SELECT diogen.init_silver(), diogen.init_gold();
         INSERT INTO diogen_silver.repositories (source, repository) VALUES ('acme', 'acme/api');
         INSERT INTO diogen_silver.deployments
             (source, document_id, repository, deployment_id, environment, status, created_at, finished_at, origin)
         VALUES ('acme', 0, 'acme/api', '1', 'production', 'success', '2026-01-01', '2026-01-01', 'github_deployment')",
    );
    let stored = "SELECT deployment_id, status FROM diogen_gold.deployments";
    db.run("CALL diogen.compute(rebuild => true)");
    assert_eq!(db.lines(stored), ["1|success"]);
    db.run("UPDATE diogen_silver.deployments SET status = 'failure'");
    db.run("CALL diogen.compute(rebuild => true)");
    assert_eq!(db.lines(stored), ["1|failure"]);
}

#[test]
fn figures_add_up() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("INSERT INTO diogen.teams VALUES ('payments'), ('other')");
    db.run(
        "INSERT INTO diogen.services (service, source, repository, team)
         VALUES ('checkout', 'acme', 'acme/checkout', 'payments'), ('web', NULL, 'acme/web', 'other')",
    );
    db.run("CALL diogen.refresh()");
    // Every review is there, though their numbers do not fit into GraphQL's integers.
    let reviews = fixture.truth("reviews");
    let db = &mut fixture.db;
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_silver.reviews"),
        reviews
    );
    let range = "since => '2026-05-01', until => '2026-07-01'";
    let whole = db.lines(&format!(
        "SELECT deployments, changes, unshipped_changes FROM diogen.dora({range})"
    ));
    assert!(!whole[0].starts_with("0|0"), "{whole:?}");
    for by in ["service", "repository", "team", "source"] {
        for bucket in ["day", "week", "month", "quarter"] {
            let parts = db.lines(&format!(
                "SELECT sum(deployments), sum(changes), sum(unshipped_changes)
                 FROM diogen.dora({range}, bucket => '{bucket}', by => '{by}')"
            ));
            assert_eq!(parts, whole, "{bucket} {by}");
        }
    }
    assert_eq!(
        db.lines(&format!(
            "SELECT DISTINCT name FROM diogen.dora({range}, by => 'team') ORDER BY 1"
        )),
        ["(no team)", "other", "payments"]
    );
    let of_team = db.value(&format!(
        "SELECT deployments FROM diogen.dora({range}, by => 'team') WHERE name = 'payments'"
    ));
    for filter in [
        "team => 'payments'",
        "service => 'checkout'",
        "repository => 'acme/checkout'",
    ] {
        assert_eq!(
            db.value(&format!(
                "SELECT deployments FROM diogen.dora({range}, {filter})"
            )),
            of_team
        );
    }
    // Every day of the range is there, whether anything happened or not.
    assert_eq!(
        db.number(&format!(
            "SELECT count(*) FROM diogen.dora({range}, bucket => 'day')"
        )),
        61
    );
    assert_eq!(
        db.number(
            "SELECT count(*) FROM diogen_gold.changes
             WHERE lead_time <> coding + coalesce(pickup, '0') + coalesce(review, '0') + coalesce(merge, '0') + deploy
                OR least(coding, pickup, review, merge, deploy) < '0'"
        ),
        0
    );
    assert_eq!(
        db.value("SELECT sum(changes) FROM diogen_gold.deployments"),
        db.value("SELECT count(*) FROM diogen_gold.changes WHERE deployed_at IS NOT NULL")
    );
}

#[test]
fn wrong_arguments_are_refused() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    for (argument, allowed) in [
        ("bucket => 'fortnight'", "day, week, month, quarter"),
        ("by => 'person'", "service, repository, team, source"),
    ] {
        let error = db.error(&format!("SELECT * FROM diogen.dora({argument})"));
        assert!(
            error.starts_with("22023") && error.contains(allowed),
            "{error}"
        );
    }
    let error = db.error("SELECT * FROM diogen.dora(since => NULL)");
    assert!(error.starts_with("22004"), "{error}");
    let error = db.error("SELECT * FROM diogen.dora(time_zone => 'Nowhere')");
    assert!(error.starts_with("22023"), "{error}");
    let error = db.error("INSERT INTO diogen.services (service, repository, production_environments) VALUES ('a', 'a/b', 'prod(')");
    assert!(error.starts_with("2201B"), "{error}");
}

#[test]
fn every_figure_leads_to_its_documents() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    let explained = db.lines(
        "SELECT step, took FROM (SELECT repository, number FROM diogen_gold.changes
             WHERE lead_time IS NOT NULL AND review IS NOT NULL AND merge IS NOT NULL
             ORDER BY merged_at DESC LIMIT 1) c, diogen.explain_change(c.repository, c.number)",
    );
    assert_eq!(explained.len(), 8, "{explained:?}");
    let same = db.value(
        "SELECT sum(x.took) FILTER (WHERE x.step ~ '^(coding|pickup|review|merge|deploy):') = max(c.lead_time)
         FROM (SELECT repository, number, lead_time FROM diogen_gold.changes
               WHERE lead_time IS NOT NULL ORDER BY merged_at DESC LIMIT 1) c,
              diogen.explain_change(c.repository, c.number) x",
    );
    assert_eq!(same, "t");
    // Whatever is cited is in bronze, for every change and every deployment.
    let cited = "WITH cited AS (
             SELECT x.document FROM diogen_gold.changes c, diogen.explain_change(c.repository, c.number) x
             UNION SELECT x.document FROM diogen_gold.deployments d, diogen.explain_deployment(d.service, d.deployment_id) x)";
    let absent = db.lines(&format!(
        "{cited} SELECT document FROM cited
         WHERE document IS NOT NULL AND NOT EXISTS (
             SELECT FROM diogen_bronze.documents b WHERE b.stream || ' ' || b.key = cited.document)"
    ));
    assert_eq!(absent, [""; 0]);
    assert!(db.number(&format!("{cited} SELECT count(*) FROM cited")) > 100);
    assert_eq!(
        db.number("SELECT count(*) FROM diogen.explain_change('acme/absent', 1)"),
        0
    );
}

#[test]
fn a_normalizer_of_ones_own_fills_a_table_of_ones_own() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run(
        "CREATE TABLE diogen_silver.titles (source text, document_id bigint, title text, uses bigint, PRIMARY KEY (source, title));
         CREATE FUNCTION public.titles(doc jsonb, context jsonb) RETURNS TABLE (title text, uses bigint)
         LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT doc ->> 'title', 1::bigint $$;
         INSERT INTO diogen.normalizers VALUES ('github', 'pull_requests', 'titles', 'public.titles')",
    );
    db.run("CALL diogen.refresh()");
    assert!(db.number("SELECT count(*) FROM diogen_silver.titles") > 10);
    db.run("CREATE FUNCTION public.shapeless(doc jsonb, context jsonb) RETURNS SETOF text LANGUAGE sql AS $$ SELECT '' $$");
    db.run("UPDATE diogen.normalizers SET function = 'public.shapeless' WHERE target = 'titles'");
    let error = db.error("CALL diogen.normalize(rebuild => true)");
    assert!(
        error.starts_with("42P13 normalizer public.shapeless does not return"),
        "{error}"
    );
}

#[test]
fn rows_are_ordered_by_bucket_and_name() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    let rows = "SELECT bucket_start, name FROM diogen.dora('2026-05-01', '2026-07-01', bucket => 'week', by => 'service')";
    let found = db.lines(rows);
    assert!(found.len() > 20, "{found:?}");
    assert_eq!(found, db.lines(&format!("{rows} ORDER BY 1, 2")));
}

#[test]
fn damaged_months_are_refused_and_leave_nothing_behind() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    let figures = "SELECT name, deployments, changes, lead_time_median
                   FROM diogen.dora('2026-05-01', '2026-07-01', by => 'service')";
    let rows = db.lines(figures);
    for (damaged, message) in [
        ("substr(facts, 1, 20)", "end too early"),
        (r"'\x09'", "version 9,"),
    ] {
        db.run("BEGIN");
        // It is read last, when the figures of the others are begun.
        db.run(&format!(
            "UPDATE diogen_gold.months SET facts = {damaged}
             WHERE ctid = (SELECT max(ctid) FROM diogen_gold.months)"
        ));
        let error = db.error(figures);
        let is_told = error.starts_with("XX001") && error.contains(message);
        assert!(is_told, "{error}");
        db.run("ROLLBACK");
        assert_eq!(db.lines(figures), rows);
    }
    let told = "SELECT DISTINCT diogen.add_month(source, service, facts) FROM diogen_gold.months";
    assert_eq!(db.lines(told), ["f"], "nobody asks for figures");
}
