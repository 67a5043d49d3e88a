//! The timeline of a pull request.

use super::actors::{Actor, RequestedReviewer, User, commit_user};
use super::commit::Commit;
use super::connection::connection;
use super::discussion::Label;
use super::pull_request::PullRequest;
use super::{DateTime, PullRequestTimelineItemsItemType as ItemType};
use crate::ids::{Key, node_id};
use crate::model::{self, EventKind, Subject, Time};
use async_graphql::{ID, Object, Union};
use std::sync::Arc;

/// What all events have in common.
#[derive(Clone)]
pub struct Event {
    repository: Arc<model::Repository>,
    pull: Arc<model::PullRequest>,
    clock: Time,
    id: u64,
    at: Time,
    actor: Option<Arc<model::User>>,
    subject: Subject,
    label: Option<Label>,
}

impl Event {
    fn commit(&self, oid: &str) -> Option<Commit> {
        let commit = self.repository.commit(oid)?.clone();
        Some(Commit {
            repository: self.repository.clone(),
            commit,
            clock: self.clock,
        })
    }
}

macro_rules! event {
    ($name:ident, $prefix:literal { $($more:tt)* }) => {
        /// A timeline event.
        #[derive(Clone)]
        pub struct $name(Event);

        #[Object]
        impl $name {
            async fn id(&self) -> ID {
                ID(node_id($prefix, self.0.repository.id, self.0.id))
            }

            async fn created_at(&self) -> DateTime {
                DateTime(self.0.at)
            }

            async fn actor(&self) -> Option<Actor> {
                Actor::of(&self.0.actor)
            }

            async fn pull_request(&self) -> PullRequest {
                PullRequest::new(&self.0.repository, &self.0.pull, self.0.clock)
            }

            $($more)*
        }
    };
}

event!(ReadyForReviewEvent, "RFRE" {});
event!(ConvertToDraftEvent, "CTDE" {});
event!(ReopenedEvent, "REE" {});
event!(ClosedEvent, "CE" {});
event!(MergedEvent, "ME" {
    async fn commit(&self) -> Option<Commit> {
        self.0.commit(self.0.pull.merge_commit.as_deref()?)
    }

    async fn merge_ref_name(&self) -> &str {
        &self.0.pull.base_ref
    }
});
event!(ReviewRequestedEvent, "RRE" {
    async fn requested_reviewer(&self) -> Option<RequestedReviewer> {
        RequestedReviewer::of(&self.0.subject, self.0.repository.owner())
    }
});
event!(HeadRefForcePushedEvent, "HRFPE" {
    async fn before_commit(&self) -> Option<Commit> {
        match &self.0.subject {
            Subject::Push { before, .. } => self.0.commit(before),
            _ => None,
        }
    }

    async fn after_commit(&self) -> Option<Commit> {
        match &self.0.subject {
            Subject::Push { after, .. } => self.0.commit(after),
            _ => None,
        }
    }
});
event!(LabeledEvent, "LE" {
    async fn label(&self) -> Label {
        self.0.label.clone().unwrap_or_default()
    }
});
event!(AddedToMergeQueueEvent, "ATMQE" {
    async fn enqueuer(&self) -> Option<User> {
        commit_user(&self.0.actor)
    }
});

/// What a timeline consists of.
#[derive(Clone, Union)]
#[graphql(name = "PullRequestTimelineItems")]
// The variants are called as GitHub calls the types.
#[allow(clippy::enum_variant_names)]
pub enum TimelineItem {
    /// Draft no more.
    ReadyForReviewEvent(ReadyForReviewEvent),
    /// Draft again.
    ConvertToDraftEvent(ConvertToDraftEvent),
    /// Open again.
    ReopenedEvent(ReopenedEvent),
    /// Closed.
    ClosedEvent(ClosedEvent),
    /// Merged.
    MergedEvent(MergedEvent),
    /// Someone is asked for a review.
    ReviewRequestedEvent(ReviewRequestedEvent),
    /// The source branch was rewritten.
    HeadRefForcePushedEvent(HeadRefForcePushedEvent),
    /// A label was put on.
    LabeledEvent(LabeledEvent),
    /// Put in the merge queue.
    AddedToMergeQueueEvent(AddedToMergeQueueEvent),
}

connection!(
    PullRequestTimelineItemsConnection,
    PullRequestTimelineItemsEdge,
    TimelineItem
);

fn item(kind: ItemType, event: Event) -> TimelineItem {
    match kind {
        ItemType::ReadyForReviewEvent => {
            TimelineItem::ReadyForReviewEvent(ReadyForReviewEvent(event))
        }
        ItemType::ConvertToDraftEvent => {
            TimelineItem::ConvertToDraftEvent(ConvertToDraftEvent(event))
        }
        ItemType::ReopenedEvent => TimelineItem::ReopenedEvent(ReopenedEvent(event)),
        ItemType::ClosedEvent => TimelineItem::ClosedEvent(ClosedEvent(event)),
        ItemType::MergedEvent => TimelineItem::MergedEvent(MergedEvent(event)),
        ItemType::ReviewRequestedEvent => {
            TimelineItem::ReviewRequestedEvent(ReviewRequestedEvent(event))
        }
        ItemType::HeadRefForcePushedEvent => {
            TimelineItem::HeadRefForcePushedEvent(HeadRefForcePushedEvent(event))
        }
        ItemType::LabeledEvent => TimelineItem::LabeledEvent(LabeledEvent(event)),
        ItemType::AddedToMergeQueueEvent => {
            TimelineItem::AddedToMergeQueueEvent(AddedToMergeQueueEvent(event))
        }
    }
}

/// The events of a pull request up to a moment, of the wanted kinds.
pub fn timeline(
    repository: &Arc<model::Repository>,
    pull: &Arc<model::PullRequest>,
    clock: Time,
    wanted: Option<&[ItemType]>,
) -> Vec<(Key, u64, TimelineItem)> {
    let until = repository.seen_at(clock);
    let mut list = Vec::new();
    let mut add = |kind: ItemType, at: Time, id: u64, rest: Rest<'_>| {
        if at > until || wanted.is_some_and(|w| !w.contains(&kind)) {
            return;
        }
        let event = Event {
            repository: repository.clone(),
            pull: pull.clone(),
            clock,
            id,
            at,
            actor: rest.actor.clone(),
            subject: rest.subject.clone(),
            label: rest.label.map(Label::new),
        };
        list.push((at.into(), id, item(kind, event)));
    };
    for event in &pull.events {
        let kind = match event.kind {
            EventKind::ReadyForReview => ItemType::ReadyForReviewEvent,
            EventKind::ConvertToDraft => ItemType::ConvertToDraftEvent,
            EventKind::Closed => ItemType::ClosedEvent,
            EventKind::Reopened => ItemType::ReopenedEvent,
            EventKind::ReviewRequested => ItemType::ReviewRequestedEvent,
            EventKind::HeadRefForcePushed => ItemType::HeadRefForcePushedEvent,
            EventKind::AddedToMergeQueue => ItemType::AddedToMergeQueueEvent,
        };
        let (actor, subject) = (&event.actor, &event.subject);
        let label = None;
        let rest = Rest {
            actor,
            subject,
            label,
        };
        add(kind, event.at, event.id, rest);
    }
    // When a recorded label was put on is not known.
    let labels = pull.labels.iter().filter(|_| !repository.is_recorded);
    for (label, i) in labels.zip(0..) {
        let rest = Rest {
            actor: &pull.author,
            subject: &Subject::Itself,
            label: Some(label),
        };
        add(ItemType::LabeledEvent, label.at, pull.id * 4 + i, rest);
    }
    if let Some(merged) = pull.merged_at {
        let rest = Rest {
            actor: &pull.merged_by,
            subject: &Subject::Itself,
            label: None,
        };
        add(ItemType::MergedEvent, merged, pull.id + 1, rest);
        // A merge closes the pull request as well.
        add(ItemType::ClosedEvent, merged, pull.id + 2, rest);
    }
    list
}

/// What an event has beside its kind, time and id.
#[derive(Clone, Copy)]
struct Rest<'a> {
    actor: &'a Option<Arc<model::User>>,
    subject: &'a Subject,
    label: Option<&'a model::Label>,
}
