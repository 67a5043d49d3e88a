//! A GitHub App: statements, tokens and their end.
#![allow(clippy::unwrap_used)]

mod common;

use chrono::Utc;
use common::{Reply, post, send, start};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use stand_in::{App, Server};
use std::time::Duration;

const KEY: &[u8] = include_bytes!("data/app.private.pem");
const OTHER: &[u8] = include_bytes!("data/other.private.pem");

fn server(change: impl FnOnce(&mut App)) -> Server {
    let mut app = App::new(include_str!("data/app.public.pem"));
    change(&mut app);
    start(|c| c.app = Some(app))
}

/// A statement whose times are so many seconds from now.
fn signed(key: &[u8], issuer: Value, issued: i64, expires: i64) -> String {
    let now = Utc::now().timestamp();
    let claims = json!({"iss": issuer, "iat": now + issued, "exp": now + expires});
    let key = EncodingKey::from_rsa_pem(key).unwrap();
    encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

fn call(server: &Server, method: &str, path: &str, bearer: &str) -> Reply {
    let bearer = format!("Bearer {bearer}");
    let headers = [("user-agent", "test"), ("authorization", bearer.as_str())];
    send(server, method, path, &headers, "").unwrap()
}

const TOKENS: &str = "/app/installations/7654321/access_tokens";

#[test]
fn a_token_is_good_until_it_expires() {
    let server = server(|_| {});
    let statement = signed(KEY, json!("123456"), -60, 540);
    let all = call(&server, "GET", "/app/installations", &statement).json();
    assert_eq!(
        (&all[0]["id"], &all[0]["app_id"]),
        (&json!(7_654_321), &json!(123_456))
    );
    let path = "/repos/acme/web/installation";
    assert_eq!(call(&server, "GET", path, &statement).json(), all[0]);
    let reply = call(&server, "POST", TOKENS, &statement);
    assert_eq!(reply.status, 201);
    let given = reply.json();
    let token = given["token"].as_str().unwrap();
    assert!(token.starts_with("ghs_"));
    assert_eq!(given["repository_selection"], "all");
    assert_eq!(given["permissions"]["deployments"], "read");
    let expires: stand_in::model::Time = given["expires_at"].as_str().unwrap().parse().unwrap();
    let minutes = (expires - Utc::now()).num_minutes();
    assert!((58..=60).contains(&minutes), "{minutes}");
    assert_eq!(call(&server, "GET", "/repos/acme/web", token).status, 200);
    // Neither is good in place of the other.
    assert_eq!(
        call(&server, "GET", "/repos/acme/web", &statement).status,
        401
    );
    assert_eq!(call(&server, "POST", TOKENS, token).status, 401);
    let expired = post(&server, "/_stand_in/expire_tokens", "").json();
    assert_eq!(expired["expired"], 1);
    assert_eq!(call(&server, "GET", "/repos/acme/web", token).status, 401);
    let fresh = call(&server, "POST", TOKENS, &statement).json();
    assert_ne!(fresh["token"], given["token"]);
    let fresh = fresh["token"].as_str().unwrap();
    assert_eq!(call(&server, "GET", "/repos/acme/web", fresh).status, 200);
    assert_eq!(server.expire_tokens(), 1);
}

#[test]
fn a_short_life_ends_by_itself() {
    let server = server(|app| app.token_lifetime = Duration::from_millis(40));
    let statement = signed(KEY, json!("Iv23liStandIn"), 0, 60);
    let token = call(&server, "POST", TOKENS, &statement).json();
    std::thread::sleep(Duration::from_millis(50));
    let reply = call(&server, "GET", "/user", token["token"].as_str().unwrap());
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["message"], "Bad credentials");
}

#[test]
fn statements_must_be_right() {
    let server = server(|_| {});
    for (statement, part) in [
        (
            signed(OTHER, json!("123456"), 0, 60),
            "could not be decoded",
        ),
        ("nonsense".to_owned(), "could not be decoded"),
        (signed(KEY, json!("999"), 0, 60), "'iss'"),
        (signed(KEY, json!("123456"), 60, 120), "'iat'"),
        (signed(KEY, json!("123456"), -120, -60), "'exp'"),
        (
            signed(KEY, json!("123456"), -60, 560),
            "too far in the future",
        ),
    ] {
        let reply = call(&server, "POST", TOKENS, &statement);
        assert_eq!(reply.status, 401, "{part}");
        let message = reply.json()["message"].to_string();
        assert!(message.contains(part), "{message}");
    }
    let number = signed(KEY, json!(123_456), 0, 60);
    assert_eq!(call(&server, "POST", TOKENS, &number).status, 201);
    let unknown = "/app/installations/1/access_tokens";
    assert_eq!(call(&server, "POST", unknown, &number).status, 404);
    let nobody = start(|_| {});
    assert_eq!(call(&nobody, "POST", TOKENS, &number).status, 404);
}
