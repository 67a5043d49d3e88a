//! Sprints and versions: two weeks each.

use super::Frame;
use crate::generate::dice::Dice;
use crate::jira::model::{Board, Project, Sprint, Version};
use crate::model::Time;
use chrono::{Datelike, Duration};

const GOALS: [&str; 5] = [
    "Fewer failed payments",
    "Ready for the sale",
    "Pay down debt",
    "Faster pages",
    "",
];

/// The sprints of all boards that have some, by the time at which they were made.
pub fn sprints(frame: &Frame, boards: &[Board], dice: &mut Dice) -> Vec<Sprint> {
    let mut all = Vec::new();
    for board in boards.iter().filter(|b| !b.is_kanban) {
        let prefix = board.name.split(' ').next().unwrap_or_default();
        let mut monday = first_monday(frame) + Duration::weeks(board.id as i64 % 2);
        let mut number = 1;
        while monday < frame.until + Duration::weeks(5) {
            let start = frame.hours.at(monday, 9, 30);
            let end = frame.hours.at(monday + Duration::days(11), 17, 30);
            // Some are only closed when the next one is about to begin.
            let late = if dice.chance(0.2) {
                Duration::hours(63)
            } else {
                dice.minutes(-60, 240)
            };
            all.push(Sprint {
                id: 0,
                name: format!("{prefix} Sprint {number}"),
                goal: (*dice.pick(&GOALS)).to_owned(),
                board: board.id,
                created: start - Duration::days(20) - dice.minutes(0, 4_000),
                start,
                end,
                activated: start + dice.minutes(-20, 180),
                completed: end + late,
            });
            monday += Duration::weeks(2);
            number += 1;
        }
    }
    all.sort_by_key(|s| (s.created, s.board));
    for (sprint, id) in all.iter_mut().zip(1..) {
        sprint.id = id;
    }
    all
}

/// The versions of all projects.
pub fn versions(frame: &Frame, projects: &[Project]) -> Vec<Version> {
    let mut all = Vec::new();
    for project in projects {
        let mut released = frame
            .hours
            .at(first_monday(frame) + Duration::days(17), 11, 0);
        let mut number = 1;
        while released < frame.until + Duration::weeks(3) {
            all.push(Version {
                id: 10_000 + all.len() as u64,
                project: project.id,
                name: format!("{}-1.{number}", project.key.to_lowercase()),
                released,
            });
            released += Duration::weeks(2);
            number += 1;
        }
    }
    all
}

fn first_monday(frame: &Frame) -> Time {
    let past = frame.start.weekday().num_days_from_monday();
    frame.start - Duration::days(i64::from(past))
}
