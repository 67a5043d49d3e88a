//! How long an issue had which status.

use crate::{Life, ingest, june, normalize, status, take_in_statuses, unasked};
use client::{Session, assert_silver_is_what_bronze_says};
use serde_json::json;

fn intervals(db: &mut Session, issue: u32) -> Vec<String> {
    db.lines(&format!(
        "SELECT status, status_id, status_category, to_char(started_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'),
                to_char(ended_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI')
         FROM diogen_silver.issue_status_intervals WHERE issue_id = '{issue}' ORDER BY started_at"
    ))
}

/// E12, E14, E15.
#[test]
fn intervals_are_half_open_and_begin_with_the_issue() {
    let (_cluster, mut db) = unasked();
    take_in_statuses(&mut db);
    Life::new(1)
        .with("created", json!(june(1, "00:00")))
        .becomes("3", &june(5, "00:00"))
        .take_in(&mut db);
    Life::new(2).take_in(&mut db);
    Life::new(3)
        .with("created", json!(june(1, "00:00")))
        .becomes("3", &june(1, "00:00"))
        .becomes("9", &june(3, "00:00"))
        .becomes("3", &june(5, "00:00"))
        .becomes("9", &june(6, "00:00"))
        .take_in(&mut db);
    normalize(&mut db);
    assert_eq!(
        intervals(&mut db, 1),
        [
            "To Do|1|todo|06-01 00:00|06-05 00:00",
            "In Progress|3|in_progress|06-05 00:00|-"
        ]
    );
    assert_eq!(intervals(&mut db, 2), ["To Do|1|todo|05-01 00:00|-"]);
    assert_eq!(
        intervals(&mut db, 3),
        [
            "In Progress|3|in_progress|06-01 00:00|06-03 00:00",
            "Done|9|done|06-03 00:00|06-05 00:00",
            "In Progress|3|in_progress|06-05 00:00|06-06 00:00",
            "Done|9|done|06-06 00:00|-",
        ]
    );
    let figures =
        "SELECT max(started_at) FILTER (WHERE status_category = 'done') - min(started_at),
                          sum(ended_at - started_at) FILTER (WHERE status_category = 'in_progress'),
                          count(*) FILTER (WHERE status_category = 'done') - 1
                   FROM diogen_silver.issue_status_intervals WHERE issue_id = '3'";
    assert_eq!(db.lines(figures), ["5 days|3 days|1"]);
    let in_work = "SELECT count(*) FROM diogen_silver.issue_status_intervals
                   WHERE issue_id = '3' AND status_category = 'in_progress' AND started_at <= '2026-06-03 00:00Z'
                     AND (ended_at > '2026-06-03 00:00Z' OR ended_at IS NULL)";
    assert_eq!(db.number(in_work), 0);
    let complete = "SELECT DISTINCT changelog_complete FROM diogen_silver.issues";
    assert_eq!(db.lines(complete), ["t"]);
    assert_silver_is_what_bronze_says(&mut db);
}

/// E16, and what follows when somebody sorts a status into another category.
#[test]
fn a_renamed_status_is_the_same_one() {
    let (_cluster, mut db) = unasked();
    Life::new(1)
        .becomes("3", &june(1, "00:00"))
        .becomes("9", &june(3, "00:00"))
        .take_in(&mut db);
    normalize(&mut db);
    // Before the list of statuses has come, the category of today's status is all that is known.
    assert_eq!(
        intervals(&mut db, 1),
        [
            "To Do|1|-|05-01 00:00|06-01 00:00",
            "In Progress|3|-|06-01 00:00|06-03 00:00",
            "Done|9|done|06-03 00:00|-",
        ]
    );
    take_in_statuses(&mut db);
    normalize(&mut db);
    let mut renamed = status("9");
    renamed["name"] = json!("Completed");
    let mut sorted = status("3");
    sorted["statusCategory"]["key"] = json!("new");
    assert_eq!(
        ingest(&mut db, "statuses", &json!([renamed, sorted]), &json!({})),
        2
    );
    normalize(&mut db);
    assert_eq!(
        intervals(&mut db, 1),
        [
            "To Do|1|todo|05-01 00:00|06-01 00:00",
            "In Progress|3|todo|06-01 00:00|06-03 00:00",
            "Completed|9|done|06-03 00:00|-",
        ]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

/// Where a change is missing, today's status holds from when the issue was last updated.
#[test]
fn a_history_that_does_not_lead_to_today_says_so() {
    let (_cluster, mut db) = unasked();
    take_in_statuses(&mut db);
    let mut document = Life::new(1).becomes("3", &june(1, "00:00")).document();
    document["fields"]["status"] = status("9");
    document["fields"]["updated"] = json!(june(4, "00:00"));
    assert_eq!(ingest(&mut db, "issues", &document, &json!({})), 1);
    normalize(&mut db);
    let expected = [
        "To Do|1|todo|05-01 00:00|06-01 00:00",
        "In Progress|3|in_progress|06-01 00:00|06-04 00:00",
        "Done|9|done|06-04 00:00|-",
    ];
    assert_eq!(intervals(&mut db, 1), expected);
    let complete = "SELECT changelog_complete FROM diogen_silver.issues";
    assert_eq!(db.value(complete), "f");
    // A change that is younger than the issue's own document counts.
    let context = json!({"issue_id": "1", "project": "PAY"});
    let change = json!({"id": "900", "created": june(8, "00:00"), "items": [
        {"field": "status", "fieldId": "status", "from": "9", "fromString": "Done", "to": "1", "toString": "To Do"}]});
    assert_eq!(ingest(&mut db, "changelogs", &change, &context), 1);
    normalize(&mut db);
    assert_eq!(
        intervals(&mut db, 1),
        [
            "To Do|1|todo|05-01 00:00|06-01 00:00",
            "In Progress|3|in_progress|06-01 00:00|06-08 00:00",
            "To Do|1|todo|06-08 00:00|-",
        ]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

/// E18 and the like: what is gone leaves nothing behind.
#[test]
fn a_deleted_issue_loses_its_intervals() {
    let (_cluster, mut db) = unasked();
    take_in_statuses(&mut db);
    for id in 1..=3 {
        Life::new(id)
            .becomes("3", &june(1, "00:00"))
            .take_in(&mut db);
    }
    normalize(&mut db);
    let count = "SELECT count(*) FROM diogen_silver.issue_status_intervals";
    assert_eq!(db.number(count), 6);
    db.run(
        "UPDATE diogen_bronze.documents SET deleted_at = now(), changed_xid = pg_current_xact_id()
         WHERE stream = 'issues' AND key = '2'",
    );
    normalize(&mut db);
    assert_eq!(db.number(count), 4);
    let rest = "SELECT issue_id FROM diogen_silver.issues ORDER BY 1";
    assert_eq!(db.lines(rest), ["1", "3"]);
    assert_silver_is_what_bronze_says(&mut db);
    db.run("UPDATE diogen_bronze.documents SET deleted_at = now() WHERE stream = 'issues' AND key = '3'");
    db.run("CALL diogen.normalize('jira', rebuild => true)");
    assert_eq!(db.number(count), 2);
}
