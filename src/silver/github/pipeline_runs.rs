//! Workflow runs, attempt by attempt.

use super::{remembered, repository};
use crate::jsonb::{Json, Object};
use crate::rows::{Columns, Rows, Type};
use crate::silver::fields::{Fields, Required, Unreadable, wrong};
use crate::sources::github::identity;

/// Those of `diogen_silver.pipeline_runs`.
pub const COLUMNS: Columns = &[
    ("repository", Type::Text),
    ("run_id", Type::Text),
    ("attempt", Type::Integer),
    ("name", Type::Text),
    ("branch", Type::Text),
    ("sha", Type::Text),
    ("event", Type::Text),
    ("result", Type::Text),
    ("created_at", Type::Time),
    ("started_at", Type::Time),
    ("finished_at", Type::Time),
    ("url", Type::Text),
    ("title", Type::Text),
];

/// The row of a run's last attempt, and those of earlier ones that are remembered: GitHub shows the
/// last one only.
pub fn read(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable> {
    push(doc, doc, context, false, rows)?;
    let attempts = remembered(context).and_then(|remembered| remembered.object("attempts"));
    for (key, attempt) in attempts.into_iter().flat_map(Object::iter) {
        let attempt = attempt.object();
        let attempt = attempt.ok_or_else(|| wrong(key, Json::Null, "an attempt"))?;
        push(attempt, doc, context, true, rows)?;
    }
    Ok(())
}

fn push(
    attempt: Object<'_>,
    run: Object<'_>,
    context: Object<'_>,
    is_superseded: bool,
    rows: &mut Rows,
) -> Result<(), Unreadable> {
    let number = attempt.whole(&["run_attempt"])?.unwrap_or(1);
    let created_at = run.moment(&["created_at"])?;
    let started_at = attempt.moment(&["run_started_at"])?;
    let result = match result(attempt)? {
        // It is over, or there would be no later one; how it ended was not seen.
        IN_PROGRESS if is_superseded => "other",
        result => result,
    };
    let is_over = attempt.string(&["status"])? == Some("completed");
    rows.push([
        repository(run, context)?.into(),
        identity::id(run).required("id")?.into(),
        number.into(),
        run.string(&["name"])?.into(),
        run.string(&["head_branch"])?.into(),
        run.string(&["head_sha"])?.into(),
        run.string(&["event"])?.into(),
        result.into(),
        created_at.into(),
        // Older documents do not tell when an attempt began.
        started_at.or(created_at.filter(|_| number == 1)).into(),
        attempt.moment(&["updated_at"])?.filter(|_| is_over).into(),
        run.string(&["html_url", "url"])?.into(),
        run.string(&["display_title"])?.into(),
    ]);
    Ok(())
}

const IN_PROGRESS: &str = "in_progress";

/// How a run or a job ended, in silver's words.
pub fn result(doc: Object<'_>) -> Result<&'static str, Unreadable> {
    if doc.string(&["status"])? != Some("completed") {
        return Ok(IN_PROGRESS);
    }
    Ok(match doc.string(&["conclusion"])? {
        Some("success") => "success",
        Some("failure" | "timed_out" | "startup_failure") => "failure",
        // Somebody did that, or another run of the same group: nothing has failed.
        Some("cancelled") => "cancelled",
        Some("skipped") => "skipped",
        // neutral, stale, action_required: it decided nothing.
        _ => "other",
    })
}
