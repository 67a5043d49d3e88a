//! What tells whether a stream has news, from the document that it is fetched for.
//!
//! A pass notes the mark that the document gave before it began. As long as the document gives the
//! same mark, nothing has changed since, and the stream need not be asked for.

use chrono::{DateTime, TimeDelta, Utc};

use crate::jsonb::{Json, Object};

/// A change within the same second would give the same mark, and what is so young may not have
/// reached every replica of the API.
const SETTLED: TimeDelta = TimeDelta::minutes(2);

/// What a repository's document does not tell is asked for at least this often.
const BLIND: TimeDelta = TimeDelta::hours(6);

/// The mark of a stream; `parent` is the document of the repository, or of the branch for the
/// commits of one.
pub fn mark(stream: &str, parent: Object<'_>, now: DateTime<Utc>) -> Option<String> {
    match stream {
        "pull_requests" => of_list(parent, "pullRequests", now),
        "issues" => of_list(parent, "issues", now),
        "deployments" => of_list(parent, "deployments", now),
        "releases" => of_list(parent, "releases", now),
        "tags" => of_tags(parent),
        "branches" => of_pushes(parent, now),
        "commits" => head(parent.at(&["defaultBranchRef", "target", "oid"])),
        "branch_commits" => head(parent.at(&["target", "oid"])),
        "workflow_runs" => of_runs(parent, now),
        _ => None,
    }
}

fn head(oid: Option<Json<'_>>) -> Option<String> {
    oid?.text().map(str::to_owned)
}

/// How many elements a list has, and when the newest of them changed last.
fn of_list(repository: Object<'_>, list: &str, now: DateTime<Utc>) -> Option<String> {
    let list = repository.object(list)?;
    let count = list.integer("totalCount")?;
    let nodes = list.elements("nodes").filter_map(Json::object);
    let updated = nodes.filter_map(|node| node.get("updatedAt")?.time()).max();
    let Some(updated) = updated else {
        return Some(count.to_string());
    };
    (now - updated > SETTLED).then(|| format!("{count} {}", updated.to_rfc3339()))
}

fn of_tags(repository: Object<'_>) -> Option<String> {
    let list = repository.object("tags")?;
    let mut mark = list.integer("totalCount")?.to_string();
    for tag in list.elements("nodes").filter_map(Json::object) {
        let name = tag.text("name")?;
        let target = tag.at(&["target", "oid"])?.text()?;
        mark.push_str(&format!(" {name}={target}"));
    }
    Some(mark)
}

fn of_pushes(repository: Object<'_>, now: DateTime<Utc>) -> Option<String> {
    let pushed = repository.get("pushedAt")?.time()?;
    (now - pushed > SETTLED).then(|| pushed.to_rfc3339())
}

/// Runs follow pushes, pull requests, deployments and releases. Those that follow a clock or a
/// click are seen when the mark's last part changes, at another time for each repository.
fn of_runs(repository: Object<'_>, now: DateTime<Utc>) -> Option<String> {
    let offset = repository.integer("databaseId").unwrap_or_default();
    let turn = (now.timestamp() + offset).div_euclid(BLIND.num_seconds());
    let pushed = of_pushes(repository, now)?;
    let lists = ["pullRequests", "issues", "deployments", "releases"];
    let lists: Option<Vec<_>> = lists
        .into_iter()
        .map(|list| of_list(repository, list, now))
        .collect();
    Some(format!("{pushed} {} {turn}", lists?.join(" ")))
}
