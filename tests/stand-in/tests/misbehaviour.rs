//! Answers that only look right.
#![allow(clippy::unwrap_used)]

mod common;

use common::{get, graphql, script, start};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use stand_in::Server;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const LIST: &str = "/repos/acme/web/pulls?state=all&per_page=5";
const PULLS: &str = "query Pulls($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequests(first: 5, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { number labels(first: 1) { nodes { name } } } } } }";

fn once(server: &Server, action: Value) {
    script(server, &json!([{"times": 1, "action": action}]));
}

fn variables() -> Value {
    json!({"owner": "acme", "name": "web"})
}

#[test]
fn compressed_answers_are_the_same_and_bombs_are_not() {
    let server = start(|_| {});
    let plain = get(&server, LIST);
    once(&server, json!({"gzip": true}));
    let packed = get(&server, LIST);
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.header("etag"), plain.header("etag"));
    let mut body = Vec::new();
    GzDecoder::new(packed.body.as_slice())
        .read_to_end(&mut body)
        .unwrap();
    assert_eq!(body, plain.body);
    once(&server, json!({"gzip_bomb": 64_000_000}));
    let bomb = get(&server, LIST);
    assert!(bomb.body.len() < 100_000, "{}", bomb.body.len());
    let size = std::io::copy(
        &mut GzDecoder::new(bomb.body.as_slice()),
        &mut std::io::sink(),
    );
    assert_eq!(size.unwrap(), 64_000_002);
}

/// A request whose answer is read as it comes.
fn open(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let request = "GET /user HTTP/1.1\r\nhost: x\r\nuser-agent: t\r\nauthorization: token stand-in-token\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

#[test]
fn an_endless_body_does_not_end() {
    let server = start(|_| {});
    once(&server, json!({"endless": true}));
    let mut stream = open(&server);
    let mut buffer = vec![0; 1 << 20];
    stream.read_exact(&mut buffer).unwrap();
    for _ in 0..20 {
        stream.read_exact(&mut buffer).unwrap();
    }
    // Others are served meanwhile.
    assert_eq!(get(&server, "/user").status, 200);
}

#[test]
fn a_slow_body_comes_byte_by_byte() {
    let server = start(|_| {});
    let length = get(&server, "/user").body.len();
    once(&server, json!({"drip_ms": 2}));
    let before = Instant::now();
    let slow = get(&server, "/user");
    assert_eq!(slow.json()["login"], "stand-in");
    assert!(before.elapsed() >= Duration::from_millis(2 * length as u64));
}

#[test]
fn a_redirect_and_a_foreign_next_page_lead_elsewhere() {
    let server = start(|_| {});
    once(&server, json!({"redirect": "http://127.0.0.2:9/steal"}));
    let moved = get(&server, LIST);
    assert_eq!(moved.status, 302);
    assert_eq!(moved.header("location"), "http://127.0.0.2:9/steal");
    once(&server, json!({"foreign_next": "http://127.0.0.2:9"}));
    let page = get(&server, LIST);
    assert!(
        page.header("link")
            .starts_with("<http://127.0.0.2:9/repositories/")
    );
    assert!(page.header("link").contains("rel=\"last\""));
    once(&server, json!({"foreign_next": "http://127.0.0.2:9"}));
    let single = get(&server, "/user");
    assert_eq!(
        single.header("link"),
        "<http://127.0.0.2:9/?page=2>; rel=\"next\""
    );
}

#[test]
fn too_much_for_one_query_gives_null_nodes() {
    let server = start(|_| {});
    let right = graphql(&server, PULLS, &variables());
    once(&server, json!({"null_nodes": true}));
    let answer = graphql(&server, PULLS, &variables());
    let page = &answer["data"]["repository"]["pullRequests"];
    assert_eq!(page["nodes"], json!([null, null, null, null, null]));
    assert_eq!(
        page["pageInfo"],
        right["data"]["repository"]["pullRequests"]["pageInfo"]
    );
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 5);
    assert_eq!(errors[4]["type"], "RESOURCE_LIMITS_EXCEEDED");
    assert_eq!(
        errors[4]["path"],
        json!(["repository", "pullRequests", "nodes", 4])
    );
}

#[test]
fn totals_lie() {
    let server = start(|_| {});
    let total = |answer: &Value| {
        answer["data"]["repository"]["pullRequests"]["totalCount"]
            .as_i64()
            .unwrap()
    };
    let right = total(&graphql(&server, PULLS, &variables()));
    once(&server, json!({"lie_total": -2}));
    assert_eq!(total(&graphql(&server, PULLS, &variables())), right - 2);
    let runs = "/repos/acme/web/actions/runs?per_page=1";
    let right = get(&server, runs).json()["total_count"].as_i64().unwrap();
    once(&server, json!({"lie_total": 7}));
    assert_eq!(get(&server, runs).json()["total_count"], right + 7);
}

#[test]
fn a_page_changes_while_it_is_read() {
    let server = start(|c| c.hold_back_hours = 240.0);
    let before = get(&server, LIST);
    script(
        &server,
        &json!([{"match": "/pulls", "skip": 1, "times": 1, "action": {"advance_hours": 200.0}}]),
    );
    assert_eq!(get(&server, LIST).body, before.body);
    let now = server.now();
    let after = get(&server, LIST);
    assert_ne!(after.body, before.body);
    assert_eq!((server.now() - now).num_hours(), 200);
}
