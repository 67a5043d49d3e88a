use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::facts::{HOUR, Policy};
use super::super::graph::Commit;
use super::super::service::{self, Outcome};
use super::super::shipping::Shipping;
use super::*;

/// How many commits there are, each on top of the one before.
const COMMITS: usize = 6;

/// A deployment: commit, how it ended, when it started, how long it took.
type Told = (usize, u8, i64, i64);

fn deliveries() -> impl Strategy<Value = Vec<Told>> {
    prop::collection::vec((0..COMMITS, 0..5u8, 0..20i64, 0..3i64), 0..8)
}

/// Incidents: those of one title are alerts, and one may name another, a deployment or a commit.
fn incidents() -> impl Strategy<Value = Vec<Incident>> {
    let duration = prop::option::of(0..20i64);
    let cause = (prop::option::weighted(0.2, 0..8usize), 0..8usize);
    let incident = (0..5usize, 0..25i64, duration, cause);
    prop::collection::vec(incident, 0..8).prop_map(|all| {
        let told = all.into_iter().enumerate();
        let incident = told.map(
            |(number, (title, opened, duration, (named, other)))| Incident {
                source: format!("s{}", number % 2),
                id: format!("I-{number}"),
                title: match title {
                    0 => None,
                    1 => Some(format!("see I-{other}")),
                    title => Some(format!("alert {title}")),
                },
                opened_at: opened * HOUR,
                resolved_at: duration.map(|it| (opened + it) * HOUR),
                deployment: named.map(|it| format!("d{it}")),
                ..Incident::default()
            },
        );
        incident.collect()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any::<bool>(), 1..30i64, 0..3i64).prop_map(
        |(from_start, count_failed_runs, link_for, merge_within)| Policy {
            link_for: link_for * HOUR,
            link_from_start: from_start,
            merge_within: merge_within * HOUR,
            count_failed_runs,
            ..Policy::default()
        },
    )
}

fn compute(repository: &Repository, it: &Service) -> Outcome {
    service::compute(repository, it, &Shipping::new(repository, it))
}

fn service(deliveries: &[Told], incidents: &[Incident], policy: &Policy) -> (Repository, Service) {
    let mut repository = Repository::default();
    for number in 0..COMMITS {
        let parent = number.checked_sub(1).map(|it| format!("c{it}"));
        let commit = Commit {
            sha: &format!("c{number}"),
            committed_at: Some(number as i64),
            is_on_default_branch: true,
            message: "",
        };
        repository
            .graph
            .add(commit, parent.iter().map(String::as_str));
    }
    let told = deliveries.iter().enumerate();
    let deliveries = told.map(|(number, &(commit, end, started, took))| Delivery {
        id: format!("d{number}"),
        environment: Some(["production", "live"][number % 2].to_owned()),
        node: Some(repository.graph.node(&format!("c{commit}"))),
        status: match end {
            0 => Status::Failure,
            1 => Status::Other,
            _ => Status::Success,
        },
        started_at: Some(started * HOUR),
        finished_at: (end != 1).then_some((started + took) * HOUR),
        ..Delivery::default()
    });
    let service = Service {
        name: "api".to_owned(),
        policy: policy.clone(),
        deliveries: deliveries.collect(),
        incidents: incidents.to_vec(),
        ..Service::default()
    };
    (repository, service)
}

/// What became of each deployment and incident, by what they are called.
fn named(service: &Service, outcome: &Outcome) -> (BTreeMap<String, Failure>, Vec<String>) {
    let deployments = service.deliveries.iter().zip(&outcome.deployments);
    let failures = deployments.map(|(it, outcome)| (it.id.clone(), outcome.failure));
    let incident = |it: usize| service.incidents[it].id.as_str();
    let links = service.incidents.iter().zip(&outcome.links);
    let links = links.map(|(it, link)| {
        let due_to = link.due_to;
        let due_to = due_to.map(|(by, is_named)| (&service.deliveries[by].id, is_named));
        let told = (due_to, link.merged_into.map(incident), link.reason);
        let times = (link.opened_at, link.restore_time, link.active_time);
        format!("{} {told:?} {times:?}", it.id)
    });
    let mut links: Vec<_> = links.collect();
    links.sort();
    (failures.collect(), links)
}

proptest! {
    #[test]
    fn a_rate_is_a_share_and_no_time_is_negative(
        deliveries in deliveries(), incidents in incidents(), policy in policy(),
    ) {
        let (repository, service) = service(&deliveries, &incidents, &policy);
        let outcome = compute(&repository, &service);
        let mut counted = 0;
        let mut failed = 0;
        for (position, (it, delivery)) in outcome.deployments.iter().zip(&service.deliveries).enumerate() {
            let failure = it.failure;
            prop_assert_eq!(failure.is_failed.is_some(), is_counted(&service, position));
            prop_assert_eq!(failure.is_failed == Some(true), failure.reasons != 0);
            counted += i64::from(failure.is_failed.is_some());
            failed += i64::from(failure.is_failed == Some(true));
            if let Some(end) = failure.recovered_at {
                prop_assert!(failure.is_failed == Some(true));
                prop_assert!(Some(end) >= delivery.finished_at);
            }
        }
        prop_assert!((0..=counted).contains(&failed));
        for link in &outcome.links {
            let (restore, active) = (link.restore_time, link.active_time);
            prop_assert!(restore.unwrap_or(0) >= 0 && active.unwrap_or(0) >= 0);
            prop_assert!(active <= restore);
            let fates = [link.due_to.is_some(), link.merged_into.is_some(), link.reason.is_some()];
            prop_assert_eq!(fates.into_iter().filter(|it| *it).count(), 1);
            // What is a part is one of something that stands for itself.
            if let Some(whole) = link.merged_into {
                prop_assert_eq!(outcome.links[whole].merged_into, None);
            }
        }
    }

    #[test]
    fn the_order_of_facts_does_not_matter(
        deliveries in deliveries(), incidents in incidents(), policy in policy(), turn in 0..8usize,
    ) {
        let (repository, mut service) = service(&deliveries, &incidents, &policy);
        let expected = named(&service, &compute(&repository, &service));
        service.deliveries.reverse();
        service.incidents.reverse();
        let turn = |length: usize| turn.checked_rem(length).unwrap_or_default();
        let (by, of_incidents) = (turn(service.deliveries.len()), turn(service.incidents.len()));
        service.deliveries.rotate_left(by);
        service.incidents.rotate_left(of_incidents);
        prop_assert_eq!(named(&service, &compute(&repository, &service)), expected);
    }
}

/// A deployment of `commit` that took no time, `hours` after the beginning.
fn at(commit: usize, hours: i64) -> Told {
    (commit, 2, hours, 0)
}

fn incident(id: &str, title: &str, opened: i64, resolved: Option<i64>) -> Incident {
    Incident {
        id: id.to_owned(),
        title: Some(title.to_owned()),
        opened_at: opened * HOUR,
        resolved_at: resolved.map(|it| it * HOUR),
        ..Incident::default()
    }
}

#[test]
fn of_two_deployments_at_once_the_same_one_is_to_blame() {
    let incidents = [incident("I-1", "down", 2, None)];
    let (repository, mut service) = service(&[at(1, 1), at(2, 1)], &incidents, &Policy::default());
    for _ in 0..2 {
        let outcome = compute(&repository, &service);
        let due_to = outcome.links[0]
            .due_to
            .map(|(by, _)| service.deliveries[by].id.as_str());
        assert_eq!(due_to, Some("d1"));
        service.deliveries.reverse();
    }
}

#[test]
fn only_what_looks_like_a_key_names_an_incident() {
    let policy = Policy::default();
    for (id, title, is_part) in [
        ("OPS-7", "[OPS-7] down", true),
        ("OPS-7", "Down, see \"OPS-7\".", true),
        ("acme/api#7", "acme/api#7: down", true),
        ("OPS-7", "OPS-71 is down", false),
        ("7", "7 hosts are down", false),
        ("hosts", "hosts are down", false),
    ] {
        let incidents = [
            incident(id, "down", 1, Some(2)),
            incident("other", title, 5, None),
        ];
        let (_, service) = service(&[], &incidents, &policy);
        let links = merge(&service);
        assert_eq!(links[1].merged_into, is_part.then_some(0), "{title}");
        // As long as a part is not over, the whole is not.
        assert_eq!(links[0].restore_time.is_none(), is_part, "{title}");
    }
}
