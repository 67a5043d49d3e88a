//! Enumerations and the inputs for ordering.

use crate::memo::Order;
use crate::model;
use crate::view::PullState;
use async_graphql::{Enum, InputObject};

/// Direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum OrderDirection {
    /// Smallest first.
    Asc,
    /// Greatest first.
    Desc,
}

macro_rules! order {
    ($input:ident, $field:ident { $($variant:ident),+ }) => {
        /// What a list can be ordered by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
        #[allow(missing_docs)]
        pub enum $field { $($variant),+ }

        /// The order of a list.
        #[derive(Debug, Clone, Copy, InputObject)]
        pub struct $input {
            /// By what.
            pub field: $field,
            /// In which direction.
            pub direction: OrderDirection,
        }
    };
}

order!(
    IssueOrder,
    IssueOrderField {
        CreatedAt,
        UpdatedAt,
        Comments
    }
);
impl From<IssueOrderField> for Order {
    fn from(field: IssueOrderField) -> Self {
        match field {
            IssueOrderField::CreatedAt => Order::Created,
            IssueOrderField::UpdatedAt => Order::Updated,
            IssueOrderField::Comments => Order::Comments,
        }
    }
}

order!(DeploymentOrder, DeploymentOrderField { CreatedAt });
order!(
    RefOrder,
    RefOrderField {
        TagCommitDate,
        Alphabetical
    }
);
order!(ReleaseOrder, ReleaseOrderField { CreatedAt, Name });
order!(
    RepositoryOrder,
    RepositoryOrderField {
        CreatedAt,
        UpdatedAt,
        PushedAt,
        Name,
        Stargazers
    }
);

/// State of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum PullRequestState {
    /// Open.
    Open,
    /// Closed without merging.
    Closed,
    /// Merged.
    Merged,
}

impl From<PullState> for PullRequestState {
    fn from(state: PullState) -> Self {
        match state {
            PullState::Open => PullRequestState::Open,
            PullState::Closed => PullRequestState::Closed,
            PullState::Merged => PullRequestState::Merged,
        }
    }
}

/// State of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum IssueState {
    /// Open.
    Open,
    /// Closed.
    Closed,
}

impl IssueState {
    /// The state of an issue at a moment.
    pub fn of(issue: &model::Issue, at: model::Time) -> Self {
        match issue.closed_at(at) {
            Some(_) => IssueState::Closed,
            None => IssueState::Open,
        }
    }
}

/// Why an issue has its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum IssueStateReason {
    /// Closed and open again.
    Reopened,
    /// Closed without doing anything.
    NotPlanned,
    /// Closed because it is done.
    Completed,
    /// Another one says the same.
    Duplicate,
}

/// State of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "model::ReviewState")]
pub enum PullRequestReviewState {
    /// Approved.
    Approved,
    /// Changes requested.
    ChangesRequested,
    /// Comment only.
    Commented,
    /// Withdrawn.
    Dismissed,
    /// Not submitted.
    Pending,
}

/// State of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[allow(missing_docs)]
pub enum DeploymentState {
    Abandoned,
    Active,
    Destroyed,
    Error,
    Failure,
    Inactive,
    Pending,
    Success,
    Queued,
    InProgress,
    Waiting,
}

impl From<Option<model::StatusState>> for DeploymentState {
    fn from(state: Option<model::StatusState>) -> Self {
        use model::StatusState as S;
        match state {
            None | Some(S::Pending) => DeploymentState::Pending,
            Some(S::Queued) => DeploymentState::Queued,
            Some(S::InProgress) => DeploymentState::InProgress,
            // A deployment whose newest status is a success is the live one.
            Some(S::Success) => DeploymentState::Active,
            Some(S::Failure) => DeploymentState::Failure,
            Some(S::Error) => DeploymentState::Error,
            Some(S::Inactive) => DeploymentState::Inactive,
        }
    }
}

/// State of a deployment status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[allow(missing_docs)]
pub enum DeploymentStatusState {
    Pending,
    Success,
    Failure,
    Inactive,
    Error,
    Queued,
    InProgress,
    Waiting,
}

impl From<model::StatusState> for DeploymentStatusState {
    fn from(state: model::StatusState) -> Self {
        use model::StatusState as S;
        match state {
            S::Pending => DeploymentStatusState::Pending,
            S::Queued => DeploymentStatusState::Queued,
            S::InProgress => DeploymentStatusState::InProgress,
            S::Success => DeploymentStatusState::Success,
            S::Failure => DeploymentStatusState::Failure,
            S::Error => DeploymentStatusState::Error,
            S::Inactive => DeploymentStatusState::Inactive,
        }
    }
}

/// Kinds of timeline items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[allow(missing_docs)]
#[allow(clippy::enum_variant_names)]
pub enum PullRequestTimelineItemsItemType {
    ReadyForReviewEvent,
    ConvertToDraftEvent,
    ReopenedEvent,
    ClosedEvent,
    MergedEvent,
    ReviewRequestedEvent,
    HeadRefForcePushedEvent,
    LabeledEvent,
    AddedToMergeQueueEvent,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::changed_files::Change")]
pub enum PatchStatus {
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
    /// It is a copy.
    Copied,
    /// It has other lines.
    Modified,
    /// It has another kind.
    Changed,
}
