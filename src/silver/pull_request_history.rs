//! What takes a whole pull request's history to know, where its document tells all of it: first
//! commit, ready, first review, approval.
//!
//! The columns come straight from the documents of a batch, and polars groups them. What is spread
//! over several documents is put together by SQL, which has it at hand (`sql/silver/enrich`);
//! both come to the same.

use std::collections::HashMap;

use polars::prelude::*;

use crate::frame::{FrameError, MAX_ROWS, with_engine};
use crate::rows::{Cell, Rows, packed};

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
/// An authored commit that a force push took out of it.
const DROPPED: i32 = 6;

/// Rows of one normalizer, each with the document that it is from.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The rows.
    pub rows: &'a Rows,
    /// The documents, as positions in the batch; they never decrease.
    pub origins: &'a [usize],
}

/// What the documents of a batch tell of pull requests.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// Rows of `pull_requests`.
    pub pull_requests: Facts<'a>,
    /// Rows of `pull_request_commits`.
    pub commits: Facts<'a>,
    /// Rows of `reviews`.
    pub reviews: Facts<'a>,
    /// Rows of `pull_request_events`.
    pub events: Facts<'a>,
}

/// Events of a batch of pull requests, as columns.
#[derive(Debug, Default)]
struct Events {
    pull_request: Vec<i32>,
    kind: Vec<i32>,
    occurred_at: Vec<i64>,
}

/// What a pull request's events come to; times in microseconds, as the events have them.
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

/// The cells that histories come to: row of `pull_requests`, column, cell.
pub fn cells(told: Told<'_>) -> Result<Vec<(usize, usize, Cell)>, FrameError> {
    let mut histories = HashMap::new();
    let mut gathering = Gathering::new(told);
    let rows = told.pull_requests.rows;
    for row in 0..rows.len() {
        if gathering.events.kind.len() >= MAX_ROWS {
            let events = std::mem::take(&mut gathering.events);
            histories.extend(with_engine(|| summarize(events))?);
        }
        gathering.add(row);
    }
    histories.extend(with_engine(|| summarize(gathering.events))?);
    let columns = [
        "ready_at",
        "first_commit_at",
        "first_review_at",
        "approved_at",
        "commits_known",
        "review_count",
        "reopened_count",
    ]
    .map(|name| rows.column(name));
    let filled = histories.into_iter().flat_map(|(row, history)| {
        let time = |at: Option<i64>| at.map_or(Cell::Null, Cell::Word);
        let cells = [
            time(history.ready),
            time(history.first_commit),
            time(history.first_review),
            time(history.approved),
            Cell::Word(history.commits),
            Cell::Word(history.reviews),
            Cell::Word(history.reopenings),
        ];
        let cells = columns.into_iter().zip(cells);
        cells.map(move |(column, cell)| (row as usize, column, cell))
    });
    Ok(filled.collect())
}

/// One column of facts.
#[derive(Clone, Copy)]
struct Field<'a> {
    rows: &'a Rows,
    column: usize,
}

impl<'a> Field<'a> {
    fn number(self, row: usize) -> Option<i64> {
        match self.rows.cells(row)[self.column] {
            Cell::Word(word) => Some(word),
            _ => None,
        }
    }

    fn text(self, row: usize) -> &'a [u32] {
        self.rows.words(row, self.column)
    }

    fn is_true(self, row: usize) -> bool {
        self.number(row) == Some(1)
    }
}

impl<'a> Facts<'a> {
    fn field(self, name: &str) -> Field<'a> {
        Field {
            rows: self.rows,
            column: self.rows.column(name),
        }
    }

    /// The rows of a document, which come after those that were asked for before.
    fn of(self, document: usize, next: &mut usize) -> std::ops::Range<usize> {
        let first = *next + count(&self.origins[*next..], |it| it < document);
        *next = first + count(&self.origins[first..], |it| it == document);
        first..*next
    }
}

/// How many of the first positions are so.
fn count(origins: &[usize], is_so: impl Fn(usize) -> bool) -> usize {
    origins.iter().take_while(|&&it| is_so(it)).count()
}

/// Who did something, and when.
#[derive(Clone, Copy)]
struct Deed<'a> {
    who: Field<'a>,
    is_bot: Field<'a>,
    at: Field<'a>,
}

/// Goes through the facts of a batch, pull request by pull request.
struct Gathering<'a> {
    told: Told<'a>,
    author: Field<'a>,
    merged_at: Field<'a>,
    created_at: Field<'a>,
    is_draft: Field<'a>,
    authored_at: Field<'a>,
    is_dropped: Field<'a>,
    review: Deed<'a>,
    review_state: Field<'a>,
    deed: Deed<'a>,
    event: Field<'a>,
    approved: Vec<u32>,
    commented: Vec<u32>,
    ready: Vec<u32>,
    drafted: Vec<u32>,
    reopened: Vec<u32>,
    next_commit: usize,
    next_review: usize,
    next_event: usize,
    events: Events,
}

impl<'a> Gathering<'a> {
    fn new(told: Told<'a>) -> Self {
        let deed = |facts: Facts<'a>, [who, is_bot, at]: [&str; 3]| Deed {
            who: facts.field(who),
            is_bot: facts.field(is_bot),
            at: facts.field(at),
        };
        Self {
            told,
            author: told.pull_requests.field("author"),
            merged_at: told.pull_requests.field("merged_at"),
            created_at: told.pull_requests.field("created_at"),
            is_draft: told.pull_requests.field("is_draft"),
            authored_at: told.commits.field("authored_at"),
            is_dropped: told.commits.field("is_dropped"),
            review: deed(
                told.reviews,
                ["reviewer", "reviewer_is_bot", "submitted_at"],
            ),
            review_state: told.reviews.field("state"),
            deed: deed(told.events, ["actor", "actor_is_bot", "occurred_at"]),
            event: told.events.field("event"),
            approved: packed("approved"),
            commented: packed("commented"),
            ready: packed("ready_for_review"),
            drafted: packed("converted_to_draft"),
            reopened: packed("reopened"),
            next_commit: 0,
            next_review: 0,
            next_event: 0,
            events: Events::default(),
        }
    }

    fn push(&mut self, pull_request: usize, kind: i32, at: Option<i64>) {
        if let Some(at) = at {
            self.events.pull_request.push(pull_request as i32);
            self.events.kind.push(kind);
            self.events.occurred_at.push(at);
        }
    }

    /// Whether a deed is a response to a pull request: before the merge, by a human other than the
    /// author.
    fn responds(&self, deed: Deed<'a>, row: usize, pull_request: usize) -> bool {
        let merged_at = self.merged_at.number(pull_request);
        deed.who.text(row) != self.author.text(pull_request)
            && !deed.is_bot.is_true(row)
            && deed.at.number(row) <= Some(merged_at.unwrap_or(i64::MAX))
    }

    /// Adds the events of a pull request.
    fn add(&mut self, pull_request: usize) {
        let document = self.told.pull_requests.origins[pull_request];
        for row in self.told.commits.of(document, &mut self.next_commit) {
            let kind = match self.is_dropped.is_true(row) {
                true => DROPPED,
                false => COMMIT,
            };
            self.push(pull_request, kind, self.authored_at.number(row));
        }
        for row in self.told.reviews.of(document, &mut self.next_review) {
            let at = self.review.at.number(row);
            self.push(pull_request, REVIEW, at);
            if self.responds(self.review, row, pull_request) {
                self.push(pull_request, RESPONSE, at);
                if self.review_state.text(row) == self.approved {
                    self.push(pull_request, APPROVAL, at);
                }
            }
        }
        // Ready from the start, unless the first thing known of its drafts is that it was one.
        let mut first_about_drafts = i64::MAX;
        let mut began_as_ready = !self.is_draft.is_true(pull_request);
        for row in self.told.events.of(document, &mut self.next_event) {
            let at = self.deed.at.number(row);
            let event = self.event.text(row);
            if event == self.commented && self.responds(self.deed, row, pull_request) {
                self.push(pull_request, RESPONSE, at);
            } else if event == self.ready {
                self.push(pull_request, READY, at);
            } else if event == self.reopened {
                self.push(pull_request, REOPENING, at);
            }
            let is_about_drafts = event == self.ready || event == self.drafted;
            if is_about_drafts && at < Some(first_about_drafts) {
                first_about_drafts = at.unwrap_or_default();
                began_as_ready = event == self.drafted;
            }
        }
        if began_as_ready {
            self.push(pull_request, READY, self.created_at.number(pull_request));
        }
    }
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
    for kind in [COMMIT, DROPPED] {
        for (id, at) in extreme(&of_kind(kind)?, Extreme::First)? {
            let first = &mut histories.entry(id).or_default().first_commit;
            *first = Some(first.map_or(at, |first| first.min(at)));
        }
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
            (COMMIT, 7),
            (DROPPED, 5),
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
