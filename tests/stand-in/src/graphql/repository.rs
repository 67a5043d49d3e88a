//! Repositories.

use super::commit::{Commit, GitObject, Ref};
use super::connection::{Paging, connection, nullable, typed};
use super::delivery::{Deployment, DeploymentConnection, Release, ReleaseConnection};
use super::pull_request::{PullRequest, PullRequestConnection};
use super::{
    DateTime, DeploymentOrder, GitObjectId, IssueOrder, IssueOrderField, OrderDirection,
    PullRequestState, ReleaseOrder, ReleaseOrderField, Uri, text,
};
use crate::ids::node_id;
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
    async fn id(&self) -> ID {
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
        Some(Ref {
            name: self.repository.default_branch.clone(),
            head: self.commit(head),
        })
    }

    /// A branch by its name, with or without `refs/heads/`.
    #[graphql(name = "ref")]
    async fn reference(&self, qualified_name: String) -> Option<Ref> {
        let name = qualified_name
            .strip_prefix("refs/heads/")
            .unwrap_or(&qualified_name);
        let head = self.repository.branch(name, self.at)?;
        Some(Ref {
            name: name.to_owned(),
            head: self.commit(head),
        })
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
        let list = self
            .repository
            .visible_pull_requests(self.at)
            .filter(|p| {
                states
                    .as_ref()
                    .is_none_or(|s| s.contains(&p.state(self.at).into()))
            })
            .filter(|p| {
                labels.as_ref().is_none_or(|names| {
                    p.labels
                        .iter()
                        .any(|l| l.at <= self.at && names.contains(&l.name))
                })
            })
            .filter(|p| head_ref_name.as_ref().is_none_or(|n| *n == p.head_ref))
            .filter(|p| base_ref_name.as_ref().is_none_or(|n| *n == p.base_ref))
            .map(|p| {
                let sort = match order.field {
                    IssueOrderField::CreatedAt => text(p.created_at),
                    IssueOrderField::UpdatedAt => text(p.updated_at(&self.repository, self.at)),
                    IssueOrderField::Comments => format!("{:08}", p.comments.len()),
                };
                (
                    sort,
                    p.id,
                    PullRequest::new(&self.repository, p, self.clock),
                )
            })
            .collect();
        Ok(paging.page("pullRequests", list, order.direction)?.into())
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
                (text(d.created_at), d.id, node)
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
                    ReleaseOrderField::CreatedAt => text(r.created_at),
                    ReleaseOrderField::Name => r.name.clone(),
                };
                (sort, r.id, Release::new(&self.repository, r, self.clock))
            })
            .collect();
        Ok(paging.page("releases", list, order.direction)?.into())
    }
}
