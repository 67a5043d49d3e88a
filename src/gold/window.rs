//! Computing only the end of a repository's history.
//!
//! What lies back is not read again for every news. A window says from when on the facts are loaded,
//! and what is stored stands for all before. That is right as long as nothing reaches from one side
//! to the other: a rollback beyond the beginning, a branch with older commits, the end of an old
//! failure. [`Window::holds`] looks for all of these; where it finds one, the window is widened, and
//! at last the whole repository computed. Clocks may be wrong by less than two days.

use std::collections::{HashMap, HashSet};

use super::facts::{Delivery, Repository, Service, Status, Time};
use super::graph::Node;
use super::service::{Change, Names, Outcome, Subject};
use super::shipping::Shipping;

/// Which part of a history is computed.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Rows from here on are stored. Facts are loaded from earlier on; in between, the warm-up, it
    /// comes to light what was shipped before.
    pub settled: Time,
    /// Facts before are the same as when the stored rows were computed. At least as long after
    /// `settled` as an incident may be due to a deployment.
    pub since: Time,
}

/// What is stored of a service and the window depends on.
#[derive(Debug, Default)]
pub struct Stored {
    /// Deployments from the beginning of the window on, and those that are loaded, by their ids.
    pub deliveries: HashMap<String, Delivery>,
    /// The commits of the warm-up that are changes by themselves.
    pub commits: HashSet<String>,
    /// The month in which the window's rows begin, as it is stored; empty: nothing is.
    pub month: Vec<u8>,
    /// The deployments that took another one back.
    pub rollbacks: HashSet<String>,
    /// Whether there are deployments at all.
    pub has_deliveries: bool,
    /// Whether a failure of a deployment before the window's rows is not over.
    pub has_open_failure: bool,
    /// Whether news may say when such a failure was over.
    pub may_recover: bool,
}

impl Window {
    /// Whether a deployment is among what is stored; one that has not ended depends on nothing.
    pub fn has_delivery(&self, delivery: &Delivery) -> bool {
        delivery.finished_at.is_none_or(|at| at >= self.settled)
    }

    /// Whether a change is among what is stored.
    pub fn has_change(&self, change: &Change) -> bool {
        change.boundaries.merged_at >= self.settled
    }

    /// Whether an incident is among what is stored.
    pub fn has_incident(&self, outcome: &Outcome, position: usize) -> bool {
        outcome.whole(position).opened_at >= self.settled
    }

    /// Whether what was computed of a service is what the whole history would have given, provided
    /// that nothing at all is known of the commits that are added to `doubts`.
    pub fn holds(
        &self,
        repository: &Repository,
        service: &Service,
        stored: &Stored,
        shipping: &Shipping<'_>,
        outcome: &Outcome,
        doubts: &mut HashSet<Node>,
    ) -> bool {
        let it = Check {
            window: self,
            repository,
            service,
            stored,
            shipping,
            outcome,
        };
        it.doubts(doubts);
        it.are_deliveries_as_stored()
            && it.are_commits_as_stored()
            && it.is_warm()
            && it.are_kinds_sure()
            && it.are_rollbacks_as_stored()
            && it.are_changes_sure()
            && it.are_incidents_sure()
            && it.are_failures_sure()
    }
}

struct Check<'a> {
    window: &'a Window,
    repository: &'a Repository,
    service: &'a Service,
    stored: &'a Stored,
    shipping: &'a Shipping<'a>,
    outcome: &'a Outcome,
}

impl Check<'_> {
    fn is_settled(&self, by: usize) -> bool {
        !self.window.has_delivery(&self.service.deliveries[by])
    }

    fn is_news(&self, by: usize) -> bool {
        self.service.deliveries[by].finished_at >= Some(self.window.since)
    }

    fn is_new_change(&self, change: &Change) -> bool {
        change.boundaries.merged_at >= self.window.since
    }

    /// The commits that are not loaded and would matter if they were known.
    fn doubts(&self, doubts: &mut HashSet<Node>) {
        let graph = &self.repository.graph;
        for delivery in &self.service.deliveries {
            let Some(node) = delivery.node.filter(|_| self.window.has_delivery(delivery)) else {
                continue;
            };
            doubts.insert(node);
            if !graph.is_history_known(node) {
                doubts.extend(graph.parents(node));
            }
        }
        doubts.extend(self.shipping.unknown_since(graph, self.window.settled));
        doubts.extend(graph.named_in_messages());
        // That the default branch reaches a commit may be news of an old deployment of it.
        doubts.extend(graph.parents_since(self.window.since));
        for it in &self.repository.pull_requests {
            let merge = it.merge.iter().map(|(node, _)| *node);
            doubts.extend(merge.filter(|_| it.merged_at >= self.window.settled));
            doubts.extend(&it.commits);
        }
        doubts.retain(|&it| !graph.is_known(it));
    }

    /// What shipped something must ship it still, as all that is stored rests on it.
    fn are_deliveries_as_stored(&self) -> bool {
        let facts = |it: &Delivery| {
            let (sha, environment) = (it.sha.clone(), it.environment.clone());
            (it.status, sha, environment, it.started_at, it.finished_at)
        };
        let mut loaded: HashMap<&str, &Delivery> = HashMap::new();
        for it in &self.service.deliveries {
            loaded.insert(&it.id, it);
        }
        let mut settled = self.service.deliveries.iter();
        let is_stored = |it: &Delivery| self.stored.deliveries.contains_key(&it.id);
        settled.all(|it| self.window.has_delivery(it) || is_stored(it))
            && self.stored.deliveries.iter().all(|(id, stored)| {
                stored.finished_at.is_none()
                    || loaded
                        .get(id.as_str())
                        .is_some_and(|it| facts(it) == facts(stored))
                    || stored.status != Status::Success && self.window.has_delivery(stored)
            })
    }

    /// A commit that was a change by itself must not be part of a pull request now.
    fn are_commits_as_stored(&self) -> bool {
        let changes = self.outcome.changes.iter();
        let commits = changes.filter_map(|it| match it.subject {
            Subject::Commit(it) => Some(self.repository.commits[it].sha.as_str()),
            Subject::PullRequest(_) => None,
        });
        let commits: HashSet<_> = commits.collect();
        let mut stored = self.stored.commits.iter();
        stored.all(|it| commits.contains(it.as_str()))
    }

    /// Whether the deployments of the warm-up tell what was shipped before, and are from the rule
    /// that chose those that are stored.
    fn is_warm(&self) -> bool {
        let graph = &self.repository.graph;
        let deliveries = &self.service.deliveries;
        if deliveries.is_empty() {
            return !self.stored.has_deliveries;
        }
        let is_sure = |it: &&Delivery| {
            !self.window.has_delivery(it)
                && it.succeeded_at().is_some()
                && it.node.is_some_and(|node| graph.is_history_known(node))
                && self.stored.deliveries.contains_key(&it.id)
        };
        let sure = deliveries.iter().filter(is_sure);
        let warm: HashSet<_> = sure.map(|it| it.environment.as_deref()).collect();
        let mut shipping = deliveries.iter().filter(|it| it.succeeded_at().is_some());
        !warm.is_empty() && shipping.all(|it| warm.contains(&it.environment.as_deref()))
    }

    /// A rollback must be seen as one, and not take back what is settled.
    fn are_kinds_sure(&self) -> bool {
        let kinds = self.shipping.kinds.iter().enumerate();
        kinds
            .filter(|&(by, _)| !self.is_settled(by))
            .all(|(by, kind)| {
                let is_vague = kind.reason == Some("nothing_new")
                    && !kind.is_redeploy
                    && self.shipping.is_vague(&self.repository.graph, by);
                let takes_back = kind.takes_back.filter(|_| self.is_news(by));
                !is_vague && !takes_back.is_some_and(|it| self.is_settled(it))
            })
    }

    /// What a rollback took back must not be settled, even if it is another deployment now.
    fn are_rollbacks_as_stored(&self) -> bool {
        let stored = self.stored.rollbacks.iter();
        let mut rollbacks = stored.filter_map(|it| self.stored.deliveries.get(it));
        rollbacks.all(|rollback| {
            let mut all = self.service.deliveries.iter().enumerate();
            rollback.finished_at < Some(self.window.since)
                || all.any(|(by, it)| {
                    it.environment == rollback.environment
                        && it.succeeded_at() >= Some(self.window.settled)
                        && !self.is_news(by)
                        && !self.shipping.kinds[by].is_redeploy
                })
        })
    }

    fn are_changes_sure(&self) -> bool {
        let names = Names::new(self.repository, &self.outcome.changes);
        let mut changes = self.outcome.changes.iter().enumerate();
        let is_sure = |(position, change): (usize, &Change)| {
            let is_stored = self.window.has_change(change);
            let shipped = change.shipped.map(|(by, _)| by);
            match shipped {
                Some(by) if is_stored && self.is_settled(by) => return false,
                // It is listed as not shipped among what is settled.
                Some(by) if !is_stored && self.is_news(by) => return false,
                // What was deployed before it was a change may turn out to have fixed something.
                Some(by) if self.is_new_change(change) && !self.is_news(by) => return false,
                _ => (),
            }
            let is_shipped_here = shipped.is_some_and(|by| !self.is_settled(by));
            !(is_stored || is_shipped_here) || self.is_revert_sure(&names, position)
        };
        let carries = |it: &Change| match it.subject {
            Subject::PullRequest(it) => !self.repository.pull_requests[it].carries.is_empty(),
            Subject::Commit(_) => false,
        };
        !self.outcome.changes.iter().any(carries) && changes.all(is_sure)
    }

    /// What a change takes back must be known, and not be settled. What news name may have been
    /// taken for another before.
    fn is_revert_sure(&self, names: &Names, position: usize) -> bool {
        let changes = &self.outcome.changes;
        let reverted = names.reverted_by(self.repository, changes, position);
        let is_named = match changes[position].subject {
            Subject::Commit(_) => false,
            Subject::PullRequest(it) => {
                let it = &self.repository.pull_requests[it];
                let number = it.reverts.map(|it| names.number(it));
                if number == Some(None) {
                    return false;
                }
                number.is_some() || it.reverts_title.is_some()
            }
        };
        let mut others = reverted.iter().map(|&it| &changes[it]);
        match is_named {
            true if self.is_new_change(&changes[position]) => false,
            true => {
                !reverted.is_empty()
                    && others.all(|it| self.window.has_change(it) && !self.is_new_change(it))
            }
            false => others.all(|it| self.window.has_change(it)),
        }
    }

    fn are_incidents_sure(&self) -> bool {
        // What all that is one outage names.
        let mut names: HashMap<usize, usize> = HashMap::new();
        for (position, it) in self.service.incidents.iter().enumerate() {
            let named = [
                it.deployment.is_some(),
                it.node.is_some(),
                it.pull_request.is_some(),
            ];
            *names.entry(self.outcome.root(position)).or_default() +=
                named.iter().filter(|it| **it).count();
        }
        let mut incidents = self.service.incidents.iter().enumerate();
        incidents.all(|(position, incident)| {
            let whole = self.outcome.whole(position);
            let is_stored = self.window.has_incident(self.outcome, position);
            // A new part of an outage that began before, or that a settled deployment is to blame for.
            let is_news = incident.opened_at >= self.window.since;
            let is_old = !is_stored || whole.due_to.is_some_and(|(by, _)| self.is_settled(by));
            if is_news && is_old {
                return false;
            }
            let named = whole.due_to.filter(|(_, is_named)| *is_named);
            let is_settled = named.map(|(by, _)| self.is_settled(by));
            match names
                .get(&self.outcome.root(position))
                .copied()
                .unwrap_or_default()
            {
                0 => true,
                // Before it was known what shipped that, the latest was to blame.
                1 if is_stored => {
                    let is_news = named.is_some_and(|(by, _)| self.is_news(by));
                    is_settled == Some(false) && (!is_news || whole.opened_at >= self.window.since)
                }
                _ if is_stored => false,
                // What it names must not be among the news.
                _ => {
                    is_settled != Some(false) && !self.is_named_here(incident.deployment.as_deref())
                }
            }
        })
    }

    /// Whether a deployment of any service that is not settled is called so.
    fn is_named_here(&self, id: Option<&str>) -> bool {
        let services = self.repository.services.iter();
        let mut all = services.flat_map(|it| &it.deliveries);
        id.is_some_and(|id| all.any(|it| it.id == id && self.window.has_delivery(it)))
    }

    /// Failures of deployments that are settled must not end now.
    fn are_failures_sure(&self) -> bool {
        let deployments = self.outcome.deployments.iter().enumerate();
        let is_fix = |by: usize, unplanned: u16| unplanned != 0 && self.is_news(by);
        let mut fixes = deployments.map(|(by, it)| is_fix(by, it.failure.unplanned));
        let may_end = self.stored.has_open_failure && fixes.any(|it| it);
        !(self.stored.may_recover || may_end)
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
