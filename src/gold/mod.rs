//! Figures and what explains them.
//!
//! Pure Rust but for `gather` and `answer`, which take facts from SQL and give rows back, `glob` and
//! `aggregates`; choosing
//! and storing them is SQL (`sql/gold`).

pub mod facts;
pub mod failures;
pub mod figures;
pub mod flags;
pub mod graph;
pub mod months;
pub mod service;
pub mod shipping;
pub mod stages;
pub mod statistics;

mod aggregates;
mod answer;
mod gather;
mod glob;

pub use months::MonthError;
