//! What else happens to a pull request: reviews are requested, branches are rewritten,
//! merges wait in a queue.
//!
//! All of this is added when the simulation is over, with dice of its own for every pull
//! request, so that it disturbs nothing. Its moments are those of other events.

use super::dice::Dice;
use super::simulation::{Simulation, hex};
use crate::model::{Commit, EventKind, PullRequest, Subject, Time, TimelineEvent};
use chrono::Duration;

/// Most requests of one pull request.
const REQUESTS: usize = 4;

impl Simulation<'_> {
    /// Completes the timelines.
    pub(super) fn complete_timelines(&mut self) {
        for i in 0..self.pulls.len() {
            let name = format!("{}/timeline/{}", self.full_name, self.pulls[i].number);
            let mut dice = Dice::new(self.seed, &name);
            let mut events = self.requests(&mut dice, i);
            events.extend(self.rewritten(&mut dice, i));
            events.extend(self.queued(&mut dice, i));
            // Ids beside those that the simulation gave away.
            for (event, k) in events.iter_mut().zip(16..) {
                event.id = self.pulls[i].id * 4 + k;
            }
            self.pulls[i].events.extend(events);
        }
    }

    /// The people who will review are asked when it becomes ready; now and then a whole team.
    fn requests(&self, dice: &mut Dice, pull: usize) -> Vec<TimelineEvent> {
        let pull = &self.pulls[pull];
        let mut asked = Vec::new();
        let mut events = Vec::new();
        for review in &pull.reviews {
            let Some(reviewer) = &review.author else {
                continue;
            };
            if asked.contains(&reviewer.id) || asked.len() == REQUESTS {
                continue;
            }
            asked.push(reviewer.id);
            // Not everybody waits to be asked.
            if !dice.chance(0.8) {
                continue;
            }
            let before = ready_before(pull, review.submitted_at);
            let at = (before + Duration::seconds(20)).min(review.submitted_at);
            let subject = if !reviewer.is_bot && dice.chance(0.12) {
                Subject::Team(self.habit.team.to_owned())
            } else {
                Subject::User(reviewer.clone())
            };
            events.push(event(pull, EventKind::ReviewRequested, at, subject));
        }
        events
    }

    /// Some pushes after the opening replace what was there.
    fn rewritten(&mut self, dice: &mut Dice, pull: usize) -> Option<TimelineEvent> {
        if !dice.chance(0.2) {
            return None;
        }
        let after = {
            let request = &self.pulls[pull];
            let later = request.commits.iter().filter_map(|oid| self.index.get(oid));
            let mut later = later.map(|&i| &self.commits[i]);
            later
                .find(|c| c.pushed_at > request.created_at && c.parents.len() == 1)?
                .clone()
        };
        let parent = &self.commits[*self.index.get(&after.parents[0])?];
        let earlier = after.committer.date - Duration::minutes(10);
        let date = earlier.max(parent.committer.date);
        let oid = hex(&format!("rewritten {}", after.oid));
        let mut before = Commit {
            oid: oid.clone(),
            pushed_at: date,
            pull_requests: Vec::new(),
            ..after.clone()
        };
        (before.author.date, before.committer.date) = (date, date);
        self.index.insert(oid.clone(), self.commits.len());
        self.commits.push(before);
        let subject = Subject::Push {
            before: oid,
            after: after.oid,
        };
        let (kind, at) = (EventKind::HeadRefForcePushed, after.pushed_at);
        Some(event(&self.pulls[pull], kind, at, subject))
    }

    /// One repository merges through a queue.
    fn queued(&self, dice: &mut Dice, pull: usize) -> Option<TimelineEvent> {
        let pull = &self.pulls[pull];
        let merged = pull.merged_at?;
        if !self.habit.merge_queue || !dice.chance(0.8) {
            return None;
        }
        let at = (merged - dice.minutes(2, 9)).max(pull.created_at);
        let kind = EventKind::AddedToMergeQueue;
        let mut event = event(pull, kind, at, Subject::Itself);
        event.actor = pull.merged_by.clone();
        Some(event)
    }
}

/// When it last became ready before a moment.
fn ready_before(pull: &PullRequest, at: Time) -> Time {
    pull.events
        .iter()
        .filter(|e| e.kind == EventKind::ReadyForReview && e.at <= at)
        .map(|e| e.at)
        .fold(pull.created_at, Time::max)
}

fn event(pull: &PullRequest, kind: EventKind, at: Time, subject: Subject) -> TimelineEvent {
    TimelineEvent {
        id: 0,
        kind,
        at,
        actor: pull.author.clone(),
        subject,
    }
}
