//! Workflow runs and their jobs, over REST: GraphQL does not have them.
//!
//! GitHub lists at most 1,000 runs for one window of creation times, however many there are. A
//! pass reads the newest window first and halves each one that holds too many. The open end of the
//! first window keeps its address the same from run to run, so that an unchanged list costs an
//! answer without a body (304) that counts against no rate limit.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::Url;
use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::listings::WAIT_FOR_UNFINISHED;
use super::{GitHub, rest};
use crate::http::Response;
use crate::sources::reach::{Reach, since, time};
use crate::sources::{Page, Place, Queued, SourceError, limits};

/// Elements of a page, GitHub's most.
const WIDTH: &str = "100";
/// So many runs of a window can be listed.
const WINDOW: i64 = 1000;
/// Read again behind what was seen: a run that is repeated keeps its time of creation.
const OVERLAP: TimeDelta = TimeDelta::days(2);
/// GitHub lets a run be repeated for so long; nothing else tells that an old one was.
const REPEATABLE: TimeDelta = TimeDelta::days(30);
/// All that could have been repeated is read again after so long.
const REREAD: TimeDelta = TimeDelta::days(1);

/// A window of creation times; open at its end without `until`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

impl Window {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            from: time(&value[0])?,
            until: time(&value[1]),
        })
    }

    fn json(self) -> Value {
        json!([self.from, self.until])
    }

    /// As GitHub's parameter `created` has it, to the second.
    fn parameter(self) -> String {
        let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self.until {
            Some(until) => format!("{}..{}", text(self.from), text(until)),
            None => format!(">={}", text(self.from)),
        }
    }

    /// The newer and the older half; `None` for a second, which cannot be halved.
    fn halves(self, now: DateTime<Utc>) -> Option<(Self, Self)> {
        let seconds = (self.until.unwrap_or(now) - self.from).num_seconds();
        if seconds < 1 {
            return None;
        }
        let middle = self.from + TimeDelta::seconds(seconds / 2);
        let newer = Self {
            from: middle + TimeDelta::seconds(1),
            ..self
        };
        let older = Self {
            until: Some(middle),
            ..self
        };
        Some((newer, older))
    }
}

/// The window that is read at a cursor.
fn window(github: &GitHub, place: &Place<'_>) -> Window {
    let cursor = place.cursor;
    if let Some(window) = Window::read(&cursor["after"]["windows"][0]) {
        return window;
    }
    let horizon = github.common.horizon(place.now);
    let reach = Reach::of(cursor, horizon);
    let from = match time(&cursor["seen_until"]) {
        Some(_) if !reach.all && is_reread(place) => horizon.max(place.now - REPEATABLE),
        Some(seen) if !reach.all => horizon.max(seen - OVERLAP),
        _ => horizon,
    };
    // To the second, as GitHub counts.
    let from = DateTime::from_timestamp(from.timestamp(), 0).unwrap_or(from);
    Window { from, until: None }
}

/// A part of a day, another one for each repository.
fn spread(scope: &str) -> TimeDelta {
    let sum: i64 = scope.bytes().map(i64::from).sum();
    TimeDelta::minutes(sum * 37 % (23 * 60))
}

/// Whether the pass that begins here reads all that could have been repeated.
fn is_reread(place: &Place<'_>) -> bool {
    time(&place.cursor["reread_at"]).is_none_or(|at| place.now - at >= REREAD)
}

/// The address and headers of the request at a place of `workflow_runs`.
pub fn request(github: &GitHub, place: &Place<'_>) -> (Url, HeaderMap) {
    let mut headers = HeaderMap::new();
    if let Some(next) = place.cursor["after"]["next"].as_str() {
        return (rest::at(&github.common, next), headers);
    }
    let window = window(github, place);
    let mut url = github
        .common
        .url(&format!("repos/{}/actions/runs", place.scope));
    url.query_pairs_mut()
        .append_pair("per_page", WIDTH)
        .append_pair("created", &window.parameter());
    let known = &place.cursor["etag"];
    if place.cursor["after"].is_null()
        && known["created"] == window.parameter()
        && let Some(etag) = known["value"].as_str()
        && let Ok(etag) = HeaderValue::from_str(etag)
    {
        headers.insert(IF_NONE_MATCH, etag);
    }
    (url, headers)
}

#[derive(Deserialize)]
struct Runs<'a> {
    total_count: i64,
    #[serde(borrow)]
    workflow_runs: Vec<&'a RawValue>,
}

/// What paging needs to know of a run.
#[derive(Deserialize)]
struct Run {
    id: u64,
    name: Option<String>,
    status: Option<String>,
    created_at: DateTime<Utc>,
    #[serde(default)]
    run_attempt: u64,
}

/// Reads the answer about `workflow_runs`.
pub fn page(github: &GitHub, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError> {
    let Place { cursor, now, .. } = *place;
    let host = github.common.base_url.host_str().unwrap_or_default();
    let budget = limits::budget(&answer.headers);
    if answer.status == 304 {
        return Ok(Page {
            rest: cursor.clone(),
            budget,
            ..Page::default()
        });
    }
    let Runs {
        total_count,
        workflow_runs,
    } = rest::read(host, place.scope, answer)?;
    let window = window(github, place);
    let next = rest::next(&github.common, answer)?;
    let is_first = cursor["after"].is_null();
    let seen_until = time(&cursor["seen_until"]);
    let mut newest = time(&cursor["newest"]);
    let mut unfinished = time(&cursor["unfinished"]);
    let mut page = Page::default();
    for text in &workflow_runs {
        let run: Run = rest::parse(host, text)?;
        newest = newest.max(Some(run.created_at));
        let is_over = run.status.as_deref() == Some("completed");
        if !is_over && now - run.created_at < WAIT_FOR_UNFINISHED {
            unfinished = Some(unfinished.map_or(run.created_at, |at| at.min(run.created_at)));
        }
        page.push(text.get(), None);
        let wants_jobs = is_over && github.workflow_jobs.selects(&run.name.unwrap_or_default());
        if let Some(document) = page.documents.last_mut().filter(|_| wants_jobs) {
            document.queued.push(Queued {
                stream: "workflow_jobs",
                key: format!("{}#{}@{}", place.scope, run.id, run.run_attempt),
                request: json!({
                    "repository": place.scope, "run": run.id, "attempt": run.run_attempt,
                }),
            });
        }
    }
    let mut windows: Vec<Value> = match cursor["after"]["windows"].as_array() {
        Some(windows) => windows.clone(),
        None => vec![window.json()],
    };
    let starts_window = cursor["after"]["next"].is_null();
    let mut next_in_window = None;
    match window.halves(now) {
        Some((newer, older)) if starts_window && total_count >= WINDOW => {
            windows.splice(0..1, [newer.json(), older.json()]);
        }
        _ if next.is_some() => next_in_window = next,
        _ => {
            windows.remove(0);
        }
    }
    let horizon = github.common.horizon(now);
    let reach = Reach::of(cursor, horizon);
    let etag = match answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok()) {
        _ if !is_first => cursor["etag"].clone(),
        Some(etag) => json!({"created": window.parameter(), "value": etag}),
        None => Value::Null,
    };
    let reread_at = match is_first && is_reread(place) {
        // What was read first together is not all read again in the same run.
        true if cursor["reread_at"].is_null() => json!(now - spread(place.scope)),
        true => json!(now),
        false => cursor["reread_at"].clone(),
    };
    if !windows.is_empty() {
        page.next = Some(json!({
            "after": {"windows": windows, "next": next_in_window},
            "newest": newest, "unfinished": unfinished, "seen_until": seen_until,
            "since": since(cursor, horizon), "from": reach.from, "all": reach.all, "etag": etag,
            "reread_at": reread_at,
        }));
    }
    let seen = newest.max(seen_until);
    let seen = match unfinished {
        Some(unfinished) => seen.map(|seen| seen.min(unfinished)),
        None => seen,
    };
    page.rest =
        json!({"seen_until": seen, "from": reach.from, "etag": etag, "reread_at": reread_at});
    if unfinished.is_some() {
        page.rest["unfinished"] = true.into();
    }
    page.budget = budget;
    page.total = Some(total_count);
    Ok(page)
}

/// The address of the request for the jobs of one run.
pub fn jobs_url(github: &GitHub, place: &Place<'_>) -> Url {
    let request = &place.cursor["items"][0]["request"];
    if let Some(next) = request["next"].as_str() {
        return rest::at(&github.common, next);
    }
    let mut url = github.common.url(&format!(
        "repos/{}/actions/runs/{}/attempts/{}/jobs",
        request["repository"].as_str().unwrap_or_default(),
        request["run"],
        request["attempt"]
    ));
    url.query_pairs_mut().append_pair("per_page", WIDTH);
    url
}

/// Reads the answer about the jobs of one run.
pub fn jobs(github: &GitHub, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError> {
    #[derive(Deserialize)]
    struct Jobs<'a> {
        #[serde(borrow)]
        jobs: Vec<&'a RawValue>,
    }
    let item = &place.cursor["items"][0];
    let key = item["key"].as_str().unwrap_or_default().to_owned();
    let mut page = Page {
        rest: json!({}),
        budget: limits::budget(&answer.headers),
        ..Page::default()
    };
    // GitHub keeps logs and jobs for a limited time.
    if matches!(answer.status, 404 | 410) {
        page.answered.push(key);
        return Ok(page);
    }
    let host = github.common.base_url.host_str().unwrap_or_default();
    let Jobs { jobs } = rest::read(host, place.scope, answer)?;
    let context = json!({"repository": item["request"]["repository"]});
    for job in &jobs {
        page.push(job.get(), Some(context.clone()));
    }
    match rest::next(&github.common, answer)? {
        None => page.answered.push(key),
        Some(next) => {
            let mut request = item["request"].clone();
            request["next"] = next.into();
            page.queued.push(Queued {
                stream: "workflow_jobs",
                key,
                request,
            });
        }
    }
    Ok(page)
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;
