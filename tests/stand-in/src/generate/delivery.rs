//! Deployments and releases.

use super::habits::Delivery;
use super::simulation::{Cause, Event, Simulation};
use crate::model::{Deployment, DeploymentStatus, Release, StatusState, Time};
use chrono::Duration;

impl Simulation<'_> {
    /// Plans the deliveries of one day.
    pub(super) fn plan_delivery(&mut self, midnight: Time, weekday: i64) {
        if weekday >= 5 {
            return;
        }
        match self.habit.delivery {
            Delivery::Slots(slots) => {
                for hour in slots {
                    let at = self.hours.at(midnight, *hour, 0) + self.dice.minutes(0, 40);
                    let again = self.dice.chance(0.02);
                    let cause = if again { Cause::Again } else { Cause::Regular };
                    self.plan(at, Event::Deploy { cause });
                }
            }
            Delivery::Releases(day) if day == weekday => {
                let at = self.hours.at(midnight, 10, 0) + self.dice.minutes(0, 90);
                self.plan(at, Event::Release { patch: false });
            }
            Delivery::Continuous if self.dice.chance(0.03) => {
                let at = self.hours.at(midnight, 12, 0) + self.dice.minutes(0, 60);
                self.plan(
                    at,
                    Event::Deploy {
                        cause: Cause::Again,
                    },
                );
            }
            _ => {}
        }
    }

    /// The default branch has a new head.
    pub(super) fn after_main_moved(&mut self, at: Time) {
        if self.habit.delivery == Delivery::Continuous && !self.planned {
            self.planned = true;
            let when = at + self.dice.minutes(8, 20);
            self.plan(
                when,
                Event::Deploy {
                    cause: Cause::Regular,
                },
            );
        }
    }

    /// The head of the default branch goes out, over staging where there is one.
    pub(super) fn deploy(&mut self, at: Time, cause: Cause) {
        if cause == Cause::Regular {
            self.planned = false;
            if self.frozen_by.is_some() {
                return;
            }
        }
        let live = self.shipped.last().cloned();
        let oid = match (&cause, live) {
            (Cause::Again, Some(oid)) => oid,
            (Cause::Again, None) => return,
            (Cause::Regular, Some(oid)) if oid == self.head() => return,
            _ => self.head(),
        };
        let mut when = at;
        if self.habit.staging && !matches!(cause, Cause::Again) {
            let staging = self.new_deployment(at, "staging", &oid, "main");
            let done = at + self.dice.minutes(2, 7);
            let success = self.dice.chance(0.97);
            let cause = cause.clone();
            self.plan(
                done,
                Event::Deployed {
                    deployment: staging,
                    cause,
                    success,
                },
            );
            if !success {
                return;
            }
            when = done + self.dice.minutes(4, 25);
        }
        let ref_name = self.ref_of(&oid);
        self.plan(
            when,
            Event::Production {
                oid,
                ref_name,
                cause,
            },
        );
    }

    /// The branch from which a commit was deployed before: a hotfix keeps its own.
    pub(super) fn ref_of(&self, oid: &str) -> String {
        let before = self.deployments.iter().rfind(|d| d.oid == oid);
        before.map_or_else(|| "main".to_owned(), |d| d.ref_name.clone())
    }

    fn new_deployment(&mut self, at: Time, environment: &str, oid: &str, name: &str) -> usize {
        let id = self.id();
        let creator = self.staff.actions();
        self.deployments.push(Deployment {
            id,
            environment: environment.to_owned(),
            oid: oid.to_owned(),
            ref_name: name.to_owned(),
            created_at: at,
            creator,
            statuses: Vec::new(),
        });
        let deployment = self.deployments.len() - 1;
        let seconds = Duration::seconds(self.dice.range(5, 40));
        self.status(deployment, StatusState::InProgress, at + seconds);
        deployment
    }

    fn status(&mut self, deployment: usize, state: StatusState, at: Time) {
        let id = self.id();
        let status = DeploymentStatus {
            id,
            state,
            created_at: at,
        };
        self.deployments[deployment].statuses.push(status);
    }

    /// A production deployment begins.
    pub(super) fn production(&mut self, at: Time, oid: String, ref_name: String, cause: Cause) {
        let deployment = self.new_deployment(at, "production", &oid, &ref_name);
        let done = at + self.dice.minutes(3, 12);
        let failing = match cause {
            Cause::Recovery(_) => 0.02,
            _ => self.habit.failures,
        };
        let success = !self.dice.chance(failing);
        if !success && (self.dice.chance(0.7) || cause != Cause::Regular) {
            let when = done + self.dice.minutes(15, 70);
            let cause = cause.clone();
            self.plan(
                when,
                Event::Production {
                    oid,
                    ref_name,
                    cause,
                },
            );
        }
        self.plan(
            done,
            Event::Deployed {
                deployment,
                cause,
                success,
            },
        );
    }

    /// A deployment ends.
    pub(super) fn deployed(&mut self, at: Time, deployment: usize, cause: Cause, success: bool) {
        if !success {
            let state = if self.dice.chance(0.1) {
                StatusState::Error
            } else {
                StatusState::Failure
            };
            self.status(deployment, state, at);
            return;
        }
        self.status(deployment, StatusState::Success, at);
        let environment = self.deployments[deployment].environment.clone();
        let oid = self.deployments[deployment].oid.clone();
        if let Some(before) = self.live.insert(environment.clone(), deployment) {
            self.status(before, StatusState::Inactive, at + Duration::seconds(1));
        }
        if environment != "production" {
            return;
        }
        let fresh = !self.shipped.contains(&oid);
        self.shipped.push(oid.clone());
        match cause {
            // Some incidents stay open: nobody thinks of closing them.
            Cause::Recovery(issue) if !self.dice.chance(0.04) => {
                let closed = at + self.some_minutes(45.0, 2_000.0);
                self.issues[issue].closed_at.get_or_insert(closed);
            }
            Cause::Regular
                if fresh && self.shipped.len() > 2 && self.dice.chance(self.habit.incidents) =>
            {
                let when = at + self.some_minutes(35.0, 600.0);
                self.plan(when, Event::Incident { oid: Some(oid) });
            }
            _ => {}
        }
    }

    fn some_minutes(&mut self, median: f64, most: f64) -> Duration {
        let minutes = self.dice.lognormal(median, 0.95).min(most);
        Duration::seconds((minutes * 60.0) as i64)
    }

    /// A release of the default branch's head.
    pub(super) fn release(&mut self, at: Time, patch: bool) {
        let oid = self.head();
        if self.releases.last().is_some_and(|r| r.oid == oid) {
            return;
        }
        if !patch && self.minor.is_multiple_of(4) && self.patch == 0 {
            // A candidate a little earlier.
            let earlier = self.hours.before(at, 900.0);
            let candidate = self.main_at(earlier);
            if self
                .releases
                .last()
                .is_none_or(|r| r.published_at < earlier)
            {
                let tag = format!("v1.{}.0-rc.1", self.minor + 1);
                self.publish(earlier, tag, candidate, true);
            }
        }
        if patch {
            self.patch += 1;
        } else {
            self.minor += 1;
            self.patch = 0;
        }
        let tag = format!("v1.{}.{}", self.minor, self.patch);
        self.publish(at, tag, oid.clone(), false);
        if !patch && self.dice.chance(self.habit.incidents) {
            let when = self.later(at, 200.0, 0.8) + Duration::minutes(5);
            self.plan(when, Event::Incident { oid: Some(oid) });
        }
    }

    fn publish(&mut self, at: Time, tag: String, oid: String, is_prerelease: bool) {
        let id = self.id();
        let created_at = self
            .index
            .get(&oid)
            .map_or(at, |&i| self.commits[i].committer.date);
        let author = Some(self.dice.pick(&self.team).clone());
        self.releases.push(Release {
            id,
            node_id: self.node("RE", id),
            name: tag.clone(),
            tag,
            is_prerelease,
            created_at,
            published_at: at,
            oid,
            author,
            raw: None,
        });
    }
}
