//! One repository's life as a queue of events in the order of time.
//!
//! Everything that touches the commit graph happens in an event, so that a commit's
//! parent is what the branch really was at that moment, and chance is used up in the
//! order of events only.

use super::dice::{Dice, Hours};
use super::habits::{Habit, Staff, Style, hours};
use crate::ids::node_id;
use crate::model::{
    Commit, Deployment, Issue, PullRequest, Release, Repository, Signature, Time, User,
};
use chrono::{Datelike, Duration};
use sha1::{Digest, Sha1};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;

/// Why something is deployed.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// As usual.
    Regular,
    /// The same commit again.
    Again,
    /// To recover from an incident (position in the issues).
    Recovery(usize),
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Event {
    /// A day begins.
    Day,
    /// Someone opens a pull request.
    Open,
    /// Dependabot opens one.
    Dependabot,
    /// More work on a pull request.
    Push { pull: usize, message: &'static str },
    /// The default branch is merged into a pull request's branch.
    CatchUp { pull: usize },
    /// A pull request is merged.
    Merge { pull: usize },
    /// A commit without a pull request.
    Direct,
    /// The head of the default branch goes out.
    Deploy { cause: Cause },
    /// A commit goes to production.
    Production {
        oid: String,
        ref_name: String,
        cause: Cause,
    },
    /// A deployment ends.
    Deployed {
        deployment: usize,
        cause: Cause,
        success: bool,
    },
    /// Something breaks after a deployment or release of this commit.
    Incident { oid: Option<String> },
    /// A hotfix is written for an incident.
    Hotfix { issue: usize, oid: String },
    /// A pull request is reverted.
    Revert {
        issue: Option<usize>,
        pull: usize,
        reapply: bool,
    },
    /// A release is due.
    Release { patch: bool },
}

/// Builder of a pull request, beside the model's part.
#[derive(Debug)]
pub struct Branch {
    /// Newest commit.
    pub tip: String,
    /// How it will be merged.
    pub style: Style,
    /// The incident that it repairs.
    pub repairs: Option<usize>,
}

/// The state of one repository.
pub struct Simulation<'a> {
    pub(super) habit: &'a Habit,
    pub(super) staff: &'a Staff,
    pub(super) hours: Hours,
    pub(super) team: Vec<Arc<User>>,
    pub(super) others: Vec<Arc<User>>,
    pub(super) dice: Dice,
    pub(super) seed: u64,
    pub(super) id: u64,
    pub(super) full_name: String,
    pub(super) start: Time,
    pub(super) until: Time,
    queue: BTreeMap<(Time, u64), Event>,
    sequence: u64,
    next_id: u64,
    pub(super) next_number: u64,
    pub(super) commits: Vec<Commit>,
    pub(super) index: HashMap<String, usize>,
    pub(super) main: Vec<(Time, String)>,
    pub(super) pulls: Vec<PullRequest>,
    pub(super) branches: Vec<Branch>,
    pub(super) deployments: Vec<Deployment>,
    pub(super) releases: Vec<Release>,
    pub(super) issues: Vec<Issue>,
    /// Successful deployment that is live in each environment.
    pub(super) live: HashMap<String, usize>,
    /// Commits that were live in production, oldest first.
    pub(super) shipped: Vec<String>,
    /// A regular deployment is already planned.
    pub(super) planned: bool,
    /// The pull request without which nothing regular goes out.
    pub(super) frozen_by: Option<usize>,
    pub(super) minor: u64,
    pub(super) patch: u64,
}

impl<'a> Simulation<'a> {
    /// An empty repository.
    pub fn new(
        habit: &'a Habit,
        staff: &'a Staff,
        seed: u64,
        position: u64,
        login: &str,
        (start, until): (Time, Time),
    ) -> Self {
        let full_name = format!("{login}/{}", habit.name);
        Simulation {
            habit,
            staff,
            hours: hours(habit.team),
            team: staff.team(habit.team),
            others: staff.others(habit.team),
            dice: Dice::new(seed, &full_name),
            seed,
            id: 610_000_000 + 7_919 * (position + 1) + seed % 1_000,
            full_name,
            start,
            until,
            queue: BTreeMap::new(),
            sequence: 0,
            next_id: 900_000_000 + 10_000_000 * position,
            next_number: 1,
            commits: Vec::new(),
            index: HashMap::new(),
            main: Vec::new(),
            pulls: Vec::new(),
            branches: Vec::new(),
            deployments: Vec::new(),
            releases: Vec::new(),
            issues: Vec::new(),
            live: HashMap::new(),
            shipped: Vec::new(),
            planned: false,
            frozen_by: None,
            minor: 40,
            patch: 0,
        }
    }

    /// Lives through all days and hands over the result.
    pub fn run(mut self) -> Repository {
        let created_at = self.beginnings();
        self.plan(self.start, Event::Day);
        let end = match self.habit.archived_after {
            Some(share) => {
                let days = (self.until - self.start).num_days() as f64 * share;
                self.start + Duration::days(days as i64)
            }
            None => self.until,
        };
        while let Some(((at, _), event)) = self.queue.pop_first() {
            if at > end {
                break;
            }
            self.happen(at, event);
        }
        super::finish::finish(self, created_at, end)
    }

    fn happen(&mut self, at: Time, event: Event) {
        match event {
            Event::Day => self.day(at),
            Event::Open => self.open(at),
            Event::Dependabot => self.open_dependabot(at),
            Event::Push { pull, message } => self.push(at, pull, message),
            Event::CatchUp { pull } => self.catch_up(at, pull),
            Event::Merge { pull } => self.merge(at, pull),
            Event::Direct => self.direct(at),
            Event::Deploy { cause } => self.deploy(at, cause),
            Event::Production {
                oid,
                ref_name,
                cause,
            } => {
                self.production(at, oid, ref_name, cause);
            }
            Event::Deployed {
                deployment,
                cause,
                success,
            } => {
                self.deployed(at, deployment, cause, success);
            }
            Event::Incident { oid } => self.incident(at, oid),
            Event::Hotfix { issue, oid } => self.hotfix(at, issue, oid),
            Event::Revert {
                issue,
                pull,
                reapply,
            } => self.revert(at, issue, pull, reapply),
            Event::Release { patch } => self.release(at, patch),
        }
    }

    /// The commits from before the first day.
    fn beginnings(&mut self) -> Time {
        let created_at = self.hours.after(self.start - Duration::days(640), 75.0);
        let titles = [
            "Initial commit",
            "Set up the build",
            "First version",
            "Add tests",
        ];
        for (i, title) in titles.iter().enumerate() {
            let at = self.hours.after(created_at, 300.0 * i as f64);
            let author = self.team[i % 2].clone();
            self.commit_on_main(at, &author, (*title).to_owned());
        }
        created_at
    }

    /// Plans what arrives on one day.
    fn day(&mut self, midnight: Time) {
        let weekday = i64::from(midnight.weekday().num_days_from_monday());
        let quiet = if weekday >= 5 { 0.05 } else { 1.0 };
        let pulls = self.dice.poisson(self.habit.pulls_per_day * quiet);
        let direct = self.dice.poisson(self.habit.direct_per_day * quiet);
        for _ in 0..pulls {
            let at = self.moment_of(midnight);
            self.plan(at, Event::Open);
        }
        for _ in 0..direct {
            let at = self.moment_of(midnight);
            self.plan(at, Event::Direct);
        }
        if self.habit.dependabot {
            let count = match weekday {
                0 => self.dice.range(2, 5),
                1..=4 => i64::from(self.dice.chance(0.15)),
                _ => 0,
            };
            for i in 0..count {
                let at = midnight + Duration::seconds(5 * 3_600 + 420 + 11 * i);
                self.plan(at, Event::Dependabot);
            }
        }
        self.plan_delivery(midnight, weekday);
        self.plan(midnight + Duration::days(1), Event::Day);
    }

    /// A moment of the working day, most likely around its middle.
    fn moment_of(&mut self, midnight: Time) -> Time {
        let minute = (self.dice.range(0, 539) + self.dice.range(0, 539)) / 2;
        let second = self.dice.range(0, 59);
        self.hours.at(midnight, 9, minute) + Duration::seconds(second)
    }

    /// Puts an event in the queue.
    pub(super) fn plan(&mut self, at: Time, event: Event) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), event);
    }

    /// An id that was not used before.
    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 7;
        self.next_id
    }

    /// An id that does not fit into GraphQL's integers, as those of reviews and comments no
    /// longer do.
    pub(super) fn wide_id(&mut self) -> u64 {
        2_200_000_000 + self.id()
    }

    /// The next number of a pull request or issue.
    pub(super) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }

    /// A node id of this repository.
    pub(super) fn node(&self, prefix: &str, id: u64) -> String {
        node_id(prefix, self.id, id)
    }

    /// Head of the default branch at a moment of the past.
    pub(super) fn main_at(&self, at: Time) -> String {
        let end = self.main.partition_point(|(t, _)| *t <= at).max(1);
        self.main[end - 1].1.clone()
    }

    /// Head of the default branch.
    pub(super) fn head(&self) -> String {
        self.main[self.main.len() - 1].1.clone()
    }

    /// Makes a commit that is on no branch yet.
    pub(super) fn commit(
        &mut self,
        parents: Vec<String>,
        author: Signature,
        committer: Signature,
        message: String,
        pull_requests: Vec<u64>,
    ) -> String {
        let content = format!(
            "{}\n{}\n{}\n{}\n{message}\n{}",
            self.full_name,
            parents.join(" "),
            author.date,
            committer.date,
            self.commits.len()
        );
        // The seed is in the dice, not in the text: mix a roll into the hash.
        let salt = self.dice.range(0, i64::MAX);
        let oid = hex(&format!("{content}{salt}"));
        self.index.insert(oid.clone(), self.commits.len());
        self.commits.push(Commit {
            oid: oid.clone(),
            parents,
            pushed_at: committer.date,
            author,
            committer,
            message,
            pull_requests,
            raw: None,
        });
        oid
    }

    /// A commit straight on the default branch.
    pub(super) fn commit_on_main(&mut self, at: Time, author: &Arc<User>, message: String) {
        let parents = self.main.last().map(|(_, oid)| oid.clone());
        let signature = self.signature(author, at);
        let oid = self.commit(
            parents.into_iter().collect(),
            signature.clone(),
            signature,
            message,
            Vec::new(),
        );
        self.main.push((at, oid));
    }

    fn direct(&mut self, at: Time) {
        let author = self.dice.pick(&self.team).clone();
        let messages = [
            "Fix a typo",
            "Update the changelog",
            "Bump the version",
            "Raise a timeout",
            "Ignore a flaky test",
        ];
        let message = (*self.dice.pick(&messages)).to_owned();
        self.commit_on_main(at, &author, message);
        self.after_main_moved(at);
    }

    /// A person's signature; once in a while from a machine that GitHub does not know.
    pub(super) fn signature(&mut self, user: &Arc<User>, date: Time) -> Signature {
        if !user.is_bot && self.dice.chance(0.02) {
            let first = user.login.split('-').next().unwrap_or_default();
            return Signature {
                name: first.to_owned(),
                email: format!("{first}@laptop.local"),
                date,
                user: None,
            };
        }
        signed(user, date)
    }

    /// A delay in working time around a median, seldom in the evening or at weekends.
    pub(super) fn later(&mut self, from: Time, median: f64, sigma: f64) -> Time {
        let minutes = self.dice.lognormal(median, sigma).min(30_000.0);
        if self.dice.chance(0.03) {
            from + Duration::seconds((minutes * 60.0) as i64)
        } else {
            self.hours.after(from, minutes)
        }
    }
}

/// An object id for a text.
pub fn hex(text: &str) -> String {
    let mut oid = String::with_capacity(40);
    for byte in Sha1::digest(text) {
        let _ = write!(oid, "{byte:02x}");
    }
    oid
}

/// A signature of an account.
pub fn signed(user: &Arc<User>, date: Time) -> Signature {
    Signature {
        name: user.name.clone(),
        email: user.email.clone(),
        date,
        user: Some(user.clone()),
    }
}

/// The committer of what is merged on the web site.
pub fn web_flow(date: Time) -> Signature {
    Signature {
        name: "GitHub".to_owned(),
        email: "noreply@github.com".to_owned(),
        date,
        user: None,
    }
}
