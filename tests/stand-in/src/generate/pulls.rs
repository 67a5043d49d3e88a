//! Pull requests: how they are opened, discussed, given up or made ready to merge.

use super::habits::Style;
use super::simulation::{Branch, Event, Simulation, signed, web_flow};
use super::words;
use crate::model::{
    Comment, EventKind, Label, PullRequest, Review, ReviewState, Subject, Time, TimelineEvent, User,
};
use chrono::Duration;
use std::sync::Arc;

impl Simulation<'_> {
    /// A new pull request with its commits so far, without any plan.
    pub(super) fn new_pull(
        &mut self,
        at: Time,
        title: String,
        author: &Arc<User>,
        head_ref: String,
        commits: Vec<String>,
    ) -> usize {
        let number = self.number();
        let id = self.id();
        let base = commits
            .first()
            .and_then(|oid| self.index.get(oid))
            .and_then(|&i| self.commits[i].parents.first().cloned());
        for oid in &commits {
            if let Some(&i) = self.index.get(oid) {
                self.commits[i].pull_requests.push(number);
            }
        }
        let tip = commits.last().cloned().unwrap_or_default();
        let additions = self.dice.lognormal(45.0, 1.3).min(6_000.0) as u32 + 1;
        let deletions = self.dice.lognormal(15.0, 1.5).min(4_000.0) as u32;
        let weights = self.habit.styles;
        let roll = self.dice.range(0, 999) as f64 / 1_000.0;
        let style = if roll < weights[0] {
            Style::Squash
        } else if roll < weights[0] + weights[1] {
            Style::Merge
        } else {
            Style::Rebase
        };
        let changed_files = 1 + self.dice.poisson(f64::from(additions).ln().max(0.5)) as u32;
        self.pulls.push(PullRequest {
            number,
            id,
            node_id: self.node("PR", id),
            body: format!("{title}.\n\nSee the commits for details."),
            title,
            // Of the archived repository's people some have left, and their accounts are gone.
            author: (self.habit.archived_after.is_none() || !number.is_multiple_of(4))
                .then(|| author.clone()),
            opened_as_draft: false,
            base_ref: "main".to_owned(),
            head_ref,
            base_oid: base,
            created_at: at,
            merged_at: None,
            merged_by: None,
            merge_commit: None,
            additions,
            deletions,
            changed_files,
            labels: Vec::new(),
            commits,
            commits_total: None,
            reviews: Vec::new(),
            comments: Vec::new(),
            comments_total: None,
            events: Vec::new(),
            recorded_updated_at: None,
            raw: None,
            raw_detail: None,
        });
        self.branches.push(Branch {
            tip,
            style,
            repairs: None,
        });
        self.pulls.len() - 1
    }

    /// A human opens a pull request.
    pub(super) fn open(&mut self, at: Time) {
        let author = if self.dice.chance(0.08) {
            self.dice.pick(&self.others).clone()
        } else {
            self.dice.pick(&self.team).clone()
        };
        let title = words::title(&mut self.dice, self.habit.topics);
        let mut head_ref = words::branch(&author.login, &title);
        if self.pulls.iter().any(|p| p.head_ref == head_ref) {
            head_ref = format!("{head_ref}-{}", self.next_number);
        }
        // The work before: a few hours as a rule, weeks once in a while.
        let coding = self.dice.lognormal(260.0, 1.2).clamp(3.0, 12_000.0);
        let first = self.hours.before(at, coding);
        let count = 1 + self.dice.poisson((coding / 260.0).clamp(0.2, 6.0));
        let mut parent = self.main_at(first);
        let mut commits = Vec::new();
        for i in 0..count {
            let share = i as f64 / count as f64;
            let date = self.hours.after(first, coding * share).min(at);
            let message = if count == 1 {
                title.clone()
            } else {
                words::step(&mut self.dice, &title)
            };
            let signature = self.signature(&author, date);
            let oid = self.commit(
                vec![parent],
                signature.clone(),
                signature,
                message,
                Vec::new(),
            );
            commits.push(oid.clone());
            parent = oid;
        }
        let pull = self.new_pull(at, title, &author, head_ref, commits);
        let mut ready = at;
        if self.dice.chance(self.habit.drafts) {
            ready = self.draft(at, pull, &author);
        }
        self.label(at, pull);
        self.first_comments(at, ready, pull, &author);
        self.fate(ready, pull, &author);
    }

    /// Opened as a draft: when it becomes ready for good.
    fn draft(&mut self, at: Time, pull: usize, author: &Arc<User>) -> Time {
        self.pulls[pull].opened_as_draft = true;
        let mut ready = self.later(at, 420.0, 1.0) + Duration::seconds(60);
        self.event(pull, EventKind::ReadyForReview, ready, author);
        if self.dice.chance(0.15) {
            let back = self.later(ready, 120.0, 0.8) + Duration::seconds(60);
            self.event(pull, EventKind::ConvertToDraft, back, author);
            ready = self.later(back, 300.0, 0.8) + Duration::seconds(60);
            self.event(pull, EventKind::ReadyForReview, ready, author);
        }
        ready
    }

    fn label(&mut self, at: Time, pull: usize) {
        for (name, share) in [
            ("bug", 0.18),
            ("enhancement", 0.25),
            ("documentation", 0.04),
        ] {
            if self.dice.chance(share) {
                // Some labels come long after the merge.
                let at = if self.dice.chance(0.05) {
                    self.later(at, 6_000.0, 0.5)
                } else {
                    at + self.dice.minutes(0, 20)
                };
                let name = name.to_owned();
                self.pulls[pull].labels.push(Label { name, at });
            }
        }
    }

    fn first_comments(&mut self, at: Time, ready: Time, pull: usize, author: &Arc<User>) {
        if self.dice.chance(0.5) {
            let bot = self.staff.actions();
            let when = at + self.dice.minutes(3, 9);
            self.comment(pull, &bot, when, "Coverage changed by 0.1 %.");
        }
        if self.habit.review_bot {
            let bot = self.staff.reviewer();
            let when = ready + self.dice.minutes(1, 4);
            self.review(
                pull,
                &bot,
                ReviewState::Commented,
                when,
                "No problems found.",
            );
        }
        if self.dice.chance(0.15) {
            let when = self.later(at, 30.0, 1.0);
            self.comment(pull, author, when, "I am not sure about the name.");
        }
    }

    /// What becomes of a pull request that is ready.
    fn fate(&mut self, ready: Time, pull: usize, author: &Arc<User>) {
        if self.dice.chance(self.habit.closed) {
            let when = self.later(ready, 2_400.0, 0.8) + Duration::seconds(60);
            self.event(pull, EventKind::Closed, when, author);
            if self.dice.chance(0.3) {
                let again = self.later(when, 1_500.0, 0.7) + Duration::seconds(60);
                self.event(pull, EventKind::Reopened, again, author);
                self.rounds(again, pull, author);
            }
        } else if self.dice.chance(0.03) {
            // Forgotten: a comment, and open for ever.
            let reviewer = self.other(author);
            let when = self.later(ready, 600.0, 1.0);
            self.comment(pull, &reviewer, when, "Is this still needed?");
        } else if self.dice.chance(self.habit.unreviewed) {
            let when = self.later(ready, 25.0, 1.0) + Duration::seconds(30);
            self.plan(when, Event::Merge { pull });
            if self.dice.chance(0.3) {
                let reviewer = self.other(author);
                let late = self.later(when, 200.0, 0.8) + Duration::seconds(60);
                self.review(
                    pull,
                    &reviewer,
                    ReviewState::Commented,
                    late,
                    "Late, but fine.",
                );
            }
        } else {
            self.rounds(ready, pull, author);
        }
    }

    /// Review, changes, review again, approval, merge.
    fn rounds(&mut self, ready: Time, pull: usize, author: &Arc<User>) {
        let reviewer = self.other(author);
        let (median, sigma) = (self.habit.review_median, self.habit.review_sigma);
        let mut at = self.later(ready, median, sigma) + Duration::seconds(60);
        let mut rounds = 0;
        while rounds < 4 && self.dice.chance(0.38) {
            rounds += 1;
            let state = if self.dice.chance(0.55) {
                ReviewState::ChangesRequested
            } else {
                ReviewState::Commented
            };
            self.review(pull, &reviewer, state, at, "Some questions inside.");
            if self.dice.chance(0.5) {
                let when = self.later(at, 40.0, 0.8);
                self.comment(pull, author, when, "Good point, I will change it.");
            }
            let pushed = self.later(at, 150.0, 1.0) + Duration::seconds(60);
            self.plan(
                pushed,
                Event::Push {
                    pull,
                    message: "Address the review",
                },
            );
            at = self.later(pushed, median * 0.6, sigma * 0.8) + Duration::seconds(60);
        }
        if self.dice.chance(0.04) {
            self.review(pull, &reviewer, ReviewState::Dismissed, at, "Looks good.");
            let pushed = self.later(at, 60.0, 0.7) + Duration::seconds(60);
            self.plan(
                pushed,
                Event::Push {
                    pull,
                    message: "One more case",
                },
            );
            at = self.later(pushed, median * 0.5, 0.6) + Duration::seconds(60);
        }
        self.review(pull, &reviewer, ReviewState::Approved, at, "");
        if self.dice.chance(0.2) {
            let second = self.other(author);
            if second != reviewer {
                at = self.later(at, median * 0.4, 0.8) + Duration::seconds(30);
                self.review(pull, &second, ReviewState::Approved, at, "");
            }
        }
        let merge = self.later(at, 35.0, 1.3) + Duration::seconds(20);
        let opened = self.pulls[pull].created_at;
        if merge - opened > Duration::days(4) && self.dice.chance(0.4) {
            let middle = self.hours.after(opened + (merge - opened) / 2, 1.0);
            if middle < merge {
                self.plan(middle, Event::CatchUp { pull });
            }
        }
        self.plan(merge, Event::Merge { pull });
    }

    /// Someone of the team who is not the author.
    pub(super) fn other(&mut self, author: &Arc<User>) -> Arc<User> {
        let pool = if self.dice.chance(0.07) {
            &self.others
        } else {
            &self.team
        };
        let candidates: Vec<_> = pool.iter().filter(|u| *u != author).cloned().collect();
        self.dice.pick(&candidates).clone()
    }

    /// Puts a review on record.
    pub(super) fn review(
        &mut self,
        pull: usize,
        author: &Arc<User>,
        state: ReviewState,
        at: Time,
        body: &str,
    ) {
        let id = self.wide_id();
        let review = Review {
            id,
            node_id: self.node("PRR", id),
            author: Some(author.clone()),
            state,
            submitted_at: at,
            commit_oid: None,
            body: body.to_owned(),
            raw: None,
        };
        self.pulls[pull].reviews.push(Arc::new(review));
    }

    /// Puts a comment on record.
    pub(super) fn comment(&mut self, pull: usize, author: &Arc<User>, at: Time, body: &str) {
        let id = self.wide_id();
        let comment = Comment {
            id,
            author: Some(author.clone()),
            created_at: at,
            body: body.to_owned(),
        };
        self.pulls[pull].comments.push(Arc::new(comment));
    }

    /// Puts a timeline event on record.
    pub(super) fn event(&mut self, pull: usize, kind: EventKind, at: Time, actor: &Arc<User>) {
        let id = self.id();
        let actor = Some(actor.clone());
        self.pulls[pull].events.push(TimelineEvent {
            id,
            kind,
            at,
            actor,
            subject: Subject::Itself,
        });
    }

    /// Dependabot opens a pull request.
    pub(super) fn open_dependabot(&mut self, at: Time) {
        let bot = self.staff.dependabot();
        let (package, from, to) = words::update(&mut self.dice);
        let title = format!("Bump {package} from {from} to {to}");
        let mut head_ref = format!("dependabot/all/{package}-{to}");
        if self.pulls.iter().any(|p| p.head_ref == head_ref) {
            head_ref = format!("{head_ref}-{}", self.next_number);
        }
        let date = at - Duration::seconds(4);
        let parent = self.main_at(date);
        let author = signed(&bot, date);
        let oid = self.commit(
            vec![parent],
            author,
            web_flow(date),
            title.clone(),
            Vec::new(),
        );
        let pull = self.new_pull(at, title, &bot, head_ref, vec![oid]);
        let request = &mut self.pulls[pull];
        (request.additions, request.deletions, request.changed_files) = (1, 1, 1);
        request.labels.push(Label {
            name: "dependencies".to_owned(),
            at,
        });
        self.branches[pull].style = Style::Squash;
        if self.dice.chance(0.2) {
            let when = at + Duration::days(7);
            self.comment(pull, &bot, when, "Superseded by a newer version.");
            self.event(pull, EventKind::Closed, when + Duration::seconds(2), &bot);
            return;
        }
        let mut when = self.later(at, 400.0, 1.2) + Duration::seconds(60);
        if self.dice.chance(0.7) {
            let human = self.dice.pick(&self.team).clone();
            self.review(pull, &human, ReviewState::Approved, when, "");
            when += self.dice.minutes(1, 30);
        }
        self.plan(when, Event::Merge { pull });
    }
}
