//! Cloud's limit of requests in a burst: for each endpoint on its own, second by second.

use crate::http::Answer;
use crate::model::Time;
use chrono::{Duration, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The requests of the running second.
pub struct Limit {
    most: u64,
    spent: Mutex<HashMap<String, (Instant, u64)>>,
}

/// What is left of the limit.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    most: u64,
    used: u64,
}

impl Limit {
    /// So many requests a second.
    pub fn new(most: u64) -> Self {
        Limit {
            most,
            spent: Mutex::default(),
        }
    }

    /// Forgets what was spent.
    pub fn reset(&self) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.clear();
    }

    /// Counts a request.
    pub fn spend(&self, endpoint: &str) -> Left {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let window = spent.entry(endpoint.to_owned()).or_insert((now, 0));
        if now.duration_since(window.0).as_secs() >= 1 {
            *window = (now, 0);
        }
        window.1 += 1;
        Left {
            most: self.most,
            used: window.1,
        }
    }
}

impl Left {
    /// Whether the request was one too many.
    pub fn is_over(self) -> bool {
        self.used > self.most
    }

    /// The answer to one request too many.
    pub fn refused(self) -> Answer {
        let answer = Answer::text(429, "Rate limit exceeded.")
            .with("retry-after", "1")
            .with("ratelimit-reason", "jira-burst-based");
        self.mark(answer)
    }

    /// Adds the headers about the limit.
    pub fn mark(self, answer: Answer) -> Answer {
        let reset: Time = Utc::now() + Duration::seconds(1);
        let remaining = self.most.saturating_sub(self.used);
        let answer = answer
            .with("x-ratelimit-limit", self.most.to_string())
            .with("x-ratelimit-remaining", remaining.to_string())
            .with(
                "x-ratelimit-reset",
                reset.format("%Y-%m-%dT%H:%MZ").to_string(),
            );
        if remaining * 5 < self.most {
            return answer.with("x-ratelimit-nearlimit", "true");
        }
        answer
    }
}
