//! What is visible of the model at a moment of the clock.

use crate::ids::{Key, node_id};
use crate::memo::{Order, Sorted};
use crate::model::{
    Branch, Commit, Deployment, EventKind, Issue, PullRequest, Release, Repository, StatusState,
    Time,
};
use crate::runs::{self, Run};
use serde_json::{Value, json};
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

/// Kind of a thing with a global id.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A pull request.
    PullRequest,
    /// An issue.
    Issue,
    /// A deployment.
    Deployment,
    /// A release.
    Release,
}

/// What the global ids of a repository name: kind and position in its list.
pub type Nodes = HashMap<String, (Kind, usize)>;

/// A thing with a global id.
pub enum Node<'a> {
    /// A pull request.
    PullRequest(&'a Arc<PullRequest>),
    /// An issue.
    Issue(&'a Arc<Issue>),
    /// A deployment.
    Deployment(&'a Arc<Deployment>),
    /// A release.
    Release(&'a Arc<Release>),
}

fn sorted<T>(mut list: Sorted<T>) -> Sorted<T> {
    list.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    list
}

/// State of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullState {
    /// Open.
    Open,
    /// Closed without merging.
    Closed,
    /// Merged.
    Merged,
}

impl PullRequest {
    /// State at a moment.
    pub fn state(&self, at: Time) -> PullState {
        if self.merged_at.is_some_and(|t| t <= at) {
            PullState::Merged
        } else if self.closed_at(at).is_some() {
            PullState::Closed
        } else {
            PullState::Open
        }
    }

    /// When it was closed or merged, seen from a moment.
    pub fn closed_at(&self, at: Time) -> Option<Time> {
        let closed = self
            .events
            .iter()
            .filter(|e| e.at <= at)
            .filter(|e| matches!(e.kind, EventKind::Closed | EventKind::Reopened))
            .max_by_key(|e| e.at)
            .filter(|e| e.kind == EventKind::Closed)
            .map(|e| e.at);
        // GitHub may note the closing a second after the merge that caused it.
        closed.max(self.merged_at(at))
    }

    /// When it was merged, if it was by then.
    pub fn merged_at(&self, at: Time) -> Option<Time> {
        self.merged_at.filter(|t| *t <= at)
    }

    /// Whether it is a draft at a moment.
    pub fn is_draft(&self, at: Time) -> bool {
        self.events
            .iter()
            .filter(|e| e.at <= at)
            .filter(|e| {
                matches!(
                    e.kind,
                    EventKind::ReadyForReview | EventKind::ConvertToDraft
                )
            })
            .max_by_key(|e| e.at)
            .map_or(self.opened_as_draft, |e| {
                e.kind == EventKind::ConvertToDraft
            })
    }

    /// Its newest event up to a moment.
    pub fn updated_at(&self, repository: &Repository, at: Time) -> Time {
        if let Some(recorded) = self.recorded_updated_at {
            return recorded;
        }
        let pushed = self
            .commits
            .iter()
            .filter_map(|oid| repository.commit(oid).map(|c| c.pushed_at));
        self.reviews
            .iter()
            .map(|r| r.submitted_at)
            .chain(self.comments.iter().map(|c| c.created_at))
            .chain(self.events.iter().map(|e| e.at))
            .chain(self.labels.iter().map(|l| l.at))
            .chain(self.merged_at)
            .chain(pushed)
            .filter(|t| *t <= at)
            .fold(self.created_at, Time::max)
    }

    /// Its own commits that were pushed by then, oldest first.
    pub fn visible_commits<'a>(
        &'a self,
        repository: &'a Repository,
        at: Time,
    ) -> impl Iterator<Item = &'a Arc<Commit>> {
        self.commits
            .iter()
            .filter_map(|oid| repository.commit(oid))
            .filter(move |c| c.pushed_at <= at)
    }
}

impl Deployment {
    /// What it was given along: what a production deployment ships.
    pub fn payload(&self) -> Value {
        match self.environment.as_str() {
            "production" => {
                json!({"version": self.ref_name, "is_automatic": self.ref_name == "main"})
            }
            _ => json!({}),
        }
    }

    /// State of the newest status up to a moment.
    pub fn state(&self, at: Time) -> Option<StatusState> {
        self.statuses
            .iter()
            .rfind(|s| s.created_at <= at)
            .map(|s| s.state)
    }

    /// Time of the newest status up to a moment.
    pub fn updated_at(&self, at: Time) -> Time {
        self.statuses
            .iter()
            .map(|s| s.created_at)
            .filter(|t| *t <= at)
            .fold(self.created_at, Time::max)
    }
}

impl Issue {
    /// Its global id: the recorded one, if it was recorded.
    pub fn node_id(&self, repository: &Repository) -> String {
        let recorded = self.raw.as_ref().and_then(|raw| raw["node_id"].as_str());
        recorded.map_or_else(|| node_id("I", repository.id, self.id), str::to_owned)
    }

    /// When it was closed, if it was by then.
    pub fn closed_at(&self, at: Time) -> Option<Time> {
        self.closed_at.filter(|t| *t <= at)
    }

    /// Its newest event up to a moment.
    pub fn updated_at(&self, at: Time) -> Time {
        self.labels
            .iter()
            .map(|l| l.at)
            .chain(self.closed_at)
            .filter(|t| *t <= at)
            .fold(self.created_at, Time::max)
    }
}

impl Repository {
    /// The moment from which this repository is looked at: recordings know no clock.
    pub fn seen_at(&self, clock: Time) -> Time {
        if self.is_recorded {
            Time::MAX_UTC
        } else {
            clock
        }
    }

    /// Pull requests opened by then, by ascending number.
    pub fn visible_pull_requests(&self, at: Time) -> impl Iterator<Item = &Arc<PullRequest>> {
        self.pull_requests
            .iter()
            .filter(move |p| p.created_at <= at)
    }

    /// Deployments made by then, by ascending id.
    pub fn visible_deployments(&self, at: Time) -> impl Iterator<Item = &Arc<Deployment>> {
        self.deployments.iter().filter(move |d| d.created_at <= at)
    }

    /// Releases published by then, by ascending id.
    pub fn visible_releases(&self, at: Time) -> impl Iterator<Item = &Arc<Release>> {
        self.releases.iter().filter(move |r| r.published_at <= at)
    }

    /// Issues opened by then, by ascending number.
    pub fn visible_issues(&self, at: Time) -> impl Iterator<Item = &Arc<Issue>> {
        self.issues.iter().filter(move |i| i.created_at <= at)
    }

    /// Head of the default branch at a moment.
    pub fn head(&self, at: Time) -> Option<&Arc<Commit>> {
        let end = self.main_chain.partition_point(|(t, _)| *t <= at);
        self.main_chain[..end]
            .last()
            .and_then(|(_, oid)| self.commit(oid))
    }

    /// Time of the last push to any branch.
    pub fn pushed_at(&self, at: Time) -> Time {
        let last = || {
            self.commits
                .iter()
                .map(|c| c.pushed_at)
                .filter(|t| *t <= at)
                .fold(self.created_at, Time::max)
        };
        *self.memo.pushed.get(at.timestamp(), last)
    }

    /// Pull requests opened by then in an order, smallest first.
    pub fn ordered_pull_requests(&self, order: Order, at: Time) -> Arc<Sorted<PullRequest>> {
        self.memo.pulls.get((order, at.timestamp()), || {
            let entry = |p: &Arc<PullRequest>| {
                let key = match order {
                    Order::Created => p.created_at.into(),
                    Order::Updated => p.updated_at(self, at).into(),
                    Order::Comments => Key::Number(p.comments.len() as u64),
                };
                (key, p.id, p.clone())
            };
            sorted(self.visible_pull_requests(at).map(entry).collect())
        })
    }

    /// Issues opened by then in an order, smallest first.
    pub fn ordered_issues(&self, order: Order, at: Time) -> Arc<Sorted<Issue>> {
        self.memo.issues.get((order, at.timestamp()), || {
            let entry = |i: &Arc<Issue>| {
                let key = match order {
                    Order::Created => i.created_at.into(),
                    Order::Updated => i.updated_at(at).into(),
                    Order::Comments => Key::Number(0),
                };
                (key, i.id, i.clone())
            };
            sorted(self.visible_issues(at).map(entry).collect())
        })
    }

    /// Positions of the commits of a history whose committer's date is within bounds.
    pub fn history_between(
        &self,
        head: &str,
        since: Option<Time>,
        until: Option<Time>,
    ) -> Arc<Vec<usize>> {
        let span = (head.to_owned(), since, until);
        self.memo.histories.get(span, || {
            let within = |i: &usize| {
                let date = self.commits[*i].committer.date;
                since.is_none_or(|s| date >= s) && until.is_none_or(|u| date <= u)
            };
            self.walk(head).into_iter().filter(within).collect()
        })
    }

    /// Whatever has this global id, if it is there at a moment.
    pub fn node(&self, id: &str, at: Time) -> Option<Node<'_>> {
        let nodes = self.memo.nodes.get_or_init(|| self.nodes());
        let node = match *nodes.get(id)? {
            (Kind::PullRequest, i) => Node::PullRequest(&self.pull_requests[i]),
            (Kind::Issue, i) => Node::Issue(&self.issues[i]),
            (Kind::Deployment, i) => Node::Deployment(&self.deployments[i]),
            (Kind::Release, i) => Node::Release(&self.releases[i]),
        };
        let visible = match node {
            Node::PullRequest(p) => p.created_at <= at,
            Node::Issue(i) => i.created_at <= at,
            Node::Deployment(d) => d.created_at <= at,
            Node::Release(r) => r.published_at <= at,
        };
        visible.then_some(node)
    }

    fn nodes(&self) -> Nodes {
        let pulls = self.pull_requests.iter().map(|p| p.node_id.clone());
        let issues = self.issues.iter().map(|i| i.node_id(self));
        let deployments = self.deployments.iter();
        let deployments = deployments.map(|d| node_id("DE", self.id, d.id));
        let releases = self.releases.iter().map(|r| r.node_id.clone());
        let kind = |kind: Kind| move |(i, id): (usize, String)| (id, (kind, i));
        pulls
            .enumerate()
            .map(kind(Kind::PullRequest))
            .chain(issues.enumerate().map(kind(Kind::Issue)))
            .chain(deployments.enumerate().map(kind(Kind::Deployment)))
            .chain(releases.enumerate().map(kind(Kind::Release)))
            .collect()
    }

    /// Runs of its workflows, oldest first.
    pub fn runs(&self) -> Arc<Vec<Run>> {
        let made = || Arc::new(runs::of(self));
        self.memo.runs.get_or_init(made).clone()
    }

    /// Everything reachable from a commit in the order of `git log`: newest committer
    /// date first, a parent never before the child through which it was found.
    pub fn history(&self, head: &str) -> Vec<&Arc<Commit>> {
        let positions = self.history_between(head, None, None);
        positions.iter().map(|i| &self.commits[*i]).collect()
    }

    fn walk(&self, head: &str) -> Vec<usize> {
        let mut seen = HashSet::new();
        let mut queue = BinaryHeap::new();
        let mut order = Vec::new();
        let mut found = 0_usize;
        let mut push = |oid: &str, queue: &mut BinaryHeap<_>| {
            if let Some(&index) = self.commit_index.get(oid)
                && seen.insert(index)
            {
                // Of equal dates the one found first comes first.
                found += 1;
                let date = self.commits[index].committer.date;
                queue.push((date, usize::MAX - found, index));
            }
        };
        push(head, &mut queue);
        while let Some((_, _, index)) = queue.pop() {
            let commit = &self.commits[index];
            for parent in &commit.parents {
                push(parent, &mut queue);
            }
            order.push(index);
        }
        order
    }

    fn head_of(&self, branch: &Branch, at: Time) -> Option<&Arc<Commit>> {
        let mut heads = branch.heads.iter().rev();
        heads
            .find(|(t, _)| *t <= at)
            .and_then(|(_, oid)| self.commit(oid))
    }

    /// All branches that exist at a moment, with their heads.
    pub fn branches(&self, at: Time) -> Vec<(&str, &Arc<Commit>)> {
        let default = self.head(at).map(|h| (self.default_branch.as_str(), h));
        let others = self.branches.iter();
        let others = others.filter_map(|b| Some((b.name.as_str(), self.head_of(b, at)?)));
        let open = self
            .visible_pull_requests(at)
            .filter(|p| p.state(at) == PullState::Open)
            .filter_map(|p| Some((p.head_ref.as_str(), p.visible_commits(self, at).last()?)));
        default.into_iter().chain(others).chain(open).collect()
    }

    /// A branch that exists at a moment, with its head.
    pub fn branch(&self, name: &str, at: Time) -> Option<&Arc<Commit>> {
        if name == self.default_branch {
            return self.head(at);
        }
        if let Some(branch) = self.branches.iter().find(|b| b.name == name) {
            return self.head_of(branch, at);
        }
        let pull = self
            .visible_pull_requests(at)
            .filter(|p| p.head_ref == name && p.state(at) == PullState::Open)
            .last()?;
        pull.visible_commits(self, at).last()
    }
}
