//! Deployments and their statuses.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::{nodes, text_at, time_at};
use crate::jsonb::{Document, Json, Object};
use crate::sources::github::identity;

/// The row of `diogen_silver.deployments` that a deployment's document gives. How it ended is not
/// among its columns: that follows from its statuses.
// Written out because `ref`, the column's name, is a keyword of Rust.
#[pg_extern(
    immutable,
    strict,
    parallel_safe,
    sql = r#"
        CREATE FUNCTION github_deployments(doc jsonb, context jsonb)
        RETURNS TABLE (repository text, deployment_id text, environment text, sha text, ref text,
                       created_at timestamptz, origin text)
        LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
        AS 'MODULE_PATHNAME', 'github_deployments_wrapper';
    "#
)]
fn github_deployments(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(deployment_id, String),
        name!(environment, Option<String>),
        name!(sha, Option<String>),
        name!(git_ref, Option<String>),
        name!(created_at, Option<TimestampWithTimeZone>),
        name!(origin, String),
    ),
> {
    let row = doc
        .object()
        .zip(context.object())
        .and_then(|(doc, context)| {
            let reference = doc.at(&["ref", "name"]).or_else(|| doc.get("ref"));
            Some((
                identity::repository(doc, context)?,
                identity::id(doc)?,
                text_at(doc, &["environment"]),
                text_at(doc, &["commitOid", "sha"]),
                reference.and_then(Json::text).map(str::to_owned),
                time_at(doc, &["createdAt", "created_at"]),
                "github_deployment".to_owned(),
            ))
        });
    TableIterator::new(row)
}

/// The rows of `diogen_silver.deployment_statuses` that a document gives: the statuses nested in a
/// GraphQL deployment, or the one a REST deployment status is.
#[pg_extern(immutable, strict, parallel_safe)]
fn github_deployment_statuses(
    doc: Document<'_>,
    context: Document<'_>,
) -> TableIterator<
    'static,
    (
        name!(repository, String),
        name!(deployment_id, String),
        name!(state, String),
        name!(occurred_at, TimestampWithTimeZone),
    ),
> {
    let rows = doc
        .object()
        .zip(context.object())
        .and_then(|(doc, context)| statuses(doc, context));
    TableIterator::new(rows.unwrap_or_default())
}

type StatusRow = (String, String, String, TimestampWithTimeZone);

fn statuses(doc: Object<'_>, context: Object<'_>) -> Option<Vec<StatusRow>> {
    let repository = identity::repository(doc, context)?;
    let row = |deployment: &str, status: Object<'_>| {
        Some((
            repository.clone(),
            deployment.to_owned(),
            status.text("state")?.to_ascii_lowercase(),
            time_at(status, &["createdAt", "created_at"])?,
        ))
    };
    if let Some(url) = doc.text("deployment_url") {
        let deployment = url.rsplit('/').next()?;
        return Some(row(deployment, doc).into_iter().collect());
    }
    if let Some(deployment) = context.text("deployment_id") {
        return Some(row(deployment, doc).into_iter().collect());
    }
    let deployment = identity::id(doc)?;
    Some(
        nodes(doc, "statuses")
            .filter_map(|status| row(&deployment, status))
            .collect(),
    )
}
