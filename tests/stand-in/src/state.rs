//! What changes while a stand-in runs: clock, rate limits, counts, script of faults.

use crate::app::Tokens;
use crate::config::Config;
use crate::faults::{Action, Fault};
use crate::graphql::{Budget, Engine};
use crate::jira::Jira;
use crate::model::{Time, World};
use chrono::{Duration, Timelike, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Which of GitHub's limits a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// REST.
    Core,
    /// GraphQL.
    Graphql,
}

impl Resource {
    /// As the header says it.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Core => "core",
            Resource::Graphql => "graphql",
        }
    }
}

struct Clock {
    base: Time,
    since: Instant,
}

struct Spent {
    used: u64,
    reset: Time,
}

/// What was asked, once each: what a contract with the real APIs is checked by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Document where it was GraphQL.
    pub graphql: Option<String>,
}

impl Asked {
    /// What a request asked.
    pub fn new(method: &str, path: &str, body: &[u8]) -> Self {
        let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let graphql = body.and_then(|body| Some(body["query"].as_str()?.to_owned()));
        Asked {
            method: method.to_owned(),
            path: path.to_owned(),
            graphql: graphql.filter(|_| path.ends_with("/graphql")),
        }
    }
}

/// The state of a running stand-in.
pub struct State {
    /// What is served, and what was at the start.
    world: Mutex<Arc<World>>,
    original: Arc<World>,
    /// Answers GraphQL.
    pub engine: Engine,
    /// Jira, where it is served.
    pub jira: Option<Jira>,
    /// Tokens of the app.
    pub tokens: Tokens,
    /// Settings.
    pub config: Config,
    /// End of the generated history.
    pub until: Time,
    clock: Mutex<Clock>,
    spent: [Mutex<Spent>; 2],
    counts: Mutex<BTreeMap<String, u64>>,
    asked: Mutex<BTreeSet<Asked>>,
    faults: Mutex<Vec<Fault>>,
    latency_ms: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fresh() -> Mutex<Spent> {
    Mutex::new(Spent {
        used: 0,
        reset: in_an_hour(),
    })
}

fn in_an_hour() -> Time {
    let now = Utc::now();
    now.with_nanosecond(0).unwrap_or(now) + Duration::hours(1)
}

fn hours(hours: f64) -> Duration {
    Duration::milliseconds((hours * 3_600_000.0) as i64)
}

impl State {
    /// The state at the start.
    pub fn new(config: Config, world: World, until: Time) -> Self {
        let world = Arc::new(world);
        let base = until - hours(config.hold_back_hours);
        let jira = config.jira.clone();
        State {
            jira: jira.map(|j| Jira::new(j, config.seed, until, config.days)),
            engine: Engine::default(),
            original: world.clone(),
            world: Mutex::new(world),
            tokens: Tokens::default(),
            until,
            clock: Mutex::new(Clock {
                base,
                since: Instant::now(),
            }),
            spent: [fresh(), fresh()],
            counts: Mutex::default(),
            asked: Mutex::default(),
            faults: Mutex::default(),
            latency_ms: AtomicU64::new(config.latency.as_millis() as u64),
            config,
        }
    }

    /// What is served.
    pub fn world(&self) -> Arc<World> {
        lock(&self.world).clone()
    }

    /// Replaces what is served; false if there is nothing to replace it by.
    pub fn change(&self, change: impl FnOnce(&World) -> Option<World>) -> bool {
        let mut world = lock(&self.world);
        let changed = change(&world);
        let done = changed.is_some();
        if let Some(changed) = changed {
            *world = Arc::new(changed);
        }
        done
    }

    /// The moment that is shown.
    pub fn now(&self) -> Time {
        self.read(&lock(&self.clock))
    }

    fn read(&self, clock: &Clock) -> Time {
        let minutes = clock.since.elapsed().as_secs_f64() / 60.0;
        let moved = hours(minutes * self.config.reveal_hours_per_minute);
        (clock.base + moved).min(self.until)
    }

    /// Moves the clock on, at most to the end.
    pub fn advance(&self, by: f64) -> Time {
        let mut clock = lock(&self.clock);
        let base = (self.read(&clock) + hours(by.max(0.0))).min(self.until);
        *clock = Clock {
            base,
            since: Instant::now(),
        };
        base
    }

    /// Forgets counts, faults, limits and changes, and puts the clock back.
    pub fn reset(&self) {
        *lock(&self.world) = self.original.clone();
        let base = self.until - hours(self.config.hold_back_hours);
        *lock(&self.clock) = Clock {
            base,
            since: Instant::now(),
        };
        for spent in &self.spent {
            *lock(spent) = Spent {
                used: 0,
                reset: in_an_hour(),
            };
        }
        if let Some(jira) = &self.jira {
            jira.reset();
        }
        lock(&self.counts).clear();
        lock(&self.faults).clear();
        let latency = self.config.latency.as_millis() as u64;
        self.latency_ms.store(latency, Ordering::Relaxed);
    }

    /// Delay of every answer.
    pub fn latency(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.latency_ms.load(Ordering::Relaxed))
    }

    /// Changes the delay of every answer.
    pub fn set_latency(&self, ms: u64) {
        self.latency_ms.store(ms, Ordering::Relaxed);
    }

    /// Counts a request.
    pub fn count(&self, endpoint: &str) {
        *lock(&self.counts).entry(endpoint.to_owned()).or_default() += 1;
    }

    /// Notes what a request asked.
    pub fn note(&self, asked: Asked) {
        lock(&self.asked).insert(asked);
    }

    /// What was asked.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.asked).iter().cloned().collect()
    }

    /// Requests by endpoint.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.counts).clone()
    }

    /// Replaces the script of faults.
    pub fn script(&self, faults: Vec<Fault>) {
        *lock(&self.faults) = faults;
    }

    /// The fault that meets a request, if any; every matching fault moves on.
    pub fn fault(&self, endpoint: &str, repository: Option<&str>) -> Option<Action> {
        let mut faults = lock(&self.faults);
        let mut found = None;
        for fault in faults.iter_mut() {
            if found.is_none() {
                found = fault.meet(endpoint, repository);
            }
        }
        found
    }

    /// What is left of a limit.
    pub fn budget(&self, resource: Resource) -> Budget {
        let mut spent = lock(&self.spent[resource as usize]);
        if spent.reset <= Utc::now() {
            *spent = Spent {
                used: 0,
                reset: in_an_hour(),
            };
        }
        Budget {
            limit: self.config.rate_limit,
            used: spent.used,
            reset: spent.reset,
        }
    }

    /// Spends points; false if none were left.
    pub fn spend(&self, resource: Resource, points: u64) -> bool {
        let budget = self.budget(resource);
        if budget.remaining() == 0 {
            return false;
        }
        let mut spent = lock(&self.spent[resource as usize]);
        spent.used = (spent.used + points).min(budget.limit);
        true
    }
}
