//! What a GitHub document is called in bronze: the same key whether it came from GraphQL, from
//! REST, from a webhook or from another tool's export.

use std::borrow::Cow;

use super::super::{Identity, SourceError};
use super::payload::{Payload, payload};
use crate::jsonb::{Json, Object};

const REPOSITORY_EXAMPLE: &str = r#"{"repository": "acme/api"}"#;
const NUMBER_EXAMPLE: &str = r#"{"repository": "acme/api", "number": 17}"#;

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
    let (document, is_deleted) = match payload(document) {
        None => (document, false),
        Some(Payload::Object {
            stream: belongs,
            document,
            is_deleted,
            ..
        }) if belongs == stream => (document, is_deleted),
        Some(Payload::Object {
            key,
            stream: belongs,
            ..
        }) => {
            return Err(SourceError::OtherStream {
                stream: stream.to_owned(),
                key,
                belongs,
            });
        }
        Some(Payload::Other) => {
            return Err(SourceError::NoDocument {
                stream: stream.to_owned(),
            });
        }
    };
    let repository =
        repository(document, context).ok_or_else(|| lacking("repository", REPOSITORY_EXAMPLE))?;
    let mut requires = Vec::new();
    let key = match stream {
        "repositories" => repository.to_string(),
        "pull_requests" => {
            let number =
                number(document, context).ok_or_else(|| lacking("number", NUMBER_EXAMPLE))?;
            format!("{repository}#{number}")
        }
        "commits" | "branch_commits" => {
            let sha = sha(document).ok_or_else(|| lacking("sha", REPOSITORY_EXAMPLE))?;
            requires = parents(document)
                .map(|parent| format!("{repository}@{parent}"))
                .collect();
            format!("{repository}@{sha}")
        }
        "branches" => {
            let name = document
                .text("name")
                .ok_or_else(|| lacking("name", REPOSITORY_EXAMPLE))?;
            format!("{repository}:{name}")
        }
        "tags" => {
            let name = document
                .text("name")
                .ok_or_else(|| lacking("name", REPOSITORY_EXAMPLE))?;
            format!("{repository}@{name}")
        }
        "pull_request_files" => {
            let number =
                number(document, context).ok_or_else(|| lacking("number", NUMBER_EXAMPLE))?;
            let path = document
                .any(&["path", "filename"])
                .and_then(Json::text)
                .ok_or_else(|| lacking("path", NUMBER_EXAMPLE))?;
            format!("{repository}#{number}:{path}")
        }
        "pull_request_commits" => {
            let number =
                number(document, context).ok_or_else(|| lacking("number", NUMBER_EXAMPLE))?;
            let sha = sha(document).ok_or_else(|| lacking("sha", NUMBER_EXAMPLE))?;
            format!("{repository}#{number}@{sha}")
        }
        _ => {
            let id = id(document).ok_or_else(|| lacking("id", REPOSITORY_EXAMPLE))?;
            format!("{repository}#{id}")
        }
    };
    Ok(Identity {
        key,
        scope: repository.into_owned(),
        updated_at: document
            .any(&["updatedAt", "updated_at"])
            .and_then(Json::time),
        requires,
        is_deleted,
    })
}

/// The repository, named `owner/name`: said by the context, by the document, or by one of its URLs.
pub fn repository<'a>(document: Object<'a>, context: Object<'a>) -> Option<Cow<'a, str>> {
    let named = context
        .text("repository")
        .or_else(|| document.any(&["nameWithOwner", "full_name"])?.text())
        .or_else(|| match document.get("repository")? {
            Json::Object(repository) => repository.any(&["nameWithOwner", "full_name"])?.text(),
            name => name.text().filter(|name| name.contains('/')),
        })
        .or_else(|| document.at(&["base", "repo", "full_name"])?.text());
    if let Some(name) = named {
        return Some(name.into());
    }
    let urls = [
        "url",
        "pull_request_url",
        "issue_url",
        "repository_url",
        "deployment_url",
        "html_url",
    ];
    urls.iter()
        .filter_map(|key| document.text(key))
        .find_map(repository_in_url)
        .map(Cow::Owned)
}

/// `…/repos/{owner}/{name}/…` of the API.
fn repository_in_url(url: &str) -> Option<String> {
    let (_, path) = url.split_once("/repos/")?;
    let mut parts = path.split('/');
    let (owner, name) = (parts.next()?, parts.next()?);
    (!owner.is_empty() && !name.is_empty()).then(|| format!("{owner}/{name}"))
}

/// The number of the pull request a document is, or belongs to.
pub fn number(document: Object<'_>, context: Object<'_>) -> Option<i64> {
    context
        .integer("number")
        .or_else(|| document.any(&["number", "pull_number"])?.integer())
        .or_else(|| {
            let url = document.any(&["pull_request_url", "issue_url"])?.text()?;
            url.rsplit('/').next()?.parse().ok()
        })
}

/// The commit's own identifier.
pub fn sha(document: Object<'_>) -> Option<&str> {
    document.any(&["oid", "sha"])?.text()
}

/// The identifier that REST and GraphQL share: a number. GraphQL sends one that may not fit into
/// 32 bits as text; where it has no such field and the number does not fit, the node's name is left.
pub fn id(document: Object<'_>) -> Option<String> {
    ["fullDatabaseId", "databaseId", "id"]
        .iter()
        .find_map(|key| document.get(key)?.identifier())
}

/// A commit's parents in order: GraphQL has them as nodes with `oid`, REST as a list with `sha`.
pub fn parents(commit: Object<'_>) -> impl Iterator<Item = &str> {
    let parents = commit.get("parents");
    let nodes = parents
        .and_then(Json::object)
        .and_then(|parents| parents.get("nodes"));
    nodes
        .or(parents)
        .into_iter()
        .flat_map(Json::elements)
        .filter_map(Json::object)
        .filter_map(sha)
}
