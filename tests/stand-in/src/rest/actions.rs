//! Runs of workflows and their jobs.

use super::documents::{account, api, commit_signature, short_repository, site};
use crate::graphql::text;
use crate::http::Query;
use crate::ids::node_id;
use crate::model::{Repository, Time};
use crate::runs::{Attempt, Job, Run};
use crate::view::PullState;
use chrono::Duration;
use serde_json::{Value, json};

/// However many there are, a list shows no more.
pub const MOST: usize = 1_000;

/// What is asked of the runs of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The list.
    Runs,
    /// One of them.
    Run(u64),
    /// One of its attempts.
    Attempt(u64, usize),
    /// Jobs of a run.
    Jobs(u64),
    /// Jobs of an attempt.
    AttemptJobs(u64, usize),
}

impl Part {
    /// Reads what follows `actions` in a path.
    pub fn read(segments: &[&str]) -> Option<Part> {
        let part = match segments {
            ["runs"] => Part::Runs,
            ["runs", id] => Part::Run(id.parse().ok()?),
            ["runs", id, "jobs"] => Part::Jobs(id.parse().ok()?),
            ["runs", id, "attempts", n] => Part::Attempt(id.parse().ok()?, n.parse().ok()?),
            ["runs", id, "attempts", n, "jobs"] => {
                Part::AttemptJobs(id.parse().ok()?, n.parse().ok()?)
            }
            _ => return None,
        };
        Some(part)
    }

    /// The end of the label and of the path.
    pub fn path(&self) -> (&'static str, String) {
        let runs = "/actions/runs";
        match self {
            Part::Runs => ("/actions/runs", runs.to_owned()),
            Part::Run(id) => ("/actions/runs/{run_id}", format!("{runs}/{id}")),
            Part::Attempt(id, n) => (
                "/actions/runs/{run_id}/attempts/{attempt_number}",
                format!("{runs}/{id}/attempts/{n}"),
            ),
            Part::Jobs(id) => ("/actions/runs/{run_id}/jobs", format!("{runs}/{id}/jobs")),
            Part::AttemptJobs(id, n) => (
                "/actions/runs/{run_id}/attempts/{attempt_number}/jobs",
                format!("{runs}/{id}/attempts/{n}/jobs"),
            ),
        }
    }
}

/// Bounds of a moment, as in `created=2026-01-01..2026-01-31`.
struct Bounds {
    low: Option<Time>,
    high: Option<Time>,
}

impl Bounds {
    fn read(text: &str) -> Option<Bounds> {
        let second = Duration::seconds(1);
        // A day is meant as a whole.
        let from = |text: &str| parse(text, "T00:00:00Z");
        let to = |text: &str| parse(text, "T23:59:59Z");
        let (low, high) = if let Some((low, high)) = text.split_once("..") {
            let open = |t: &&str| *t != "*";
            (
                Some(low).filter(open).map(from),
                Some(high).filter(open).map(to),
            )
        } else if let Some(low) = text.strip_prefix(">=") {
            (Some(from(low)), None)
        } else if let Some(high) = text.strip_prefix("<=") {
            (None, Some(to(high)))
        } else if let Some(low) = text.strip_prefix('>') {
            (Some(to(low).map(|t| t + second)), None)
        } else if let Some(high) = text.strip_prefix('<') {
            (None, Some(from(high).map(|t| t - second)))
        } else {
            (Some(from(text)), Some(to(text)))
        };
        // A bound that cannot be read makes the whole unreadable.
        let bound = |bound: Option<Option<Time>>| match bound {
            None => Some(None),
            Some(bound) => bound.map(Some),
        };
        Some(Bounds {
            low: bound(low)?,
            high: bound(high)?,
        })
    }

    fn contain(&self, at: Time) -> bool {
        self.low.is_none_or(|low| at >= low) && self.high.is_none_or(|high| at <= high)
    }
}

fn parse(text: &str, rest: &str) -> Option<Time> {
    let whole = text.parse().ok();
    whole.or_else(|| format!("{text}{rest}").parse().ok())
}

/// Status and conclusion at a moment.
fn progress(
    started: Time,
    completed: Option<Time>,
    success: bool,
    at: Time,
) -> (&'static str, Option<&'static str>) {
    match completed.filter(|t| *t <= at) {
        Some(_) if success => ("completed", Some("success")),
        Some(_) => ("completed", Some("failure")),
        None if started + Duration::seconds(4) > at => ("queued", None),
        None => ("in_progress", None),
    }
}

fn state(attempt: &Attempt, at: Time) -> (&'static str, Option<&'static str>) {
    progress(
        attempt.started_at,
        attempt.completed_at,
        attempt.success,
        at,
    )
}

/// Runs by `created`, `status`, `branch`, `event`, `actor` and `head_sha`, newest first.
pub fn runs<'a>(runs: &'a [Run], query: &Query, at: Time) -> Vec<&'a Run> {
    let bounds = query.get("created").filter(|t| !t.is_empty());
    // What GitHub cannot read it leaves out of the search.
    let bounds = bounds.and_then(Bounds::read);
    let mut list: Vec<&Run> = runs
        .iter()
        .filter(|r| r.created_at() <= at)
        .filter(|r| bounds.as_ref().is_none_or(|b| b.contain(r.created_at())))
        .filter(|r| query.get("branch").is_none_or(|b| b == r.branch))
        .filter(|r| query.get("event").is_none_or(|e| e == r.event))
        .filter(|r| query.get("head_sha").is_none_or(|s| s == r.oid))
        .filter(|r| {
            let login = r.actor.as_ref().map(|a| a.login.as_str());
            query.get("actor").is_none_or(|a| login == Some(a))
        })
        .filter(|r| {
            query.get("status").is_none_or(|wanted| {
                r.attempts_at(at).last().is_some_and(|attempt| {
                    let (status, conclusion) = state(attempt, at);
                    status == wanted || conclusion == Some(wanted)
                })
            })
        })
        .collect();
    list.reverse();
    list
}

/// A run as of one of its attempts, counted from one.
pub fn run(repo: &Repository, run: &Run, number: usize, at: Time) -> Option<Value> {
    let attempt = run.attempts_at(at).get(number.wrapping_sub(1))?;
    let (status, conclusion) = state(attempt, at);
    let ended = attempt.completed_at.filter(|t| *t <= at);
    let updated = ended
        .unwrap_or(attempt.started_at + Duration::seconds(4))
        .min(at);
    let url = format!("{}/actions/runs/{}", api(repo), run.id);
    let commit = repo.commit(&run.oid);
    let actor = account(&run.actor);
    let title = commit.map(|c| c.message.lines().next().unwrap_or_default().to_owned());
    let before = (number > 1).then(|| format!("{url}/attempts/{}", number - 1));
    let mut document = json!({
        "id": run.id,
        "name": run.workflow.name(),
        "node_id": node_id("WFR", repo.id, run.id),
        "head_branch": run.branch,
        "head_sha": run.oid,
        "path": run.workflow.path(),
        "display_title": title,
        "run_number": run.number,
        "event": run.event,
        "status": status,
        "conclusion": conclusion,
        "workflow_id": run.workflow.id(repo),
        "check_suite_id": run.id + 1,
        "check_suite_node_id": node_id("CS", repo.id, run.id + 1),
        "url": url,
        "html_url": format!("{}/actions/runs/{}", site(repo), run.id),
        "pull_requests": pull_requests(repo, run, at),
        "created_at": text(run.created_at()),
        "updated_at": text(updated),
        "actor": actor,
        "triggering_actor": actor,
        "run_attempt": number,
        "run_started_at": text(attempt.started_at),
        "referenced_workflows": [],
    });
    let addresses = json!({
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{}/check-suites/{}", api(repo), run.id + 1),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": before,
        "workflow_url": format!("{}/actions/workflows/{}", api(repo), run.workflow.id(repo)),
        "head_commit": commit.map(|c| json!({
            "id": c.oid,
            "tree_id": crate::generate::hex(&format!("tree {}", c.oid)),
            "message": c.message,
            "timestamp": text(c.committer.date),
            "author": commit_signature(&c.author),
            "committer": commit_signature(&c.committer),
        })),
        "repository": short_repository(repo),
        "head_repository": short_repository(repo),
    });
    if let (Some(document), Value::Object(addresses)) = (document.as_object_mut(), addresses) {
        document.extend(addresses);
    }
    Some(document)
}

/// The pull request of a run, as long as it is open.
fn pull_requests(repo: &Repository, run: &Run, at: Time) -> Value {
    let pull = run.pull_request.and_then(|n| repo.pull_request(n));
    let open = pull.filter(|p| p.state(at) == PullState::Open);
    let short = json!({"id": repo.id, "url": api(repo), "name": repo.name()});
    open.map(|p| {
        json!({
            "id": p.id,
            "number": p.number,
            "url": format!("{}/pulls/{}", api(repo), p.number),
            "head": {"ref": p.head_ref, "sha": run.oid, "repo": short},
            "base": {"ref": p.base_ref, "sha": p.base_oid, "repo": short},
        })
    })
    .into_iter()
    .collect()
}

/// The jobs of a run: those of its newest attempt, or all.
pub fn jobs(run: &Run, all: bool, at: Time) -> Vec<Job> {
    let newest = run.attempts_at(at).len();
    let first = if all { 1 } else { newest };
    (first..=newest).flat_map(|n| run.jobs(n)).collect()
}

/// A job.
pub fn job(repo: &Repository, run: &Run, job: &Job, at: Time) -> Value {
    let run_url = format!("{}/actions/runs/{}", api(repo), run.id);
    let begun = job.started_at.min(at);
    let (status, conclusion) = progress(job.started_at, job.completed_at, job.success, at);
    let queued = status == "queued" || job.started_at > at;
    let status = if queued { "queued" } else { status };
    let steps = ["Set up job", "Check out", "Run", "Complete job"];
    let step = |(i, name): (usize, &&str)| {
        // What does not succeed does not at its main step.
        let failed = conclusion == Some("failure") && i >= 2;
        let end = job.completed_at.filter(|t| *t <= at);
        json!({
            "name": name,
            "status": if end.is_some() { "completed" } else { status },
            "conclusion": conclusion.map(|_| match (failed, i) {
                (true, 2) => "failure",
                _ => "success",
            }),
            "number": i + 1,
            "started_at": text(begun),
            "completed_at": end.map(text),
        })
    };
    let steps: Vec<Value> = match queued {
        true => Vec::new(),
        false => steps.iter().enumerate().map(step).collect(),
    };
    let created = run.attempts[job.attempt - 1].started_at;
    json!({
        "id": job.id,
        "run_id": run.id,
        "workflow_name": run.workflow.name(),
        "head_branch": run.branch,
        "run_url": run_url,
        "run_attempt": job.attempt,
        "node_id": node_id("CR", repo.id, job.id),
        "head_sha": run.oid,
        "url": format!("{}/actions/jobs/{}", api(repo), job.id),
        "html_url": format!("{}/actions/runs/{}/job/{}", site(repo), run.id, job.id),
        "status": status,
        "conclusion": conclusion,
        "created_at": text(created),
        "started_at": text(begun),
        "completed_at": job.completed_at.filter(|t| *t <= at).map(text),
        "name": job.name,
        "steps": steps,
        "check_run_url": format!("{}/check-runs/{}", api(repo), job.id),
        "labels": ["ubuntu-latest"],
        "runner_id": (!queued).then_some(1),
        "runner_name": (!queued).then_some("GitHub Actions 1"),
        "runner_group_id": (!queued).then_some(2),
        "runner_group_name": (!queued).then_some("GitHub Actions"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_github_reads_them() {
        let inside =
            |bounds: &str, at: &str| Bounds::read(bounds).unwrap().contain(at.parse().unwrap());
        let noon = "2026-05-02T12:00:00Z";
        for (bounds, expected) in [
            ("2026-05-01..2026-05-02", true),
            ("2026-05-01..2026-05-01", false),
            ("2026-05-02T12:00:00Z..2026-05-02T12:00:00Z", true),
            ("*..2026-05-01", false),
            ("2026-05-02..*", true),
            (">=2026-05-02T12:00:00Z", true),
            (">2026-05-02T12:00:00Z", false),
            ("<=2026-05-02", true),
            ("<2026-05-02T12:00:00Z", false),
            ("2026-05-02", true),
        ] {
            assert_eq!(inside(bounds, noon), expected, "{bounds}");
        }
        assert!(Bounds::read("yesterday").is_none());
    }
}
