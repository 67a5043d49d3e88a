//! What a normalizer is, and which there are.

use crate::jsonb::Object;

use super::fields::Unreadable;
use super::{deployment_records, github, incidents, jira};
use crate::rows::{Columns, Rows};

/// From one document to rows of one silver table.
#[derive(Debug)]
pub struct Normalizer {
    /// Its function in the schema `diogen`; `sql/silver/normalizers` declares it with the same
    /// columns.
    pub function: &'static str,
    /// The columns of its rows.
    pub columns: Columns,
    /// What of a document it reads: the same for all normalizers of a stream, which are given it.
    pub subject: fn(doc: Object<'_>) -> Object<'_>,
    /// Adds the rows that the subject of a document, with its context, gives.
    pub read: fn(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable>,
}

/// All of them.
const NORMALIZERS: &[&[Normalizer]] = &[
    github::NORMALIZERS,
    jira::NORMALIZERS,
    incidents::NORMALIZERS,
    deployment_records::NORMALIZERS,
];

/// The subject of documents that are wrapped into nothing.
pub fn itself(doc: Object<'_>) -> Object<'_> {
    doc
}

impl Normalizer {
    /// The normalizer behind a function.
    pub fn named(function: &str) -> Option<&'static Self> {
        let mut all = NORMALIZERS.iter().copied().flatten();
        all.find(|normalizer| normalizer.function == function)
    }

    /// Adds the rows of a document, given by its subject; of one that is unreadable, none.
    pub fn add(
        &self,
        doc: Option<Object<'_>>,
        context: Option<Object<'_>>,
        rows: &mut Rows,
    ) -> Result<(), Unreadable> {
        let doc = doc.ok_or(Unreadable::Shape("the document is no JSON object"))?;
        let context = context.ok_or(Unreadable::Shape("its context is no JSON object"))?;
        let mark = rows.mark();
        let result = (self.read)(doc, context, rows);
        if result.is_err() {
            rows.rewind(mark);
        }
        result
    }
}
