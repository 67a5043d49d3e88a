//! A batch of documents, each read once for all its normalizers.
//!
//! Detoasting a document costs more than everything that is done with it afterwards. So the
//! documents of a batch are read in one go, the rows of every target are kept in this backend, and
//! one statement for each target stores them (`sql/silver/batch.sql`). A batch is begun and used up
//! within one call of `diogen.normalize_batch` or `diogen.normalize_again`; whatever an aborted one
//! left is dropped with the next.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::normalizer::Normalizer;
use super::pull_request_history::{self, Facts, Told};
use crate::error::Error;
use crate::jsonb::Document;
use crate::rows::Rows;
use crate::rows::return_rows::{return_rows, sql_function};

/// What one normalizer made of the batch.
struct Reading {
    normalizer: &'static Normalizer,
    rows: Rows,
    /// The document that each row is from, as its position in the batch.
    origins: Vec<usize>,
    rejects: Vec<(usize, String)>,
}

#[derive(Default)]
struct Batch {
    readings: Vec<Reading>,
    /// Last change and number of each document: of two that yield the same row, the greater wins.
    documents: Vec<(Option<TimestampWithTimeZone>, i64)>,
}

thread_local! {
    static BATCH: RefCell<Batch> = RefCell::default();
}

/// Begins a batch for normalizers, given as the functions that `diogen.normalizers` names. Those
/// that are not the extension's own are left to SQL.
///
/// The memory of the last batch's rows is used again: to get it anew from the system takes longer
/// than to write to it.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn begin_batch(functions: Vec<String>) {
    BATCH.with_borrow_mut(|batch| {
        let mut before = std::mem::take(batch).readings;
        let readings = functions.into_iter().filter_map(|function| {
            let normalizer = Normalizer::named(function.strip_prefix("diogen.")?)?;
            let is_same = |reading: &Reading| reading.normalizer.function == normalizer.function;
            let rows = match before.iter().position(is_same) {
                Some(place) => before.swap_remove(place).rows.emptied(),
                None => Rows::new(normalizer.columns),
            };
            Some(Reading {
                normalizer,
                rows,
                origins: Vec::new(),
                rejects: Vec::new(),
            })
        });
        batch.readings = readings.collect();
    });
}

/// Reads a document of the batch; returns how many rows it gave.
#[pg_extern(volatile, parallel_unsafe)]
fn read_document(
    document_id: i64,
    updated_at: Option<TimestampWithTimeZone>,
    doc: Document<'_>,
    context: Document<'_>,
) -> i64 {
    BATCH.with_borrow_mut(|batch| {
        let (mut outer, mut inner) = (None, None);
        let mut doc = doc.object().map(|doc| doc.indexed(&mut outer));
        // They are of one stream.
        if let Some(reading) = batch.readings.first() {
            let subject = reading.normalizer.subject;
            doc = doc.map(|doc| subject(doc).indexed(&mut inner));
        }
        let context = context.object();
        let position = batch.documents.len();
        batch.documents.push((updated_at, document_id));
        let mut count = 0;
        for reading in &mut batch.readings {
            let before = reading.rows.len();
            if let Err(reason) = reading.normalizer.add(doc, context, &mut reading.rows) {
                reading.rejects.push((position, reason.to_string()));
            }
            let rows = reading.rows.len();
            reading.origins.resize(rows, position);
            count += rows - before;
        }
        count as i64
    })
}

/// Fills in what the documents of the batch tell of their pull requests' histories, once all are
/// read.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn complete_batch() -> Result<(), ErrorReport> {
    BATCH.with_borrow_mut(|batch| Ok(batch.complete()?))
}

/// The rows of the batch for one normalizer, each after the number of its document. Where several
/// rows are the same in the columns of `key`, given by their positions from 1, only the one of the
/// document that changed last is among them.
#[pg_extern(
    volatile,
    strict,
    parallel_unsafe,
    sql = r#"
        CREATE FUNCTION batch_rows(function text, key int[]) RETURNS SETOF record
        LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
        AS 'MODULE_PATHNAME', 'batch_rows_wrapper';
    "#
)]
fn batch_rows(
    function: &str,
    key: Vec<i32>,
    call: pg_sys::FunctionCallInfo,
) -> Result<(), ErrorReport> {
    let key: Vec<usize> = key.iter().map(|&column| column as usize - 1).collect();
    BATCH.with_borrow(|batch| {
        let Some(reading) = batch.reading(function) else {
            return Err(Error::NoBatch(function.to_owned()).into());
        };
        let best = batch.best(reading, &key);
        let rows = best
            .into_iter()
            .map(|row| (Some(batch.documents[reading.origins[row]].1), row));
        Ok(return_rows(call, &reading.rows, rows)?)
    })
}

/// How many rows the batch has for one normalizer; NULL where it is none of the extension's own.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn batch_size(function: &str) -> Option<i64> {
    BATCH.with_borrow(|batch| Some(batch.reading(function)?.rows.len() as i64))
}

/// The documents of the batch that a normalizer could not read, and why.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn batch_rejects() -> TableIterator<
    'static,
    (
        name!(document_id, i64),
        name!(function, String),
        name!(reason, String),
    ),
> {
    let mut rows = Vec::new();
    BATCH.with_borrow(|batch| {
        for reading in &batch.readings {
            let function = format!("diogen.{}", reading.normalizer.function);
            for (position, reason) in &reading.rejects {
                let document_id = batch.documents[*position].1;
                rows.push((document_id, function.clone(), reason.clone()));
            }
        }
    });
    TableIterator::new(rows)
}

/// One document's rows, as the normalizers are seen from SQL: which one it is follows from the
/// name of the function that was called.
#[pg_extern(sql = false)]
fn normalizer(
    doc: Document<'_>,
    context: Document<'_>,
    call: pg_sys::FunctionCallInfo,
) -> Result<(), ErrorReport> {
    let function = sql_function(call);
    let normalizer = Normalizer::named(&function).ok_or(Error::NoNormalizer(function))?;
    let mut rows = Rows::new(normalizer.columns);
    normalizer
        .add(
            doc.object().map(normalizer.subject),
            context.object(),
            &mut rows,
        )
        .map_err(Error::from)?;
    let all = (0..rows.len()).map(|row| (None, row));
    Ok(return_rows(call, &rows, all)?)
}

impl Batch {
    fn complete(&mut self) -> Result<(), Error> {
        let facts = |function: &str| {
            let reading = self.reading(function)?;
            Some(Facts {
                rows: &reading.rows,
                origins: &reading.origins,
            })
        };
        let (Some(pull_requests), Some(commits), Some(reviews), Some(events)) = (
            facts("diogen.github_pull_requests"),
            facts("diogen.github_pull_request_commits"),
            facts("diogen.github_reviews"),
            facts("diogen.github_pull_request_events"),
        ) else {
            return Ok(());
        };
        if commits.origins.is_empty() && reviews.origins.is_empty() && events.origins.is_empty() {
            return Ok(());
        }
        let told = Told {
            pull_requests,
            commits,
            reviews,
            events,
        };
        let cells = pull_request_history::cells(told)?;
        let is_pull_requests = |it: &&mut Reading| it.normalizer.function == "github_pull_requests";
        if let Some(reading) = self.readings.iter_mut().find(is_pull_requests) {
            for (row, column, cell) in cells {
                reading.rows.set(row, column, cell);
            }
        }
        Ok(())
    }

    fn reading(&self, function: &str) -> Option<&Reading> {
        let function = function.strip_prefix("diogen.")?;
        self.readings
            .iter()
            .find(|reading| reading.normalizer.function == function)
    }

    /// The rows that are the best of their key, in the order in which the keys came.
    fn best(&self, reading: &Reading, key: &[usize]) -> Vec<usize> {
        let mut best: Vec<usize> = Vec::with_capacity(reading.rows.len());
        let mut places =
            HashMap::with_capacity_and_hasher(reading.rows.len(), RandomState::default());
        for row in 0..reading.rows.len() {
            match places.entry(reading.rows.key(row, key)) {
                Entry::Vacant(place) => {
                    place.insert(best.len());
                    best.push(row);
                }
                Entry::Occupied(place) => {
                    let held = &mut best[*place.get()];
                    let rank = |row: usize| {
                        let (updated_at, id) = self.documents[reading.origins[row]];
                        (updated_at.map(i64::from), id)
                    };
                    if rank(row) >= rank(*held) {
                        *held = row;
                    }
                }
            }
        }
        best
    }
}
