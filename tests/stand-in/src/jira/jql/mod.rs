//! Jira's query language, as far as whoever fetches issues needs it.
//!
//! [`parse`] reads the text, [`check`] finds what it names on the site and turns times
//! into moments, and [`Plan`] selects and orders issues.

mod check;
mod lex;
mod parse;
mod plan;
mod time;

pub use check::{Scope, check};
pub use parse::parse;
pub use plan::Plan;
