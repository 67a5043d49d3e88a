//! Which deployment of a service first shipped what.
//!
//! Each environment has a history of its own: its successful deployments in the order in which they
//! finished.

use std::collections::{BTreeMap, HashSet};

use super::facts::{Repository, Service, Time};
use super::graph::{self, CommitGraph, Node, Shipped};

/// How it is known that a deployment shipped something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// It reaches the commit.
    Commit,
    /// It reaches a copy of the commit.
    CherryPick,
    /// It reaches another pull request that holds the same commits.
    PullRequestCommits,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A deployment, given by its position in the service, was the first to ship it.
    Shipped(usize, Via),
    /// It was in the first known deployment to an environment, and no other shipped it before.
    PreBaseline,
    /// None shipped it.
    Unshipped,
}

/// What kind of deployment one is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kind {
    /// The first known one to its environment: what it holds was shipped at an unknown time.
    pub is_baseline: bool,
    /// Of the commit that was live already.
    pub is_redeploy: bool,
    /// Of a commit behind the one that was live; then the deployment that it takes back.
    pub takes_back: Option<usize>,
    /// Why it ships nothing, or not all.
    pub reason: Option<&'static str>,
}

/// The histories of a service's environments.
#[derive(Debug)]
pub struct Shipping<'a> {
    service: &'a Service,
    tracks: Vec<Track>,
    /// For each deployment of the service.
    pub kinds: Vec<Kind>,
}

#[derive(Debug)]
struct Track {
    /// Its successful deployments, as positions in the service.
    deliveries: Vec<usize>,
    shipping: graph::Shipping,
    baseline: Option<usize>,
    /// What was shipped within other pull requests.
    carried: HashSet<Node>,
}

impl<'a> Shipping<'a> {
    /// Walks the history of each environment.
    pub fn new(repository: &Repository, service: &'a Service) -> Self {
        let mut kinds = vec![Kind::default(); service.deliveries.len()];
        let mut by_environment: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        for (position, delivery) in service.deliveries.iter().enumerate() {
            kinds[position].reason = match (delivery.succeeded_at(), delivery.node) {
                (None, _) => Some("not_successful"),
                (_, None) => Some("unknown_commit"),
                _ => {
                    let environment = delivery.environment.as_deref();
                    by_environment
                        .entry(environment)
                        .or_default()
                        .push(position);
                    None
                }
            };
        }
        let tracks = by_environment.into_values().map(|mut deliveries| {
            deliveries.sort_by_key(|&it| {
                let delivery = &service.deliveries[it];
                (delivery.finished_at, &delivery.id)
            });
            Track::new(repository, service, deliveries, &mut kinds)
        });
        Shipping {
            service,
            tracks: tracks.collect(),
            kinds,
        }
    }

    /// What became of a commit: the earliest of its environments counts.
    pub fn fate(&self, node: Node) -> Fate {
        let mut shipped: Option<(Time, &str, usize, Via)> = None;
        let mut baseline: Option<Time> = None;
        for track in &self.tracks {
            let Some(found) = track.shipping.of(node) else {
                continue;
            };
            let position = track.deliveries[found.by];
            let delivery = &self.service.deliveries[position];
            let Some(at) = delivery.succeeded_at() else {
                continue;
            };
            if track.baseline == Some(found.by) {
                baseline = Some(baseline.map_or(at, |it| it.min(at)));
                continue;
            }
            let via = match found.as_copy {
                true => Via::CherryPick,
                false if track.carried.contains(&node) => Via::PullRequestCommits,
                false => Via::Commit,
            };
            let this = (at, delivery.id.as_str(), position, via);
            if shipped.is_none_or(|best| (this.0, this.1) < (best.0, best.1)) {
                shipped = Some(this);
            }
        }
        match (shipped, baseline) {
            (Some((at, ..)), Some(baseline)) if baseline < at => Fate::PreBaseline,
            (Some((_, _, position, via)), _) => Fate::Shipped(position, via),
            (None, Some(_)) => Fate::PreBaseline,
            (None, None) => Fate::Unshipped,
        }
    }

    /// The deployments that were the first in their environment to ship a commit, baselines apart.
    pub fn first_shipped_by(&self, node: Node) -> impl Iterator<Item = usize> {
        self.tracks.iter().filter_map(move |track| {
            let by = track.shipping.of(node)?.by;
            (track.baseline != Some(by)).then(|| track.deliveries[by])
        })
    }

    /// The successful deployments after one, to the same environment and in order.
    pub fn after(&self, position: usize) -> impl Iterator<Item = usize> {
        let service = self.service;
        let this = &service.deliveries[position];
        let track = self.tracks.iter().find(move |track| {
            let first = track.deliveries.first();
            first.is_some_and(|&it| service.deliveries[it].environment == this.environment)
        });
        let deliveries = track.map_or(&[][..], |track| &track.deliveries);
        let key = |it: usize| {
            (
                service.deliveries[it].finished_at,
                &service.deliveries[it].id,
            )
        };
        let start = deliveries.partition_point(|&it| key(it) <= key(position));
        deliveries[start..].iter().copied()
    }

    /// Whether it cannot be told if the commit of a deployment lies behind the one that was live: it
    /// was shipped by the first deployment or before, or nothing is known of the live one.
    pub fn is_vague(&self, graph: &CommitGraph, position: usize) -> bool {
        let node = |by: usize| self.service.deliveries[by].node;
        self.tracks.iter().any(|track| {
            let Some(by) = track.deliveries.iter().position(|it| *it == position) else {
                return false;
            };
            let shipped = node(position).and_then(|it| track.shipping.of(it));
            let live = by.checked_sub(1).and_then(|it| node(track.deliveries[it]));
            shipped.is_none_or(|it| it.by == 0) || live.is_none_or(|it| !graph.is_known(it))
        })
    }

    /// The commits that are not known themselves and that deployments from a time on were the first
    /// to reach.
    pub fn unknown_since(&self, graph: &CommitGraph, since: Time) -> Vec<Node> {
        let is_since = |track: &Track, node: Node| {
            let by = track.shipping.of(node).map(|it| track.deliveries[it.by]);
            by.is_some_and(|it| self.service.deliveries[it].finished_at >= Some(since))
        };
        let unknown = graph.unknown();
        let is_reached = |node: &Node| self.tracks.iter().any(|it| is_since(it, *node));
        unknown.filter(is_reached).collect()
    }
}

impl Track {
    fn new(
        repository: &Repository,
        service: &Service,
        deliveries: Vec<usize>,
        kinds: &mut [Kind],
    ) -> Self {
        let graph = &repository.graph;
        let node = |position: usize| service.deliveries[position].node.unwrap_or_default();
        let nodes: Vec<_> = deliveries.iter().map(|&it| node(it)).collect();
        let shipping = graph.ship(&nodes);
        let first = |wanted: &dyn Fn(usize) -> bool| {
            let found = shipping.deliveries.iter().enumerate();
            let mut found = found.filter(|(_, it)| **it != graph::Delivery::NothingNew);
            found.find(|&(by, _)| wanted(by)).map(|(by, _)| by)
        };
        let is_whole = repository.window.is_none();
        let baseline = first(&|by| graph.is_history_known(nodes[by]))
            .or_else(|| first(&|by| graph.is_known(nodes[by])))
            .or_else(|| first(&|_| true))
            // It lies before a window.
            .filter(|_| is_whole);
        let mut track = Self {
            deliveries,
            shipping,
            baseline,
            carried: HashSet::new(),
        };
        track.ship_carried(repository);
        track.tell_kinds(graph, &nodes, kinds);
        track
    }

    /// A squash cuts the graph: what a shipped pull request held in its commits came with it. And a
    /// pull request of which every commit was shipped was shipped, though its merge was not.
    fn ship_carried(&mut self, repository: &Repository) {
        let pull_requests = repository.pull_requests.iter();
        let carriers = pull_requests.filter(|it| !it.carries.is_empty() || !it.commits.is_empty());
        let carriers: Vec<_> = carriers.collect();
        loop {
            let mut is_news = false;
            for carrier in &carriers {
                let Some((merge, _)) = carrier.merge else {
                    continue;
                };
                let commits = carrier.commits.iter().map(|&it| self.shipping.of(it));
                let commits: Option<Vec<_>> = commits.collect();
                if let Some(by) = commits.and_then(|it| it.into_iter().map(|it| it.by).max()) {
                    is_news |= self.shipping.also(merge, Shipped { by, as_copy: true });
                }
                let Some(shipped) = self.shipping.of(merge) else {
                    continue;
                };
                for &node in &carrier.carries {
                    if self.shipping.also(
                        node,
                        Shipped {
                            as_copy: false,
                            ..shipped
                        },
                    ) {
                        self.carried.insert(node);
                        is_news = true;
                    }
                }
            }
            if !is_news {
                return;
            }
        }
    }

    fn tell_kinds(&self, graph: &CommitGraph, nodes: &[Node], kinds: &mut [Kind]) {
        // How far on a commit is: which deployment first shipped it, whether as its tip, and when
        // it was made.
        let place = |node: Node| {
            let shipped = self.shipping.of(node)?;
            Some((
                shipped.by,
                nodes[shipped.by] == node,
                graph.committed_at(node),
            ))
        };
        // The deployment that brought the live commit, this time.
        let mut live: Option<(Node, usize)> = None;
        for (by, &node) in nodes.iter().enumerate() {
            let kind = &mut kinds[self.deliveries[by]];
            kind.is_baseline = self.baseline == Some(by);
            kind.reason = match self.shipping.deliveries[by] {
                graph::Delivery::NothingNew => Some("nothing_new"),
                graph::Delivery::UnknownCommit => Some("unknown_commit"),
                graph::Delivery::Ships if !graph.is_history_known(node) => Some("unknown_history"),
                graph::Delivery::Ships => None,
            };
            let is_new = self.shipping.deliveries[by] != graph::Delivery::NothingNew;
            match live {
                Some((live, _)) if !is_new && live == node => {
                    kind.is_redeploy = true;
                    continue;
                }
                Some((live, since)) if !is_new && place(node) < place(live) => {
                    kind.takes_back = Some(since);
                }
                _ => (),
            }
            live = Some((node, self.deliveries[by]));
        }
    }
}
