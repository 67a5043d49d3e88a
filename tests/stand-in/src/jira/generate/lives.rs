//! How issues live.

use super::events::Draft;
use super::issues::Place;
use crate::generate::dice::Dice;
use crate::jira::catalogue::{self, Category};
use crate::jira::model::{Field, Held, Sprint};
use crate::model::Time;
use chrono::Duration;

/// An estimate.
pub fn points(dice: &mut Dice) -> Held {
    Held::Number(*dice.pick(&[0.5, 1.0, 2.0, 3.0, 3.0, 5.0, 5.0, 8.0, 13.0]))
}

fn status(place: &Place, step: usize) -> (Field, Held) {
    let workflow = catalogue::workflow(place.project);
    (Field::Status, Held::Id(workflow[step]))
}

fn in_sprints(sprints: &[u64]) -> Vec<(Field, Held)> {
    vec![(Field::Sprint, Held::Ids(sprints.to_vec()))]
}

/// Done: with a resolution, and mostly with the version that will contain it.
fn done(place: &Place, dice: &mut Dice, at: Time) -> Vec<(Field, Held)> {
    let resolution = if dice.chance(0.92) {
        10_000
    } else {
        *dice.pick(&[10_001, 10_002])
    };
    let mut set = vec![status(place, 3), (Field::Resolution, Held::Id(resolution))];
    if let Some(version) = place.next_version(at).filter(|_| dice.chance(0.6)) {
        set.push((Field::FixVersions, Held::Ids(vec![version])));
    }
    set
}

fn reopened(place: &Place, step: usize) -> Vec<(Field, Held)> {
    vec![status(place, step), (Field::Resolution, Held::Nothing)]
}

/// An issue of a team that works in sprints.
pub fn scrum(place: &Place, dice: &mut Dice, draft: &mut Draft) {
    let hours = place.frame.hours;
    let (lead, worker) = (place.project.lead, place.somebody(dice));
    let field = catalogue::points_field(place.project);
    let (typical, spread) = (600.0, 0.9);
    let mut t = hours.after(draft.issue.created, dice.lognormal(typical, spread));
    if dice.chance(0.7) {
        draft.at(t, lead, vec![(field, points(dice))]);
    }
    if dice.chance(0.2) {
        t += dice.minutes(1, 60);
        let priority = Held::Id(dice.range(1, 5) as u64);
        draft.at(t, lead, vec![(Field::Priority, priority)]);
    }
    if dice.chance(0.12) {
        return;
    }
    let late = dice.chance(0.25);
    let wanted = |s: &&Sprint| {
        if late {
            s.completed > t
        } else {
            s.activated > t
        }
    };
    let Some(mut position) = place.sprints.iter().position(wanted) else {
        return;
    };
    let sprint = place.sprints[position];
    let added = if late {
        t.max(sprint.activated + dice.minutes(60, 8_000))
    } else {
        // In the planning, or up to two weeks before.
        let early = sprint.activated - dice.minutes(5, 20_000);
        early.max(t + Duration::seconds(30))
    };
    let mut sprints = vec![sprint.id];
    draft.at(added, lead, in_sprints(&sprints));
    if dice.chance(0.08) {
        let out = added.max(sprint.activated) + dice.minutes(300, 9_000);
        draft.at(out, lead, in_sprints(&[]));
        if position + 2 >= place.sprints.len() || dice.chance(0.5) {
            return;
        }
        position += 2;
        sprints = vec![place.sprints[position].id];
        let again = out.max(place.sprints[position].activated - dice.minutes(5, 3_000));
        draft.at(again, lead, in_sprints(&sprints));
    }
    let ready = draft.last().max(place.sprints[position].activated);
    let begin = hours.after(ready, dice.lognormal(500.0, 1.0));
    let end = hours.after(begin, dice.lognormal(900.0, 0.8));
    work(place, dice, draft, worker, (begin, end));
    carry_over(place, draft, &mut sprints, &mut position, end);
    if dice.chance(0.08) {
        let again = hours.after(end, dice.lognormal(700.0, 0.8));
        let tester = place.somebody(dice);
        draft.at(
            again,
            tester,
            reopened(place, usize::from(dice.chance(0.5))),
        );
        carry_over(place, draft, &mut sprints, &mut position, again);
        let end = hours.after(again, dice.lognormal(500.0, 0.7));
        carry_over(place, draft, &mut sprints, &mut position, end);
        let set = done(place, dice, end);
        draft.at(end, worker, set);
    }
}

/// Whoever closes a sprint moves what is not done into the next one.
fn carry_over(
    place: &Place,
    draft: &mut Draft,
    sprints: &mut Vec<u64>,
    position: &mut usize,
    until: Time,
) {
    while place.sprints[*position].completed < until && *position + 1 < place.sprints.len() {
        let closed = place.sprints[*position].completed;
        *position += 1;
        sprints.push(place.sprints[*position].id);
        let at = closed + Duration::seconds(2);
        draft.at(at, place.project.lead, in_sprints(sprints));
    }
}

/// From the first move to done, with what comes between.
fn work(place: &Place, dice: &mut Dice, draft: &mut Draft, worker: u64, span: (Time, Time)) {
    let (begin, end) = span;
    let between = |share: f64| {
        let seconds = (end - begin).num_seconds() as f64 * share;
        begin + Duration::seconds(seconds as i64)
    };
    draft.at(
        begin,
        worker,
        vec![status(place, 1), (Field::Assignee, Held::Id(worker))],
    );
    if dice.chance(0.12) {
        draft.at(
            between(0.2),
            worker,
            vec![(Field::Flagged, Held::Id(10_019))],
        );
        draft.at(between(0.4), worker, vec![(Field::Flagged, Held::Nothing)]);
    }
    if dice.chance(0.1) {
        let field = catalogue::points_field(place.project);
        draft.at(between(0.3), worker, vec![(field, points(dice))]);
    }
    if dice.chance(0.1) {
        let other = place.somebody(dice);
        draft.at(
            between(0.5),
            worker,
            vec![(Field::Assignee, Held::Id(other))],
        );
    }
    if dice.chance(0.8) {
        draft.at(between(0.7), worker, vec![status(place, 2)]);
        if dice.chance(0.15) {
            draft.at(between(0.8), worker, vec![status(place, 1)]);
            draft.at(between(0.9), worker, vec![status(place, 2)]);
        }
    }
    let set = done(place, dice, end);
    draft.at(end, worker, set);
}

/// An issue of a team that works without sprints; incidents are met at any hour.
pub fn kanban(place: &Place, dice: &mut Dice, draft: &mut Draft, is_incident: bool) {
    let hours = place.frame.hours;
    let worker = place.somebody(dice);
    let created = draft.issue.created;
    let span = if is_incident {
        let begin = created + dice.minutes(2, 40);
        let length = dice.lognormal(90.0, 1.0) * 60.0;
        (begin, begin + Duration::seconds(length as i64 + 60))
    } else {
        let begin = hours.after(created, dice.lognormal(1_200.0, 1.0));
        (begin, hours.after(begin, dice.lognormal(600.0, 0.9)))
    };
    work(place, dice, draft, worker, span);
    let mut last = span.1;
    if dice.chance(0.1) {
        last += dice.minutes(20, 1_500);
        draft.at(last, worker, reopened(place, 1));
        last += dice.minutes(30, 600);
        let set = done(place, dice, last);
        draft.at(last, worker, set);
    }
    if is_incident && dice.chance(0.8) {
        let closed = vec![(Field::Status, Held::Id(6))];
        draft.at(last + Duration::days(3), place.app(), closed);
    }
}

/// An epic: begun early, often not finished.
pub fn epic(place: &Place, dice: &mut Dice, draft: &mut Draft) {
    let lead = place.project.lead;
    let begin = draft.issue.created + dice.minutes(1_000, 15_000);
    draft.at(begin, lead, vec![status(place, 1)]);
    if dice.chance(0.5) {
        let end = begin + dice.minutes(30_000, 90_000);
        let set = done(place, dice, end);
        draft.at(end, lead, set);
    }
}

/// A sub-task: in no sprint of its own.
pub fn subtask(place: &Place, dice: &mut Dice, draft: &mut Draft) {
    let hours = place.frame.hours;
    let begin = hours.after(draft.issue.created, dice.lognormal(900.0, 1.0));
    let end = hours.after(begin, dice.lognormal(240.0, 0.8));
    let worker = place.somebody(dice);
    work(place, dice, draft, worker, (begin, end));
}

/// Another project takes the issue: it gets a key there and a status of that project.
pub fn leave(place: &Place, dice: &mut Dice, draft: &mut Draft) {
    let others: Vec<_> = place
        .others
        .iter()
        .filter(|p| p.id != place.project.id)
        .collect();
    let target = *dice.pick(&others);
    let at = draft.last() + dice.minutes(60, 6_000);
    let now = draft.holds(Field::Status).id().and_then(catalogue::status);
    let step = match now.map(|s| s.category) {
        Some(Category::Done) => 3,
        Some(Category::Indeterminate) => 1,
        _ => 0,
    };
    let status = Held::Id(catalogue::workflow(target)[step]);
    // The key is known once all issues are.
    let set = vec![
        (Field::Project, Held::Id(target.id)),
        (Field::Key, Held::Text(target.key.clone())),
        (Field::Status, status),
    ];
    let author = place.somebody(dice);
    draft.at(at, author, set);
}

/// More than a hundred changes, as rules make them.
pub fn noise(place: &Place, dice: &mut Dice, draft: &mut Draft) {
    let count = dice.range(110, 180) as usize;
    let span = (place.frame.until - draft.issue.created).num_seconds() / 2;
    scatter(place, dice, draft, count, span);
}

/// So many changes at least.
pub fn fill(place: &Place, dice: &mut Dice, draft: &mut Draft, count: usize) {
    let span = (place.frame.until - draft.issue.created).num_seconds();
    scatter(place, dice, draft, count + 1, span * 3 / 4);
}

fn scatter(place: &Place, dice: &mut Dice, draft: &mut Draft, count: usize, span: i64) {
    let created = draft.issue.created;
    for n in 0..count {
        let at = created + Duration::seconds(dice.range(1, span.max(2)));
        let set = match n % 3 {
            0 => (Field::Labels, Held::Texts(vec![format!("triage-{n}")])),
            1 => (
                Field::Summary,
                Held::Text(format!("Look again at batch {n}")),
            ),
            _ => (Field::Rank, Held::Text("Ranked higher".to_owned())),
        };
        draft.at(at, place.app(), vec![set]);
    }
}
