//! What is visible of the model at a moment of the clock.

use crate::model::{
    Commit, Deployment, EventKind, Issue, PullRequest, Release, Repository, StatusState, Time,
};
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

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
        self.commits
            .iter()
            .map(|c| c.pushed_at)
            .filter(|t| *t <= at)
            .fold(self.created_at, Time::max)
    }

    /// Everything reachable from a commit in the order of `git log`: newest committer
    /// date first, a parent never before the child through which it was found.
    pub fn history(&self, head: &str) -> Vec<&Arc<Commit>> {
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
            order.push(commit);
        }
        order
    }

    /// A branch that exists at a moment, with its head.
    pub fn branch(&self, name: &str, at: Time) -> Option<&Arc<Commit>> {
        if name == self.default_branch {
            return self.head(at);
        }
        let pull = self
            .visible_pull_requests(at)
            .filter(|p| p.head_ref == name && p.state(at) == PullState::Open)
            .last()?;
        pull.visible_commits(self, at).last()
    }
}
