//! The issues of one project: how many of which kind, and who begins them.

use super::events::Draft;
use super::lives;
use super::{Frame, types};
use crate::generate::dice::Dice;
use crate::generate::words;
use crate::jira::catalogue::{self, EPIC, INCIDENT, STORY, SUBTASK};
use crate::jira::model::{Field, Held, Person, Project, Sprint, Version};
use crate::model::Time;
use chrono::Duration;

const TOPICS: [&str; 14] = [
    "card payments",
    "refunds",
    "the basket",
    "search",
    "invoices",
    "the login page",
    "address checks",
    "the nightly export",
    "webhooks",
    "gift cards",
    "order mails",
    "the price cache",
    "tax rates",
    "3-D Secure",
];
const TROUBLES: [&str; 6] = [
    "Checkout answers 500",
    "Queue of payments grows",
    "Pages slow in Europe",
    "Disk full on the database",
    "Certificates expire",
    "Mails are not sent",
];

/// Where issues live.
pub struct Place<'a> {
    /// The span.
    pub frame: &'a Frame<'a>,
    /// The project.
    pub project: &'a Project,
    /// All projects.
    pub others: &'a [Project],
    /// Everybody.
    pub people: &'a [Person],
    /// The project's sprints in order.
    pub sprints: Vec<&'a Sprint>,
    /// The project's versions in order.
    pub versions: Vec<&'a Version>,
}

impl Place<'_> {
    /// Somebody who works here; not the API user and not the app.
    pub fn somebody(&self, dice: &mut Dice) -> u64 {
        dice.range(1, self.people.len() as i64 - 2) as u64
    }

    /// The app that edits by rule.
    pub fn app(&self) -> u64 {
        self.people.len() as u64 - 1
    }

    /// The version that is released next.
    pub fn next_version(&self, after: Time) -> Option<u64> {
        self.versions
            .iter()
            .find(|v| v.released > after)
            .map(|v| v.id)
    }
}

/// Adds the drafts of one project's issues.
pub fn draft(place: &Place, dice: &mut Dice, drafts: &mut Vec<Draft>) {
    let count = place.frame.settings.issues_per_project as usize;
    let begin = drafts.len();
    let mut moments = moments(place.frame, count, dice);
    moments.sort();
    let mut epics = Vec::new();
    let mut stories = Vec::new();
    for (n, created) in moments.into_iter().enumerate() {
        let position = begin + n;
        let mut kind = *dice.pick(types(&place.project.key));
        if kind == SUBTASK && stories.is_empty() {
            kind = STORY;
        }
        // The first epics come before the first stories.
        if place.project.key != "OPS" && (n < 2 || n % 40 == 0) {
            kind = EPIC;
        }
        let parent = match kind {
            SUBTASK => Some(*dice.pick(&stories)),
            EPIC | INCIDENT => None,
            _ if epics.is_empty() || dice.chance(0.35) => None,
            _ => Some(*dice.pick(&epics)),
        };
        match kind {
            EPIC => epics.push(position as u64),
            STORY => stories.push(position as u64),
            _ => {}
        }
        let mut draft = begin_issue(place, dice, kind, created);
        live(place, dice, &mut draft, kind, parent);
        if n > 0 && dice.chance(0.05) {
            let other = dice.range(begin as i64, position as i64 - 1) as u64;
            let at = draft.last() + dice.minutes(1, 3_000);
            let author = place.somebody(dice);
            draft.at(at, author, vec![(Field::Links, Held::Ids(vec![other]))]);
        }
        let exact = place.frame.settings.histories_per_issue;
        let noisy = n % 150 == 75;
        if let Some(exact) = exact {
            lives::fill(place, dice, &mut draft, exact as usize);
        } else if noisy {
            lives::noise(place, dice, &mut draft);
        }
        draft.settle(place.frame, dice);
        if let Some(exact) = exact {
            draft.issue.histories.truncate(exact as usize);
        }
        // What others refer to stays.
        if !noisy && !matches!(kind, EPIC | STORY) && dice.chance(0.03) {
            let last = draft.issue.histories.last().map_or(created, |h| h.at);
            draft.issue.deleted = Some(last + dice.minutes(30, 20_000));
        }
        drafts.push(draft);
    }
}

/// Moments of creation: work is planned in working hours, trouble comes at any time.
fn moments(frame: &Frame, count: usize, dice: &mut Dice) -> Vec<Time> {
    let span = (frame.until - frame.start).num_seconds().max(1);
    (0..count)
        .map(|_| {
            let moment = frame.start + Duration::seconds(dice.range(0, span - 1));
            let moment = if dice.chance(0.85) {
                frame.hours.after(moment, 0.0)
            } else {
                moment
            };
            moment.min(frame.until) - Duration::milliseconds(dice.range(0, 999))
        })
        .collect()
}

fn begin_issue(place: &Place, dice: &mut Dice, kind: u64, created: Time) -> Draft {
    let project = place.project;
    let reporter = if kind == INCIDENT && dice.chance(0.5) {
        place.app()
    } else {
        place.somebody(dice)
    };
    let summary = if kind == INCIDENT {
        (*dice.pick(&TROUBLES)).to_owned()
    } else {
        words::title(dice, &TOPICS)
    };
    let priority = match kind {
        INCIDENT => dice.range(1, 3),
        _ if dice.chance(0.7) => 3,
        _ => dice.range(1, 5),
    };
    let mut first = vec![
        (Field::Project, Held::Id(project.id)),
        (Field::Key, Held::Nothing),
        (Field::Type, Held::Id(kind)),
        (Field::Summary, Held::Text(summary)),
        (Field::Status, Held::Id(catalogue::workflow(project)[0])),
        (Field::Priority, Held::Id(priority as u64)),
    ];
    if dice.chance(0.3) {
        first.push((Field::Assignee, Held::Id(place.somebody(dice))));
    }
    if dice.chance(0.25) {
        let label = (*dice.pick(&["backend", "frontend", "customer"])).to_owned();
        first.push((Field::Labels, Held::Texts(vec![label])));
    }
    if matches!(kind, STORY) && dice.chance(0.25) {
        first.push((catalogue::points_field(project), lives::points(dice)));
    }
    Draft::new(created, reporter, first)
}

fn live(place: &Place, dice: &mut Dice, draft: &mut Draft, kind: u64, parent: Option<u64>) {
    if let Some(parent) = parent {
        // Sub-tasks are born as such; stories find their epic then or later.
        if kind == SUBTASK || dice.chance(0.6) {
            draft.issue.first.push((Field::Parent, Held::Id(parent)));
        } else {
            let at = draft.issue.created + dice.minutes(1, 5_000);
            let author = place.somebody(dice);
            draft.at(at, author, vec![(Field::Parent, Held::Id(parent))]);
        }
    }
    match kind {
        EPIC => lives::epic(place, dice, draft),
        SUBTASK => lives::subtask(place, dice, draft),
        _ if place.sprints.is_empty() => lives::kanban(place, dice, draft, kind == INCIDENT),
        _ => lives::scrum(place, dice, draft),
    }
    for _ in 0..dice.poisson(1.2) {
        let span = (draft.last() - draft.issue.created).num_seconds().max(600);
        let after = Duration::seconds(dice.range(60, span + 86_400));
        draft.issue.comments.push(draft.issue.created + after);
    }
    if !matches!(kind, EPIC | SUBTASK) && dice.chance(0.03) {
        lives::leave(place, dice, draft);
    }
}
