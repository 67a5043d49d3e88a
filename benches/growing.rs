//! What becomes of gold's costs when there is ten times as much: in ten times as many repositories,
//! over ten times as many years, or ten times as much in every week of the same repositories.
//!
//! All of them take turns, round by round, so that the machine is the same for all.
//! `DIOGEN_BENCH_PULLS` says how many merged pull requests the smallest has (60,000, in 60
//! repositories over two years), `DIOGEN_BENCH_ROUNDS` how often everything is measured, and
//! `DIOGEN_BENCH_CLUSTER` where the cluster is that is kept and taken again.

mod facts;
mod machine;
mod settings;

use client::Session;
use facts::Size;
use settings::number;
use std::time::Instant;

/// As many as the news are spread over.
const REPOSITORIES: usize = 60;

fn main() {
    let pulls = number("DIOGEN_BENCH_PULLS", 60_000);
    let rounds = number("DIOGEN_BENCH_ROUNDS", 5);
    let small = Size {
        pulls,
        repositories: REPOSITORIES,
        years: 2,
        with_commits: false,
    };
    let tenfold = Size {
        pulls: 10 * pulls,
        ..small
    };
    let cases = [
        ("as it is", small),
        (
            "ten times the repositories",
            Size {
                repositories: 10 * REPOSITORIES,
                ..tenfold
            },
        ),
        (
            "ten times the years",
            Size {
                years: 20,
                ..tenfold
            },
        ),
        ("ten times as much every week", tenfold),
    ];
    let cluster = facts::cluster();
    let mut sessions = Vec::new();
    for (place, (name, size)) in cases.into_iter().enumerate() {
        let database = format!("growing_{place}");
        let is_there = format!("SELECT FROM pg_database WHERE datname = '{database}'");
        let mut db = cluster.connect();
        if db.rows(&is_there).is_empty() {
            db.run(&format!("CREATE DATABASE {database}"));
        }
        let counts = facts::prepare(|| cluster.connect_to(&database), size);
        println!("{name}: {counts}");
        sessions.push((name, cluster.connect_to(&database)));
    }
    println!(
        "\n{:30}{:>10}{:>8}{:>12}{:>14}{:>10}{:>8}",
        "medians", "rebuild s", "times", "100 news s", "repositories", "ms each", "times"
    );
    let rebuilds = measure(
        &mut sessions,
        rounds,
        empty,
        "CALL diogen.compute(rebuild => true)",
    );
    for (_, session) in &mut sessions {
        session.run("VACUUM ANALYZE");
    }
    let news = measure(&mut sessions, rounds, add, "CALL diogen.compute()");
    for (place, (name, _)) in sessions.iter().enumerate() {
        let (rebuild, news_of) = (&rebuilds[place], &news[place]);
        println!(
            "{name:30}{:>10.3}{:>8.2}{:>12.3}{:>14}{:>10.2}{:>8.2}",
            median(rebuild, |it| it.seconds),
            ratio(rebuild, &rebuilds[0], |it| it.seconds),
            median(news_of, |it| it.seconds),
            median(news_of, |it| it.repositories),
            median(news_of, Round::milliseconds_each),
            ratio(news_of, &news[0], Round::milliseconds_each),
        );
    }
}

/// What one computation took.
struct Round {
    seconds: f64,
    /// How many repositories it computed.
    repositories: f64,
}

impl Round {
    fn milliseconds_each(&self) -> f64 {
        1000.0 * self.seconds / self.repositories
    }
}

fn empty(session: &mut Session, _: usize) {
    let emptying = facts::emptying(session);
    session.run(&emptying);
}

fn add(session: &mut Session, round: usize) {
    session.run(&format!("CALL bench.add_more({round})"));
}

/// What each round took, for each session.
fn measure(
    sessions: &mut [(&str, Session)],
    rounds: usize,
    before: impl Fn(&mut Session, usize),
    sql: &str,
) -> Vec<Vec<Round>> {
    let mut all: Vec<_> = sessions.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for ((_, session), taken) in sessions.iter_mut().zip(&mut all) {
            before(session, round);
            session.notices();
            let started = Instant::now();
            session.run(sql);
            taken.push(Round {
                seconds: started.elapsed().as_secs_f64(),
                repositories: repositories(&session.notices()),
            });
        }
    }
    all
}

/// How many repositories `diogen.compute` says it has computed.
fn repositories(notices: &[String]) -> f64 {
    let told = notices.iter().find_map(|it| {
        let (_, rest) = it.split_once("compute: ")?;
        rest.split(' ').next()?.parse().ok()
    });
    told.expect("a notice with a number of repositories")
}

/// How many times as much it is as the first, in the median of the rounds.
fn ratio(rounds: &[Round], first: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    middle(
        rounds
            .iter()
            .zip(first)
            .map(|(it, first)| of(it) / of(first)),
    )
}

fn median(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    middle(rounds.iter().map(of))
}

fn middle(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
