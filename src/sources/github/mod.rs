//! GitHub and GitHub Enterprise Server: GraphQL for what it has, REST for workflow runs.
//!
//! One query reads 25 pull requests with their commits, reviews, comments, files and history, so
//! that 1,000 of them cost 40 requests. Pages follow newest first: figures of the last weeks are
//! there first, and a pass ends where the last one began.

mod answer;
mod app;
mod filter;
pub mod identity;
mod listings;
mod mark;
mod nested;
pub mod payload;
mod rest;
mod runs;

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use super::{
    Call, DEPLOYMENT_RECORDS, INCIDENTS, Identity, OptionError, Options, Page, Place, Scope,
    Source, SourceError, Stream, Token, fetched, ingested, sensitive,
};
use crate::http::Response;
use crate::jsonb::Object;
use app::App;
use filter::{Names, RepositoryFilter, Wanted};

/// The kind `github`.
pub struct Kind;

const REPOSITORY: Scope = Scope::Document(&["repositories"]);
const NESTED: Scope = Scope::Queue(nested::BATCH);

const STREAMS: &[Stream] = &[
    fetched("repositories", Scope::Entry),
    fetched("branches", REPOSITORY),
    fetched("pull_requests", REPOSITORY),
    fetched("commits", REPOSITORY),
    fetched("branch_commits", Scope::Document(&["branches"])),
    fetched("deployments", REPOSITORY),
    fetched("workflow_runs", REPOSITORY),
    fetched("releases", REPOSITORY),
    fetched("tags", REPOSITORY),
    fetched("issues", REPOSITORY),
    fetched("pull_request_commits", NESTED),
    fetched("pull_request_files", NESTED),
    fetched("pull_request_events", NESTED),
    fetched("reviews", NESTED),
    fetched("issue_comments", NESTED),
    fetched("deployment_statuses", NESTED),
    fetched("workflow_jobs", Scope::Queue(1)),
    ingested("review_comments"),
    INCIDENTS,
    DEPLOYMENT_RECORDS,
];

impl super::Kind for Kind {
    fn name(&self) -> &'static str {
        "github"
    }

    fn streams(&self) -> &'static [Stream] {
        STREAMS
    }

    fn option_names(&self) -> &'static [&'static str] {
        &[
            "repositories",
            "release_branches",
            "workflow_jobs",
            "app_id",
            "installation_id",
        ]
    }

    fn default_base_url(&self) -> Option<&'static str> {
        Some("https://api.github.com")
    }

    fn configure(
        &self,
        common: Options,
        own: &[(&str, &str)],
    ) -> Result<Box<dyn Source>, OptionError> {
        Ok(Box::new(GitHub::new(common, own)?))
    }

    fn identify(
        &self,
        stream: &str,
        document: Object<'_>,
        context: Object<'_>,
    ) -> Result<Identity, SourceError> {
        identity::identify(stream, document, context)
    }

    fn wrapper(&self, document: Object<'_>) -> Option<&'static str> {
        match payload::payload(document)? {
            payload::Payload::Object { key, .. } => Some(key),
            payload::Payload::Other => None,
        }
    }

    fn entry_selects(&self, entry: &str, key: &str) -> Result<bool, OptionError> {
        Ok(Wanted::parse(entry)?.selects(key))
    }
}

/// A GitHub with its options.
pub struct GitHub {
    common: Options,
    /// Which repositories are wanted.
    repositories: RepositoryFilter,
    /// Which branches beside the default one are read.
    release_branches: Names,
    /// Of which workflows the jobs are read.
    workflow_jobs: Names,
    app: Option<App>,
}

impl GitHub {
    fn new(common: Options, own: &[(&str, &str)]) -> Result<Self, OptionError> {
        let given = |name| own.iter().find(|option| option.0 == name).map(|o| o.1);
        let names = |name| Names::parse(name, given(name).unwrap_or_default());
        let repositories = given("repositories").ok_or(OptionError::Missing(
            "repositories",
            "which repositories to read, such as \"owner/name, owner/*, !owner/legacy\"",
        ))?;
        Ok(Self {
            common,
            repositories: RepositoryFilter::parse(repositories)?,
            release_branches: names("release_branches")?,
            workflow_jobs: names("workflow_jobs")?,
            app: App::of(given("app_id"), given("installation_id"))?,
        })
    }
}

impl Source for GitHub {
    fn kind(&self) -> &'static dyn super::Kind {
        &Kind
    }

    fn options(&self) -> &Options {
        &self.common
    }

    fn entries(&self) -> Vec<String> {
        let wanted = self.repositories.wanted();
        wanted.iter().map(ToString::to_string).collect()
    }

    fn selects(&self, key: &str) -> bool {
        match key.split_once(':') {
            Some((repository, branch)) => {
                self.repositories.selects(repository) && self.release_branches.selects(branch)
            }
            None => self.repositories.selects(key),
        }
    }

    fn fetches(&self, stream: &str) -> bool {
        match stream {
            "branches" | "branch_commits" => !self.release_branches.is_empty(),
            "workflow_jobs" => !self.workflow_jobs.is_empty(),
            _ => true,
        }
    }

    fn is_reconciled(&self, stream: &str) -> bool {
        listings::is_reconciled(stream)
    }

    fn call(&self, place: &Place<'_>) -> Result<Call, SourceError> {
        let get = |(url, headers)| Call {
            method: Method::GET,
            url,
            headers,
            body: None,
            is_paced: false,
        };
        let body = match place.stream {
            "workflow_runs" => return Ok(get(runs::request(self, place))),
            "workflow_jobs" => return Ok(get((runs::jobs_url(self, place), HeaderMap::new()))),
            stream if nested::is_nested(stream) => nested::body(place),
            _ => Some(listings::body(self, place)?),
        };
        Ok(Call {
            method: Method::POST,
            url: graphql_url(&self.common),
            headers: HeaderMap::new(),
            body,
            // GitHub limits the seconds that it computes, GraphQL's above all.
            is_paced: true,
        })
    }

    fn page(&self, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError> {
        let host = self.host();
        match place.stream {
            "workflow_runs" => runs::page(self, place, answer),
            "workflow_jobs" => runs::jobs(self, place, answer),
            stream if nested::is_nested(stream) => {
                let answer = answer::Answer::read_batch(host, stream, answer)?;
                nested::page(place, &answer)
            }
            _ => {
                let answer = answer::Answer::read(host, place.scope, answer)?;
                listings::page(self, place, &answer)
            }
        }
    }

    fn narrower(&self, stream: &str, cursor: &Value) -> Option<Value> {
        listings::widths(stream).narrower(cursor)
    }

    fn restarted(&self, cursor: &Value) -> Value {
        listings::restarted(cursor)
    }

    fn mark(&self, stream: &str, parent: Object<'_>, now: DateTime<Utc>) -> Option<String> {
        let mark = mark::mark(stream, parent, now)?;
        // Other options ask for other things.
        let since = self.common.since();
        let branches = match stream {
            "branches" => self.release_branches.to_string(),
            _ => String::new(),
        };
        Some(format!("{mark} since {since} {branches}"))
    }

    fn account(&self) -> Option<String> {
        let app = self.app.as_ref()?;
        Some(format!("installation {}", app.installation))
    }

    fn login(&self, secret: &str, now: DateTime<Utc>) -> Result<Option<Call>, SourceError> {
        let Some(app) = &self.app else {
            return Ok(None);
        };
        let claim = app.claim(secret, self.host(), now)?;
        let path = format!("app/installations/{}/access_tokens", app.installation);
        Ok(Some(Call {
            method: Method::POST,
            url: self.common.url(&path),
            headers: self.headers(&claim)?,
            body: None,
            is_paced: false,
        }))
    }

    fn token(&self, answer: &Response) -> Result<Token, SourceError> {
        match answer.status {
            201 => app::token(self.host(), &answer.body),
            // Nothing of it is shown: it may hold a token.
            status @ 200..300 => Err(SourceError::Unreadable {
                host: self.host().to_owned(),
                reason: format!("HTTP {status} to a login, which is answered with 201"),
            }),
            _ => Err(
                match answer::refusal(self.host(), "the installation", answer) {
                    // An app that was removed, or a key that was.
                    SourceError::NotFound { host, message, .. } => SourceError::Unauthorized {
                        host,
                        status: answer.status,
                        message,
                    },
                    other => other,
                },
            ),
        }
    }

    fn headers(&self, secret: &str) -> Result<HeaderMap, SourceError> {
        Ok(HeaderMap::from_iter([
            (
                AUTHORIZATION,
                sensitive(&format!("Bearer {secret}"), self.host())?,
            ),
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
fn graphql_url(options: &Options) -> reqwest::Url {
    let path = options.base_url.path().trim_end_matches('/');
    let path = match path.strip_suffix("/v3") {
        Some(api) => format!("{api}/graphql"),
        None => format!("{path}/graphql"),
    };
    let mut url = options.base_url.clone();
    url.set_path(&path);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::configure;

    fn source(base_url: &'static str) -> Box<dyn Source> {
        let pairs = [("kind", "github"), ("repositories", "a/b")];
        configure(pairs.into_iter().chain([("base_url", base_url)])).expect("a source")
    }

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
            assert_eq!(graphql_url(source(base).options()).as_str(), expected);
        }
    }

    #[test]
    fn the_secret_is_marked_sensitive_and_may_hold_no_line_break() {
        let github = source("https://api.github.com");
        let headers = github.headers("ghp_canary").expect("headers");
        assert!(!format!("{headers:?}").contains("canary"));
        let refused = github.headers("ghp_canary\n").expect_err("a refusal");
        assert!(!refused.to_string().contains("canary"));
    }

    #[test]
    fn an_app_needs_both_of_its_numbers() {
        let with = |pairs: &[(&'static str, &'static str)]| {
            let basis = [("kind", "github"), ("repositories", "a/b")];
            configure(basis.into_iter().chain(pairs.iter().copied())).map(|_| ())
        };
        assert!(with(&[("app_id", "1"), ("installation_id", "2")]).is_ok());
        assert!(with(&[("app_id", "1")]).is_err());
        assert!(with(&[("installation_id", "2")]).is_err());
        assert!(with(&[("app_id", "1"), ("installation_id", "acme")]).is_err());
    }
}
