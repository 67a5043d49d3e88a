//! What is visible now, by repository and kind: how much, and what exactly.

use crate::model::{Repository, Time, World};
use crate::view::PullState;
use serde_json::{Map, Value, json};

/// How many documents of each kind are visible at a moment, by repository.
pub fn truth(world: &World, now: Time) -> Value {
    by_repository(world, now, |repository, at| {
        let pulls: Vec<_> = repository.visible_pull_requests(at).collect();
        let merged = pulls.iter().filter(|p| p.state(at) == PullState::Merged);
        let reviews = pulls.iter().flat_map(|p| &p.reviews);
        let head = repository.head(at);
        let releases = repository.visible_releases(at).count();
        let runs = repository.runs();
        json!({
            "pull_requests": pulls.len(),
            "merged": merged.count(),
            "reviews": reviews.filter(|r| r.submitted_at <= at).count(),
            "commits": head.map_or(0, |h| repository.history(&h.oid).len()),
            "head": head.map(|h| &h.oid),
            "deployments": repository.visible_deployments(at).count(),
            "releases": releases,
            // Nobody tags without releasing.
            "tags": releases,
            "issues": repository.visible_issues(at).count(),
            "workflow_runs": runs.iter().filter(|r| r.created_at() <= at).count(),
        })
    })
}

/// The natural identifiers of everything that is visible at a moment, by repository and kind.
pub fn documents(world: &World, now: Time) -> Value {
    by_repository(world, now, |repository, at| {
        let numbers =
            |list: &mut dyn Iterator<Item = u64>| list.map(Value::from).collect::<Value>();
        let pulls: Vec<_> = repository.visible_pull_requests(at).collect();
        let reviews = pulls.iter().flat_map(|p| &p.reviews);
        let head = repository.head(at);
        let commits = head.map(|h| repository.history(&h.oid)).unwrap_or_default();
        let oids: Value = commits.iter().map(|c| json!(c.oid)).collect();
        let tags: Value = repository
            .visible_releases(at)
            .map(|r| json!(r.tag))
            .collect();
        let runs = repository.runs();
        let seen = runs.iter().filter(|r| r.created_at() <= at);
        json!({
            "id": repository.id,
            "pull_requests": numbers(&mut pulls.iter().map(|p| p.number)),
            "reviews": numbers(&mut reviews.filter(|r| r.submitted_at <= at).map(|r| r.id)),
            "commits": oids,
            "deployments": numbers(&mut repository.visible_deployments(at).map(|d| d.id)),
            "releases": numbers(&mut repository.visible_releases(at).map(|r| r.id)),
            "tags": tags,
            "issues": numbers(&mut repository.visible_issues(at).map(|i| i.number)),
            "workflow_runs": numbers(&mut seen.map(|r| r.id)),
        })
    })
}

fn by_repository(world: &World, now: Time, describe: impl Fn(&Repository, Time) -> Value) -> Value {
    let mut out = Map::new();
    for repository in world.repositories() {
        let at = repository.seen_at(now);
        if repository.created_at <= at {
            let name = repository.name_with_owner.clone();
            out.insert(name, describe(repository, at));
        }
    }
    Value::Object(out)
}
