//! Which address is asked, and who answers.

use super::documents::Documents;
use super::issue::{Wanted, document};
use super::settings::Flavour;
use super::{Jira, agile, auth, body, changelog, lists, search};
use crate::http::{Answer, Query, decode};
use crate::model::Time;
use hyper::header::HeaderMap;
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    SearchJql,
    Count,
    Search,
    BulkChangelog,
    Fields,
    Types,
    Statuses,
    StatusSearch,
    ProjectSearch,
    Projects,
    Project(String),
    Issue(String),
    Changelog(String),
    Myself,
    ServerInfo,
    Boards,
    Sprints(u64),
    Sprint(u64),
    Unknown,
}

/// One request.
pub struct Call {
    target: Target,
    version: u8,
    method: String,
    label: String,
    path: String,
    query: Query,
    body: Vec<u8>,
    host: String,
}

impl Call {
    /// Reads a request; none if it is not for Jira.
    pub fn read(
        method: &str,
        path: &str,
        query: &Query,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Call> {
        let rest = path.strip_prefix("/rest/")?;
        let segments: Vec<String> = rest.trim_end_matches('/').split('/').map(decode).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (version, target, label) = match segments.as_slice() {
            ["api", version @ ("2" | "3" | "latest"), rest @ ..] => {
                let (target, label) = platform(method, rest);
                let number = if *version == "3" { 3 } else { 2 };
                (number, target, format!("/rest/api/{version}/{label}"))
            }
            ["agile", "1.0", rest @ ..] if method == "GET" => {
                let (target, label) = boards(rest);
                (2, target, format!("/rest/agile/1.0/{label}"))
            }
            _ => (2, Target::Unknown, path.to_owned()),
        };
        let label = if target == Target::Unknown {
            path.to_owned()
        } else {
            label
        };
        let host = headers.get("host").and_then(|h| h.to_str().ok());
        Some(Call {
            target,
            version,
            method: method.to_owned(),
            label: format!("{method} {label}"),
            path: path.to_owned(),
            query: query.clone(),
            body: body.to_vec(),
            host: format!("http://{}", host.unwrap_or("localhost")),
        })
    }

    /// The label under which it is counted.
    pub fn endpoint(&self) -> String {
        self.label.clone()
    }

    /// The project that it names first, so that faults can be of one project.
    pub fn project(&self) -> Option<String> {
        if let Target::Project(name) = &self.target {
            return Some(name.clone());
        }
        if let Some(name) = self.query.get("projectKeyOrId") {
            return Some(name.to_owned());
        }
        let body: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let body = body.as_ref().and_then(|b| b["jql"].as_str());
        let jql = self.query.get("jql").or(body)?;
        let (_, rest) = jql.split_once("project")?;
        let rest = rest.trim_start_matches([' ', '=', '(', '"', '\'', 'i', 'n']);
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        Some(rest[..end.unwrap_or(rest.len())].to_owned())
    }

    /// Answers it.
    pub fn answer(&self, jira: &Jira, clock: Time, headers: &HeaderMap) -> Answer {
        if jira.settings.flavour == Flavour::DataCenter {
            return self.authorised(jira, clock, headers);
        }
        let left = jira.limit.spend(&self.label);
        if left.is_over() {
            return left.refused();
        }
        left.mark(self.authorised(jira, clock, headers))
    }

    fn authorised(&self, jira: &Jira, clock: Time, headers: &HeaderMap) -> Answer {
        // What server it is may be asked by anybody.
        let refused = auth::refuse(jira, headers).filter(|_| self.target != Target::ServerInfo);
        refused.unwrap_or_else(|| self.known(jira, clock))
    }

    fn known(&self, jira: &Jira, clock: Time) -> Answer {
        let cloud = jira.settings.flavour == Flavour::Cloud;
        if !cloud && self.version == 3 {
            return self.unknown();
        }
        let site = jira.site();
        let now = jira.now(clock);
        // Both versions of the removed address are gone, and searching needs no documents.
        match (&self.target, cloud) {
            (Target::Search, true) => return search::removed(),
            (Target::Count, true) => return search::count(jira, &site, now, &self.body),
            _ => {}
        }
        let docs = Documents::new(jira, &site, now, &self.host, self.version);
        let query = Some(&self.query).filter(|_| self.method == "GET");
        match (&self.target, cloud) {
            (Target::SearchJql, true) => search::with_tokens(jira, &docs, query, &self.body),
            (Target::Search, false) => search::with_start(jira, &docs, query, &self.body),
            (Target::BulkChangelog, true) => changelog::bulk(jira, &docs, &self.body),
            (Target::Changelog(name), true) => {
                changelog::of_issue(&docs, &self.query, name, &self.path)
            }
            (Target::StatusSearch, true) => lists::status_search(&docs, &self.query),
            (Target::ProjectSearch, true) => lists::project_search(&docs, &self.query),
            (Target::Fields, _) => lists::fields(&docs),
            (Target::Types, _) => lists::types(&docs),
            (Target::Statuses, _) => lists::statuses(&docs),
            (Target::Projects, _) => lists::projects(&docs),
            (Target::Project(name), _) => lists::project(&docs, name),
            (Target::Issue(name), _) => self.issue(&docs, name),
            (Target::Myself, _) => lists::myself(&docs),
            (Target::ServerInfo, _) => lists::server_info(jira, &docs),
            (Target::Boards, _) => agile::boards(&docs, &self.query, &self.path),
            (Target::Sprints(id), _) => agile::sprints(&docs, &self.query, *id, &self.path),
            (Target::Sprint(id), _) => agile::one(&docs, *id),
            _ => self.unknown(),
        }
    }

    fn issue(&self, docs: &Documents, name: &str) -> Answer {
        let Some(issue) = docs.site.issue(name, docs.now) else {
            let message = "Issue does not exist or you do not have permission to see it.";
            return body::refuse(404, message);
        };
        let names: Vec<String> = match self.query.get("fields") {
            Some(names) => names.split(',').map(str::to_owned).collect(),
            None => vec!["*all".to_owned()],
        };
        let expand = self.query.get("expand").unwrap_or_default();
        let expands = expand.split(',').any(|e| e == "changelog");
        let changes = expands.then(|| changelog::embedded(docs, issue, docs.now, 100));
        let found = document(docs, issue, docs.now, &Wanted::read(&names), changes);
        Answer::json_text(200, serde_json::to_string(&found).unwrap_or_default())
    }

    fn unknown(&self) -> Answer {
        let message = format!("null for uri: {}{}", self.host, self.path);
        Answer::json(404, &json!({"message": message, "status-code": 404}))
    }
}

fn platform(method: &str, segments: &[&str]) -> (Target, &'static str) {
    let own = |name: &&str| (*name).to_owned();
    match (method, segments) {
        ("GET" | "POST", ["search", "jql"]) => (Target::SearchJql, "search/jql"),
        ("POST", ["search", "approximate-count"]) => (Target::Count, "search/approximate-count"),
        ("GET" | "POST", ["search"]) => (Target::Search, "search"),
        ("POST", ["changelog", "bulkfetch"]) => (Target::BulkChangelog, "changelog/bulkfetch"),
        ("GET", ["field"]) => (Target::Fields, "field"),
        ("GET", ["issuetype"]) => (Target::Types, "issuetype"),
        ("GET", ["status"]) => (Target::Statuses, "status"),
        ("GET", ["statuses", "search"]) => (Target::StatusSearch, "statuses/search"),
        ("GET", ["project"]) => (Target::Projects, "project"),
        ("GET", ["project", "search"]) => (Target::ProjectSearch, "project/search"),
        ("GET", ["project", name]) => (Target::Project(own(name)), "project/{projectIdOrKey}"),
        ("GET", ["issue", name]) => (Target::Issue(own(name)), "issue/{issueIdOrKey}"),
        ("GET", ["issue", name, "changelog"]) => (
            Target::Changelog(own(name)),
            "issue/{issueIdOrKey}/changelog",
        ),
        ("GET", ["myself"]) => (Target::Myself, "myself"),
        ("GET", ["serverInfo"]) => (Target::ServerInfo, "serverInfo"),
        _ => (Target::Unknown, ""),
    }
}

fn boards(segments: &[&str]) -> (Target, &'static str) {
    let id = |text: &str| text.parse::<u64>().unwrap_or_default();
    match segments {
        ["board"] => (Target::Boards, "board"),
        ["board", board, "sprint"] => (Target::Sprints(id(board)), "board/{boardId}/sprint"),
        ["sprint", sprint] => (Target::Sprint(id(sprint)), "sprint/{sprintId}"),
        _ => (Target::Unknown, ""),
    }
}
