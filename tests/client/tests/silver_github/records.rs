//! Deployments that are sent in as records.

use super::{API, ingest, offline, payload, statement};
use client::assert_silver_is_what_bronze_says;
use serde_json::{Value, json};

const ROWS: &str = "SELECT deployment_id, environment, sha, status, to_char(started_at AT TIME ZONE 'UTC', 'HH24:MI') AS started,
                           to_char(finished_at AT TIME ZONE 'UTC', 'HH24:MI') AS finished, service, origin
                    FROM diogen_silver.deployments ORDER BY 1";

fn at(minute: u32) -> String {
    format!("2026-06-01T10:{minute}:00Z")
}

fn record(id: &str) -> Value {
    json!({"deployment_id": id, "repository": "acme/api", "sha": "c2", "finished_at": at(20)})
}

#[test]
fn deployments_are_sent_in_beside_any_tool() {
    let (_cluster, mut db) = offline(&["acme"]);
    db.run(r#"SELECT diogen.add_source('tracker', 'jira', '{"base_url": "https://example.com", "projects": "PAY"}')"#);
    let told = json!({"deployment_id": "release-17", "environment": "staging", "sha": "c2", "ref": "main",
                      "status": "failure", "service": "checkout", "created_at": at(10), "started_at": at(11),
                      "finished_at": at(12), "url": "https://deploy.example/17"});
    for source in ["acme", "tracker"] {
        let context = json!({"repository": "acme/api"});
        assert_eq!(
            db.number(&statement(source, "deployment_records", &told, &context)),
            1
        );
    }
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(
            "SELECT to_jsonb(d) - 'document_id' FROM diogen_silver.deployments d WHERE source = 'acme'"
        ),
        db.lines(
            "SELECT to_jsonb(d) - 'document_id' || '{\"source\": \"acme\"}' FROM diogen_silver.deployments d
             WHERE source = 'tracker'"
        )
    );
    assert_eq!(
        db.lines(
            "SELECT DISTINCT repository, ref, payload, task, url FROM diogen_silver.deployments"
        ),
        ["acme/api|main|-|-|https://deploy.example/17"]
    );
    let both = "release-17|staging|c2|failure|10:11|10:12|checkout|sent";
    assert_eq!(db.lines(ROWS), [both, both]);
    assert_eq!(
        db.lines("SELECT source, key, scope FROM diogen_bronze.documents ORDER BY 1"),
        [
            "acme|acme/api#release-17|acme/api",
            "tracker|acme/api#release-17|acme/api"
        ]
    );
    for table in ["repositories", "stale_repositories"] {
        assert_eq!(
            db.lines(&format!(
                "SELECT source, repository FROM diogen_silver.{table} ORDER BY 1"
            )),
            ["acme|acme/api", "tracker|acme/api"],
            "{table}"
        );
    }
    for (doc, missing) in [
        (json!({"deployment_id": "1"}), "repository"),
        (json!({"repository": "acme/api"}), "deployment_id"),
    ] {
        let refused = db.error(&statement("acme", "deployment_records", &doc, &json!({})));
        let expected = format!("23502 a deployment carries no {missing}");
        assert!(refused.starts_with(&expected), "{refused}");
    }
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn what_a_record_leaves_out_follows_from_its_end() {
    let (_cluster, mut db) = offline(&["acme"]);
    let with = |id: &str, told: Value| {
        let mut record = json!({"deployment_id": id, "repository": "acme/api"});
        for (key, value) in told.as_object().into_iter().flatten() {
            record[key] = value.clone();
        }
        record
    };
    let records = [
        with("1", json!({"finished_at": at(20)})),
        with("2", json!({"created_at": at(10)})),
        with(
            "3",
            json!({"status": "Cancelled", "environment": "", "sha": ""}),
        ),
        with("4", json!({"status": "done"})),
        with("5", json!({"status": "success", "created_at": at(10)})),
        with("6", json!({"finished_at": "yesterday"})),
    ];
    assert_eq!(ingest(&mut db, "deployment_records", &json!(records)), 6);
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(ROWS),
        [
            "1|production|-|success|-|10:20|-|sent",
            "2|production|-|in_progress|10:10|-|-|sent",
            "3|production|-|cancelled|-|-|-|sent",
        ]
    );
    assert_eq!(
        db.lines("SELECT key, reason FROM diogen.rejects ORDER BY 1"),
        [
            r#"acme/api#4|"status" is the text "done", not success, failure, cancelled, in_progress or other"#,
            "acme/api#5|it does not say its finished_at",
            r#"acme/api#6|"finished_at" is the text "yesterday", not a time such as 2026-01-31T12:00:00Z"#,
        ]
    );
    // It goes on.
    let mut ended = records[1].clone();
    ended["finished_at"] = json!(at(30));
    assert_eq!(ingest(&mut db, "deployment_records", &ended), 1);
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(ROWS)[1],
        "2|production|-|success|10:10|10:30|-|sent"
    );
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn what_github_says_of_a_deployment_counts_whichever_came_first() {
    let (_cluster, mut db) = offline(&["acme"]);
    let by_github = |id: i64, action: &str| {
        payload(
            "deployment",
            action,
            &json!({"id": id, "sha": "c1", "environment": "staging", "task": "deploy", "payload": {"a": 1},
                    "created_at": at(10), "updated_at": at(10), "url": format!("{API}/deployments/{id}")}),
        )
    };
    let status = |id: i64| {
        json!({"id": id + 1, "state": "failure", "created_at": at(40),
               "deployment_url": format!("{API}/deployments/{id}")})
    };
    let sent = |id: &str| {
        let mut sent = record(id);
        sent["service"] = json!("checkout");
        sent["url"] = json!("https://deploy.example");
        sent
    };
    // A status of what GitHub has not told of yet does not end what was sent in.
    ingest(&mut db, "deployment_records", &sent("800"));
    ingest(&mut db, "deployment_statuses", &status(800));
    ingest(&mut db, "deployments", &by_github(900, "created"));
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(ROWS),
        [
            "800|production|c2|success|-|10:20|checkout|sent",
            "900|staging|c1|other|10:10|-|-|github_deployment",
        ]
    );
    ingest(&mut db, "deployments", &by_github(800, "created"));
    ingest(&mut db, "deployment_records", &sent("900"));
    db.run("CALL diogen.normalize()");
    let by_both = [
        "800|staging|c1|failure|10:10|10:40|-|github_deployment",
        "900|staging|c1|other|10:10|-|-|github_deployment",
    ];
    assert_eq!(db.lines(ROWS), by_both);
    assert_silver_is_what_bronze_says(&mut db);
    // With GitHub's gone, the record counts again, and nothing of the other stays.
    for id in [800, 900] {
        ingest(&mut db, "deployments", &by_github(id, "deleted"));
    }
    ingest(&mut db, "deployment_records", &{
        let mut newer = sent("900");
        newer["ref"] = json!("main");
        newer
    });
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(ROWS),
        [
            "800|production|c2|success|-|10:20|checkout|sent",
            "900|production|c2|success|-|10:20|checkout|sent",
        ]
    );
    assert_eq!(
        db.lines("SELECT DISTINCT payload, task FROM diogen_silver.deployments"),
        ["-|-"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn a_record_follows_its_repository() {
    let (_cluster, mut db) = offline(&["acme"]);
    let repository = |name: &str| json!({"id": 7, "full_name": name, "default_branch": "main"});
    ingest(&mut db, "repositories", &repository("acme/api"));
    ingest(&mut db, "deployment_records", &record("1"));
    db.run("CALL diogen.normalize()");
    ingest(
        &mut db,
        "repositories",
        &payload("repository", "renamed", &repository("acme/core")),
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines("SELECT d.repository, b.key FROM diogen_silver.deployments d JOIN diogen_bronze.documents b USING (document_id)"),
        ["acme/core|acme/core#1"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}
