//! Hand-written histories with known answers: what each figure means, one rule at a time.

mod deployments;
mod explained;
mod failures;
mod figures;
mod history;
mod incidents;
mod lead_time;
mod outages;
mod recovery;
