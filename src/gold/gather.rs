//! Facts of repositories from SQL, and the rows that are computed from them.
//!
//! `sql/gold/compute.sql` begins a computation, tells the facts of one repository after another,
//! and stores the rows. A computation is begun and used up within one call; whatever an aborted one
//! left is dropped with the next. Durations are microseconds.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::facts::{
    Delivery, DirectCommit, Incident, Policy, PullRequest, Repository, Service, Status, Time,
};
use super::failures::Failure;
use super::flags;
use super::graph::Commit;
use super::months::{self, ORIGINS};
use super::service::{self, Outcome, Subject};
use super::shipping::Via;
use crate::error::Error;
use crate::interrupts;
use crate::silver::{Columns, Rows, Type, Value, return_rows};

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
];

/// What a deployment carries through to its row.
struct Told {
    origin: usize,
    status: String,
    created_at: Option<Time>,
    attempts: i64,
    first_attempt_succeeded: Option<bool>,
    gate_wait: Option<i64>,
    document: Option<String>,
}

struct Computation {
    repository: Repository,
    /// For each service of the repository, for each of its deployments.
    told: Vec<Vec<Told>>,
    /// Where each pull request stands.
    positions: HashMap<i64, usize>,
    changes: Rows,
    deployments: Rows,
    incidents: Rows,
    months: Rows,
}

impl Default for Computation {
    fn default() -> Self {
        Self {
            repository: Repository::default(),
            told: Vec::new(),
            positions: HashMap::new(),
            changes: Rows::new(CHANGES),
            deployments: Rows::new(DEPLOYMENTS),
            incidents: Rows::new(INCIDENTS),
            months: Rows::new(MONTHS),
        }
    }
}

thread_local! {
    static COMPUTATION: RefCell<Computation> = RefCell::default();
}

fn micros(time: Option<TimestampWithTimeZone>) -> Option<Time> {
    time.map(i64::from)
}

fn title_number(title: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    title.trim().hash(&mut hasher);
    hasher.finish()
}

/// Begins a computation without rows.
#[pg_extern(volatile, parallel_unsafe)]
fn begin_computation() {
    COMPUTATION.set(Computation::default());
}

/// Begins the next repository of the computation.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn begin_repository(source: &str, repository: &str) {
    COMPUTATION.with_borrow_mut(|it| {
        it.repository = Repository {
            source: source.to_owned(),
            name: repository.to_owned(),
            ..Repository::default()
        };
        it.told.clear();
        it.positions.clear();
    });
}

/// Adds a service of the repository; returns its position, from 0. `has_paths`: only pull requests
/// that are then told by `add_member` belong to it. A pattern that is none matches nothing.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, reason = "one for each column")]
fn add_service(
    service: &str,
    has_paths: bool,
    link_for: i64,
    link_from_start: bool,
    merge_within: i64,
    count_failed_runs: bool,
    hotfix_labels: Vec<String>,
    hotfix_branches: Vec<String>,
    by_commit_date: bool,
    exclude_closed: bool,
    longest_coding: Option<i64>,
) -> i64 {
    let patterns = hotfix_branches.iter();
    let service = Service {
        name: service.to_owned(),
        members: has_paths.then(HashMap::new),
        policy: Policy {
            link_for,
            link_from_start,
            merge_within,
            count_failed_runs,
            hotfix_labels: hotfix_labels.iter().map(|it| it.to_lowercase()).collect(),
            hotfix_branches: patterns
                .filter_map(|it| glob::Pattern::new(it).ok())
                .collect(),
            by_commit_date,
            exclude_closed,
            longest_coding,
        },
        ..Service::default()
    };
    COMPUTATION.with_borrow_mut(|it| {
        it.repository.services.push(service);
        it.told.push(Vec::new());
        it.repository.services.len() as i64 - 1
    })
}

/// Adds a commit; returns whether it says that it is a copy of others. `is_direct`: the API says
/// that it belongs to no pull request.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, reason = "one for each column")]
fn add_commit(
    sha: &str,
    parents: Array<'_, &str>,
    author: Option<&str>,
    authored_at: Option<TimestampWithTimeZone>,
    committed_at: Option<TimestampWithTimeZone>,
    message: Option<&str>,
    is_on_default_branch: bool,
    is_direct: bool,
) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let committed_at = micros(committed_at);
        let commit = Commit {
            sha,
            committed_at,
            is_on_default_branch,
            message: message.unwrap_or_default(),
        };
        let is_merge = parents.len() > 1;
        let node = it.repository.graph.add(commit, parents.iter().flatten());
        if let Some(committed_at) = committed_at.filter(|_| is_direct && !is_merge) {
            it.repository.commits.push(DirectCommit {
                node,
                sha: sha.to_owned(),
                author: author.map(str::to_owned),
                authored_at: micros(authored_at),
                committed_at,
            });
        }
        !it.repository.graph.copied_by(node).is_empty()
    })
}

/// Adds a merged pull request. `reverts`: the number of the one that it takes back.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, reason = "one for each column")]
fn add_pull_request(
    number: i64,
    merge_sha: Option<&str>,
    author: Option<&str>,
    author_is_bot: bool,
    title: Option<&str>,
    reverts: Option<i64>,
    labels: Array<'_, &str>,
    head_branch: Option<&str>,
    first_commit_at: Option<TimestampWithTimeZone>,
    first_committed_at: Option<TimestampWithTimeZone>,
    opened_at: Option<TimestampWithTimeZone>,
    ready_at: Option<TimestampWithTimeZone>,
    first_review_at: Option<TimestampWithTimeZone>,
    approved_at: Option<TimestampWithTimeZone>,
    merged_at: TimestampWithTimeZone,
    commits_known: i64,
    commit_count: Option<i64>,
) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let title = title.unwrap_or_default();
        let reverted = title
            .strip_prefix("Revert \"")
            .and_then(|it| it.rsplit_once('"'));
        let merge = merge_sha.map(|sha| (it.repository.graph.node(sha), sha.to_owned()));
        it.positions
            .insert(number, it.repository.pull_requests.len());
        it.repository.pull_requests.push(PullRequest {
            number,
            merge,
            author: author.map(str::to_owned),
            author_is_bot,
            title: title_number(title),
            reverts,
            reverts_title: reverted.map(|(title, _)| title_number(title)),
            labels: labels.iter().flatten().map(str::to_lowercase).collect(),
            head_branch: head_branch.unwrap_or_default().to_owned(),
            first_commit_at: micros(first_commit_at),
            first_committed_at: micros(first_committed_at),
            opened_at: micros(opened_at),
            ready_at: micros(ready_at),
            first_review_at: micros(first_review_at),
            approved_at: micros(approved_at),
            merged_at: merged_at.into(),
            commits_known,
            commit_count,
            ..PullRequest::default()
        });
        true
    })
}

/// Adds what few pull requests have to tell: NULL leaves what is known. `closed_at` and
/// `reopened_at`: when it was closed, and opened again, in turn.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, reason = "one for each column")]
fn add_pull_request_detail(
    number: i64,
    is_force_pushed: Option<bool>,
    is_reviewed_late: Option<bool>,
    closed_at: Option<Vec<TimestampWithTimeZone>>,
    reopened_at: Option<Vec<TimestampWithTimeZone>>,
    is_promotion: Option<bool>,
    carries: Option<Vec<String>>,
    first_commit_at: Option<TimestampWithTimeZone>,
    first_committed_at: Option<TimestampWithTimeZone>,
    commits: Option<Vec<String>>,
) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let Some(&position) = it.positions.get(&number) else {
            return false;
        };
        let graph = &mut it.repository.graph;
        let mut nodes = |shas: Option<Vec<String>>| -> Vec<_> {
            let shas = shas.unwrap_or_default();
            shas.iter().map(|sha| graph.node(sha)).collect()
        };
        let (carries, commits) = (nodes(carries), nodes(commits));
        let pull_request = &mut it.repository.pull_requests[position];
        pull_request.carries.extend(carries);
        pull_request.commits.extend(commits);
        pull_request.first_commit_at = micros(first_commit_at).or(pull_request.first_commit_at);
        pull_request.first_committed_at =
            micros(first_committed_at).or(pull_request.first_committed_at);
        pull_request.is_force_pushed |= is_force_pushed.unwrap_or(false);
        pull_request.is_reviewed_late |= is_reviewed_late.unwrap_or(false);
        pull_request.is_promotion |= is_promotion.unwrap_or(false);
        let closed = closed_at.into_iter().flatten().map(Time::from);
        let reopened = reopened_at.into_iter().flatten().map(Time::from);
        pull_request.closed.extend(closed.zip(reopened));
        true
    })
}

/// Says that a pull request belongs to a service with paths, and whether its files are known.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn add_member(service: i64, number: i64, are_files_known: bool) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let service = it.repository.services.get_mut(service as usize);
        let members = service.and_then(|it| it.members.as_mut());
        members
            .map(|it| it.insert(number, are_files_known))
            .is_some()
    })
}

/// Adds a deployment of a service to production.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, reason = "one for each column")]
fn add_delivery(
    service: i64,
    deployment_id: &str,
    environment: Option<&str>,
    origin: &str,
    sha: Option<&str>,
    status: &str,
    created_at: Option<TimestampWithTimeZone>,
    started_at: Option<TimestampWithTimeZone>,
    finished_at: Option<TimestampWithTimeZone>,
    attempts: i64,
    first_attempt_succeeded: Option<bool>,
    gate_wait: Option<i64>,
    document: Option<&str>,
) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let node = sha.map(|sha| it.repository.graph.node(sha));
        let position = service as usize;
        let Some(service) = it.repository.services.get_mut(position) else {
            return false;
        };
        service.deliveries.push(Delivery {
            id: deployment_id.to_owned(),
            environment: environment.map(str::to_owned),
            sha: sha.map(str::to_owned),
            node,
            status: match status {
                "success" => Status::Success,
                "failure" => Status::Failure,
                _ => Status::Other,
            },
            started_at: micros(started_at),
            finished_at: micros(finished_at),
        });
        it.told[position].push(Told {
            origin: ORIGINS
                .iter()
                .position(|it| *it == origin)
                .unwrap_or_default(),
            status: status.to_owned(),
            created_at: micros(created_at),
            attempts,
            first_attempt_succeeded,
            gate_wait,
            document: document.map(str::to_owned),
        });
        true
    })
}

/// Adds an incident of a service, with what it names as its cause.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, reason = "one for each column")]
fn add_incident(
    service: i64,
    source: &str,
    incident_id: &str,
    title: Option<&str>,
    opened_at: TimestampWithTimeZone,
    resolved_at: Option<TimestampWithTimeZone>,
    active_time: Option<i64>,
    deployment_id: Option<&str>,
    sha: Option<&str>,
    pull_request: Option<i64>,
) -> bool {
    COMPUTATION.with_borrow_mut(|it| {
        let node = sha.map(|sha| it.repository.graph.node(sha));
        let Some(service) = it.repository.services.get_mut(service as usize) else {
            return false;
        };
        service.incidents.push(Incident {
            source: source.to_owned(),
            id: incident_id.to_owned(),
            title: title.map(str::to_owned),
            opened_at: opened_at.into(),
            resolved_at: micros(resolved_at),
            active_time,
            deployment: deployment_id.map(str::to_owned),
            node,
            pull_request,
        });
        true
    })
}

/// Computes the services of the repository; returns how many rows the computation has so far.
#[pg_extern(volatile, parallel_unsafe)]
fn finish_repository() -> i64 {
    COMPUTATION.with_borrow_mut(|it| {
        let repository = std::mem::take(&mut it.repository);
        for (position, service) in repository.services.iter().enumerate() {
            let outcome = service::compute(&repository, service);
            interrupts::check();
            it.tell(&repository, position, &outcome);
            interrupts::check();
        }
        (it.changes.len() + it.deployments.len()) as i64
    })
}

/// The rows that were computed, for `changes`, `deployments`, `incidents` or `months` of
/// `diogen_gold`, as the functions named after them return them.
#[pg_extern(sql = false)]
fn computed(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let function = return_rows::sql_function(call);
    COMPUTATION.with_borrow(|it| {
        let rows = match function.as_str() {
            "computed_changes" => &it.changes,
            "computed_deployments" => &it.deployments,
            "computed_incidents" => &it.incidents,
            "computed_months" => &it.months,
            _ => return Err(Error::NoNormalizer(function).into()),
        };
        let all = (0..rows.len()).map(|row| (None, row));
        Ok(return_rows::return_rows(call, rows, all)?)
    })
}

impl Computation {
    fn tell(&mut self, repository: &Repository, position: usize, outcome: &Outcome) {
        let service = &repository.services[position];
        let told = &self.told[position];
        let moment = |at: Option<Time>| at.map_or(Value::Null, Value::Moment);
        let span = |time: Option<i64>| time.map_or(Value::Null, Value::Interval);
        for change in &outcome.changes {
            let id = change.id(repository);
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
            self.changes.push([
                repository.source.as_str().into(),
                service.name.as_str().into(),
                repository.name.as_str().into(),
                id.into(),
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
            ]);
        }
        let all = service
            .deliveries
            .iter()
            .zip(told)
            .zip(&outcome.deployments);
        for ((delivery, told), deployment) in all {
            let (kind, failure) = (&deployment.kind, &deployment.failure);
            let names = |bits, all: &[&'static str]| match bits {
                0 => Value::Null,
                bits => flags::names(bits, all).into(),
            };
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
            ]);
        }
        for (incident, link) in service.incidents.iter().zip(&outcome.links) {
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
        let months = months::of_service(repository, service, outcome, |it| told[it].origin);
        for ((year, month), facts) in months {
            self.months.push([
                repository.source.as_str().into(),
                repository.name.as_str().into(),
                service.name.as_str().into(),
                format!("{year:04}-{month:02}-01").into(),
                Value::Bytes(&facts.to_bytes()),
            ]);
        }
    }
}

/// How long ranges are together; `None`: there are none.
fn closed_time(closed: &[(Time, Time)]) -> Option<i64> {
    let total = closed.iter().map(|(start, end)| end - start);
    (!closed.is_empty()).then(|| total.sum())
}
