//! The walk over the commit graph: each commit belongs to the first deployment it is reachable
//! from. Every commit is visited once, so the cost is linear in commits.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Commits and their parents.
#[derive(Debug, Default)]
pub struct CommitGraph {
    indices: HashMap<String, u32>,
    shas: Vec<String>,
    /// Where each commit's parents begin in `parents`; one more entry than commits.
    starts: Vec<u32>,
    parents: Vec<u32>,
}

/// What the walk found out about one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It ships these commits that none before it shipped: a range of [`Shipping::order`].
    Ships {
        /// Its first commit in the order.
        from: usize,
        /// Behind its last one.
        to: usize,
    },
    /// An earlier deployment has shipped its commit already.
    NothingNew,
    /// Its commit is not in the graph.
    UnknownCommit,
}

/// The outcome of a walk.
#[derive(Debug, PartialEq, Eq)]
pub struct Shipping {
    /// Indices of shipped commits, those of one deployment together.
    order: Vec<u32>,
    /// One for each deployment.
    pub deliveries: Vec<Delivery>,
}

impl CommitGraph {
    /// Builds the graph. A parent that is not among the commits is where the known history ends.
    pub fn new(commits: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let mut graph = Self::default();
        let mut parents_by_commit = Vec::new();
        for (sha, parents) in commits {
            let index = graph.shas.len() as u32;
            if let Entry::Vacant(unknown) = graph.indices.entry(sha) {
                graph.shas.push(unknown.key().clone());
                unknown.insert(index);
                parents_by_commit.push(parents);
            }
        }
        graph.starts.push(0);
        for parents in parents_by_commit {
            let known = parents.iter().filter_map(|sha| graph.indices.get(sha));
            graph.parents.extend(known);
            graph.starts.push(graph.parents.len() as u32);
        }
        graph
    }

    /// Walks from each deployed commit, in the order the deployments finished.
    pub fn ship<'a>(&self, deployed: impl IntoIterator<Item = &'a str>) -> Shipping {
        let mut shipped = vec![false; self.shas.len()];
        let mut order = Vec::new();
        let mut to_visit = Vec::new();
        let deliveries = deployed.into_iter().map(|sha| {
            let Some(&start) = self.indices.get(sha) else {
                return Delivery::UnknownCommit;
            };
            if std::mem::replace(&mut shipped[start as usize], true) {
                return Delivery::NothingNew;
            }
            let from = order.len();
            to_visit.push(start);
            while let Some(commit) = to_visit.pop() {
                order.push(commit);
                for &parent in self.parents_of(commit) {
                    if !std::mem::replace(&mut shipped[parent as usize], true) {
                        to_visit.push(parent);
                    }
                }
            }
            let to = order.len();
            Delivery::Ships { from, to }
        });
        let deliveries = deliveries.collect();
        Shipping { order, deliveries }
    }

    fn parents_of(&self, commit: u32) -> &[u32] {
        let commit = commit as usize;
        &self.parents[self.starts[commit] as usize..self.starts[commit + 1] as usize]
    }

    /// The commits that a deployment ships first.
    pub fn shipped<'a>(
        &'a self,
        shipping: &'a Shipping,
        delivery: Delivery,
    ) -> impl Iterator<Item = &'a str> {
        let range = match delivery {
            Delivery::Ships { from, to } => from..to,
            _ => 0..0,
        };
        let commits = shipping.order[range].iter();
        commits.map(|&commit| self.shas[commit as usize].as_str())
    }
}

#[cfg(test)]
#[path = "commit_graph_tests.rs"]
mod tests;
