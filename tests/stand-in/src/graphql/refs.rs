//! Branches and tags.

use super::commit::{Commit, GitActor};
use super::connection::{Page, Paging, connection};
use super::repository::Repository;
use super::{GitObjectId, OrderDirection, RefOrder, RefOrderField, Uri};
use crate::ids::{Key, node_id};
use crate::model::{self, Time};
use async_graphql::{ID, Interface, Object, Result};
use std::sync::Arc;

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

/// Something that Git stores.
#[derive(Clone, Interface)]
#[graphql(
    field(name = "oid", ty = "GitObjectId"),
    field(name = "id", ty = "ID"),
    field(name = "abbreviated_oid", ty = "&str"),
    field(name = "commit_url", ty = "Uri"),
    field(name = "repository", ty = "Repository")
)]
pub enum GitObject {
    /// A commit.
    Commit(Commit),
    /// An annotated tag.
    Tag(Tag),
}

/// An annotated tag.
#[derive(Clone)]
pub struct Tag {
    release: Arc<model::Release>,
    target: Commit,
    oid: String,
}

#[Object]
impl Tag {
    async fn oid(&self) -> GitObjectId {
        GitObjectId(self.oid.clone())
    }

    async fn id(&self) -> ID {
        ID(format!("TA_{}_{}", self.target.repository.id, self.oid))
    }

    async fn abbreviated_oid(&self) -> &str {
        &self.oid[..7]
    }

    async fn commit_url(&self) -> Uri {
        Uri(format!(
            "https://github.com/{}/commit/{}",
            self.target.repository.name_with_owner, self.oid
        ))
    }

    async fn repository(&self) -> Repository {
        Repository::new(&self.target.repository, self.target.clock)
    }

    async fn name(&self) -> &str {
        &self.release.tag
    }

    async fn message(&self) -> Option<String> {
        Some(format!("Release {}\n", self.release.tag))
    }

    async fn tagger(&self) -> Option<GitActor> {
        let author = self.release.author.as_ref()?;
        let signature = model::Signature {
            name: author.name.clone(),
            email: author.email.clone(),
            date: self.release.published_at,
            user: Some(author.clone()),
        };
        Some((&signature).into())
    }

    async fn target(&self) -> GitObject {
        GitObject::Commit(self.target.clone())
    }
}

/// A branch or tag.
#[derive(Clone)]
pub struct Ref {
    prefix: &'static str,
    name: String,
    head: Commit,
    release: Option<Arc<model::Release>>,
}

connection!(RefConnection, RefEdge, Ref);

impl Ref {
    /// A branch with its head.
    pub fn branch(name: &str, head: Commit) -> Self {
        Ref {
            prefix: BRANCHES,
            name: name.to_owned(),
            head,
            release: None,
        }
    }

    fn tag(
        repository: &Arc<model::Repository>,
        release: &Arc<model::Release>,
        clock: Time,
    ) -> Option<Self> {
        let head = Commit {
            repository: repository.clone(),
            commit: repository.commit(&release.oid)?.clone(),
            clock,
        };
        Some(Ref {
            prefix: TAGS,
            name: release.tag.clone(),
            head,
            release: Some(release.clone()),
        })
    }

    /// The branch or tag with a name, as Git understands it.
    pub fn find(repository: &Arc<model::Repository>, name: &str, clock: Time) -> Option<Self> {
        let at = repository.seen_at(clock);
        if let Some(tag) = name.strip_prefix(TAGS) {
            let release = repository.visible_releases(at).find(|r| r.tag == tag)?;
            return Ref::tag(repository, release, clock);
        }
        let name = name.strip_prefix(BRANCHES).unwrap_or(name);
        let head = Commit {
            repository: repository.clone(),
            commit: repository.branch(name, at)?.clone(),
            clock,
        };
        Some(Ref::branch(name, head))
    }

    /// All of those with a prefix, and in their names a text.
    pub fn page(
        repository: &Arc<model::Repository>,
        clock: Time,
        prefix: &str,
        query: Option<&str>,
        order: RefOrder,
        paging: &Paging,
    ) -> Result<Page<Ref>> {
        let at = repository.seen_at(clock);
        let commit = |commit: &Arc<model::Commit>| Commit {
            repository: repository.clone(),
            commit: commit.clone(),
            clock,
        };
        let all: Vec<Ref> = match prefix {
            BRANCHES => {
                let branches = repository.branches(at).into_iter();
                branches
                    .map(|(name, head)| Ref::branch(name, commit(head)))
                    .collect()
            }
            TAGS => {
                let releases = repository.visible_releases(at);
                releases
                    .filter_map(|r| Ref::tag(repository, r, clock))
                    .collect()
            }
            _ => Vec::new(),
        };
        let wanted = query.unwrap_or_default().to_lowercase();
        let list = all
            .into_iter()
            .filter(|r| r.name.to_lowercase().contains(&wanted))
            .map(|r| match order.field {
                RefOrderField::Alphabetical => (Key::Text(r.name.clone()), 0, r),
                RefOrderField::TagCommitDate => {
                    let date = r.head.commit.committer.date;
                    (Key::from(date), number(&r.name), r)
                }
            })
            .collect();
        paging.page("refs", list, order.direction)
    }
}

/// A number for a name (FNV-1a), so that those of one moment have an order.
fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The order of a list of refs where nobody says one.
pub fn by_name(direction: Option<OrderDirection>) -> RefOrder {
    RefOrder {
        field: RefOrderField::Alphabetical,
        direction: direction.unwrap_or(OrderDirection::Asc),
    }
}

#[Object]
impl Ref {
    async fn name(&self) -> &str {
        &self.name
    }

    async fn prefix(&self) -> &str {
        self.prefix
    }

    async fn id(&self) -> ID {
        let repository = node_id("R", 0, self.head.repository.id);
        let kind = if self.prefix == TAGS { "tags/" } else { "" };
        ID(format!("REF_{repository}_{kind}{}", self.name))
    }

    async fn repository(&self) -> Repository {
        Repository::new(&self.head.repository, self.head.clock)
    }

    /// The commit, or the annotated tag: every other release of a generated repository has one.
    async fn target(&self) -> Option<GitObject> {
        let commit = GitObject::Commit(self.head.clone());
        let annotated = self
            .release
            .as_ref()
            .filter(|r| !self.head.repository.is_recorded && (r.id / 7).is_multiple_of(2));
        Some(annotated.map_or(commit, |release| {
            GitObject::Tag(Tag {
                oid: crate::generate::hex(&format!("tag {}", release.node_id)),
                release: release.clone(),
                target: self.head.clone(),
            })
        }))
    }
}
