//! Tokens of further pages: nobody but the server can read them, and they do not last.

use super::Jira;
use crate::model::Time;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// How long a token lasts by the stand-in's clock.
const LIFETIME: Duration = Duration::days(7);

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Generation in which it was given.
    g: u64,
    /// Moment at which it was given.
    t: i64,
    /// What was asked.
    q: u64,
    /// The last one's place in the order, with its id at the end.
    pub k: Vec<i64>,
}

impl Token {
    /// The token after a page of what was asked.
    pub fn give(jira: &Jira, now: Time, asked: &str, k: Vec<i64>) -> String {
        let token = Token {
            g: jira.generation(),
            t: now.timestamp_millis(),
            q: hash(asked),
            k,
        };
        let text = serde_json::to_string(&token).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads a token; none if it is not one for this, or too old.
    pub fn read(jira: &Jira, now: Time, asked: &str, text: &str) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let token: Token = serde_json::from_slice(&bytes).ok()?;
        let age = Duration::milliseconds(now.timestamp_millis() - token.t);
        let valid = token.g == jira.generation() && token.q == hash(asked) && age <= LIFETIME;
        valid.then_some(token)
    }
}

fn hash(text: &str) -> u64 {
    let digest = Sha1::digest(text);
    digest
        .iter()
        .take(8)
        .fold(0, |n, b| (n << 8) | u64::from(*b))
}
