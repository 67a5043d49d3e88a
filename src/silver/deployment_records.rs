//! Deployments that are sent in as records: silver's own columns, beside whichever tool.

use crate::jsonb::{Json, Object};
use crate::sources::deployment_records;

use super::fields::{Fields, Required, Unreadable, wrong};
use super::normalizer::{Normalizer, itself};
use crate::rows::{Columns, Rows, Type, Value};

/// Their normalizer.
pub const NORMALIZERS: &[Normalizer] = &[Normalizer {
    function: "sent_deployments",
    columns: COLUMNS,
    subject: itself,
    read,
}];

/// Those of `diogen_silver.deployments`: all of them, so that nothing stays of a document of GitHub's
/// that is gone.
const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("deployment_id", Type::Text),
    ("environment", Type::Text),
    ("sha", Type::Text),
    ("ref", Type::Text),
    ("status", Type::Text),
    ("created_at", Type::Time),
    ("started_at", Type::Time),
    ("finished_at", Type::Time),
    ("origin", Type::Text),
    ("payload", Type::Text),
    ("task", Type::Text),
    ("service", Type::Text),
    ("url", Type::Text),
];

const STATUSES: &[&str] = &["success", "failure", "cancelled", "in_progress", "other"];

/// The row of a deployment. Its status follows from its end where it is not told; what succeeded or
/// failed did so at some time.
fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let created_at = doc.moment(&["created_at"])?;
    let finished_at = doc.moment(&["finished_at"])?;
    let status = match doc.name(&["status"])? {
        Some(told) => {
            let wanted = "success, failure, cancelled, in_progress or other";
            let known = STATUSES
                .iter()
                .find(|known| known.eq_ignore_ascii_case(told));
            known.ok_or_else(|| wrong("status", Json::Text(told), wanted))?
        }
        None if finished_at.is_some() => "success",
        None => "in_progress",
    };
    if matches!(status, "success" | "failure") {
        finished_at.required("finished_at")?;
    }
    let repository = deployment_records::repository(doc, context);
    let id = doc.identifier(&["deployment_id"])?;
    rows.push([
        repository.required("repository")?.into(),
        id.filter(|id| !id.is_empty())
            .required("deployment_id")?
            .into(),
        doc.name(&["environment"])?.unwrap_or("production").into(),
        doc.name(&["sha"])?.into(),
        doc.name(&["ref"])?.into(),
        status.into(),
        created_at.into(),
        doc.moment(&["started_at"])?.or(created_at).into(),
        finished_at.into(),
        "sent".into(),
        Value::Null,
        Value::Null,
        doc.name(&["service"])?.into(),
        doc.string(&["url"])?.into(),
    ]);
    Ok(())
}
