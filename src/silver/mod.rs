//! Typed facts: normalizers from one document to rows, and what takes a whole pull request's
//! history to know.
//!
//! Normalizers are pure Rust: one file per entity below one folder per kind of source. [`batch`]
//! lets them be called from SQL, which stores their rows (`sql/silver`).

mod batch;
mod deployment_records;
mod fields;
mod github;
mod incidents;
mod jira;
mod normalizer;
mod pull_request_history;

/// Who did something whose account is gone, as GitHub itself shows it.
const GHOST: &str = "ghost";

pub use fields::Unreadable;
