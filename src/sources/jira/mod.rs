//! Jira Cloud and Jira Data Center.
//!
//! Issues are searched project by project, because a board's filter may change and leave issues
//! out; boards and sprints only tell what issues were planned for. Their changelogs come a thousand
//! issues at a time from the Cloud, and together with the issues from Data Center. Addresses in
//! answers are never followed: every page is built from the option `base_url`.

mod answer;
mod changelogs;
pub mod custom_fields;
mod deployment;
mod filter;
pub mod identity;
mod issues;
mod lists;
mod mark;
mod window;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::{
    Call, DEPLOYMENT_RECORDS, INCIDENTS, Identity, OptionError, Options, Page, Place, Scope,
    Source, SourceError, Stream, fetched, sensitive,
};
use crate::http::Response;
use crate::jsonb::Object;
use answer::Asked;
use custom_fields::CustomFields;
use deployment::Deployment;
use filter::{ProjectFilter, Wanted};

/// The kind `jira`.
pub struct Kind;

const PROJECT: Scope = Scope::Document(&["projects"]);

const STREAMS: &[Stream] = &[
    fetched("projects", Scope::Entry),
    fetched("fields", Scope::Whole),
    fetched("statuses", Scope::Whole),
    fetched("boards", PROJECT),
    fetched("sprints", Scope::Document(&["boards"])),
    fetched("issues", PROJECT),
    fetched("changelogs", Scope::Queue(changelogs::BATCH)),
    INCIDENTS,
    DEPLOYMENT_RECORDS,
];

impl super::Kind for Kind {
    fn name(&self) -> &'static str {
        "jira"
    }

    fn streams(&self) -> &'static [Stream] {
        STREAMS
    }

    fn option_names(&self) -> &'static [&'static str] {
        &["projects", "deployment", "email"]
    }

    fn default_base_url(&self) -> Option<&'static str> {
        None
    }

    fn configure(
        &self,
        common: Options,
        own: &[(&str, &str)],
    ) -> Result<Box<dyn Source>, OptionError> {
        Ok(Box::new(Jira::new(common, own)?))
    }

    fn identify(
        &self,
        stream: &str,
        document: Object<'_>,
        context: Object<'_>,
    ) -> Result<Identity, SourceError> {
        identity::identify(stream, document, context)
    }

    fn entry_selects(&self, entry: &str, key: &str) -> Result<bool, OptionError> {
        Ok(Wanted::parse(entry)?.selects(key))
    }
}

/// A Jira with its options.
pub struct Jira {
    common: Options,
    /// Which projects are wanted.
    projects: ProjectFilter,
    /// Where it runs, as far as the options tell.
    deployment: Option<Deployment>,
    /// Whose secret it is, where it is an API token of the Cloud.
    email: Option<String>,
}

impl Jira {
    fn new(common: Options, own: &[(&str, &str)]) -> Result<Self, OptionError> {
        let given = |name| own.iter().find(|option| option.0 == name).map(|o| o.1);
        let projects = given("projects").ok_or(OptionError::Missing(
            "projects",
            "which projects to read, such as \"PAY, OPS, TEAM*, !OLD*\"",
        ))?;
        Ok(Self {
            projects: ProjectFilter::parse(projects)?,
            deployment: Deployment::of(given("deployment"), &common)?,
            email: given("email").map(str::to_owned),
            common,
        })
    }

    /// Where it runs. Without a greeting that told, the older of the two APIs is left.
    fn deployment(&self, greeting: &[Value]) -> Deployment {
        self.deployment
            .or_else(|| Deployment::in_greeting(greeting))
            .unwrap_or(Deployment::DataCenter)
    }

    /// The URL of a path below the base URL, whatever characters its parts have.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.common.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn asked<'a>(&'a self, endpoint: &'a str, what: &'a str) -> Asked<'a> {
        Asked {
            host: self.host(),
            endpoint,
            what,
        }
    }

    fn is_at_data_center(&self, place: &Place<'_>) -> bool {
        self.deployment(place.greeting) == Deployment::DataCenter
    }
}

fn get(url: Url) -> Call {
    Call {
        method: Method::GET,
        url,
        headers: HeaderMap::new(),
        body: None,
        is_paced: false,
    }
}

fn post(url: Url, body: String) -> Call {
    Call {
        method: Method::POST,
        body: Some(body),
        ..get(url)
    }
}

impl Source for Jira {
    fn kind(&self) -> &'static dyn super::Kind {
        &Kind
    }

    fn options(&self) -> &Options {
        &self.common
    }

    fn entries(&self) -> Vec<String> {
        let wanted = self.projects.wanted();
        wanted.iter().map(ToString::to_string).collect()
    }

    /// Projects are named by their keys, which are no numbers; boards by their numbers, which do
    /// not tell to what project they belong.
    fn selects(&self, key: &str) -> bool {
        key.bytes().all(|digit| digit.is_ascii_digit()) || self.projects.selects(key)
    }

    fn is_reconciled(&self, stream: &str) -> bool {
        stream == "issues"
    }

    fn call(&self, place: &Place<'_>) -> Result<Call, SourceError> {
        Ok(match place.stream {
            "issues" => {
                let path = issues::path(self.deployment(place.greeting));
                post(self.url(path), issues::body(self, place))
            }
            "changelogs" if self.is_at_data_center(place) => {
                let mut url = self.url(&changelogs::issue_path(place));
                url.set_query(Some("expand=changelog&fields=id"));
                get(url)
            }
            "changelogs" => post(self.url(changelogs::BULK), changelogs::body(place)),
            _ => get(lists::request(self, place)?),
        })
    }

    fn page(&self, place: &Place<'_>, answer: &Response) -> Result<Page, SourceError> {
        match place.stream {
            "issues" => issues::page(self, place, answer),
            "changelogs" if self.is_at_data_center(place) => {
                changelogs::issue_page(self, place, answer)
            }
            "changelogs" => changelogs::page(self, place, answer),
            _ => lists::page(self, place, answer),
        }
    }

    fn narrower(&self, stream: &str, cursor: &Value) -> Option<Value> {
        let widths = match stream {
            "issues" => issues::widths(cursor, self.deployment.unwrap_or(Deployment::Cloud)),
            "changelogs" => changelogs::WIDTHS,
            _ => lists::widths(stream)?,
        };
        widths.narrower(cursor)
    }

    fn restarted(&self, cursor: &Value) -> Value {
        match cursor["items"].is_array() {
            true => changelogs::restarted(cursor),
            false => issues::restarted(cursor),
        }
    }

    fn mark(&self, stream: &str, parent: Object<'_>, now: DateTime<Utc>) -> Option<String> {
        mark::mark(stream, parent, now)
    }

    /// Where it runs, unless the options tell; then which fields it has.
    fn greeting(&self, answers: &[Value]) -> Result<Option<Call>, SourceError> {
        if self
            .deployment
            .or(Deployment::in_greeting(answers))
            .is_none()
        {
            return Ok(Some(get(self.url(&["rest", "api", "2", "serverInfo"]))));
        }
        if answers.iter().any(|told| told.get("fields").is_some()) {
            return Ok(None);
        }
        let version = self.deployment(answers).version();
        Ok(Some(get(self.url(&["rest", "api", version, "field"]))))
    }

    fn greeted(&self, answer: &Response) -> Result<Value, SourceError> {
        let what = match self.deployment {
            Some(Deployment::Cloud) => {
                "rest/api/3/field, which every Jira Cloud has; for another Jira set the option deployment to datacenter"
            }
            Some(Deployment::DataCenter) => "rest/api/2/field below the option base_url",
            None => "rest/api/2/serverInfo or field below the option base_url",
        };
        let asked = self.asked("the greeting", what);
        // The one is an object, the other a list.
        let told: Value = asked.read(answer)?;
        match told.is_array() {
            true => CustomFields::discovered(&answer.body).map(|fields| fields.greeted()),
            false => Deployment::greeted(&answer.body),
        }
        .map_err(|error| asked.lacking(error.to_string()))
    }

    fn headers(&self, secret: &str) -> Result<HeaderMap, SourceError> {
        let credentials = match &self.email {
            Some(email) => format!("Basic {}", STANDARD.encode(format!("{email}:{secret}"))),
            None => format!("Bearer {secret}"),
        };
        Ok(HeaderMap::from_iter([
            (AUTHORIZATION, sensitive(&credentials, self.host())?),
            (ACCEPT, HeaderValue::from_static("application/json")),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]))
    }
}

#[cfg(test)]
#[path = "jira_tests.rs"]
mod tests;

#[cfg(test)]
mod passes_tests;
