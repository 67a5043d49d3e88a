//! A large computation is shared by several processes: they give what one gives, end with their
//! session, and leave nothing undone.

use client::{Cluster, Session, unfetched, wait_until};
use std::thread::JoinHandle;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

const TABLES: [&str; 4] = ["changes", "deployments", "months", "incidents"];

const HELPERS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'diogen compute helper'";

/// More than a few batches: 100 repositories of 700 pull requests, deployed every day. What stores a
/// batch says so in `stored`, and takes its time.
fn large() -> (Cluster, Session) {
    let (cluster, mut db) = unfetched();
    db.run(
        "SELECT diogen.init_silver(), diogen.init_gold();
         INSERT INTO diogen_silver.repositories (source, repository, default_branch)
         SELECT 'acme', 'acme/' || r, 'main' FROM generate_series(1, 100) r;
         INSERT INTO diogen_silver.pull_requests
             (source, document_id, repository, number, author, author_is_bot, state, is_draft, base_ref, created_at, merged_at, merge_sha)
         SELECT 'acme', 0, 'acme/' || r, n, 'dev', false, 'merged', false, 'main', t.at - interval '1 h', t.at, repeat(md5(r || '/' || n), 2)
         FROM generate_series(1, 100) r, generate_series(1, 700) n,
              LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '3 h') t(at);
         INSERT INTO diogen_silver.commits
             (source, document_id, repository, sha, parents, committed_at, is_on_default_branch, pull_request_numbers)
         SELECT p.source, 0, p.repository, p.merge_sha,
                CASE WHEN p.number > 1 THEN ARRAY[repeat(md5(split_part(p.repository, '/', 2) || '/' || p.number - 1), 2)] ELSE '{}' END,
                p.merged_at, true, ARRAY[p.number]
         FROM diogen_silver.pull_requests p;
         INSERT INTO diogen_silver.deployments
             (source, document_id, repository, deployment_id, environment, sha, status, created_at, finished_at, origin)
         SELECT p.source, 0, p.repository, p.number::text, 'production', p.merge_sha, 'success', p.merged_at,
                p.merged_at + interval '10 min', 'github_deployment'
         FROM diogen_silver.pull_requests p WHERE p.number % 8 = 0;
         INSERT INTO diogen_silver.incidents
             (source, document_id, incident_id, service, title, status, opened_at, resolved_at, origin)
         SELECT 'acme', 0, 'I-' || r || '-' || i, 'acme/' || r, 'outage ' || r || '-' || i, 'resolved', t.at, t.at + interval '1 h', 'sent'
         FROM generate_series(1, 100) r, generate_series(1, 10) i,
              LATERAL (SELECT timestamptz '2026-01-03Z' + i * interval '50 h') t(at);
         CREATE TABLE stored (pid bigint DEFAULT pg_backend_pid(), role text DEFAULT current_user);
         GRANT INSERT ON stored TO PUBLIC;
         CREATE FUNCTION store() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN INSERT INTO public.stored DEFAULT VALUES; PERFORM pg_sleep(0.3); RETURN NULL; END$$;
         CREATE TRIGGER stored AFTER INSERT ON diogen_gold.months EXECUTE FUNCTION store()",
    );
    (cluster, db)
}

fn is_alone() -> bool {
    let is_alone = std::thread::available_parallelism().is_ok_and(|it| it.get() == 1);
    if is_alone {
        println!("skipped: there is one processor only, so nothing is shared");
    }
    is_alone
}

/// Says what one process computes, and empties gold.
fn compute_alone(db: &mut Session) {
    db.notices();
    db.run("SET max_parallel_maintenance_workers = 0");
    db.run("CALL diogen.compute(rebuild => true)");
    assert_eq!(db.number("SELECT count(DISTINCT pid) FROM stored"), 1);
    for table in TABLES {
        db.run(&format!(
            "CREATE TABLE alone_{table} AS TABLE diogen_gold.{table}; TRUNCATE diogen_gold.{table}"
        ));
    }
    db.run("TRUNCATE stored; RESET max_parallel_maintenance_workers");
}

fn assert_computed(db: &mut Session) {
    for table in TABLES {
        let differing = db.lines(&format!(
            "(TABLE diogen_gold.{table} EXCEPT ALL TABLE alone_{table})
             UNION ALL (TABLE alone_{table} EXCEPT ALL TABLE diogen_gold.{table}) LIMIT 3"
        ));
        assert_eq!(differing, [""; 0], "{table}");
    }
    let changes = "SELECT count(*) FROM diogen_gold.changes WHERE deployed_at IS NOT NULL";
    assert!(db.number(changes) > 60_000);
    let linked = "SELECT count(*) FROM diogen_gold.incidents WHERE deployment_id IS NOT NULL";
    assert_eq!(db.number(linked), 1000);
    let list = "SELECT count(*) FROM diogen_silver.stale_repositories";
    assert_eq!(db.number(list), 0);
}

/// A computation under way, and that a helper takes part in.
fn begin(cluster: &Cluster, db: &mut Session) -> JoinHandle<Option<String>> {
    let session = cluster.connect();
    let run = session.in_background("CALL diogen.compute(rebuild => true)");
    wait_until("a helper", SOON, || {
        db.number(
            "SELECT count(*) FROM pg_stat_activity
             WHERE backend_type = 'diogen compute helper' AND wait_event = 'PgSleep'",
        ) > 0
    });
    run
}

#[test]
fn several_processes_compute_what_one_does() {
    if is_alone() {
        return;
    }
    let (_cluster, mut db) = large();
    compute_alone(&mut db);
    let alone = db.notices();
    // Whatever is the default there.
    db.run("ALTER DATABASE diogen SET default_transaction_isolation = 'serializable'");
    db.run("SET default_transaction_isolation = 'serializable'");
    db.run("CREATE ROLE computing NOLOGIN SUPERUSER; SET ROLE computing");
    db.run("CALL diogen.compute(rebuild => true)");
    assert_computed(&mut db);
    // Each says what it has done, and works as whoever asked for it.
    assert_eq!(db.notices(), alone);
    assert!(db.number("SELECT count(DISTINCT pid) FROM stored") > 1);
    assert_eq!(db.lines("SELECT DISTINCT role FROM stored"), ["computing"]);
    assert_eq!(db.number(HELPERS), 0);
}

#[test]
fn a_renamed_repository_leaves_nothing_behind() {
    let (cluster, mut db) = large();
    let session = cluster.connect();
    let run = session.in_background("CALL diogen.compute(rebuild => true)");
    wait_until("a batch", SOON, || {
        db.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") > 0
    });
    // The first of the batch that is being stored.
    db.run("SELECT diogen.rename_repository('acme', 'acme/1', 'acme/one')");
    assert_eq!(run.join().expect("a thread"), None);
    db.run("CALL diogen.compute()");
    for table in ["changes", "deployments", "months"] {
        let rows = |name: &str| {
            format!("SELECT count(*) FROM diogen_gold.{table} WHERE repository = 'acme/{name}'")
        };
        assert_eq!(db.number(&rows("1")), 0, "{table}");
        assert!(db.number(&rows("one")) > 0, "{table}");
    }
}

#[test]
fn what_one_batch_does_is_not_shared() {
    let (_cluster, mut db) = large();
    db.run("CALL diogen.compute(rebuild => true)");
    db.run(
        "TRUNCATE stored;
         INSERT INTO diogen_silver.stale_repositories (source, repository, since)
         SELECT 'acme', 'acme/' || r, '2026-03-20Z' FROM generate_series(1, 100) r",
    );
    db.run("CALL diogen.compute()");
    assert_eq!(db.number("SELECT count(DISTINCT pid) FROM stored"), 1);
}

#[test]
fn helpers_end_with_a_session_that_is_stopped() {
    if is_alone() {
        return;
    }
    let (cluster, mut db) = large();
    compute_alone(&mut db);
    for stop in ["pg_cancel_backend", "pg_terminate_backend"] {
        let run = begin(&cluster, &mut db);
        db.run(&format!(
            "SELECT {stop}(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND query LIKE 'CALL diogen.compute%'"
        ));
        assert!(run.join().expect("a thread").is_some(), "{stop}");
        wait_until("the helpers' end", SOON, || db.number(HELPERS) == 0);
        let list = "SELECT count(*) FROM diogen_silver.stale_repositories";
        assert!(db.number(list) > 0, "{stop} came too late");
    }
    db.run("CALL diogen.compute()");
    assert_computed(&mut db);
}

#[test]
fn what_a_helper_leaves_its_session_does() {
    if is_alone() {
        return;
    }
    let (cluster, mut db) = large();
    compute_alone(&mut db);
    let run = begin(&cluster, &mut db);
    db.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'diogen compute helper'",
    );
    assert_eq!(run.join().expect("a thread"), None);
    assert_computed(&mut db);
}

#[test]
fn two_sessions_compute_at_once() {
    let (cluster, mut db) = large();
    compute_alone(&mut db);
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let session = cluster.connect();
            session.in_background("CALL diogen.compute(rebuild => true)")
        })
        .collect();
    for run in runs {
        assert_eq!(run.join().expect("a thread"), None);
    }
    assert_computed(&mut db);
}
