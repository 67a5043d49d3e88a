//! What a site shows at some moment.

use super::catalogue::{self, Category};
use super::model::{Board, Field, Held, History, Issue, Person, Project, Site, Sprint, Version};
use crate::model::Time;
use std::sync::Arc;

/// What a field holds that nobody has filled.
const NOTHING: &Held = &Held::Nothing;

impl Site {
    /// Issues that exist.
    pub fn visible_issues(&self, at: Time) -> impl Iterator<Item = &Arc<Issue>> {
        self.issues.iter().filter(move |i| i.is_visible(at))
    }

    /// The issue with an id or a key of today or of former days.
    pub fn issue(&self, id_or_key: &str, at: Time) -> Option<&Arc<Issue>> {
        let id = match id_or_key.parse() {
            Ok(id) => id,
            Err(_) => *self.keys.get(&id_or_key.to_ascii_uppercase())?,
        };
        self.issue_by_id(id).filter(|i| {
            let known = |held: &Held| held.text().eq_ignore_ascii_case(id_or_key);
            // A key that it will only get later is not known yet.
            i.is_visible(at)
                && (id_or_key.parse::<u64>().is_ok() || i.values(Field::Key, at).any(known))
        })
    }

    /// The issue with an id, visible or not.
    pub fn issue_by_id(&self, id: u64) -> Option<&Arc<Issue>> {
        let at = self.issues.binary_search_by_key(&id, |i| i.id).ok()?;
        self.issues.get(at)
    }

    /// The project with an id or a key.
    pub fn project(&self, id_or_key: &str) -> Option<&Project> {
        let id = id_or_key.parse().ok();
        self.projects
            .iter()
            .find(|p| Some(p.id) == id || p.key.eq_ignore_ascii_case(id_or_key))
    }

    /// The project with an id.
    pub fn project_by_id(&self, id: u64) -> Option<&Project> {
        self.projects.iter().find(|p| p.id == id)
    }

    /// The person with an id.
    pub fn person(&self, id: u64) -> Option<&Person> {
        self.people.iter().find(|p| p.id == id)
    }

    /// The board with an id.
    pub fn board(&self, id: u64) -> Option<&Board> {
        self.boards.iter().find(|b| b.id == id)
    }

    /// The sprint with an id.
    pub fn sprint(&self, id: u64) -> Option<&Sprint> {
        self.sprints.iter().find(|s| s.id == id)
    }

    /// The version with an id.
    pub fn version(&self, id: u64) -> Option<&Version> {
        self.versions.iter().find(|v| v.id == id)
    }
}

impl Issue {
    /// Adds a change at its place.
    pub fn insert(&mut self, place: usize, history: History) {
        for change in &history.changes {
            self.touched |= 1 << change.field as u32;
        }
        self.histories.insert(place, history);
    }

    /// Whether it exists.
    pub fn is_visible(&self, at: Time) -> bool {
        self.created <= at && self.deleted.is_none_or(|d| at < d)
    }

    /// Its changes so far, oldest first.
    pub fn seen(&self, at: Time) -> &[History] {
        &self.histories[..self.histories.partition_point(|h| h.at <= at)]
    }

    /// What a field held at first and after each of its changes, newest first.
    pub fn values(&self, field: Field, at: Time) -> impl Iterator<Item = &Held> {
        let seen = if self.touched & (1 << field as u32) == 0 {
            &[]
        } else {
            self.seen(at)
        };
        let changes = seen.iter().rev().flat_map(|h| h.changes.iter());
        changes
            .filter(move |c| c.field == field)
            .map(|c| &c.to)
            .chain(self.first(field))
    }

    fn first(&self, field: Field) -> Option<&Held> {
        self.first
            .iter()
            .find(|(f, _)| *f == field)
            .map(|(_, held)| held)
    }

    /// What a field holds.
    pub fn held(&self, field: Field, at: Time) -> &Held {
        self.values(field, at).next().unwrap_or(NOTHING)
    }

    /// Its key.
    pub fn key(&self, at: Time) -> &str {
        self.held(Field::Key, at).text()
    }

    /// Its project's id.
    pub fn project(&self, at: Time) -> u64 {
        self.held(Field::Project, at).id().unwrap_or_default()
    }

    /// When it was last changed or commented.
    pub fn updated(&self, at: Time) -> Time {
        let changed = self.seen(at).last().map(|h| h.at);
        let commented = self.comments.iter().filter(|c| **c <= at).max().copied();
        let latest = changed.max(commented);
        latest.map_or(self.created, |t| t.max(self.created))
    }

    /// When it got the resolution that it has.
    pub fn resolved(&self, at: Time) -> Option<Time> {
        let last = self.seen(at).iter().rev().find_map(|h| {
            h.changes
                .iter()
                .find(|c| c.field == Field::Resolution)
                .map(|c| (h, c))
        });
        last.filter(|(_, c)| !c.to.is_empty()).map(|(h, _)| h.at)
    }

    /// When its status last came into another category.
    pub fn category_changed(&self, at: Time) -> Time {
        let category = |held: &Held| held.id().and_then(catalogue::status).map(|s| s.category);
        let moved = |h: &&History| {
            h.changes
                .iter()
                .any(|c| c.field == Field::Status && category(&c.from) != category(&c.to))
        };
        let last = self.seen(at).iter().rev().find(moved);
        last.map_or(self.created, |h| h.at)
    }

    /// The category of its status.
    pub fn category(&self, at: Time) -> Category {
        let status = self.held(Field::Status, at).id();
        status
            .and_then(catalogue::status)
            .map_or(Category::New, |s| s.category)
    }
}

/// How far a sprint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SprintState {
    /// Not started.
    Future,
    /// Started.
    Active,
    /// Over.
    Closed,
}

impl SprintState {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            SprintState::Future => "future",
            SprintState::Active => "active",
            SprintState::Closed => "closed",
        }
    }
}

impl Sprint {
    /// How far it is.
    pub fn state(&self, at: Time) -> SprintState {
        if at < self.activated {
            SprintState::Future
        } else if at < self.completed {
            SprintState::Active
        } else {
            SprintState::Closed
        }
    }
}
