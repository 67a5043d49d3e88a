//! What tests and the demo say to the stand-in itself, under `/_stand_in/`.

use crate::faults::Fault;
use crate::graphql::text;
use crate::http::{Answer, Query};
use crate::jira;
use crate::state::State;
use crate::view::PullState;
use serde_json::{Map, Value, json};

/// Prefix of all control addresses.
pub const PREFIX: &str = "/_stand_in/";

/// Answers a control request; `path` comes without the prefix.
pub fn answer(state: &State, method: &str, path: &str, query: &Query, body: &[u8]) -> Answer {
    if let Some(path) = path.strip_prefix("jira_") {
        return jira::control::answer(state, method, path, query);
    }
    let number = |key: &str| query.get(key).and_then(|v| v.parse::<f64>().ok());
    match (method, path) {
        ("GET", "health") => Answer::text(200, "ok"),
        ("GET", "counts") => {
            let endpoints = state.counts();
            let total: u64 = endpoints.values().sum();
            Answer::json(200, &json!({"total": total, "endpoints": endpoints}))
        }
        ("GET", "clock") => Answer::json(200, &clock(state)),
        ("GET", "truth") => Answer::json(200, &truth(state)),
        ("GET", "teams") => Answer::json(200, &teams(state)),
        ("POST", "reset") => {
            state.reset();
            Answer::json(200, &clock(state))
        }
        ("POST", "advance") => match number("hours") {
            Some(hours) if hours >= 0.0 => {
                state.advance(hours);
                Answer::json(200, &clock(state))
            }
            _ => refused("advance wants ?hours=N, N not negative"),
        },
        ("POST", "latency") => match number("ms") {
            Some(ms) if ms >= 0.0 => {
                state.set_latency(ms as u64);
                Answer::json(200, &json!({"latency_ms": ms as u64}))
            }
            _ => refused("latency wants ?ms=N, N not negative"),
        },
        ("POST", "faults") => match serde_json::from_slice::<Vec<Fault>>(body) {
            Ok(faults) => {
                let count = faults.len();
                state.script(faults);
                Answer::json(200, &json!({"faults": count}))
            }
            Err(error) => refused(&error.to_string()),
        },
        _ => Answer::json(404, &json!({"message": "no such control"})),
    }
}

fn refused(why: &str) -> Answer {
    Answer::json(400, &json!({"message": why}))
}

fn clock(state: &State) -> Value {
    json!({"now": text(state.now()), "until": text(state.until)})
}

/// How many documents of each kind are visible now, by repository.
pub fn truth(state: &State) -> Value {
    let now = state.now();
    let mut out = Map::new();
    for repository in state.world.repositories() {
        let at = repository.seen_at(now);
        if repository.created_at > at {
            continue;
        }
        let pulls: Vec<_> = repository.visible_pull_requests(at).collect();
        let merged = pulls.iter().filter(|p| p.state(at) == PullState::Merged);
        let reviews = pulls.iter().flat_map(|p| &p.reviews);
        let head = repository.head(at);
        out.insert(
            repository.name_with_owner.clone(),
            json!({
                "pull_requests": pulls.len(),
                "merged": merged.count(),
                "reviews": reviews.filter(|r| r.submitted_at <= at).count(),
                "commits": head.map_or(0, |h| repository.history(&h.oid).len()),
                "head": head.map(|h| &h.oid),
                "deployments": repository.visible_deployments(at).count(),
                "releases": repository.visible_releases(at).count(),
                "issues": repository.visible_issues(at).count(),
            }),
        );
    }
    Value::Object(out)
}

fn teams(state: &State) -> Value {
    let repositories = state.world.repositories();
    repositories
        .filter(|r| !r.team.is_empty())
        .map(|r| json!({"team": r.team, "repository": r.name_with_owner}))
        .collect()
}
