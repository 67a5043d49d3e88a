//! How fast ways of turning documents into typed rows are, side by side: Diogen, plain SQL, and a
//! pipeline beside the database. All read the same documents and fill the same columns of equal
//! tables with equal indexes; at the end the rows are compared.
//!
//! The others know the shape of the documents, insert into an empty table, and are then done.
//! Diogen besides looks for what changed, takes both shapes, upserts, and reads the history.
//!
//! `DIOGEN_BENCH_DOCUMENTS` says how many documents, `DIOGEN_BENCH_ROUNDS` how often each way is
//! measured, `DIOGEN_BENCH_PYTHON` which Python has what `normalizing.py` imports.
#![recursion_limit = "256"]

mod documents;
mod machine;
mod settings;

use client::{Cluster, Session};
use settings::number;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// How many documents are stored at a time.
const PAGE: usize = 200;

/// What a pull request's document tells; the other columns take its history to know.
const COLUMNS: &str = "repository, number, title, author, author_is_bot, state, is_draft, base_ref, head_ref, \
     created_at, updated_at, merged_at, closed_at, merge_sha, additions, deletions, changed_files, commit_count, \
     comment_count, labels, url, ready_at, reverts, \
     head_sha, is_from_fork, merged_by, milestone";

/// The same columns out of REST's shape, an operator for each.
const ARROWS: &str = "
    d.doc #>> '{base,repo,full_name}', (d.doc ->> 'number')::bigint, d.doc ->> 'title',
    coalesce(d.doc #>> '{user,login}', 'ghost'), coalesce(d.doc #>> '{user,type}' = 'Bot', false),
    CASE WHEN d.doc ->> 'merged_at' IS NOT NULL THEN 'merged' ELSE d.doc ->> 'state' END,
    (d.doc ->> 'draft')::boolean, d.doc #>> '{base,ref}', d.doc #>> '{head,ref}',
    (d.doc ->> 'created_at')::timestamptz, (d.doc ->> 'updated_at')::timestamptz,
    (d.doc ->> 'merged_at')::timestamptz, (d.doc ->> 'closed_at')::timestamptz,
    CASE WHEN d.doc ->> 'merged_at' IS NOT NULL THEN d.doc ->> 'merge_commit_sha' END,
    (d.doc ->> 'additions')::bigint, (d.doc ->> 'deletions')::bigint, (d.doc ->> 'changed_files')::bigint,
    (d.doc ->> 'commits')::bigint, (d.doc ->> 'comments')::bigint,
    ARRAY(SELECT l ->> 'name' FROM jsonb_array_elements(d.doc -> 'labels') l), d.doc ->> 'html_url',
    CASE WHEN NOT coalesce((d.doc ->> 'draft')::boolean, false) THEN (d.doc ->> 'created_at')::timestamptz END,
    CASE WHEN d.doc ->> 'body' LIKE '%Reverts %'
         THEN (regexp_match(d.doc ->> 'body', '^Reverts [^#\\s]*#(\\d+)', 'n'))[1]::bigint
         WHEN d.doc #>> '{head,ref}' LIKE 'revert-%'
         THEN (regexp_match(d.doc #>> '{head,ref}', '^revert-(\\d+)-'))[1]::bigint END,
    d.doc #>> '{head,sha}', d.doc #>> '{head,repo,full_name}' IS DISTINCT FROM d.doc #>> '{base,repo,full_name}',
    d.doc #>> '{merged_by,login}', d.doc #>> '{milestone,title}'";

/// The same columns out of a record.
const FIELDS: &str = r#"
    r.base #>> '{repo,full_name}', r.number, r.title,
    coalesce(r."user" ->> 'login', 'ghost'), coalesce(r."user" ->> 'type' = 'Bot', false),
    CASE WHEN r.merged_at IS NOT NULL THEN 'merged' ELSE r.state END,
    r.draft, r.base ->> 'ref', r.head ->> 'ref',
    r.created_at, r.updated_at, r.merged_at, r.closed_at,
    CASE WHEN r.merged_at IS NOT NULL THEN r.merge_commit_sha END,
    r.additions, r.deletions, r.changed_files, r.commits, r.comments,
    ARRAY(SELECT l ->> 'name' FROM jsonb_array_elements(r.labels) l), r.html_url,
    CASE WHEN NOT coalesce(r.draft, false) THEN r.created_at END,
    CASE WHEN r.body LIKE '%Reverts %' THEN (regexp_match(r.body, '^Reverts [^#\s]*#(\d+)', 'n'))[1]::bigint
         WHEN r.head ->> 'ref' LIKE 'revert-%' THEN (regexp_match(r.head ->> 'ref', '^revert-(\d+)-'))[1]::bigint END,
    r.head ->> 'sha', r.head #>> '{repo,full_name}' IS DISTINCT FROM r.base #>> '{repo,full_name}',
    r.merged_by ->> 'login', r.milestone ->> 'title'"#;

const RECORD: &str = r#"jsonb_to_record(d.doc) AS r (
    base jsonb, head jsonb, "user" jsonb, labels jsonb, merged_by jsonb, milestone jsonb, number bigint, title text, body text, state text, draft boolean,
    created_at timestamptz, updated_at timestamptz, merged_at timestamptz, closed_at timestamptz,
    merge_commit_sha text, additions bigint, deletions bigint, changed_files bigint, commits bigint,
    comments bigint, html_url text)"#;

const WANTED: &str = "d.source = 'whole' AND d.stream = 'pull_requests' AND d.deleted_at IS NULL";

fn main() -> ExitCode {
    let mut bench = Bench::new(number("DIOGEN_BENCH_DOCUMENTS", 100_000));
    for round in 0..number("DIOGEN_BENCH_ROUNDS", 5) {
        bench.diogen(round);
        bench.sql();
        bench.python();
        bench.floor();
    }
    bench.report();
    bench.compare()
}

/// What lies in the middle.
fn median(seconds: &[f64]) -> f64 {
    let mut seconds = seconds.to_vec();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// How many times as long one way takes as another. A machine that others use too is now faster,
/// now slower; what is measured close together is compared.
fn ratio(one: &[f64], other: &[f64]) -> f64 {
    let ratios = one.iter().zip(other).map(|(one, other)| one / other);
    median(&ratios.collect::<Vec<_>>())
}

struct Bench {
    cluster: Cluster,
    db: Session,
    /// Two more sessions, which stay connected as that one does: what a backend has to map and to
    /// look up when it is new costs all ways the same.
    halves: Vec<Session>,
    documents: usize,
    /// Where silver names the document of a row, `, document_id`; else nothing.
    document_id: &'static str,
    /// Name, documents and seconds of each way, round by round.
    taken: Vec<(&'static str, usize, Vec<f64>)>,
    /// The tables that the other ways filled.
    filled: Vec<&'static str>,
}

impl Bench {
    /// A server whose memory holds everything, and the documents: in the source `whole`, and once
    /// more by halves in `left` and `right`.
    fn new(documents: usize) -> Self {
        let cluster = Cluster::start(&[]);
        let mut db = cluster.connect();
        for setting in [
            &format!("shared_buffers = '{} MB'", machine::shared_buffers()),
            "max_wal_size = '32 GB'",
            "checkpoint_timeout = '1 h'",
            "autovacuum = off",
            // Costs more than it gains in statements that take seconds.
            "jit = off",
        ] {
            db.run(&format!("ALTER SYSTEM SET {setting}"));
        }
        cluster.restart();
        let mut db = cluster.connect();
        db.run("CREATE EXTENSION diogen");
        for source in ["whole", "left", "right"] {
            db.run(&format!(
                r#"SELECT diogen.add_source('{source}', 'github', '{{"repositories": "acme/*"}}')"#
            ));
        }
        std::thread::scope(|scope| {
            scope.spawn(|| ingest(cluster.connect(), "left", (0..documents).step_by(2)));
            ingest(cluster.connect(), "right", (1..documents).step_by(2));
        });
        db.run(
            "INSERT INTO diogen_bronze.documents (source, stream, key, scope, doc, context, updated_at)
             SELECT 'whole', d.stream, d.key, d.scope, d.doc, d.context, d.updated_at FROM diogen_bronze.documents d",
        );
        let size = "SELECT avg(length(d.doc::text))::int || ' bytes as text, ' || avg(pg_column_size(d.doc))::int
                    FROM (SELECT * FROM diogen_bronze.documents LIMIT 1000) d";
        println!("{documents} documents of {} bytes stored", db.value(size));
        db.run("CREATE SCHEMA bench");
        let has_document_id = db.number(
            "SELECT count(*) FROM pg_attribute
             WHERE attrelid = 'diogen_silver.pull_requests'::regclass AND attname = 'document_id'",
        );
        let halves = vec![cluster.connect(), cluster.connect()];
        Bench {
            cluster,
            db,
            halves,
            documents,
            document_id: match has_document_id {
                0 => "",
                _ => ", document_id",
            },
            taken: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// Takes the time of one way, in the state that a server at rest is in.
    fn measure(&mut self, name: &'static str, documents: usize, way: impl FnOnce(&mut Session)) {
        self.db.run("VACUUM ANALYZE");
        self.db.run("CHECKPOINT");
        let started = Instant::now();
        way(&mut self.db);
        let seconds = started.elapsed().as_secs_f64();
        match self.taken.iter_mut().find(|taken| taken.0 == name) {
            Some(taken) => taken.2.push(seconds),
            None => self.taken.push((name, documents, vec![seconds])),
        }
    }

    /// The same for a statement that does each half in a backend of its own.
    fn measure_halves(&mut self, name: &'static str, statement: fn(&str) -> String) {
        let mut halves = std::mem::take(&mut self.halves);
        self.measure(name, self.documents, |_| {
            std::thread::scope(|scope| {
                for (session, source) in halves.iter_mut().zip(["left", "right"]) {
                    scope.spawn(move || session.run(&statement(source)));
                }
            });
        });
        self.halves = halves;
    }

    fn diogen(&mut self, round: usize) {
        self.empty_silver();
        self.measure_halves("Diogen, halves in two backends", |source| {
            format!("CALL diogen.normalize('{source}')")
        });
        self.empty_silver();
        self.measure("Diogen", self.documents, |db| {
            db.run("CALL diogen.normalize('whole')");
        });
        let changed = self.db.number(&format!(
            "SELECT diogen.ingest('whole', 'pull_requests', jsonb_agg(d.doc || '{{\"title\": \"Round {round}\"}}'))
             FROM diogen_bronze.documents d WHERE {WANTED} AND abs(hashtext(d.key) % 100) = {round}"
        ));
        let changed = usize::try_from(changed).expect("a count");
        self.measure("Diogen, 1 % changed", changed, |db| {
            db.run("CALL diogen.normalize('whole')");
        });
        self.measure("Diogen, rebuild", self.documents, |db| {
            db.run("CALL diogen.normalize('whole', rebuild => true)");
        });
    }

    fn empty_silver(&mut self) {
        let tables = self.db.value(
            "SELECT string_agg(format('diogen_silver.%I', tablename), ', ')
             FROM pg_tables WHERE schemaname = 'diogen_silver'",
        );
        self.db.run(&format!("TRUNCATE {tables}"));
    }

    fn sql(&mut self) {
        let documents = "diogen_bronze.documents d";
        // What goes through a subquery with OFFSET is computed there, once: a copy that is
        // detoasted, as `||` with nothing returns it.
        let once = format!(
            "(SELECT d.source{}, d.doc || '{{}}' AS doc FROM {documents} WHERE {WANTED} OFFSET 0) d",
            self.document_id
        );
        let whole = format!("{documents} WHERE {WANTED}");
        let record = format!("{documents} CROSS JOIN LATERAL {RECORD} WHERE {WANTED}");
        for (name, table, values, rows) in [
            ("SQL, ->>", "arrows", ARROWS, whole),
            ("SQL, ->> on a detoasted copy", "once", ARROWS, once),
            ("SQL, jsonb_to_record", "record", FIELDS, record),
        ] {
            let id = self.document_id;
            self.fill(name, table, |db| {
                db.run(&format!(
                    "INSERT INTO bench.{table} (source, {COLUMNS}{id}) SELECT d.source, {values}{id} FROM {rows}"
                ));
            });
        }
    }

    /// The time includes the start of Python, as it does where a scheduler starts it.
    fn python(&mut self) {
        let Some(python) = std::env::var_os("DIOGEN_BENCH_PYTHON") else {
            return;
        };
        let mut command = Command::new(python);
        let columns = format!("source, {COLUMNS}{}", self.document_id);
        command
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../benches/normalizing.py"
            ))
            .args([&self.cluster.url("postgres"), "whole", "bench.python"])
            .args(columns.split(", "));
        self.fill("Python: psycopg, orjson, polars", "python", |_| {
            let status = command.status().expect("Python");
            assert!(status.success(), "the pipeline failed");
        });
    }

    /// Measures what fills a table like the one in silver.
    fn fill(&mut self, name: &'static str, table: &'static str, way: impl FnOnce(&mut Session)) {
        self.db.run(&format!(
            "CREATE TABLE IF NOT EXISTS bench.{table} (LIKE diogen_silver.pull_requests INCLUDING ALL)"
        ));
        self.db.run(&format!("TRUNCATE bench.{table}"));
        self.measure(name, self.documents, way);
        if !self.filled.contains(&table) {
            self.filled.push(table);
        }
    }

    /// What no way in one backend gets below: each document is detoasted, and nothing written.
    fn floor(&mut self) {
        // How far two backends get on this machine with nothing to wait for in common.
        self.measure_halves("floor: detoasting halves in two", |source| {
            format!(
                "SET max_parallel_workers_per_gather = 0;
                 SELECT count(*) FILTER (WHERE d.doc ? '') FROM diogen_bronze.documents d WHERE {};
                 RESET max_parallel_workers_per_gather",
                WANTED.replace("whole", source)
            )
        });
        self.db.run("SET max_parallel_workers_per_gather = 0");
        self.measure("floor: detoasting alone", self.documents, |db| {
            db.run(&format!(
                "SELECT count(*) FILTER (WHERE d.doc ? '') FROM diogen_bronze.documents d WHERE {WANTED}"
            ));
        });
        self.db.run("RESET max_parallel_workers_per_gather");
    }

    fn report(&self) {
        let seconds = |name| {
            &self
                .taken
                .iter()
                .find(|taken| taken.0 == name)
                .expect("it was measured")
                .2
        };
        let diogen = seconds("Diogen");
        println!(
            "{:34}{:>9}{:>13}{:>24}",
            "medians", "seconds", "documents/s", "of Diogen's whole time"
        );
        for (name, documents, seconds) in &self.taken {
            let time = median(seconds);
            let speed = *documents as f64 / time;
            println!(
                "{name:34}{time:>9.2}{speed:>13.0}{:>24.2}",
                ratio(seconds, diogen)
            );
        }
        let sql = self.taken.iter().filter(|taken| taken.0.starts_with("SQL"));
        let best = sql.min_by(|one, other| median(&one.2).total_cmp(&median(&other.2)));
        let best = &best.expect("it was measured").2;
        println!(
            "medians of the ratios of each round: Diogen is {:.2} times as fast as the best SQL; two backends are {:.2} times \
             as fast as one, detoasting alone {:.2} times; of Diogen's time {:.0} % is detoasting",
            ratio(best, diogen),
            ratio(diogen, seconds("Diogen, halves in two backends")),
            ratio(
                seconds("floor: detoasting alone"),
                seconds("floor: detoasting halves in two")
            ),
            100.0 * ratio(seconds("floor: detoasting alone"), diogen),
        );
    }

    /// Whether all ways gave the rows that Diogen gave.
    fn compare(&mut self) -> ExitCode {
        let columns = format!("source, {COLUMNS}{}", self.document_id);
        let rows = |table: &str| format!("SELECT {columns} FROM {table}");
        let silver = rows("diogen_silver.pull_requests");
        let mut result = ExitCode::SUCCESS;
        for table in &self.filled {
            let other = rows(&format!("bench.{table}"));
            let different = self.db.lines(&format!(
                "SELECT DISTINCT repository, number
                 FROM (({silver} EXCEPT {other}) UNION ALL ({other} EXCEPT {silver})) d"
            ));
            if let Some(example) = different.first() {
                println!(
                    "{table}: {} rows differ from Diogen's, such as {example}",
                    different.len()
                );
                result = ExitCode::FAILURE;
            }
        }
        if result == ExitCode::SUCCESS {
            println!("all ways gave the same rows");
        }
        result
    }
}

fn ingest(mut db: Session, source: &str, places: impl Iterator<Item = usize>) {
    let mut places = places.peekable();
    while places.peek().is_some() {
        let page = places.by_ref().take(PAGE).map(documents::pull_request);
        let page = serde_json::Value::Array(page.collect());
        db.run(&format!(
            "SELECT diogen.ingest('{source}', 'pull_requests', $page${page}$page$)"
        ));
    }
}
