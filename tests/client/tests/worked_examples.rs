//! Hand-written histories with known answers: what each figure means, one rule at a time.
//!
//! Every history has a repository of its own. Times are UTC, written as `06-01 09:00`.

use client::{Cluster, Session};
use serde_json::{Value, json};

struct Examples {
    db: Session,
    _cluster: Cluster,
}

/// A time of 2026.
fn at(time: &str) -> String {
    let (day, hour) = time.split_once(' ').expect("a day and a time");
    format!("2026-{day}T{hour}:00Z")
}

/// A pull request of `author`, as the API tells of it.
struct PullRequest(Value);

impl PullRequest {
    fn new(repository: &str, number: i64, opened: &str) -> Self {
        PullRequest(json!({
            "repository": {"nameWithOwner": repository}, "databaseId": number, "number": number,
            "title": "A change", "state": "OPEN", "isDraft": false, "baseRefName": "main",
            "createdAt": at(opened), "updatedAt": at(opened),
            "author": {"__typename": "User", "login": "author"},
            "commits": {"totalCount": 0, "nodes": []}, "reviews": {"totalCount": 0, "nodes": []},
            "comments": {"totalCount": 0, "nodes": []}, "timelineItems": {"nodes": []},
        }))
    }

    fn push(mut self, list: &str, node: Value) -> Self {
        let nodes = self.0[list]["nodes"].as_array_mut().expect("a list");
        nodes.push(node);
        self.0[list]["totalCount"] = json!(nodes.len());
        self
    }

    fn commit(self, sha: &str, authored: &str) -> Self {
        let commit =
            json!({"oid": sha, "authoredDate": at(authored), "committedDate": at(authored)});
        self.push("commits", json!({"commit": commit}))
    }

    fn review(self, login: &str, state: &str, submitted: &str) -> Self {
        let id = self.0["reviews"]["totalCount"].as_i64().unwrap_or_default() + 1;
        let author = json!({"__typename": "User", "login": login});
        self.push(
            "reviews",
            json!({"databaseId": id, "state": state, "submittedAt": at(submitted), "author": author}),
        )
    }

    fn comment(self, kind: &str, login: &str, created: &str) -> Self {
        let id = self.0["comments"]["totalCount"]
            .as_i64()
            .unwrap_or_default()
            + 1;
        let author = json!({"__typename": kind, "login": login});
        self.push(
            "comments",
            json!({"databaseId": id, "createdAt": at(created), "author": author}),
        )
    }

    fn event(self, kind: &str, created: &str) -> Self {
        let id = format!("{kind} {created}");
        self.push(
            "timelineItems",
            json!({"__typename": kind, "id": id, "createdAt": at(created)}),
        )
    }

    fn merged(mut self, sha: &str, merged: &str) -> Self {
        self.0["state"] = json!("MERGED");
        self.0["mergedAt"] = json!(at(merged));
        self.0["closedAt"] = json!(at(merged));
        self.0["updatedAt"] = json!(at(merged));
        self.0["mergeCommit"] = json!({"oid": sha});
        self
    }
}

impl Examples {
    fn new() -> Self {
        let cluster = Cluster::start(&[]);
        let mut db = cluster.connect();
        db.run("CREATE EXTENSION diogen");
        db.run(r#"SELECT diogen.add_source('acme', 'github', '{"repositories": "acme/*"}')"#);
        Examples {
            db,
            _cluster: cluster,
        }
    }

    fn ingest(&mut self, stream: &str, document: &Value) {
        let sql = format!("SELECT diogen.ingest('acme', '{stream}', $d${document}$d$)");
        assert_eq!(self.db.number(&sql), 1, "{document}");
    }

    fn pull_request(&mut self, pull_request: PullRequest) {
        self.ingest("pull_requests", &pull_request.0);
    }

    /// Commits in a line or with given parents: `"b a"` is b on top of a.
    fn commits(&mut self, repository: &str, lines: &[&str]) {
        for line in lines {
            let mut names = line.split(' ');
            let sha = names.next();
            let parents: Vec<_> = names.map(|parent| json!({"oid": parent})).collect();
            self.ingest(
                "commits",
                &json!({
                    "repository": {"nameWithOwner": repository}, "oid": sha, "message": line,
                    "parents": {"nodes": parents},
                }),
            );
        }
    }

    /// A deployment with its statuses in order.
    fn deployment(&mut self, repository: &str, id: i64, sha: &str, statuses: &[(&str, &str)]) {
        self.deployment_to("production", repository, id, sha, statuses);
    }

    fn deployment_to(
        &mut self,
        environment: &str,
        repository: &str,
        id: i64,
        sha: &str,
        statuses: &[(&str, &str)],
    ) {
        let nodes: Vec<_> = statuses
            .iter()
            .map(|(state, time)| json!({"state": state, "createdAt": at(time)}))
            .collect();
        let created = statuses.first().map(|(_, time)| at(time));
        self.ingest(
            "deployments",
            &json!({
                "repository": {"nameWithOwner": repository}, "databaseId": id, "commitOid": sha,
                "environment": environment, "createdAt": created, "statuses": {"nodes": nodes},
            }),
        );
    }

    /// A deployment that tells of its commit.
    fn deployment_of(&mut self, repository: &str, id: i64, commit: Value, finished: &str) {
        self.ingest(
            "deployments",
            &json!({
                "repository": {"nameWithOwner": repository}, "databaseId": id, "commitOid": commit["oid"],
                "commit": commit, "environment": "production", "createdAt": at(finished),
                "statuses": {"nodes": [{"state": "SUCCESS", "createdAt": at(finished)}]},
            }),
        );
    }

    fn compute(&mut self) {
        self.db.run("CALL diogen.normalize()");
        self.db.run("CALL diogen.compute()");
    }

    fn dora(&mut self, columns: &str, since: &str, until: &str, more: &str) -> Vec<String> {
        self.db.lines(&format!(
            "SELECT {columns} FROM diogen.dora('{}', '{}'{more})",
            at(since),
            at(until)
        ))
    }

    fn changes(&mut self, repository: &str, columns: &str) -> Vec<String> {
        self.db.lines(&format!(
            "SELECT {columns} FROM diogen_gold.changes WHERE repository = '{repository}' ORDER BY number"
        ))
    }

    fn deployments(&mut self, repository: &str, columns: &str) -> Vec<String> {
        self.db.lines(&format!(
            "SELECT {columns} FROM diogen_gold.deployments WHERE repository = '{repository}'
             ORDER BY deployment_id::int"
        ))
    }
}

const STAGES: &str =
    "coding, pickup, review, merge, deploy, lead_time, array_to_string(flags, ' ')";

#[test]
fn lead_time_is_the_sum_of_its_stages() {
    let mut examples = Examples::new();
    let one = |repository: &str| PullRequest::new(repository, 1, "06-01 12:00");
    let reviewed = |pull_request: PullRequest| {
        pull_request
            .review("bob", "COMMENTED", "06-01 15:00")
            .review("bob", "APPROVED", "06-02 09:00")
            .merged("m1", "06-02 10:00")
    };
    let plain = |repository| {
        one(repository)
            .commit("a", "06-01 09:00")
            .commit("b", "06-01 10:00")
    };
    let histories = [
        reviewed(plain("acme/plain")),
        // A draft is not waiting for review.
        one("acme/draft")
            .commit("a", "06-01 09:00")
            .event("ConvertToDraftEvent", "06-01 12:00")
            .event("ReadyForReviewEvent", "06-03 12:00")
            .review("bob", "APPROVED", "06-03 14:00")
            .merged("m1", "06-03 15:00"),
        // The last time it was made ready before the first review counts.
        one("acme/twice-ready")
            .commit("a", "06-01 09:00")
            .event("ConvertToDraftEvent", "06-01 12:00")
            .event("ReadyForReviewEvent", "06-03 12:00")
            .event("ConvertToDraftEvent", "06-04 12:00")
            .event("ReadyForReviewEvent", "06-05 10:00")
            .review("bob", "APPROVED", "06-05 11:00")
            .merged("m1", "06-05 11:00"),
        // Pushed after opening.
        reviewed(one("acme/late-commit").commit("a", "06-01 13:00")),
        // The author's clock was ahead.
        PullRequest::new("acme/skewed", 1, "06-01 12:00")
            .commit("a", "06-04 09:00")
            .review("bob", "APPROVED", "06-02 09:00")
            .merged("m1", "06-02 10:00"),
        // A cherry-pick of something old.
        PullRequest::new("acme/ancient", 1, "06-01 12:00")
            .commit("a", "01-01 12:00")
            .review("bob", "APPROVED", "06-01 12:00")
            .merged("m1", "06-01 12:00"),
        plain("acme/unreviewed").merged("m1", "06-01 14:00"),
        plain("acme/reviewed-late")
            .merged("m1", "06-01 14:00")
            .review("bob", "APPROVED", "06-01 15:00"),
        plain("acme/own-review")
            .review("author", "COMMENTED", "06-01 12:30")
            .merged("m1", "06-01 14:00"),
        plain("acme/unapproved")
            .review("bob", "COMMENTED", "06-01 13:00")
            .merged("m1", "06-01 14:00"),
        // A bot's word and the author's own are no review.
        plain("acme/comments")
            .comment("Bot", "copilot", "06-01 12:01")
            .comment("User", "author", "06-01 14:00")
            .comment("User", "bob", "06-01 16:00")
            .merged("m1", "06-01 17:00"),
        one("acme/no-commits").merged("m1", "06-01 14:00"),
    ];
    for history in histories {
        let repository = history.0["repository"]["nameWithOwner"].clone();
        let repository = repository.as_str().expect("a name").to_owned();
        examples.pull_request(history);
        examples.commits(&repository, &["m0", "m1 m0"]);
        examples.deployment(&repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
        examples.deployment(&repository, 2, "m1", &[("SUCCESS", "06-05 14:00")]);
    }
    examples.compute();
    for (repository, expected) in [
        (
            "acme/plain",
            "03:00:00|03:00:00|18:00:00|01:00:00|3 days 04:00:00|4 days 05:00:00|",
        ),
        (
            "acme/draft",
            "2 days 03:00:00|02:00:00|00:00:00|01:00:00|1 day 23:00:00|4 days 05:00:00|",
        ),
        (
            "acme/twice-ready",
            "4 days 01:00:00|01:00:00|00:00:00|00:00:00|03:00:00|4 days 05:00:00|",
        ),
        (
            "acme/late-commit",
            "00:00:00|02:00:00|18:00:00|01:00:00|3 days 04:00:00|4 days 01:00:00|commit_after_open",
        ),
        (
            "acme/skewed",
            "00:00:00|00:00:00|00:00:00|00:00:00|3 days 04:00:00|3 days 04:00:00|clock_skew",
        ),
        (
            "acme/ancient",
            "151 days|00:00:00|00:00:00|00:00:00|4 days 02:00:00|155 days 02:00:00|ancient_commit",
        ),
        (
            "acme/unreviewed",
            "03:00:00|-|-|02:00:00|4 days|4 days 05:00:00|unreviewed",
        ),
        (
            "acme/reviewed-late",
            "03:00:00|-|-|02:00:00|4 days|4 days 05:00:00|unreviewed",
        ),
        (
            "acme/own-review",
            "03:00:00|-|-|02:00:00|4 days|4 days 05:00:00|unreviewed",
        ),
        (
            "acme/unapproved",
            "03:00:00|01:00:00|01:00:00|-|4 days|4 days 05:00:00|unapproved",
        ),
        (
            "acme/comments",
            "03:00:00|04:00:00|01:00:00|-|3 days 21:00:00|4 days 05:00:00|unapproved",
        ),
        (
            "acme/no-commits",
            "-|-|-|02:00:00|4 days|-|commits_unknown unreviewed",
        ),
    ] {
        assert_eq!(
            examples.changes(repository, STAGES),
            [expected],
            "{repository}"
        );
    }
}

/// A merged pull request whose one commit was authored at a time.
fn merged(repository: &str, number: i64, authored: &str, sha: &str, merged: &str) -> PullRequest {
    PullRequest::new(repository, number, authored)
        .commit(&format!("{sha} own"), authored)
        .merged(sha, merged)
}

#[test]
fn a_deployment_ships_what_no_earlier_one_reaches() {
    let mut examples = Examples::new();
    const SHIPS: &str = "deployment_id, changes, baseline, redeploy, rollback, reason";
    let ok = |time: &'static str| vec![("SUCCESS", time)];

    // The first known deployment holds what was shipped at an unknown time.
    let repository = "acme/baseline";
    examples.commits(repository, &["m1", "m2 m1", "m3 m2"]);
    for (number, sha, time) in [
        (1, "m1", "06-01 09:00"),
        (2, "m2", "06-02 09:00"),
        (3, "m3", "06-11 09:00"),
    ] {
        examples.pull_request(merged(repository, number, time, sha, time));
    }
    examples.deployment(repository, 1, "m2", &ok("06-10 10:00"));
    examples.deployment(repository, 2, "m3", &ok("06-12 10:00"));
    // The same commit again, and a commit that was live before.
    examples.deployment(repository, 3, "m3", &ok("06-13 10:00"));
    examples.deployment(repository, 4, "m2", &ok("06-14 10:00"));

    // A failed deployment ships nothing; the next successful one does.
    let repository = "acme/failed";
    examples.commits(repository, &["m1", "m2 m1"]);
    examples.pull_request(merged(repository, 2, "06-01 09:00", "m2", "06-01 09:30"));
    examples.deployment(repository, 1, "m1", &ok("06-01 09:00"));
    examples.deployment(
        repository,
        2,
        "m2",
        &[
            ("IN_PROGRESS", "06-01 09:50"),
            ("FAILURE", "06-01 10:00"),
            ("INACTIVE", "06-01 10:01"),
        ],
    );
    examples.deployment(repository, 3, "m2", &ok("06-01 12:00"));

    // After a rollback, what was shipped before is not shipped again; going forward again is none.
    let repository = "acme/rollback";
    examples.commits(repository, &["a", "b a", "c b"]);
    examples.pull_request(merged(repository, 2, "06-01 09:00", "b", "06-01 09:30"));
    examples.pull_request(merged(repository, 3, "06-03 09:00", "c", "06-03 09:30"));
    for (id, sha, time) in [
        (1, "a", "06-01 09:00"),
        (2, "b", "06-02 09:00"),
        (3, "a", "06-03 09:00"),
        (4, "b", "06-03 10:00"),
        (5, "c", "06-04 09:00"),
    ] {
        examples.deployment(repository, id, sha, &[("SUCCESS", time)]);
    }

    // A hotfix from a release branch ships only itself, whatever was merged before by the clock.
    let repository = "acme/hotfix";
    examples.commits(repository, &["m1", "m2 m1", "m3 m2", "h1 m1"]);
    examples.pull_request(merged(repository, 2, "06-01 09:00", "m2", "06-01 09:30"));
    examples.pull_request(merged(repository, 3, "06-04 09:00", "m3", "06-04 09:30"));
    examples.pull_request(merged(repository, 4, "06-02 09:00", "h1", "06-02 09:30"));
    for (id, sha, time) in [
        (1, "m1", "06-01 09:00"),
        (2, "h1", "06-03 09:00"),
        (3, "m3", "06-05 09:00"),
    ] {
        examples.deployment(repository, id, sha, &[("SUCCESS", time)]);
    }

    // Squashed and rebased: the merge commit is what the API says it is. One commit is nobody's.
    let repository = "acme/squash";
    examples.commits(repository, &["m1", "s m1", "d s", "b2 b1"]);
    examples.ingest(
        "commits",
        &json!({
            "repository": {"nameWithOwner": repository}, "oid": "b1", "parents": {"nodes": [{"oid": "d"}]},
            "associatedPullRequests": {"nodes": [{"number": 2}]},
        }),
    );
    examples.pull_request(
        PullRequest::new(repository, 1, "06-01 10:00")
            .commit("x", "06-01 09:00")
            .commit("y", "06-02 09:00")
            .merged("s", "06-03 10:00"),
    );
    examples.pull_request(
        PullRequest::new(repository, 2, "06-01 10:00")
            .commit("a1", "06-01 09:00")
            .merged("b2", "06-03 10:00"),
    );
    examples.deployment(repository, 1, "m1", &ok("06-01 00:00"));
    examples.deployment(repository, 2, "b2", &ok("06-03 12:00"));

    // Two regions: each has a history of its own, and a change is live where it comes first.
    let repository = "acme/regions";
    examples.commits(repository, &["m1", "m2 m1"]);
    examples.pull_request(merged(repository, 2, "06-01 09:00", "m2", "06-01 09:30"));
    for (id, environment, sha, time) in [
        (1, "production", "m1", "06-01 01:00"),
        (2, "live", "m1", "06-01 02:00"),
        (3, "production", "m2", "06-02 01:00"),
        (4, "live", "m2", "06-02 02:00"),
    ] {
        examples.deployment_to(environment, repository, id, sha, &[("SUCCESS", time)]);
    }

    // Of a release branch only the deployed commit is known: it is no baseline for the rest.
    let repository = "acme/branch";
    examples.commits(repository, &["m1", "m2 m1"]);
    examples.pull_request(merged(repository, 1, "06-01 09:00", "m1", "06-01 09:30"));
    examples.pull_request(merged(repository, 2, "06-03 09:00", "m2", "06-03 09:30"));
    examples.deployment_of(
        repository,
        1,
        json!({"oid": "r9", "parents": {"nodes": [{"oid": "r8"}]}}),
        "06-01 12:00",
    );
    examples.deployment(repository, 2, "m1", &ok("06-02 12:00"));
    examples.deployment(repository, 3, "m2", &ok("06-03 12:00"));

    examples.compute();
    assert_eq!(
        examples.deployments("acme/regions", SHIPS),
        ["1|0|t|f|f|-", "2|0|t|f|f|-", "3|1|f|f|f|-", "4|1|f|f|f|-"]
    );
    assert_eq!(
        examples.changes("acme/regions", "deployment_id, lead_time"),
        ["3|16:00:00"]
    );
    assert_eq!(
        examples.deployments("acme/branch", SHIPS),
        ["1|0|f|f|f|unknown_history", "2|0|t|f|f|-", "3|1|f|f|f|-"]
    );
    assert_eq!(
        examples.deployments("acme/baseline", SHIPS),
        [
            "1|0|t|f|f|-",
            "2|1|f|f|f|-",
            "3|0|f|t|f|nothing_new",
            "4|0|f|f|t|nothing_new"
        ]
    );
    assert_eq!(
        examples.changes("acme/baseline", "number, deployment_id, reason"),
        ["1|-|pre_baseline", "2|-|pre_baseline", "3|2|-"]
    );
    assert_eq!(
        examples.deployments("acme/failed", SHIPS),
        ["1|0|t|f|f|-", "2|0|f|f|f|not_successful", "3|1|f|f|f|-"]
    );
    assert_eq!(
        examples.changes("acme/failed", "deployment_id, deployed_at"),
        ["3|2026-06-01 12:00:00+00"]
    );
    assert_eq!(
        examples.deployments("acme/rollback", SHIPS),
        [
            "1|0|t|f|f|-",
            "2|1|f|f|f|-",
            "3|0|f|f|t|nothing_new",
            "4|0|f|f|f|nothing_new",
            "5|1|f|f|f|-"
        ]
    );
    assert_eq!(
        examples.changes("acme/hotfix", "number, deployment_id"),
        ["2|3", "3|3", "4|2"]
    );
    assert_eq!(
        examples.changes("acme/squash", "number, lead_time"),
        ["1|2 days 03:00:00", "2|2 days 03:00:00"]
    );
    assert_eq!(
        examples.deployments("acme/squash", "changes, direct_commits"),
        ["0|0", "2|1"]
    );
}

#[test]
fn a_deployment_counts_when_and_where_it_succeeded() {
    let mut examples = Examples::new();
    for (repository, id, statuses) in [
        // Finished in June.
        (
            "acme/finish",
            1,
            vec![("IN_PROGRESS", "05-31 23:50"), ("SUCCESS", "06-01 00:10")],
        ),
        // Being replaced later is no second end, and being inactive alone no success.
        (
            "acme/inactive",
            1,
            vec![
                ("IN_PROGRESS", "06-01 10:00"),
                ("SUCCESS", "06-01 10:05"),
                ("INACTIVE", "06-01 14:00"),
            ],
        ),
        (
            "acme/inactive",
            2,
            vec![
                ("IN_PROGRESS", "06-01 10:00"),
                ("FAILURE", "06-01 10:05"),
                ("INACTIVE", "06-01 10:06"),
            ],
        ),
        ("acme/inactive", 3, vec![("INACTIVE", "06-01 10:06")]),
        // Waiting for an approval is part of it.
        (
            "acme/gate",
            1,
            vec![
                ("WAITING", "06-01 10:00"),
                ("IN_PROGRESS", "06-01 15:00"),
                ("SUCCESS", "06-01 15:10"),
            ],
        ),
        ("acme/unfinished", 1, vec![("IN_PROGRESS", "06-01 10:00")]),
    ] {
        examples.deployment(repository, id, "m1", &statuses);
    }
    for (id, environment) in ["production", "Prod", "staging", "pr-123", "live"]
        .into_iter()
        .enumerate()
    {
        examples.deployment_to(
            environment,
            "acme/environments",
            id as i64,
            "m1",
            &[("SUCCESS", "06-01 10:00")],
        );
    }
    examples.compute();
    assert_eq!(
        examples.dora(
            "deployments",
            "05-01 00:00",
            "06-01 00:00",
            ", repository => 'acme/finish'"
        ),
        ["0"]
    );
    assert_eq!(
        examples.dora(
            "deployments",
            "06-01 00:00",
            "07-01 00:00",
            ", repository => 'acme/finish'"
        ),
        ["1"]
    );
    assert_eq!(
        examples.deployments("acme/inactive", "status, finished_at"),
        [
            "success|2026-06-01 10:05:00+00",
            "failure|2026-06-01 10:05:00+00",
            "other|-"
        ]
    );
    assert_eq!(
        examples.deployments("acme/gate", "started_at, finished_at"),
        ["2026-06-01 15:00:00+00|2026-06-01 15:10:00+00"]
    );
    assert_eq!(
        examples.deployments("acme/unfinished", "status, finished_at"),
        ["in_progress|-"]
    );
    assert_eq!(
        examples.deployments("acme/environments", "environment"),
        ["production", "Prod", "live"]
    );

    // It ends after all.
    let ended = json!({"id": 7, "state": "success", "created_at": at("06-01 11:00"),
        "deployment_url": "https://api.github.com/repos/acme/unfinished/deployments/1"});
    examples.ingest("deployment_statuses", &ended);
    examples.compute();
    assert_eq!(
        examples.deployments("acme/unfinished", "status, finished_at"),
        ["success|2026-06-01 11:00:00+00"]
    );
}

/// One successful deployment at each time.
fn deploy(examples: &mut Examples, repository: &str, times: &[&str]) {
    for (id, time) in times.iter().enumerate() {
        examples.deployment(repository, id as i64, "m1", &[("SUCCESS", time)]);
    }
}

#[test]
fn frequency_counts_days_and_full_weeks() {
    let mut examples = Examples::new();
    // Monday to Friday, nothing, nothing, one day.
    let first = [
        "06-01 12:00",
        "06-02 12:00",
        "06-03 12:00",
        "06-04 12:00",
        "06-05 12:00",
        "06-24 12:00",
    ];
    deploy(&mut examples, "acme/weeks", &first);
    // A deployment on each weekday between a Wednesday and a Tuesday.
    let partial = [
        "06-03 12:00",
        "06-04 12:00",
        "06-05 12:00",
        "06-08 12:00",
        "06-09 12:00",
        "06-10 12:00",
        "06-11 12:00",
        "06-12 12:00",
        "06-15 12:00",
        "06-16 12:00",
    ];
    deploy(&mut examples, "acme/partial", &partial);
    deploy(&mut examples, "acme/zones", &["03-01 23:30", "03-02 08:00"]);
    examples.compute();

    let frequency = "deployments, round(deployments_per_day::numeric, 3), deployment_days_per_week";
    assert_eq!(
        examples.dora(
            frequency,
            "06-01 00:00",
            "06-29 00:00",
            ", repository => 'acme/weeks'"
        ),
        ["6|0.214|0.5"]
    );
    assert_eq!(
        examples.dora(
            frequency,
            "06-03 00:00",
            "06-17 00:00",
            ", repository => 'acme/partial'"
        ),
        ["10|0.714|5"]
    );
    // Two days in two weeks in one time zone are one day in another.
    let days = "bucket_start, deployments";
    let zones = ", bucket => 'week', repository => 'acme/zones'";
    assert_eq!(
        examples.dora(days, "02-23 00:00", "03-09 00:00", zones),
        ["2026-02-23 00:00:00+00|1", "2026-03-02 00:00:00+00|1"]
    );
    assert_eq!(
        examples.dora(
            days,
            "02-22 23:00",
            "03-08 23:00",
            &format!("{zones}, time_zone => 'Europe/Berlin'")
        ),
        ["2026-02-22 23:00:00+00|0", "2026-03-01 23:00:00+00|2"]
    );
    // A day without deployments is there, and the day the clocks change is one day.
    assert_eq!(
        examples.dora(
            "bucket_start, deployments, deployments_per_day",
            "03-27 23:00",
            "03-30 22:00",
            ", bucket => 'day', repository => 'acme/zones', time_zone => 'Europe/Berlin'"
        ),
        [
            "2026-03-27 23:00:00+00|0|0",
            "2026-03-28 23:00:00+00|0|0",
            "2026-03-29 22:00:00+00|0|0"
        ]
    );
}

/// A repository where the lead times are so many hours; all were deployed at the same moment.
fn lead_times(examples: &mut Examples, repository: &str, deployed: &str, hours: &[(&str, i64)]) {
    examples.commits(repository, &["m0"]);
    examples.deployment(repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
    let mut parent = "m0".to_owned();
    for (authored, number) in hours {
        let sha = format!("m{number}");
        examples.commits(repository, &[&format!("{sha} {parent}")]);
        examples.pull_request(merged(repository, *number, authored, &sha, authored));
        parent = sha;
    }
    examples.deployment(repository, 2, &parent, &[("SUCCESS", deployed)]);
}

#[test]
fn medians_are_exact_over_the_facts() {
    let mut examples = Examples::new();
    // 10, 20, 30 and 100 hours before 06-10 00:00.
    lead_times(
        &mut examples,
        "acme/four",
        "06-10 00:00",
        &[
            ("06-09 14:00", 1),
            ("06-09 04:00", 2),
            ("06-08 18:00", 3),
            ("06-05 20:00", 4),
        ],
    );
    lead_times(
        &mut examples,
        "acme/two",
        "06-10 00:00",
        &[("06-09 22:00", 1), ("06-08 18:00", 2)],
    );
    // Merged and never deployed: not in the median, and not zero.
    examples.pull_request(merged("acme/two", 9, "06-09 23:00", "m9", "06-09 23:00"));
    examples.commits("acme/two", &["m9 m2"]);
    examples.compute();

    let figures = "changes, lead_time_median, lead_time_p90, unshipped_changes, lead_time_coverage";
    let june = |examples: &mut Examples, more: &str| {
        examples.dora(figures, "06-01 00:00", "07-01 00:00", more)
    };
    assert_eq!(
        june(&mut examples, ", repository => 'acme/four'"),
        ["4|1 day 01:00:00|3 days 07:00:00|0|1"]
    );
    assert_eq!(
        june(&mut examples, ", repository => 'acme/two'"),
        ["2|16:00:00|1 day 03:12:00|1|0.6666666666666666"]
    );
    // 2, 10, 20, 30, 30, 100: the median of all facts, not of the two medians.
    assert_eq!(
        june(&mut examples, ""),
        ["6|1 day 01:00:00|2 days 17:00:00|1|0.8571428571428571"]
    );
    assert_eq!(
        examples
            .db
            .lines("SELECT changes, unshipped_changes FROM diogen.dora('-infinity', 'infinity')"),
        ["6|1"]
    );
    // Merged, and nothing shipped: a coverage of zero, which is known.
    assert_eq!(
        examples.dora(
            "changes, lead_time_coverage",
            "06-09 22:30",
            "06-09 23:30",
            ", repository => 'acme/two'"
        ),
        ["0|0"]
    );
    // Without data: NULL, never zero.
    assert_eq!(
        examples.dora(
            "deployments, changes, lead_time_median, lead_time_coverage, change_failure_rate, band",
            "07-01 00:00",
            "08-01 00:00",
            ""
        ),
        ["0|0|-|-|-|-"]
    );
}

#[test]
fn without_deployments_releases_count_and_without_those_merges() {
    let mut examples = Examples::new();
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    for repository in ["acme/releases", "acme/merges"] {
        examples.commits(repository, &[&one, &format!("{two} {one}")]);
        for (number, sha, time) in [(1, &one, "06-01 12:00"), (2, &two, "06-02 12:00")] {
            examples.pull_request(merged(repository, number, time, sha, time));
        }
    }
    for (id, (tag, sha, time, prerelease)) in (1..).zip([
        ("v1", &one, "06-03 00:00", false),
        ("v2-rc", &two, "06-04 00:00", true),
        ("v2", &two, "06-05 00:00", false),
    ]) {
        examples.ingest(
            "releases",
            &json!({
                "repository": {"nameWithOwner": "acme/releases"}, "databaseId": id,
                "tagName": tag, "publishedAt": at(time), "createdAt": at(time), "isPrerelease": prerelease,
                "isDraft": false, "tagCommit": {"oid": sha, "parents": {"nodes": []}},
            }),
        );
    }
    examples.compute();
    assert_eq!(
        examples.db.lines("SELECT deployment_id, origin, changes, baseline FROM diogen_gold.deployments ORDER BY repository DESC, finished_at"),
        ["v1|release|0|t", "v2|release|1|f", "#1|merge|0|t", "#2|merge|1|f"]
    );
    assert_eq!(
        examples.dora(
            "notes[2]",
            "06-01 00:00",
            "07-01 00:00",
            ", repository => 'acme/releases'"
        ),
        ["deployments taken from: release"]
    );
}
