//! Fetching, reading and computing; and the order of findings.

use super::{Told, found};
use client::{Cluster, Fixture};
use serde_json::json;

#[test]
fn without_a_source_there_is_nothing_else_to_say() {
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run("CREATE EXTENSION diogen");
    let no_source = ["error|-|-|no_source|-"];
    let all = "SELECT severity, source, service, finding, count FROM diogen.doctor()";
    assert_eq!(db.lines(all), no_source);
    db.run("SELECT diogen.init()");
    assert_eq!(db.lines(all), no_source);
}

#[test]
fn a_source_that_was_never_fetched() {
    let mut told = Told::new();
    assert_eq!(told.found("never_fetched"), ["error|acme|-|-"]);
    told.commit("a", None);
    assert_eq!(told.found("never_fetched"), [""; 0]);
}

#[test]
fn a_source_that_failed() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    assert_eq!(found(db, "fetch_failed"), [""; 0]);
    fixture.set_secret("ghp_refused");
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    assert_eq!(found(db, "fetch_failed"), ["error|acme|-|1"]);
    let detail = db.value("SELECT detail FROM diogen.doctor() WHERE finding = 'fetch_failed'");
    assert!(detail.starts_with("repositories: "), "{detail}");
}

#[test]
fn a_believable_organisation() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    // The rest depends on how long ago all that was.
    assert_eq!(
        db.lines(
            "SELECT severity, finding, count(*) FROM diogen.doctor()
             WHERE finding NOT IN ('not_deployed', 'no_incidents', 'low_coverage', 'open_failures')
             GROUP BY severity, finding ORDER BY severity, finding"
        ),
        [
            "notice|deployments_from|6",
            "notice|mostly_bots|1",
            "notice|pre_baseline|8",
            "warning|deployments_from|2"
        ]
    );
}

#[test]
fn documents_that_cannot_be_read() {
    let mut told = Told::new();
    let document = told.merged(1, Some("a"), 3.0);
    told.compute();
    assert_eq!(told.found("unreadable_documents"), [""; 0]);
    let mut unreadable = document;
    unreadable["number"] = json!(2);
    unreadable["createdAt"] = json!("yesterday");
    told.ingest("pull_requests", unreadable);
    told.compute();
    assert_eq!(told.found("unreadable_documents"), ["warning|acme|-|1"]);
    let detail = told.detail("unreadable_documents");
    let start = "no rows in pull_requests, such as those of pull_requests acme/api#2: ";
    assert!(detail.starts_with(start), "{detail}");
}

#[test]
fn figures_older_than_the_facts() {
    let mut told = Told::new();
    told.two_deployments();
    told.db.run("CALL diogen.normalize()");
    assert_eq!(told.found("not_computed"), ["warning|acme|-|1"]);
    told.db.run("CALL diogen.compute()");
    assert_eq!(told.found("not_computed"), [""; 0]);
}

#[test]
fn projects_without_story_points() {
    let mut told = Told::new();
    told.db.run(
        r#"SELECT diogen.add_source('jira', 'jira', '{"base_url": "https://acme.atlassian.net", "projects": "*"}')"#,
    );
    let issue = |project: &str, id: i64, points: Option<i64>| {
        let doc = json!({"id": id.to_string(), "key": format!("{project}-{id}"), "fields": {
            "project": {"key": project}, "issuetype": {"name": "Story", "subtask": false},
            "status": {"id": "3", "name": "Done", "statusCategory": {"key": "done"}},
            "created": "2026-05-01T09:00:00.000+0000", "customfield_1": points}});
        format!(
            "SELECT diogen.ingest('jira', 'issues', $d${doc}$d$, '{{\"custom_fields\": {{\"points\": [\"customfield_1\"]}}}}')"
        )
    };
    for id in 0..10 {
        told.db.run(&issue("PAY", id, (id == 0).then_some(3)));
        told.db.run(&issue("WEB", 100 + id, (id < 2).then_some(3)));
    }
    told.db.run("CALL diogen.normalize()");
    assert_eq!(told.found("points_missing"), ["notice|jira|-|9"]);
    assert_eq!(
        told.detail("points_missing"),
        "9 of 10 issues of project PAY that are done have no story points"
    );
}

#[test]
fn what_to_fix_first_comes_first() {
    let mut told = Told::new();
    told.two_deployments();
    for number in [3, 4] {
        told.merged(number, None, 40.0);
    }
    told.merged(5, Some("unknown"), 40.0);
    told.db
        .run("INSERT INTO diogen.services (service, repository) VALUES ('gone', 'acme/gone')");
    told.compute();
    assert_eq!(
        told.db
            .lines("SELECT severity, finding, count FROM diogen.doctor()"),
        [
            "error|unknown_repository|-",
            "warning|low_coverage|3",
            "warning|no_incidents|2",
            "warning|no_merge_commit|2",
            "warning|commit_not_in_history|1",
            "notice|deployments_from|2"
        ]
    );
}
