//! GitHub and GitHub Enterprise Server, over GraphQL.
//!
//! One query reads 25 pull requests with their commits, reviews, comments and draft history, so
//! that 1,000 of them cost 40 requests. Pages follow newest first: figures of the last weeks are
//! there first, and a pass ends where the last one began.

mod answer;
mod filter;
pub mod identity;
mod mark;
mod streams;

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use super::{Call, Identity, Options, Page, Scope, Source, SourceError, Stream};
use crate::http::Response;
use crate::jsonb::{Json, Object};

pub use filter::{RepositoryFilter, Wanted};

/// GitHub's own API.
pub const DEFAULT_BASE_URL: &str = "https://api.github.com";

/// The source kind `github`.
pub struct GitHub;

const fn fetched(name: &'static str, scope: Scope) -> Stream {
    Stream {
        name,
        fetched: Some(scope),
    }
}

const fn ingested(name: &'static str) -> Stream {
    Stream {
        name,
        fetched: None,
    }
}

const STREAMS: &[Stream] = &[
    fetched("repositories", Scope::Entry),
    fetched("pull_requests", Scope::Repository),
    fetched("commits", Scope::Repository),
    fetched("deployments", Scope::Repository),
    fetched("releases", Scope::Repository),
    ingested("reviews"),
    ingested("review_comments"),
    ingested("issue_comments"),
    ingested("pull_request_commits"),
    ingested("deployment_statuses"),
];

impl Source for GitHub {
    fn kind(&self) -> &'static str {
        "github"
    }

    fn streams(&self) -> &'static [Stream] {
        STREAMS
    }

    fn call(
        &self,
        options: &Options,
        stream: &str,
        scope: &str,
        cursor: &Value,
        now: DateTime<Utc>,
    ) -> Result<Call, SourceError> {
        let body = streams::body(options, stream, scope, cursor, now)?;
        Ok(Call {
            method: Method::POST,
            url: graphql_url(options)?,
            body: Some(body),
        })
    }

    fn page(
        &self,
        options: &Options,
        stream: &str,
        scope: &str,
        cursor: &Value,
        now: DateTime<Utc>,
        answer: &Response,
    ) -> Result<Page, SourceError> {
        let host = options.base_url.host_str().unwrap_or_default();
        let data = answer::Answer::read(host, scope, answer)?;
        streams::page(options, stream, scope, cursor, now, &data)
    }

    fn narrower(&self, stream: &str, cursor: &Value) -> Option<Value> {
        streams::narrower(stream, cursor)
    }

    fn restarted(&self, cursor: &Value) -> Value {
        streams::restarted(cursor)
    }

    fn identify(
        &self,
        stream: &str,
        document: Object<'_>,
        context: Object<'_>,
    ) -> Result<Identity, SourceError> {
        identity::identify(stream, document, context)
    }

    fn mark(&self, options: &Options, stream: &str, repository: Object<'_>) -> Option<String> {
        let newest = |list: &str| {
            let list = repository.object(list)?;
            let nodes = list.elements("nodes").filter_map(Json::object);
            let updated = nodes.filter_map(|node| node.get("updatedAt")?.time());
            Some(mark::of_list(list.integer("totalCount")?, updated.max()))
        };
        let found = match stream {
            "pull_requests" => newest("pullRequests"),
            "deployments" => newest("deployments"),
            "releases" => newest("releases"),
            "commits" => {
                let head = repository.at(&["defaultBranchRef", "target", "oid"])?;
                head.text().map(str::to_owned)
            }
            _ => None,
        }?;
        Some(mark::with_options(&found, options))
    }

    fn headers(&self, secret: &str) -> Result<HeaderMap, SourceError> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {secret}")).map_err(|_| {
                SourceError::Unauthorized {
                    host: "this server".to_owned(),
                    status: 0,
                    message: "the secret holds characters that no HTTP header may hold".to_owned(),
                }
            })?;
        authorization.set_sensitive(true);
        Ok(HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            (
                ACCEPT,
                HeaderValue::from_static("application/vnd.github+json"),
            ),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]))
    }
}

/// GitHub's GraphQL lies at `/graphql`; an Enterprise Server, whose REST API is at `/api/v3`, has
/// it at `/api/graphql`.
fn graphql_url(options: &Options) -> Result<reqwest::Url, SourceError> {
    let path = options.base_url.path().trim_end_matches('/');
    let path = match path.strip_suffix("/v3") {
        Some(api) => format!("{api}/graphql"),
        None => format!("{path}/graphql"),
    };
    options
        .base_url
        .join(&path)
        .map_err(|error| SourceError::Unreadable {
            host: options.base_url.to_string(),
            reason: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_lies_beside_the_rest_api() {
        for (base, expected) in [
            ("https://api.github.com", "https://api.github.com/graphql"),
            (
                "https://ghe.example/api/v3",
                "https://ghe.example/api/graphql",
            ),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/graphql"),
        ] {
            let options = Options::parse([
                ("kind", "github"),
                ("repositories", "a/b"),
                ("base_url", base),
            ])
            .expect("options");
            assert_eq!(graphql_url(&options).expect("a URL").as_str(), expected);
        }
    }

    #[test]
    fn the_secret_is_marked_sensitive_and_may_hold_no_line_break() {
        let headers = GitHub.headers("ghp_canary").expect("headers");
        assert!(!format!("{headers:?}").contains("canary"));
        let refused = GitHub.headers("ghp_canary\n").expect_err("a refusal");
        assert!(!refused.to_string().contains("canary"));
    }
}
