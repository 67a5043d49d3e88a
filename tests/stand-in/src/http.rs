//! Answers and query strings.

use crate::body::{Manner, Sending};
use bytes::Bytes;
use hyper::{Response, StatusCode};
use serde_json::Value;
use std::fmt;

/// The connection is to be closed here.
#[derive(Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed by the script")
    }
}

impl std::error::Error for Closed {}

/// An answer before it is sent.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Answer::json_text(status, body.to_string())
    }

    /// A JSON answer that is written already.
    pub fn json_text(status: u16, body: String) -> Self {
        let kind = "application/json; charset=utf-8".to_owned();
        Answer {
            status,
            headers: vec![("content-type".to_owned(), kind)],
            body: Bytes::from(body),
        }
    }

    /// An answer in plain text.
    pub fn text(status: u16, body: &str) -> Self {
        let kind = if body.trim_start().starts_with('<') {
            "text/html; charset=utf-8"
        } else if body.trim_start().starts_with(['{', '[']) {
            "application/json; charset=utf-8"
        } else {
            "text/plain; charset=utf-8"
        };
        Answer {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: Bytes::from(body.to_owned()),
        }
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The response, sent in a manner.
    pub fn respond(self, manner: Manner) -> Response<Sending> {
        let mut response = Response::builder()
            .status(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        if self.status != 304 && manner != Manner::Endless {
            response = response.header("content-length", self.body.len());
        }
        let sending = Sending::new(self.body, manner);
        response
            .body(sending)
            .unwrap_or_else(|_| Response::new(Sending::new(Bytes::new(), Manner::Cut(0))))
    }
}

/// The parts of a query string, decoded.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|p| !p.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Query(pairs.collect())
    }

    /// A value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    /// The same as a query string.
    pub fn text(&self) -> String {
        let pairs = self.0.iter();
        let pairs: Vec<_> = pairs
            .map(|(k, v)| format!("{}={}", encode(k), encode(v)))
            .collect();
        pairs.join("&")
    }

    /// The same with another value of one key, as a query string.
    pub fn with(&self, key: &str, value: &str) -> String {
        let kept = self.0.iter().filter(|(k, _)| k != key);
        let own = (key.to_owned(), value.to_owned());
        let pairs: Vec<_> = kept
            .chain(std::iter::once(&own))
            .map(|(k, v)| format!("{}={}", encode(k), encode(v)))
            .collect();
        pairs.join("&")
    }
}

/// Percent-decodes a text.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten();
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(if bytes[i] == b'+' { b' ' } else { bytes[i] });
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_strings_survive_the_way_there_and_back() {
        let query = Query::parse("since=2026-01-01T00%3A00%3A00Z&labels=a%2Cb+c&page=2");
        assert_eq!(query.get("since"), Some("2026-01-01T00:00:00Z"));
        assert_eq!(query.get("labels"), Some("a,b c"));
        let again = Query::parse(&query.with("page", "3"));
        assert_eq!(again.get("page"), Some("3"));
        assert_eq!(again.get("labels"), Some("a,b c"));
        assert_eq!(decode("100%"), "100%");
    }
}
