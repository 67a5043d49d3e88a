//! Made-up delivery in silver, of any size, as `benches/dora/generate.sql` has it.

use crate::machine;
use client::{Cluster, Session};
use std::path::Path;
use std::time::Instant;

/// How much of it there is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Merged pull requests; five times as many commits, a fifth as many deployments and a fiftieth
    /// as many incidents go with them.
    pub pulls: usize,
    /// Over how many repositories.
    pub repositories: usize,
    /// Over how many years, which have 52 weeks.
    pub years: usize,
    /// Whether the commits of pull requests are made as well, which gold need not read.
    pub with_commits: bool,
}

const TABLES: [&str; 3] = ["pull_requests", "deployments", "incidents"];

/// The cluster that `DIOGEN_BENCH_CLUSTER` names, or one that is gone afterwards.
pub fn cluster() -> Cluster {
    let cluster = match std::env::var_os("DIOGEN_BENCH_CLUSTER") {
        Some(dir) => Cluster::start_in(Path::new(&dir)),
        None => Cluster::start(&[]),
    };
    configure(&cluster);
    cluster
}

/// Gives a server memory, and leaves out what would happen at times of its own.
fn configure(cluster: &Cluster) {
    let mut db = cluster.connect();
    for setting in [
        &format!("shared_buffers = '{} MB'", machine::shared_buffers()),
        "max_wal_size = '32 GB'",
        // The log is written into files that there are already, as on a server that has run for long.
        "min_wal_size = '4 GB'",
        "checkpoint_timeout = '1 h'",
        "autovacuum = off",
        // Costs more than it gains in statements that take seconds.
        "jit = off",
    ] {
        db.run(&format!("ALTER SYSTEM SET {setting}"));
    }
    cluster.restart();
}

/// Facts in silver, made unless they are there, and nothing in gold. Returns what there is.
pub fn prepare(connect: impl Fn() -> Session, size: Size) -> String {
    let Size {
        pulls,
        repositories,
        years,
        with_commits,
    } = size;
    let pulls = pulls / repositories * repositories;
    let mut db = connect();
    db.run("DROP SCHEMA IF EXISTS diogen_gold CASCADE");
    db.run("DROP EXTENSION IF EXISTS diogen CASCADE");
    let wanted = format!("{pulls}|{repositories}|{years}|{with_commits}");
    let is_made = db.value("SELECT to_regclass('bench.size') IS NOT NULL") == "t"
        && db.lines("SELECT wanted FROM bench.size") == [wanted.as_str()];
    if !is_made {
        db.run("DROP SCHEMA IF EXISTS bench, diogen_silver, diogen_bronze CASCADE");
    }
    db.run("CREATE EXTENSION diogen");
    db.run(r#"SELECT diogen.add_source('acme', 'github', '{"repositories": "acme/*"}')"#);
    if !is_made {
        db.run(include_str!("dora/generate.sql"));
        db.run(&format!(
            "CALL bench.want_all({pulls}, {repositories}, {years})"
        ));
        make(&connect, &mut db, with_commits);
        db.run(&format!(
            "CREATE TABLE bench.size AS SELECT '{wanted}' AS wanted"
        ));
    }
    db.run(include_str!("dora/add.sql"));
    db.run("CALL bench.configure()");
    db.run("CALL bench.remove_more()");
    db.run("VACUUM ANALYZE");
    db.run("CHECKPOINT");
    format!(
        "{repositories} repositories, {years} years: {pulls} pull requests, {} commits, {} deployments, {} incidents",
        db.number("SELECT count(*) FROM diogen_silver.commits"),
        db.number(
            "SELECT count(*) FROM diogen_silver.deployments WHERE environment = 'production'"
        ),
        db.number("SELECT count(*) FROM diogen_silver.incidents"),
    )
}

/// A statement that empties gold, and has the log go on in files that there are.
pub fn emptying(db: &mut Session) -> String {
    let tables = db.value(
        "SELECT string_agg(format('diogen_gold.%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'diogen_gold'",
    );
    format!("TRUNCATE {tables}; CHECKPOINT")
}

/// The commits take most of the time: the others are made beside them.
fn make(connect: &impl Fn() -> Session, db: &mut Session, with_commits: bool) {
    let started = Instant::now();
    let mut other = connect();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            other.run("SET maintenance_work_mem = '512 MB'");
            for table in TABLES {
                other.run(&format!("CALL bench.load('{table}')"));
            }
            if with_commits {
                other.run("CALL bench.load('pull_request_commits')");
            }
        });
        db.run("SET maintenance_work_mem = '512 MB'");
        db.run("CALL bench.load('commits')");
    });
    println!("facts made in {:.0} s", started.elapsed().as_secs_f64());
}
