//! What tests and the demo say to the stand-in itself, under `/_stand_in/`.

use crate::changes::Deleted;
use crate::faults::Fault;
use crate::graphql::text;
use crate::http::{Answer, Query};
use crate::jira;
use crate::keys;
use crate::state::State;
use serde_json::{Value, json};

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
        ("GET", "truth") => Answer::json(200, &keys::truth(&state.world(), state.now())),
        ("GET", "documents") => Answer::json(200, &keys::documents(&state.world(), state.now())),
        ("GET", "teams") => Answer::json(200, &teams(state)),
        ("POST", "expire_tokens") => {
            let expired = state.tokens.expire();
            Answer::json(200, &json!({"expired": expired}))
        }
        ("POST", "rename") => rename(state, query),
        ("POST", "delete") => delete(state, query),
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

fn rename(state: &State, query: &Query) -> Answer {
    let (Some(old), Some(new)) = (query.get("repository"), query.get("to")) else {
        return refused("rename wants ?repository=OWNER/NAME&to=NAME");
    };
    match state.change(|world| world.renamed(old, new)) {
        true => Answer::json(200, &json!({"renamed": old, "to": new})),
        false => refused("there is no such repository"),
    }
}

fn delete(state: &State, query: &Query) -> Answer {
    let number = || query.get("id").and_then(|id| id.parse().ok());
    let what = match query.get("kind") {
        Some("repository") => Some(Deleted::Repository),
        Some("issue") => number().map(Deleted::Issue),
        Some("release") => number().map(Deleted::Release),
        Some("tag") => query.get("id").map(Deleted::Tag),
        Some("deployment") => number().map(Deleted::Deployment),
        _ => None,
    };
    let (Some(repository), Some(what)) = (query.get("repository"), what) else {
        return refused(
            "delete wants ?repository=OWNER/NAME&kind=repository, or kind=issue, release, tag or deployment with &id=",
        );
    };
    match state.change(|world| world.without(repository, what)) {
        true => Answer::json(200, &json!({"deleted": 1})),
        false => refused("there is no such thing"),
    }
}

fn teams(state: &State) -> Value {
    let world = state.world();
    world
        .repositories()
        .filter(|r| !r.team.is_empty())
        .map(|r| json!({"team": r.team, "repository": r.name_with_owner}))
        .collect()
}
