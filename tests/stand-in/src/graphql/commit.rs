//! Commits, refs and history.

use super::actors::{User, commit_user};
use super::connection::{Cursor, Page, Paging, connection, nullable, typed};
use super::pull_request::{PullRequest, PullRequestConnection};
use super::repository::Repository;
use super::{DateTime, GitObjectId, GitTimestamp, OrderDirection, Uri};
use crate::ids::Key;
use crate::model::{self, Time};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use std::sync::Arc;

/// Author or committer.
#[derive(Clone, SimpleObject)]
pub struct GitActor {
    name: Option<String>,
    email: Option<String>,
    date: Option<GitTimestamp>,
    user: Option<User>,
}

impl From<&model::Signature> for GitActor {
    fn from(signature: &model::Signature) -> Self {
        // Recordings without names have empty ones.
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        GitActor {
            name: some(&signature.name),
            email: some(&signature.email),
            date: Some(GitTimestamp(signature.date)),
            user: commit_user(&signature.user),
        }
    }
}

/// A commit.
#[derive(Clone)]
pub struct Commit {
    /// Its repository.
    pub repository: Arc<model::Repository>,
    /// The commit.
    pub commit: Arc<model::Commit>,
    /// Seen from when.
    pub clock: Time,
}

connection!(CommitConnection, CommitEdge, Commit);
connection!(CommitHistoryConnection, CommitHistoryEdge, Commit);

#[Object]
impl Commit {
    /// Object id.
    pub async fn oid(&self) -> GitObjectId {
        GitObjectId(self.commit.oid.clone())
    }

    /// Global id.
    pub async fn id(&self) -> ID {
        ID(format!("C_{}_{}", self.repository.id, self.commit.oid))
    }

    /// Start of the object id.
    pub async fn abbreviated_oid(&self) -> &str {
        &self.commit.oid[..7]
    }

    async fn message(&self) -> &str {
        &self.commit.message
    }

    async fn message_headline(&self) -> &str {
        self.commit.message.lines().next().unwrap_or_default()
    }

    async fn authored_date(&self) -> DateTime {
        DateTime(self.commit.author.date)
    }

    async fn committed_date(&self) -> DateTime {
        DateTime(self.commit.committer.date)
    }

    async fn url(&self) -> Uri {
        Uri(format!(
            "https://github.com/{}/commit/{}",
            self.repository.name_with_owner, self.commit.oid
        ))
    }

    /// Address of the commit.
    pub async fn commit_url(&self) -> Uri {
        Uri(format!(
            "https://github.com/{}/commit/{}",
            self.repository.name_with_owner, self.commit.oid
        ))
    }

    /// Its repository.
    pub async fn repository(&self) -> Repository {
        Repository::new(&self.repository, self.clock)
    }

    async fn author(&self) -> Option<GitActor> {
        Some((&self.commit.author).into())
    }

    async fn committer(&self) -> Option<GitActor> {
        Some((&self.commit.committer).into())
    }

    async fn parents(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<CommitConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let list = self
            .commit
            .parents
            .iter()
            .filter_map(|oid| self.repository.commit(oid))
            .zip(0..)
            .map(|(commit, i)| (Key::Position, i, self.sibling(commit)))
            .collect();
        Ok(paging.page("parents", list, OrderDirection::Asc)?.into())
    }

    async fn associated_pull_requests(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Option<PullRequestConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let at = self.repository.seen_at(self.clock);
        let list = self
            .commit
            .pull_requests
            .iter()
            .filter_map(|n| self.repository.pull_request(*n))
            .filter(|p| p.created_at <= at)
            .map(|p| {
                (
                    Key::Position,
                    p.id,
                    PullRequest::new(&self.repository, p, self.clock),
                )
            })
            .collect();
        nullable(
            ctx,
            paging
                .page("associatedPullRequests", list, OrderDirection::Asc)
                .map(Into::into),
        )
    }

    #[allow(clippy::too_many_arguments)]
    async fn history(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        since: Option<GitTimestamp>,
        until: Option<GitTimestamp>,
    ) -> Result<CommitHistoryConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        Ok(self.history_page(&paging, since, until)?.into())
    }
}

impl Commit {
    fn sibling(&self, commit: &Arc<model::Commit>) -> Commit {
        Commit {
            repository: self.repository.clone(),
            commit: commit.clone(),
            clock: self.clock,
        }
    }

    /// A cursor of a history is `<head> <offset>`: it stays with the head that the
    /// first page was read from, even when the branch has moved on.
    fn history_page(
        &self,
        paging: &Paging,
        since: Option<GitTimestamp>,
        until: Option<GitTimestamp>,
    ) -> Result<Page<Commit>> {
        paging.check("history")?;
        let (mut head, mut start) = (self.commit.oid.clone(), 0);
        if let Some(cursor) = paging.after.as_deref().filter(|c| !c.is_empty()) {
            let parsed = cursor
                .split_once(' ')
                .and_then(|(oid, offset)| Some((oid.to_owned(), offset.parse::<usize>().ok()?)))
                .filter(|(oid, _)| self.repository.commit(oid).is_some());
            let Some((oid, offset)) = parsed else {
                return Err(typed(
                    "INVALID_CURSOR_ARGUMENTS",
                    format!("`{cursor}` does not appear to be a valid cursor."),
                ));
            };
            (head, start) = (oid, offset + 1);
        }
        let (since, until) = (since.map(|t| t.0), until.map(|t| t.0));
        let list = self.repository.history_between(&head, since, until);
        let total = list.len();
        let first = paging.first.or(paging.last).unwrap_or_default() as usize;
        let head: Arc<str> = head.into();
        let items: Vec<_> = list
            .iter()
            .enumerate()
            .skip(start)
            .take(first)
            .map(|(i, position)| {
                let commit = self.sibling(&self.repository.commits[*position]);
                (Cursor::History(head.clone(), i), commit)
            })
            .collect();
        let has_next = start + items.len() < total;
        Ok(Page {
            total,
            has_next,
            has_previous: start > 0,
            items,
        })
    }
}
