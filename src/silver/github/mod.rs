//! GitHub's documents, in the shape of GraphQL, of REST or of a webhook, as rows. One file per
//! entity.
//!
//! A document, with its context (what it does not say itself), gives no row of a table that it says
//! nothing about: a pull request of REST has no reviews. What it should say and does not makes it
//! unreadable.
//!
//! What an earlier version of a document told and this one does not is under `remembered` in the
//! context (`sql/bronze/remember.sql`). The document counts first.

mod commits;
mod deployment_payload;
mod deployments;
mod issues;
mod pipeline_jobs;
mod pipeline_runs;
mod pull_request_commits;
mod pull_request_events;
mod pull_request_files;
mod pull_requests;
mod references;
mod releases;
mod repositories;
mod reverts;
mod reviews;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::GHOST;
use super::fields::{Fields, Required, Unreadable};
use super::normalizer::Normalizer;
use crate::jsonb::Object;
use crate::sources::github::{identity, payload};

macro_rules! normalizers {
    ($($function:literal => $columns:path, $read:path;)*) => {
        &[$(Normalizer {
            function: $function,
            columns: $columns,
            subject: payload::unwrapped,
            read: $read,
        }),*]
    };
}

/// The normalizers of GitHub's documents: each is given the document itself, also where a webhook
/// sent it in a payload.
pub const NORMALIZERS: &[Normalizer] = normalizers! {
    "github_repositories" => repositories::COLUMNS, repositories::read;
    "github_pull_requests" => pull_requests::COLUMNS, pull_requests::read;
    "github_pull_request_commits" => pull_request_commits::COLUMNS, pull_request_commits::read;
    "github_pull_request_files" => pull_request_files::COLUMNS, pull_request_files::read;
    "github_pull_request_events" => pull_request_events::COLUMNS, pull_request_events::read;
    "github_review_comments" => pull_request_events::COLUMNS, pull_request_events::read_review_comment;
    "github_reviews" => reviews::COLUMNS, reviews::read;
    "github_commits" => commits::COLUMNS, commits::read;
    "github_delivered_commits" => commits::COLUMNS, commits::read_delivered;
    "github_deployments" => deployments::COLUMNS, deployments::read;
    "github_deployment_statuses" => deployments::STATUS_COLUMNS, deployments::read_statuses;
    "github_releases" => releases::COLUMNS, releases::read;
    "github_tags" => references::TAG_COLUMNS, references::read_tag;
    "github_branches" => references::BRANCH_COLUMNS, references::read_branch;
    "github_issues" => issues::COLUMNS, issues::read;
    "github_issue_changes" => issues::CHANGE_COLUMNS, issues::read_closing;
    "github_pipeline_runs" => pipeline_runs::COLUMNS, pipeline_runs::read;
    "github_pipeline_jobs" => pipeline_jobs::COLUMNS, pipeline_jobs::read;
};

/// The repository a document belongs to.
fn repository<'a>(doc: Object<'a>, context: Object<'a>) -> Result<Cow<'a, str>, Unreadable> {
    identity::repository(doc, context).required("repository")
}

/// The number of the pull request that a document is, or belongs to.
fn number(doc: Object<'_>, context: Object<'_>) -> Result<i64, Unreadable> {
    identity::number(doc, context).required("number")
}

/// The list that a document has under a key; where it has none, the remembered one. In the shape of
/// REST a pull request has a count there.
fn list_or_remembered<'a>(
    doc: Object<'a>,
    context: Object<'a>,
    key: &'static str,
) -> Result<Vec<Object<'a>>, Unreadable> {
    let told = doc.get(key).filter(|list| list.integer().is_none());
    match remembered(context).filter(|_| told.is_none()) {
        Some(remembered) => remembered.list(&[key]),
        None if told.is_none() => Ok(Vec::new()),
        None => doc.list(&[key]),
    }
}

/// What earlier versions of a document told.
fn remembered(context: Object<'_>) -> Option<Object<'_>> {
    context.object("remembered")
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

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
