//! Boards and sprints.

use super::body::refuse;
use super::documents::Documents;
use super::lists::{Page, page};
use super::model::{Board, Sprint};
use super::view::SprintState;
use crate::http::{Answer, Query};
use serde_json::{Value, json};

fn shape(docs: &Documents, path: &str) -> Page {
    Page {
        address: format!("{}{path}", docs.host),
        default: 50,
        most: 50,
    }
}

/// Boards, of one project if one is named.
pub fn boards(docs: &Documents, query: &Query, path: &str) -> Answer {
    let project = match query.get("projectKeyOrId") {
        None => None,
        Some(name) => match docs.site.project(name) {
            Some(project) => Some(project.id),
            None => {
                return refuse(
                    400,
                    &format!("No project could be found with key or id '{name}'."),
                );
            }
        },
    };
    let kind = query.get("type").unwrap_or("scrum,kanban");
    let all: Vec<&Board> = docs
        .site
        .boards
        .iter()
        .filter(|b| project.is_none_or(|p| b.project == p))
        .filter(|b| kind.split(',').any(|k| k == self::kind(b)))
        .collect();
    page(&shape(docs, path), query, &all, |b| board(docs, b))
}

fn kind(board: &Board) -> &'static str {
    if board.is_kanban { "kanban" } else { "scrum" }
}

fn board(docs: &Documents, board: &Board) -> Value {
    let mut document = json!({
        "id": board.id,
        "self": format!("{}/rest/agile/1.0/board/{}", docs.host, board.id),
        "name": board.name,
        "type": kind(board),
    });
    if let Some(project) = docs
        .site
        .project_by_id(board.project)
        .filter(|_| docs.is_cloud())
    {
        document["location"] = json!({
            "projectId": project.id,
            "displayName": format!("{} ({})", project.name, project.key),
            "projectName": project.name,
            "projectKey": project.key,
            "projectTypeKey": "software",
            "name": format!("{} ({})", project.name, project.key),
        });
    }
    document
}

/// The sprints of a board, in some states if any are named.
pub fn sprints(docs: &Documents, query: &Query, id: u64, path: &str) -> Answer {
    let Some(board) = docs.site.board(id) else {
        return refuse(
            404,
            "The requested board cannot be viewed because it either does not exist or you do not have permission to view it.",
        );
    };
    if board.is_kanban {
        return refuse(400, "The board does not support sprints");
    }
    let states = query.get("state").unwrap_or("future,active,closed");
    let wanted = |s: &&Sprint| {
        let state = s.state(docs.now).name();
        states.split(',').any(|w| w == state)
    };
    let all: Vec<&Sprint> = docs
        .site
        .sprints
        .iter()
        .filter(|s| s.board == id && s.created <= docs.now)
        .filter(wanted)
        .collect();
    page(&shape(docs, path), query, &all, |s| sprint(docs, s))
}

/// One sprint.
pub fn one(docs: &Documents, id: u64) -> Answer {
    let found = docs.site.sprint(id).filter(|s| s.created <= docs.now);
    match found {
        Some(found) => Answer::json(200, &sprint(docs, found)),
        None => refuse(
            404,
            "Sprint does not exist or you do not have permission to view it.",
        ),
    }
}

fn sprint(docs: &Documents, sprint: &Sprint) -> Value {
    let state = sprint.state(docs.now);
    let mut document = json!({
        "id": sprint.id,
        "self": format!("{}/rest/agile/1.0/sprint/{}", docs.host, sprint.id),
        "state": state.name(),
        "name": sprint.name,
        "startDate": docs.agile_time(sprint.start),
        "endDate": docs.agile_time(sprint.end),
        "originBoardId": sprint.board,
        "goal": sprint.goal,
    });
    if docs.is_cloud() {
        document["createdDate"] = json!(docs.agile_time(sprint.created));
    } else if state != SprintState::Future {
        document["activatedDate"] = json!(docs.agile_time(sprint.activated));
    }
    if state == SprintState::Closed {
        document["completeDate"] = json!(docs.agile_time(sprint.completed));
    }
    document
}
