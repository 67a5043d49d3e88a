//! What takes a whole pull request's history to know: first commit, ready, first review, approval.
//!
//! One query reads the batch's events; polars groups them by pull request.

use std::collections::HashMap;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use polars::prelude::*;

use crate::error::Error;
use crate::frame::{FrameError, MAX_ROWS, with_engine};
use crate::time;

/// An authored commit.
const COMMIT: i32 = 0;
/// A review or comment before the merge by a human other than the author.
const RESPONSE: i32 = 1;
/// An approval before the merge by a human other than the author.
const APPROVAL: i32 = 2;
/// A moment from which the pull request was ready for review.
const READY: i32 = 3;
/// A submitted review, whoever's.
const REVIEW: i32 = 4;
/// A reopening.
const REOPENING: i32 = 5;

const EVENTS: &str = "
    WITH wanted AS MATERIALIZED (
        SELECT w.position::int4 AS pull_request, p.*
        FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::bigint[]))
             WITH ORDINALITY AS w (repository, number, position)
        JOIN diogen_silver.pull_requests p
          ON p.source = $1 AND p.repository = w.repository AND p.number = w.number
    ), reviews AS (
        SELECT w.pull_request, r.state, r.submitted_at,
               NOT r.reviewer_is_bot AND r.reviewer <> w.author
               AND r.submitted_at <= coalesce(w.merged_at, 'infinity') AS counts
        FROM wanted w
        JOIN diogen_silver.reviews r USING (source, repository, number)
    ), events AS (
        SELECT w.pull_request, e.event, e.occurred_at, w.created_at, w.is_draft,
               NOT e.actor_is_bot AND e.actor <> w.author
               AND e.occurred_at <= coalesce(w.merged_at, 'infinity') AS counts
        FROM wanted w
        JOIN diogen_silver.pull_request_events e USING (source, repository, number)
    ), draft_history AS (
        SELECT DISTINCT ON (e.pull_request) e.pull_request, e.event
        FROM events e
        WHERE e.event IN ('ready_for_review', 'converted_to_draft')
        ORDER BY e.pull_request, e.occurred_at
    ), history AS (
        SELECT w.pull_request, 0 AS kind, c.authored_at AS occurred_at
        FROM wanted w
        JOIN diogen_silver.pull_request_commits c USING (source, repository, number)
        UNION ALL
        SELECT pull_request, 1, submitted_at FROM reviews WHERE counts
        UNION ALL
        SELECT pull_request, 1, occurred_at FROM events WHERE counts AND event = 'commented'
        UNION ALL
        SELECT pull_request, 2, submitted_at FROM reviews WHERE counts AND state = 'approved'
        UNION ALL
        SELECT pull_request, 3, occurred_at FROM events WHERE event = 'ready_for_review'
        UNION ALL
        -- Ready from the start, unless the first thing known of its drafts is that it was one.
        SELECT w.pull_request, 3, w.created_at
        FROM wanted w
        LEFT JOIN draft_history d USING (pull_request)
        WHERE CASE WHEN d.event IS NULL THEN NOT w.is_draft ELSE d.event = 'converted_to_draft' END
        UNION ALL
        SELECT pull_request, 4, submitted_at FROM reviews
        UNION ALL
        SELECT pull_request, 5, occurred_at FROM events WHERE event = 'reopened'
    )
    SELECT pull_request, kind, (extract(epoch FROM occurred_at) * 1000000)::bigint
    FROM history
    WHERE occurred_at IS NOT NULL
    ORDER BY pull_request";

/// How many events are read between two looks for a cancel.
const FETCH_ROWS: i64 = 10_000;

/// Events of a batch of pull requests, as columns.
#[derive(Debug, Default)]
struct Events {
    pull_request: Vec<i32>,
    kind: Vec<i32>,
    occurred_at: Vec<i64>,
}

/// What a pull request's events come to; times in microseconds of the Unix epoch.
#[derive(Debug, Default, Clone, PartialEq)]
struct History {
    first_commit: Option<i64>,
    ready: Option<i64>,
    first_review: Option<i64>,
    approved: Option<i64>,
    commits: i64,
    reviews: i64,
    reopenings: i64,
}

/// The history of pull requests, named by repository and number: one row for each.
///
/// `first_commit_at`: earliest author date of its commits. `first_review_at`: first review or
/// comment before the merge by a human other than the author. `ready_at`: the last time it became
/// ready before that. `approved_at`: the last approval before the merge. NULL means there is none.
#[pg_extern(stable, strict, parallel_restricted)]
fn pull_request_histories(
    source: &str,
    repositories: Vec<String>,
    numbers: Vec<i64>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(repository, String),
            name!(number, i64),
            name!(first_commit_at, Option<TimestampWithTimeZone>),
            name!(ready_at, Option<TimestampWithTimeZone>),
            name!(first_review_at, Option<TimestampWithTimeZone>),
            name!(approved_at, Option<TimestampWithTimeZone>),
            name!(commits_known, i64),
            name!(review_count, i64),
            name!(reopened_count, i64),
        ),
    >,
    ErrorReport,
> {
    let mut histories = histories(source, &repositories, &numbers)?;
    let at = |micros: Option<i64>| micros.and_then(time::from_micros);
    let rows = (1..).zip(repositories).zip(numbers);
    let rows = rows.map(move |((position, repository), number)| {
        let history = histories.remove(&position).unwrap_or_default();
        (
            repository,
            number,
            at(history.first_commit),
            at(history.ready),
            at(history.first_review),
            at(history.approved),
            history.commits,
            history.reviews,
            history.reopenings,
        )
    });
    Ok(TableIterator::new(rows))
}

fn histories(
    source: &str,
    repositories: &[String],
    numbers: &[i64],
) -> Result<HashMap<i32, History>, Error> {
    let arguments = [
        source.into(),
        repositories.to_vec().into(),
        numbers.to_vec().into(),
    ];
    Spi::connect(|client| {
        let mut cursor = client.open_cursor(EVENTS, &arguments);
        let mut histories = HashMap::new();
        let mut events = Events::default();
        loop {
            let rows = cursor.fetch(FETCH_ROWS)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let pull_request = row.get(1)?.unwrap_or_default();
                // A pull request's events stay together.
                if events.kind.len() >= MAX_ROWS
                    && events.pull_request.last() != Some(&pull_request)
                {
                    let batch = std::mem::take(&mut events);
                    histories.extend(with_engine(|| summarize(batch))?);
                }
                events.pull_request.push(pull_request);
                events.kind.push(row.get(2)?.unwrap_or_default());
                events.occurred_at.push(row.get(3)?.unwrap_or_default());
            }
            crate::interrupts::check();
        }
        histories.extend(with_engine(|| summarize(events))?);
        Ok(histories)
    })
}

/// The earliest or the latest.
#[derive(Clone, Copy)]
enum Extreme {
    First,
    Last,
}

fn summarize(events: Events) -> Result<HashMap<i32, History>, FrameError> {
    let height = events.kind.len();
    let columns = vec![
        Column::new("pull_request".into(), events.pull_request),
        Column::new("kind".into(), events.kind),
        Column::new("occurred_at".into(), events.occurred_at),
    ];
    let frame = DataFrame::new(height, columns)?;
    let of_kind = |kind: i32| -> Result<DataFrame, FrameError> {
        let mask: BooleanChunked = frame.column("kind")?.i32()?.equal(kind);
        Ok(frame.filter(&mask)?)
    };
    let mut histories: HashMap<i32, History> = HashMap::new();

    let responses = extreme(&of_kind(RESPONSE)?, Extreme::First)?;
    let ready = of_kind(READY)?;
    // The last time it became ready before the first response; the first time, where all of them
    // came later; the last time, where nobody responded.
    let before_response: BooleanChunked = ready
        .column("pull_request")?
        .i32()?
        .iter()
        .zip(ready.column("occurred_at")?.i64()?.iter())
        .map(|(pull_request, at)| {
            let response = pull_request.and_then(|id| responses.get(&id).copied());
            Some(response.is_none_or(|response| at <= Some(response)))
        })
        .collect();
    for (id, at) in extreme(&ready, Extreme::First)? {
        histories.entry(id).or_default().ready = Some(at);
    }
    for (id, at) in extreme(&ready.filter(&before_response)?, Extreme::Last)? {
        histories.entry(id).or_default().ready = Some(at);
    }
    for (id, at) in responses {
        histories.entry(id).or_default().first_review = Some(at);
    }
    for (id, at) in extreme(&of_kind(COMMIT)?, Extreme::First)? {
        histories.entry(id).or_default().first_commit = Some(at);
    }
    for (id, at) in extreme(&of_kind(APPROVAL)?, Extreme::Last)? {
        histories.entry(id).or_default().approved = Some(at);
    }
    for (id, count) in counts(&of_kind(COMMIT)?)? {
        histories.entry(id).or_default().commits = count;
    }
    for (id, count) in counts(&of_kind(REVIEW)?)? {
        histories.entry(id).or_default().reviews = count;
    }
    for (id, count) in counts(&of_kind(REOPENING)?)? {
        histories.entry(id).or_default().reopenings = count;
    }
    Ok(histories)
}

/// The first or last time of each pull request.
fn extreme(events: &DataFrame, which: Extreme) -> Result<HashMap<i32, i64>, FrameError> {
    let sorted = events.sort(
        ["occurred_at"],
        SortMultipleOptions::default()
            .with_order_descending(matches!(which, Extreme::Last))
            .with_multithreaded(false),
    )?;
    let grouped = sorted.unique_stable(
        Some(&["pull_request".to_owned()]),
        UniqueKeepStrategy::First,
        None,
    )?;
    pairs(&grouped, grouped.column("occurred_at")?.i64()?)
}

/// How many events each pull request has.
fn counts(events: &DataFrame) -> Result<HashMap<i32, i64>, FrameError> {
    let key = vec![events.column("pull_request")?.clone()];
    let groups = events.group_by_with_series(key, false, false)?.groups()?;
    let mut counts = HashMap::new();
    let positions = groups.column("groups")?.list()?;
    let ids = groups.column("pull_request")?.i32()?;
    for (id, rows) in ids.iter().zip(positions.amortized_iter()) {
        if let (Some(id), Some(rows)) = (id, rows) {
            counts.insert(id, rows.as_ref().len() as i64);
        }
    }
    Ok(counts)
}

fn pairs(frame: &DataFrame, values: &Int64Chunked) -> Result<HashMap<i32, i64>, FrameError> {
    let ids = frame.column("pull_request")?.i32()?;
    let pairs = ids.iter().zip(values.iter());
    Ok(pairs.filter_map(|(id, value)| id.zip(value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(events: &[(i32, i64)]) -> History {
        let mut columns = Events::default();
        for (kind, at) in events {
            columns.pull_request.push(1);
            columns.kind.push(*kind);
            columns.occurred_at.push(*at);
        }
        let mut histories = with_engine(|| summarize(columns)).expect("histories");
        histories.remove(&1).unwrap_or_default()
    }

    #[test]
    fn nothing_is_known_of_nothing() {
        assert_eq!(summary(&[]), History::default());
    }

    #[test]
    fn earliest_commit_first_response_last_approval() {
        let history = summary(&[
            (COMMIT, 9),
            (COMMIT, 5),
            (RESPONSE, 30),
            (RESPONSE, 20),
            (APPROVAL, 40),
            (APPROVAL, 35),
            (REVIEW, 20),
            (REVIEW, 35),
            (REVIEW, 40),
            (REOPENING, 12),
        ]);
        assert_eq!(history.first_commit, Some(5));
        assert_eq!(history.first_review, Some(20));
        assert_eq!(history.approved, Some(40));
        assert_eq!(
            (history.commits, history.reviews, history.reopenings),
            (2, 3, 1)
        );
    }

    /// C2b: ready, back to draft, ready again, review: the last ready before the review counts.
    #[test]
    fn ready_is_the_last_before_the_first_response() {
        let events = [(READY, 10), (READY, 30), (READY, 50), (RESPONSE, 40)];
        assert_eq!(summary(&events).ready, Some(30));
        assert_eq!(summary(&events[..3]).ready, Some(50));
        assert_eq!(
            summary(&[(READY, 50), (READY, 60), (RESPONSE, 40)]).ready,
            Some(50)
        );
    }

    #[test]
    fn pull_requests_do_not_mix() {
        let columns = Events {
            pull_request: vec![1, 2, 2],
            kind: vec![COMMIT, COMMIT, COMMIT],
            occurred_at: vec![3, 2, 1],
        };
        let histories = with_engine(|| summarize(columns)).expect("histories");
        assert_eq!(histories[&1].first_commit, Some(3));
        assert_eq!(histories[&2].first_commit, Some(1));
        assert_eq!(histories[&2].commits, 2);
    }
}
