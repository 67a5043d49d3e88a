//! Jira: searches to the end, changes in bulk, Data Center, limits, and edits in between.
#![allow(clippy::unwrap_used)]

mod changes;
#[path = "../common/mod.rs"]
mod common;
mod search;
mod service;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{Reply, send};
use serde_json::{Value, json};
use stand_in::jira::{Flavour, Settings};
use stand_in::{Config, Server};

const SEARCH: &str = "/rest/api/3/search/jql";
const CHANGES: &str = "/rest/api/3/changelog/bulkfetch";

fn start(change: impl FnOnce(&mut Config, &mut Settings)) -> Server {
    let mut config = Config::fixed_history();
    let mut settings = Settings::default();
    change(&mut config, &mut settings);
    config.jira = Some(settings);
    Server::start(config).unwrap()
}

fn data_center() -> Server {
    start(|_, s| s.flavour = Flavour::DataCenter)
}

fn basic() -> String {
    let settings = Settings::default();
    let pair = format!("{}:{}", settings.email, settings.token);
    format!("Basic {}", STANDARD.encode(pair))
}

fn call(server: &Server, method: &str, path: &str, body: &str) -> Reply {
    let basic = basic();
    let headers = [("authorization", basic.as_str())];
    send(server, method, path, &headers, body).unwrap()
}

fn get(server: &Server, path: &str) -> Reply {
    call(server, "GET", path, "")
}

fn post(server: &Server, path: &str, body: &Value) -> Reply {
    call(server, "POST", path, &body.to_string())
}

fn truth(server: &Server) -> Value {
    get(server, "/_stand_in/jira_truth").json()
}

/// Follows tokens to the end; `between` runs after every page.
fn chain(
    server: &Server,
    path: &str,
    list: &str,
    mut body: Value,
    mut between: impl FnMut(),
) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let reply = post(server, path, &body);
        assert_eq!(
            reply.status,
            200,
            "{}",
            String::from_utf8_lossy(&reply.body)
        );
        let page = reply.json();
        all.extend(page[list].as_array().unwrap().iter().cloned());
        if path == SEARCH {
            assert_eq!(page["isLast"], page.get("nextPageToken").is_none());
            assert_eq!(page.get("total"), None);
        }
        let Some(token) = page.get("nextPageToken") else {
            return all;
        };
        body["nextPageToken"] = token.clone();
        between();
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn message(reply: &Reply) -> String {
    assert_eq!(reply.json()["errors"], json!({}));
    reply.json()["errorMessages"][0]
        .as_str()
        .unwrap()
        .to_owned()
}
