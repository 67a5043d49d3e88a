//! Figures and what explains them. Here: which deployment first shipped which commit.
//!
//! The rest of gold is SQL (`sql/gold`).

mod aggregates;
pub mod commit_graph;
mod shipping;
pub mod statistics;
