//! A believable organisation, made from a seed.
//!
//! Each repository is simulated on its own, event by event, with dice of its own. The
//! same seed, end and number of days give the identical model.

pub mod bulk;
mod delivery;
pub(crate) mod dice;
mod finish;
mod habits;
mod incidents;
mod merging;
mod pulls;
mod release_branch;
mod simulation;
mod timeline;
pub(crate) mod words;

use crate::model::{Organisation, Time};
use chrono::{Duration, NaiveTime};
pub use dice::Dice;
use simulation::Simulation;
pub use simulation::hex;
use std::sync::Arc;

/// Makes the organisation's history of so many days before `until`.
///
/// The first day begins at midnight, so that a later `until` on the same day only adds.
pub fn generate(login: &str, seed: u64, until: Time, days: u32) -> Organisation {
    let first = until - Duration::days(i64::from(days));
    let start = first.with_time(NaiveTime::MIN).earliest().unwrap_or(first);
    let staff = habits::Staff::new();
    let habits = habits::repositories();
    let repositories = habits
        .iter()
        .zip(0..)
        .map(|(habit, position)| {
            let life = Simulation::new(habit, &staff, seed, position, login, (start, until));
            Arc::new(life.run())
        })
        .collect();
    Organisation {
        login: login.to_owned(),
        id: 38_000_000 + seed % 1_000_000,
        repositories,
        users: staff.everyone(),
    }
}
