//! From documents to rows: nothing is missed, nothing stays that no document says any more, and
//! what cannot be read is told and stops nothing.

use client::{Fixture, assert_silver_is_what_bronze_says, bury, ingest, silver_rows, unfetched};
use postgres::NoTls;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const WRITERS: usize = 8;
/// Transactions of each writer, at least.
const TRANSACTIONS: u32 = 60;
/// Runs beside them, at least: on a busy machine the writers go on until there were as many.
const RUNS: u32 = 5;

/// What one writer's transaction says of a pull request: one of several documents that yield rows
/// of the same tables.
fn statement(dice: &mut fastrand::Rng, at: u32) -> String {
    let number = dice.u32(1..40);
    let (day, second) = (1 + at / 86_400, at % 86_400);
    let time = format!(
        "2026-01-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    let review = dice.u32(1..30);
    let reviewed = format!(
        r#""fullDatabaseId": "{review}", "state": "APPROVED", "submittedAt": "2026-01-02T00:00:00Z",
            "author": {{"__typename": "User", "login": "reviewer-{}"}}"#,
        dice.u32(0..3)
    );
    match dice.u32(0..8) {
        // GraphQL, with whatever is nested in it just then.
        0..3 => ingest(
            "pull_requests",
            &format!(
                r#"{{"number": {number}, "title": "at {at}", "state": "OPEN", "createdAt": "2026-01-01T00:00:00Z",
                    "updatedAt": "{time}", "author": {{"__typename": "User", "login": "alice"}},
                    "reviews": {{"nodes": [{{{reviewed}}}]}},
                    "commits": {{"nodes": [{{"commit": {{"oid": "{:040x}", "authoredDate": "{time}"}}}}]}}}}"#,
                dice.u32(0..20)
            ),
        ),
        3 => ingest(
            "reviews",
            &format!(
                r#"{{"id": {review}, "state": "CHANGES_REQUESTED", "submitted_at": "2026-01-02T00:00:00Z",
                    "user": {{"login": "reviewer", "type": "User"}},
                    "pull_request_url": "https://api.github.com/repos/acme/api/pulls/{number}"}}"#
            ),
        ),
        4 => ingest(
            "deployments",
            &format!(
                r#"{{"databaseId": {number}, "environment": "production", "commitOid": "{number:040x}",
                    "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "{time}",
                    "commit": {{"oid": "{number:040x}", "parents": {{"nodes": []}}, "message": "deployed {at}"}},
                    "statuses": {{"nodes": [{{"state": "SUCCESS", "createdAt": "{time}"}}]}}}}"#
            ),
        ),
        5 => ingest(
            "commits",
            &format!(
                r#"{{"sha": "{number:040x}", "parents": [], "commit": {{"message": "on main {at}"}}}}"#
            ),
        ),
        6 => bury(&format!(
            "key LIKE 'acme/api#{number}%' AND deleted_at IS NULL"
        )),
        _ => bury(&format!(
            "stream = 'commits' AND key LIKE '%{number:x}' AND deleted_at IS NULL"
        )),
    }
}

#[test]
fn what_eight_writers_store_is_never_missed() {
    let (cluster, mut db) = unfetched();
    db.run("CALL diogen.normalize()");
    let runs = Arc::new(AtomicU32::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let mut session = cluster.connect();
            let runs = Arc::clone(&runs);
            std::thread::spawn(move || {
                let mut dice = fastrand::Rng::with_seed(writer as u64);
                let mut kept = 0;
                for turn in 0.. {
                    if turn >= TRANSACTIONS && runs.load(Ordering::SeqCst) >= RUNS {
                        break;
                    }
                    let at = turn * 1000 + writer as u32;
                    session.run("BEGIN");
                    // Two that wait for one another: one of them is rolled back.
                    let is_stored = (0..dice.u32(1..5))
                        .all(|_| session.try_rows(&statement(&mut dice, at)).is_ok());
                    if dice.u32(0..3) == 0 {
                        // Numbers are given out in another order than that of the commits.
                        std::thread::sleep(Duration::from_millis(dice.u64(0..40)));
                    }
                    let is_kept = is_stored && dice.u32(0..5) > 0;
                    kept += u32::from(is_kept);
                    session.run(if is_kept { "COMMIT" } else { "ROLLBACK" });
                }
                kept
            })
        })
        .collect();
    while !writers.iter().all(|it| it.is_finished()) {
        db.run("CALL diogen.normalize()");
        runs.fetch_add(1, Ordering::SeqCst);
    }
    let kept: u32 = writers
        .into_iter()
        .map(|it| it.join().expect("a writer"))
        .sum();
    db.run("CALL diogen.normalize()");
    assert!(kept > TRANSACTIONS, "{kept} transactions");
    for table in ["pull_requests", "reviews", "deployments", "commits"] {
        let rows = db.number(&format!("SELECT count(*) FROM diogen_silver.{table}"));
        assert!(rows > 0, "{table}");
    }
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn step_by_step_gives_what_a_rebuild_gives() {
    let mut fixture = Fixture::acme(|config| config.hold_back_hours = 240.0);
    fixture.db.run("CALL diogen.refresh()");
    for _ in 0..4 {
        fixture.stand_in.advance(60.0);
        fixture.db.run("CALL diogen.refresh()");
    }
    let unchanged = silver_rows(&mut fixture.db);
    fixture.db.run("CALL diogen.normalize()");
    assert_eq!(unchanged, silver_rows(&mut fixture.db));
    assert_silver_is_what_bronze_says(&mut fixture.db);
    assert_eq!(fixture.db.lines("SELECT * FROM diogen.rejects"), [""; 0]);
}

#[test]
fn what_no_document_says_any_more_is_gone() {
    let (_cluster, mut db) = unfetched();
    let with_reviews = |second: u32, reviews: &[u32]| {
        let review = |id: &u32| {
            format!(
                r#"{{"fullDatabaseId": "{id}", "state": "COMMENTED", "submittedAt": "2026-01-02T00:00:00Z",
                    "author": {{"login": "bob"}}}}"#
            )
        };
        let reviews: Vec<_> = reviews.iter().map(review).collect();
        ingest(
            "pull_requests",
            &format!(
                r#"{{"number": 1, "state": "OPEN", "createdAt": "2026-01-01T00:00:00Z", "author": {{"login": "alice"}},
                    "updatedAt": "2026-01-01T00:00:{second:02}Z", "reviews": {{"nodes": [{}]}}}}"#,
                reviews.join(", ")
            ),
        )
    };
    let reviews = "SELECT review_id FROM diogen_silver.reviews ORDER BY 1";
    let counted =
        "SELECT review_count, first_review_at IS NOT NULL FROM diogen_silver.pull_requests";
    db.run(&with_reviews(1, &[1, 2]));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(reviews), ["1", "2"]);
    assert_eq!(db.lines(counted), ["2|t"]);
    db.run(&with_reviews(2, &[2]));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(reviews), ["2"]);
    assert_eq!(db.lines(counted), ["1|t"]);

    // Another document that says the same keeps it.
    db.run(&ingest(
        "reviews",
        r#"{"id": 2, "state": "COMMENTED", "submitted_at": "2026-01-02T00:00:00Z", "user": {"login": "bob"},
            "pull_request_url": "https://api.github.com/repos/acme/api/pulls/1"}"#,
    ));
    db.run("CALL diogen.normalize()");
    db.run(&with_reviews(3, &[]));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(reviews), ["2"]);
    db.run(&bury("stream = 'reviews'"));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(reviews), [""; 0]);
    assert_eq!(db.lines(counted), ["0|f"]);

    // A pull request that is gone leaves nothing behind, and comes back with all it has.
    db.run(&with_reviews(4, &[7]));
    db.run("CALL diogen.normalize()");
    db.run(&bury("stream = 'pull_requests'"));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(reviews), [""; 0]);
    assert_eq!(db.lines(counted), [""; 0]);
    db.run(&with_reviews(4, &[7]));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(reviews), ["7"]);
    assert_eq!(db.lines(counted), ["1|t"]);
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn what_is_fetched_tells_reverts_closings_titles_and_payloads() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.sync()");
    db.run("CALL diogen.normalize()");
    let mut all = |what: &str, of: &str| {
        let (so, count) = (
            format!("SELECT count(*) FILTER (WHERE {what}) FROM {of}"),
            format!("SELECT count(*) FROM {of}"),
        );
        let count = db.number(&count);
        assert!(count > 0, "{of}");
        assert_eq!(db.number(&so), count, "{what}");
    };
    all(
        "p.title = format('Revert \"%s\"', o.title)",
        "diogen_silver.pull_requests p
         LEFT JOIN diogen_silver.pull_requests o ON (o.repository, o.number) = (p.repository, p.reverts)
         WHERE p.title LIKE 'Revert \"%'",
    );
    all(
        "reverts IS NULL",
        "diogen_silver.pull_requests WHERE title !~ '^(Revert|Reapply) '",
    );
    all(
        "EXISTS (SELECT FROM diogen_silver.pull_request_events e
                 WHERE (e.repository, e.number, e.event, e.occurred_at) = (p.repository, p.number, 'closed', p.closed_at))",
        "diogen_silver.pull_requests p WHERE state <> 'open'",
    );
    all("title <> ''", "diogen_silver.pipeline_runs");
    all(
        "payload::jsonb ->> 'version' = coalesce(ref, payload::jsonb ->> 'version') AND task = 'deploy'",
        "diogen_silver.deployments WHERE environment = 'production'",
    );
    all(
        "payload IS NULL",
        "diogen_silver.deployments WHERE environment = 'staging'",
    );
}

#[test]
fn what_cannot_be_read_is_told_and_stops_nothing() {
    let (_cluster, mut db) = unfetched();
    for number in 1..=20 {
        let created = if number == 7 { "\"yesterday\"" } else { "null" };
        db.run(&ingest(
            "pull_requests",
            &format!(
                r#"{{"number": {number}, "created_at": {created}, "labels": [{{"name": "a"}}]}}"#
            ),
        ));
    }
    db.run("CALL diogen.normalize()");
    let rejects =
        "SELECT stream, key, target, sqlstate, reason FROM diogen.rejects ORDER BY target";
    assert_eq!(
        db.lines(rejects),
        [
            "pull_requests|acme/api#7|pull_requests|22000|\"created_at\" is the text \"yesterday\", not a time such as 2026-01-31T12:00:00Z"
        ]
    );
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_silver.pull_requests"),
        19
    );

    // What could be read and can no longer be has no row; mended, it has one again.
    let version = |title: &str, second: u32| {
        ingest(
            "pull_requests",
            &format!(
                r#"{{"number": 3, "title": {title}, "updated_at": "2026-01-01T00:00:0{second}Z"}}"#
            ),
        )
    };
    db.run(&version("[1]", 1));
    db.run("CALL diogen.normalize()");
    let third = "SELECT title FROM diogen_silver.pull_requests WHERE number = 3";
    assert_eq!(db.lines(third), [""; 0]);
    assert_eq!(
        db.value("SELECT reason FROM diogen.rejects WHERE key = 'acme/api#3'"),
        "\"title\" is a list, not a text"
    );
    db.run(&version("\"mended\"", 2));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(third), ["mended"]);
    assert_eq!(db.lines(rejects).len(), 1);
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn a_normalizer_of_ones_own_takes_part() {
    let (_cluster, mut db) = unfetched();
    db.run(
        "CREATE SCHEMA metrics;
         CREATE TABLE diogen_silver.votes (
             source text, document_id bigint, repository text, number bigint, voter text, votes int,
             PRIMARY KEY (source, repository, number, voter));
         CREATE INDEX ON diogen_silver.votes (document_id);
         CREATE FUNCTION metrics.votes(doc jsonb, context jsonb)
         RETURNS TABLE (repository text, number bigint, voter text, votes int)
         LANGUAGE sql IMMUTABLE STRICT AS $$
             SELECT context ->> 'repository', (doc ->> 'number')::bigint, v.key, v.value::int
             FROM jsonb_each_text(doc -> 'votes') v $$;
         INSERT INTO diogen.normalizers (kind, stream, target, function)
         VALUES ('github', 'pull_requests', 'votes', 'metrics.votes')",
    );
    let version = |number: u32, second: u32, votes: &str| {
        ingest(
            "pull_requests",
            &format!(
                r#"{{"number": {number}, "updated_at": "2026-01-01T00:00:0{second}Z", "votes": {votes}}}"#
            ),
        )
    };
    for number in 1..=30 {
        let votes = if number == 11 {
            r#"{"bob": "many"}"#
        } else {
            r#"{"bob": 1, "carol": 2}"#
        };
        db.run(&version(number, 1, votes));
    }
    db.run("CALL diogen.normalize()");
    let count = "SELECT count(*), sum(votes) FROM diogen_silver.votes";
    assert_eq!(db.lines(count), ["58|87"]);
    assert_eq!(
        db.lines("SELECT key, target, function, sqlstate, reason FROM diogen.rejects"),
        ["acme/api#11|votes|metrics.votes|22P02|invalid input syntax for type integer: \"many\""]
    );
    // It took part in the built-in ones all the same.
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_silver.pull_requests"),
        30
    );
    db.run(&version(1, 2, r#"{"carol": 5}"#));
    db.run(&version(11, 2, r#"{"bob": 4}"#));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(count), ["58|93"]);
    assert_eq!(db.lines("SELECT * FROM diogen.rejects"), [""; 0]);
    db.run(&bury("key = 'acme/api#2'"));
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(count), ["56|90"]);
    assert_silver_is_what_bronze_says(&mut db);

    // One that is wrong in itself is no fault of the documents.
    db.run("UPDATE diogen.normalizers SET function = 'metrics.absent' WHERE target = 'votes'");
    let error = db.error("CALL diogen.normalize(rebuild => true)");
    assert!(error.starts_with("42883"), "{error}");
}

#[test]
fn who_is_a_bot_is_for_rules_to_say() {
    let (_cluster, mut db) = unfetched();
    for (number, login) in [(1, "ci-merger"), (2, "robot-ann"), (3, "dependabot[bot]")] {
        db.run(&ingest(
            "pull_requests",
            &format!(r#"{{"number": {number}, "user": {{"login": "{login}", "type": "User"}}}}"#),
        ));
    }
    db.run("CALL diogen.normalize()");
    let bots = "SELECT author FROM diogen_silver.pull_requests WHERE author_is_bot ORDER BY 1";
    assert_eq!(db.lines(bots), ["dependabot[bot]"]);
    db.run(
        "INSERT INTO diogen.bot_rules (pattern, source, is_bot)
         VALUES ('^ci-', NULL, true), ('^dependabot', NULL, false), ('^ci-', 'other', false)",
    );
    db.run("CALL diogen.normalize(rebuild => true)");
    assert_eq!(db.lines(bots), ["ci-merger"]);
    let error = db.error("INSERT INTO diogen.bot_rules VALUES ('(')");
    assert!(error.starts_with("2201B"), "{error}");
}

#[test]
fn a_rebuild_never_shows_less_than_there_was() {
    let (cluster, mut db) = unfetched();
    db.run(
        "SELECT diogen.ingest('acme', 'pull_requests',
             (SELECT jsonb_agg(jsonb_build_object('number', n, 'title', 'title ' || n)) FROM generate_series(1, 20000) n),
             '{\"repository\": \"acme/api\"}')",
    );
    db.run("CALL diogen.normalize()");
    let rebuild = cluster
        .connect()
        .in_background("CALL diogen.normalize(rebuild => true)");
    let mut looks = 0;
    while !rebuild.is_finished() {
        let count = db
            .number("SELECT count(*) FROM diogen_silver.pull_requests WHERE title LIKE 'title %'");
        assert_eq!(count, 20000);
        looks += 1;
    }
    assert_eq!(rebuild.join().expect("a thread"), None);
    assert!(looks > 0);
}

#[test]
fn normalizing_is_cancelled_at_once_and_goes_on_where_it_was() {
    let (cluster, mut db) = unfetched();
    db.run(
        "INSERT INTO diogen_bronze.documents (source, stream, key, scope, doc, context)
         SELECT 'acme', 'pull_requests', 'acme/api#' || n, 'acme/api',
                jsonb_build_object('number', n, 'body', repeat(md5(n::text), 100)), '{\"repository\": \"acme/api\"}'
         FROM generate_series(1, 100000) n",
    );
    let session = cluster.connect();
    let token = session.cancel_token();
    let run = session.in_background("CALL diogen.normalize()");
    let stored = "SELECT count(*) FROM diogen_silver.pull_requests";
    client::wait_until("the first batch", Duration::from_secs(30), || {
        db.number(stored) > 0
    });
    let asked = Instant::now();
    token.cancel_query(NoTls).expect("a cancel request");
    let error = run.join().expect("a thread").expect("an error");
    assert!(error.starts_with("57014"), "{error}");
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    let before = db.number(stored);
    assert!((1..100000).contains(&before), "{before}");
    db.run("CALL diogen.normalize()");
    assert_eq!(db.number(stored), 100000);
}

#[test]
fn every_table_and_column_tells_what_it_holds() {
    let (_cluster, mut db) = unfetched();
    let silent = db.lines(
        "SELECT c.oid::regclass || coalesce('.' || a.attname, '')
         FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE n.nspname IN ('diogen', 'diogen_bronze', 'diogen_silver', 'diogen_gold') AND c.relkind IN ('r', 'v')
           AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)
         ORDER BY 1",
    );
    assert_eq!(silent, [""; 0]);
}
