//! Typed facts: normalizers from one document to rows, and what takes a whole pull request's
//! history to know.
//!
//! Storing is SQL (`sql/silver`): `INSERT … SELECT … FROM bronze, LATERAL normalizer(doc)`.

mod github;
mod pull_request_history;
