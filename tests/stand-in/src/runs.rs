//! Runs of workflows: one for every pushed head, every new head of the default branch and
//! every deployment. They are worked out from these when somebody first asks.

use crate::generate::Dice;
use crate::model::{Repository, StatusState, Time, User};
use chrono::Duration;
use std::sync::Arc;

/// A workflow: name, file and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workflow {
    /// Tests.
    Ci,
    /// Deployments.
    Deploy,
}

impl Workflow {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Workflow::Ci => "CI",
            Workflow::Deploy => "Deploy",
        }
    }

    /// Its file.
    pub fn path(self) -> &'static str {
        match self {
            Workflow::Ci => ".github/workflows/ci.yml",
            Workflow::Deploy => ".github/workflows/deploy.yml",
        }
    }

    /// Its id in a repository.
    pub fn id(self, repository: &Repository) -> u64 {
        repository.id % 1_000_000 * 10 + self as u64
    }
}

/// One attempt of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// When it was started.
    pub started_at: Time,
    /// When it ended; none if that is not known yet.
    pub completed_at: Option<Time>,
    /// Whether it succeeded.
    pub success: bool,
}

/// A run of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// REST id.
    pub id: u64,
    /// Which workflow.
    pub workflow: Workflow,
    /// Number among the runs of its workflow.
    pub number: u64,
    /// What started it.
    pub event: &'static str,
    /// Branch.
    pub branch: String,
    /// Commit.
    pub oid: String,
    /// Pull request that it is for.
    pub pull_request: Option<u64>,
    /// Environment that it deploys to.
    pub environment: Option<String>,
    /// Who started it.
    pub actor: Option<Arc<User>>,
    /// Attempts, oldest first; never empty.
    pub attempts: Vec<Attempt>,
}

/// One job of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// REST id.
    pub id: u64,
    /// Number of the attempt, from one.
    pub attempt: usize,
    /// Name.
    pub name: String,
    /// When it began.
    pub started_at: Time,
    /// When it ended; none if that is not known yet.
    pub completed_at: Option<Time>,
    /// Whether it succeeded.
    pub success: bool,
}

impl Run {
    /// When it was made; a new attempt does not change that.
    pub fn created_at(&self) -> Time {
        self.attempts[0].started_at
    }

    /// The attempts that were started by then.
    pub fn attempts_at(&self, at: Time) -> &[Attempt] {
        let count = self.attempts.partition_point(|a| a.started_at <= at);
        &self.attempts[..count]
    }

    /// The jobs of an attempt, counted from one.
    pub fn jobs(&self, number: usize) -> Vec<Job> {
        let Some(attempt) = self.attempts.get(number.wrapping_sub(1)) else {
            return Vec::new();
        };
        let names: Vec<String> = match &self.environment {
            None => vec!["lint".to_owned(), "test".to_owned()],
            Some(environment) => vec!["build".to_owned(), format!("deploy ({environment})")],
        };
        let middle = attempt.completed_at.map(|end| {
            let whole = end - attempt.started_at;
            attempt.started_at + Duration::seconds(whole.num_seconds() / 2)
        });
        let job = |(k, name): (usize, String)| {
            // The last job decides; it begins late only where it waits for the first.
            let last = k == 1;
            let waits = last && self.environment.is_some();
            let begin = middle.filter(|_| waits).unwrap_or(attempt.started_at);
            Job {
                id: self.id * 100 + number as u64 * 10 + k as u64,
                attempt: number,
                name,
                started_at: begin + Duration::seconds(4),
                completed_at: if last { attempt.completed_at } else { middle },
                success: attempt.success || !last,
            }
        };
        names.into_iter().enumerate().map(job).collect()
    }
}

/// What a run is made from.
struct Cause<'a> {
    at: Time,
    workflow: Workflow,
    event: &'static str,
    branch: &'a str,
    oid: &'a str,
    pull_request: Option<u64>,
    actor: Option<Arc<User>>,
    /// Environment, end and success of a deployment.
    deployment: Option<(&'a str, Option<Time>, bool)>,
}

/// All runs of a repository, oldest first.
pub fn of(repository: &Repository) -> Vec<Run> {
    if repository.is_recorded {
        return Vec::new();
    }
    let mut causes = heads(repository);
    causes.extend(merges(repository));
    causes.extend(deployments(repository));
    causes.sort_by_key(|c| c.at);
    let mut numbers = [0, 0];
    let base = 10_000_000_000 + repository.id % 10_000 * 1_000_000;
    let run = |(cause, i): (Cause<'_>, u64)| {
        let number = &mut numbers[cause.workflow as usize];
        *number += 1;
        Run {
            id: base + i * 3,
            workflow: cause.workflow,
            number: *number,
            event: cause.event,
            branch: cause.branch.to_owned(),
            oid: cause.oid.to_owned(),
            pull_request: cause.pull_request,
            environment: cause.deployment.map(|(name, ..)| name.to_owned()),
            attempts: attempts(&cause),
            actor: cause.actor,
        }
    };
    causes.into_iter().zip(0..).map(run).collect()
}

/// What was pushed to pull requests: the head at the opening, and every later one.
fn heads(repository: &Repository) -> Vec<Cause<'_>> {
    let mut causes = Vec::new();
    for pull in &repository.pull_requests {
        let known = pull.commits.iter().filter_map(|oid| repository.commit(oid));
        let (before, after): (Vec<_>, Vec<_>) = known.partition(|c| c.pushed_at <= pull.created_at);
        let first = before.last().map(|c| (pull.created_at, *c));
        let later = after.into_iter().map(|c| (c.pushed_at, c));
        causes.extend(first.into_iter().chain(later).map(|(at, commit)| Cause {
            at: at + Duration::seconds(3),
            workflow: Workflow::Ci,
            event: "pull_request",
            branch: &pull.head_ref,
            oid: &commit.oid,
            pull_request: Some(pull.number),
            actor: pull.author.clone(),
            deployment: None,
        }));
    }
    causes
}

/// What came to the default branch; of one push only the last commit.
fn merges(repository: &Repository) -> impl Iterator<Item = Cause<'_>> {
    let chain = &repository.main_chain;
    let last = |i: &usize| chain.get(i + 1).is_none_or(|(next, _)| *next > chain[*i].0);
    (0..chain.len()).filter(last).map(|i| {
        let (at, oid) = &chain[i];
        let commit = repository.commit(oid);
        Cause {
            at: *at + Duration::seconds(3),
            workflow: Workflow::Ci,
            event: "push",
            branch: &repository.default_branch,
            oid,
            pull_request: None,
            actor: commit.and_then(|c| c.author.user.clone()),
            deployment: None,
        }
    })
}

fn deployments(repository: &Repository) -> impl Iterator<Item = Cause<'_>> {
    repository.deployments.iter().map(|deployment| {
        let end = deployment.statuses.iter().find_map(|s| match s.state {
            StatusState::Success => Some((s.created_at, true)),
            StatusState::Failure | StatusState::Error => Some((s.created_at, false)),
            _ => None,
        });
        let completed = end.map(|(at, _)| at + Duration::seconds(6));
        let success = end.is_some_and(|(_, success)| success);
        Cause {
            // The run is there before the deployment that it makes.
            at: deployment.created_at - Duration::seconds(20),
            workflow: Workflow::Deploy,
            event: "workflow_dispatch",
            branch: &deployment.ref_name,
            oid: &deployment.oid,
            pull_request: None,
            actor: Some(deployment.creator.clone()),
            deployment: Some((&deployment.environment, completed, success)),
        }
    })
}

/// How it went. Some tests fail for no reason and are run again.
fn attempts(cause: &Cause<'_>) -> Vec<Attempt> {
    if let Some((_, completed_at, success)) = cause.deployment {
        return vec![Attempt {
            started_at: cause.at,
            completed_at,
            success,
        }];
    }
    let mut dice = Dice::new(0, &format!("run/{}/{}", cause.oid, cause.event));
    let mut attempt = |started_at: Time, failing: f64| Attempt {
        started_at,
        completed_at: Some(started_at + dice.minutes(2, 14)),
        success: !dice.chance(failing),
    };
    let first = attempt(cause.at, 0.12);
    let again = !first.success && cause.oid.as_bytes().first().is_some_and(|b| b % 2 == 0);
    let second = again.then(|| attempt(cause.at + Duration::minutes(35), 0.2));
    std::iter::once(first).chain(second).collect()
}
