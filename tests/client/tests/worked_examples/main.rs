//! Hand-written histories with known answers: what each figure means, one rule at a time.

mod deployments;
mod figures;
mod history;
mod lead_time;
mod shared_commits;
mod shipping;
