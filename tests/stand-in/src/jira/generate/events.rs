//! What will happen to one issue, in any order at first.

use super::Frame;
use crate::generate::dice::Dice;
use crate::jira::model::{Change, Field, Held, History, Issue};
use crate::model::Time;
use chrono::Duration;

/// An issue before it has an id and a key: what refers to other issues names their drafts.
pub struct Draft {
    /// The issue.
    pub issue: Issue,
    /// What somebody sets at once, and when.
    events: Vec<(Time, u64, Vec<(Field, Held)>)>,
}

impl Draft {
    /// A new issue.
    pub fn new(created: Time, reporter: u64, first: Vec<(Field, Held)>) -> Self {
        Draft {
            issue: Issue {
                id: 0,
                created,
                reporter,
                first,
                histories: Vec::new(),
                touched: 0,
                comments: Vec::new(),
                deleted: None,
            },
            events: Vec::new(),
        }
    }

    /// Something happens.
    pub fn at(&mut self, at: Time, author: u64, set: Vec<(Field, Held)>) {
        self.events.push((at, author, set));
    }

    /// When the last thing happens so far.
    pub fn last(&self) -> Time {
        let last = self.events.iter().map(|(at, _, _)| *at).max();
        last.unwrap_or(self.issue.created)
    }

    /// What a field holds after everything so far.
    pub fn holds(&self, field: Field) -> Held {
        let mut found: Option<(Time, &Held)> = None;
        for (at, _, set) in &self.events {
            let later = found.is_none_or(|(t, _)| *at >= t);
            if let Some((_, held)) = set.iter().find(|(f, _)| *f == field).filter(|_| later) {
                found = Some((*at, held));
            }
        }
        let first = || self.issue.first.iter().find(|(f, _)| *f == field);
        let held = found.map(|(_, held)| held);
        held.or_else(|| first().map(|(_, held)| held))
            .cloned()
            .unwrap_or_default()
    }

    /// Turns the events into changes, in order and up to the end of the history.
    pub fn settle(&mut self, frame: &Frame, dice: &mut Dice) {
        let mut events = std::mem::take(&mut self.events);
        events.sort_by_key(|(at, _, _)| *at);
        let mut now = self.issue.first.clone();
        let mut last = self.issue.created;
        for (at, author, set) in events {
            // Real moments have milliseconds, and nobody changes two things in one.
            let at = (at + Duration::milliseconds(dice.range(0, 999)))
                .max(last + Duration::milliseconds(dice.range(700, 9_000)));
            if at > frame.until {
                break;
            }
            let changes: Vec<Change> = set
                .into_iter()
                .filter_map(|(field, to)| change(&mut now, field, to))
                .collect();
            if changes.is_empty() {
                continue;
            }
            last = at;
            let history = History {
                id: 0,
                at,
                author,
                changes,
            };
            self.issue.insert(self.issue.histories.len(), history);
        }
        self.issue.comments.retain(|c| *c <= frame.until);
    }
}

/// Notes what a field holds from now on; nothing if it holds that already.
fn change(now: &mut Vec<(Field, Held)>, field: Field, to: Held) -> Option<Change> {
    let from = match now.iter_mut().find(|(f, _)| *f == field) {
        Some((_, held)) => std::mem::replace(held, to.clone()),
        None => {
            now.push((field, to.clone()));
            Held::Nothing
        }
    };
    // Jira logs every move on a board with the same words.
    let moved = from != to || field == Field::Rank;
    (moved && !(from.is_empty() && to.is_empty())).then_some(Change { field, from, to })
}
