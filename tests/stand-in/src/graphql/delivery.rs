//! Deployments and releases.

use super::actors::Actor;
use super::commit::Commit;
use super::connection::{Paging, connection, nullable};
use super::refs::Ref;
use super::repository::Repository;
use super::{DateTime, DeploymentState, DeploymentStatusState, OrderDirection, Uri};
use crate::ids::node_id;
use crate::model::{self, Time};
use async_graphql::{Context, ID, Object};
use std::sync::Arc;

/// A deployment.
#[derive(Clone)]
pub struct Deployment {
    repository: Arc<model::Repository>,
    deployment: Arc<model::Deployment>,
    clock: Time,
    at: Time,
}

connection!(DeploymentConnection, DeploymentEdge, Deployment);

impl Deployment {
    /// A deployment seen from a moment of the clock.
    pub fn new(
        repository: &Arc<model::Repository>,
        deployment: &Arc<model::Deployment>,
        clock: Time,
    ) -> Self {
        let at = repository.seen_at(clock);
        Deployment {
            repository: repository.clone(),
            deployment: deployment.clone(),
            clock,
            at,
        }
    }

    fn status(&self, status: &model::DeploymentStatus) -> DeploymentStatus {
        DeploymentStatus {
            repository: self.repository.id,
            status: status.clone(),
            creator: self.deployment.creator.clone(),
        }
    }
}

#[Object]
impl Deployment {
    /// Global id.
    pub async fn id(&self) -> ID {
        ID(node_id("DE", self.repository.id, self.deployment.id))
    }

    async fn database_id(&self) -> Option<i32> {
        Some(self.deployment.id as i32)
    }

    async fn environment(&self) -> Option<&str> {
        Some(&self.deployment.environment)
    }

    async fn original_environment(&self) -> Option<&str> {
        Some(&self.deployment.environment)
    }

    async fn state(&self) -> Option<DeploymentState> {
        Some(self.deployment.state(self.at).into())
    }

    async fn task(&self) -> Option<&str> {
        Some("deploy")
    }

    async fn payload(&self) -> Option<String> {
        Some(self.deployment.payload().to_string())
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.deployment.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.deployment.updated_at(self.at))
    }

    async fn commit_oid(&self) -> &str {
        &self.deployment.oid
    }

    async fn creator(&self) -> Option<Actor> {
        Actor::of(&Some(self.deployment.creator.clone()))
    }

    async fn repository(&self) -> Repository {
        Repository::new(&self.repository, self.clock)
    }

    /// The deployed branch, as long as it exists.
    #[graphql(name = "ref")]
    async fn reference(&self) -> Option<Ref> {
        Ref::find(&self.repository, &self.deployment.ref_name, self.clock)
    }

    async fn commit(&self) -> Option<Commit> {
        let commit = self.repository.commit(&self.deployment.oid)?.clone();
        Some(Commit {
            repository: self.repository.clone(),
            commit,
            clock: self.clock,
        })
    }

    async fn latest_status(&self) -> Option<DeploymentStatus> {
        let mut visible = self.deployment.statuses.iter();
        visible
            .rfind(|s| s.created_at <= self.at)
            .map(|s| self.status(s))
    }

    /// Statuses, newest first.
    async fn statuses(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Option<DeploymentStatusConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let list = self
            .deployment
            .statuses
            .iter()
            .filter(|s| s.created_at <= self.at)
            .map(|s| (s.created_at.into(), s.id, self.status(s)))
            .collect();
        nullable(
            ctx,
            paging
                .page("statuses", list, OrderDirection::Desc)
                .map(Into::into),
        )
    }
}

/// A deployment status.
#[derive(Clone)]
pub struct DeploymentStatus {
    repository: u64,
    status: model::DeploymentStatus,
    creator: Arc<model::User>,
}

connection!(
    DeploymentStatusConnection,
    DeploymentStatusEdge,
    DeploymentStatus
);

#[Object]
impl DeploymentStatus {
    async fn id(&self) -> ID {
        ID(node_id("DES", self.repository, self.status.id))
    }

    async fn state(&self) -> DeploymentStatusState {
        self.status.state.into()
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.status.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.status.created_at)
    }

    async fn creator(&self) -> Option<Actor> {
        Actor::of(&Some(self.creator.clone()))
    }
}

/// A release.
#[derive(Clone)]
pub struct Release {
    repository: Arc<model::Repository>,
    release: Arc<model::Release>,
    clock: Time,
}

connection!(ReleaseConnection, ReleaseEdge, Release);

impl Release {
    /// A release seen from a moment of the clock.
    pub fn new(
        repository: &Arc<model::Repository>,
        release: &Arc<model::Release>,
        clock: Time,
    ) -> Self {
        Release {
            repository: repository.clone(),
            release: release.clone(),
            clock,
        }
    }
}

#[Object]
impl Release {
    /// Global id.
    pub async fn id(&self) -> ID {
        ID(self.release.node_id.clone())
    }

    async fn database_id(&self) -> Option<i32> {
        Some(self.release.id as i32)
    }

    async fn tag_name(&self) -> &str {
        &self.release.tag
    }

    async fn name(&self) -> Option<&str> {
        Some(&self.release.name)
    }

    async fn is_draft(&self) -> bool {
        false
    }

    async fn is_prerelease(&self) -> bool {
        self.release.is_prerelease
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.release.created_at)
    }

    async fn published_at(&self) -> Option<DateTime> {
        Some(DateTime(self.release.published_at))
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.release.published_at)
    }

    async fn url(&self) -> Uri {
        let (name, tag) = (&self.repository.name_with_owner, &self.release.tag);
        Uri(format!("https://github.com/{name}/releases/tag/{tag}"))
    }

    async fn repository(&self) -> Repository {
        Repository::new(&self.repository, self.clock)
    }

    async fn author(&self) -> Option<super::actors::User> {
        super::actors::commit_user(&self.release.author)
    }

    async fn tag_commit(&self) -> Option<Commit> {
        let commit = self.repository.commit(&self.release.oid)?.clone();
        Some(Commit {
            repository: self.repository.clone(),
            commit,
            clock: self.clock,
        })
    }
}
