//! What was worked out once about a repository and need not be again.
//!
//! A repository never changes once it is served (a change makes another one), so that
//! whatever was computed for a moment of the clock stays true.

use crate::ids::Key;
use crate::model::{Issue, PullRequest, Time};
use crate::runs::Run;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// So many answers are kept of each kind.
const KEPT: usize = 8;

/// A list in ascending order: sort value, id, item.
pub type Sorted<T> = Vec<(Key, u64, Arc<T>)>;

/// The newest answers to one kind of question.
pub struct Recent<K, V>(Mutex<Vec<(K, Arc<V>)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent(Mutex::default())
    }
}

impl<K: PartialEq, V> Recent<K, V> {
    /// The answer that is known, or the one that is made now.
    pub fn get(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        let locked = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = locked().iter().find(|(k, _)| *k == key) {
            return known.clone();
        }
        let made = Arc::new(make());
        let mut kept = locked();
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((key, made.clone()));
        made
    }
}

/// What the list of pull requests or issues is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// When it was opened.
    Created,
    /// Newest event.
    Updated,
    /// Number of comments.
    Comments,
}

/// Which part of a history: its head, and the bounds of the committer's date.
pub type Span = (String, Option<Time>, Option<Time>);

/// What a repository remembers.
#[derive(Default)]
pub struct Memo {
    /// Last push, by moment.
    pub pushed: Recent<i64, Time>,
    /// Pull requests in an order, by moment.
    pub pulls: Recent<(Order, i64), Sorted<PullRequest>>,
    /// Issues in an order, by moment.
    pub issues: Recent<(Order, i64), Sorted<Issue>>,
    /// Positions of the commits of a history.
    pub histories: Recent<Span, Vec<usize>>,
    /// Runs of workflows.
    pub runs: OnceLock<Arc<Vec<Run>>>,
    /// What each global id names.
    pub nodes: OnceLock<crate::view::Nodes>,
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

impl Clone for Memo {
    /// Whoever clones a repository does so in order to change it: only the runs stay, which
    /// do not go with what they were made from.
    fn clone(&self) -> Self {
        Memo {
            runs: self.runs.clone(),
            ..Memo::default()
        }
    }
}

impl PartialEq for Memo {
    /// What is remembered makes no difference.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_made_once_and_old_ones_go() {
        let recent = Recent::default();
        assert_eq!(*recent.get(1, || "a"), "a");
        assert_eq!(*recent.get(1, || "b"), "a");
        for key in 2..=1 + KEPT {
            recent.get(key, || "c");
        }
        assert_eq!(*recent.get(1, || "d"), "d");
    }
}
