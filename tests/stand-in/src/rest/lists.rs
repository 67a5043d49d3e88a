//! Which documents a list has, and in which order.

use super::documents;
use crate::http::Query;
use crate::model::{Commit, Deployment, Issue, PullRequest, Release, Repository, Time};
use crate::view::PullState;
use serde_json::Value;
use std::sync::Arc;

/// Pull requests by `state`, `base`, `head`, `sort` and `direction`.
pub fn pulls<'a>(repo: &'a Repository, query: &Query, at: Time) -> Vec<&'a Arc<PullRequest>> {
    let open = |p: &PullRequest| p.state(at) == PullState::Open;
    let head = query
        .get("head")
        .map(|h| h.split_once(':').map_or(h, |(_, name)| name));
    let mut list: Vec<_> = repo
        .visible_pull_requests(at)
        .filter(|p| match query.get("state").unwrap_or("open") {
            "all" => true,
            "closed" => !open(p),
            _ => open(p),
        })
        .filter(|p| query.get("base").is_none_or(|b| b == p.base_ref))
        .filter(|p| head.is_none_or(|h| h == p.head_ref))
        .collect();
    let sort = query.get("sort").unwrap_or("created");
    match sort {
        "updated" => list.sort_by_cached_key(|p| (p.updated_at(repo, at), p.id)),
        _ => list.sort_by_key(|p| (p.created_at, p.id)),
    }
    let ascending = match query.get("direction") {
        Some(direction) => direction == "asc",
        None => sort != "created",
    };
    if !ascending {
        list.reverse();
    }
    list
}

/// History of a branch or commit (`sha`) between `since` and `until`, none if there is
/// no such thing.
pub fn commits<'a>(repo: &'a Repository, query: &Query, at: Time) -> Option<Vec<&'a Arc<Commit>>> {
    let head = match query.get("sha").filter(|s| !s.is_empty()) {
        None => match repo.head(at) {
            Some(head) => head,
            None => return Some(Vec::new()),
        },
        Some(name) => repo
            .commit(name)
            .filter(|c| c.pushed_at <= at)
            .or_else(|| repo.branch(name, at))?,
    };
    let (since, until) = (time(query, "since"), time(query, "until"));
    let mut list = repo.history(&head.oid);
    list.retain(|c| {
        let date = c.committer.date;
        since.is_none_or(|s| date >= s) && until.is_none_or(|u| date <= u)
    });
    Some(list)
}

/// Deployments by `environment`, `sha` and `ref`, newest first.
pub fn deployments<'a>(repo: &'a Repository, query: &Query, at: Time) -> Vec<&'a Arc<Deployment>> {
    let mut list: Vec<_> = repo
        .visible_deployments(at)
        .filter(|d| query.get("environment").is_none_or(|e| e == d.environment))
        .filter(|d| query.get("sha").is_none_or(|s| s == d.oid))
        .filter(|d| query.get("ref").is_none_or(|r| r == d.ref_name))
        .collect();
    list.sort_by_key(|d| std::cmp::Reverse((d.created_at, d.id)));
    list
}

/// Releases, newest first.
pub fn releases(repo: &Repository, at: Time) -> Vec<&Arc<Release>> {
    let mut list: Vec<_> = repo.visible_releases(at).collect();
    list.sort_by_key(|r| std::cmp::Reverse((r.created_at, r.id)));
    list
}

/// Tags of the releases, as on GitHub by name, backwards.
pub fn tags(repo: &Repository, at: Time) -> Vec<&Arc<Release>> {
    let mut list: Vec<_> = repo.visible_releases(at).collect();
    list.sort_by(|a, b| b.tag.cmp(&a.tag));
    list
}

/// What the list of issues consists of: GitHub counts pull requests among them.
pub enum Listed<'a> {
    /// An issue.
    Issue(&'a Arc<Issue>),
    /// A pull request.
    Pull(&'a Arc<PullRequest>),
}

impl Listed<'_> {
    /// Number.
    pub fn number(&self) -> u64 {
        match self {
            Listed::Issue(i) => i.number,
            Listed::Pull(p) => p.number,
        }
    }

    /// Its document.
    pub fn document(&self, repo: &Repository, at: Time) -> Value {
        match self {
            Listed::Issue(i) => documents::issue(repo, i, at),
            Listed::Pull(p) => documents::pull_as_issue(repo, p, at),
        }
    }

    fn times(&self, repo: &Repository, at: Time) -> (Time, Time, bool) {
        match self {
            Listed::Issue(i) => (i.created_at, i.updated_at(at), i.closed_at(at).is_none()),
            Listed::Pull(p) => (
                p.created_at,
                p.updated_at(repo, at),
                p.state(at) == PullState::Open,
            ),
        }
    }

    fn has_labels(&self, wanted: &[&str], at: Time) -> bool {
        let labels = match self {
            Listed::Issue(i) => &i.labels,
            Listed::Pull(p) => &p.labels,
        };
        let has = |name: &&str| labels.iter().any(|l| l.at <= at && l.name == *name);
        wanted.iter().all(has)
    }
}

/// All issues and pull requests.
pub fn everything(repo: &Repository, at: Time) -> impl Iterator<Item = Listed<'_>> {
    let issues = repo.visible_issues(at).map(Listed::Issue);
    issues.chain(repo.visible_pull_requests(at).map(Listed::Pull))
}

/// Issues by `state`, `since`, `labels`, `sort` and `direction`.
pub fn issues<'a>(repo: &'a Repository, query: &Query, at: Time) -> Vec<Listed<'a>> {
    let since = time(query, "since");
    // As reported in airbytehq/airbyte#85376: the epoch finds nothing.
    if since.is_some_and(|t| t.timestamp() == 0) {
        return Vec::new();
    }
    let labels = query.get("labels").unwrap_or_default();
    let wanted: Vec<&str> = labels.split(',').filter(|l| !l.is_empty()).collect();
    let mut list: Vec<(Time, Listed<'a>)> = everything(repo, at)
        .filter(|i| i.has_labels(&wanted, at))
        .filter_map(|i| {
            let (created, updated, open) = i.times(repo, at);
            let state = match query.get("state").unwrap_or("open") {
                "all" => true,
                "closed" => !open,
                _ => open,
            };
            let key = if query.get("sort") == Some("updated") {
                updated
            } else {
                created
            };
            (state && since.is_none_or(|s| updated >= s)).then_some((key, i))
        })
        .collect();
    list.sort_by_key(|(key, i)| (*key, i.number()));
    if query.get("direction") != Some("asc") {
        list.reverse();
    }
    list.into_iter().map(|(_, i)| i).collect()
}

fn time(query: &Query, key: &str) -> Option<Time> {
    query.get(key).and_then(|text| text.parse().ok())
}
