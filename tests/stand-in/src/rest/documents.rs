//! Documents in the REST shape. What was recorded is served as it was recorded.

use crate::graphql::text;
use crate::ids::node_id;
use crate::model::{
    Commit, Deployment, DeploymentStatus, Issue, Label, PullRequest, Release, Repository, Review,
    ReviewState, Signature, StatusState, Time, User, World,
};
use crate::view::PullState;
use serde_json::{Value, json};

const API: &str = "https://api.github.com";
const SITE: &str = "https://github.com";

/// Address in the API.
pub(super) fn api(repo: &Repository) -> String {
    format!("{API}/repos/{}", repo.name_with_owner)
}

/// Address for people.
pub(super) fn site(repo: &Repository) -> String {
    format!("{SITE}/{}", repo.name_with_owner)
}

/// The account of the token.
pub fn viewer() -> Value {
    json!({"login": crate::VIEWER, "id": 583_231, "node_id": node_id("U", 0, 583_231),
           "type": "User", "url": format!("{API}/user"), "site_admin": false})
}

fn user(user: &User) -> Value {
    let login = &user.login;
    let page = match login.strip_suffix("[bot]") {
        Some(app) => format!("{SITE}/apps/{app}"),
        None => format!("{SITE}/{login}"),
    };
    json!({
        "login": login,
        "id": user.id,
        "node_id": node_id(if user.is_bot { "BOT" } else { "U" }, 0, user.id),
        "url": format!("{API}/users/{}", login.replace('[', "%5B").replace(']', "%5D")),
        "html_url": page,
        "type": if user.is_bot { "Bot" } else { "User" },
        "site_admin": false,
    })
}

/// An account, if it is known.
pub(super) fn account(account: &Option<std::sync::Arc<User>>) -> Value {
    account.as_ref().map_or(Value::Null, |u| user(u))
}

/// A repository.
pub fn repository(world: &World, repo: &Repository, clock: Time) -> Value {
    let pushed = text(repo.pushed_at(repo.seen_at(clock)));
    let owner = world.organisation(repo.owner());
    let owner_id = owner.map(|o| o.id);
    let mut document = short_repository(repo);
    document["owner"] = json!({
        "login": repo.owner(),
        "id": owner_id,
        "url": format!("{API}/users/{}", repo.owner()),
        "html_url": format!("{SITE}/{}", repo.owner()),
        "type": "Organization",
        "site_admin": false,
    });
    document["updated_at"] = json!(pushed);
    document["pushed_at"] = json!(pushed);
    document
}

/// A repository inside another document.
pub(super) fn short_repository(repo: &Repository) -> Value {
    json!({
        "id": repo.id,
        "node_id": node_id("R", 0, repo.id),
        "name": repo.name(),
        "full_name": repo.name_with_owner,
        "private": !repo.is_recorded,
        "owner": {"login": repo.owner(), "type": "Organization"},
        "html_url": site(repo),
        "url": api(repo),
        "fork": false,
        "archived": repo.is_archived,
        "disabled": false,
        "visibility": if repo.is_recorded { "public" } else { "private" },
        "default_branch": repo.default_branch,
        "created_at": text(repo.created_at),
    })
}

fn label(repo: &Repository, label: &Label) -> Value {
    json!({
        "name": label.name,
        "url": format!("{}/labels/{}", api(repo), label.name),
        "color": "ededed",
        "default": false,
    })
}

fn labels(repo: &Repository, list: &[Label], at: Time) -> Value {
    let seen = list.iter().filter(|l| l.at <= at);
    seen.map(|l| label(repo, l)).collect()
}

/// A pull request as in a list.
pub fn pull(repo: &Repository, pull: &PullRequest, at: Time) -> Value {
    if let Some(raw) = &pull.raw {
        return raw.clone();
    }
    let number = pull.number;
    let merged_at = pull.merged_at(at);
    let state = pull.state(at);
    let head = pull.visible_commits(repo, at).last().map(|c| &c.oid);
    let base = pull.base_oid.as_ref();
    // The source branch is gone once it is merged, its repository is not.
    let merge_sha = merged_at.and(pull.merge_commit.as_ref());
    json!({
        "url": format!("{}/pulls/{number}", api(repo)),
        "id": pull.id,
        "node_id": pull.node_id,
        "html_url": format!("{}/pull/{number}", site(repo)),
        "issue_url": format!("{}/issues/{number}", api(repo)),
        "commits_url": format!("{}/pulls/{number}/commits", api(repo)),
        "comments_url": format!("{}/issues/{number}/comments", api(repo)),
        "number": number,
        "state": if state == PullState::Open { "open" } else { "closed" },
        "locked": false,
        "title": pull.title,
        "user": account(&pull.author),
        "body": pull.body,
        "created_at": text(pull.created_at),
        "updated_at": text(pull.updated_at(repo, at)),
        "closed_at": pull.closed_at(at).map(text),
        "merged_at": merged_at.map(text),
        "merge_commit_sha": merge_sha,
        "assignees": [],
        "requested_reviewers": [],
        "labels": labels(repo, &pull.labels, at),
        "draft": pull.is_draft(at),
        "head": {
            "label": format!("{}:{}", repo.owner(), pull.head_ref),
            "ref": pull.head_ref,
            "sha": head,
            "repo": head.map(|_| short_repository(repo)),
        },
        "base": {
            "label": format!("{}:{}", repo.owner(), pull.base_ref),
            "ref": pull.base_ref,
            "sha": base,
            "repo": short_repository(repo),
        },
        "author_association": "MEMBER",
        "auto_merge": null,
    })
}

/// A pull request on its own: with the numbers that a list does not have.
pub fn pull_detail(repo: &Repository, request: &PullRequest, at: Time) -> Value {
    let mut document = pull(repo, request, at);
    let detail = match &request.raw_detail {
        Some(detail) => detail.clone(),
        None => {
            let merged = request.merged_at(at).is_some();
            let commits = request
                .commits_total
                .unwrap_or_else(|| request.visible_commits(repo, at).count());
            json!({
                "merged": merged,
                "mergeable": null,
                "mergeable_state": "unknown",
                "merged_by": if merged { account(&request.merged_by) } else { Value::Null },
                "comments": request.comments.iter().filter(|c| c.created_at <= at).count(),
                "review_comments": 0,
                "commits": commits,
                "additions": request.additions,
                "deletions": request.deletions,
                "changed_files": request.changed_files,
            })
        }
    };
    if let (Some(document), Value::Object(detail)) = (document.as_object_mut(), detail) {
        document.extend(detail);
    }
    document
}

/// A pull request in the list of issues.
pub fn pull_as_issue(repo: &Repository, request: &PullRequest, at: Time) -> Value {
    let number = request.number;
    json!({
        "url": format!("{}/issues/{number}", api(repo)),
        "repository_url": api(repo),
        "html_url": format!("{}/pull/{number}", site(repo)),
        "id": request.id + 3,
        "node_id": request.node_id,
        "number": number,
        "title": request.title,
        "user": account(&request.author),
        "labels": labels(repo, &request.labels, at),
        "state": if request.state(at) == PullState::Open { "open" } else { "closed" },
        "comments": request.comments.iter().filter(|c| c.created_at <= at).count(),
        "created_at": text(request.created_at),
        "updated_at": text(request.updated_at(repo, at)),
        "closed_at": request.closed_at(at).map(text),
        "draft": request.is_draft(at),
        "pull_request": {
            "url": format!("{}/pulls/{number}", api(repo)),
            "html_url": format!("{}/pull/{number}", site(repo)),
            "merged_at": request.merged_at(at).map(text),
        },
        "body": request.body,
    })
}

/// An issue.
pub fn issue(repo: &Repository, issue: &Issue, at: Time) -> Value {
    if let Some(raw) = &issue.raw {
        return raw.clone();
    }
    let number = issue.number;
    let closed = issue.closed_at(at);
    json!({
        "url": format!("{}/issues/{number}", api(repo)),
        "repository_url": api(repo),
        "html_url": format!("{}/issues/{number}", site(repo)),
        "id": issue.id,
        "node_id": node_id("I", repo.id, issue.id),
        "number": number,
        "title": issue.title,
        "user": account(&issue.author),
        "labels": labels(repo, &issue.labels, at),
        "state": if closed.is_none() { "open" } else { "closed" },
        "state_reason": closed.map(|_| "completed"),
        "comments": 0,
        "created_at": text(issue.created_at),
        "updated_at": text(issue.updated_at(at)),
        "closed_at": closed.map(text),
        "body": issue.body,
    })
}

fn signature(signature: &Signature) -> Value {
    json!({
        "name": signature.name,
        "email": signature.email,
        "date": text(signature.date),
    })
}

/// Author or committer of the head of a run.
pub(super) fn commit_signature(signature: &Signature) -> Value {
    json!({"name": signature.name, "email": signature.email})
}

/// A commit.
pub fn commit(repo: &Repository, commit: &Commit) -> Value {
    if let Some(raw) = &commit.raw {
        return raw.clone();
    }
    let (api, site, oid) = (api(repo), site(repo), &commit.oid);
    let parent = |p: &String| {
        json!({
            "sha": p,
            "url": format!("{api}/commits/{p}"),
            "html_url": format!("{site}/commit/{p}"),
        })
    };
    json!({
        "sha": oid,
        "node_id": format!("C_{}_{oid}", repo.id),
        "commit": {
            "author": signature(&commit.author),
            "committer": signature(&commit.committer),
            "message": commit.message,
            "url": format!("{api}/git/commits/{oid}"),
            "comment_count": 0,
        },
        "url": format!("{api}/commits/{oid}"),
        "html_url": format!("{site}/commit/{oid}"),
        "author": account(&commit.author.user),
        "committer": account(&commit.committer.user),
        "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
    })
}

/// A review.
pub fn review(repo: &Repository, number: u64, review: &Review) -> Value {
    if let Some(raw) = &review.raw {
        return raw.clone();
    }
    let state = match review.state {
        ReviewState::Approved => "APPROVED",
        ReviewState::ChangesRequested => "CHANGES_REQUESTED",
        ReviewState::Commented => "COMMENTED",
        ReviewState::Dismissed => "DISMISSED",
        ReviewState::Pending => "PENDING",
    };
    json!({
        "id": review.id,
        "node_id": review.node_id,
        "user": account(&review.author),
        "body": review.body,
        "state": state,
        "html_url": format!("{}/pull/{number}#pullrequestreview-{}", site(repo), review.id),
        "pull_request_url": format!("{}/pulls/{number}", api(repo)),
        "author_association": "MEMBER",
        "submitted_at": text(review.submitted_at),
        "commit_id": review.commit_oid,
    })
}

/// A deployment.
pub fn deployment(repo: &Repository, deployment: &Deployment, at: Time) -> Value {
    let url = format!("{}/deployments/{}", api(repo), deployment.id);
    json!({
        "url": url,
        "id": deployment.id,
        "node_id": node_id("DE", repo.id, deployment.id),
        "task": "deploy",
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": null,
        "created_at": text(deployment.created_at),
        "updated_at": text(deployment.updated_at(at)),
        "statuses_url": format!("{url}/statuses"),
        "repository_url": api(repo),
        "creator": user(&deployment.creator),
        "sha": deployment.oid,
        "ref": deployment.ref_name,
        "payload": deployment.payload(),
        "transient_environment": false,
        "production_environment": deployment.environment == "production",
    })
}

/// A deployment status.
pub fn status(repo: &Repository, deployment: &Deployment, status: &DeploymentStatus) -> Value {
    let url = format!("{}/deployments/{}", api(repo), deployment.id);
    let description = match status.state {
        StatusState::Failure | StatusState::Error => "The workflow did not succeed.",
        _ => "",
    };
    json!({
        "url": format!("{url}/statuses/{}", status.id),
        "id": status.id,
        "node_id": node_id("DES", repo.id, status.id),
        "state": status.state.rest(),
        "creator": user(&deployment.creator),
        "description": description,
        "environment": deployment.environment,
        "created_at": text(status.created_at),
        "updated_at": text(status.created_at),
        "deployment_url": url,
        "repository_url": api(repo),
    })
}

/// A release.
pub fn release(repo: &Repository, release: &Release) -> Value {
    if let Some(raw) = &release.raw {
        return raw.clone();
    }
    json!({
        "url": format!("{}/releases/{}", api(repo), release.id),
        "html_url": format!("{}/releases/tag/{}", site(repo), release.tag),
        "id": release.id,
        "node_id": release.node_id,
        "tag_name": release.tag,
        "target_commitish": repo.default_branch,
        "name": release.name,
        "draft": false,
        "prerelease": release.is_prerelease,
        "created_at": text(release.created_at),
        "published_at": text(release.published_at),
        "author": account(&release.author),
        "assets": [],
        "body": "",
    })
}

/// A release's tag.
pub fn tag(repo: &Repository, release: &Release) -> Value {
    let (api, tag, oid) = (api(repo), &release.tag, &release.oid);
    json!({
        "name": tag,
        "zipball_url": format!("{api}/zipball/refs/tags/{tag}"),
        "tarball_url": format!("{api}/tarball/refs/tags/{tag}"),
        "commit": {"sha": oid, "url": format!("{api}/commits/{oid}")},
        "node_id": format!("REF_{}_{tag}", repo.id),
    })
}
