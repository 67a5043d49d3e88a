//! What is known of a repository and of the services that are deployed from it: what everything
//! else here is computed from. Times and durations are microseconds, times since 2000.

use std::collections::HashMap;

use super::graph::{CommitGraph, Node};
use super::window::Window;

/// A moment.
pub type Time = i64;

/// A length of time.
pub type Duration = i64;

/// An hour.
pub const HOUR: Duration = 3_600_000_000;

/// A day of 24 hours.
pub const DAY: Duration = 24 * HOUR;

/// A repository.
#[derive(Debug, Default)]
pub struct Repository {
    /// Source it is in.
    pub source: String,
    /// owner/name
    pub name: String,
    /// Its commits.
    pub graph: CommitGraph,
    /// Merged pull requests.
    pub pull_requests: Vec<PullRequest>,
    /// Commits that belong to no pull request.
    pub commits: Vec<DirectCommit>,
    /// What is deployed from it.
    pub services: Vec<Service>,
    /// Which part of its history this is; `None`: all.
    pub window: Option<Window>,
}

/// A merged pull request.
#[derive(Debug, Clone, Default)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: i64,
    /// Commit that the merge left on the base branch.
    pub merge: Option<(Node, String)>,
    /// Login of the author; `None`: not told.
    pub author: Option<String>,
    /// Whether the author is a bot.
    pub author_is_bot: bool,
    /// Stands for the title, which others may name.
    pub title: u64,
    /// Pull request that it says it takes back, by its number.
    pub reverts: Option<i64>,
    /// The same by its title.
    pub reverts_title: Option<u64>,
    /// Its labels, in lower case.
    pub labels: Vec<String>,
    /// The branch it comes from.
    pub head_branch: String,
    /// Earliest author date of its own commits.
    pub first_commit_at: Option<Time>,
    /// The same by when they were committed, where a service asks for it.
    pub first_committed_at: Option<Time>,
    /// When it was opened.
    pub opened_at: Option<Time>,
    /// When it was last made ready before its first review.
    pub ready_at: Option<Time>,
    /// First human review before the merge.
    pub first_review_at: Option<Time>,
    /// Last approval before the merge.
    pub approved_at: Option<Time>,
    /// When it was merged.
    pub merged_at: Time,
    /// Whether a human reviewed it after the merge only.
    pub is_reviewed_late: bool,
    /// Whether a force push replaced commits of it.
    pub is_force_pushed: bool,
    /// From when until when it lay closed before it was reopened.
    pub closed: Vec<(Time, Time)>,
    /// How many of its commits are known.
    pub commits_known: i64,
    /// How many commits the API counts.
    pub commit_count: Option<i64>,
    /// Whether all its commits belong to other pull requests.
    pub is_promotion: bool,
    /// Merges of other pull requests whose commits are among its own.
    pub carries: Vec<Node>,
    /// Its commits, where one of them was copied.
    pub commits: Vec<Node>,
}

/// A commit that belongs to no pull request.
#[derive(Debug, Clone)]
pub struct DirectCommit {
    /// The commit in the graph.
    pub node: Node,
    /// The name of the commit.
    pub sha: String,
    /// Login of the author; `None`: not told.
    pub author: Option<String>,
    /// When it was written.
    pub authored_at: Option<Time>,
    /// When it was committed.
    pub committed_at: Time,
}

/// What is deployed, and the rules it is seen by.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// What it is called.
    pub name: String,
    /// What people say of it.
    pub policy: Policy,
    /// Deployments to production, of any status.
    pub deliveries: Vec<Delivery>,
    /// The pull requests that touch it, by number, and whether their files are known; `None`: all do.
    pub members: Option<HashMap<i64, bool>>,
    /// What went wrong with it.
    pub incidents: Vec<Incident>,
}

/// What people may say of a service.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How long after a deployment an incident may be due to it.
    pub link_for: Duration,
    /// Whether a deployment can be to blame from its start on.
    pub link_from_start: bool,
    /// How soon after the last alert another one is the same incident.
    pub merge_within: Duration,
    /// Whether a deployment that failed counts as a failure.
    pub count_failed_runs: bool,
    /// Labels of unplanned work, in lower case.
    pub hotfix_labels: Vec<String>,
    /// Patterns of head branches.
    pub hotfix_branches: Vec<glob::Pattern>,
    /// Whether lead time begins when the first commit was last rewritten, not when it was written.
    pub by_commit_date: bool,
    /// Whether the time in which a pull request lay closed is left out.
    pub exclude_closed: bool,
    /// Beyond it, coding is left out.
    pub longest_coding: Option<Duration>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            link_for: 7 * DAY,
            link_from_start: false,
            merge_within: HOUR / 12,
            count_failed_runs: false,
            hotfix_labels: Vec::new(),
            hotfix_branches: Vec::new(),
            by_commit_date: false,
            exclude_closed: false,
            longest_coding: None,
        }
    }
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// It succeeded.
    Success,
    /// It failed.
    Failure,
    /// It did neither, or has not ended.
    #[default]
    Other,
}

impl Status {
    /// From what silver calls it.
    pub fn named(name: &str) -> Self {
        match name {
            "success" => Self::Success,
            "failure" => Self::Failure,
            _ => Self::Other,
        }
    }
}

/// A deployment to production.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// What it is called where it comes from.
    pub id: String,
    /// Where it went; `None`: what tells of it has no environments.
    pub environment: Option<String>,
    /// The name of the commit.
    pub sha: Option<String>,
    /// The commit in the graph.
    pub node: Option<Node>,
    /// How it ended.
    pub status: Status,
    /// When it began.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
}

impl Delivery {
    /// When it finished, if it succeeded: the moment it counts.
    pub fn succeeded_at(&self) -> Option<Time> {
        self.finished_at.filter(|_| self.status == Status::Success)
    }
}

/// Something that went wrong in production.
#[derive(Debug, Clone, Default)]
pub struct Incident {
    /// Where it is from.
    pub source: String,
    /// What it is called where it comes from.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// When it was opened.
    pub opened_at: Time,
    /// When it was over; `None`: it is not.
    pub resolved_at: Option<Time>,
    /// How long it was not resolved, where that is known better than from its ends.
    pub active_time: Option<Duration>,
    /// Deployment that it names as its cause.
    pub deployment: Option<String>,
    /// Commit that it names as its cause.
    pub node: Option<Node>,
    /// Pull request that it names as its cause.
    pub pull_request: Option<i64>,
}

impl Incident {
    /// What puts incidents in order: when they began, then what they are called.
    pub fn order(&self) -> (Time, &str, &str) {
        (self.opened_at, &self.source, &self.id)
    }
}
