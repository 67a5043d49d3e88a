//! What a webhook sends: the document of an object, wrapped into a payload that tells what happened
//! to it. This is the one place that unwraps it.

use crate::jsonb::{Json, Object};

/// The key of the object in a payload, what has to be beside it, and the stream it belongs to. A
/// payload also carries what its object hangs on, so the first that fits is meant.
const OBJECTS: &[(&str, Option<&str>, &str)] = &[
    ("review", Some("pull_request"), "reviews"),
    ("comment", Some("pull_request"), "review_comments"),
    ("comment", Some("issue"), "issue_comments"),
    ("deployment_status", None, "deployment_statuses"),
    ("workflow_job", None, "workflow_jobs"),
    ("deployment", None, "deployments"),
    ("workflow_run", None, "workflow_runs"),
    ("release", None, "releases"),
    ("issue", None, "issues"),
    ("pull_request", None, "pull_requests"),
];

/// All that the payload of an event about a repository itself has. With anything else beside it,
/// another thing is meant that happened in the repository: a star, a rule, a hook.
const ABOUT_REPOSITORY: &[&str] = &[
    "action",
    "changes",
    "enterprise",
    "installation",
    "organization",
    "repository",
    "sender",
];

/// What a payload holds.
#[derive(Clone, Copy)]
pub enum Payload<'a> {
    /// A document of a stream.
    Object {
        /// The key it lies under.
        key: &'static str,
        /// Its stream.
        stream: &'static str,
        /// The document.
        document: Object<'a>,
        /// Whether the object is gone.
        is_deleted: bool,
    },
    /// News that is no document of any stream: a push, a label, the state of a commit.
    Other,
}

/// The payload that a document is; `None` for one that is the object itself.
pub fn payload(document: Object<'_>) -> Option<Payload<'_>> {
    let action = document.text("action");
    if action.is_none() && document.object("sender").is_none() {
        return None;
    }
    let Some(action) = action else {
        return Some(Payload::Other);
    };
    // A transferred issue is another one from then on, in another repository.
    let is_deleted = |stream| action == "deleted" || action == "transferred" && stream == "issues";
    for &(key, beside, stream) in OBJECTS {
        if let Some(object) = document.object(key)
            && beside.is_none_or(|beside| document.object(beside).is_some())
        {
            return Some(Payload::Object {
                key,
                stream,
                document: object,
                is_deleted: is_deleted(stream),
            });
        }
    }
    let is_about_repository = document
        .iter()
        .all(|(key, _)| ABOUT_REPOSITORY.contains(&key));
    match document.get("repository").and_then(Json::object) {
        Some(repository) if is_about_repository => Some(Payload::Object {
            key: "repository",
            stream: "repositories",
            document: repository,
            is_deleted: is_deleted("repositories"),
        }),
        _ => Some(Payload::Other),
    }
}

/// The document itself, whether or not it came in a payload.
pub fn unwrapped(document: Object<'_>) -> Object<'_> {
    match payload(document) {
        Some(Payload::Object { document, .. }) => document,
        _ => document,
    }
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
