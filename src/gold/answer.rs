//! The figures as rows: reads the months' facts and answers what `diogen.dora` asks.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use pgrx::datum::{Date, TimestampWithTimeZone};
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::band_rows::{self, Edition, FREQUENCY};
use super::figures::{Answer, Figures, Question};
use super::month_bytes::Facts;
use super::months::ORIGINS;
use super::statistics::percentile::{duration_percentile, duration_percentiles, percentile};
use super::statistics::wilson::wilson;
use crate::error::Error;
use crate::rows::{Columns, Rows, Type, Value, return_rows};

const COLUMNS: Columns = &[
    ("bucket_start", Type::Time),
    ("name", Type::Text),
    ("deployments", Type::Integer),
    ("deployments_per_day", Type::Float),
    ("deployment_days_per_week", Type::Float),
    ("changes", Type::Integer),
    ("lead_time_median", Type::Interval),
    ("lead_time_p90", Type::Interval),
    ("failed_deployments", Type::Integer),
    ("change_failure_rate", Type::Float),
    ("change_failure_rate_low", Type::Float),
    ("change_failure_rate_high", Type::Float),
    ("recoveries", Type::Integer),
    ("recovery_time_median", Type::Interval),
    ("open_failures", Type::Integer),
    ("time_to_restore_median", Type::Interval),
    ("unplanned_deployments", Type::Integer),
    ("rework_rate", Type::Float),
    ("unshipped_changes", Type::Integer),
    ("lead_time_coverage", Type::Float),
    ("band", Type::Text),
    ("notes", Type::Texts),
    ("attempted_deployments", Type::Integer),
    ("success_rate", Type::Float),
    ("deployments_with_changes", Type::Integer),
    ("redeployments", Type::Integer),
    ("unshipped_age", Type::Interval),
    ("open_incidents", Type::Integer),
    ("open_incident_age", Type::Interval),
    ("unattributed_incidents", Type::Integer),
    ("partial_weeks_excluded", Type::Integer),
    ("is_provisional", Type::Boolean),
];

/// Tells the months one by one to [`add_month`], to which PostgreSQL hands their facts where they lie
/// in its buffers. As rows of a result they would be copied twice.
const TELL: &str = "
    SELECT count(diogen.add_month(m.source, m.service, m.facts))
    FROM diogen_gold.months m
    WHERE m.month BETWEEN $1 AND $2 AND ($3 IS NULL OR m.service = ANY ($3))";

/// In microseconds.
const SECOND: f64 = 1e6;

/// Fewer facts than this make no reliable median or rate.
const FEW: usize = 5;

/// What the months are told to. It is begun and used up within one call of [`dora_figures`].
#[derive(Default)]
struct Reading {
    /// By source and service.
    groups: HashMap<String, HashMap<String, usize, RandomState>, RandomState>,
    answer: Answer,
}

thread_local! {
    static READING: RefCell<Reading> = RefCell::default();
}

/// What was being read when a reading began, which goes on when that has ended or was aborted.
struct Outer(Reading);

impl Drop for Outer {
    fn drop(&mut self) {
        READING.set(std::mem::take(&mut self.0));
    }
}

/// The figures of groups of services in buckets: one row for each, buckets in their order and groups
/// in theirs within each. `sources`, `services` and `groups` say which group, from 1, a service is in;
/// `group_names` what they are called. `buckets` and `days` are the moments at which these begin, with
/// the end of the last one; `bucket_days` the calendar days of each bucket that lie in the range.
/// `weeks` and `week_buckets`: first day of each full week, from 1, and its bucket. A deployment after
/// `provisional_since` may still be found to have failed. `edition`: whose bands are asked for.
#[pg_extern(sql = false)]
#[allow(
    clippy::too_many_arguments,
    reason = "one for each part of the question"
)]
fn dora_figures(
    since: TimestampWithTimeZone,
    until: TimestampWithTimeZone,
    buckets: Vec<TimestampWithTimeZone>,
    bucket_days: Vec<f64>,
    partial_weeks: Vec<i64>,
    days: Vec<TimestampWithTimeZone>,
    weeks: Vec<i64>,
    week_buckets: Vec<i64>,
    sources: Vec<String>,
    services: Vec<String>,
    groups: Vec<i64>,
    group_names: Vec<Option<String>>,
    is_selection: bool,
    months: Vec<Date>,
    now: TimestampWithTimeZone,
    provisional_since: TimestampWithTimeZone,
    edition: &str,
    call: pg_sys::FunctionCallInfo,
) -> Result<(), ErrorReport> {
    let micros = |times: Vec<TimestampWithTimeZone>| times.into_iter().map(i64::from).collect();
    let now = now.into();
    let place = |number: i64| usize::try_from(number - 1).unwrap_or_default();
    let question = Question {
        since: since.into(),
        until: until.into(),
        buckets: micros(buckets),
        days: micros(days),
        weeks: weeks
            .into_iter()
            .map(place)
            .zip(week_buckets.into_iter().map(place))
            .collect(),
        now,
    };
    let (starts, bucket_count) = (question.buckets.clone(), question.bucket_count());
    let selection = is_selection.then(|| services.clone());
    let mut reading = Reading {
        answer: Answer::new(question, group_names.len()),
        ..Reading::default()
    };
    for ((source, service), group) in sources.into_iter().zip(services).zip(groups) {
        let of_source = reading.groups.entry(source).or_default();
        of_source.insert(service, place(group));
    }
    let answer = read(reading, &months, selection)?.answer;
    let edition = band_rows::read(edition)?;
    let mut rows = Rows::with_capacity(COLUMNS, group_names.len() * bucket_count);
    for (place, figures) in answer.finish().enumerate() {
        let bucket = place % bucket_count;
        let cell = Cell {
            start: starts[bucket],
            name: group_names[place / bucket_count].as_deref(),
            days: bucket_days.get(bucket).copied().unwrap_or_default(),
            partial_weeks: partial_weeks.get(bucket).copied().unwrap_or_default(),
            now,
            provisional_since: provisional_since.into(),
            edition: &edition,
        };
        push(&mut rows, cell, figures);
    }
    let by_bucket = (0..bucket_count).flat_map(|it| (it..rows.len()).step_by(bucket_count));
    let chosen = by_bucket.map(|row| (None, row));
    Ok(return_rows::return_rows(call, &rows, chosen)?)
}

/// Between which rates the true one lies with 95 % confidence. No row for a total of 0.
#[pg_extern(immutable, strict, parallel_safe)]
fn wilson_bounds(
    successes: i64,
    total: i64,
) -> TableIterator<'static, (name!(low, f64), name!(high, f64))> {
    TableIterator::new(wilson(successes, total))
}

/// The moment of the first fact of a month; NULL: it has none. Raises `XX001` for bytes that are none.
#[pg_extern(immutable, strict, parallel_safe)]
fn first_fact(facts: &[u8]) -> Result<Option<TimestampWithTimeZone>, ErrorReport> {
    let first = Facts::of(facts).map_err(Error::from)?.first();
    Ok(first.and_then(|at| at.try_into().ok()))
}

/// Adds the facts of a service and month to the figures that this backend is asked for; returns whether
/// these take in the service. NULL adds nothing. Raises `XX001` for bytes that are no facts.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn add_month(source: &str, service: &str, facts: &[u8]) -> Result<bool, ErrorReport> {
    READING.with_borrow_mut(|it| {
        let group = it.groups.get(source).and_then(|it| it.get(service));
        if let Some(&group) = group {
            it.answer
                .add(group, &Facts::of(facts).map_err(Error::from)?);
        }
        Ok(group.is_some())
    })
}

fn read(
    reading: Reading,
    months: &[Date],
    selection: Option<Vec<String>>,
) -> Result<Reading, Error> {
    let (Some(&first), Some(&last)) = (months.first(), months.last()) else {
        return Ok(reading);
    };
    let _outer = Outer(READING.replace(reading));
    Spi::connect(|client| {
        let arguments = [first.into(), last.into(), selection.into()];
        client.select(TELL, None, &arguments).map(drop)
    })?;
    Ok(READING.take())
}

/// What is known of a row beside its facts.
struct Cell<'a> {
    start: i64,
    name: Option<&'a str>,
    days: f64,
    partial_weeks: i64,
    now: i64,
    provisional_since: i64,
    edition: &'a Edition,
}

fn push(rows: &mut Rows, cell: Cell<'_>, mut it: Figures) {
    let float = |value: Option<f64>| value.map_or(Value::Null, Value::Float);
    let span = |value: Option<i64>| value.map_or(Value::Null, Value::Interval);
    let age = |since: Option<i64>| since.map_or(Value::Null, |it| Value::Interval(cell.now - it));
    let share = |part: i64, of: i64| (of > 0).then(|| part as f64 / of as f64);
    let failures = wilson(it.failed, it.counted);
    let timed = it.lead_times.len() as i64;
    let recoveries = it.recoveries.len() as i64;
    let is_provisional = it.last_deployment_at > Some(cell.provisional_since);
    let notes = notes(&cell, &it, is_provisional);
    let per_day = (cell.days > 0.0).then(|| it.deployments as f64 / cell.days);
    let [lead_time, long_lead_time] = duration_percentiles(&mut it.lead_times, [0.5, 0.9]);
    let failure_rate = share(it.failed, it.counted);
    let recovery_time = duration_percentile(&mut it.recoveries, 0.5);
    let seconds = |time: Option<i64>| time.map(|it| it as f64 / SECOND);
    let figures = [
        // No deployment is no data.
        (FREQUENCY, per_day.filter(|&it| it > 0.0)),
        ("lead_time", seconds(lead_time)),
        ("change_failure_rate", failure_rate),
        ("recovery_time", seconds(recovery_time)),
    ];
    let figures = figures.into_iter();
    let figures = figures.filter_map(|(metric, value)| Some((metric, value?)));
    rows.push([
        Value::Moment(cell.start),
        cell.name.into(),
        it.deployments.into(),
        float(per_day),
        float(percentile(&mut it.deployment_days, 0.5)),
        it.changes.into(),
        span(lead_time),
        span(long_lead_time),
        it.failed.into(),
        float(failure_rate),
        float(failures.map(|(low, _)| low)),
        float(failures.map(|(_, high)| high)),
        recoveries.into(),
        span(recovery_time),
        it.open_failures.into(),
        span(duration_percentile(&mut it.restore_times, 0.5)),
        it.unplanned.into(),
        float(share(it.unplanned, it.deployments)),
        it.unshipped.into(),
        float(share(timed, it.changes + it.unshipped)),
        band_rows::lowest(cell.edition, figures).into(),
        notes.iter().map(String::as_str).collect::<Vec<_>>().into(),
        it.attempts.into(),
        float(share(it.deployments, it.attempts)),
        it.with_changes.into(),
        it.redeployments.into(),
        age(it.unshipped_since),
        it.open_incidents.into(),
        age(it.incident_open_since),
        it.unattributed_incidents.into(),
        cell.partial_weeks.into(),
        is_provisional.into(),
    ]);
}

/// What was left out, and what a figure rests on.
fn notes(cell: &Cell<'_>, it: &Figures, is_provisional: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let origins = ORIGINS
        .iter()
        .enumerate()
        .filter(|(place, _)| it.origins >> place & 1 == 1);
    let origins: Vec<_> = origins.map(|(_, name)| *name).collect();
    match origins[..] {
        [] => notes.push("no production deployment".to_owned()),
        ["github_deployment"] => (),
        _ => notes.push(format!("deployments taken from: {}", origins.join(", "))),
    }
    let untimed = it.changes - it.lead_times.len() as i64;
    if untimed > 0 {
        notes.push(format!(
            "{untimed} changes without a lead time: no commit of theirs is known, or it is too old"
        ));
    }
    if (1..FEW).contains(&it.lead_times.len()) {
        notes.push(format!("only {} lead times", it.lead_times.len()));
    }
    if (1..FEW as i64).contains(&it.counted) {
        notes.push(format!("only {} deployments", it.counted));
    }
    if it.unattributed_incidents > 0 {
        let count = it.unattributed_incidents;
        notes.push(format!(
            "{count} incidents that no deployment is to blame for"
        ));
    }
    if is_provisional {
        notes.push("provisional: incidents may still be due to the latest deployments".to_owned());
    }
    if cell.partial_weeks > 0 && !it.deployment_days.is_empty() {
        notes.push(format!(
            "{} partial weeks left out of the days per week",
            cell.partial_weeks
        ));
    }
    notes
}
