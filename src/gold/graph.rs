//! The commit graph of a repository, and the walk over it: each commit belongs to the first
//! deployment it is reachable from. Every commit is visited once, so the cost is linear in commits.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::hash_table::{Entry, HashTable};
use memchr::memmem;

/// The number of a commit in its graph.
pub type Node = u32;

/// A commit as it comes.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// Its name.
    pub sha: &'a str,
    /// When it was committed, in microseconds.
    pub committed_at: Option<i64>,
    /// Whether the default branch reaches it.
    pub is_on_default_branch: bool,
    /// Its message.
    pub message: &'a str,
}

/// How a commit's name begins, which no two commits share, or what stands for a name that Git does
/// not give.
type Name = [u8; 32];

/// Commits and their parents.
#[derive(Debug, Default)]
pub struct CommitGraph {
    /// Found by their names, which are beside: what is searched is small that way.
    nodes: HashTable<Node>,
    names: Vec<Name>,
    hash: RandomState,
    places: Vec<Place>,
    parents: Vec<Node>,
    /// What a commit says it is a copy of.
    copies: HashMap<Node, Vec<Node>>,
    /// What a commit says it takes back.
    reverts: HashMap<Node, Vec<Node>>,
}

/// Where a commit stands. One that is only named as a parent has no commit of its own here.
#[derive(Debug, Clone, Copy)]
struct Place {
    is_known: bool,
    is_copy: bool,
    is_on_default_branch: bool,
    is_below_default_branch: bool,
    first_parent: u32,
    parents: u32,
    committed_at: i64,
}

const NOWHERE: Place = Place {
    is_known: false,
    is_copy: false,
    is_on_default_branch: false,
    is_below_default_branch: false,
    first_parent: 0,
    parents: 0,
    committed_at: i64::MIN,
};

/// What the walk found out about one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is the first to reach its commit.
    Ships,
    /// An earlier deployment has shipped its commit already.
    NothingNew,
    /// Its commit is not in the graph: it ships that one alone.
    UnknownCommit,
}

/// Which deployment first shipped a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// Position among the deployments, from 0.
    pub by: usize,
    /// Whether only a copy of it was shipped, not itself.
    pub as_copy: bool,
}

/// The outcome of a walk.
#[derive(Debug, PartialEq, Eq)]
pub struct Shipping {
    /// For each commit the position of the deployment that first shipped it, counted from 1 and
    /// doubled, with the lowest bit for a copy; 0: none did.
    marks: Vec<u32>,
    /// One for each deployment.
    pub deliveries: Vec<Delivery>,
}

impl CommitGraph {
    /// Forgets all commits but keeps the memory, which the next repository will need.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.names.clear();
        self.places.clear();
        self.parents.clear();
        self.copies.clear();
        self.reverts.clear();
    }

    /// The number of a commit, which need not be known yet.
    pub fn node(&mut self, sha: &str) -> Node {
        let name = own_name(sha).unwrap_or_else(|| made_up_name(&self.hash, sha));
        let (names, hash) = (&self.names, |name| self.hash.hash_one(name));
        let is_it = |it: &Node| names[*it as usize] == name;
        match self
            .nodes
            .entry(hash(&name), is_it, |it| hash(&names[*it as usize]))
        {
            Entry::Occupied(it) => *it.get(),
            Entry::Vacant(it) => {
                let node = names.len() as Node;
                it.insert(node);
                self.names.push(name);
                self.places.push(NOWHERE);
                node
            }
        }
    }

    /// Adds a commit with its parents in order. One that is known already stays as it is.
    pub fn add<'a>(&mut self, commit: Commit<'_>, parents: impl Iterator<Item = &'a str>) -> Node {
        let node = self.node(commit.sha);
        if self.places[node as usize].is_known {
            return node;
        }
        let first_parent = self.parents.len() as u32;
        for sha in parents {
            let parent = self.node(sha);
            self.places[parent as usize].is_below_default_branch |= commit.is_on_default_branch;
            self.parents.push(parent);
        }
        let phrases = match memmem::find(commit.message.as_bytes(), COMMIT) {
            Some(_) => [(CHERRY_PICK, true), (REVERT, false)].as_slice(),
            None => &[],
        };
        for &(phrase, is_copy) in phrases {
            for sha in named_after(commit.message, phrase) {
                let other = self.node(sha);
                let map = if is_copy {
                    &mut self.copies
                } else {
                    &mut self.reverts
                };
                map.entry(node).or_default().push(other);
            }
        }
        let place = &mut self.places[node as usize];
        place.is_known = true;
        place.is_copy = self.copies.contains_key(&node);
        place.is_on_default_branch = commit.is_on_default_branch;
        place.first_parent = first_parent;
        place.parents = self.parents.len() as u32 - first_parent;
        place.committed_at = commit.committed_at.unwrap_or(i64::MIN);
        node
    }

    /// How many commits have a number.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Whether the commit itself is known, not only its name.
    pub fn is_known(&self, node: Node) -> bool {
        self.places[node as usize].is_known
    }

    /// When it was committed; the earliest of times where that is not known.
    pub fn committed_at(&self, node: Node) -> i64 {
        self.places[node as usize].committed_at
    }

    /// Whether the history behind a commit is known: of a branch that is not fetched only the
    /// deployed commit itself is.
    pub fn is_history_known(&self, node: Node) -> bool {
        let place = self.places[node as usize];
        place.is_known
            && (place.is_on_default_branch
                || place.is_below_default_branch
                || place.parents == 0
                || self.parents(node).iter().any(|&it| self.is_known(it)))
    }

    /// The parents in order.
    pub fn parents(&self, node: Node) -> &[Node] {
        let place = &self.places[node as usize];
        &self.parents[place.first_parent as usize..][..place.parents as usize]
    }

    /// The commits that are only named.
    pub fn unknown(&self) -> impl Iterator<Item = Node> {
        let places = self.places.iter().zip(0..);
        places.filter(|(it, _)| !it.is_known).map(|(_, node)| node)
    }

    /// The commits that messages of others name as Git does, not abbreviated.
    pub fn named_in_messages(&self) -> impl Iterator<Item = Node> {
        let named = self.copies.values().chain(self.reverts.values());
        let named = named.flatten().copied();
        named.filter(|it| is_of_git(&self.names[*it as usize]))
    }

    /// The parents of the commits from a time on.
    pub fn parents_since(&self, since: i64) -> impl Iterator<Item = Node> {
        let places = self.places.iter().zip(0..);
        let news = places.filter(move |(it, _)| it.is_known && it.committed_at >= since);
        news.flat_map(|(_, node)| self.parents(node)).copied()
    }

    /// How the names of commits begin: 32 digits; `None`: one has none that Git gives.
    pub fn beginnings(&self, nodes: &HashSet<Node>) -> Option<Vec<String>> {
        let names = nodes.iter().map(|it| self.names[*it as usize]);
        let of_git = |it: Name| is_of_git(&it).then(|| it.map(char::from).iter().collect());
        names.map(of_git).collect()
    }

    /// The commits that a commit says it is a copy of.
    pub fn copied_by(&self, node: Node) -> &[Node] {
        self.copies.get(&node).map_or(&[], Vec::as_slice)
    }

    /// The commits that a commit says it takes back.
    pub fn reverted_by(&self, node: Node) -> &[Node] {
        self.reverts.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Walks from each deployed commit, in the order in which the deployments finished.
    pub fn ship(&self, deployed: &[Node]) -> Shipping {
        let mut visited = vec![false; self.places.len()];
        let mut marks = vec![0; self.places.len()];
        let mut to_visit = Vec::new();
        let deliveries = deployed
            .iter()
            .zip(1..)
            .map(|(&start, position): (_, u32)| {
                if std::mem::replace(&mut visited[start as usize], true) {
                    return Delivery::NothingNew;
                }
                to_visit.push(start);
                while let Some(node) = to_visit.pop() {
                    let mark = &mut marks[node as usize];
                    // Itself rather than a copy, where one deployment ships both.
                    if *mark == 0 || *mark == (position << 1 | 1) {
                        *mark = position << 1;
                    }
                    let place = &self.places[node as usize];
                    if place.is_copy {
                        // Its original counts as shipped; what lies behind that one does not.
                        for &original in &self.copies[&node] {
                            let mark = &mut marks[original as usize];
                            if *mark == 0 {
                                *mark = position << 1 | 1;
                            }
                        }
                    }
                    for &parent in self.parents(node) {
                        if !std::mem::replace(&mut visited[parent as usize], true) {
                            to_visit.push(parent);
                        }
                    }
                }
                match self.is_known(start) {
                    true => Delivery::Ships,
                    false => Delivery::UnknownCommit,
                }
            });
        let deliveries = deliveries.collect();
        Shipping { marks, deliveries }
    }
}

impl Shipping {
    /// Which deployment first shipped a commit.
    pub fn of(&self, node: Node) -> Option<Shipped> {
        match self.marks[node as usize] {
            0 => None,
            mark => Some(Shipped {
                by: (mark >> 1) as usize - 1,
                as_copy: mark & 1 == 1,
            }),
        }
    }

    /// Notes that a deployment shipped a commit by another way than the graph, unless it was
    /// shipped before. Returns whether that is news.
    pub fn also(&mut self, node: Node, shipped: Shipped) -> bool {
        let mark = &mut self.marks[node as usize];
        // Itself rather than a copy, where one deployment ships both.
        let told = (shipped.by as u32 + 1) << 1 | u32::from(shipped.as_copy);
        let is_news = *mark == 0 || *mark > told;
        if is_news {
            *mark = told;
        }
        is_news
    }
}

/// What both of the next two have.
const COMMIT: &[u8] = b" commit ";
const CHERRY_PICK: &str = "(cherry picked from commit ";
const REVERT: &str = "This reverts commit ";

/// The names of the commits that a message says its commit is a copy of.
pub fn copied_names(message: &str) -> impl Iterator<Item = &str> {
    named_after(message, CHERRY_PICK)
}

/// The commits that a message names right after a phrase.
fn named_after<'a>(message: &'a str, phrase: &'a str) -> impl Iterator<Item = &'a str> {
    message.split(phrase).skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
        let sha = &rest[..end.unwrap_or(rest.len())];
        (!sha.is_empty()).then_some(sha)
    })
}

/// How a commit's name begins; `None`: it is none that Git gives, of 40 or 64 digits.
fn own_name(sha: &str) -> Option<Name> {
    let name = sha.as_bytes().first_chunk().filter(|_| sha.len() >= 40)?;
    is_of_git(name).then_some(*name)
}

/// Whether a name is one that Git gives, not made up.
fn is_of_git(name: &Name) -> bool {
    // Without a branch: every commit and parent of a history passes here.
    let is_digit = |it: u8| it.is_ascii_digit() | (b'a'..=b'f').contains(&it);
    name.iter().fold(true, |all, &it| all & is_digit(it))
}

/// Stands for any other name. It is never one of Git's, which are digits.
fn made_up_name(hash: &RandomState, sha: &str) -> Name {
    let mut name = Name::default();
    name[..8].copy_from_slice(&hash.hash_one(sha).to_ne_bytes());
    name[8..16].copy_from_slice(&hash.hash_one((sha, 0)).to_ne_bytes());
    name
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
