//! Deployments and their statuses.

use std::borrow::Cow;

use super::{deployment_payload, list_or_remembered, repository};
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type, Value};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::github::identity;

/// Those of `diogen_silver.deployments` that the document itself says. How it ended follows from
/// its statuses.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("deployment_id", Type::Text),
    ("environment", Type::Text),
    ("sha", Type::Text),
    ("ref", Type::Text),
    ("created_at", Type::Time),
    ("origin", Type::Text),
    ("payload", Type::Text),
    ("task", Type::Text),
    ("service", Type::Text),
    ("url", Type::Text),
];

/// Those of `diogen_silver.deployment_statuses`.
pub const STATUS_COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("deployment_id", Type::Text),
    ("state", Type::Text),
    ("occurred_at", Type::Time),
];

/// The row of a deployment.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let reference = match doc.object("ref") {
        Some(reference) => reference.string(&["name"])?,
        None => doc.string(&["ref"])?,
    };
    rows.push([
        repository(doc, context)?.into(),
        identity::id(doc).required("id")?.into(),
        doc.string(&["environment"])?.into(),
        doc.string(&["commitOid", "sha"])?.into(),
        reference.into(),
        doc.moment(&["createdAt", "created_at"])?.into(),
        "github_deployment".into(),
        deployment_payload::payload(doc.get("payload")).into(),
        doc.name(&["task"])?.into(),
        // Only records that are sent in tell these, and nothing of such a one stays.
        Value::Null,
        Value::Null,
    ]);
    Ok(())
}

/// The rows of the statuses nested in a deployment of GraphQL, or of the one that a document is.
pub fn read_statuses(
    doc: Object<'_>,
    context: Object<'_>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let in_url = doc.string(&["deployment_url"])?;
    let in_url = in_url.and_then(|url| url.rsplit('/').next());
    if let Some(deployment) = in_url.or(context.string(&["deployment_id"])?) {
        return push_status(doc, deployment, repository(doc, context)?, rows);
    }
    let deployment = identity::id(doc).required("id")?;
    for status in list_or_remembered(doc, context, "statuses")? {
        push_status(status, &deployment, repository(doc, context)?, rows)?;
    }
    Ok(())
}

fn push_status(
    status: Object<'_>,
    deployment: &str,
    repository: Cow<'_, str>,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let state = status.string(&["state"])?.required("state")?;
    let occurred_at = status.moment(&["createdAt", "created_at"])?;
    rows.push([
        repository.into(),
        deployment.into(),
        state.to_ascii_lowercase().into(),
        occurred_at.required("time")?.into(),
    ]);
    Ok(())
}
