//! What the stand-in knows: organisations and their whole history.
//!
//! The model is complete up to its end; what the API shows of it at some moment is
//! decided in [`crate::view`].

use crate::memo::Memo;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A moment, in UTC.
pub type Time = DateTime<Utc>;

/// Everything that is served.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct World {
    /// The account owners, generated and recorded.
    pub organisations: Vec<Organisation>,
    /// Ids of repositories by the names that they had, in small letters.
    pub old_names: BTreeMap<String, u64>,
}

impl World {
    /// All repositories of all owners.
    pub fn repositories(&self) -> impl Iterator<Item = &Arc<Repository>> {
        self.organisations
            .iter()
            .flat_map(|o| o.repositories.iter())
    }

    /// The repository with this `owner/name`, whatever the letter case, as on GitHub; one that
    /// was renamed is found by its old names as well, as long as nobody else has them.
    pub fn repository(&self, name_with_owner: &str) -> Option<&Arc<Repository>> {
        let named = |r: &&Arc<Repository>| r.name_with_owner.eq_ignore_ascii_case(name_with_owner);
        self.repositories().find(named).or_else(|| {
            let id = self.old_names.get(&name_with_owner.to_ascii_lowercase())?;
            self.repositories().find(|r| r.id == *id)
        })
    }

    /// The owner with this login.
    pub fn organisation(&self, login: &str) -> Option<&Organisation> {
        self.organisations
            .iter()
            .find(|o| o.login.eq_ignore_ascii_case(login))
    }
}

/// An account that owns repositories.
#[derive(Debug, Clone, PartialEq)]
pub struct Organisation {
    /// Login.
    pub login: String,
    /// REST id.
    pub id: u64,
    /// Its repositories, sorted by name.
    pub repositories: Vec<Arc<Repository>>,
    /// Its people and bots.
    pub users: Vec<Arc<User>>,
}

/// A human or a bot.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// REST id.
    pub id: u64,
    /// Login as REST writes it: a bot's ends in `[bot]`.
    pub login: String,
    /// Name in commits.
    pub name: String,
    /// E-mail address in commits.
    pub email: String,
    /// Whether it is a GitHub App's bot.
    pub is_bot: bool,
}

impl User {
    /// Login as GraphQL writes an actor's: a bot's has no suffix.
    pub fn graphql_login(&self) -> &str {
        self.login.strip_suffix("[bot]").unwrap_or(&self.login)
    }
}

/// One repository with its history.
#[derive(Debug, Clone, PartialEq)]
pub struct Repository {
    /// REST id.
    pub id: u64,
    /// `owner/name`.
    pub name_with_owner: String,
    /// The team that looks after it; empty where nobody said.
    pub team: String,
    /// Default branch.
    pub default_branch: String,
    /// Read-only since some day.
    pub is_archived: bool,
    /// When it was made.
    pub created_at: Time,
    /// Recorded: no clock hides anything.
    pub is_recorded: bool,
    /// Pull requests by ascending number.
    pub pull_requests: Vec<Arc<PullRequest>>,
    /// Every commit of every branch.
    pub commits: Vec<Arc<Commit>>,
    /// Position of each commit by its oid.
    pub commit_index: HashMap<String, usize>,
    /// Long-lived branches beside the default branch.
    pub branches: Vec<Branch>,
    /// First-parent chain of the default branch, oldest first, with the time of arrival.
    pub main_chain: Vec<(Time, String)>,
    /// Deployments by ascending id.
    pub deployments: Vec<Arc<Deployment>>,
    /// Releases by ascending id.
    pub releases: Vec<Arc<Release>>,
    /// Issues by ascending number (pull requests are not among them).
    pub issues: Vec<Arc<Issue>>,
    /// What was worked out about it.
    pub memo: Memo,
}

impl Repository {
    /// The owner's login.
    pub fn owner(&self) -> &str {
        self.name_with_owner.split('/').next().unwrap_or_default()
    }

    /// The name without the owner.
    pub fn name(&self) -> &str {
        self.name_with_owner.rsplit('/').next().unwrap_or_default()
    }

    /// The commit with this oid.
    pub fn commit(&self, oid: &str) -> Option<&Arc<Commit>> {
        self.commit_index.get(oid).map(|&i| &self.commits[i])
    }

    /// The issue with this number.
    pub fn issue(&self, number: u64) -> Option<&Arc<Issue>> {
        let found = self.issues.binary_search_by_key(&number, |i| i.number);
        found.ok().map(|i| &self.issues[i])
    }

    /// The pull request with this number.
    pub fn pull_request(&self, number: u64) -> Option<&Arc<PullRequest>> {
        self.pull_requests
            .binary_search_by_key(&number, |p| p.number)
            .ok()
            .map(|i| &self.pull_requests[i])
    }
}

/// A branch that lives longer than a pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Name.
    pub name: String,
    /// Its heads, oldest first.
    pub heads: Vec<(Time, String)>,
}

/// Author or committer of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Date.
    pub date: Time,
    /// The account that GitHub recognises, if any.
    pub user: Option<Arc<User>>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Object id.
    pub oid: String,
    /// Parents' object ids, first parent first.
    pub parents: Vec<String>,
    /// Author.
    pub author: Signature,
    /// Committer.
    pub committer: Signature,
    /// Whole message.
    pub message: String,
    /// When it reached GitHub.
    pub pushed_at: Time,
    /// Numbers of the pull requests that brought it.
    pub pull_requests: Vec<u64>,
    /// The recorded REST document.
    pub raw: Option<Value>,
}

/// A label and when it was put on.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Name.
    pub name: String,
    /// When it was put on.
    pub at: Time,
}

/// State of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    /// Approved.
    Approved,
    /// Changes requested.
    ChangesRequested,
    /// Comment only.
    Commented,
    /// Withdrawn later.
    Dismissed,
    /// Not submitted.
    Pending,
}

/// A review.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// REST id.
    pub id: u64,
    /// GraphQL id.
    pub node_id: String,
    /// Reviewer; none for a deleted account.
    pub author: Option<Arc<User>>,
    /// State.
    pub state: ReviewState,
    /// When it was submitted.
    pub submitted_at: Time,
    /// Commit that was looked at.
    pub commit_oid: Option<String>,
    /// Text.
    pub body: String,
    /// The recorded REST document.
    pub raw: Option<Value>,
}

/// A comment in the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// REST id.
    pub id: u64,
    /// Author.
    pub author: Option<Arc<User>>,
    /// When.
    pub created_at: Time,
    /// Text.
    pub body: String,
}

/// What a timeline event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Draft no more.
    ReadyForReview,
    /// Draft again.
    ConvertToDraft,
    /// Closed without merging.
    Closed,
    /// Open again.
    Reopened,
    /// Someone is asked for a review.
    ReviewRequested,
    /// The source branch was rewritten.
    HeadRefForcePushed,
    /// Put in the merge queue.
    AddedToMergeQueue,
}

/// What a timeline event is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// The pull request itself.
    Itself,
    /// A person or bot.
    User(Arc<User>),
    /// A team.
    Team(String),
    /// The source branch: its head before and after.
    Push {
        /// Oid before.
        before: String,
        /// Oid after.
        after: String,
    },
}

/// A timeline event.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEvent {
    /// Id, unique in the repository.
    pub id: u64,
    /// Kind.
    pub kind: EventKind,
    /// When.
    pub at: Time,
    /// Who.
    pub actor: Option<Arc<User>>,
    /// About what.
    pub subject: Subject,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct PullRequest {
    /// Number in its repository.
    pub number: u64,
    /// REST id.
    pub id: u64,
    /// GraphQL id.
    pub node_id: String,
    /// Title.
    pub title: String,
    /// Description.
    pub body: String,
    /// Author; none where it is not known.
    pub author: Option<Arc<User>>,
    /// Opened as a draft.
    pub opened_as_draft: bool,
    /// Target branch.
    pub base_ref: String,
    /// Source branch.
    pub head_ref: String,
    /// Base commit when it was opened.
    pub base_oid: Option<String>,
    /// When it was opened.
    pub created_at: Time,
    /// When it was merged.
    pub merged_at: Option<Time>,
    /// Who merged it.
    pub merged_by: Option<Arc<User>>,
    /// What merging made.
    pub merge_commit: Option<String>,
    /// Lines added.
    pub additions: u32,
    /// Lines deleted.
    pub deletions: u32,
    /// Files changed.
    pub changed_files: u32,
    /// Labels.
    pub labels: Vec<Label>,
    /// Oids of its own commits, oldest first, as far as they are known.
    pub commits: Vec<String>,
    /// How many commits it has where not all of them are known.
    pub commits_total: Option<usize>,
    /// Reviews, oldest first.
    pub reviews: Vec<Arc<Review>>,
    /// Comments, oldest first, as far as they are known.
    pub comments: Vec<Arc<Comment>>,
    /// How many comments it has where not all of them are known.
    pub comments_total: Option<usize>,
    /// Timeline events, oldest first.
    pub events: Vec<TimelineEvent>,
    /// `updated_at` as recorded.
    pub recorded_updated_at: Option<Time>,
    /// The recorded REST document of a list.
    pub raw: Option<Value>,
    /// The recorded fields that only the document of one pull request has.
    pub raw_detail: Option<Value>,
}

/// State of a deployment status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusState {
    /// Waiting to start.
    Pending,
    /// Waiting in a queue.
    Queued,
    /// Running.
    InProgress,
    /// Done.
    Success,
    /// Did not work.
    Failure,
    /// Broke.
    Error,
    /// Another one took its place.
    Inactive,
}

impl StatusState {
    /// As REST writes it.
    pub fn rest(self) -> &'static str {
        match self {
            StatusState::Pending => "pending",
            StatusState::Queued => "queued",
            StatusState::InProgress => "in_progress",
            StatusState::Success => "success",
            StatusState::Failure => "failure",
            StatusState::Error => "error",
            StatusState::Inactive => "inactive",
        }
    }
}

/// A deployment status.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentStatus {
    /// REST id.
    pub id: u64,
    /// State.
    pub state: StatusState,
    /// When.
    pub created_at: Time,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// REST id.
    pub id: u64,
    /// Environment.
    pub environment: String,
    /// Deployed commit.
    pub oid: String,
    /// Deployed ref.
    pub ref_name: String,
    /// When it was made.
    pub created_at: Time,
    /// Who made it.
    pub creator: Arc<User>,
    /// Statuses, oldest first.
    pub statuses: Vec<DeploymentStatus>,
}

/// A release.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// REST id.
    pub id: u64,
    /// GraphQL id.
    pub node_id: String,
    /// Tag.
    pub tag: String,
    /// Name.
    pub name: String,
    /// Whether it is a prerelease.
    pub is_prerelease: bool,
    /// Date of the tagged commit, as on GitHub.
    pub created_at: Time,
    /// When it was published.
    pub published_at: Time,
    /// Tagged commit.
    pub oid: String,
    /// Who published it.
    pub author: Option<Arc<User>>,
    /// The recorded REST document.
    pub raw: Option<Value>,
}

/// An issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Number in its repository.
    pub number: u64,
    /// REST id.
    pub id: u64,
    /// Title.
    pub title: String,
    /// Text.
    pub body: String,
    /// Author.
    pub author: Option<Arc<User>>,
    /// Labels.
    pub labels: Vec<Label>,
    /// When it was opened.
    pub created_at: Time,
    /// Who is to take care of it.
    pub assignees: Vec<Arc<User>>,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// The recorded REST document.
    pub raw: Option<Value>,
}
