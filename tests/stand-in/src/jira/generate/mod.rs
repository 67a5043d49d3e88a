//! A believable Jira site, made from a seed with dice of its own.

mod calendar;
mod events;
mod finish;
mod issues;
mod lives;
mod people;

use super::catalogue;
use super::model::{Board, Project, Site};
use super::settings::{Flavour, Settings};
use crate::generate::dice::{Dice, Hours};
use crate::model::Time;
use chrono::{Duration, NaiveTime};

/// The span of the history, and what rules it.
pub(super) struct Frame<'a> {
    pub start: Time,
    pub until: Time,
    pub hours: Hours,
    pub settings: &'a Settings,
}

/// Makes the site's history of so many days before `until`.
pub fn generate(settings: &Settings, seed: u64, until: Time, days: u32) -> Site {
    let first = until - Duration::days(i64::from(days));
    let start = first.with_time(NaiveTime::MIN).earliest().unwrap_or(first);
    let frame = Frame {
        start,
        until,
        hours: Hours { offset: 3_600 },
        settings,
    };
    let people = people::people(settings, seed);
    let projects = projects(settings.flavour);
    let boards = boards(&projects);
    let sprints = calendar::sprints(&frame, &boards, &mut Dice::new(seed, "jira/sprints"));
    let versions = calendar::versions(&frame, &projects);
    let mut drafts = Vec::new();
    for project in &projects {
        let mut dice = Dice::new(seed, &format!("jira/{}", project.key));
        let board = boards
            .iter()
            .find(|b| b.project == project.id && !b.is_kanban);
        let of_board = |s: &&super::model::Sprint| board.is_some_and(|b| b.id == s.board);
        let place = issues::Place {
            frame: &frame,
            project,
            others: &projects,
            people: &people,
            sprints: sprints.iter().filter(of_board).collect(),
            versions: versions
                .iter()
                .filter(|v| v.project == project.id)
                .collect(),
        };
        issues::draft(&place, &mut dice, &mut drafts);
    }
    let site = Site {
        flavour: settings.flavour,
        people,
        projects,
        boards,
        sprints,
        versions,
        issues: Vec::new(),
        keys: std::collections::HashMap::new(),
        next_history: 0,
    };
    finish::finish(site, drafts)
}

fn projects(flavour: Flavour) -> Vec<Project> {
    [
        (10_000, "PAY", "Payments", 1),
        (10_001, "WEB", "Web shop", 2),
        (10_002, "OPS", "Operations", 3),
    ]
    .into_iter()
    .map(|(id, key, name, lead)| Project {
        id,
        key: key.to_owned(),
        name: name.to_owned(),
        is_team_managed: key == "WEB" && flavour == Flavour::Cloud,
        lead,
    })
    .collect()
}

fn boards(projects: &[Project]) -> Vec<Board> {
    let plan = [
        (1, "PAY", "PAY board", false),
        (2, "WEB", "WEB board", false),
        (3, "OPS", "OPS board", true),
        (4, "PAY", "PAY support", true),
    ];
    let project = |key: &str| projects.iter().find(|p| p.key == key).map_or(0, |p| p.id);
    plan.into_iter()
        .map(|(id, key, name, is_kanban)| Board {
            id,
            name: name.to_owned(),
            project: project(key),
            is_kanban,
        })
        .collect()
}

/// The types of the issues of a project, as often as they are to be.
pub(super) fn types(key: &str) -> &'static [u64] {
    use catalogue::{BUG, INCIDENT, STORY, SUBTASK, TASK};
    match key {
        "OPS" => &[INCIDENT, INCIDENT, INCIDENT, TASK, TASK, BUG],
        _ => &[STORY, STORY, STORY, STORY, TASK, TASK, BUG, BUG, SUBTASK],
    }
}
