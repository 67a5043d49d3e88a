//! The support functions of the aggregates; `sql/gold/aggregates.sql` declares them and says what
//! the aggregates do.
#![allow(
    unsafe_code,
    reason = "PostgreSQL keeps the state of an aggregate as a bare pointer, in its own memory context"
)]

use pgrx::PgMemoryContexts;
use pgrx::datum::{Internal, Interval, Timestamp, TimestampWithTimeZone};
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::statistics::{
    DurationSketch, FailureRate, Frequency, Sample, State, StatisticsError, number,
};
use crate::error::Error;

const MEDIAN: f64 = 0.5;

/// The state behind an argument; `None` before the first row.
fn state(argument: &mut Internal) -> Option<&mut State> {
    // SAFETY: a value of type `internal` cannot be made in SQL. The functions of this file get none
    // but what `keep` and `aggregate_deserialize` returned, as only a superuser can declare other
    // aggregates with them. Their memory contexts outlive the call, and no other reference is held.
    unsafe { argument.get_mut::<State>() }
}

/// Keeps a state for as long as the aggregate works on its group.
fn keep(state: State, call: pg_sys::FunctionCallInfo) -> Result<Internal, Error> {
    let mut context = std::ptr::null_mut();
    // SAFETY: both pointers are valid; the function looks at the call and fills the context in.
    if unsafe { pg_sys::AggCheckCallContext(call, &mut context) } == 0 {
        return Err(Error::OutsideAggregate);
    }
    // PostgreSQL drops the state together with the context.
    let kept = PgMemoryContexts::For(context).leak_and_drop_on_delete(state);
    Ok(Internal::from(Some(pg_sys::Datum::from(kept))))
}

/// Changes the state, which is made first where there is none.
fn update(
    mut argument: Internal,
    call: pg_sys::FunctionCallInfo,
    new: impl FnOnce() -> Result<State, StatisticsError>,
    change: impl FnOnce(&mut State) -> Result<(), StatisticsError>,
) -> Result<Internal, Error> {
    if !argument.initialized() {
        argument = keep(new()?, call)?;
    }
    state(&mut argument).map_or(Ok(()), change)?;
    Ok(argument)
}

/// An interval as PostgreSQL orders it, in microseconds: a day has 24 hours, a month 30 days.
fn micros(interval: Interval) -> Result<i64, StatisticsError> {
    i64::try_from(interval.as_micros()).map_err(|_| StatisticsError::TooLong)
}

/// So many microseconds as hours, minutes and seconds.
fn interval(micros: Option<i64>) -> Option<Interval> {
    Interval::new(0, 0, micros?).ok()
}

// What all aggregates share.

/// Puts what two workers have taken into one state.
#[pg_extern(sql = false)]
fn aggregate_combine(
    here: Internal,
    mut there: Internal,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    let Some(there) = state(&mut there) else {
        return Ok(here);
    };
    let there = &*there;
    Ok(update(
        here,
        call,
        || Ok(there.empty()),
        |here| here.merge(there),
    )?)
}

/// The state as bytes, for the leader.
#[pg_extern(sql = false)]
fn aggregate_serialize(mut argument: Internal) -> Option<Vec<u8>> {
    state(&mut argument).map(|state| state.to_bytes())
}

/// The state from bytes; it lives as long as the call, in which it is combined with another one.
#[pg_extern(sql = false)]
fn aggregate_deserialize(bytes: &[u8], _unused: Internal) -> Result<Internal, ErrorReport> {
    Ok(Internal::new(
        State::from_bytes(bytes).map_err(Error::from)?,
    ))
}

// Percentiles.

fn sample_add(
    argument: Internal,
    value: i64,
    fraction: f64,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, Error> {
    update(
        argument,
        call,
        || Sample::new(fraction).map(State::Sample),
        |state| state.sample()?.add(value, fraction),
    )
}

/// Takes a duration for a percentile.
#[pg_extern(sql = false)]
fn percentile_add_interval(
    argument: Internal,
    value: Option<Interval>,
    fraction: Option<f64>,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    let (Some(value), Some(fraction)) = (value, fraction) else {
        return Ok(argument);
    };
    let value = micros(value).map_err(Error::from)?;
    Ok(sample_add(argument, value, fraction, call)?)
}

/// Takes a number for a percentile.
#[pg_extern(sql = false)]
fn percentile_add_number(
    argument: Internal,
    value: Option<f64>,
    fraction: Option<f64>,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    let (Some(value), Some(fraction)) = (value, fraction) else {
        return Ok(argument);
    };
    Ok(sample_add(argument, number::key(value), fraction, call)?)
}

/// Takes a duration for the median.
#[pg_extern(sql = false)]
fn median_add_interval(
    argument: Internal,
    value: Option<Interval>,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    percentile_add_interval(argument, value, Some(MEDIAN), call)
}

/// Takes a number for the median.
#[pg_extern(sql = false)]
fn median_add_number(
    argument: Internal,
    value: Option<f64>,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    percentile_add_number(argument, value, Some(MEDIAN), call)
}

/// The percentile of the durations taken; the state may go on taking more.
#[pg_extern(sql = false)]
fn percentile_interval(mut argument: Internal) -> Result<Option<Interval>, ErrorReport> {
    let Some(state) = state(&mut argument) else {
        return Ok(None);
    };
    Ok(interval(state.sample().map_err(Error::from)?.duration()))
}

/// The percentile of the numbers taken; the state may go on taking more.
#[pg_extern(sql = false)]
fn percentile_number(mut argument: Internal) -> Result<Option<f64>, ErrorReport> {
    let Some(state) = state(&mut argument) else {
        return Ok(None);
    };
    let sample = state.sample().map_err(Error::from)?;
    Ok(sample.neighbours().map(number::between))
}

// Rates.

/// Takes a deployment, failed or not. There is a state even where it is not known: in a moving
/// frame PostgreSQL asks for one.
#[pg_extern(sql = false)]
fn failure_rate_add(
    argument: Internal,
    failed: Option<bool>,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    Ok(update(
        argument,
        call,
        || Ok(State::FailureRate(FailureRate::default())),
        |state| {
            let rate = state.failure_rate()?;
            failed.into_iter().for_each(|failed| rate.add(failed));
            Ok(())
        },
    )?)
}

/// Forgets a deployment that a moving frame has left behind.
#[pg_extern(sql = false)]
fn failure_rate_remove(
    mut argument: Internal,
    failed: Option<bool>,
) -> Result<Internal, ErrorReport> {
    if let (Some(failed), Some(state)) = (failed, state(&mut argument)) {
        state.failure_rate().map_err(Error::from)?.remove(failed);
    }
    Ok(argument)
}

/// The share of deployments that failed.
#[pg_extern(sql = false)]
fn failure_rate(mut argument: Internal) -> Result<Option<f64>, ErrorReport> {
    let Some(state) = state(&mut argument) else {
        return Ok(None);
    };
    Ok(state.failure_rate().map_err(Error::from)?.rate())
}

/// Takes a deployment, or none, for a range of time.
#[pg_extern(sql = false)]
fn frequency_add(
    argument: Internal,
    at: Option<TimestampWithTimeZone>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    let (Some(since), Some(until)) = (since, until) else {
        return Ok(argument);
    };
    if since.is_infinity()
        || since.is_neg_infinity()
        || until.is_infinity()
        || until.is_neg_infinity()
    {
        return Err(Error::from(StatisticsError::InfiniteRange).into());
    }
    let (at, since, until) = (
        at.map(TimestampWithTimeZone::into_inner),
        since.into_inner(),
        until.into_inner(),
    );
    Ok(update(
        argument,
        call,
        || Ok(State::Frequency(Frequency::new(since, until))),
        |state| state.frequency()?.add(at, since, until),
    )?)
}

/// Deployments per day, as the session's time zone has days.
#[pg_extern(sql = false)]
fn frequency(mut argument: Internal) -> Result<Option<f64>, ErrorReport> {
    let Some(state) = state(&mut argument) else {
        return Ok(None);
    };
    let frequency = state.frequency().map_err(Error::from)?;
    let clock = |time| {
        let time = TimestampWithTimeZone::try_from(time).ok();
        time.map(|time| Timestamp::from(time).into_inner())
    };
    let (since, until) = frequency.range();
    Ok(clock(since)
        .zip(clock(until))
        .and_then(|(since, until)| frequency.per_day(since, until)))
}

// Sketches.

/// Takes a duration.
#[pg_extern(sql = false)]
fn duration_sketch_add(
    argument: Internal,
    value: Option<Interval>,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    let Some(value) = value else {
        return Ok(argument);
    };
    let value = micros(value).map_err(Error::from)?;
    Ok(update(
        argument,
        call,
        || Ok(State::DurationSketch(DurationSketch::default())),
        |state| state.duration_sketch()?.add(value),
    )?)
}

/// Takes the durations of a sketch.
#[pg_extern(sql = false)]
fn rollup_add(
    argument: Internal,
    sketch: Option<&[u8]>,
    call: pg_sys::FunctionCallInfo,
) -> Result<Internal, ErrorReport> {
    let Some(sketch) = sketch else {
        return Ok(argument);
    };
    let sketch = read(sketch)?;
    Ok(update(
        argument,
        call,
        || Ok(State::DurationSketch(DurationSketch::default())),
        |state| state.duration_sketch()?.merge(&sketch),
    )?)
}

/// The sketch as it is stored.
#[pg_extern(sql = false)]
fn duration_sketch_bytes(mut argument: Internal) -> Result<Option<Vec<u8>>, ErrorReport> {
    let Some(state) = state(&mut argument) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    let sketch = state.duration_sketch().map_err(Error::from)?;
    sketch.write(&mut bytes);
    Ok(Some(bytes))
}

fn read(sketch: &[u8]) -> Result<DurationSketch, Error> {
    Ok(DurationSketch::from_bytes(sketch)?)
}

/// Whether bytes are a sketch that this release can read.
#[pg_extern(sql = false)]
fn is_duration_sketch(bytes: &[u8]) -> bool {
    read(bytes).is_ok()
}

/// A percentile of the durations in a sketch.
#[pg_extern(sql = false)]
fn approx_percentile(sketch: &[u8], fraction: f64) -> Result<Option<Interval>, ErrorReport> {
    let found = read(sketch)?.percentile(fraction);
    Ok(interval(found.map_err(Error::from)?))
}

/// The median of the durations in a sketch.
#[pg_extern(sql = false)]
fn duration_sketch_median(sketch: &[u8]) -> Result<Option<Interval>, ErrorReport> {
    approx_percentile(sketch, MEDIAN)
}

/// Whether a sketch holds its durations as they are.
#[pg_extern(sql = false)]
fn duration_sketch_is_exact(sketch: &[u8]) -> Result<bool, ErrorReport> {
    Ok(read(sketch)?.is_exact())
}

/// How many durations went into a sketch.
#[pg_extern(sql = false)]
fn duration_sketch_num_values(sketch: &[u8]) -> Result<i64, ErrorReport> {
    Ok(i64::try_from(read(sketch)?.len()).unwrap_or(i64::MAX))
}
