//! What the client-driven tests need: private clusters, sessions, stand-ins for GitHub and Jira.
//!
//! Every test has a cluster of its own, so that killing a backend, and with it every other
//! session of the cluster, disturbs no other test.

mod cluster;
mod fixture;
mod jira;
mod session;
mod silver;

pub use cluster::Cluster;
pub use fixture::{Fixture, stand_in};
pub use jira::{PROJECTS, jira_stand_in};
pub use session::Session;
pub use silver::{assert_silver_is_what_bronze_says, bury, ingest, silver_rows, unfetched};

use std::time::{Duration, Instant};

/// Waits until something is so; panics, naming it, when it is not so in time.
pub fn wait_until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < limit, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
