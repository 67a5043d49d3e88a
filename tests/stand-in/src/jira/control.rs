//! What tests say to Jira, under `/_stand_in/jira_…`.

use super::edit::Edit;
use crate::http::{Answer, Query};
use crate::state::State;
use serde_json::json;

/// Answers a control request; `path` comes without the prefix and `jira_`.
pub fn answer(state: &State, method: &str, path: &str, query: &Query) -> Answer {
    let Some(jira) = &state.jira else {
        return Answer::json(404, &json!({"message": "no Jira is served"}));
    };
    let clock = state.now();
    let text = |key: &str| query.get(key).unwrap_or_default();
    let issue = text("issue");
    let done = match (method, path) {
        ("GET", "truth") => return Answer::json(200, &jira.truth(clock)),
        ("POST", "expire_tokens") => {
            jira.expire_tokens();
            return Answer::json(200, &json!({}));
        }
        ("POST", "delete") => jira.delete(clock, issue),
        ("POST", "move") => jira.move_issue(clock, issue, text("project")),
        ("POST", "create") => jira.create(clock, text("project"), text("summary")),
        ("POST", "edit") => {
            let own = |key: &str| query.get(key).map(str::to_owned);
            let edit = Edit {
                summary: own("summary"),
                status: own("status"),
                priority: own("priority"),
                points: query.get("points").and_then(|p| p.parse().ok()),
                sprint: query.get("sprint").map(|s| s.parse().unwrap_or_default()),
            };
            jira.edit(clock, issue, &edit)
        }
        _ => return Answer::json(404, &json!({"message": "no such control"})),
    };
    match done {
        Ok(id) => {
            let (site, now) = (jira.site(), jira.now(clock));
            let key = site.issue_by_id(id).map(|i| i.key(now).to_owned());
            Answer::json(200, &json!({"id": id.to_string(), "key": key}))
        }
        Err(why) => Answer::json(400, &json!({"message": why})),
    }
}
