//! Incidents that are sent in as records: the same for every kind of source.

use crate::jsonb::{Json, Object};

use super::{Identity, SourceError, Stream, WHOLE, ingested};

/// Their stream.
pub const INCIDENTS: Stream = ingested("incidents");

const EXAMPLE: &str = r#"{"incident_id": "INC-17", "opened_at": "2026-01-31T12:00:00Z"}"#;

/// What a record is called in bronze: like its incident. It belongs to no repository or project;
/// the service that it names is told by diogen.services.
pub fn identify(document: Object<'_>) -> Result<Identity, SourceError> {
    let id = document.get("incident_id").and_then(Json::identifier);
    let id = id.filter(|id| !id.is_empty());
    let key = id.ok_or(SourceError::NoRecordKey {
        record: "an incident",
        missing: "incident_id",
        example: EXAMPLE,
    })?;
    Ok(Identity {
        key,
        scope: WHOLE.to_owned(),
        updated_at: document.get("updated_at").and_then(Json::time),
        requires: Vec::new(),
        is_deleted: false,
    })
}
