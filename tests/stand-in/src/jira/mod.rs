//! A stand-in for Jira, Cloud and Data Center, beside GitHub on the same port.
//!
//! The site is made from a seed like the organisation, and the same clock decides what of
//! it is visible. Tests can also change issues while it runs; see [`edit`] and `control`.

mod agile;
mod auth;
mod body;
mod call;
mod catalogue;
mod changelog;
pub(crate) mod control;
mod documents;
mod edit;
pub mod generate;
mod issue;
mod jql;
mod limit;
mod lists;
pub mod model;
mod search;
mod settings;
mod token;
mod truth;
pub mod view;

pub(crate) use call::Call;
pub use edit::Edit;
pub use settings::{Flavour, Settings};

use crate::model::Time;
use chrono::Duration;
use limit::Limit;
use model::Site;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A running Jira.
pub struct Jira {
    /// Settings.
    pub settings: Settings,
    /// Requests of the running second.
    pub(crate) limit: Limit,
    generated: Arc<Site>,
    current: RwLock<Arc<Site>>,
    /// Tokens of further pages carry the number under which they were given.
    generation: AtomicU64,
    /// Every edit takes a second, so that it is later than whatever has been shown.
    edits: AtomicI64,
}

impl Jira {
    /// Makes a site.
    pub fn new(settings: Settings, seed: u64, until: Time, days: u32) -> Self {
        let generated = Arc::new(generate::generate(&settings, seed, until, days));
        Jira {
            limit: Limit::new(settings.requests_per_second),
            settings,
            current: RwLock::new(generated.clone()),
            generated,
            generation: AtomicU64::new(0),
            edits: AtomicI64::new(0),
        }
    }

    /// The site with everything that was edited.
    pub fn site(&self) -> Arc<Site> {
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The moment that is shown, where the stand-in's clock shows another.
    pub fn now(&self, clock: Time) -> Time {
        clock + Duration::seconds(self.edits.load(Ordering::Relaxed))
    }

    /// Forgets edits and limits; tokens stay known.
    pub fn reset(&self) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = self.generated.clone();
        self.edits.store(0, Ordering::Relaxed);
        self.limit.reset();
    }

    /// Lets all tokens of further pages expire.
    pub fn expire_tokens(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Under which number tokens are given now.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }
}
