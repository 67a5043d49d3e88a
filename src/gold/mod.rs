//! Figures and what explains them.
//!
//! Pure Rust but for `computation`, `gather`, `results`, `answer` and `band_rows`, which take facts from
//! SQL and give rows back, `helpers`, `glob` and `aggregates`; choosing and storing them is SQL (`sql/gold`).

mod bands;
mod durations;
mod facts;
mod failures;
mod figures;
mod flags;
mod graph;
mod month_bytes;
mod months;
mod service;
mod shipping;
mod stages;
pub mod statistics;
mod window;

mod aggregates;
mod answer;
mod band_rows;
mod computation;
mod gather;
mod glob;
mod helpers;
mod results;

pub use month_bytes::MonthError;
