//! How a stand-in misbehaves when it is told to.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One line of the script: which requests, and what happens to them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Part of an endpoint's label; empty means all.
    #[serde(default, rename = "match")]
    pub matching: String,
    /// Only requests for this repository.
    #[serde(default)]
    pub repository: Option<String>,
    /// So many matching requests pass first.
    #[serde(default)]
    pub skip: u64,
    /// Then so many are met; none means all.
    #[serde(default)]
    pub times: Option<u64>,
    /// What happens.
    pub action: Action,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Another status.
    Status(Status),
    /// A late answer.
    DelayMs(u64),
    /// No answer for ever.
    Hang,
    /// The connection is closed without an answer.
    Close,
    /// So many bytes of the body, then the connection is closed.
    Truncate(usize),
    /// This body with status 200.
    Body(String),
    /// The escape of a NUL in the first title or message.
    InjectNul(bool),
    /// The right answer, compressed.
    Gzip(bool),
    /// A compressed body that becomes so many bytes.
    GzipBomb(u64),
    /// A body without an end.
    Endless(bool),
    /// The right answer byte by byte, with so many milliseconds between them.
    DripMs(u64),
    /// Status 302 with this address.
    Redirect(String),
    /// The outermost nodes are null and RESOURCE_LIMITS_EXCEEDED stands among the errors.
    NullNodes(bool),
    /// The next page is at this origin.
    ForeignNext(String),
    /// Every total is off by so many.
    LieTotal(i64),
    /// The clock moves on by so many hours, then comes the right answer.
    AdvanceHours(f64),
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// HTTP status.
    pub code: u16,
    /// Body.
    #[serde(default)]
    pub body: String,
    /// Headers beside the usual ones.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

impl Fault {
    /// The action for every request whose endpoint's label contains a text.
    pub fn every(matching: &str, action: Action) -> Self {
        Fault {
            matching: matching.to_owned(),
            repository: None,
            skip: 0,
            times: None,
            action,
        }
    }

    /// The same, after so many matching requests have passed.
    pub fn after(self, skip: u64) -> Self {
        Fault { skip, ..self }
    }

    /// The same, so many times only.
    pub fn times(self, times: u64) -> Self {
        Fault {
            times: Some(times),
            ..self
        }
    }

    /// The same, for one repository only.
    pub fn of(self, repository: &str) -> Self {
        Fault {
            repository: Some(repository.to_owned()),
            ..self
        }
    }

    /// Looks at a request and moves on if it matches.
    pub fn meet(&mut self, endpoint: &str, repository: Option<&str>) -> Option<Action> {
        let wanted = self.repository.as_deref();
        let same = wanted.is_none_or(|w| repository.is_some_and(|r| r.eq_ignore_ascii_case(w)));
        if !endpoint.contains(&self.matching) || !same {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        match &mut self.times {
            Some(0) => None,
            Some(times) => {
                *times -= 1;
                Some(self.action.clone())
            }
            None => Some(self.action.clone()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_and_followed() {
        let text = r#"{"match": "PullRequests", "repository": "o/r", "skip": 1, "times": 2,
                       "action": {"status": {"code": 502, "body": "x", "headers": {"a": "b"}}}}"#;
        let mut fault: Fault = serde_json::from_str(text).unwrap();
        let label = "POST /graphql PullRequests";
        assert_eq!(fault.meet("POST /graphql Commits", Some("o/r")), None);
        assert_eq!(fault.meet(label, Some("o/other")), None);
        assert_eq!(fault.meet(label, Some("O/R")), None, "skipped");
        assert!(fault.meet(label, Some("o/r")).is_some());
        assert!(fault.meet(label, Some("o/r")).is_some());
        assert_eq!(fault.meet(label, Some("o/r")), None, "used up");
    }

    #[test]
    fn every_action_is_readable() {
        for action in [
            r#"{"delay_ms": 5}"#,
            r#""hang""#,
            r#""close""#,
            r#"{"truncate": 10}"#,
            r#"{"body": "<html>"}"#,
            r#"{"inject_nul": true}"#,
            r#"{"status": {"code": 500}}"#,
            r#"{"gzip": true}"#,
            r#"{"gzip_bomb": 1073741824}"#,
            r#"{"endless": true}"#,
            r#"{"drip_ms": 5}"#,
            r#"{"redirect": "http://127.0.0.1:1/x"}"#,
            r#"{"null_nodes": true}"#,
            r#"{"foreign_next": "http://127.0.0.1:1"}"#,
            r#"{"lie_total": -3}"#,
            r#"{"advance_hours": 0.5}"#,
        ] {
            serde_json::from_str::<Action>(action).unwrap();
        }
        assert!(serde_json::from_str::<Fault>(r#"{"action": "hang", "tymes": 1}"#).is_err());
    }
}
