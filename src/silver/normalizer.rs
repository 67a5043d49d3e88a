//! What a normalizer is, and which there are.

use crate::jsonb::Object;

use super::fields::Unreadable;
use super::rows::{Columns, Rows};
use super::{deployment_records, github, incidents, jira};

/// From one document to rows of one silver table.
#[derive(Debug)]
pub struct Normalizer {
    /// Its function in the schema `diogen`; `sql/silver/normalizers` declares it with the same
    /// columns.
    pub function: &'static str,
    /// The columns of its rows.
    pub columns: Columns,
    /// Adds the rows that a document, with its context, gives.
    pub read: fn(doc: Object<'_>, context: Object<'_>, rows: &mut Rows) -> Result<(), Unreadable>,
}

/// All of them.
const NORMALIZERS: &[&[Normalizer]] = &[
    github::NORMALIZERS,
    jira::NORMALIZERS,
    incidents::NORMALIZERS,
    deployment_records::NORMALIZERS,
];

impl Normalizer {
    /// The normalizer behind a function.
    pub fn named(function: &str) -> Option<&'static Self> {
        let mut all = NORMALIZERS.iter().copied().flatten();
        all.find(|normalizer| normalizer.function == function)
    }

    /// Adds the rows of a document; of one that is unreadable, none.
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
