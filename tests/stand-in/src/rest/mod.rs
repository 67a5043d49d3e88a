//! GitHub's REST API over the model.

mod actions;
mod documents;
mod lists;

use crate::graphql::Budget;
use crate::http::{Answer, Query, decode};
use crate::model::{Repository, Time, World};
use crate::runs::{Job, Run};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is asked of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Itself,
    Pulls,
    Pull(u64),
    PullCommits(u64),
    PullReviews(u64),
    Commits,
    Commit(String),
    Deployments,
    Deployment(u64),
    Statuses(u64),
    Releases,
    Tags,
    Issues,
    Issue(u64),
    Actions(actions::Part),
}

impl Part {
    fn read(segments: &[&str]) -> Option<Part> {
        let part = match segments {
            [] => Part::Itself,
            ["pulls"] => Part::Pulls,
            ["pulls", n] => Part::Pull(n.parse().ok()?),
            ["pulls", n, "commits"] => Part::PullCommits(n.parse().ok()?),
            ["pulls", n, "reviews"] => Part::PullReviews(n.parse().ok()?),
            ["commits"] => Part::Commits,
            ["commits", oid] => Part::Commit((*oid).to_owned()),
            ["deployments"] => Part::Deployments,
            ["deployments", id] => Part::Deployment(id.parse().ok()?),
            ["deployments", id, "statuses"] => Part::Statuses(id.parse().ok()?),
            ["releases"] => Part::Releases,
            ["tags"] => Part::Tags,
            ["issues"] => Part::Issues,
            ["actions", rest @ ..] => Part::Actions(actions::Part::read(rest)?),
            ["issues", n] => Part::Issue(n.parse().ok()?),
            _ => return None,
        };
        Some(part)
    }

    /// The end of the label and of the path.
    fn path(&self) -> (&'static str, String) {
        match self {
            Part::Itself => ("", String::new()),
            Part::Pulls => ("/pulls", "/pulls".to_owned()),
            Part::Pull(n) => ("/pulls/{number}", format!("/pulls/{n}")),
            Part::PullCommits(n) => ("/pulls/{number}/commits", format!("/pulls/{n}/commits")),
            Part::PullReviews(n) => ("/pulls/{number}/reviews", format!("/pulls/{n}/reviews")),
            Part::Commits => ("/commits", "/commits".to_owned()),
            Part::Commit(oid) => ("/commits/{ref}", format!("/commits/{oid}")),
            Part::Deployments => ("/deployments", "/deployments".to_owned()),
            Part::Deployment(id) => ("/deployments/{id}", format!("/deployments/{id}")),
            Part::Statuses(id) => (
                "/deployments/{id}/statuses",
                format!("/deployments/{id}/statuses"),
            ),
            Part::Releases => ("/releases", "/releases".to_owned()),
            Part::Tags => ("/tags", "/tags".to_owned()),
            Part::Issues => ("/issues", "/issues".to_owned()),
            Part::Issue(n) => ("/issues/{number}", format!("/issues/{n}")),
            Part::Actions(part) => part.path(),
        }
    }
}

#[derive(Debug, Clone)]
enum Target {
    User,
    RateLimit,
    /// Repositories of an owner: label, login.
    Owned(&'static str, String),
    /// Part of a repository: `owner/name`.
    Repository(String, Part),
}

/// One request.
#[derive(Debug, Clone)]
pub struct Call {
    target: Target,
    query: Query,
    base: String,
}

impl Call {
    /// Reads a path; none if GitHub has no such address here.
    pub fn read(world: &World, path: &str, query: Query, base: String) -> Option<Call> {
        let decoded: Vec<String> = path.split('/').map(decode).collect();
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let target = match segments.as_slice() {
            ["user"] => Target::User,
            ["rate_limit"] => Target::RateLimit,
            ["orgs", login, "repos"] => Target::Owned("/orgs/{org}/repos", (*login).to_owned()),
            ["users", login, "repos"] => {
                Target::Owned("/users/{username}/repos", (*login).to_owned())
            }
            // The addresses of further pages name things by their ids.
            ["organizations", id, "repos"] => {
                let id: u64 = id.parse().ok()?;
                let login = world
                    .organisations
                    .iter()
                    .find(|o| o.id == id)?
                    .login
                    .clone();
                Target::Owned("/orgs/{org}/repos", login)
            }
            ["repositories", id, rest @ ..] => {
                let id: u64 = id.parse().ok()?;
                let found = world.repositories().find(|r| r.id == id)?;
                Target::Repository(found.name_with_owner.clone(), Part::read(rest)?)
            }
            ["repos", owner, name, rest @ ..] => {
                Target::Repository(format!("{owner}/{name}"), Part::read(rest)?)
            }
            _ => return None,
        };
        Some(Call {
            target,
            query,
            base,
        })
    }

    /// The label under which it is counted.
    pub fn endpoint(&self) -> String {
        match &self.target {
            Target::User => "GET /user".to_owned(),
            Target::RateLimit => "GET /rate_limit".to_owned(),
            Target::Owned(label, _) => format!("GET {label}"),
            Target::Repository(_, part) => {
                format!("GET /repos/{{owner}}/{{repo}}{}", part.path().0)
            }
        }
    }

    /// The repository that it is about.
    pub fn repository(&self) -> Option<String> {
        match &self.target {
            Target::Repository(name, _) => Some(name.clone()),
            _ => None,
        }
    }

    /// Whether it counts against no limit.
    pub fn is_free(&self) -> bool {
        matches!(self.target, Target::RateLimit)
    }

    /// The answer as of a moment of the clock.
    pub fn answer(&self, world: &World, clock: Time) -> Answer {
        match &self.target {
            Target::User => Answer::json(200, &documents::viewer()),
            Target::RateLimit => not_found(),
            Target::Owned(_, login) => match world.organisation(login) {
                Some(owner) => {
                    let mut list: Vec<_> = owner
                        .repositories
                        .iter()
                        .filter(|r| r.created_at <= r.seen_at(clock))
                        .collect();
                    list.sort_by_key(|r| (r.created_at, r.id));
                    let path = format!("/organizations/{}/repos", owner.id);
                    self.page(&path, list, |r| documents::repository(world, r, clock))
                }
                None => not_found(),
            },
            Target::Repository(name, part) => {
                let found = world.repository(name);
                match found.filter(|r| r.created_at <= r.seen_at(clock)) {
                    Some(repository) if !repository.name_with_owner.eq_ignore_ascii_case(name) => {
                        self.moved(repository, part)
                    }
                    Some(repository) => self.part(world, repository, part, clock),
                    None => not_found(),
                }
            }
        }
    }

    /// The repository has another name now.
    fn moved(&self, repo: &Repository, part: &Part) -> Answer {
        let path = format!("{}/repositories/{}{}", self.base, repo.id, part.path().1);
        let query = self.query.text();
        let separator = if query.is_empty() { "" } else { "?" };
        let url = format!("{path}{separator}{query}");
        let body = json!({
            "message": "Moved Permanently",
            "url": url,
            "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
        });
        Answer::json(301, &body).with("location", url)
    }

    fn part(&self, world: &World, repo: &Arc<Repository>, part: &Part, clock: Time) -> Answer {
        let at = repo.seen_at(clock);
        let path = format!("/repositories/{}{}", repo.id, part.path().1);
        let pull = |n: &u64| repo.pull_request(*n).filter(|p| p.created_at <= at);
        let deployment = |id: &u64| repo.visible_deployments(at).find(|d| d.id == *id);
        let query = &self.query;
        match part {
            Part::Itself => Answer::json(200, &documents::repository(world, repo, clock)),
            Part::Pulls => {
                let list = lists::pulls(repo, query, at);
                self.page(&path, list, |p| documents::pull(repo, p, at))
            }
            Part::Pull(n) => one(pull(n), |p| documents::pull_detail(repo, p, at)),
            Part::PullCommits(n) => match pull(n) {
                Some(p) => {
                    // However many there are, this address stops at 250.
                    let list = p.visible_commits(repo, at).take(250).collect();
                    self.page(&path, list, |c| documents::commit(repo, c))
                }
                None => not_found(),
            },
            Part::PullReviews(n) => match pull(n) {
                Some(p) => {
                    let seen = p.reviews.iter().filter(|r| r.submitted_at <= at);
                    self.page(&path, seen.collect(), |r| {
                        documents::review(repo, p.number, r)
                    })
                }
                None => not_found(),
            },
            Part::Commits => match lists::commits(repo, query, at) {
                Some(list) => self.page(&path, list, |c| documents::commit(repo, c)),
                None => not_found(),
            },
            Part::Commit(oid) => {
                let found = repo.commit(oid).or_else(|| repo.branch(oid, at));
                one(found.filter(|c| c.pushed_at <= at), |c| {
                    documents::commit(repo, c)
                })
            }
            Part::Deployments => {
                let list = lists::deployments(repo, query, at);
                self.page(&path, list, |d| documents::deployment(repo, d, at))
            }
            Part::Deployment(id) => one(deployment(id), |d| documents::deployment(repo, d, at)),
            Part::Statuses(id) => match deployment(id) {
                Some(d) => {
                    let seen = d.statuses.iter().rev().filter(|s| s.created_at <= at);
                    self.page(&path, seen.collect(), |s| documents::status(repo, d, s))
                }
                None => not_found(),
            },
            Part::Releases => {
                let list = lists::releases(repo, at);
                self.page(&path, list, |r| documents::release(repo, r))
            }
            Part::Tags => {
                let list = lists::tags(repo, at);
                self.page(&path, list, |r| documents::tag(repo, r))
            }
            Part::Issues => {
                let list = lists::issues(repo, query, at);
                self.page(&path, list, |i| i.document(repo, at))
            }
            Part::Issue(n) => {
                let mut all = lists::everything(repo, at);
                one(all.find(|i| i.number() == *n), |i| i.document(repo, at))
            }
            Part::Actions(part) => self.actions(&path, repo, part, at),
        }
    }

    fn actions(&self, path: &str, repo: &Repository, part: &actions::Part, at: Time) -> Answer {
        let runs = repo.runs();
        let run = |id: &u64| {
            let found = runs.iter().find(|r| r.id == *id);
            found.filter(|r| r.created_at() <= at)
        };
        let jobs = |run: &Run, jobs: Vec<Job>| {
            let total = jobs.len();
            let pages = self.page(path, jobs, |j| actions::job(repo, run, j, at));
            counted(pages, total, "jobs")
        };
        match part {
            actions::Part::Runs => {
                let mut list = actions::runs(&runs, &self.query, at);
                let total = list.len();
                list.truncate(actions::MOST);
                let document = |r: &&Run| {
                    let newest = r.attempts_at(at).len();
                    actions::run(repo, r, newest, at).unwrap_or_default()
                };
                counted(self.page(path, list, document), total, "workflow_runs")
            }
            actions::Part::Run(id) => {
                let document = |r| actions::run(repo, r, r.attempts_at(at).len(), at);
                one(run(id).and_then(document), Value::clone)
            }
            actions::Part::Attempt(id, n) => {
                let document = |r| actions::run(repo, r, *n, at);
                one(run(id).and_then(document), Value::clone)
            }
            actions::Part::Jobs(id) => match run(id) {
                Some(run) => {
                    let all = self.query.get("filter") == Some("all");
                    jobs(run, actions::jobs(run, all, at))
                }
                None => not_found(),
            },
            actions::Part::AttemptJobs(id, n) => {
                match run(id).filter(|r| (1..=r.attempts_at(at).len()).contains(n)) {
                    Some(run) => jobs(run, run.jobs(*n)),
                    None => not_found(),
                }
            }
        }
    }

    /// One page of a list, with the addresses of the others.
    fn page<T>(&self, path: &str, list: Vec<T>, document: impl Fn(&T) -> Value) -> Answer {
        let number = |key: &str| self.query.get(key).and_then(|v| v.parse::<usize>().ok());
        let size = number("per_page").filter(|n| *n > 0).unwrap_or(30).min(100);
        let page = number("page").filter(|n| *n > 0).unwrap_or(1);
        let last = list.len().div_ceil(size).max(1);
        let start = (page - 1).saturating_mul(size);
        let documents: Vec<Value> = list.iter().skip(start).take(size).map(document).collect();
        let mut relations = Vec::new();
        if page > 1 {
            relations.push(("prev", (page - 1).min(last)));
        }
        if page < last {
            relations.push(("next", page + 1));
            relations.push(("last", last));
        }
        if page > 1 {
            relations.push(("first", 1));
        }
        let links: Vec<String> = relations
            .iter()
            .map(|(relation, page)| {
                let query = self.query.with("page", &page.to_string());
                format!("<{}{path}?{query}>; rel=\"{relation}\"", self.base)
            })
            .collect();
        let answer = Answer::json(200, &Value::Array(documents));
        if links.is_empty() {
            answer
        } else {
            answer.with("link", links.join(", "))
        }
    }
}

/// A page inside an object that says how long the list is.
fn counted(page: Answer, total: usize, key: &str) -> Answer {
    let list = String::from_utf8_lossy(&page.body);
    let body = format!("{{\"total_count\":{total},\"{key}\":{list}}}");
    Answer {
        body: body.into(),
        ..page
    }
}

fn one<T>(found: Option<T>, document: impl Fn(&T) -> Value) -> Answer {
    found.map_or_else(not_found, |found| Answer::json(200, &document(&found)))
}

/// What GitHub says when there is nothing.
pub fn not_found() -> Answer {
    Answer::json(
        404,
        &json!({
            "message": "Not Found",
            "documentation_url": "https://docs.github.com/rest",
            "status": "404",
        }),
    )
}

/// The document about the rate limits: core and GraphQL.
pub fn rate_limits(budgets: [Budget; 2]) -> Value {
    let [core, graphql] = budgets.map(|b| {
        json!({
            "limit": b.limit,
            "used": b.used,
            "remaining": b.remaining(),
            "reset": b.reset.timestamp(),
        })
    });
    json!({"resources": {"core": core, "graphql": graphql}, "rate": core})
}
