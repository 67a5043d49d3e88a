//! Facts of repositories from SQL.
//!
//! `sql/gold/gather.sql` tells the facts of one repository after another, a row with each call. Durations
//! are microseconds.

use std::collections::{HashMap, HashSet};

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use pgrx::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::computation::{COMPUTATION, micros};
use super::facts::{Delivery, DirectCommit, Incident, Policy, PullRequest, Service, Status, Time};
use super::graph::{self, Commit};
use super::months::ORIGINS;
use super::results::Told;
use super::window::Stored;
use crate::rows::arguments::Arguments;

fn title_number(title: &str) -> u64 {
    xxh3_64(title.trim().as_bytes())
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
        it.stored.push(Stored::default());
        it.repository.services.len() as i64 - 1
    })
}

/// Adds a commit. Declared in `sql/gold/gather.sql`.
#[pg_extern(sql = false)]
fn add_commit(call: pg_sys::FunctionCallInfo) -> bool {
    let told = Arguments::of(&call);
    let (sha, parents) = (told.text(0).unwrap_or_default(), told.texts(1));
    let committed_at = told.integer(4);
    let commit = Commit {
        sha,
        committed_at,
        is_on_default_branch: told.is_true(6),
        message: told.text(5).unwrap_or_default(),
    };
    let is_direct = told.has_no_elements(7);
    COMPUTATION.with_borrow_mut(|it| {
        let node = it.repository.graph.add(commit, parents);
        let is_merge = it.repository.graph.parents(node).len() > 1;
        if let Some(committed_at) = committed_at.filter(|_| is_direct && !is_merge) {
            it.repository.commits.push(DirectCommit {
                node,
                sha: sha.to_owned(),
                author: told.text(2).map(str::to_owned),
                authored_at: told.integer(3),
                committed_at,
            });
        }
        if !it.repository.graph.copied_by(node).is_empty() {
            let names = graph::copied_names(commit.message);
            it.copied.extend(names.map(str::to_owned));
        }
        true
    })
}

/// The commits that the commits which were added say they are copies of.
#[pg_extern(volatile, parallel_unsafe)]
fn copied_commits() -> Vec<String> {
    COMPUTATION.with_borrow(|it| it.copied.clone())
}

/// The commits that were added as belonging to no pull request.
#[pg_extern(volatile, parallel_unsafe)]
fn direct_commits() -> Vec<String> {
    COMPUTATION.with_borrow(|it| {
        let commits = it.repository.commits.iter();
        commits.map(|it| it.sha.clone()).collect()
    })
}

/// Takes back that these commits belong to no pull request.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn drop_direct_commits(shas: Vec<String>) {
    let shas: HashSet<_> = shas.into_iter().collect();
    COMPUTATION.with_borrow_mut(|it| it.repository.commits.retain(|it| !shas.contains(&it.sha)));
}

/// Adds a merged pull request. Declared in `sql/gold/gather.sql`.
#[pg_extern(sql = false)]
fn add_pull_request(call: pg_sys::FunctionCallInfo) -> bool {
    let told = Arguments::of(&call);
    let number = told.integer(0).unwrap_or_default();
    let title = told.text(4).unwrap_or_default();
    let reverted = title
        .strip_prefix("Revert \"")
        .and_then(|it| it.rsplit_once('"'));
    let first_review_at = told.integer(12);
    let (base_branch, review_count) = (told.text(17), told.integer(18));
    COMPUTATION.with_borrow_mut(|it| {
        let merge_sha = told.text(1);
        let merge = merge_sha.map(|sha| (it.repository.graph.node(sha), sha.to_owned()));
        if base_branch != it.base_branch.as_deref() {
            it.has_several_bases |= !it.positions.is_empty();
            it.base_branch = base_branch.map(str::to_owned);
        }
        if first_review_at.is_none() && review_count > Some(0) {
            it.perhaps_reviewed_late.push(number);
        }
        it.positions
            .insert(number, it.repository.pull_requests.len());
        it.repository.pull_requests.push(PullRequest {
            number,
            merge,
            author: told.text(2).map(str::to_owned),
            author_is_bot: told.is_true(3),
            title: title_number(title),
            reverts: told.integer(5),
            reverts_title: reverted.map(|(title, _)| title_number(title)),
            labels: told.texts(6).map(str::to_lowercase).collect(),
            head_branch: told.text(7).unwrap_or_default().to_owned(),
            first_commit_at: told.integer(8),
            first_committed_at: told.integer(9),
            opened_at: told.integer(10),
            ready_at: told.integer(11),
            first_review_at,
            approved_at: told.integer(13),
            merged_at: told.integer(14).unwrap_or_default(),
            commits_known: told.integer(15).unwrap_or_default(),
            commit_count: told.integer(16),
            ..PullRequest::default()
        });
        true
    })
}

/// Whether the pull requests that were added were merged into more than one branch.
#[pg_extern(volatile, parallel_unsafe)]
fn has_several_bases() -> bool {
    COMPUTATION.with_borrow(|it| it.has_several_bases)
}

/// The pull requests that were added with reviews of which none came before the merge.
#[pg_extern(volatile, parallel_unsafe)]
fn perhaps_reviewed_late() -> Vec<i64> {
    COMPUTATION.with_borrow(|it| it.perhaps_reviewed_late.clone())
}

/// Adds what few pull requests have to tell: what is NULL, or not given, leaves what is known. `closed_at` and
/// `reopened_at`: when it was closed, and opened again, in turn.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, reason = "one for each column")]
fn add_pull_request_detail(
    number: i64,
    is_force_pushed: default!(Option<bool>, "NULL"),
    is_reviewed_late: default!(Option<bool>, "NULL"),
    closed_at: default!(Option<Vec<TimestampWithTimeZone>>, "NULL"),
    reopened_at: default!(Option<Vec<TimestampWithTimeZone>>, "NULL"),
    is_promotion: default!(Option<bool>, "NULL"),
    carries: default!(Option<Vec<String>>, "NULL"),
    first_commit_at: default!(Option<TimestampWithTimeZone>, "NULL"),
    first_committed_at: default!(Option<TimestampWithTimeZone>, "NULL"),
    commits: default!(Option<Vec<String>>, "NULL"),
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
            status: Status::named(status),
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
