use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::gold::facts::{DAY, DirectCommit, HOUR, Incident, PullRequest};
use crate::gold::graph::Commit;
use crate::gold::month_bytes::Facts;
use crate::gold::months;
use crate::gold::service;

/// From when on facts are loaded, rows are stored, and facts are new.
#[derive(Debug, Clone, Copy)]
struct Shape {
    from: Time,
    settled: Time,
    since: Time,
}

/// As news are tried at first, with what is stored in the middle of a month, and then.
const SHAPES: [Shape; 2] = [
    Shape {
        from: 67 * DAY + 5 * HOUR,
        settled: 97 * DAY + 5 * HOUR,
        since: 105 * DAY + 5 * HOUR,
    },
    Shape {
        from: 15 * DAY,
        settled: 40 * DAY,
        since: 105 * DAY,
    },
];

/// Something that happens, and what of it is not known yet at first.
#[derive(Debug, Clone, Copy)]
struct Event {
    kind: u8,
    one: usize,
    other: usize,
    flags: u8,
    is_late: bool,
}

/// What is out of the ordinary in a history, each a bit.
const OLD_BRANCHES: u16 = 1;
const FAR_FORKS: u16 = 1 << 1;
const REVERTS: u16 = 1 << 2;
const HOTFIXES: u16 = 1 << 3;
const ROLLBACKS: u16 = 1 << 4;
const COPIES: u16 = 1 << 5;
const ENVIRONMENTS: u16 = 1 << 6;
const NAMED_CAUSES: u16 = 1 << 7;
const OPEN_INCIDENTS: u16 = 1 << 8;
const SAME_TITLES: u16 = 1 << 9;
const FAILED_RUNS: u16 = 1 << 10;
const CHANGED_DELIVERIES: u16 = 1 << 11;
const EARLY_DELIVERIES: u16 = 1 << 12;

/// What there is, each with the time from which on it may matter.
#[derive(Debug)]
struct World {
    shape: Shape,
    oddities: u16,
    commits: Vec<(Time, Vec<usize>, String, bool)>,
    pull_requests: Vec<(Time, PullRequest, usize)>,
    deliveries: Vec<(Time, Delivery, usize)>,
    incidents: Vec<(Time, Incident)>,
    /// What is not known at first, by kind and place.
    late: HashSet<(u8, usize)>,
}

fn worlds() -> impl Strategy<Value = World> {
    let event = (
        0..14_u8,
        0..40_usize,
        0..40_usize,
        any::<u8>(),
        any::<bool>(),
    );
    let event = event.prop_map(|(kind, one, other, flags, is_late)| Event {
        kind,
        one,
        other,
        flags,
        is_late,
    });
    // None to three oddities.
    let oddities = prop::collection::vec(0..18_u32, 3);
    let oddities = oddities.prop_map(|it| it.iter().fold(0, |all, bit| all | (1 << bit)));
    let events = prop::collection::vec(event, 60..120);
    (prop::sample::select(&SHAPES[..]), oddities, events).prop_map(
        |(shape, oddities, events): (_, u32, _)| {
            World::new(shape, oddities as u16 & 0x1fff, &events)
        },
    )
}

fn sha(place: usize) -> String {
    format!("{:032x}{place:08x}", place + 1)
}

impl World {
    fn new(shape: Shape, oddities: u16, events: &[Event]) -> Self {
        let mut world = Self {
            shape,
            oddities,
            commits: Vec::new(),
            pull_requests: Vec::new(),
            deliveries: Vec::new(),
            incidents: Vec::new(),
            late: HashSet::new(),
        };
        let mut main = vec![world.commit(0, &[], "", false)];
        for (step, event) in (1..).zip(events) {
            let at = step * 120 * DAY / events.len() as i64;
            let back = |far: usize, main: &[usize]| main[main.len() - 1 - far % main.len()];
            let is = |bit: u8| event.flags & bit == bit;
            let is_odd = |oddity: u16, bits: u8| oddities & oddity != 0 && is(bits);
            let before = world.lengths();
            let tip = back(0, &main);
            match event.kind {
                0..=5 => {
                    // Some branches are old.
                    let age = if is_odd(OLD_BRANCHES, 6) {
                        50 * DAY
                    } else {
                        3 * HOUR * (1 + event.one as i64 % 20)
                    };
                    let fork = back(
                        if is_odd(FAR_FORKS, 3) {
                            event.other
                        } else {
                            event.other % 3
                        },
                        &main,
                    );
                    let branch = world.commit(at - age, &[fork], "", false);
                    let parents = if is(8) { vec![tip] } else { vec![tip, branch] };
                    let message = match is_odd(REVERTS, 56) {
                        true => format!("This reverts commit {}.", sha(back(event.one, &main))),
                        false => String::new(),
                    };
                    // What is merged may be what was deployed from its branch before.
                    if is_odd(EARLY_DELIVERIES, 9) && age < 5 * DAY {
                        world.deliver(at - 2 * HOUR, event, branch);
                        main.push(branch);
                    } else {
                        main.push(world.commit(at, &parents, &message, false));
                    }
                    let number = world.pull_requests.len() as i64;
                    let facts = PullRequest {
                        number,
                        title: event.one as u64,
                        reverts: is_odd(REVERTS, 120).then_some(number - event.one as i64 % 10),
                        reverts_title: is_odd(REVERTS, 224).then_some(event.other as u64),
                        labels: if is_odd(HOTFIXES, 96) {
                            vec!["hotfix".to_owned()]
                        } else {
                            Vec::new()
                        },
                        first_commit_at: Some(at - age),
                        opened_at: Some(at - age / 2),
                        merged_at: at,
                        commits_known: 1,
                        ..PullRequest::default()
                    };
                    world.pull_requests.push((at, facts, main[main.len() - 1]));
                }
                6 => main.push(world.commit(at, &[tip], "", true)),
                7..=10 => {
                    let far = if is_odd(ROLLBACKS, 3) { event.one } else { 0 };
                    world.deliver(at, event, back(far, &main));
                }
                // A copy of a commit on a branch of its own, and its way to production.
                11 if oddities & COPIES != 0 => {
                    let message = format!(
                        "(cherry picked from commit {})",
                        sha(back(event.one, &main))
                    );
                    let copy = world.commit(at, &[back(event.other, &main)], &message, is(1));
                    world.deliver(at + HOUR, event, copy);
                }
                _ => {
                    let number = world.incidents.len();
                    let named = |bits: u8, it: usize| is_odd(NAMED_CAUSES, bits).then_some(it);
                    let resolved_at =
                        (!is_odd(OPEN_INCIDENTS, 3)).then_some(at + event.one as i64 * HOUR * 12);
                    let incident = Incident {
                        id: format!("I-{number}"),
                        title: Some(match is_odd(SAME_TITLES, 1) {
                            true => format!("alert {}", event.other % 12),
                            false => format!("outage {number}"),
                        }),
                        opened_at: at,
                        resolved_at,
                        deployment: named(28, event.one).map(|it| format!("d{it}")),
                        pull_request: named(112, event.one).map(|it| it as i64),
                        ..Incident::default()
                    };
                    world.incidents.push((at, incident));
                }
            }
            if event.is_late {
                let after = world.lengths();
                for kind in 0..4 {
                    let added = before[kind]..after[kind];
                    world.late.extend(added.map(|place| (kind as u8, place)));
                }
            }
        }
        world
    }

    fn commit(&mut self, at: Time, parents: &[usize], message: &str, is_direct: bool) -> usize {
        let commit = (at, parents.to_vec(), message.to_owned(), is_direct);
        self.commits.push(commit);
        self.commits.len() - 1
    }

    fn deliver(&mut self, at: Time, event: &Event, commit: usize) {
        let environment = match self.oddities & ENVIRONMENTS != 0 && event.flags.is_multiple_of(4) {
            true => "other",
            false => "production",
        };
        let delivery = Delivery {
            id: format!("d{}", self.deliveries.len()),
            environment: Some(environment.to_owned()),
            sha: Some(sha(commit)),
            node: None,
            status: match event.other % 8 {
                0 => Status::Failure,
                1 => Status::Other,
                _ => Status::Success,
            },
            started_at: Some(at),
            finished_at: (event.other % 16 != 1).then_some(at + HOUR),
        };
        self.deliveries.push((at, delivery, commit));
    }

    fn lengths(&self) -> [usize; 4] {
        [
            self.commits.len(),
            self.pull_requests.len(),
            self.deliveries.len(),
            self.incidents.len(),
        ]
    }

    /// The repository as it is, or as it was before the news, or only its end.
    fn repository(&self, is_before: bool, from: Time, window: Option<Window>) -> Repository {
        let mut it = Repository {
            window,
            ..Repository::default()
        };
        let is_late = |kind: u8, place: usize, at: Time| {
            is_before && at >= self.shape.since && self.late.contains(&(kind, place))
        };
        for (place, (at, parents, message, is_direct)) in self.commits.iter().enumerate() {
            if *at < from || is_late(0, place, *at) {
                continue;
            }
            let commit = Commit {
                sha: &sha(place),
                committed_at: Some(*at),
                is_on_default_branch: true,
                message,
            };
            let parents: Vec<_> = parents.iter().map(|it| sha(*it)).collect();
            let node = it.graph.add(commit, parents.iter().map(String::as_str));
            if *is_direct {
                it.commits.push(DirectCommit {
                    node,
                    sha: sha(place),
                    author: None,
                    authored_at: Some(*at),
                    committed_at: *at,
                });
            }
        }
        for (place, (at, facts, merge)) in self.pull_requests.iter().enumerate() {
            if facts.merged_at < from || is_late(1, place, *at) {
                continue;
            }
            it.pull_requests.push(PullRequest {
                merge: Some((it.graph.node(&sha(*merge)), sha(*merge))),
                ..facts.clone()
            });
        }
        let mut service = Service {
            name: "service".to_owned(),
            ..Service::default()
        };
        service.policy.hotfix_labels.push("hotfix".to_owned());
        service.policy.count_failed_runs = self.oddities & FAILED_RUNS != 0;
        for (place, (at, facts, commit)) in self.deliveries.iter().enumerate() {
            let is_known_later = is_late(2, place, *at);
            let is_other = self.oddities & CHANGED_DELIVERIES != 0 && place % 3 == 0;
            if facts.finished_at.unwrap_or(*at) < from || is_known_later && !is_other {
                continue;
            }
            service.deliveries.push(Delivery {
                node: Some(it.graph.node(&sha(*commit))),
                // Or it had not ended yet, or ended otherwise at first.
                status: match (is_known_later, facts.status) {
                    (true, Status::Failure) => Status::Success,
                    (true, _) => Status::Other,
                    (false, status) => status,
                },
                ..facts.clone()
            });
        }
        for (place, (at, facts)) in self.incidents.iter().enumerate() {
            let is_known_later = is_late(3, place, *at);
            if is_known_later && place % 2 > 0 {
                continue;
            }
            service.incidents.push(Incident {
                resolved_at: facts.resolved_at.filter(|_| !is_known_later),
                ..facts.clone()
            });
        }
        it.services.push(service);
        it
    }
}

type Rows = BTreeMap<String, String>;

/// All rows that come out, or those that a window stores; and whether the window holds, with the
/// commits of which nothing may be known.
fn rows(repository: &Repository, stored: &Stored) -> (Rows, bool, HashSet<Node>) {
    let it = &repository.services[0];
    let shipping = Shipping::new(repository, it);
    let outcome = service::compute(repository, it, &shipping);
    let mut doubts = HashSet::new();
    let window = repository.window;
    let holds = window.is_none_or(|window| {
        window.holds(repository, it, stored, &shipping, &outcome, &mut doubts)
    });
    let delivery = |by: usize| &it.deliveries[by].id;
    let mut rows = Rows::new();
    for change in &outcome.changes {
        if window.is_none_or(|window| window.has_change(change)) {
            let shipped = change.shipped.map(|(by, via)| (delivery(by), via));
            let facts = (
                change.boundaries,
                change.stages,
                shipped,
                change.reason,
                change.flags,
            );
            rows.insert(
                format!("change {}", change.id(repository)),
                format!("{facts:?}"),
            );
        }
    }
    for (told, deployment) in it.deliveries.iter().zip(&outcome.deployments) {
        if window.is_none_or(|window| window.has_delivery(told)) {
            let kind = deployment.kind;
            let kind = (
                kind.is_baseline,
                kind.is_redeploy,
                kind.reason,
                kind.takes_back.map(delivery),
            );
            let facts = (told.status, kind, deployment.changes, deployment.failure);
            rows.insert(format!("deployment {}", told.id), format!("{facts:?}"));
        }
    }
    for (position, (incident, link)) in it.incidents.iter().zip(&outcome.links).enumerate() {
        if window.is_none_or(|window| window.has_incident(&outcome, position)) {
            let due_to = link.due_to.map(|(by, is_named)| (delivery(by), is_named));
            let whole = link.merged_into.map(|by| &it.incidents[by].id);
            let facts = (
                due_to,
                whole,
                link.reason,
                link.restore_time,
                link.active_time,
            );
            rows.insert(format!("incident {}", incident.id), format!("{facts:?}"));
        }
    }
    let begun = match stored.month.as_slice() {
        [] => Facts::default(),
        bytes => Facts::of(bytes).expect("a month"),
    };
    for (month, facts) in months::of_service(repository, it, &outcome, |_| 0, &begun) {
        rows.insert(format!("month {month:?}"), format!("{facts:?}"));
    }
    (rows, holds, doubts)
}

/// What is stored of the past, as SQL tells it.
fn stored(world: &World) -> (Rows, Stored) {
    let Shape {
        from,
        settled,
        since,
    } = world.shape;
    let before = world.repository(true, Time::MIN, None);
    let it = &before.services[0];
    let shipping = Shipping::new(&before, it);
    let outcome = service::compute(&before, it, &shipping);
    let past = it.deliveries.iter().zip(&outcome.deployments);
    let past = past.filter(|(it, _)| it.finished_at.is_some_and(|at| at < settled));
    let failures: Vec<_> = past
        .map(|(_, it)| it.failure)
        .filter(|it| it.is_failed == Some(true))
        .collect();
    let mut stored = Stored {
        has_deliveries: !it.deliveries.is_empty(),
        has_open_failure: failures.iter().any(|it| it.recovered_at.is_none()),
        may_recover: failures.iter().any(|it| match it.recovered_at {
            None => it.reasons & crate::gold::failures::Failure::BY_FAILED_RUN != 0,
            Some(at) => at >= since,
        }),
        ..Stored::default()
    };
    for told in it
        .deliveries
        .iter()
        .filter(|it| it.finished_at >= Some(from))
    {
        let told = Delivery {
            node: None,
            ..told.clone()
        };
        stored.deliveries.insert(told.id.clone(), told);
    }
    for (told, deployment) in it.deliveries.iter().zip(&outcome.deployments) {
        if deployment.kind.takes_back.is_some() {
            stored.rollbacks.insert(told.id.clone());
        }
    }
    for it in before.commits.iter().map(|it| (it.committed_at, &it.sha)) {
        if (from..settled).contains(&it.0) {
            stored.commits.insert(it.1.clone());
        }
    }
    let months = months::of_service(&before, it, &outcome, |_| 0, &Facts::default());
    if let Some(month) = months.get(&months::month_of(settled)) {
        stored.month = month.to_bytes();
    }
    (rows(&before, &Stored::default()).0, stored)
}

/// What a window makes of the stored rows; `None`: it does not hold.
fn renewed(world: &World) -> Option<Rows> {
    let (mut held, stored) = stored(world);
    let window = Window {
        settled: world.shape.settled,
        since: world.shape.since,
    };
    let end = world.repository(false, world.shape.from, Some(window));
    let (rows, holds, doubts) = rows(&end, &stored);
    let beginnings = end.graph.beginnings(&doubts)?;
    let is_known = |beginning: &String| {
        let commits = 0..world.commits.len();
        commits.into_iter().any(|it| sha(it).starts_with(beginning))
    };
    if !holds || beginnings.iter().any(is_known) {
        return None;
    }
    held.extend(rows);
    Some(held)
}

fn events(kinds: &[u8], count: usize) -> Vec<Event> {
    let kinds = kinds.iter().cycle().take(count).enumerate();
    let event = |(place, kind): (usize, &u8)| Event {
        kind: *kind,
        one: 2,
        other: 2,
        flags: 0x01,
        is_late: place % 2 == 0,
    };
    kinds.map(event).collect()
}

#[test]
fn a_plain_history_is_computed_from_its_end() {
    let world = World::new(SHAPES[0], 0, &events(&[0, 0, 7, 6, 0, 8, 12], 80));
    let all = rows(
        &world.repository(false, Time::MIN, None),
        &Stored::default(),
    )
    .0;
    assert_eq!(renewed(&world), Some(all));
    let (held, _) = stored(&world);
    assert_ne!(renewed(&world), Some(held), "there is no news");
}

#[test]
fn what_was_deployed_before_its_merge_is_news_to_what_lies_back() {
    // Merged just after what is known to be the same.
    let world = |flags: u8| {
        let mut events = events(&[0, 0, 7, 6, 0, 8, 12], 65);
        events[56] = Event {
            kind: 0,
            one: 0,
            other: 2,
            flags,
            is_late: true,
        };
        World::new(SHAPES[0], EARLY_DELIVERIES, &events)
    };
    assert!(renewed(&world(0x01)).is_some());
    assert_eq!(renewed(&world(0x09)), None, "deployed before");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_end_of_a_history_gives_what_all_of_it_gives(world in worlds()) {
        if let Some(renewed) = renewed(&world) {
            let all = rows(&world.repository(false, Time::MIN, None), &Stored::default()).0;
            let news = all.iter().filter(|(name, row)| renewed.get(*name) != Some(*row));
            prop_assert!(renewed == all, "{:?}", news.collect::<Vec<_>>());
        }
    }
}
