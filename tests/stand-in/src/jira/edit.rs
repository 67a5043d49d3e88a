//! What tests change on a running site.

use super::Jira;
use super::catalogue::{self, PRIORITIES, STATUSES};
use super::model::{Change, Field, Held, History, Issue, Site};
use super::view::SprintState;
use crate::model::Time;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// What an edit sets; nothing at all changes the summary.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Title.
    pub summary: Option<String>,
    /// Name of a status that the issue's project knows.
    pub status: Option<String>,
    /// Name of a priority.
    pub priority: Option<String>,
    /// Story points, in the field that the project uses.
    pub points: Option<f64>,
    /// Id of a sprint; zero takes the issue out of all.
    pub sprint: Option<u64>,
}

impl Jira {
    /// Edits an issue now.
    pub fn edit(&self, clock: Time, issue: &str, edit: &Edit) -> Result<u64, String> {
        self.change(clock, issue, |site, issue, at| sets(site, issue, at, edit))
    }

    /// Moves an issue to another project now, where it gets the next key.
    pub fn move_issue(&self, clock: Time, issue: &str, project: &str) -> Result<u64, String> {
        self.change(clock, issue, |site, issue, at| {
            let target = site.project(project).ok_or("no such project")?;
            if target.id == issue.project(at) {
                return Err("it is there already".to_owned());
            }
            let workflow = catalogue::workflow(target);
            let step = match issue.category(at) {
                catalogue::Category::New => 0,
                catalogue::Category::Indeterminate => 1,
                catalogue::Category::Done => 3,
            };
            Ok(vec![
                (Field::Project, Held::Id(target.id)),
                (Field::Key, Held::Text(next_key(site, &target.key))),
                (Field::Status, Held::Id(workflow[step])),
            ])
        })
    }

    /// Deletes an issue now.
    pub fn delete(&self, clock: Time, issue: &str) -> Result<u64, String> {
        self.write(clock, |site, at| {
            let position = position(site, issue, at)?;
            let issue = Arc::make_mut(&mut site.issues[position]);
            issue.deleted = Some(at);
            Ok(issue.id)
        })
    }

    /// Creates an issue like the last one of a project.
    pub fn create(&self, clock: Time, project: &str, summary: &str) -> Result<u64, String> {
        self.write(clock, |site, at| {
            let target = site.project(project).ok_or("no such project")?.clone();
            let key = next_key(site, &target.key);
            let id = site.issues.last().map_or(10_000, |i| i.id + 1);
            let first = vec![
                (Field::Project, Held::Id(target.id)),
                (Field::Key, Held::Text(key.clone())),
                (Field::Type, Held::Id(catalogue::TASK)),
                (Field::Summary, Held::Text(summary.to_owned())),
                (Field::Status, Held::Id(catalogue::workflow(&target)[0])),
                (Field::Priority, Held::Id(3)),
            ];
            site.keys.insert(key, id);
            site.issues.push(Arc::new(Issue {
                id,
                created: at,
                reporter: target.lead,
                first,
                histories: Vec::new(),
                touched: 0,
                comments: Vec::new(),
                deleted: None,
            }));
            Ok(id)
        })
    }

    fn change(
        &self,
        clock: Time,
        issue: &str,
        sets: impl FnOnce(&Site, &Issue, Time) -> Result<Vec<(Field, Held)>, String>,
    ) -> Result<u64, String> {
        self.write(clock, |site, at| {
            let position = position(site, issue, at)?;
            let sets = sets(site, &site.issues[position], at)?;
            let id = site.next_history;
            site.next_history += 1;
            let issue = Arc::make_mut(&mut site.issues[position]);
            for (field, to) in &sets {
                if let (Field::Key, Held::Text(key)) = (field, to) {
                    site.keys.insert(key.clone(), issue.id);
                }
            }
            apply(issue, id, at, sets);
            Ok(issue.id)
        })
    }

    /// Runs a change a second after everything that has been shown.
    fn write(
        &self,
        clock: Time,
        change: impl FnOnce(&mut Site, Time) -> Result<u64, String>,
    ) -> Result<u64, String> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        self.edits.fetch_add(1, Ordering::Relaxed);
        change(Arc::make_mut(&mut current), self.now(clock))
    }
}

fn position(site: &Site, issue: &str, at: Time) -> Result<usize, String> {
    let id = site.issue(issue, at).ok_or("no such issue")?.id;
    let position = site.issues.binary_search_by_key(&id, |i| i.id);
    position.map_err(|_| "no such issue".to_owned())
}

/// The next number, whether or not the clock shows all issues that have one.
fn next_key(site: &Site, project: &str) -> String {
    let number = |key: &String| {
        let (prefix, number) = key.rsplit_once('-')?;
        number.parse::<u64>().ok().filter(|_| prefix == project)
    };
    let last = site.keys.keys().filter_map(number).max();
    format!("{project}-{}", last.unwrap_or_default() + 1)
}

fn sets(site: &Site, issue: &Issue, at: Time, edit: &Edit) -> Result<Vec<(Field, Held)>, String> {
    let mut sets = Vec::new();
    let project = site.project_by_id(issue.project(at)).ok_or("no project")?;
    if let Some(name) = &edit.status {
        let workflow = catalogue::workflow(project);
        let known = STATUSES
            .iter()
            .find(|s| s.name == name && workflow.contains(&s.id));
        let status = known.ok_or("no such status in this project")?;
        sets.push((Field::Status, Held::Id(status.id)));
        let resolved = status.category == catalogue::Category::Done;
        let resolution = if resolved {
            Held::Id(10_000)
        } else {
            Held::Nothing
        };
        sets.push((Field::Resolution, resolution));
    }
    if let Some(name) = &edit.priority {
        let known = PRIORITIES.iter().find(|(_, n)| n == name);
        sets.push((
            Field::Priority,
            Held::Id(known.ok_or("no such priority")?.0),
        ));
    }
    if let Some(points) = edit.points {
        sets.push((catalogue::points_field(project), Held::Number(points)));
    }
    if let Some(id) = edit.sprint {
        // Closed sprints stay in the field whatever happens.
        let known = issue.held(Field::Sprint, at).ids().iter();
        let closed = known.filter_map(|id| site.sprint(*id));
        let closed = closed.filter(|s| s.state(at) == SprintState::Closed);
        let ids = closed.chain(site.sprint(id)).map(|s| s.id).collect();
        sets.push((Field::Sprint, Held::Ids(ids)));
    }
    let summary = edit.summary.clone();
    let edited = || format!("{} (edited)", issue.held(Field::Summary, at).text());
    if let Some(text) = summary.or_else(|| sets.is_empty().then(edited)) {
        sets.push((Field::Summary, Held::Text(text)));
    }
    Ok(sets)
}

/// Puts a change among the others; what comes later then comes from it.
fn apply(issue: &mut Issue, id: u64, at: Time, sets: Vec<(Field, Held)>) {
    let place = issue.histories.partition_point(|h| h.at <= at);
    let mut changes = Vec::new();
    for (field, to) in sets {
        let from = issue.held(field, at).clone();
        if from == to || (from.is_empty() && to.is_empty()) {
            continue;
        }
        let later = issue.histories[place..]
            .iter_mut()
            .flat_map(|h| &mut h.changes);
        if let Some(next) = later.into_iter().find(|c| c.field == field) {
            next.from = to.clone();
        }
        changes.push(Change { field, from, to });
    }
    if !changes.is_empty() {
        let author = 0;
        let history = History {
            id,
            at,
            author,
            changes,
        };
        issue.insert(place, history);
    }
}
