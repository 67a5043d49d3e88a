//! What a Jira document is called in bronze: the same key whether it was fetched or came from
//! another tool's export.

use chrono::{DateTime, Utc};

use crate::jsonb::{Json, Object};
use crate::sources::{Identity, SourceError, WHOLE};

const CHANGE_EXAMPLE: &str = r#"{"issue_id": "10001", "project": "PAY"}"#;
const PROJECT_EXAMPLE: &str = r#"{"project": "PAY"}"#;
const BOARD_EXAMPLE: &str = r#"{"board": 12}"#;

/// The identity of a document of a stream.
pub fn identify(
    stream: &str,
    document: Object<'_>,
    context: Object<'_>,
) -> Result<Identity, SourceError> {
    let lacking = |missing, example| SourceError::NoKey {
        stream: stream.to_owned(),
        missing,
        example,
    };
    let own = document
        .get("id")
        .and_then(Json::identifier)
        .ok_or_else(|| lacking("id", PROJECT_EXAMPLE));
    let project = || project(document, context);
    let (key, scope) = match stream {
        "projects" => {
            let key = document
                .text("key")
                .ok_or_else(|| lacking("key", PROJECT_EXAMPLE))?;
            (key.to_owned(), key.to_owned())
        }
        // A key changes when the issue moves to another project; its number does not.
        "issues" => {
            let project = project().ok_or_else(|| lacking("project", PROJECT_EXAMPLE))?;
            (own?, project)
        }
        "changelogs" => {
            let issue = context.get("issue_id").or(document.get("issueId"));
            let issue = issue
                .and_then(Json::identifier)
                .ok_or_else(|| lacking("issue_id", CHANGE_EXAMPLE))?;
            (
                format!("{issue}:{}", own?),
                project().unwrap_or_else(|| WHOLE.to_owned()),
            )
        }
        "boards" => {
            let project = project().or_else(|| {
                let place = document.at(&["location", "projectKey"])?;
                place.text().map(str::to_owned)
            });
            (own?, project.unwrap_or_else(|| WHOLE.to_owned()))
        }
        // A pass over the sprints is for one board.
        "sprints" => {
            let board = document.get("originBoardId").or(context.get("board"));
            let board = board
                .and_then(Json::identifier)
                .ok_or_else(|| lacking("board", BOARD_EXAMPLE))?;
            (own?, board)
        }
        _ => (own?, WHOLE.to_owned()),
    };
    Ok(Identity {
        key,
        scope,
        updated_at: match stream {
            "issues" => document.at(&["fields", "updated"]).and_then(Json::time),
            "changelogs" => document.get("created").and_then(moment),
            _ => None,
        },
        requires: Vec::new(),
        is_deleted: false,
    })
}

/// The key of the project: said by the context, by the document, or by the issue's key.
fn project(document: Object<'_>, context: Object<'_>) -> Option<String> {
    let project = context
        .get("project")
        .or_else(|| document.at(&["fields", "project", "key"]))
        .and_then(Json::text);
    let (of_key, _) = document
        .text("key")
        .and_then(|key| key.rsplit_once('-'))
        .unzip();
    project.or(of_key).map(str::to_owned)
}

/// A time as text, or as milliseconds, which is how bulk changelogs have it.
fn moment(value: Json<'_>) -> Option<DateTime<Utc>> {
    match value.integer() {
        Some(milliseconds) => DateTime::from_timestamp_millis(milliseconds),
        None => value.time(),
    }
}
