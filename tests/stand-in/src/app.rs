//! A GitHub App: who proves with a signed statement to be the app gets tokens that expire.

use crate::config::App;
use crate::generate::hex;
use crate::graphql::text;
use crate::http::Answer;
use crate::model::Time;
use crate::rest::not_found;
use crate::state::State;
use chrono::{Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The farthest that a statement may expire after it was made.
const MOST: i64 = 600;

/// What is asked of the app's own addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Where it is installed.
    Installations,
    /// A token for an installation.
    Token(u64),
    /// The installation of a repository: `owner/name`.
    Repository(String),
}

impl Call {
    /// Reads a path; none if it is not one of the app's own.
    pub fn read(method: &str, path: &str) -> Option<Call> {
        let path = path.strip_prefix("/api/v3").unwrap_or(path);
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, segments.as_slice()) {
            ("GET", ["app", "installations"]) => Some(Call::Installations),
            ("POST", ["app", "installations", id, "access_tokens"]) => {
                Some(Call::Token(id.parse().ok()?))
            }
            ("GET", ["repos", owner, name, "installation"]) => {
                Some(Call::Repository(format!("{owner}/{name}")))
            }
            _ => None,
        }
    }

    /// The label under which it is counted.
    pub fn endpoint(&self) -> &'static str {
        match self {
            Call::Installations => "GET /app/installations",
            Call::Token(_) => "POST /app/installations/{installation_id}/access_tokens",
            Call::Repository(_) => "GET /repos/{owner}/{repo}/installation",
        }
    }

    /// The answer to whoever has shown this statement.
    pub fn answer(&self, state: &State, bearer: &str, body: &[u8]) -> Answer {
        let Some(app) = &state.config.app else {
            return not_found();
        };
        if let Err(why) = verify(app, bearer) {
            let url = "https://docs.github.com/rest";
            let body = json!({"message": why, "documentation_url": url, "status": "401"});
            return Answer::json(401, &body);
        }
        match self {
            Call::Installations => {
                let world = state.world();
                let owner = world.organisations.first().map(|o| o.login.as_str());
                let all: Value = owner.map(|o| installation(app, o)).into_iter().collect();
                Answer::json(200, &all)
            }
            Call::Repository(name) => match state.world().repository(name) {
                Some(repository) => Answer::json(200, &installation(app, repository.owner())),
                None => not_found(),
            },
            Call::Token(id) if *id == app.installation => {
                let (token, expires) = state.tokens.issue(app);
                Answer::json(201, &document(&token, expires, body))
            }
            Call::Token(_) => not_found(),
        }
    }
}

fn permissions() -> Value {
    json!({"actions": "read", "contents": "read", "deployments": "read", "issues": "read",
           "metadata": "read", "pull_requests": "read"})
}

fn document(token: &str, expires: Time, body: &[u8]) -> Value {
    let wish: Value = serde_json::from_slice(body).unwrap_or_default();
    let some = ["repositories", "repository_ids"].iter();
    let selected = some.clone().any(|key| wish.get(key).is_some());
    json!({
        "token": token,
        "expires_at": text(expires),
        "permissions": wish.get("permissions").cloned().unwrap_or_else(permissions),
        "repository_selection": if selected { "selected" } else { "all" },
    })
}

fn installation(app: &App, owner: &str) -> Value {
    let id = app.installation;
    let url = format!("https://api.github.com/app/installations/{id}");
    json!({
        "id": id,
        "client_id": app.client_id,
        "account": {"login": owner, "type": "Organization"},
        "repository_selection": "all",
        "access_tokens_url": format!("{url}/access_tokens"),
        "repositories_url": "https://api.github.com/installation/repositories",
        "html_url": format!("https://github.com/organizations/{owner}/settings/installations/{id}"),
        "app_id": app.id,
        "app_slug": "diogen",
        "target_type": "Organization",
        "permissions": permissions(),
        "events": [],
        "suspended_at": null,
    })
}

/// What the app says of itself.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: Value,
    iat: i64,
    exp: i64,
}

/// Whether a statement is the app's own and of now; if not, what GitHub says about it.
fn verify(app: &App, bearer: &str) -> Result<(), &'static str> {
    const UNREADABLE: &str = "A JSON web token could not be decoded";
    let key = DecodingKey::from_rsa_pem(app.public_key.as_bytes()).map_err(|_| UNREADABLE)?;
    let mut validation = Validation::new(Algorithm::RS256);
    // The times are looked at below, as GitHub does.
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = decode::<Claims>(bearer, &key, &validation)
        .map_err(|_| UNREADABLE)?
        .claims;
    let issuer = match &claims.iss {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let now = Utc::now().timestamp();
    if issuer != app.id.to_string() && issuer != app.client_id {
        Err("'Issuer' claim ('iss') must be the app's id or client id")
    } else if claims.iat > now {
        Err(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        )
    } else if claims.exp <= now {
        Err(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        )
    } else if claims.exp > claims.iat + MOST {
        Err("'Expiration time' claim ('exp') is too far in the future")
    } else {
        Ok(())
    }
}

/// The tokens that were given out, and until when they are good.
#[derive(Debug, Default)]
pub struct Tokens(Mutex<HashMap<String, Time>>);

impl Tokens {
    fn issue(&self, app: &App) -> (String, Time) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Utc::now();
        let lifetime = Duration::from_std(app.token_lifetime).unwrap_or(Duration::hours(1));
        let token = format!("ghs_{}", &hex(&format!("{now} {}", all.len()))[..36]);
        all.insert(token.clone(), now + lifetime);
        (token, now + lifetime)
    }

    /// Whether a token was given out and is good.
    pub fn accept(&self, token: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(token).is_some_and(|until| Utc::now() < *until)
    }

    /// Ends all of them; how many there were.
    pub fn expire(&self) -> usize {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Utc::now();
        let live = all.values_mut().filter(|until| **until > now);
        live.map(|until| *until = now).count()
    }
}
