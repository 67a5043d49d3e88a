//! From a request to an answer: control, faults, authentication, limits, APIs.

use crate::body::{Manner, Sending};
use crate::faults::Action;
use crate::graphql::{Budget, Operation};
use crate::http::{Answer, Closed, Query};
use crate::state::{Asked, Resource, State};
use crate::{app, control, jira, rest};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use serde_json::json;
use sha1::{Digest, Sha1};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Answers one request.
pub async fn handle(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Sending>, Closed> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let method = parts.method.as_str();
    let path = parts.uri.path();
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    if let Some(path) = path.strip_prefix(control::PREFIX) {
        let answer = control::answer(&state, method, path, &query, &body);
        return Ok(answer.respond(Manner::Whole));
    }
    let call = Call::read(&state, method, path, query, &parts.headers, &body);
    let endpoint = call.endpoint();
    state.count(&endpoint);
    state.note(Asked::new(method, path, &body));
    let fault = state.fault(&endpoint, call.repository().as_deref());
    tokio::time::sleep(state.latency()).await;
    match &fault {
        Some(Action::Close) => return Err(Closed),
        Some(Action::Hang) => return std::future::pending().await,
        Some(Action::DelayMs(ms)) => tokio::time::sleep(Duration::from_millis(*ms)).await,
        Some(Action::AdvanceHours(hours)) => {
            state.advance(*hours);
        }
        Some(Action::Body(body)) => return Ok(Answer::text(200, body).respond(Manner::Whole)),
        Some(Action::Redirect(address)) => {
            let answer = Answer::text(302, "").with("location", address);
            return Ok(answer.respond(Manner::Whole));
        }
        Some(Action::Status(status)) => {
            let mut answer = Answer::text(status.code, &status.body);
            for (name, value) in &status.headers {
                let name = name.to_ascii_lowercase();
                answer.headers.retain(|(n, _)| *n != name);
                answer.headers.push((name, value.clone()));
            }
            return Ok(answer.respond(Manner::Whole));
        }
        _ => {}
    }
    let answer = call.answer(&state, &parts.headers).await;
    let (answer, manner) = match &fault {
        Some(action) => action.spoil(answer),
        None => (answer, Manner::Whole),
    };
    Ok(answer.respond(manner))
}

/// What a request is about.
enum Call {
    Graphql(Option<Operation>),
    Rest(rest::Call),
    Jira(Box<jira::Call>),
    App(app::Call, Bytes),
    Unknown(String),
}

impl Call {
    fn read(
        state: &State,
        method: &str,
        path: &str,
        query: Query,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Call {
        if state.jira.is_some()
            && let Some(call) = jira::Call::read(method, path, &query, headers, body)
        {
            return Call::Jira(Box::new(call));
        }
        if let Some(call) = app::Call::read(method, path) {
            return Call::App(call, body.clone());
        }
        if method == "POST" && matches!(path, "/graphql" | "/api/graphql") {
            return Call::Graphql(Operation::parse(body));
        }
        if method == "GET" {
            let (prefix, rest) = match path.strip_prefix("/api/v3/") {
                Some(rest) => ("/api/v3", rest),
                None => ("", path.trim_start_matches('/')),
            };
            let host = headers.get("host").and_then(|h| h.to_str().ok());
            let base = format!("http://{}{prefix}", host.unwrap_or("localhost"));
            if let Some(call) = rest::Call::read(&state.world(), rest, query, base) {
                return Call::Rest(call);
            }
        }
        Call::Unknown(format!("{method} {path}"))
    }

    fn endpoint(&self) -> String {
        match self {
            Call::Graphql(Some(operation)) => format!("POST /graphql {}", operation.name),
            Call::Graphql(None) => "POST /graphql (unreadable)".to_owned(),
            Call::Rest(call) => call.endpoint(),
            Call::Jira(call) => call.endpoint(),
            Call::App(call, _) => call.endpoint().to_owned(),
            Call::Unknown(what) => what.clone(),
        }
    }

    fn repository(&self) -> Option<String> {
        match self {
            Call::Graphql(operation) => operation.as_ref()?.repository.clone(),
            Call::Rest(call) => call.repository(),
            Call::Jira(call) => call.project(),
            Call::App(..) | Call::Unknown(_) => None,
        }
    }

    async fn answer(self, state: &State, headers: &HeaderMap) -> Answer {
        if let (Call::Jira(call), Some(jira)) = (&self, &state.jira) {
            return call.answer(jira, state.now(), headers);
        }
        if !headers.contains_key("user-agent") {
            return Answer::text(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.\n",
            );
        }
        if let Call::App(call, body) = &self {
            // The app shows no token but a statement of its own.
            state.spend(Resource::Core, 1);
            let answer = call.answer(state, bearer(headers).unwrap_or_default(), body);
            return limited(answer, state.budget(Resource::Core), Resource::Core);
        }
        if !authorised(state, headers) {
            return message(401, "Bad credentials", "https://docs.github.com/rest");
        }
        match self {
            Call::Graphql(operation) => graphql(state, operation).await,
            Call::Rest(call) => core(state, call, headers),
            Call::App(..) | Call::Jira(_) | Call::Unknown(_) => {
                state.spend(Resource::Core, 1);
                let answer = rest::not_found();
                limited(answer, state.budget(Resource::Core), Resource::Core)
            }
        }
    }
}

fn message(status: u16, message: &str, url: &str) -> Answer {
    let status_text = status.to_string();
    Answer::json(
        status,
        &json!({"message": message, "documentation_url": url, "status": status_text}),
    )
}

fn authorised(state: &State, headers: &HeaderMap) -> bool {
    bearer(headers).is_some_and(|token| token == state.config.token || state.tokens.accept(token))
}

/// What follows `Bearer` or `token`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("authorization").and_then(|v| v.to_str().ok());
    value
        .and_then(|v| v.split_once(' '))
        .filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
        })
        .map(|(_, token)| token)
}

/// Adds the headers about the rate limit.
fn limited(answer: Answer, budget: Budget, resource: Resource) -> Answer {
    answer
        .with("x-ratelimit-limit", budget.limit.to_string())
        .with("x-ratelimit-remaining", budget.remaining().to_string())
        .with("x-ratelimit-used", budget.used.to_string())
        .with("x-ratelimit-reset", budget.reset.timestamp().to_string())
        .with("x-ratelimit-resource", resource.name())
}

const EXCEEDED: &str = "API rate limit exceeded for user ID 583231.";

async fn graphql(state: &State, operation: Option<Operation>) -> Answer {
    let resource = Resource::Graphql;
    let Some(operation) = operation else {
        let answer = message(
            400,
            "Problems parsing JSON",
            "https://docs.github.com/graphql",
        );
        return limited(answer, state.budget(resource), resource);
    };
    if !state.spend(resource, operation.cost) {
        let error = json!({"errors": [{"type": "RATE_LIMITED", "message": EXCEEDED}]});
        return limited(Answer::json(200, &error), state.budget(resource), resource);
    }
    let budget = state.budget(resource);
    let (world, now) = (state.world(), state.now());
    let body = state.engine.execute(operation, world, now, budget).await;
    limited(Answer::json_text(200, body), budget, resource)
}

fn core(state: &State, call: rest::Call, headers: &HeaderMap) -> Answer {
    let resource = Resource::Core;
    if call.is_free() {
        let budgets = [state.budget(resource), state.budget(Resource::Graphql)];
        let answer = Answer::json(200, &rest::rate_limits(budgets));
        return limited(answer, budgets[0], resource);
    }
    if state.budget(resource).remaining() == 0 {
        let url = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api";
        return limited(
            message(403, EXCEEDED, url),
            state.budget(resource),
            resource,
        );
    }
    let answer = call.answer(&state.world(), state.now());
    if answer.status == 200 {
        let etag = etag(&answer.body);
        let known = headers.get("if-none-match").and_then(|v| v.to_str().ok());
        // What has not changed does not count.
        if known.is_some_and(|k| k.split(',').any(|k| weak(k) == weak(&etag))) {
            let unchanged = Answer {
                status: 304,
                headers: Vec::new(),
                body: Bytes::new(),
            };
            let unchanged = unchanged.with("etag", etag);
            return limited(unchanged, state.budget(resource), resource);
        }
        state.spend(resource, 1);
        return limited(answer.with("etag", etag), state.budget(resource), resource);
    }
    state.spend(resource, 1);
    limited(answer, state.budget(resource), resource)
}

fn weak(etag: &str) -> &str {
    let etag = etag.trim();
    etag.strip_prefix("W/").unwrap_or(etag)
}

fn etag(body: &[u8]) -> String {
    let mut text = "W/\"".to_owned();
    for byte in Sha1::digest(body) {
        let _ = write!(text, "{byte:02x}");
    }
    text + "\""
}
