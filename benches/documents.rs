//! Pull requests in the shape of GitHub's REST API, made up from a seed: about 20 kB of JSON each,
//! most of it addresses, as the real ones have them.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

const API: &str = "https://api.github.com";
const WEB: &str = "https://github.com";
const REPOSITORIES: usize = 20;
const ACCOUNTS: usize = 400;
const LABELS: [&str; 8] = [
    "bug",
    "docs",
    "feature",
    "urgent",
    "on hold",
    "back end",
    "size \"L\"",
    "C:\\build",
];
/// When the first one was opened, in seconds since 1970; the others follow five minutes apart.
const FIRST: i64 = 1_640_995_200;
const SYLLABLES: [&str; 24] = [
    "ba", "cor", "de", "fil", "gra", "hin", "ju", "kel", "lo", "mar", "ne", "ost", "pra", "qui",
    "ro", "sel", "ti", "um", "ver", "wi", "xan", "yor", "zed", "ent",
];

/// The pull request with this place among all; the same one each time.
pub fn pull_request(place: usize) -> Value {
    let mut random = fastrand::Rng::with_seed(place as u64);
    let random = &mut random;
    let number = 1 + place / REPOSITORIES;
    let full_name = repository_name(place);
    let api = format!("{API}/repos/{full_name}");
    let web = format!("{WEB}/{full_name}/pull/{number}");
    let id = 1_500_000_000 + place;

    let opened = FIRST + place as i64 * 300 + random.i64(0..300);
    let ended = opened + random.i64(600..2_000_000);
    let (is_open, is_merged) = match random.u8(0..10) {
        0 => (true, false),
        1..3 => (false, false),
        _ => (false, true),
    };
    let unless = |missing: bool, value: Value| if missing { Value::Null } else { value };
    let author = match random.u8(0..50) {
        0 => Value::Null,
        1..5 => bot(random.usize(0..3)),
        _ => account(random.usize(0..ACCOUNTS)),
    };
    let base = repository(&full_name, organisation(), place % REPOSITORIES);
    // A fork that was deleted is null, a branch of the repository itself repeats it whole.
    let from = match random.u8(0..20) {
        0 => Value::Null,
        1..4 => repository(
            &full_name.replace("acme", "fork"),
            account(place % ACCOUNTS),
            place,
        ),
        _ => base.clone(),
    };
    let issue = format!("{api}/issues/{number}");
    let pull = format!("{api}/pulls/{number}");
    let head = sha(random);
    // Now and then one takes an earlier one back, and says so in its body or by its branch.
    let reverted = random.usize(0..number);
    let (body, branch) = match random.u8(0..50) {
        0 if reverted > 0 => (
            format!("Reverts {full_name}#{reverted}\r\n\r\n"),
            String::new(),
        ),
        1 if reverted > 0 => (String::new(), format!("revert-{reverted}-")),
        _ => Default::default(),
    };
    json!({
        "url": pull, "id": id, "node_id": node("PR", id), "html_url": web,
        "diff_url": format!("{web}.diff"), "patch_url": format!("{web}.patch"), "issue_url": issue,
        "number": number,
        "state": if is_open { "open" } else { "closed" },
        "locked": false, "title": words(random, 4, 12), "user": author,
        "body": body + &(0..random.usize(1..3)).map(|_| words(random, 5, 25)).collect::<Vec<_>>().join("\r\n\r\n"),
        "created_at": time(opened), "updated_at": time(ended + random.i64(0..90_000)),
        "closed_at": unless(is_open, time(ended)), "merged_at": unless(!is_merged, time(ended)),
        "merge_commit_sha": sha(random),
        "assignee": author, "assignees": if author.is_null() { json!([]) } else { json!([author]) },
        "requested_reviewers": accounts(random, 2), "requested_teams": [],
        "labels": random.choose_multiple(LABELS.iter().enumerate(), place % 4).into_iter()
            .map(|(label, name)| json!({
                "id": 3_000_000 + label, "node_id": node("LA", label),
                "url": format!("{api}/labels/{label}"), "name": name, "color": format!("{:06x}", label * 1_234_567),
                "default": label < 2, "description": null,
            })).collect::<Vec<_>>(),
        "milestone": unless(!place.is_multiple_of(4), json!({
            "url": format!("{api}/milestones/1"), "html_url": format!("{WEB}/{full_name}/milestone/1"), "id": 9_000_000 + place / 400,
            "number": 1 + place / 400, "title": format!("Release {}", 1 + place / 400), "description": null,
            "state": "open", "open_issues": 3, "closed_issues": 14, "due_on": null,
        })), "draft": random.u8(0..12) == 0,
        "commits_url": format!("{pull}/commits"),
        "review_comments_url": format!("{pull}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
        "comments_url": format!("{issue}/comments"),
        "statuses_url": format!("{api}/statuses/{head}"),
        "head": {
            "label": format!("acme:{}", words(random, 1, 2)), "ref": branch + &words(random, 2, 4).replace(' ', "-"),
            "sha": head, "user": organisation(), "repo": from,
        },
        "base": {
            "label": "acme:main", "ref": if random.u8(0..20) == 0 { "release/2.x" } else { "main" },
            "sha": sha(random), "user": organisation(), "repo": base,
        },
        "_links": {
            "self": {"href": pull}, "html": {"href": web}, "issue": {"href": issue},
            "comments": {"href": format!("{issue}/comments")},
            "review_comments": {"href": format!("{pull}/comments")},
            "review_comment": {"href": format!("{api}/pulls/comments{{/number}}")},
            "commits": {"href": format!("{pull}/commits")},
            "statuses": {"href": format!("{api}/statuses/{head}")},
        },
        "author_association": "MEMBER", "auto_merge": unless(!is_merged, json!({
            "enabled_by": author, "merge_method": "squash", "commit_title": null, "commit_message": null,
        })), "active_lock_reason": null,
        "merged": is_merged, "mergeable": null, "rebaseable": null, "mergeable_state": "unknown",
        "merged_by": unless(!is_merged, author.clone()),
        "comments": random.u8(0..20), "review_comments": random.u8(0..30),
        "maintainer_can_modify": false, "commits": random.u8(1..25),
        "additions": random.u32(0..3000), "deletions": random.u32(0..1500), "changed_files": random.u8(1..60),
    })
}

fn repository_name(place: usize) -> String {
    let place = place % REPOSITORIES;
    format!("acme/{}-{place}", SYLLABLES[place])
}

fn account(place: usize) -> Value {
    let name = format!(
        "{}{}-{place}",
        SYLLABLES[place % 24],
        SYLLABLES[place / 24 % 24]
    );
    user(&name, 1_000_000 + 37 * place, "User")
}

fn bot(place: usize) -> Value {
    user(
        &format!("{}-updates[bot]", SYLLABLES[place]),
        49_000_000 + place,
        "Bot",
    )
}

fn organisation() -> Value {
    user("acme", 900_001, "Organization")
}

fn accounts(random: &mut fastrand::Rng, most: usize) -> Vec<Value> {
    (0..random.usize(0..most))
        .map(|_| account(random.usize(0..ACCOUNTS)))
        .collect()
}

fn user(login: &str, id: usize, kind: &str) -> Value {
    let api = format!("{API}/users/{login}");
    json!({
        "login": login, "id": id, "node_id": node("U", id), "gravatar_id": "",
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
        "url": api, "html_url": format!("{WEB}/{login}"), "type": kind, "user_view_type": "public",
        "site_admin": false, "followers_url": format!("{api}/followers"),
        "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"), "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"), "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
    })
}

/// What leads from a repository's address to others, and what the templates end in.
const REPOSITORY_URLS: [(&str, &str); 36] = [
    ("archive", "{/archive_format}{/ref}"),
    ("assignees", "{/user}"),
    ("blobs", "{/sha}"),
    ("branches", "{/branch}"),
    ("collaborators", "{/collaborator}"),
    ("comments", "{/number}"),
    ("commits", "{/sha}"),
    ("compare", "{base}...{head}"),
    ("contents", "{+path}"),
    ("contributors", ""),
    ("deployments", ""),
    ("downloads", ""),
    ("events", ""),
    ("forks", ""),
    ("git_commits", "{/sha}"),
    ("git_refs", "{/sha}"),
    ("git_tags", "{/sha}"),
    ("hooks", ""),
    ("issue_comment", "{/number}"),
    ("issue_events", "{/number}"),
    ("issues", "{/number}"),
    ("keys", "{/key_id}"),
    ("labels", "{/name}"),
    ("languages", ""),
    ("merges", ""),
    ("milestones", "{/number}"),
    ("notifications", "{?since,all,participating}"),
    ("pulls", "{/number}"),
    ("releases", "{/id}"),
    ("stargazers", ""),
    ("statuses", "{/sha}"),
    ("subscribers", ""),
    ("subscription", ""),
    ("tags", ""),
    ("teams", ""),
    ("trees", "{/sha}"),
];

fn repository(full_name: &str, owner: Value, place: usize) -> Value {
    let name = full_name.rsplit('/').next();
    let id = 700_000_000 + place;
    let (api, web) = (
        format!("{API}/repos/{full_name}"),
        format!("{WEB}/{full_name}"),
    );
    let mut repository = json!({
        "id": id, "node_id": node("R", id), "name": name, "full_name": full_name, "private": true,
        "owner": owner, "html_url": web, "url": api, "fork": false,
        "description": "One of many services", "homepage": null, "language": "Rust",
        "git_url": format!("git://github.com/{full_name}.git"),
        "ssh_url": format!("git@github.com:{full_name}.git"),
        "clone_url": format!("{web}.git"), "svn_url": web, "mirror_url": null,
        "created_at": time(1_500_000_000), "updated_at": time(1_700_000_000), "pushed_at": time(1_700_000_000),
        "size": 40_000 + place, "stargazers_count": 12, "watchers_count": 12, "watchers": 12,
        "forks_count": 3, "forks": 3, "open_issues_count": 41, "open_issues": 41,
        "has_issues": true, "has_projects": true, "has_downloads": true, "has_wiki": false,
        "has_pages": false, "has_discussions": false, "archived": false, "disabled": false,
        "license": null, "allow_forking": true, "is_template": false, "web_commit_signoff_required": false,
        "topics": ["service", "rust"], "visibility": "private", "default_branch": "main",
    });
    let urls = REPOSITORY_URLS.iter().map(|(what, end)| {
        (
            format!("{what}_url"),
            Value::from(format!("{api}/{}{end}", what.replace('_', "/"))),
        )
    });
    if let Some(object) = repository.as_object_mut() {
        object.extend(urls);
    }
    repository
}

fn node(kind: &str, id: usize) -> String {
    format!("{kind}_kwDO{:x}", id.wrapping_mul(0x9E37_79B9))
}

fn sha(random: &mut fastrand::Rng) -> String {
    format!("{:032x}{:08x}", random.u128(..), random.u32(..))
}

/// A moment as the API writes it.
fn time(seconds: i64) -> Value {
    let time = DateTime::from_timestamp(seconds, 0);
    json!(time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)))
}

fn words(random: &mut fastrand::Rng, least: usize, most: usize) -> String {
    let word = |random: &mut fastrand::Rng| -> String {
        (0..random.usize(1..4))
            .map(|_| SYLLABLES[random.usize(0..SYLLABLES.len())])
            .collect()
    };
    (0..random.usize(least..most))
        .map(|_| word(random))
        .collect::<Vec<_>>()
        .join(" ")
}
