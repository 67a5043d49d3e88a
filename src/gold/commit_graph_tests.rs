use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use super::*;

fn graph(commits: &[(&str, &[&str])]) -> CommitGraph {
    CommitGraph::new(commits.iter().map(|(sha, parents)| {
        let parents = parents.iter().map(|sha| (*sha).to_owned());
        ((*sha).to_owned(), parents.collect())
    }))
}

/// What each deployment ships, sorted.
fn sets(graph: &CommitGraph, deployed: &[&str]) -> Vec<Vec<String>> {
    let shipping = graph.ship(deployed.iter().copied());
    let deliveries = shipping.deliveries.iter();
    deliveries
        .map(|&delivery| {
            let commits: BTreeSet<_> = graph
                .shipped(&shipping, delivery)
                .map(str::to_owned)
                .collect();
            commits.into_iter().collect()
        })
        .collect()
}

/// C10: a rollback ships nothing, and what it took back is not shipped again.
#[test]
fn rollback() {
    let graph = graph(&[("a", &[]), ("b", &["a"]), ("c", &["b"])]);
    let expected: [&[&str]; 4] = [&["a"], &["b"], &[], &["c"]];
    assert_eq!(sets(&graph, &["a", "b", "a", "c"]), expected);
    let shipping = graph.ship(["a", "b", "a"]);
    assert_eq!(shipping.deliveries[2], Delivery::NothingNew);
}

/// C11: a hotfix branch ships its own commit only, whatever else is on main by then.
#[test]
fn hotfix_branch() {
    let graph = graph(&[
        ("m1", &[]),
        ("m2", &["m1"]),
        ("m3", &["m2"]),
        ("h1", &["m1"]),
    ]);
    let expected: [&[&str]; 3] = [&["m1"], &["h1"], &["m2", "m3"]];
    assert_eq!(sets(&graph, &["m1", "h1", "m3"]), expected);
}

#[test]
fn merges_bring_both_sides_once() {
    let graph = graph(&[("a", &[]), ("f", &["a"]), ("b", &["a"]), ("m", &["b", "f"])]);
    let expected: [&[&str]; 2] = [&["a"], &["b", "f", "m"]];
    assert_eq!(sets(&graph, &["a", "m"]), expected);
}

#[test]
fn unknown_commits_ship_nothing_and_stop_nothing() {
    let graph = graph(&[("b", &["a"]), ("c", &["b"])]);
    let shipping = graph.ship(["x", "c"]);
    assert_eq!(shipping.deliveries[0], Delivery::UnknownCommit);
    assert_eq!(sets(&graph, &["x", "c"])[1], ["b", "c"]);
}

/// A random graph: each commit's parents are some of those before it.
fn histories() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<usize>)> {
    prop::collection::vec(
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        1..40,
    )
    .prop_flat_map(|picks| {
        let parents: Vec<Vec<usize>> = picks
            .iter()
            .enumerate()
            .map(|(commit, picks)| match commit {
                0 => Vec::new(),
                _ => picks.iter().map(|pick| pick.index(commit)).collect(),
            })
            .collect();
        let count = parents.len();
        (Just(parents), prop::collection::vec(0..count, 0..8))
    })
}

fn ancestors(parents: &[Vec<usize>], commit: usize) -> HashSet<usize> {
    let mut found = HashSet::from([commit]);
    let mut rest = vec![commit];
    while let Some(commit) = rest.pop() {
        rest.extend(
            parents[commit]
                .iter()
                .filter(|parent| found.insert(**parent)),
        );
    }
    found
}

proptest! {
    /// The definition itself: reachable from this one and from no earlier one.
    #[test]
    fn ships_what_the_definition_says((parents, deployed) in histories()) {
        let name = |commit: &usize| format!("{commit:02}");
        let graph = CommitGraph::new(parents.iter().enumerate().map(|(commit, parents)| {
            (name(&commit), parents.iter().map(name).collect())
        }));
        let names: Vec<String> = deployed.iter().map(name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut before = HashSet::new();
        for (commit, found) in deployed.iter().zip(sets(&graph, &names)) {
            let reachable = ancestors(&parents, *commit);
            let expected: BTreeSet<String> = reachable.difference(&before).map(name).collect();
            prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
            before.extend(reachable);
        }
    }
}
