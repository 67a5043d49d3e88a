//! The jobs of workflow runs.

use super::pipeline_runs::result;
use super::repository;
use crate::jsonb::Object;
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable};
use crate::sources::github::identity;

/// Those of `diogen_silver.pipeline_jobs`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("run_id", Type::Text),
    ("job_id", Type::Text),
    ("attempt", Type::Integer),
    ("name", Type::Text),
    ("result", Type::Text),
    ("created_at", Type::Time),
    ("started_at", Type::Time),
    ("finished_at", Type::Time),
];

/// The row of a job. Older documents tell neither its attempt nor when it was made.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let started_at = doc.moment(&["started_at"])?;
    rows.push([
        repository(doc, context)?.into(),
        doc.identifier(&["run_id"])?.required("run_id")?.into(),
        identity::id(doc).required("id")?.into(),
        doc.whole(&["run_attempt"])?.unwrap_or(1).into(),
        doc.string(&["name"])?.into(),
        result(doc)?.into(),
        doc.moment(&["created_at"])?.into(),
        started_at.into(),
        doc.moment(&["completed_at"])?.into(),
    ]);
    Ok(())
}
