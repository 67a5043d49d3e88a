//! What breaks, and how it is repaired: rollback, hotfix, revert.

use super::habits::{Delivery, Style};
use super::simulation::{Cause, Event, Simulation};
use crate::model::{Issue, Label, ReviewState, Time};
use chrono::Duration;

const SYMPTOMS: [&str; 8] = [
    "Error rate above 5 %",
    "Requests time out",
    "Customers see an empty page",
    "Queue does not drain",
    "Latency doubled",
    "Wrong totals",
    "Memory grows until restart",
    "Login fails for some",
];

impl Simulation<'_> {
    /// An incident is opened; if a delivery caused it, someone repairs it.
    pub(super) fn incident(&mut self, at: Time, oid: Option<String>) {
        let number = self.number();
        let id = self.id();
        let topic = *self.dice.pick(self.habit.topics);
        let title = format!("{} ({topic})", self.dice.pick(&SYMPTOMS));
        let severity = *self.dice.pick(&["sev1", "sev2", "sev2", "sev3"]);
        let author = if self.dice.chance(0.5) {
            self.staff.pager()
        } else {
            self.dice.pick(&self.team).clone()
        };
        let label = |name: &str| Label {
            name: name.to_owned(),
            at,
        };
        self.issues.push(Issue {
            number,
            id,
            title,
            body: "Opened by the one on call.".to_owned(),
            author: Some(author),
            labels: vec![label("incident"), label(severity)],
            created_at: at,
            assignees: Vec::new(),
            closed_at: None,
            raw: None,
        });
        let issue = self.issues.len() - 1;
        let Some(oid) = oid else { return };
        if matches!(self.habit.delivery, Delivery::Releases(_)) {
            let when = at + self.dice.minutes(40, 200);
            self.plan(when, Event::Hotfix { issue, oid });
            return;
        }
        let before = self.shipped.iter().rev().find(|o| **o != oid).cloned();
        let culprit = self.culprit(&oid);
        match (before, culprit) {
            (Some(before), Some(pull)) if self.dice.chance(0.45) => {
                // Back to what was there before; the default branch is repaired after.
                let when = at + self.dice.minutes(8, 50);
                let (ref_name, cause) = (self.ref_of(&before), Cause::Recovery(issue));
                self.plan(
                    when,
                    Event::Production {
                        oid: before,
                        ref_name,
                        cause,
                    },
                );
                let fixed = when + self.dice.minutes(15, 120);
                self.plan(
                    fixed,
                    Event::Revert {
                        issue: Some(issue),
                        pull,
                        reapply: false,
                    },
                );
            }
            (_, Some(pull)) if self.dice.chance(0.4) => {
                let when = at + self.dice.minutes(10, 40);
                self.plan(
                    when,
                    Event::Revert {
                        issue: Some(issue),
                        pull,
                        reapply: false,
                    },
                );
            }
            _ => {
                let when = at + self.dice.minutes(20, 80);
                self.plan(when, Event::Hotfix { issue, oid });
            }
        }
    }

    /// The newest pull request in a deployed commit.
    fn culprit(&self, oid: &str) -> Option<usize> {
        let end = self.main.iter().rposition(|(_, o)| o == oid)?;
        let recent = self.main[..=end].iter().rev().take(6);
        recent
            .filter_map(|(_, o)| {
                self.pulls
                    .iter()
                    .rposition(|p| p.merge_commit.as_ref() == Some(o))
            })
            .find(|&p| !self.pulls[p].title.starts_with("Revert "))
    }

    /// A hotfix on a branch from what is live, deployed from there and merged back later.
    pub(super) fn hotfix(&mut self, at: Time, issue: usize, oid: String) {
        let author = self.dice.pick(&self.team).clone();
        let number = self.issues[issue].number;
        let title = format!("Hotfix: {}", self.issues[issue].title);
        let head_ref = format!("hotfix/{number}");
        let date = at - Duration::minutes(3);
        let signature = self.signature(&author, date);
        let message = format!("{title}\n\nFixes #{number}");
        let fix = self.commit(vec![oid], signature.clone(), signature, message, Vec::new());
        let pull = self.new_pull(at, title, &author, head_ref.clone(), vec![fix.clone()]);
        let request = &mut self.pulls[pull];
        request.labels.push(Label {
            name: "hotfix".to_owned(),
            at,
        });
        request.body = format!("Fixes #{number}");
        (request.additions, request.changed_files) = (request.additions.min(25), 1);
        request.deletions = request.deletions.min(12);
        let reviewer = self.other(&author);
        let mut merge = at + self.dice.minutes(25, 70);
        if matches!(self.habit.delivery, Delivery::Releases(_)) {
            self.branches[pull].repairs = Some(issue);
        } else {
            self.branches[pull].style = Style::Merge;
            let when = at + self.dice.minutes(5, 15);
            let cause = Cause::Recovery(issue);
            self.plan(
                when,
                Event::Production {
                    oid: fix,
                    ref_name: head_ref,
                    cause,
                },
            );
            if self.dice.chance(0.5) {
                merge = self.later(merge, 300.0, 0.8);
            }
            if self.frozen_by.is_none() {
                self.frozen_by = Some(pull);
            }
        }
        let reviewed = at + self.dice.minutes(3, 20);
        self.review(pull, &reviewer, ReviewState::Approved, reviewed, "");
        self.plan(merge, Event::Merge { pull });
    }
}
