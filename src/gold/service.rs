//! What comes of the facts of a service: its changes and deployments.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::facts::{DAY, PullRequest, Repository, Service, Status, Time};
use super::failures::{self, Failure, Link};
use super::flags::Flags;
use super::graph::Node;
use super::shipping::{Fate, Kind, Shipping, Via};
use super::stages::{Boundaries, Stages};

/// Everything that is computed for a service.
#[derive(Debug)]
pub struct Outcome {
    /// Its changes.
    pub changes: Vec<Change>,
    /// One for each of the service's deployments.
    pub deployments: Vec<Deployment>,
    /// One for each of its incidents.
    pub links: Vec<Link>,
}

impl Outcome {
    /// The incident that one is a part of, or itself.
    pub fn root(&self, position: usize) -> usize {
        self.links[position].merged_into.unwrap_or(position)
    }

    /// The link of that incident.
    pub fn whole(&self, position: usize) -> &Link {
        &self.links[self.root(position)]
    }
}

/// What a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A pull request, by its position in the repository.
    PullRequest(usize),
    /// A commit that belongs to none, by its position in the repository.
    Commit(usize),
}

/// A change and what became of it.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it is.
    pub subject: Subject,
    /// When it came how far.
    pub boundaries: Boundaries,
    /// How long each stage took.
    pub stages: Stages,
    /// The deployment that first shipped it, by its position in the service.
    pub shipped: Option<(usize, Via)>,
    /// Why none did.
    pub reason: Option<&'static str>,
    /// What else is to be said of it.
    pub flags: Flags,
}

impl Change {
    /// Whether it counts: what an unknown deployment shipped, or belongs to other changes, does not.
    pub fn counts(&self) -> bool {
        !matches!(self.reason, Some("pre_baseline")) && !self.is_others()
    }

    /// Whether all there is in it belongs to other changes.
    fn is_others(&self) -> bool {
        matches!(self.reason, Some("promotion" | "copy"))
    }

    /// The commit that it left on the base branch.
    pub fn node(&self, repository: &Repository) -> Option<Node> {
        match self.subject {
            Subject::PullRequest(it) => Some(repository.pull_requests[it].merge.as_ref()?.0),
            Subject::Commit(it) => Some(repository.commits[it].node),
        }
    }

    /// What it is called within its repository.
    pub fn id(&self, repository: &Repository) -> String {
        match self.subject {
            Subject::PullRequest(it) => format!("#{}", repository.pull_requests[it].number),
            Subject::Commit(it) => repository.commits[it].sha.clone(),
        }
    }
}

/// A deployment and what became of it.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// Its place among the others.
    pub kind: Kind,
    /// Changes that it was the first in its environment to ship.
    pub changes: i64,
    /// What went wrong with it.
    pub failure: Failure,
}

/// Computes everything of a service.
pub fn compute(repository: &Repository, service: &Service, shipping: &Shipping<'_>) -> Outcome {
    let owned = Owned::new(repository);
    let mut changes = Vec::new();
    for (position, pull_request) in repository.pull_requests.iter().enumerate() {
        let are_files_known = match &service.members {
            None => true,
            Some(members) => match members.get(&pull_request.number) {
                None => continue,
                Some(are_known) => *are_known,
            },
        };
        let mut change = of_pull_request(repository, service, shipping, &owned, position);
        if !are_files_known {
            change.flags.set(Flags::FILES_UNKNOWN);
        }
        changes.push(change);
    }
    // Which paths a commit touches is not known.
    if service.members.is_none() {
        let commits = 0..repository.commits.len();
        changes
            .extend(commits.filter_map(|it| of_commit(repository, service, shipping, &owned, it)));
    }

    let mut counts = vec![0; service.deliveries.len()];
    for change in &changes {
        if let Some(node) = change.node(repository).filter(|_| !change.is_others()) {
            shipping
                .first_shipped_by(node)
                .for_each(|it| counts[it] += 1);
        }
    }
    let (failures, links) = failures::find(repository, service, shipping, &mut changes);
    let deployments = failures.into_iter().zip(counts).zip(&shipping.kinds);
    let deployments = deployments.map(|((failure, changes), &kind)| Deployment {
        kind,
        changes,
        failure,
    });
    Outcome {
        deployments: deployments.collect(),
        changes,
        links,
    }
}

/// Which commits are changes, or parts of such, by their numbers.
struct Owned {
    is_merge: Vec<bool>,
    is_part: Vec<bool>,
}

impl Owned {
    fn new(repository: &Repository) -> Self {
        let count = repository.graph.count();
        let (mut is_merge, mut is_part) = (vec![false; count], vec![false; count]);
        for it in &repository.pull_requests {
            if let Some((node, _)) = it.merge {
                is_merge[node as usize] = true;
            }
            for &node in &it.commits {
                is_part[node as usize] = true;
            }
        }
        for it in &repository.commits {
            is_part[it.node as usize] = true;
        }
        Self { is_merge, is_part }
    }

    /// Whether a commit only copies other changes, which count themselves.
    fn is_copy(&self, repository: &Repository, node: Node) -> bool {
        let originals = repository.graph.copied_by(node);
        let is_change = |it: usize| self.is_merge[it] || self.is_part[it];
        !originals.is_empty()
            && originals
                .iter()
                .all(|&it| it != node && is_change(it as usize))
    }
}

fn of_pull_request(
    repository: &Repository,
    service: &Service,
    shipping: &Shipping<'_>,
    owned: &Owned,
    position: usize,
) -> Change {
    let it = &repository.pull_requests[position];
    let (shipped, reason) = match &it.merge {
        _ if it.is_promotion => (None, Some("promotion")),
        Some((node, _)) if owned.is_copy(repository, *node) => (None, Some("copy")),
        Some((node, _)) => fate(shipping, repository, service, *node),
        None => (None, Some(why_none(service, "no_merge_commit"))),
    };
    let deployed_at = shipped.and_then(|(delivery, _)| service.deliveries[delivery].finished_at);
    let boundaries = Boundaries {
        first_commit_at: match service.policy.by_commit_date {
            true => it.first_committed_at,
            false => it.first_commit_at,
        },
        ready_at: it.ready_at.or(it.opened_at).or(Some(it.merged_at)),
        first_review_at: it.first_review_at,
        approved_at: it.approved_at,
        merged_at: it.merged_at,
        deployed_at,
    };
    let left_out = match service.policy.exclude_closed {
        true => it.closed.as_slice(),
        false => &[],
    };
    let mut stages = boundaries.stages(left_out);
    let before_open = it
        .opened_at
        .zip(boundaries.first_commit_at)
        .map(|(opened, first)| opened - first);
    if before_open > service.policy.longest_coding.or(Some(Time::MAX)) {
        (stages.coding, stages.lead_time) = (None, None);
    }
    Change {
        subject: Subject::PullRequest(position),
        boundaries,
        stages,
        shipped,
        reason,
        flags: flags(it, service, &boundaries),
    }
}

fn of_commit(
    repository: &Repository,
    service: &Service,
    shipping: &Shipping<'_>,
    owned: &Owned,
    position: usize,
) -> Option<Change> {
    let it = &repository.commits[position];
    // What a merge left is that pull request's, whatever it is tied to.
    if owned.is_merge[it.node as usize] {
        return None;
    }
    let (shipped, reason) = match owned.is_copy(repository, it.node) {
        true => (None, Some("copy")),
        false => fate(shipping, repository, service, it.node),
    };
    let boundaries = Boundaries {
        first_commit_at: match service.policy.by_commit_date {
            true => Some(it.committed_at),
            false => it.authored_at,
        },
        merged_at: it.committed_at,
        deployed_at: shipped.and_then(|(delivery, _)| service.deliveries[delivery].finished_at),
        ..Boundaries::default()
    };
    let mut flags = Flags::default();
    if !repository.graph.reverted_by(it.node).is_empty() {
        flags.set(Flags::REVERT);
    }
    Some(Change {
        subject: Subject::Commit(position),
        boundaries,
        stages: boundaries.stages(&[]),
        shipped,
        reason,
        flags,
    })
}

fn fate(
    shipping: &Shipping<'_>,
    repository: &Repository,
    service: &Service,
    node: Node,
) -> (Option<(usize, Via)>, Option<&'static str>) {
    match shipping.fate(node) {
        Fate::Shipped(delivery, via) => (Some((delivery, via)), None),
        Fate::PreBaseline => (None, Some("pre_baseline")),
        Fate::Unshipped if !repository.graph.is_known(node) => {
            (None, Some(why_none(service, "commit_not_in_history")))
        }
        Fate::Unshipped => (None, Some(why_none(service, "not_deployed"))),
    }
}

/// Why nothing of a service is shipped, before anything that lies in the change.
fn why_none(service: &Service, otherwise: &'static str) -> &'static str {
    let mut deliveries = service.deliveries.iter();
    if service.deliveries.is_empty() {
        "no_deployments"
    } else if !deliveries.any(|it| it.succeeded_at().is_some()) {
        "only_failed_deployments"
    } else {
        otherwise
    }
}

fn flags(it: &PullRequest, service: &Service, boundaries: &Boundaries) -> Flags {
    let mut flags = Flags::default();
    let mut set = |flag, is_set| {
        if is_set {
            flags.set(flag);
        }
    };
    let policy = &service.policy;
    let is_hotfix = it
        .labels
        .iter()
        .any(|label| policy.hotfix_labels.contains(label))
        || policy
            .hotfix_branches
            .iter()
            .any(|pattern| pattern.matches(&it.head_branch));
    let first = boundaries.first_commit_at;
    let is_skewed = first.is_some_and(|first| first > it.merged_at);
    let after_open = first
        .zip(it.opened_at)
        .is_some_and(|(first, opened)| first > opened);
    let is_ancient = first
        .zip(it.opened_at)
        .is_some_and(|(first, opened)| first < opened - 90 * DAY);
    let is_unreviewed = it.first_review_at.is_none();
    set(Flags::COMMITS_UNKNOWN, it.commits_known == 0);
    set(
        Flags::COMMITS_INCOMPLETE,
        it.commits_known > 0
            && it
                .commit_count
                .is_some_and(|count| it.commits_known < count),
    );
    set(Flags::CLOCK_SKEW, is_skewed);
    set(Flags::COMMIT_AFTER_OPEN, !is_skewed && after_open);
    set(Flags::ANCIENT_COMMIT, is_ancient);
    set(Flags::FORCE_PUSHED, it.is_force_pushed);
    set(Flags::UNREVIEWED, is_unreviewed);
    set(
        Flags::POST_MERGE_REVIEW,
        is_unreviewed && it.is_reviewed_late,
    );
    set(
        Flags::UNAPPROVED,
        !is_unreviewed && it.approved_at.is_none(),
    );
    set(
        Flags::DEPLOYED_BEFORE_MERGE,
        boundaries.deployed_at.is_some_and(|at| at < it.merged_at),
    );
    set(
        Flags::REVERT,
        it.reverts.is_some() || it.reverts_title.is_some(),
    );
    set(Flags::HOTFIX, is_hotfix);
    flags
}

/// Changes by what others call them: the number of a pull request, its title, or a commit.
pub struct Names {
    numbers: HashMap<i64, usize, RandomState>,
    titles: HashMap<u64, Vec<usize>, RandomState>,
    nodes: HashMap<Node, usize, RandomState>,
}

impl Names {
    /// Of all changes of a service.
    pub fn new(repository: &Repository, changes: &[Change]) -> Self {
        let mut names = Self {
            numbers: HashMap::default(),
            titles: HashMap::default(),
            nodes: HashMap::default(),
        };
        for (position, change) in changes.iter().enumerate() {
            if let Some(node) = change.node(repository) {
                let held = names.nodes.entry(node).or_insert(position);
                // Whatever order they come in.
                if *held != position && change.id(repository) < changes[*held].id(repository) {
                    *held = position;
                }
            }
            if let Subject::PullRequest(it) = change.subject {
                let it = &repository.pull_requests[it];
                names.numbers.insert(it.number, position);
                names.titles.entry(it.title).or_default().push(position);
            }
        }
        names
    }

    /// The pull request of this number.
    pub fn number(&self, number: i64) -> Option<usize> {
        self.numbers.get(&number).copied()
    }

    /// The change that left this commit on the base branch.
    pub fn node(&self, node: Node) -> Option<usize> {
        self.nodes.get(&node).copied()
    }

    /// The pull request of this title that was merged last before a time.
    pub fn title(
        &self,
        title: u64,
        repository: &Repository,
        changes: &[Change],
        before: Time,
    ) -> Option<usize> {
        let merged_at = |it: &usize| changes[*it].boundaries.merged_at;
        let found = self.titles.get(&title)?.iter().copied();
        found
            .filter(|it| merged_at(it) < before)
            .max_by_key(|it| (merged_at(it), changes[*it].id(repository)))
    }

    /// The changes that a change says it takes back: by number, by title, or by commit.
    pub fn reverted_by(
        &self,
        repository: &Repository,
        changes: &[Change],
        position: usize,
    ) -> Vec<usize> {
        let change = &changes[position];
        let by_text = match change.subject {
            Subject::Commit(_) => None,
            Subject::PullRequest(it) => {
                let it = &repository.pull_requests[it];
                let by_number = it.reverts.and_then(|number| self.number(number));
                by_number
                    .or_else(|| self.title(it.reverts_title?, repository, changes, it.merged_at))
            }
        };
        let commits = change
            .node(repository)
            .map(|node| repository.graph.reverted_by(node));
        let by_commit = commits
            .into_iter()
            .flatten()
            .filter_map(|&node| self.node(node));
        let found: HashSet<_> = by_text.into_iter().chain(by_commit).collect();
        found.into_iter().filter(|&it| it != position).collect()
    }
}

/// Whether a deployment counts when failures are counted.
pub fn is_counted(service: &Service, position: usize) -> bool {
    let delivery = &service.deliveries[position];
    match delivery.status {
        Status::Success => delivery.finished_at.is_some(),
        Status::Failure => service.policy.count_failed_runs && delivery.finished_at.is_some(),
        Status::Other => false,
    }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
