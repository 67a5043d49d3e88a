//! Hand-written histories with known answers: what each figure means, one rule at a time. A test
//! whose name begins with the id of a worked example is that example.

mod explained;
mod failures;
mod frequency;
mod history;
mod incidents;
mod lead_time;
mod news;
mod outages;
mod pipelines;
mod production;
mod recovery;
mod shared_commits;
mod shipping;
mod statistics;
