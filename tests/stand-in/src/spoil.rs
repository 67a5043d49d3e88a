//! What faults do to an answer that would have been right.

use crate::body::Manner;
use crate::faults::Action;
use crate::gzip;
use crate::http::Answer;
use serde_json::{Value, json};
use std::time::Duration;

impl Action {
    /// The answer after this fault, and how it is sent.
    pub fn spoil(&self, mut answer: Answer) -> (Answer, Manner) {
        let mut manner = Manner::Whole;
        match self {
            Action::Truncate(bytes) => manner = Manner::Cut(*bytes),
            Action::DripMs(ms) => manner = Manner::Drip(Duration::from_millis(*ms)),
            Action::Endless(true) => manner = Manner::Endless,
            Action::InjectNul(true) => edit(&mut answer, |text| inject_nul(&text)),
            Action::Gzip(true) => {
                answer.body = gzip::compress(&answer.body).into();
                answer = answer.with("content-encoding", "gzip");
            }
            Action::GzipBomb(bytes) => {
                answer.body = gzip::bomb(*bytes).into();
                answer = answer.with("content-encoding", "gzip");
            }
            Action::NullNodes(true) => edit_json(&mut answer, null_nodes),
            Action::LieTotal(by) => edit_json(&mut answer, |body| lie(body, *by)),
            Action::ForeignNext(origin) => foreign_next(&mut answer, origin),
            _ => {}
        }
        (answer, manner)
    }
}

fn edit(answer: &mut Answer, change: impl FnOnce(String) -> String) {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    answer.body = change(text).into();
}

fn edit_json(answer: &mut Answer, change: impl FnOnce(&mut Value)) {
    if let Ok(mut body) = serde_json::from_slice(&answer.body) {
        change(&mut body);
        answer.body = body.to_string().into();
    }
}

/// Puts the escape of a NUL into the first title or message of a JSON text.
fn inject_nul(body: &str) -> String {
    let first = ["\"title\":\"", "\"message\":\""]
        .iter()
        .filter_map(|key| body.find(key).map(|at| at + key.len()))
        .min();
    match first {
        Some(at) => format!("{}\\u0000{}", &body[..at], &body[at..]),
        None => body.to_owned(),
    }
}

/// The outermost nodes become null, each with an error, as where a query takes too much.
fn null_nodes(body: &mut Value) {
    let mut errors = Vec::new();
    if let Some(data) = body.get_mut("data") {
        nullify(data, &mut Vec::new(), &mut errors);
    }
    if !errors.is_empty() {
        body["errors"] = Value::Array(errors);
    }
}

fn nullify(value: &mut Value, path: &mut Vec<Value>, errors: &mut Vec<Value>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        path.push(json!(key));
        if let (true, Value::Array(nodes)) = (key == "nodes", &mut *value) {
            for (i, node) in nodes.iter_mut().enumerate() {
                *node = Value::Null;
                let mut path = path.clone();
                path.push(json!(i));
                errors.push(json!({
                    "type": "RESOURCE_LIMITS_EXCEEDED",
                    "path": path,
                    "locations": [{"line": 1, "column": 1}],
                    "message": "Resource limits for this query exceeded.",
                }));
            }
        } else {
            nullify(value, path, errors);
        }
        path.pop();
    }
}

/// Every total is off by so many.
fn lie(value: &mut Value, by: i64) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value.as_i64()) {
                    ("totalCount" | "total_count", Some(total)) => *value = json!(total + by),
                    _ => lie(value, by),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| lie(value, by)),
        _ => {}
    }
}

/// The next page is said to be at another origin.
fn foreign_next(answer: &mut Answer, origin: &str) {
    let old = answer.headers.iter().position(|(name, _)| name == "link");
    let old = old.map(|i| answer.headers.remove(i).1).unwrap_or_default();
    let mut relations: Vec<&str> = old.split(", ").filter(|l| !l.is_empty()).collect();
    let next = relations.iter().position(|l| l.ends_with("rel=\"next\""));
    let path = next
        .and_then(|i| relations.remove(i).split_once("://"))
        .and_then(|(_, rest)| rest.split_once('/'))
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or("?page=2", |(path, _)| path);
    let foreign = format!("<{}/{path}>; rel=\"next\"", origin.trim_end_matches('/'));
    relations.insert(0, &foreign);
    let links = relations.join(", ");
    answer.headers.push(("link".to_owned(), links));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_goes_into_the_first_text() {
        let body = r#"{"id":1,"message":"a","title":"b"}"#;
        assert_eq!(
            inject_nul(body),
            r#"{"id":1,"message":"\u0000a","title":"b"}"#
        );
        assert_eq!(inject_nul("{}"), "{}");
    }

    #[test]
    fn only_the_outermost_nodes_become_null() {
        let mut body =
            json!({"data": {"r": {"pulls": {"totalCount": 2, "nodes": [{"nodes": [1]}, 2]}}}});
        null_nodes(&mut body);
        assert_eq!(body["data"]["r"]["pulls"]["nodes"], json!([null, null]));
        assert_eq!(body["errors"][1]["path"], json!(["r", "pulls", "nodes", 1]));
    }

    #[test]
    fn only_the_next_page_goes_elsewhere() {
        let links = "<http://a:1/x?page=2>; rel=\"next\", <http://a:1/x?page=3>; rel=\"last\"";
        let (answer, _) = Action::ForeignNext("http://evil:2".to_owned())
            .spoil(Answer::text(200, "").with("link", links));
        let expected =
            "<http://evil:2/x?page=2>; rel=\"next\", <http://a:1/x?page=3>; rel=\"last\"";
        assert!(
            answer
                .headers
                .contains(&("link".to_owned(), expected.to_owned()))
        );
    }
}
