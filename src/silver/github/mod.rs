//! GitHub's documents, in the shape of GraphQL, of REST or of a webhook, as rows. One file per
//! entity.
//!
//! A document, with its context (what it does not say itself), gives no row of a table that it says
//! nothing about: a pull request of REST has no reviews. What it should say and does not makes it
//! unreadable.

mod commits;
mod deployments;
mod pull_request_commits;
mod pull_request_events;
mod pull_requests;
mod releases;
mod repositories;
mod reviews;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::fields::{Fields, Required, Unreadable};
use super::normalizer::Normalizer;
use crate::jsonb::Object;
use crate::sources::github::identity;

/// The normalizers of GitHub's documents.
pub const NORMALIZERS: &[Normalizer] = &[
    Normalizer {
        function: "github_repositories",
        columns: repositories::COLUMNS,
        read: repositories::read,
    },
    Normalizer {
        function: "github_pull_requests",
        columns: pull_requests::COLUMNS,
        read: pull_requests::read,
    },
    Normalizer {
        function: "github_pull_request_commits",
        columns: pull_request_commits::COLUMNS,
        read: pull_request_commits::read,
    },
    Normalizer {
        function: "github_pull_request_events",
        columns: pull_request_events::COLUMNS,
        read: pull_request_events::read,
    },
    Normalizer {
        function: "github_reviews",
        columns: reviews::COLUMNS,
        read: reviews::read,
    },
    Normalizer {
        function: "github_commits",
        columns: commits::COLUMNS,
        read: commits::read,
    },
    Normalizer {
        function: "github_delivered_commits",
        columns: commits::COLUMNS,
        read: commits::read_delivered,
    },
    Normalizer {
        function: "github_deployments",
        columns: deployments::COLUMNS,
        read: deployments::read,
    },
    Normalizer {
        function: "github_deployment_statuses",
        columns: deployments::STATUS_COLUMNS,
        read: deployments::read_statuses,
    },
    Normalizer {
        function: "github_releases",
        columns: releases::COLUMNS,
        read: releases::read,
    },
];

/// The login of a deleted account's successor, as GitHub itself shows it.
const GHOST: &str = "ghost";

/// The repository a document belongs to.
fn repository(doc: Object<'_>, context: Object<'_>) -> Result<String, Unreadable> {
    identity::repository(doc, context).required("repository")
}

/// The number of the pull request that a document is, or belongs to.
fn number(doc: Object<'_>, context: Object<'_>) -> Result<i64, Unreadable> {
    identity::number(doc, context).required("number")
}

/// An account's login, and whether it is a bot. Both shapes give the same login: GraphQL leaves
/// out the suffix `[bot]` that REST has.
fn actor(account: Option<Object<'_>>) -> Result<(Cow<'_, str>, bool), Unreadable> {
    let Some(account) = account else {
        return Ok((GHOST.into(), false));
    };
    let login = account.name(&["login"])?.unwrap_or(GHOST);
    let is_bot =
        account.string(&["__typename", "type"])? == Some("Bot") || login.ends_with("[bot]");
    if is_bot && !login.ends_with("[bot]") {
        return Ok((format!("{login}[bot]").into(), is_bot));
    }
    Ok((login.into(), is_bot))
}

/// Who wrote a commit: the account where GitHub knows it, else the name in the commit.
fn commit_author(commit: Object<'_>) -> Result<Option<&str>, Unreadable> {
    commit.name(&[
        "author.user.login",
        "author.login",
        "commit.author.name",
        "author.name",
    ])
}

/// When a commit was authored and committed: GraphQL has plain fields, REST nests them.
fn commit_times(
    commit: Object<'_>,
) -> Result<(Option<DateTime<Utc>>, Option<DateTime<Utc>>), Unreadable> {
    Ok((
        commit.moment(&["authoredDate", "commit.author.date"])?,
        commit.moment(&["committedDate", "commit.committer.date"])?,
    ))
}
