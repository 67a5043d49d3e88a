//! A query whose names are found: which issues it selects, in which order.

use crate::jira::catalogue::Category;
use crate::jira::model::{Field, Issue, Site};
use crate::model::Time;
use std::cmp::Ordering;
use std::collections::HashSet;

/// A test of one issue.
#[derive(Debug, Clone)]
pub enum Test {
    /// All pass.
    And(Vec<Test>),
    /// One passes.
    Or(Vec<Test>),
    /// It does not pass.
    Not(Box<Test>),
    /// One of these issues.
    Issues(HashSet<u64>),
    /// Created at a moment or compared with it.
    Created(Compare, Time),
    /// Changed at a moment or compared with it.
    Updated(Compare, Time),
    /// Its key compared with another of its project.
    Key(Compare, String),
    /// The field holds one of these things.
    Holds(Field, Vec<u64>),
    /// It has one of these labels.
    Labelled(Vec<String>),
    /// The status is in one of these categories.
    Category(Vec<Category>),
    /// The field holds nothing.
    Empty(Field),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// The same.
    Equal,
    /// Before.
    Less,
    /// Before or the same.
    LessEqual,
    /// After.
    Greater,
    /// After or the same.
    GreaterEqual,
}

impl Compare {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Compare::Equal => ordering.is_eq(),
            Compare::Less => ordering.is_lt(),
            Compare::LessEqual => ordering.is_le(),
            Compare::Greater => ordering.is_gt(),
            Compare::GreaterEqual => ordering.is_ge(),
        }
    }
}

/// What can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Moment of creation.
    Created,
    /// Moment of the last change.
    Updated,
    /// Project and number.
    Key,
    /// Something with an id.
    Field(Field),
}

/// A query that can be run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What selects issues; none selects all.
    pub test: Option<Test>,
    /// What orders them.
    pub order: Vec<(Sort, bool)>,
}

/// An issue in a result: its place in the order, and the moment at which it is shown.
pub struct Found<'a> {
    /// Place in the order; its id comes last.
    pub place: Vec<i64>,
    /// The issue.
    pub issue: &'a Issue,
    /// The moment.
    pub at: Time,
}

impl Plan {
    /// The issues in order that come after a place; `at` says when each of them is shown.
    pub fn run<'a>(
        &self,
        site: &'a Site,
        after: Option<&[i64]>,
        at: impl Fn(&Issue) -> Time,
    ) -> Vec<Found<'a>> {
        let mut found: Vec<Found> = site
            .issues
            .iter()
            .filter_map(|issue| {
                let at = at(issue);
                let selected =
                    issue.is_visible(at) && self.test.as_ref().is_none_or(|t| t.passes(issue, at));
                if !selected {
                    return None;
                }
                let place = self.place(site, issue, at);
                after
                    .is_none_or(|a| place.as_slice() > a)
                    .then_some(Found { place, issue, at })
            })
            .collect();
        found.sort_unstable_by(|a, b| a.place.cmp(&b.place));
        found
    }

    fn place(&self, site: &Site, issue: &Issue, at: Time) -> Vec<i64> {
        let id = issue.id as i64;
        // Without an order the newest come first.
        if self.order.is_empty() {
            return vec![-id, id];
        }
        let mut place = Vec::with_capacity(self.order.len() + 1);
        for (sort, descending) in &self.order {
            let number = match sort {
                Sort::Created => issue.created.timestamp_millis(),
                Sort::Updated => issue.updated(at).timestamp_millis(),
                Sort::Key => key_number(site, issue.key(at)),
                Sort::Field(field) => issue.held(*field, at).id().map_or(i64::MAX, |i| i as i64),
            };
            place.push(if *descending { -number } else { number });
        }
        place.push(id);
        place
    }
}

impl Test {
    fn passes(&self, issue: &Issue, at: Time) -> bool {
        match self {
            Test::And(all) => all.iter().all(|t| t.passes(issue, at)),
            Test::Or(any) => any.iter().any(|t| t.passes(issue, at)),
            Test::Not(test) => !test.passes(issue, at),
            Test::Issues(ids) => ids.contains(&issue.id),
            Test::Created(compare, moment) => compare.holds(issue.created.cmp(moment)),
            Test::Updated(compare, moment) => compare.holds(issue.updated(at).cmp(moment)),
            Test::Key(compare, key) => {
                let (own, other) = (split(issue.key(at)), split(key));
                own.0 == other.0 && compare.holds(own.1.cmp(&other.1))
            }
            Test::Holds(field, ids) => {
                let held = issue.held(*field, at).ids();
                held.iter().any(|id| ids.contains(id))
            }
            Test::Labelled(labels) => match issue.held(Field::Labels, at) {
                crate::jira::model::Held::Texts(own) => own.iter().any(|l| labels.contains(l)),
                _ => false,
            },
            Test::Category(categories) => categories.contains(&issue.category(at)),
            Test::Empty(field) => issue.held(*field, at).is_empty(),
        }
    }
}

/// The parts of a key.
pub fn split(key: &str) -> (&str, u64) {
    let (project, number) = key.rsplit_once('-').unwrap_or((key, "0"));
    (project, number.parse().unwrap_or_default())
}

/// Keys are ordered by project and number, not as texts.
fn key_number(site: &Site, key: &str) -> i64 {
    let (project, number) = split(key);
    let before = site
        .projects
        .iter()
        .filter(|p| p.key.as_str() < project)
        .count();
    before as i64 * 1_000_000_000 + number as i64
}
