//! Repositories.

use super::commit::Commit;
use super::connection::{Paging, connection, nullable, typed};
use super::delivery::{Deployment, DeploymentConnection, Release, ReleaseConnection};
use super::issue::{Issue, IssueConnection, IssueFilters};
use super::pull_request::{PullRequest, PullRequestConnection};
use super::refs::{self, GitObject, Ref, RefConnection};
use super::{
    DateTime, DeploymentOrder, GitObjectId, IssueOrder, IssueOrderField, IssueState,
    OrderDirection, PullRequestState, RefOrder, ReleaseOrder, ReleaseOrderField, Uri,
};
use crate::ids::{Key, node_id};
use crate::model::{self, Time};
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

/// A repository.
#[derive(Clone)]
pub struct Repository {
    repository: Arc<model::Repository>,
    clock: Time,
    at: Time,
}

connection!(RepositoryConnection, RepositoryEdge, Repository);

impl Repository {
    /// A repository seen from a moment of the clock.
    pub fn new(repository: &Arc<model::Repository>, clock: Time) -> Self {
        let at = repository.seen_at(clock);
        Repository {
            repository: repository.clone(),
            clock,
            at,
        }
    }

    fn commit(&self, commit: &Arc<model::Commit>) -> Commit {
        Commit {
            repository: self.repository.clone(),
            commit: commit.clone(),
            clock: self.clock,
        }
    }
}

#[Object]
impl Repository {
    /// Global id.
    pub async fn id(&self) -> ID {
        ID(node_id("R", 0, self.repository.id))
    }

    async fn database_id(&self) -> Option<i32> {
        Some(self.repository.id as i32)
    }

    async fn name(&self) -> &str {
        self.repository.name()
    }

    async fn name_with_owner(&self) -> &str {
        &self.repository.name_with_owner
    }

    async fn is_archived(&self) -> bool {
        self.repository.is_archived
    }

    async fn is_fork(&self) -> bool {
        false
    }

    async fn is_private(&self) -> bool {
        !self.repository.is_recorded
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.repository.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.repository.pushed_at(self.at))
    }

    async fn pushed_at(&self) -> Option<DateTime> {
        Some(DateTime(self.repository.pushed_at(self.at)))
    }

    async fn url(&self) -> Uri {
        Uri(format!(
            "https://github.com/{}",
            self.repository.name_with_owner
        ))
    }

    async fn default_branch_ref(&self) -> Option<Ref> {
        let head = self.repository.head(self.at)?;
        let name = &self.repository.default_branch;
        Some(Ref::branch(name, self.commit(head)))
    }

    /// A branch or tag by its name; a branch's may come without `refs/heads/`.
    #[graphql(name = "ref")]
    async fn reference(&self, qualified_name: String) -> Option<Ref> {
        Ref::find(&self.repository, &qualified_name, self.clock)
    }

    #[allow(clippy::too_many_arguments)]
    async fn refs(
        &self,
        ctx: &Context<'_>,
        ref_prefix: String,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        query: Option<String>,
        direction: Option<OrderDirection>,
        order_by: Option<RefOrder>,
    ) -> Option<RefConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let order = order_by.unwrap_or_else(|| refs::by_name(direction));
        let (repository, query) = (&self.repository, query.as_deref());
        let page = Ref::page(repository, self.clock, &ref_prefix, query, order, &paging);
        nullable(ctx, page.map(Into::into))
    }

    async fn object(&self, oid: GitObjectId) -> Option<GitObject> {
        let commit = self
            .repository
            .commit(&oid.0)
            .filter(|c| c.pushed_at <= self.at)?;
        Some(GitObject::Commit(self.commit(commit)))
    }

    async fn pull_request(&self, ctx: &Context<'_>, number: i32) -> Option<PullRequest> {
        let found = u64::try_from(number)
            .ok()
            .and_then(|n| self.repository.pull_request(n))
            .filter(|p| p.created_at <= self.at);
        let node = found.map(|p| PullRequest::new(&self.repository, p, self.clock));
        let message = format!("Could not resolve to a PullRequest with the number of {number}.");
        nullable(ctx, node.ok_or_else(|| typed("NOT_FOUND", message)))
    }

    #[allow(clippy::too_many_arguments)]
    async fn pull_requests(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        states: Option<Vec<PullRequestState>>,
        labels: Option<Vec<String>>,
        head_ref_name: Option<String>,
        base_ref_name: Option<String>,
        order_by: Option<IssueOrder>,
    ) -> Result<PullRequestConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let order = order_by.unwrap_or(IssueOrder {
            field: IssueOrderField::CreatedAt,
            direction: OrderDirection::Asc,
        });
        let all = self
            .repository
            .ordered_pull_requests(order.field.into(), self.at);
        let wanted = |p: &model::PullRequest| {
            let state = |s: &Vec<_>| s.contains(&p.state(self.at).into());
            let labelled = |names: &Vec<String>| {
                let mut seen = p.labels.iter().filter(|l| l.at <= self.at);
                seen.any(|l| names.contains(&l.name))
            };
            states.as_ref().is_none_or(state)
                && labels.as_ref().is_none_or(labelled)
                && head_ref_name.as_ref().is_none_or(|n| *n == p.head_ref)
                && base_ref_name.as_ref().is_none_or(|n| *n == p.base_ref)
        };
        let node = |p: &Arc<model::PullRequest>| PullRequest::new(&self.repository, p, self.clock);
        let (name, direction) = ("pullRequests", order.direction);
        let anything = states.is_none() && labels.is_none();
        let page = if anything && head_ref_name.is_none() && base_ref_name.is_none() {
            paging.slice(name, &all, direction, node)?
        } else {
            let some: Vec<_> = all.iter().filter(|(_, _, p)| wanted(p)).cloned().collect();
            paging.slice(name, &some, direction, node)?
        };
        Ok(page.into())
    }

    async fn issue(&self, ctx: &Context<'_>, number: i32) -> Option<Issue> {
        let found = u64::try_from(number)
            .ok()
            .and_then(|n| self.repository.issue(n))
            .filter(|i| i.created_at <= self.at);
        let node = found.map(|i| Issue::new(&self.repository, i, self.clock));
        let message = format!("Could not resolve to an Issue with the number of {number}.");
        nullable(ctx, node.ok_or_else(|| typed("NOT_FOUND", message)))
    }

    #[allow(clippy::too_many_arguments)]
    async fn issues(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter_by: Option<IssueFilters>,
        labels: Option<Vec<String>>,
        states: Option<Vec<IssueState>>,
        order_by: Option<IssueOrder>,
    ) -> Result<IssueConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let order = order_by.unwrap_or(IssueOrder {
            field: IssueOrderField::CreatedAt,
            direction: OrderDirection::Asc,
        });
        let filter = filter_by.unwrap_or_default();
        let (labels, states) = (labels.or(filter.labels), states.or(filter.states));
        let (at, since) = (self.at, filter.since.map(|t| t.0));
        let wanted = |i: &model::Issue| {
            let labelled = |names: &Vec<String>| {
                let mut seen = i.labels.iter().filter(|l| l.at <= at);
                seen.any(|l| names.contains(&l.name))
            };
            states
                .as_ref()
                .is_none_or(|s| s.contains(&IssueState::of(i, at)))
                && labels.as_ref().is_none_or(labelled)
                && since.is_none_or(|s| i.updated_at(at) >= s)
        };
        let all = self.repository.ordered_issues(order.field.into(), at);
        let some: Vec<_> = all.iter().filter(|(_, _, i)| wanted(i)).cloned().collect();
        let node = |i: &Arc<model::Issue>| Issue::new(&self.repository, i, self.clock);
        Ok(paging.slice("issues", &some, order.direction, node)?.into())
    }

    #[allow(clippy::too_many_arguments)]
    async fn deployments(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        environments: Option<Vec<String>>,
        order_by: Option<DeploymentOrder>,
    ) -> Result<DeploymentConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let direction = order_by.map_or(OrderDirection::Asc, |o| o.direction);
        let list = self
            .repository
            .visible_deployments(self.at)
            .filter(|d| {
                environments
                    .as_ref()
                    .is_none_or(|e| e.contains(&d.environment))
            })
            .map(|d| {
                let node = Deployment::new(&self.repository, d, self.clock);
                (d.created_at.into(), d.id, node)
            })
            .collect();
        Ok(paging.page("deployments", list, direction)?.into())
    }

    async fn releases(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        order_by: Option<ReleaseOrder>,
    ) -> Result<ReleaseConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let order = order_by.unwrap_or(ReleaseOrder {
            field: ReleaseOrderField::CreatedAt,
            direction: OrderDirection::Desc,
        });
        let list = self
            .repository
            .visible_releases(self.at)
            .map(|r| {
                let sort = match order.field {
                    ReleaseOrderField::CreatedAt => r.created_at.into(),
                    ReleaseOrderField::Name => Key::Text(r.name.clone()),
                };
                (sort, r.id, Release::new(&self.repository, r, self.clock))
            })
            .collect();
        Ok(paging.page("releases", list, order.direction)?.into())
    }
}
