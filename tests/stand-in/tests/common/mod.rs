//! A plain HTTP client, so that the tests see every byte.
#![allow(clippy::unwrap_used, dead_code)]

pub mod queries;

use serde_json::{Value, json};
use stand_in::{Config, Server, TOKEN};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A server whose history ends at a fixed moment.
pub fn start(change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::fixed_history();
    change(&mut config);
    Server::start(config).unwrap()
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The path and query of a relation in the Link header.
    pub fn link(&self, relation: &str) -> Option<String> {
        let wanted = format!("rel=\"{relation}\"");
        let link = self
            .header("link")
            .split(", ")
            .find(|l| l.ends_with(&wanted))?;
        let url = link.split('>').next()?.trim_start_matches('<');
        let path = url.strip_prefix("http://")?;
        Some(path[path.find('/')?..].to_owned())
    }
}

/// Sends exactly these headers.
pub fn send(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(server.address())?;
    stream.set_read_timeout(Some(Duration::from_millis(700)))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", server.address());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!(
        "connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    let end = end.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines
        .filter_map(|l| l.split_once(": "))
        .map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()))
        .collect();
    Ok(Reply {
        status,
        headers,
        body: bytes[end + 4..].to_vec(),
    })
}

/// Sends what a well-behaved client sends.
pub fn try_call(server: &Server, method: &str, path: &str, body: &str) -> io::Result<Reply> {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("user-agent", "test"), ("authorization", bearer.as_str())];
    send(server, method, path, &headers, body)
}

pub fn get(server: &Server, path: &str) -> Reply {
    try_call(server, "GET", path, "").unwrap()
}

pub fn post(server: &Server, path: &str, body: &str) -> Reply {
    try_call(server, "POST", path, body).unwrap()
}

/// Runs a GraphQL document, and where it can leave fields out with all of them.
pub fn graphql(server: &Server, query: &str, variables: &Value) -> Value {
    let mut variables = variables.clone();
    variables["full"] = true.into();
    let body = json!({"query": query, "variables": variables}).to_string();
    let reply = post(server, "/graphql", &body);
    assert_eq!(
        reply.status,
        200,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    reply.json()
}

/// Replaces the script of faults.
pub fn script(server: &Server, faults: &Value) {
    let reply = post(server, "/_stand_in/faults", &faults.to_string());
    assert_eq!(
        reply.status,
        200,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
}

pub fn truth(server: &Server) -> Value {
    get(server, "/_stand_in/truth").json()
}
