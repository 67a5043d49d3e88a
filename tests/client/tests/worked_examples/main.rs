//! Hand-written histories with known answers: what each figure means, one rule at a time. A test
//! whose name begins with the id of a worked example is that example.

mod deployments;
mod frequency;
mod history;
mod lead_time;
mod pipelines;
mod production;
mod statistics;
