//! Reviews, comments and labels.

use super::actors::Actor;
use super::connection::connection;
use super::scalars::BigInt;
use super::{DateTime, PullRequestReviewState};
use crate::ids::node_id;
use crate::model;
use async_graphql::{ID, Object};
use std::sync::Arc;

/// A review.
#[derive(Clone)]
pub struct PullRequestReview {
    review: Arc<model::Review>,
}

impl PullRequestReview {
    /// A review.
    pub fn new(review: &Arc<model::Review>) -> Self {
        let review = review.clone();
        PullRequestReview { review }
    }
}

connection!(
    PullRequestReviewConnection,
    PullRequestReviewEdge,
    PullRequestReview
);

#[Object]
impl PullRequestReview {
    async fn id(&self) -> ID {
        ID(self.review.node_id.clone())
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.review.id).ok()
    }

    async fn full_database_id(&self) -> Option<BigInt> {
        Some(BigInt(self.review.id.to_string()))
    }

    async fn state(&self) -> PullRequestReviewState {
        self.review.state.into()
    }

    async fn body(&self) -> &str {
        &self.review.body
    }

    async fn submitted_at(&self) -> Option<DateTime> {
        Some(DateTime(self.review.submitted_at))
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.review.submitted_at)
    }

    async fn author(&self) -> Option<Actor> {
        Actor::of(&self.review.author)
    }
}

/// A comment.
#[derive(Clone)]
pub struct IssueComment {
    repository: u64,
    comment: Arc<model::Comment>,
}

impl IssueComment {
    /// A comment.
    pub fn new(repository: &model::Repository, comment: &Arc<model::Comment>) -> Self {
        IssueComment {
            repository: repository.id,
            comment: comment.clone(),
        }
    }
}

connection!(IssueCommentConnection, IssueCommentEdge, IssueComment);

#[Object]
impl IssueComment {
    async fn id(&self) -> ID {
        ID(node_id("IC", self.repository, self.comment.id))
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.comment.id).ok()
    }

    async fn full_database_id(&self) -> Option<BigInt> {
        Some(BigInt(self.comment.id.to_string()))
    }

    async fn body(&self) -> &str {
        &self.comment.body
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.comment.created_at)
    }

    async fn author(&self) -> Option<Actor> {
        Actor::of(&self.comment.author)
    }
}

/// A label.
#[derive(Clone, Default, async_graphql::SimpleObject)]
pub struct Label {
    name: String,
}

impl Label {
    /// A label.
    pub fn new(label: &model::Label) -> Self {
        let name = label.name.clone();
        Label { name }
    }
}

connection!(LabelConnection, LabelEdge, Label);
