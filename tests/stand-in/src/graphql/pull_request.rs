//! Pull requests.

use super::actors::Actor;
use super::commit::Commit;
use super::connection::{Page, Paging, connection, nullable};
use super::discussion::{
    IssueComment, IssueCommentConnection, Label, LabelConnection, PullRequestReview,
    PullRequestReviewConnection,
};
use super::files::{PullRequestChangedFile, PullRequestChangedFileConnection};
use super::repository::Repository;
use super::scalars::BigInt;
use super::timeline::{PullRequestTimelineItemsConnection, timeline};
use super::{
    DateTime, OrderDirection, PullRequestReviewState, PullRequestState,
    PullRequestTimelineItemsItemType as ItemType, Uri,
};
use crate::changed_files;
use crate::ids::Key;
use crate::model::{self, Time};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;

/// A pull request.
#[derive(Clone)]
pub struct PullRequest {
    repository: Arc<model::Repository>,
    pull: Arc<model::PullRequest>,
    clock: Time,
    at: Time,
}

connection!(PullRequestConnection, PullRequestEdge, PullRequest);

/// What pull requests are planned for.
#[derive(Debug, Clone, SimpleObject)]
pub struct Milestone {
    title: String,
}

impl PullRequest {
    /// A pull request seen from a moment of the clock.
    pub fn new(
        repository: &Arc<model::Repository>,
        pull: &Arc<model::PullRequest>,
        clock: Time,
    ) -> Self {
        let at = repository.seen_at(clock);
        PullRequest {
            repository: repository.clone(),
            pull: pull.clone(),
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

    /// The commit that the source branch is at.
    fn head(&self) -> Option<&Arc<model::Commit>> {
        self.pull.visible_commits(&self.repository, self.at).last()
    }

    /// A text in what was recorded of it.
    fn recorded(&self, path: &str) -> Option<String> {
        let value = self.pull.raw.as_ref()?.pointer(path)?;
        value.as_str().map(str::to_owned)
    }
}

#[Object]
impl PullRequest {
    /// Global id.
    pub async fn id(&self) -> ID {
        ID(self.pull.node_id.clone())
    }

    async fn database_id(&self) -> Option<i32> {
        i32::try_from(self.pull.id).ok()
    }

    async fn full_database_id(&self) -> Option<BigInt> {
        Some(BigInt(self.pull.id.to_string()))
    }

    async fn number(&self) -> i32 {
        self.pull.number as i32
    }

    async fn title(&self) -> &str {
        &self.pull.title
    }

    async fn body(&self) -> &str {
        &self.pull.body
    }

    async fn url(&self) -> Uri {
        let (name, number) = (&self.repository.name_with_owner, self.pull.number);
        Uri(format!("https://github.com/{name}/pull/{number}"))
    }

    async fn state(&self) -> PullRequestState {
        self.pull.state(self.at).into()
    }

    async fn is_draft(&self) -> bool {
        self.pull.is_draft(self.at)
    }

    async fn merged(&self) -> bool {
        self.pull.merged_at(self.at).is_some()
    }

    async fn closed(&self) -> bool {
        self.pull.closed_at(self.at).is_some()
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.pull.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime(self.pull.updated_at(&self.repository, self.at))
    }

    async fn closed_at(&self) -> Option<DateTime> {
        self.pull.closed_at(self.at).map(DateTime)
    }

    async fn merged_at(&self) -> Option<DateTime> {
        self.pull.merged_at(self.at).map(DateTime)
    }

    async fn additions(&self) -> i32 {
        self.pull.additions as i32
    }

    async fn deletions(&self) -> i32 {
        self.pull.deletions as i32
    }

    async fn changed_files(&self) -> i32 {
        self.pull.changed_files as i32
    }

    async fn base_ref_name(&self) -> &str {
        &self.pull.base_ref
    }

    async fn head_ref_name(&self) -> &str {
        &self.pull.head_ref
    }

    async fn head_ref_oid(&self) -> Option<String> {
        let recorded = self.recorded("/head/sha");
        recorded.or_else(|| Some(self.head()?.oid.clone()))
    }

    async fn is_cross_repository(&self) -> bool {
        match &self.pull.raw {
            Some(raw) => {
                let repository = |side: &str| {
                    let side = &raw[side];
                    side["repo_id"]
                        .as_u64()
                        .or_else(|| side["repo"]["id"].as_u64())
                };
                repository("head") != repository("base")
            }
            None => self.head().is_none(),
        }
    }

    async fn milestone(&self) -> Option<Milestone> {
        let title = self.recorded("/milestone/title")?;
        Some(Milestone { title })
    }

    async fn repository(&self) -> Repository {
        Repository::new(&self.repository, self.clock)
    }

    async fn merge_commit(&self) -> Option<Commit> {
        self.pull.merged_at(self.at)?;
        let commit = self.repository.commit(self.pull.merge_commit.as_ref()?)?;
        Some(self.commit(commit))
    }

    async fn merged_by(&self) -> Option<Actor> {
        self.pull.merged_at(self.at)?;
        Actor::of(&self.pull.merged_by)
    }

    async fn author(&self) -> Option<Actor> {
        Actor::of(&self.pull.author)
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
        let list = self
            .pull
            .labels
            .iter()
            .filter(|l| l.at <= self.at)
            .zip(0..)
            .map(|(l, i)| (Key::Position, i, Label::new(l)))
            .collect();
        nullable(
            ctx,
            paging
                .page("labels", list, OrderDirection::Asc)
                .map(Into::into),
        )
    }

    async fn commits(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<PullRequestCommitConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let list = self
            .pull
            .visible_commits(&self.repository, self.at)
            .zip(0..)
            .map(|(commit, i)| (Key::Position, i, commit))
            .collect::<Vec<_>>();
        let mut page = paging.slice("commits", &list, OrderDirection::Asc, |commit| {
            PullRequestCommit {
                commit: self.commit(commit),
            }
        })?;
        if let Some(total) = self.pull.commits_total {
            page.total = total;
        }
        Ok(page.into())
    }

    async fn reviews(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        states: Option<Vec<PullRequestReviewState>>,
    ) -> Option<PullRequestReviewConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let list = self
            .pull
            .reviews
            .iter()
            .filter(|r| r.submitted_at <= self.at)
            .filter(|r| states.as_ref().is_none_or(|s| s.contains(&r.state.into())))
            .map(|r| (r.submitted_at.into(), r.id, PullRequestReview::new(r)))
            .collect();
        nullable(
            ctx,
            paging
                .page("reviews", list, OrderDirection::Asc)
                .map(Into::into),
        )
    }

    async fn comments(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<IssueCommentConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let list = self
            .pull
            .comments
            .iter()
            .filter(|c| c.created_at <= self.at)
            .map(|c| {
                let node = IssueComment::new(&self.repository, c);
                (c.created_at.into(), c.id, node)
            })
            .collect();
        let mut page = paging.page("comments", list, OrderDirection::Asc)?;
        if let Some(total) = self.pull.comments_total {
            page.total = total;
        }
        Ok(page.into())
    }

    async fn files(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Option<PullRequestChangedFileConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let files = changed_files::of(&self.pull);
        // Which files a recorded pull request changed is not known, only how many.
        let known = if self.repository.is_recorded {
            0
        } else {
            files.len()
        };
        let list = files.into_iter().take(known).zip(0..);
        let list = list
            .map(|(file, i)| (Key::Position, i, file.into()))
            .collect();
        let page = paging.page("files", list, OrderDirection::Asc);
        nullable(
            ctx,
            page.map(|mut page: Page<PullRequestChangedFile>| {
                page.total = self.pull.changed_files as usize;
                page.into()
            }),
        )
    }

    async fn timeline_items(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        item_types: Option<Vec<ItemType>>,
    ) -> Result<PullRequestTimelineItemsConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let list = timeline(
            &self.repository,
            &self.pull,
            self.clock,
            item_types.as_deref(),
        );
        Ok(paging
            .page("timelineItems", list, OrderDirection::Asc)?
            .into())
    }
}

/// A commit of a pull request.
#[derive(Clone)]
pub struct PullRequestCommit {
    commit: Commit,
}

connection!(
    PullRequestCommitConnection,
    PullRequestCommitEdge,
    PullRequestCommit
);

#[Object]
impl PullRequestCommit {
    async fn id(&self) -> ID {
        ID(format!("PURC_{}", self.commit.commit.oid))
    }

    async fn commit(&self) -> &Commit {
        &self.commit
    }
}
