//! Authentication, limits, clock and faults.
#![allow(clippy::unwrap_used)]

mod common;

use common::queries::{COMMITS, DEPLOYMENTS, PULL_REQUESTS};
use common::{get, graphql, post, script, send, start, truth, try_call};
use serde_json::{Value, json};
use stand_in::{Config, Server};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn only_loopback_is_served() {
    let config = Config {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..Config::default()
    };
    assert_eq!(
        Server::start(config).err().unwrap().kind(),
        ErrorKind::InvalidInput
    );
}

#[test]
fn a_wrong_token_and_a_nameless_client_are_refused() {
    let server = start(|_| {});
    for token in ["Bearer wrong", "Basic stand-in-token", "stand-in-token"] {
        let headers = [("user-agent", "test"), ("authorization", token)];
        let reply = send(&server, "GET", "/user", &headers, "").unwrap();
        assert_eq!(reply.status, 401, "{token}");
        assert_eq!(reply.json()["message"], "Bad credentials");
    }
    let nobody = send(&server, "POST", "/graphql", &[("user-agent", "test")], "{}").unwrap();
    assert_eq!(nobody.status, 401);
    let headers = [("authorization", "token stand-in-token")];
    let nameless = send(&server, "GET", "/user", &headers, "").unwrap();
    assert_eq!(nameless.status, 403);
    assert!(String::from_utf8_lossy(&nameless.body).contains("User-Agent"));
}

#[test]
fn limits_are_counted_apart_and_end() {
    let server = start(|c| c.rate_limit = 2);
    assert_eq!(get(&server, "/user").header("x-ratelimit-remaining"), "1");
    let second = get(&server, "/user");
    assert_eq!(second.header("x-ratelimit-remaining"), "0");
    assert_eq!(second.header("x-ratelimit-used"), "2");
    let over = get(&server, "/user");
    assert_eq!(over.status, 403);
    assert!(
        over.json()["message"]
            .as_str()
            .unwrap()
            .starts_with("API rate limit exceeded")
    );
    assert_eq!(over.header("x-ratelimit-resource"), "core");
    let free = get(&server, "/rate_limit");
    assert_eq!(free.status, 200);
    assert_eq!(free.json()["resources"]["core"]["remaining"], 0);
    assert_eq!(free.json()["resources"]["graphql"]["remaining"], 2);
    for _ in 0..2 {
        assert!(
            graphql(&server, "{ viewer { login } }", &json!({}))
                .get("errors")
                .is_none()
        );
    }
    let over = graphql(&server, "{ viewer { login } }", &json!({}));
    assert_eq!(over["errors"][0]["type"], "RATE_LIMITED");
    post(&server, "/_stand_in/reset", "");
    assert_eq!(get(&server, "/user").status, 200);
}

#[test]
fn requests_are_counted_by_endpoint() {
    let server = start(|_| {});
    let variables = json!({"owner": "acme", "name": "web", "first": 1});
    graphql(&server, PULL_REQUESTS, &variables);
    graphql(&server, PULL_REQUESTS, &variables);
    get(&server, "/repos/acme/web/pulls");
    let next = get(&server, "/api/v3/repos/acme/web/pulls?state=all")
        .link("next")
        .unwrap();
    get(&server, &next);
    let counts = get(&server, "/_stand_in/counts").json();
    assert_eq!(counts["total"], 5);
    assert_eq!(counts["endpoints"]["POST /graphql PullRequests"], 2);
    assert_eq!(counts["endpoints"]["GET /repos/{owner}/{repo}/pulls"], 3);
    post(&server, "/_stand_in/reset", "");
    assert_eq!(get(&server, "/_stand_in/counts").json()["total"], 0);
}

#[test]
fn the_clock_reveals_and_merges() {
    let server = start(|c| c.hold_back_hours = 240.0);
    let sum = |key: &str| -> u64 {
        let truth = truth(&server);
        truth
            .as_object()
            .unwrap()
            .values()
            .map(|c| c[key].as_u64().unwrap())
            .sum()
    };
    let kinds = [
        "pull_requests",
        "merged",
        "commits",
        "deployments",
        "releases",
        "reviews",
    ];
    let before: Vec<u64> = kinds.iter().map(|k| sum(k)).collect();
    let open = get(&server, "/repos/acme/checkout/pulls?per_page=100").json();
    let open = open.as_array().unwrap();
    assert!(open.iter().all(|p| p["merged_at"].is_null()));
    post(&server, "/_stand_in/advance?hours=240", "");
    for (kind, before) in kinds.iter().zip(before) {
        assert!(sum(kind) > before, "{kind}");
    }
    let merged = open.iter().find(|p| {
        let path = format!("/repos/acme/checkout/pulls/{}", p["number"]);
        let now = get(&server, &path).json();
        assert!(now["updated_at"].as_str() >= p["updated_at"].as_str());
        now["merged_at"].is_string()
    });
    assert!(merged.is_some(), "open became merged");
    // Never past the end.
    let end = post(&server, "/_stand_in/advance?hours=1000", "").json();
    assert_eq!(end["now"], end["until"]);
    post(&server, "/_stand_in/reset", "");
    assert!(get(&server, "/_stand_in/clock").json()["now"] != end["until"]);
}

#[test]
fn the_clock_moves_by_itself() {
    let server = start(|c| {
        c.hold_back_hours = 100.0;
        c.reveal_hours_per_minute = 60_000.0;
    });
    let first = server.now();
    let deadline = Instant::now() + Duration::from_secs(5);
    while server.now() <= first + Duration::from_secs(3_600) {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    let end: stand_in::model::Time = "2026-06-30T15:00:00Z".parse().unwrap();
    assert!(server.now() <= end);
}

#[test]
fn nothing_is_from_the_future() {
    let server = start(|c| c.hold_back_hours = 100.0);
    let now = get(&server, "/_stand_in/clock").json()["now"]
        .as_str()
        .unwrap()
        .to_owned();
    fn times(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    if let (true, Some(text)) =
                        (key.ends_with("At") || key.ends_with("Date"), value.as_str())
                    {
                        found.push(text.to_owned());
                    }
                    times(value, found);
                }
            }
            Value::Array(list) => list.iter().for_each(|v| times(v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for name in ["checkout", "gateway", "web", "infra"] {
        for query in [PULL_REQUESTS, DEPLOYMENTS, COMMITS] {
            let variables = json!({"owner": "acme", "name": name, "first": 100});
            times(
                &graphql(&server, query, &variables)["data"]["repository"],
                &mut found,
            );
        }
    }
    assert!(found.len() > 1_000);
    let latest = found.iter().max().unwrap();
    assert!(*latest <= now, "{latest} is later than {now}");
}

const REST: &str = "/repos/acme/web/pulls";

#[test]
fn faults_meet_the_requests_that_they_name() {
    let server = start(|_| {});
    script(
        &server,
        &json!([
            {"match": "/pulls", "repository": "acme/web", "skip": 1, "times": 2,
             "action": {"status": {"code": 502, "body": "bad", "headers": {"Retry-After": "3"}}}},
        ]),
    );
    assert_eq!(get(&server, "/repos/acme/checkout/pulls").status, 200);
    assert_eq!(get(&server, REST).status, 200, "skipped");
    let bad = get(&server, REST);
    assert_eq!(
        (bad.status, bad.header("retry-after"), bad.body.as_slice()),
        (502, "3", b"bad".as_slice())
    );
    assert_eq!(get(&server, REST).status, 502);
    assert_eq!(get(&server, REST).status, 200, "used up");
    let variables = json!({"owner": "acme", "name": "web", "first": 1});
    script(
        &server,
        &json!([{"match": "PullRequests", "action": {"body": "<html>no json</html>"}}]),
    );
    let body = json!({"query": PULL_REQUESTS, "variables": variables}).to_string();
    let html = post(&server, "/graphql", &body);
    assert_eq!(
        (html.status, html.body.as_slice()),
        (200, b"<html>no json</html>".as_slice())
    );
    script(&server, &json!([]));
    assert!(graphql(&server, PULL_REQUESTS, &variables)["data"].is_object());
    assert_eq!(
        post(&server, "/_stand_in/faults", "[{\"action\": \"nonsense\"}]").status,
        400
    );
}

#[test]
fn a_closed_connection_has_no_answer() {
    let server = start(|_| {});
    script(&server, &json!([{"times": 1, "action": "close"}]));
    assert!(try_call(&server, "GET", REST, "").is_err());
    assert_eq!(get(&server, REST).status, 200);
}

#[test]
fn a_hanging_request_does_not_hold_up_others_nor_the_end() {
    let server = start(|_| {});
    script(&server, &json!([{"times": 1, "action": "hang"}]));
    let mut hanging = TcpStream::connect(server.address()).unwrap();
    hanging.write_all(b"GET /user HTTP/1.1\r\nhost: x\r\nuser-agent: t\r\nauthorization: token stand-in-token\r\n\r\n").unwrap();
    hanging
        .set_read_timeout(Some(Duration::from_millis(150)))
        .unwrap();
    let mut byte = [0];
    let error = hanging.read(&mut byte).unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    assert_eq!(get(&server, "/user").status, 200);
    let before = Instant::now();
    server.stop();
    assert!(before.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_truncated_answer_breaks_off() {
    let server = start(|_| {});
    let whole = get(&server, REST).body.len();
    script(&server, &json!([{"times": 1, "action": {"truncate": 40}}]));
    let cut = get(&server, REST);
    assert_eq!(cut.status, 200);
    assert_eq!(cut.header("content-length"), whole.to_string());
    assert_eq!(cut.body.len(), 40);
}

#[test]
fn delays_and_nul_are_put_in() {
    let server = start(|_| {});
    script(
        &server,
        &json!([
            {"times": 1, "action": {"delay_ms": 60}}, {"times": 1, "action": {"inject_nul": true}},
        ]),
    );
    let before = Instant::now();
    assert_eq!(get(&server, REST).status, 200);
    assert!(before.elapsed() >= Duration::from_millis(60));
    let nul = get(&server, REST);
    let text = String::from_utf8_lossy(&nul.body).into_owned();
    assert!(text.contains("\"title\":\"\\u0000") || text.contains("\"message\":\"\\u0000"));
    let before = Instant::now();
    post(&server, "/_stand_in/latency?ms=50", "");
    get(&server, "/user");
    assert!(before.elapsed() >= Duration::from_millis(50));
}

#[test]
fn the_stand_in_says_who_owns_what() {
    let server = start(|_| {});
    let teams = get(&server, "/_stand_in/teams").json();
    assert_eq!(teams.as_array().unwrap().len(), 8);
    assert!(
        teams
            .as_array()
            .unwrap()
            .contains(&json!({"team": "payments", "repository": "acme/checkout"}))
    );
    assert_eq!(get(&server, "/_stand_in/health").body, b"ok");
    assert!(server.summary().starts_with("acme: 8 repositories, "));
}
