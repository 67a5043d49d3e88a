//! What gold costs, beside other ways to the same figures on the same facts, by team and week.
//!
//! Silver is filled with two years of made-up delivery. The others take for the deployment of a
//! change the first one after its merge, as is usual where nobody knows the commit graph; so lead
//! times are not the same as Diogen's, but those of all the others are. What must be the same is
//! compared.
//!
//! `DIOGEN_BENCH_PULLS` says how many merged pull requests there are (1,000,000); five times as many
//! commits, a fifth as many deployments and a fiftieth as many incidents go with them.
//! `DIOGEN_BENCH_REPOSITORIES` says over how many repositories: by default there are 2,000 pull
//! requests in each, so that more means more repositories; with a fixed number it means more in every
//! week of each. `DIOGEN_BENCH_PULL_REQUEST_COMMITS=1` also fills the commits of pull requests,
//! which gold need not read. `DIOGEN_BENCH_CLUSTER` names the folder of a cluster that is kept and
//! taken again; without, the facts are made anew. `DIOGEN_BENCH_ROUNDS` says how often everything is
//! measured, `DIOGEN_BENCH_ONLY` what of `diogen` and `others`, and `DIOGEN_BENCH_PYTHON` which
//! Python has what `dora.py` imports.

mod facts;
mod machine;
mod memory;
mod settings;

use client::{Cluster, Session};
use facts::Size;
use memory::{Peak, Watch};
use settings::number;
use std::process::{Command, ExitCode};
use std::time::Instant;

const SINCE: &str = "2024-06-03";
const UNTIL: &str = "2026-06-01";
/// A panel of a dashboard shows this one.
const TEAM: &str = "team-01";
const PANEL: &str = "2026-02-02";

const FIGURES: &str = "way text, week timestamptz, team text, deployments bigint, changes bigint, \
     lead_time_median float8, lead_time_p90 float8, failed bigint, recovery_time_median float8";

/// An index for those who have to look deployments up by time.
const INDEX: &str = "CREATE INDEX bench_finished ON diogen_silver.deployments (source, repository, finished_at) \
     WHERE environment = 'production' AND status = 'success'";

fn main() -> ExitCode {
    let mut bench = Bench::new();
    let only = std::env::var("DIOGEN_BENCH_ONLY").unwrap_or_default();
    println!(
        "{:46}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "", "median s", "least s", "most s", "own MB", "VmHWM MB"
    );
    if only != "others" {
        bench.diogen();
    }
    if only != "diogen" {
        bench.sql();
        bench.python();
    }
    let result = bench.compare();
    if only != "others" {
        bench.new_facts();
    }
    result
}

struct Bench {
    cluster: Cluster,
    db: Session,
    rounds: usize,
}

impl Bench {
    fn new() -> Self {
        let cluster = facts::cluster();
        let db = cluster.connect();
        let mut bench = Bench {
            cluster,
            db,
            rounds: number("DIOGEN_BENCH_ROUNDS", 3),
        };
        bench.prepare();
        bench
    }

    /// Facts in silver, and nothing in gold.
    fn prepare(&mut self) {
        let pulls = number("DIOGEN_BENCH_PULLS", 1_000_000);
        let size = Size {
            pulls,
            repositories: number("DIOGEN_BENCH_REPOSITORIES", (pulls / 2000).max(1)),
            years: 2,
            with_commits: number("DIOGEN_BENCH_PULL_REQUEST_COMMITS", 0) > 0,
        };
        let counts = facts::prepare(|| self.cluster.connect(), size);
        self.db
            .run("DROP INDEX IF EXISTS diogen_silver.bench_finished");
        self.db.run("DROP TABLE IF EXISTS bench.figures");
        self.db
            .run(&format!("CREATE TABLE bench.figures ({FIGURES})"));
        self.db.run("VACUUM ANALYZE");
        println!("{counts}");
    }

    /// Takes the times of a statement in one session, so many rounds; `before` is run before each,
    /// and its time does not count.
    fn measure(&mut self, name: &str, rounds: usize, before: impl Fn(usize) -> String, sql: &str) {
        let session = self.cluster.connect();
        self.measure_in(session, name, rounds, before, sql);
    }

    fn measure_in(
        &mut self,
        mut session: Session,
        name: &str,
        rounds: usize,
        before: impl Fn(usize) -> String,
        sql: &str,
    ) {
        let pid = session.pid();
        let watch = Watch::start(pid);
        let mut seconds = Vec::new();
        for round in 0..rounds {
            let before = before(round);
            if !before.is_empty() {
                self.db.run(&before);
            }
            let started = Instant::now();
            // Rows come in binary form, as those of the ways beside the database do. CALL has none.
            match sql.starts_with("CALL") {
                true => session.run(sql),
                false => _ = session.fetch(sql),
            }
            seconds.push(started.elapsed().as_secs_f64());
        }
        report(name, &mut seconds, Some(watch.stop()));
    }

    fn diogen(&mut self) {
        let emptying = facts::emptying(&mut self.db);
        let rebuild = "CALL diogen.compute(rebuild => true)";
        self.measure(
            "Diogen: compute, gold empty",
            self.rounds,
            |_| emptying.clone(),
            rebuild,
        );
        self.at_rest();
        self.measure(
            "Diogen: compute, everything anew",
            self.rounds,
            nothing,
            rebuild,
        );
        self.at_rest();
        let whole = format!(
            "SELECT * FROM diogen.dora('{SINCE} UTC', '{UNTIL} UTC', bucket => 'week', by => 'team')"
        );
        self.measure(
            "Diogen: dora by team and week",
            3 * self.rounds,
            nothing,
            &whole,
        );
        let panel = format!(
            "SELECT * FROM diogen.dora('{PANEL} UTC', '{UNTIL} UTC', bucket => 'week', team => '{TEAM}')"
        );
        self.measure(
            "Diogen: dora of a team over 17 weeks",
            3 * self.rounds,
            nothing,
            &panel,
        );
        self.db.run(&format!(
            "INSERT INTO bench.figures
             SELECT 'Diogen', d.bucket_start, d.name, d.deployments, d.changes, extract(epoch FROM d.lead_time_median),
                    extract(epoch FROM d.lead_time_p90), d.failed_deployments, extract(epoch FROM d.recovery_time_median)
             FROM ({whole}) d WHERE d.deployments > 0 OR d.changes > 0"
        ));
        self.query(
            "SQL over the facts of Diogen",
            include_str!("dora/facts.sql"),
        );
    }

    /// Gold as a server at rest has it.
    fn at_rest(&mut self) {
        for table in self.db.lines(
            "SELECT format('diogen_gold.%I', tablename) FROM pg_tables WHERE schemaname = 'diogen_gold'",
        ) {
            self.db.run(&format!("VACUUM ANALYZE {table}"));
        }
        self.db.run("CHECKPOINT");
    }

    fn new_facts(&mut self) {
        self.measure(
            "Diogen: compute after 100 new facts",
            self.rounds + 2,
            |round| format!("CALL bench.add_more({round})"),
            "CALL diogen.compute()",
        );
    }

    /// Plain SQL, with more memory than the default, which Diogen has.
    fn query(&mut self, name: &str, sql: &str) {
        let sql = sql
            .replace("{since}", &format!("timestamptz '{SINCE} UTC'"))
            .replace("{until}", &format!("timestamptz '{UNTIL} UTC'"));
        let mut session = self.cluster.connect();
        session.run("SET work_mem = '256 MB'");
        self.measure_in(session, name, self.rounds, nothing, &sql);
        self.db.run(&format!(
            "INSERT INTO bench.figures SELECT '{name}', f.* FROM ({sql}) f"
        ));
    }

    fn sql(&mut self) {
        self.db.run(INDEX);
        self.db.run("VACUUM ANALYZE diogen_silver.deployments");
        for (name, shipped) in [
            (
                "plain SQL, looking up each change",
                include_str!("dora/shipped_by_probes.sql"),
            ),
            (
                "plain SQL, one sort",
                include_str!("dora/shipped_by_sort.sql"),
            ),
        ] {
            self.query(
                name,
                &include_str!("dora/plain.sql").replace("{shipped}", shipped),
            );
        }
        self.db.run("DROP INDEX diogen_silver.bench_finished");
    }

    fn python(&mut self) {
        let Some(python) = std::env::var_os("DIOGEN_BENCH_PYTHON") else {
            return;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let output = Command::new(python)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../benches/dora.py"
            ))
            .args([&self.cluster.url("postgres"), SINCE, UNTIL])
            .arg(self.rounds.to_string())
            .arg(folder.path())
            .stderr(std::process::Stdio::inherit())
            .output()
            .expect("Python");
        assert!(output.status.success(), "DuckDB or polars failed");
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let mut values = line.split('\t');
            let name = values.next().unwrap_or_default();
            let mut seconds: Vec<f64> = values.map(|it| it.parse().expect("seconds")).collect();
            report(name, &mut seconds, None);
        }
    }

    /// Whether the ways agree where they mean the same.
    fn compare(&mut self) -> ExitCode {
        let ways = self.db.lines("SELECT DISTINCT way FROM bench.figures");
        let (ours, others): (Vec<_>, Vec<_>) =
            ways.into_iter().partition(|it| it.contains("Diogen"));
        let throughput = "deployments, changes, round(lead_time_median::numeric, 3), round(lead_time_p90::numeric, 3)";
        let all = &format!("{throughput}, failed, round(recovery_time_median::numeric, 3)");
        // A Diogen that does not compute failures says NULL, not 0.
        let has_failures = "SELECT count(failed) FROM bench.figures WHERE way = 'Diogen'";
        let of_ours = if self.db.number(has_failures) > 0 {
            all
        } else {
            throughput
        };
        let mut is_same = true;
        for (group, columns) in [(&ours, of_ours), (&others, all)] {
            for way in group.iter().skip(1) {
                is_same &= self.is_same(&group[0], way, columns);
            }
        }
        if let (Some(ours), Some(other)) = (ours.first(), others.first()) {
            is_same &= self.is_same(ours, other, "deployments");
            let changes = |db: &mut Session, way: &str| {
                db.number(&format!(
                    "SELECT sum(changes)::bigint FROM bench.figures WHERE way = '{way}'"
                ))
            };
            println!(
                "changes with a deployment: {} by the commit graph, {} by time alone",
                changes(&mut self.db, ours),
                changes(&mut self.db, other)
            );
        }
        if is_same {
            println!("all ways agree where they mean the same");
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn is_same(&mut self, one: &str, other: &str, columns: &str) -> bool {
        let rows = |way| {
            format!(
                "SELECT week, team, {columns} FROM bench.figures WHERE way = '{}'",
                way
            )
        };
        let (left, right) = (rows(one), rows(other));
        let different = self.db.lines(&format!(
            "(({left} EXCEPT {right}) UNION ALL ({right} EXCEPT {left})) ORDER BY 1, 2"
        ));
        if let Some(example) = different.first() {
            println!(
                "{other}: {} rows differ from those of {one}, such as {example}",
                different.len()
            );
        }
        different.is_empty()
    }
}

fn nothing(_: usize) -> String {
    String::new()
}

fn report(name: &str, seconds: &mut [f64], peak: Option<Peak>) {
    seconds.sort_by(f64::total_cmp);
    print!(
        "{name:46}{:>10.4}{:>10.4}{:>10.4}",
        seconds[seconds.len() / 2],
        seconds[0],
        seconds[seconds.len() - 1]
    );
    match peak {
        Some(peak) => println!("{:>10}{:>10}", peak.own, peak.all),
        None => println!(),
    }
}
