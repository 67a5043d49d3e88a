//! Incidents that are sent in as records: silver's own columns, beside whichever tool.

use crate::jsonb::Object;

use super::fields::{Fields, Required, Unreadable};
use super::normalizer::{Normalizer, itself};
use crate::rows::{Columns, Rows, Type};

/// Their normalizer.
pub const NORMALIZERS: &[Normalizer] = &[Normalizer {
    function: "sent_incidents",
    columns: COLUMNS,
    subject: itself,
    read,
}];

/// Those of `diogen_silver.incidents`.
const COLUMNS: Columns = &[
    ("incident_id", Type::Text),
    ("service", Type::Text),
    ("title", Type::Text),
    ("severity", Type::Text),
    ("status", Type::Text),
    ("opened_at", Type::Time),
    ("acknowledged_at", Type::Time),
    ("resolved_at", Type::Time),
    ("origin", Type::Text),
    ("url", Type::Text),
    ("resolution", Type::Text),
    ("repository", Type::Text),
    ("deployment_id", Type::Text),
    ("sha", Type::Text),
    ("pull_request", Type::Integer),
];

/// The row of an incident. Its status follows from its times where it is not told.
fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    let acknowledged_at = doc.moment(&["acknowledged_at"])?;
    let resolved_at = doc.moment(&["resolved_at"])?;
    let status = doc.name(&["status"])?.unwrap_or(match resolved_at {
        Some(_) => "resolved",
        None if acknowledged_at.is_some() => "acknowledged",
        None => "open",
    });
    let id = doc.identifier(&["incident_id"])?;
    let cause = doc.identifier(&["deployment_id"])?;
    // Under its new name the context has it, where it was renamed.
    let repository = context.name(&["repository"])?;
    rows.push([
        id.filter(|id| !id.is_empty())
            .required("incident_id")?
            .into(),
        doc.name(&["service"])?.into(),
        doc.string(&["title"])?.into(),
        doc.identifier(&["severity"])?.into(),
        status.to_lowercase().into(),
        doc.moment(&["opened_at"])?.required("opened_at")?.into(),
        acknowledged_at.into(),
        resolved_at.into(),
        doc.name(&["origin"])?.unwrap_or("sent").into(),
        doc.string(&["url"])?.into(),
        doc.name(&["resolution"])?.into(),
        repository.or(doc.name(&["repository"])?).into(),
        cause.filter(|id| !id.is_empty()).into(),
        doc.name(&["sha"])?.into(),
        doc.whole(&["pull_request"])?.into(),
    ]);
    Ok(())
}
