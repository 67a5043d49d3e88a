//! What holds for any repository, whatever its history.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::gold::facts::{Delivery, DirectCommit, Incident, Policy};
use crate::gold::graph::Commit;

/// A commit: which of those before it are its parents, which one it copies, and which it reverts.
#[derive(Debug, Clone)]
struct Told {
    parents: Vec<usize>,
    copies: Option<usize>,
    reverts: Option<usize>,
    is_on_default_branch: bool,
    is_direct: bool,
    at: Time,
}

/// A pull request, its commits by their places.
#[derive(Debug, Clone)]
struct Merged {
    merge: Option<usize>,
    carries: Vec<usize>,
    commits: Vec<usize>,
    facts: PullRequest,
}

#[derive(Debug, Clone)]
struct World {
    commits: Vec<Told>,
    pull_requests: Vec<Merged>,
    /// With the commit's place.
    deliveries: Vec<(Delivery, Option<usize>)>,
    incidents: Vec<Incident>,
    count_failed_runs: bool,
}

/// Few moments, so that many fall together.
fn time() -> impl Strategy<Value = Time> {
    (0..30_i64).prop_map(|it| it * DAY / 4)
}

fn maybe<T: std::fmt::Debug>(
    it: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    prop::option::of(it)
}

fn commits(count: usize) -> impl Strategy<Value = Vec<Told>> {
    let place = || maybe(0..count);
    let parents = prop::collection::vec(0..count, 0..3);
    let one = (parents, place(), place(), any::<[bool; 4]>(), time());
    prop::collection::vec(one, count).prop_map(|all| {
        let told = all.into_iter().enumerate();
        told.map(|(own, (parents, copies, reverts, flags, at))| Told {
            parents: parents.into_iter().filter(|it| *it < own).collect(),
            copies: copies.filter(|_| flags[0] && flags[1]),
            reverts: reverts.filter(|_| flags[0] && !flags[1]),
            is_on_default_branch: flags[2],
            is_direct: flags[3],
            at,
        })
        .collect()
    })
}

fn pull_request(count: usize) -> impl Strategy<Value = Merged> {
    let places = || prop::collection::vec(0..count, 0..3);
    let times = || (maybe(time()), maybe(time()), maybe(time()));
    let names = (0..3_u64, maybe(0..3_u64), maybe(0..8_i64));
    (
        (maybe(0..count), places(), places()),
        (times(), times(), time()),
        names,
        any::<[bool; 3]>(),
        maybe((time(), 1..20_i64)),
    )
        .prop_map(
            |((merge, carries, commits), (one, two, merged_at), names, flags, closed)| Merged {
                merge,
                carries: if flags[0] { carries } else { Vec::new() },
                commits: if flags[1] { commits } else { Vec::new() },
                facts: PullRequest {
                    first_commit_at: one.0,
                    opened_at: one.1,
                    ready_at: one.2,
                    first_review_at: two.0,
                    approved_at: two.1,
                    merged_at,
                    title: names.0,
                    reverts_title: names.1,
                    reverts: names.2,
                    is_promotion: flags[2] && flags[0],
                    closed: closed
                        .into_iter()
                        .map(|(at, days)| (at, at + days * DAY))
                        .collect(),
                    ..PullRequest::default()
                },
            },
        )
}

fn delivery(count: usize) -> impl Strategy<Value = (Delivery, Option<usize>)> {
    // One place beyond the commits: one that is not known.
    let one = (maybe(0..=count), 0..4_i32, 0..3_i32, maybe(time()), time());
    one.prop_map(|(place, status, environment, started_at, finished_at)| {
        let delivery = Delivery {
            environment: (environment > 0).then(|| environment.to_string()),
            status: match status {
                0 => Status::Failure,
                1 => Status::Other,
                _ => Status::Success,
            },
            started_at,
            finished_at: Some(finished_at).filter(|_| status != 1),
            ..Delivery::default()
        };
        (delivery, place)
    })
}

fn incident() -> impl Strategy<Value = Incident> {
    let one = (0..3, time(), maybe(time()), maybe(0..8), maybe(0..8_i64));
    one.prop_map(
        |(title, opened_at, resolved_at, deployment, pull_request)| Incident {
            title: Some(format!("title {title}")),
            opened_at,
            resolved_at,
            deployment: deployment.map(|it: i32| format!("d{it}")),
            pull_request,
            ..Incident::default()
        },
    )
}

fn worlds() -> impl Strategy<Value = World> {
    (1..12_usize).prop_flat_map(|count| {
        let lists = (
            prop::collection::vec(pull_request(count), 0..8),
            prop::collection::vec(delivery(count), 0..8),
            prop::collection::vec(incident(), 0..4),
        );
        (commits(count), lists, any::<bool>()).prop_map(|(commits, lists, count_failed_runs)| {
            let (mut pull_requests, mut deliveries, mut incidents) = lists;
            for (number, it) in (0..).zip(&mut pull_requests) {
                it.facts.number = number;
            }
            for (number, (it, _)) in deliveries.iter_mut().enumerate() {
                it.id = format!("d{number}");
            }
            for (number, it) in incidents.iter_mut().enumerate() {
                it.id = format!("i{number}");
            }
            World {
                commits,
                pull_requests,
                deliveries,
                incidents,
                count_failed_runs,
            }
        })
    })
}

/// The same world, told in another order.
fn shuffled(world: World) -> impl Strategy<Value = (World, Vec<usize>, World)> {
    let order = Just((0..world.commits.len()).collect::<Vec<_>>()).prop_shuffle();
    let lists = (
        Just(world.pull_requests.clone()).prop_shuffle(),
        Just(world.deliveries.clone()).prop_shuffle(),
        Just(world.incidents.clone()).prop_shuffle(),
    );
    (order, lists).prop_map(move |(order, (pull_requests, deliveries, incidents))| {
        let other = World {
            pull_requests,
            deliveries,
            incidents,
            ..world.clone()
        };
        (world.clone(), order, other)
    })
}

fn sha(place: usize) -> String {
    format!("c{place}")
}

/// The repository with one service, its commits told in an order.
fn repository(world: &World, order: impl Iterator<Item = usize>) -> Repository {
    let mut it = Repository::default();
    for place in order {
        let told = &world.commits[place];
        let phrase = |phrase: &str, place: Option<usize>| {
            place.map_or_else(String::new, |it| format!("{phrase}{}.", sha(it)))
        };
        let message = phrase("(cherry picked from commit ", told.copies)
            + &phrase("This reverts commit ", told.reverts);
        let commit = Commit {
            sha: &sha(place),
            committed_at: Some(told.at),
            is_on_default_branch: told.is_on_default_branch,
            message: &message,
        };
        let parents: Vec<_> = told.parents.iter().map(|it| sha(*it)).collect();
        let node = it.graph.add(commit, parents.iter().map(String::as_str));
        if told.is_direct {
            it.commits.push(DirectCommit {
                node,
                sha: sha(place),
                author: None,
                authored_at: Some(told.at),
                committed_at: told.at,
            });
        }
    }
    let graph = &mut it.graph;
    let mut nodes = |places: &[usize]| places.iter().map(|it| graph.node(&sha(*it))).collect();
    for told in &world.pull_requests {
        let merge: Vec<Node> = nodes(told.merge.as_slice());
        it.pull_requests.push(PullRequest {
            merge: merge.first().copied().zip(told.merge.map(sha)),
            carries: nodes(&told.carries),
            commits: nodes(&told.commits),
            ..told.facts.clone()
        });
    }
    let mut service = Service {
        policy: Policy {
            count_failed_runs: world.count_failed_runs,
            exclude_closed: !world.count_failed_runs,
            ..Policy::default()
        },
        name: "service".to_owned(),
        incidents: world.incidents.clone(),
        ..Service::default()
    };
    for (delivery, place) in &world.deliveries {
        let node: Vec<Node> = nodes(place.as_slice());
        service.deliveries.push(Delivery {
            node: node.first().copied(),
            ..delivery.clone()
        });
    }
    it.services.push(service);
    it
}

fn computed(repository: &Repository, service: &Service) -> Outcome {
    compute(repository, service, &Shipping::new(repository, service))
}

/// All that comes out, by what it is called.
fn outcome(repository: &Repository) -> BTreeMap<String, String> {
    let service = &repository.services[0];
    let Outcome {
        changes,
        deployments,
        links,
    } = computed(repository, service);
    let delivery = |by: usize| &service.deliveries[by].id;
    let changes = changes.iter().map(|it| {
        let shipped = it.shipped.map(|(by, via)| (delivery(by), via));
        let facts = (
            it.boundaries,
            it.stages,
            shipped,
            it.reason,
            it.flags.names(),
        );
        (
            format!("change {}", it.id(repository)),
            format!("{facts:?}"),
        )
    });
    let deployments = deployments.iter().enumerate().map(|(position, it)| {
        let takes_back = it.kind.takes_back.map(delivery);
        let kind = (it.kind.is_baseline, it.kind.is_redeploy, it.kind.reason);
        let facts = (takes_back, kind, it.changes, it.failure);
        (
            format!("deployment {}", delivery(position)),
            format!("{facts:?}"),
        )
    });
    let links = links.iter().zip(&service.incidents).map(|(link, it)| {
        let due_to = link.due_to.map(|(by, is_named)| (delivery(by), is_named));
        let whole = link.merged_into.map(|it| &service.incidents[it].id);
        let facts = (due_to, whole, link.reason, link.restore_time);
        (format!("incident {}", it.id), format!("{facts:?}"))
    });
    changes.chain(deployments).chain(links).collect()
}

/// When each change was shipped and how long that took.
fn lead_times(repository: &Repository) -> BTreeMap<String, String> {
    let service = &repository.services[0];
    let outcome = computed(repository, service);
    let changes = outcome.changes.iter().map(|it| {
        let by = it
            .shipped
            .map(|(by, via)| (&service.deliveries[by].id, via));
        (it.id(repository), format!("{by:?} {:?}", it.stages))
    });
    changes.collect()
}

proptest! {
    /// C26
    #[test]
    fn stages_of_any_change_add_up(world in worlds()) {
        let repository = repository(&world, 0..world.commits.len());
        for change in computed(&repository, &repository.services[0]).changes {
            let it = change.stages;
            let stages = [it.coding, it.pickup, it.review, it.merge, it.deploy];
            prop_assert!(stages.iter().flatten().all(|it| *it >= 0), "{change:?}");
            if let Some(lead_time) = it.lead_time {
                prop_assert_eq!(stages.iter().flatten().sum::<i64>(), lead_time);
            }
            let is_timed = change.shipped.is_some() && change.boundaries.first_commit_at.is_some();
            prop_assert_eq!(it.lead_time.is_some(), is_timed);
        }
    }

    #[test]
    fn the_order_in_which_facts_are_told_means_nothing((world, order, other) in worlds().prop_flat_map(shuffled)) {
        let one = repository(&world, 0..world.commits.len());
        let other = repository(&other, order.into_iter());
        prop_assert_eq!(outcome(&one), outcome(&other));
    }

    #[test]
    fn a_failed_deployment_changes_no_lead_time(world in worlds(), (mut failed, place) in delivery(12)) {
        failed.status = Status::Failure;
        failed.id = "failed".to_owned();
        let mut other = world.clone();
        other.deliveries.push((failed, place));
        let all = || 0..world.commits.len();
        let (one, other) = (repository(&world, all()), repository(&other, all()));
        prop_assert_eq!(lead_times(&one), lead_times(&other));
    }
}
