//! A computation: begun from SQL, told facts by `gather`, computed repository by repository.
//!
//! It is begun and used up within one call of `diogen.compute_batch` (`sql/gold/compute.sql`);
//! whatever an aborted one left is overwritten by the next, and dropped at the end of that.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::facts::{Delivery, Repository, Status, Time};
use super::month_bytes::Facts;
use super::results::{Results, Told};
use super::service::{self, Outcome};
use super::shipping::Shipping;
use super::window::{Stored, Window};
use crate::error::Error;
use crate::interrupts;

#[derive(Default)]
pub struct Computation {
    /// The repository that is told.
    pub repository: Repository,
    /// For each service of the repository, for each of its deployments.
    pub told: Vec<Vec<Told>>,
    /// Where each pull request stands.
    pub positions: HashMap<i64, usize, RandomState>,
    /// What commits say they are copies of.
    pub copied: Vec<String>,
    /// The branch that the last pull request was merged into.
    pub base_branch: Option<String>,
    /// Whether others were merged into others.
    pub has_several_bases: bool,
    /// The pull requests with reviews of which none counts as before the merge.
    pub perhaps_reviewed_late: Vec<i64>,
    /// What is stored of each service, where only the end of the history is computed.
    pub stored: Vec<Stored>,
    /// Whether what is stored shows that the end does not do.
    pub is_broken: bool,
    /// What was computed of each service.
    pub outcomes: Vec<Outcome>,
    /// The rows so far.
    pub results: Results,
}

thread_local! {
    /// The computation of this backend.
    pub static COMPUTATION: RefCell<Computation> = RefCell::default();
}

/// A moment of PostgreSQL's.
pub fn micros(time: Option<TimestampWithTimeZone>) -> Option<Time> {
    time.map(i64::from)
}

/// Begins a computation without rows, in the memory of the one before.
#[pg_extern(volatile, parallel_unsafe)]
fn begin_computation() {
    COMPUTATION.with_borrow_mut(|it| it.results.clear());
}

/// Lets go of all memory.
#[pg_extern(volatile, parallel_unsafe)]
fn end_computation() {
    COMPUTATION.set(Computation::default());
}

/// Begins the next repository of the computation. `settled` and `since`, which are NULL together,
/// tell which part of its history is computed, [`Window`]; NULL: all.
#[pg_extern(volatile, parallel_unsafe)]
fn begin_repository(
    source: &str,
    repository: &str,
    settled: Option<TimestampWithTimeZone>,
    since: Option<TimestampWithTimeZone>,
) {
    let window = settled.zip(since).map(|(settled, since)| Window {
        settled: settled.into(),
        since: since.into(),
    });
    COMPUTATION.with_borrow_mut(|it| {
        let mut graph = std::mem::take(&mut it.repository.graph);
        graph.clear();
        it.repository = Repository {
            source: source.to_owned(),
            name: repository.to_owned(),
            graph,
            window,
            ..Repository::default()
        };
        it.told.clear();
        it.stored.clear();
        it.outcomes.clear();
        it.results.forget();
        it.is_broken = false;
        it.positions.clear();
        it.copied.clear();
        it.base_branch = None;
        it.has_several_bases = false;
        it.perhaps_reviewed_late.clear();
    });
}

/// The deployments that were added, of any service, and not told to be stored.
#[pg_extern(volatile, parallel_unsafe)]
fn new_deliveries() -> Vec<String> {
    COMPUTATION.with_borrow(|it| {
        let services = it.repository.services.iter().zip(&it.stored);
        let all = services.flat_map(|(service, stored)| {
            let all = service.deliveries.iter();
            all.filter(|it| !stored.deliveries.contains_key(&it.id))
        });
        all.map(|it| it.id.clone()).collect()
    })
}

/// Says that a `change`, `deployment` or `month` of the repository is stored, with what stands for what
/// it holds: a row that is computed just so is not given back, and one that is not computed is gone.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn add_stored(kind: &str, service: &str, id: &str, fingerprint: i64) -> bool {
    COMPUTATION.with_borrow_mut(|it| it.results.know(kind, service, id, fingerprint))
}

fn stored_of<'a>(it: &'a mut Computation, service: &str) -> Option<&'a mut Stored> {
    let mut services = it.repository.services.iter().zip(&mut it.stored);
    let found = services.find(|(it, _)| it.name == service);
    found.map(|(_, stored)| stored)
}

/// Says that a change is stored, where the end of a history is computed, and when it was merged.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn add_stored_change(
    service: &str,
    change_id: &str,
    fingerprint: i64,
    merged_at: TimestampWithTimeZone,
) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let window = it.repository.window;
        if window.is_none_or(|window| Time::from(merged_at) >= window.settled) {
            return it.results.know("change", service, change_id, fingerprint);
        }
        // A pull request has moved, and what is stored of its month with it.
        it.is_broken |= change_id.starts_with('#');
        if let Some(stored) = stored_of(it, service) {
            stored.commits.insert(change_id.to_owned());
        }
        true
    })
}

/// Says that a deployment is stored, where the end of a history is computed.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, reason = "one for each column")]
fn add_stored_deployment(
    service: &str,
    deployment_id: &str,
    fingerprint: i64,
    environment: Option<&str>,
    sha: Option<&str>,
    status: &str,
    created_at: Option<TimestampWithTimeZone>,
    started_at: Option<TimestampWithTimeZone>,
    finished_at: Option<TimestampWithTimeZone>,
    is_rollback: bool,
) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let window = it.repository.window;
        let at = micros(finished_at.or(created_at));
        if at >= window.map(|it| it.settled) {
            it.results
                .know("deployment", service, deployment_id, fingerprint);
        }
        let delivery = Delivery {
            id: deployment_id.to_owned(),
            environment: environment.map(str::to_owned),
            sha: sha.map(str::to_owned),
            node: None,
            status: Status::named(status),
            started_at: micros(started_at),
            finished_at: micros(finished_at),
        };
        // There may be no such service any more.
        let Some(stored) = stored_of(it, service) else {
            return false;
        };
        if is_rollback {
            stored.rollbacks.insert(delivery.id.clone());
        }
        stored.deliveries.insert(delivery.id.clone(), delivery);
        true
    })
}

/// Says what is stored of the month in which the end of a history begins. What cannot be read is
/// computed whole.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn add_stored_month(service: &str, facts: &[u8]) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        it.is_broken |= Facts::of(facts).is_err();
        let stored = stored_of(it, service);
        stored.map(|it| it.month = facts.to_vec()).is_some()
    })
}

/// Says of a service what is stored before the end of its history: whether there are deployments,
/// whether a failure of one is not over, and whether the news may say when such a one was.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn add_stored_past(
    service: i64,
    has_deployments: bool,
    has_open_failure: bool,
    may_recover: bool,
) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let Some(stored) = it.stored.get_mut(service as usize) else {
            return false;
        };
        stored.has_deliveries = has_deployments;
        stored.has_open_failure = has_open_failure;
        stored.may_recover = may_recover;
        true
    })
}

/// Computes the services of the repository. NULL: what was told is not enough of its history. Else
/// how the names of those commits begin of which nothing may be known, or it is not enough either.
#[pg_extern(volatile, parallel_unsafe)]
fn compute_repository() -> Option<Vec<String>> {
    COMPUTATION.with_borrow_mut(|it| {
        let mut doubts = HashSet::new();
        for (service, stored) in it.repository.services.iter().zip(&it.stored) {
            let shipping = Shipping::new(&it.repository, service);
            let outcome = service::compute(&it.repository, service, &shipping);
            interrupts::check();
            let repository = &it.repository;
            it.is_broken |= repository.window.is_some_and(|window| {
                !window.holds(
                    repository,
                    service,
                    stored,
                    &shipping,
                    &outcome,
                    &mut doubts,
                )
            });
            it.outcomes.push(outcome);
            if it.is_broken {
                return None;
            }
        }
        it.repository.graph.beginnings(&doubts)
    })
}

/// Ends the repository that was computed; returns how many rows there are to store so far, of which
/// those that are stored just so count as half a row.
#[pg_extern(volatile, parallel_unsafe)]
fn finish_repository() -> Result<i64, Error> {
    COMPUTATION.with_borrow_mut(|it| {
        let repository = std::mem::take(&mut it.repository);
        for (position, outcome) in it.outcomes.iter().enumerate() {
            let (told, stored) = (&it.told[position], &it.stored[position]);
            it.results
                .add(&repository, position, told, stored, outcome)?;
            interrupts::check();
        }
        it.results.finish(&repository);
        it.repository.graph = repository.graph;
        Ok(it.results.amount() as i64)
    })
}

/// The rows that are to be stored, for the functions named after what they return.
#[pg_extern(sql = false)]
fn computed(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    COMPUTATION.with_borrow(|it| it.results.give(call))
}
