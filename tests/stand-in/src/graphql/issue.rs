//! Issues.

use super::actors::{Actor, UserConnection, users};
use super::connection::{Paging, connection, nullable};
use super::discussion::{Label, LabelConnection};
use super::repository::Repository;
use super::scalars::BigInt;
use super::{DateTime, IssueState, IssueStateReason, OrderDirection, Uri};
use crate::ids::Key;
use crate::model::{self, Time};
use async_graphql::{Context, ID, InputObject, Object, Result};
use std::sync::Arc;

/// An issue.
#[derive(Clone)]
pub struct Issue {
    repository: Arc<model::Repository>,
    issue: Arc<model::Issue>,
    clock: Time,
    at: Time,
}

connection!(IssueConnection, IssueEdge, Issue);

/// Which issues of a list.
#[derive(Debug, Clone, Default, InputObject)]
pub struct IssueFilters {
    /// With one of these labels.
    pub labels: Option<Vec<String>>,
    /// Updated at or after this moment.
    pub since: Option<DateTime>,
    /// In one of these states.
    pub states: Option<Vec<IssueState>>,
}

impl Issue {
    /// An issue seen from a moment of the clock.
    pub fn new(
        repository: &Arc<model::Repository>,
        issue: &Arc<model::Issue>,
        clock: Time,
    ) -> Self {
        let at = repository.seen_at(clock);
        Issue {
            repository: repository.clone(),
            issue: issue.clone(),
            clock,
            at,
        }
    }
}

#[Object]
impl Issue {
    /// Global id.
    pub async fn id(&self) -> ID {
        ID(self.issue.node_id(&self.repository))
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.issue.id).ok()
    }

    async fn full_database_id(&self) -> Option<BigInt> {
        Some(BigInt(self.issue.id.to_string()))
    }

    async fn number(&self) -> i32 {
        self.issue.number as i32
    }

    async fn title(&self) -> &str {
        &self.issue.title
    }

    async fn body(&self) -> &str {
        &self.issue.body
    }

    async fn url(&self) -> Uri {
        let (name, number) = (&self.repository.name_with_owner, self.issue.number);
        Uri(format!("https://github.com/{name}/issues/{number}"))
    }

    async fn state(&self) -> IssueState {
        IssueState::of(&self.issue, self.at)
    }

    async fn state_reason(&self) -> Option<IssueStateReason> {
        let closed = self.issue.closed_at(self.at);
        closed.map(|_| IssueStateReason::Completed)
    }

    async fn closed(&self) -> bool {
        self.issue.closed_at(self.at).is_some()
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.issue.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.issue.updated_at(self.at))
    }

    async fn closed_at(&self) -> Option<DateTime> {
        self.issue.closed_at(self.at).map(DateTime)
    }

    async fn author(&self) -> Option<Actor> {
        Actor::of(&self.issue.author)
    }

    async fn repository(&self) -> Repository {
        Repository::new(&self.repository, self.clock)
    }

    async fn labels(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Option<LabelConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let seen = self.issue.labels.iter().filter(|l| l.at <= self.at);
        let list = seen
            .zip(0..)
            .map(|(l, i)| (Key::Position, i, Label::new(l)))
            .collect();
        let page = paging.page("labels", list, OrderDirection::Asc);
        nullable(ctx, page.map(Into::into))
    }

    async fn assignees(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<UserConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        users(&paging, "assignees", &self.issue.assignees)
    }
}
