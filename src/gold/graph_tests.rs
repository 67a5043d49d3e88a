use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use super::*;

fn commit<'a>(sha: &'a str, message: &'a str) -> Commit<'a> {
    Commit {
        sha,
        committed_at: None,
        is_on_default_branch: true,
        message,
    }
}

/// A graph of commits, written as `b a`: b on top of a.
fn graph(commits: &[&str]) -> CommitGraph {
    let mut graph = CommitGraph::default();
    for line in commits {
        let mut names = line.split(' ');
        let sha = names.next().expect("a name");
        graph.add(commit(sha, ""), names);
    }
    graph
}

/// What each deployment ships, sorted.
fn sets(graph: &mut CommitGraph, shas: &[&str], deployed: &[&str]) -> Vec<Vec<String>> {
    let nodes: Vec<_> = deployed.iter().map(|sha| graph.node(sha)).collect();
    let shipping = graph.ship(&nodes);
    let mut sets = vec![BTreeSet::new(); deployed.len()];
    for sha in shas {
        if let Some(shipped) = shipping.of(graph.node(sha)) {
            sets[shipped.by].insert((*sha).to_owned());
        }
    }
    sets.into_iter().map(Vec::from_iter).collect()
}

/// C10: a rollback ships nothing, and what it took back is not shipped again.
#[test]
fn rollback() {
    let mut graph = graph(&["a", "b a", "c b"]);
    let expected: [&[&str]; 4] = [&["a"], &["b"], &[], &["c"]];
    let all = ["a", "b", "c"];
    assert_eq!(sets(&mut graph, &all, &["a", "b", "a", "c"]), expected);
}

/// C11: a hotfix branch ships its own commit only, whatever else is on main by then.
#[test]
fn hotfix_branch() {
    let mut graph = graph(&["m1", "m2 m1", "m3 m2", "h1 m1"]);
    let expected: [&[&str]; 3] = [&["m1"], &["h1"], &["m2", "m3"]];
    let all = ["m1", "m2", "m3", "h1"];
    assert_eq!(sets(&mut graph, &all, &["m1", "h1", "m3"]), expected);
}

/// C11b: a copy ships its original, but not what lies behind that.
#[test]
fn cherry_pick() {
    let mut graph = graph(&["m1", "m2 m1", "m3 m2"]);
    let message = "Fix\n\n(cherry picked from commit m3)\n";
    graph.add(commit("h1", message), ["m1"].into_iter());
    let expected: [&[&str]; 3] = [&["m1"], &["h1", "m3"], &["m2"]];
    let all = ["m1", "m2", "m3", "h1"];
    assert_eq!(sets(&mut graph, &all, &["m1", "h1", "m3"]), expected);
}

#[test]
fn merges_bring_both_sides_once() {
    let mut graph = graph(&["a", "f a", "b a", "m b f"]);
    let expected: [&[&str]; 2] = [&["a"], &["b", "f", "m"]];
    let all = ["a", "b", "f", "m"];
    assert_eq!(sets(&mut graph, &all, &["a", "m"]), expected);
}

#[test]
fn unknown_commits_ship_themselves_and_stop_nothing() {
    let mut graph = graph(&["b a", "c b"]);
    let (x, c) = (graph.node("x"), graph.node("c"));
    let shipping = graph.ship(&[x, c, x]);
    let expected = [
        Delivery::UnknownCommit,
        Delivery::Ships,
        Delivery::NothingNew,
    ];
    assert_eq!(shipping.deliveries, expected);
    let expected: [&[&str]; 2] = [&["x"], &["b", "c"]];
    assert_eq!(sets(&mut graph, &["b", "c", "x"], &["x", "c"]), expected);
}

#[test]
fn messages_name_what_they_copy_and_revert() {
    let found: Vec<_> =
        named_after("This reverts commit ab12.\nThis reverts commit  x", REVERT).collect();
    assert_eq!(found, ["ab12"]);
    assert_eq!(
        named_after("(cherry picked from commit", CHERRY_PICK).count(),
        0
    );
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
        let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        (Just(parents), prop::collection::vec(0..count, 0..8), order)
    })
    .prop_map(|(parents, deployed, order)| {
        // Whatever order the commits come in.
        let mut place = vec![0; order.len()];
        order
            .iter()
            .enumerate()
            .for_each(|(at, &it)| place[it] = at);
        let shuffled = order
            .iter()
            .map(|&it| parents[it].iter().map(|&parent| place[parent]).collect());
        let deployed = deployed.into_iter().map(|it| place[it]).collect();
        (shuffled.collect(), deployed)
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
        let names: Vec<_> = (0..parents.len()).map(|it| format!("{it:02}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut graph = CommitGraph::default();
        for (sha, parents) in names.iter().zip(&parents) {
            graph.add(commit(sha, ""), parents.iter().map(|&it| names[it]));
        }
        let tips: Vec<_> = deployed.iter().map(|&it| names[it]).collect();
        let mut before = HashSet::new();
        for (tip, found) in deployed.iter().zip(sets(&mut graph, &names, &tips)) {
            let reachable = ancestors(&parents, *tip);
            let expected: BTreeSet<_> = reachable.difference(&before).map(|&it| names[it].to_owned()).collect();
            prop_assert_eq!(found, Vec::from_iter(expected));
            before.extend(reachable);
        }
    }
}

#[test]
fn what_a_deployment_ships_itself_and_as_a_copy_is_itself_in_any_order() {
    let mut graph = graph(&["a", "b"]);
    let (a, b) = (graph.node("a"), graph.node("b"));
    let told = |as_copy| Shipped { by: 0, as_copy };
    for order in [[true, false], [false, true]] {
        let mut shipping = graph.ship(&[a]);
        assert!(shipping.also(b, told(order[0])));
        assert_eq!(shipping.also(b, told(order[1])), order[0]);
        assert_eq!(shipping.of(b), Some(told(false)));
    }
}
