//! What happens to branches: pushes, merges, reverts.

use super::habits::{Delivery, Style};
use super::simulation::{Cause, Event, Simulation, signed, web_flow};
use crate::model::{ReviewState, Time, User};
use chrono::Duration;
use std::sync::Arc;

impl Simulation<'_> {
    /// The account that works on a pull request.
    fn author_of(&self, pull: usize) -> Arc<User> {
        let author = self.pulls[pull].author.clone();
        author.unwrap_or_else(|| self.team[0].clone())
    }

    /// Another commit on a pull request's branch.
    pub(super) fn push(&mut self, at: Time, pull: usize, message: &str) {
        let author = self.author_of(pull);
        let signature = self.signature(&author, at);
        let parents = vec![self.branches[pull].tip.clone()];
        self.grow(pull, parents, signature, message.to_owned());
    }

    /// Merges the default branch into a pull request's branch.
    pub(super) fn catch_up(&mut self, at: Time, pull: usize) {
        let author = self.author_of(pull);
        let parents = vec![self.branches[pull].tip.clone(), self.head()];
        let message = format!("Merge branch 'main' into {}", self.pulls[pull].head_ref);
        self.grow(pull, parents, signed(&author, at), message);
    }

    fn grow(
        &mut self,
        pull: usize,
        parents: Vec<String>,
        signature: crate::model::Signature,
        message: String,
    ) {
        let number = self.pulls[pull].number;
        let oid = self.commit(parents, signature.clone(), signature, message, vec![number]);
        self.pulls[pull].commits.push(oid.clone());
        self.branches[pull].tip = oid;
    }

    /// Merges a pull request in the way of its repository.
    pub(super) fn merge(&mut self, at: Time, pull: usize) {
        let author = self.author_of(pull);
        let approver = self.pulls[pull]
            .reviews
            .iter()
            .rfind(|r| r.state == ReviewState::Approved)
            .and_then(|r| r.author.clone());
        let merger = match approver {
            Some(approver) if author.is_bot || self.dice.chance(0.25) => approver,
            _ if author.is_bot => self.staff.actions(),
            _ => author.clone(),
        };
        let number = self.pulls[pull].number;
        let title = self.pulls[pull].title.clone();
        let head = self.head();
        let oid = match self.branches[pull].style {
            Style::Squash => {
                let message = format!("{title} (#{number})");
                let author = self.signature(&author, at);
                self.commit(vec![head], author, web_flow(at), message, vec![number])
            }
            Style::Merge => {
                let head_ref = &self.pulls[pull].head_ref;
                let owner = self.full_name.split('/').next().unwrap_or_default();
                let message =
                    format!("Merge pull request #{number} from {owner}/{head_ref}\n\n{title}");
                let parents = vec![head, self.branches[pull].tip.clone()];
                self.commit(
                    parents,
                    signed(&merger, at),
                    web_flow(at),
                    message,
                    vec![number],
                )
            }
            Style::Rebase => self.rebase(at, pull, &merger),
        };
        if self.branches[pull].style != Style::Rebase {
            self.main.push((at, oid.clone()));
        }
        let request = &mut self.pulls[pull];
        request.merged_at = Some(at);
        request.merged_by = Some(merger);
        request.merge_commit = Some(oid.clone());
        if self.frozen_by == Some(pull) {
            self.frozen_by = None;
        }
        if let Some(issue) = self.branches[pull].repairs {
            match self.habit.delivery {
                Delivery::Releases(_) => {
                    let when = at + self.dice.minutes(20, 90);
                    self.plan(when, Event::Release { patch: true });
                    let closed = when + self.dice.minutes(10, 120);
                    self.issues[issue].closed_at.get_or_insert(closed);
                }
                _ => {
                    let when = at + self.dice.minutes(6, 15);
                    self.plan(
                        when,
                        Event::Deploy {
                            cause: Cause::Recovery(issue),
                        },
                    );
                }
            }
        } else {
            self.after_main_moved(at);
        }
        self.perhaps_reverted(at, pull);
    }

    /// New copies of a branch's own commits on top of the default branch.
    fn rebase(&mut self, at: Time, pull: usize, merger: &Arc<User>) -> String {
        let number = self.pulls[pull].number;
        for original in self.pulls[pull].commits.clone() {
            let Some(commit) = self.index.get(&original).map(|&i| self.commits[i].clone()) else {
                continue;
            };
            if commit.parents.len() > 1 {
                continue;
            }
            let parents = vec![self.head()];
            let committer = signed(merger, at);
            let oid = self.commit(
                parents,
                commit.author,
                committer,
                commit.message,
                vec![number],
            );
            self.main.push((at, oid));
        }
        self.head()
    }

    /// Some merges are taken back within days, and some of these come again.
    fn perhaps_reverted(&mut self, at: Time, pull: usize) {
        let title = &self.pulls[pull].title;
        let reapply = title.starts_with("Revert ");
        let share = if reapply { 0.3 } else { 0.012 };
        if title.starts_with("Reapply ") || self.pulls[pull].author.is_none() {
            return;
        }
        if self.dice.chance(share) {
            let when = self.later(at, 500.0, 0.9) + Duration::minutes(10);
            self.plan(
                when,
                Event::Revert {
                    issue: None,
                    pull,
                    reapply,
                },
            );
        }
    }

    /// Opens a pull request that takes another one back (or takes back the taking back).
    pub(super) fn revert(&mut self, at: Time, issue: Option<usize>, target: usize, reapply: bool) {
        let Some(merged) = self.pulls[target].merge_commit.clone() else {
            return;
        };
        let author = self.dice.pick(&self.team).clone();
        let (old, number) = (self.pulls[target].title.clone(), self.pulls[target].number);
        let title = if reapply {
            let original = old.trim_start_matches("Revert ").trim_matches('"');
            format!("Reapply \"{original}\"")
        } else {
            format!("Revert \"{old}\"")
        };
        let head_ref = format!("revert-{number}-{}", self.pulls[target].head_ref);
        let date = at - Duration::seconds(20);
        let parent = self.main_at(date);
        let message = format!("{title}\n\nThis reverts commit {merged}.");
        let (signature, committer) = (self.signature(&author, date), web_flow(date));
        let oid = self.commit(vec![parent], signature, committer, message, Vec::new());
        let pull = self.new_pull(at, title, &author, head_ref, vec![oid]);
        self.pulls[pull].body = format!("Reverts {}#{number}", self.full_name);
        self.pulls[pull].additions = self.pulls[target].deletions;
        self.pulls[pull].deletions = self.pulls[target].additions;
        self.branches[pull].repairs = issue;
        if issue.is_some() && self.frozen_by.is_none() {
            self.frozen_by = Some(pull);
        }
        let mut when = at;
        if self.dice.chance(0.6) {
            let reviewer = self.other(&author);
            when = at + self.dice.minutes(4, 25);
            self.review(pull, &reviewer, ReviewState::Approved, when, "");
        }
        when += self.dice.minutes(1, 12);
        self.plan(when, Event::Merge { pull });
    }
}
