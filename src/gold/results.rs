//! The rows that are computed, but for those that are stored already.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;

use super::facts::{Repository, Time};
use super::failures::Failure;
use super::flags;
use super::month_bytes::{Facts, MonthError};
use super::months::{self, ORIGINS};
use super::service::{Outcome, Subject};
use super::shipping::Via;
use super::window::Stored;
use crate::error::Error;
use crate::rows::{Cell, Columns, Mark, Rows, Type, Value, return_rows};

const CHANGES: Columns = &[
    ("source", Type::Text),
    ("service", Type::Text),
    ("repository", Type::Text),
    ("change_id", Type::Text),
    ("number", Type::Integer),
    ("sha", Type::Text),
    ("author", Type::Text),
    ("author_is_bot", Type::Boolean),
    ("first_commit_at", Type::Time),
    ("opened_at", Type::Time),
    ("ready_at", Type::Time),
    ("first_review_at", Type::Time),
    ("approved_at", Type::Time),
    ("merged_at", Type::Time),
    ("deployed_at", Type::Time),
    ("deployment_id", Type::Text),
    ("environment", Type::Text),
    ("via", Type::Text),
    ("coding", Type::Interval),
    ("pickup", Type::Interval),
    ("review", Type::Interval),
    ("merge", Type::Interval),
    ("deploy", Type::Interval),
    ("lead_time", Type::Interval),
    ("closed_time", Type::Interval),
    ("reason", Type::Text),
    ("flags", Type::Texts),
    ("fingerprint", Type::Integer),
];

const DEPLOYMENTS: Columns = &[
    ("source", Type::Text),
    ("service", Type::Text),
    ("repository", Type::Text),
    ("deployment_id", Type::Text),
    ("environment", Type::Text),
    ("origin", Type::Text),
    ("sha", Type::Text),
    ("status", Type::Text),
    ("created_at", Type::Time),
    ("started_at", Type::Time),
    ("finished_at", Type::Time),
    ("attempts", Type::Integer),
    ("first_attempt_succeeded", Type::Boolean),
    ("gate_wait", Type::Interval),
    ("changes", Type::Integer),
    ("baseline", Type::Boolean),
    ("redeploy", Type::Boolean),
    ("rollback", Type::Boolean),
    ("failed", Type::Boolean),
    ("failure_reasons", Type::Texts),
    ("recovered_at", Type::Time),
    ("recovery_time", Type::Interval),
    ("unplanned", Type::Boolean),
    ("unplanned_reasons", Type::Texts),
    ("reason", Type::Text),
    ("document", Type::Text),
    ("fingerprint", Type::Integer),
];

const INCIDENTS: Columns = &[
    ("source", Type::Text),
    ("incident_id", Type::Text),
    ("service", Type::Text),
    ("restore_time", Type::Interval),
    ("active_time", Type::Interval),
    ("deployment_id", Type::Text),
    ("link", Type::Text),
    ("merged_into", Type::Text),
    ("reason", Type::Text),
];

const MONTHS: Columns = &[
    ("source", Type::Text),
    ("repository", Type::Text),
    ("service", Type::Text),
    ("month", Type::Text),
    ("facts", Type::Bytes),
    ("fingerprint", Type::Integer),
];

const GONE: Columns = &[
    ("kind", Type::Text),
    ("source", Type::Text),
    ("repository", Type::Text),
    ("service", Type::Text),
    ("id", Type::Text),
];

/// What a deployment carries through to its row.
pub struct Told {
    pub origin: usize,
    pub status: String,
    pub created_at: Option<Time>,
    pub attempts: i64,
    pub first_attempt_succeeded: Option<bool>,
    pub gate_wait: Option<i64>,
    pub document: Option<String>,
}

/// The kinds of rows that are known by their key.
const KINDS: [&str; 3] = ["change", "deployment", "month"];

/// Stored rows: by service and name their fingerprint, and whether they were computed again.
type Known = HashMap<String, HashMap<String, (i64, bool), RandomState>, RandomState>;

/// What was computed.
pub struct Results {
    changes: Rows,
    deployments: Rows,
    incidents: Rows,
    months: Rows,
    gone: Rows,
    /// The rows of the repository that are stored, by kind.
    known: [Known; KINDS.len()],
    /// How many rows were computed that are stored just so.
    unchanged: usize,
}

impl Default for Results {
    fn default() -> Self {
        Self {
            changes: Rows::new(CHANGES),
            deployments: Rows::new(DEPLOYMENTS),
            incidents: Rows::new(INCIDENTS),
            months: Rows::new(MONTHS),
            gone: Rows::new(GONE),
            known: Default::default(),
            unchanged: 0,
        }
    }
}

impl Results {
    /// How much was done: the rows that there are to store, and half of those that are not, which
    /// are less work.
    pub fn amount(&self) -> usize {
        let all = [
            &self.changes,
            &self.deployments,
            &self.incidents,
            &self.months,
            &self.gone,
        ];
        all.into_iter().map(Rows::len).sum::<usize>() + self.unchanged / 2
    }

    /// Forgets everything but keeps the memory, which the next batch will need.
    pub fn clear(&mut self) {
        let all = [
            &mut self.changes,
            &mut self.deployments,
            &mut self.incidents,
            &mut self.months,
            &mut self.gone,
        ];
        all.into_iter().for_each(Rows::clear);
        self.unchanged = 0;
        self.forget();
    }

    /// Says that a row is stored, and what stands for what it holds.
    pub fn know(&mut self, kind: &str, service: &str, id: &str, fingerprint: i64) -> bool {
        let Some(kind) = KINDS.iter().position(|it| *it == kind) else {
            return false;
        };
        let known = &mut self.known[kind];
        if !known.contains_key(service) {
            known.insert(service.to_owned(), HashMap::default());
        }
        if let Some(known) = known.get_mut(service) {
            known.insert(id.to_owned(), (fingerprint, false));
        }
        true
    }

    /// Forgets what is stored of a repository that is not computed after all.
    pub fn forget(&mut self) {
        self.known.iter_mut().for_each(HashMap::clear);
    }

    /// Ends a repository: what is stored of it and was not computed again is gone.
    pub fn finish(&mut self, repository: &Repository) {
        for (kind, known) in KINDS.iter().zip(&mut self.known) {
            for (service, known) in known.drain() {
                for (id, _) in known
                    .into_iter()
                    .filter(|(_, (_, is_computed))| !is_computed)
                {
                    self.gone.push([
                        (*kind).into(),
                        repository.source.as_str().into(),
                        repository.name.as_str().into(),
                        service.as_str().into(),
                        id.into(),
                    ]);
                }
            }
        }
    }

    /// Returns the rows to the function that asks for them.
    pub fn give(&self, call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
        let function = return_rows::sql_function(call);
        let rows = match function.as_str() {
            "computed_changes" => &self.changes,
            "computed_deployments" => &self.deployments,
            "computed_incidents" => &self.incidents,
            "computed_months" => &self.months,
            "computed_gone" => &self.gone,
            _ => return Err(Error::NoNormalizer(function).into()),
        };
        let all = (0..rows.len()).map(|row| (None, row));
        Ok(return_rows::return_rows(call, rows, all)?)
    }

    /// Adds what was computed of a service; an error where what is stored of it cannot be read.
    pub fn add(
        &mut self,
        repository: &Repository,
        position: usize,
        told: &[Told],
        stored: &Stored,
        outcome: &Outcome,
    ) -> Result<(), MonthError> {
        let service = &repository.services[position];
        let window = repository.window;
        let moment = |at: Option<Time>| at.map_or(Value::Null, Value::Moment);
        let span = |time: Option<i64>| time.map_or(Value::Null, Value::Interval);
        // In the order of the table's key, in which an index is filled soonest.
        let mut changes: Vec<_> = outcome
            .changes
            .iter()
            .filter(|it| window.is_none_or(|window| window.has_change(it)))
            .map(|it| (it.id(repository), it))
            .collect();
        changes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (id, change) in changes {
            let (number, sha, author, is_bot, opened_at, closed_time) = match change.subject {
                Subject::PullRequest(it) => {
                    let it = &repository.pull_requests[it];
                    let sha = it.merge.as_ref().map(|(_, sha)| sha.as_str());
                    let author = it.author.as_deref();
                    (
                        Some(it.number),
                        sha,
                        author,
                        it.author_is_bot,
                        it.opened_at,
                        closed_time(&it.closed),
                    )
                }
                Subject::Commit(it) => {
                    let it = &repository.commits[it];
                    (
                        None,
                        Some(it.sha.as_str()),
                        it.author.as_deref(),
                        false,
                        None,
                        None,
                    )
                }
            };
            let delivery = change.shipped.map(|(by, _)| &service.deliveries[by]);
            let via = change.shipped.map(|(_, via)| match via {
                Via::Commit => "commit",
                Via::CherryPick => "cherry_pick",
                Via::PullRequestCommits => "pr_commits",
            });
            let (at, stages) = (&change.boundaries, &change.stages);
            let mark = self.changes.mark();
            self.changes.push([
                repository.source.as_str().into(),
                service.name.as_str().into(),
                repository.name.as_str().into(),
                id.as_str().into(),
                number.into(),
                sha.into(),
                author.into(),
                is_bot.into(),
                moment(at.first_commit_at),
                moment(opened_at),
                moment(at.ready_at),
                moment(at.first_review_at),
                moment(at.approved_at),
                moment(Some(at.merged_at)),
                moment(at.deployed_at),
                delivery.map(|it| it.id.as_str()).into(),
                delivery.and_then(|it| it.environment.as_deref()).into(),
                via.into(),
                span(stages.coding),
                span(stages.pickup),
                span(stages.review),
                span(stages.merge),
                span(stages.deploy),
                span(stages.lead_time),
                span(closed_time),
                change.reason.into(),
                change.flags.names().into(),
                Value::Null,
            ]);
            let is_unchanged = drop_if_unchanged(
                &mut self.changes,
                mark,
                &mut self.known[0],
                &service.name,
                &id,
            );
            self.unchanged += usize::from(is_unchanged);
        }
        let all = service
            .deliveries
            .iter()
            .zip(told)
            .zip(&outcome.deployments);
        let all = all.filter(|((it, _), _)| window.is_none_or(|window| window.has_delivery(it)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|((delivery, _), _)| &delivery.id);
        for ((delivery, told), deployment) in all {
            let (kind, failure) = (&deployment.kind, &deployment.failure);
            let names = |bits, all: &[&'static str]| match bits {
                0 => Value::Null,
                bits => flags::names(bits, all).into(),
            };
            let mark = self.deployments.mark();
            let recovery = failure.recovered_at.zip(delivery.finished_at);
            self.deployments.push([
                repository.source.as_str().into(),
                service.name.as_str().into(),
                repository.name.as_str().into(),
                delivery.id.as_str().into(),
                delivery.environment.as_deref().into(),
                ORIGINS[told.origin].into(),
                delivery.sha.as_deref().into(),
                told.status.as_str().into(),
                moment(told.created_at),
                moment(delivery.started_at),
                moment(delivery.finished_at),
                told.attempts.into(),
                told.first_attempt_succeeded.into(),
                span(told.gate_wait),
                deployment.changes.into(),
                kind.is_baseline.into(),
                kind.is_redeploy.into(),
                kind.takes_back.is_some().into(),
                failure.is_failed.into(),
                names(failure.reasons, &Failure::REASONS),
                moment(failure.recovered_at),
                span(recovery.map(|(end, start)| end - start)),
                (failure.unplanned != 0).into(),
                names(failure.unplanned, &Failure::UNPLANNED),
                kind.reason.into(),
                told.document.as_deref().into(),
                Value::Null,
            ]);
            let is_unchanged = drop_if_unchanged(
                &mut self.deployments,
                mark,
                &mut self.known[1],
                &service.name,
                &delivery.id,
            );
            self.unchanged += usize::from(is_unchanged);
        }
        let incidents = service.incidents.iter().zip(&outcome.links).enumerate();
        let incidents = incidents
            .filter(|(it, _)| window.is_none_or(|window| window.has_incident(outcome, *it)));
        for (_, (incident, link)) in incidents {
            let due_to = link
                .due_to
                .map(|(by, _)| service.deliveries[by].id.as_str());
            let why = link
                .due_to
                .map(|(_, is_named)| if is_named { "named" } else { "latest" });
            let whole = link.merged_into.map(|it| service.incidents[it].id.as_str());
            self.incidents.push([
                incident.source.as_str().into(),
                incident.id.as_str().into(),
                service.name.as_str().into(),
                span(link.restore_time),
                span(link.active_time),
                due_to.into(),
                why.into(),
                whole.into(),
                link.reason.into(),
            ]);
        }
        let begun = match stored.month.as_slice() {
            [] => Facts::default(),
            bytes => Facts::of(bytes)?,
        };
        let origin = |it: usize| told[it].origin;
        let months = months::of_service(repository, service, outcome, origin, &begun);
        for ((year, month), facts) in months {
            let mark = self.months.mark();
            let month = format!("{year:04}-{month:02}-01");
            self.months.push([
                repository.source.as_str().into(),
                repository.name.as_str().into(),
                service.name.as_str().into(),
                month.as_str().into(),
                Value::Bytes(&facts.to_bytes()),
                Value::Null,
            ]);
            let is_unchanged = drop_if_unchanged(
                &mut self.months,
                mark,
                &mut self.known[2],
                &service.name,
                &month,
            );
            self.unchanged += usize::from(is_unchanged);
        }
        Ok(())
    }
}

/// Takes the last row back if it is stored just so; returns whether it was.
fn drop_if_unchanged(
    rows: &mut Rows,
    mark: Mark,
    known: &mut Known,
    service: &str,
    id: &str,
) -> bool {
    let row = rows.len() - 1;
    let fingerprint = rows.fingerprint(row);
    rows.set(row, rows.columns().len() - 1, Cell::Word(fingerprint));
    // Most often, at first, nothing is known.
    if known.is_empty() {
        return false;
    }
    let held = known.get_mut(service).and_then(|it| it.get_mut(id));
    held.is_some_and(|held| {
        held.1 = true;
        let is_unchanged = held.0 == fingerprint;
        if is_unchanged {
            rows.rewind(mark);
        }
        is_unchanged
    })
}

/// How long ranges are together; `None`: there are none.
fn closed_time(closed: &[(Time, Time)]) -> Option<i64> {
    let total = closed.iter().map(|(start, end)| end - start);
    (!closed.is_empty()).then(|| total.sum())
}
