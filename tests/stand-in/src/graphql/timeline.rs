//! The timeline of a pull request.

use super::actors::Actor;
use super::connection::connection;
use super::{DateTime, PullRequestTimelineItemsItemType as ItemType};
use crate::ids::node_id;
use crate::model::{self, Time};
use async_graphql::{ID, Object, Union};
use std::sync::Arc;

/// What all events have in common.
#[derive(Clone)]
pub struct Event {
    /// Kind.
    pub kind: ItemType,
    /// Repository's id.
    pub repository: u64,
    /// Id.
    pub id: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub actor: Option<Arc<model::User>>,
}

impl Event {
    /// The item of its kind.
    pub fn item(self) -> TimelineItem {
        match self.kind {
            ItemType::ReadyForReviewEvent => {
                TimelineItem::ReadyForReviewEvent(ReadyForReviewEvent(self))
            }
            ItemType::ConvertToDraftEvent => {
                TimelineItem::ConvertToDraftEvent(ConvertToDraftEvent(self))
            }
            ItemType::ReopenedEvent => TimelineItem::ReopenedEvent(ReopenedEvent(self)),
            ItemType::ClosedEvent => TimelineItem::ClosedEvent(ClosedEvent(self)),
            ItemType::MergedEvent => TimelineItem::MergedEvent(MergedEvent(self)),
        }
    }
}

macro_rules! event {
    ($name:ident, $prefix:literal) => {
        /// A timeline event.
        #[derive(Clone)]
        pub struct $name(Event);

        #[Object]
        impl $name {
            async fn id(&self) -> ID {
                ID(node_id($prefix, self.0.repository, self.0.id))
            }

            async fn created_at(&self) -> DateTime {
                DateTime(self.0.at)
            }

            async fn actor(&self) -> Option<Actor> {
                Actor::of(&self.0.actor)
            }
        }
    };
}

event!(ReadyForReviewEvent, "RFRE");
event!(ConvertToDraftEvent, "CTDE");
event!(ReopenedEvent, "REE");
event!(ClosedEvent, "CE");
event!(MergedEvent, "ME");

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
}

connection!(
    PullRequestTimelineItemsConnection,
    PullRequestTimelineItemsEdge,
    TimelineItem
);
