//! `faros-ai/airbyte-connectors` as Airbyte's GitHub source recorded it in 2021.
//!
//! REST documents are kept and served as they are. GraphQL answers are made from them:
//! the numbers of a pull request come from its statistics, its reviews are found by
//! their `pull_request_url`. The commits of its branch were not recorded, so that
//! GraphQL tells how many there are and lists none; of the comments, too, only the number
//! is known.
//!
//! `pull_request_commits.ndjson` and the workflow runs are from another repository
//! (`faros-ai/faros-community-edition`) of which there is nothing else; it is not served.

use super::{bare, broken, nameless, time};
use crate::ids::node_id;
use crate::model::{
    Commit, EventKind, Issue, Label, Organisation, PullRequest, Release, Repository, Review,
    ReviewState, Signature, Subject, Time, TimelineEvent, User,
};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

const NAME: &str = "faros-ai/airbyte-connectors";

/// Loads the folder.
pub fn load(folder: &Path) -> io::Result<Organisation> {
    let mut people = People::default();
    let requests = lines(folder, "pull_requests")?;
    let reviews = lines(folder, "reviews")?;
    for document in requests.iter().chain(&reviews) {
        people.learn(&document["user"]);
    }
    let commits = lines(folder, "commits")?;
    let commits: Vec<Commit> = commits
        .into_iter()
        .map(|d| commit(d, &people))
        .collect::<io::Result<_>>()?;
    // The head is the commit that is nobody's parent.
    let parents: HashSet<&String> = commits.iter().flat_map(|c| &c.parents).collect();
    let head = commits.iter().find(|c| !parents.contains(&c.oid));
    let head = head
        .ok_or_else(|| broken("no head among the commits"))?
        .oid
        .clone();
    let base = requests
        .iter()
        .map(|d| &d["base"])
        .find(|b| b["repo"].is_object());
    let base = base.ok_or_else(|| broken("no pull request tells its repository"))?;
    let id = base["repo"]["id"]
        .as_u64()
        .or(base["repo_id"].as_u64())
        .unwrap_or_default();
    let owner_id = base["user"]["id"].as_u64().unwrap_or_default();

    let mut repository = bare(id, NAME, commits, &head);
    if let Some(created) = base["repo"]["created_at"].as_str() {
        repository.created_at = time(created)?;
    }
    let stats: HashMap<u64, Value> = lines(folder, "pull_request_stats")?
        .into_iter()
        .map(|d| (d["number"].as_u64().unwrap_or_default(), d))
        .collect();
    let mut by_pull: HashMap<String, Vec<Review>> = HashMap::new();
    for document in reviews {
        let url = string(&document, "pull_request_url")?;
        by_pull
            .entry(url)
            .or_default()
            .push(review(document, &people)?);
    }
    let mut pulls = Vec::new();
    for document in requests {
        let number = integer(&document, "number")?;
        let url = string(&document, "url")?;
        let reviews = by_pull.remove(&url).unwrap_or_default();
        pulls.push(pull(document, stats.get(&number), reviews, &people)?);
    }
    pulls.sort_by_key(|p| p.number);
    link_merges(&mut repository, &pulls);
    repository.pull_requests = pulls.into_iter().map(Arc::new).collect();
    repository.issues = issues(folder, &people)?;
    repository.releases = releases(folder, &repository, &people)?;
    Ok(Organisation {
        login: "faros-ai".to_owned(),
        id: owner_id,
        repositories: vec![Arc::new(repository)],
        users: people.0.into_values().collect(),
    })
}

/// A merge commit belongs to the pull request that made it. One that went into another branch was
/// not recorded; of it only the oid and the time are known.
fn link_merges(repository: &mut Repository, pulls: &[PullRequest]) {
    for pull in pulls {
        let (Some(oid), Some(at)) = (&pull.merge_commit, pull.merged_at) else {
            continue;
        };
        let next = repository.commits.len();
        let index = *repository.commit_index.entry(oid.clone()).or_insert(next);
        if index == next {
            repository.commits.push(Arc::new(Commit {
                oid: oid.clone(),
                parents: Vec::new(),
                author: nameless(at),
                committer: nameless(at),
                message: String::new(),
                pushed_at: at,
                pull_requests: Vec::new(),
                raw: None,
            }));
        }
        Arc::make_mut(&mut repository.commits[index])
            .pull_requests
            .push(pull.number);
    }
}

/// Accounts by id.
#[derive(Default)]
struct People(BTreeMap<u64, Arc<User>>);

impl People {
    fn learn(&mut self, document: &Value) {
        if let (Some(id), Some(login)) = (document["id"].as_u64(), document["login"].as_str()) {
            self.0.entry(id).or_insert_with(|| {
                Arc::new(User {
                    id,
                    login: login.to_owned(),
                    name: login.to_owned(),
                    email: String::new(),
                    is_bot: document["type"] == "Bot",
                })
            });
        }
    }

    fn get(&self, id: &Value) -> Option<Arc<User>> {
        self.0.get(&id.as_u64()?).cloned()
    }
}

fn lines(folder: &Path, stream: &str) -> io::Result<Vec<Value>> {
    let path = folder.join(format!("{stream}.ndjson"));
    if !path.exists() {
        return Ok(Vec::new());
    }
    std::fs::read_to_string(&path)?
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| serde_json::from_str(l).map_err(broken))
        .collect()
}

fn string(document: &Value, key: &str) -> io::Result<String> {
    let text = document[key].as_str().map(str::to_owned);
    text.ok_or_else(|| broken(format!("no text {key} in a document")))
}

fn integer(document: &Value, key: &str) -> io::Result<u64> {
    document[key]
        .as_u64()
        .ok_or_else(|| broken(format!("no number {key} in a document")))
}

fn moment(document: &Value, key: &str) -> io::Result<Option<Time>> {
    document[key].as_str().map(time).transpose()
}

fn must(document: &Value, key: &str) -> io::Result<Time> {
    moment(document, key)?.ok_or_else(|| broken(format!("no time {key} in a document")))
}

fn small(document: &Value, key: &str) -> u32 {
    document[key]
        .as_u64()
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or_default()
}

fn commit(raw: Value, people: &People) -> io::Result<Commit> {
    let signature = |role: &str| -> io::Result<Signature> {
        let part = &raw["commit"][role];
        Ok(Signature {
            name: string(part, "name")?,
            email: string(part, "email")?,
            date: must(part, "date")?,
            user: people.get(&raw[format!("{role}_id")]),
        })
    };
    let committer = signature("committer")?;
    let parents = raw["parents"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    Ok(Commit {
        oid: string(&raw, "sha")?,
        parents: parents
            .iter()
            .map(|p| string(p, "sha"))
            .collect::<io::Result<_>>()?,
        author: signature("author")?,
        pushed_at: committer.date,
        committer,
        message: string(&raw["commit"], "message")?,
        pull_requests: Vec::new(),
        raw: Some(raw),
    })
}

fn review(raw: Value, people: &People) -> io::Result<Review> {
    let state = match raw["state"].as_str() {
        Some("APPROVED") => ReviewState::Approved,
        Some("CHANGES_REQUESTED") => ReviewState::ChangesRequested,
        Some("COMMENTED") => ReviewState::Commented,
        Some("DISMISSED") => ReviewState::Dismissed,
        other => return Err(broken(format!("unknown state of a review: {other:?}"))),
    };
    Ok(Review {
        id: integer(&raw, "id")?,
        node_id: string(&raw, "node_id")?,
        author: people.get(&raw["user"]["id"]),
        state,
        submitted_at: must(&raw, "submitted_at")?,
        commit_oid: raw["commit_id"].as_str().map(str::to_owned),
        body: raw["body"].as_str().unwrap_or_default().to_owned(),
        raw: Some(raw),
    })
}

fn pull(
    raw: Value,
    stats: Option<&Value>,
    mut reviews: Vec<Review>,
    people: &People,
) -> io::Result<PullRequest> {
    reviews.sort_by_key(|r| (r.submitted_at, r.id));
    let merged_at = moment(&raw, "merged_at")?;
    let closed_at = moment(&raw, "closed_at")?;
    let author = people.get(&raw["user"]["id"]);
    let id = integer(&raw, "id")?;
    let mut events = Vec::new();
    if let Some(at) = closed_at.filter(|_| closed_at != merged_at) {
        // Who closed it was not recorded.
        events.push(TimelineEvent {
            id,
            kind: EventKind::Closed,
            at,
            actor: None,
            subject: Subject::Itself,
        });
    }
    let created_at = must(&raw, "created_at")?;
    let label = |l: &Value| {
        let name = l["name"].as_str()?.to_owned();
        Some(Label {
            name,
            at: created_at,
        })
    };
    let none = Value::Null;
    let stats = stats.unwrap_or(&none);
    Ok(PullRequest {
        number: integer(&raw, "number")?,
        id,
        node_id: string(&raw, "node_id")?,
        title: string(&raw, "title")?,
        body: raw["body"].as_str().unwrap_or_default().to_owned(),
        author,
        opened_as_draft: raw["draft"] == true,
        base_ref: string(&raw["base"], "ref")?,
        head_ref: string(&raw["head"], "ref")?,
        base_oid: raw["base"]["sha"].as_str().map(str::to_owned),
        created_at,
        merged_at,
        merged_by: people.get(&stats["merged_by_id"]),
        merge_commit: raw["merge_commit_sha"].as_str().map(str::to_owned),
        additions: small(stats, "additions"),
        deletions: small(stats, "deletions"),
        changed_files: small(stats, "changed_files"),
        labels: raw["labels"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(label)
            .collect(),
        commits: Vec::new(),
        commits_total: stats["commits"].as_u64().map(|n| n as usize),
        reviews: reviews.into_iter().map(Arc::new).collect(),
        comments: Vec::new(),
        comments_total: stats["comments"].as_u64().map(|n| n as usize),
        events,
        recorded_updated_at: Some(must(&raw, "updated_at")?),
        raw_detail: stats.is_object().then(|| stats.clone()),
        raw: Some(raw),
    })
}

fn issues(folder: &Path, people: &People) -> io::Result<Vec<Arc<Issue>>> {
    let mut issues = Vec::new();
    for raw in lines(folder, "issues")? {
        // Pull requests are among them, as everywhere on GitHub.
        if raw.get("pull_request").is_some_and(Value::is_object) {
            continue;
        }
        issues.push(Arc::new(Issue {
            number: integer(&raw, "number")?,
            id: integer(&raw, "id")?,
            title: string(&raw, "title")?,
            body: raw["body"].as_str().unwrap_or_default().to_owned(),
            author: people.get(&raw["user"]["id"]),
            labels: Vec::new(),
            created_at: must(&raw, "created_at")?,
            assignees: Vec::new(),
            closed_at: moment(&raw, "closed_at")?,
            raw: Some(raw),
        }));
    }
    issues.sort_by_key(|i| i.number);
    Ok(issues)
}

/// The releases, at the commits that the tags name.
fn releases(
    folder: &Path,
    repository: &Repository,
    people: &People,
) -> io::Result<Vec<Arc<Release>>> {
    let tags = lines(folder, "tags")?;
    let mut releases = Vec::new();
    for raw in lines(folder, "releases")? {
        let tag = string(&raw, "tag_name")?;
        let found = tags.iter().find(|t| t["name"] == *tag);
        let Some(oid) = found.and_then(|t| t["commit"]["sha"].as_str()) else {
            return Err(broken(format!("release {tag} has no tag")));
        };
        let id = integer(&raw, "id")?;
        releases.push(Arc::new(Release {
            id,
            node_id: raw["node_id"]
                .as_str()
                .map_or_else(|| node_id("RE", repository.id, id), str::to_owned),
            name: raw["name"].as_str().unwrap_or(&tag).to_owned(),
            tag,
            is_prerelease: raw["prerelease"] == true,
            created_at: must(&raw, "created_at")?,
            published_at: must(&raw, "published_at")?,
            oid: oid.to_owned(),
            author: people.get(&raw["author_id"]),
            raw: Some(raw),
        }));
    }
    Ok(releases)
}
