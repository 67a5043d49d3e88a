//! What was changed in issues, in every shape.

use crate::{Life, fields, ingest, june, normalize, status, take_in_statuses, unasked};
use client::assert_silver_is_what_bronze_says;
use serde_json::{Value, json};

fn history(id: u32, created: &Value) -> Value {
    json!({"id": id.to_string(), "created": created, "items": [
        {"field": "priority", "fieldId": "priority", "from": "3", "fromString": "Medium", "to": null, "toString": null}]})
}

/// E9, E9b, deleted accounts, and null on either side.
#[test]
fn both_shapes_of_a_change_are_the_same_row() {
    let (_cluster, mut db) = unasked();
    let bulk = history(5, &json!(1_751_328_000_000_i64));
    assert_eq!(
        ingest(
            &mut db,
            "changelogs",
            &bulk,
            &json!({"issue_id": 1, "project": "PAY"})
        ),
        1
    );
    let expanded = history(5, &json!("2025-07-01T00:00:00.000+0000"));
    assert_eq!(
        ingest(
            &mut db,
            "changelogs",
            &expanded,
            &json!({"issue_id": "2", "project": "PAY"})
        ),
        1
    );
    normalize(&mut db);
    let rows = "SELECT issue_id, change_id, field, changed_at AT TIME ZONE 'UTC', from_id, from_value, to_id, to_value, author
                FROM diogen_silver.issue_changes ORDER BY 1";
    assert_eq!(
        db.lines(rows),
        [
            "1|5|priority|2025-07-01 00:00:00|3|Medium|-|-|ghost",
            "2|5|priority|2025-07-01 00:00:00|3|Medium|-|-|ghost",
        ]
    );
}

/// E10: of 55 changes 40 come with the issue.
#[test]
fn a_cut_changelog_is_incomplete_until_all_of_it_is_there() {
    let (_cluster, mut db) = unasked();
    let at = |n: u32| json!(june(1 + n / 24, &format!("{:02}:00", n % 24)));
    let mut issue = Life::new(1).document();
    let histories: Vec<_> = (0..40).map(|n| history(n, &at(n))).collect();
    issue["changelog"] =
        json!({"startAt": 0, "maxResults": 40, "total": 55, "histories": histories});
    assert_eq!(ingest(&mut db, "issues", &issue, &json!({})), 1);
    normalize(&mut db);
    let state = "SELECT i.change_count, i.changelog_complete, (SELECT count(*) FROM diogen_silver.issue_changes)
                 FROM diogen_silver.issues i";
    assert_eq!(db.lines(state), ["55|f|40"]);
    let context = json!({"issue_id": "1", "project": "PAY"});
    // Some come twice, and the rest in two parts.
    let part =
        |range: std::ops::Range<u32>| -> Value { range.map(|n| history(n, &at(n))).collect() };
    assert_eq!(ingest(&mut db, "changelogs", &part(30..50), &context), 20);
    normalize(&mut db);
    assert_eq!(db.lines(state), ["55|f|50"]);
    assert_eq!(ingest(&mut db, "changelogs", &part(50..55), &context), 5);
    normalize(&mut db);
    assert_eq!(db.lines(state), ["55|t|55"]);
    assert_silver_is_what_bronze_says(&mut db);
}

/// E17.
#[test]
fn an_issue_that_moved_is_one_issue() {
    let (_cluster, mut db) = unasked();
    take_in_statuses(&mut db);
    let mut issue = Life::new(1).becomes("3", &june(1, "00:00")).document();
    ingest(&mut db, "issues", &issue, &json!({}));
    normalize(&mut db);
    issue["key"] = json!("XYZ-9");
    issue["fields"]["project"]["key"] = json!("XYZ");
    issue["fields"]["updated"] = json!(june(9, "00:00"));
    let moved = json!({"id": "7", "created": june(9, "00:00"), "author": {"accountId": "mia"}, "items": [
        {"field": "project", "fieldId": "project", "from": "10000", "fromString": "Payments", "to": "10001", "toString": "X"},
        {"field": "Key", "from": null, "fromString": "PAY-1", "to": null, "toString": "XYZ-9"}]});
    let histories = issue["changelog"]["histories"]
        .as_array_mut()
        .expect("changes");
    histories.push(moved);
    issue["changelog"]["total"] = json!(2);
    assert_eq!(ingest(&mut db, "issues", &issue, &json!({})), 1);
    normalize(&mut db);
    let now = "SELECT issue_id, project, key, previous_keys, changelog_complete FROM diogen_silver.issues";
    assert_eq!(db.lines(now), ["1|XYZ|XYZ-9|{PAY-1}|t"]);
    let when =
        "SELECT field, from_id, to_id, changed_at = '2026-06-09Z' FROM diogen_silver.issue_changes
                WHERE field = 'project'";
    assert_eq!(db.lines(when), ["project|10000|10001|t"]);
    let projects = "SELECT DISTINCT project FROM diogen_silver.issue_status_intervals";
    assert_eq!(db.lines(projects), ["XYZ"]);
    assert_silver_is_what_bronze_says(&mut db);
}

/// E19, E23.
#[test]
fn points_are_from_the_first_field_that_has_any_and_a_reopened_issue_is_not_resolved() {
    let (_cluster, mut db) = unasked();
    take_in_statuses(&mut db);
    let context = json!({"custom_fields": fields()});
    let resolved = Life::new(1)
        .with("customfield_2", json!(2.5))
        .with("resolutiondate", json!(june(3, "10:00")))
        .becomes("9", &june(3, "10:00"));
    resolved.take_in(&mut db);
    Life::new(2)
        .with("customfield_1", json!(3))
        .with("customfield_2", json!(9))
        .take_in(&mut db);
    normalize(&mut db);
    let rows = "SELECT issue_id, points, points_field, resolved_at AT TIME ZONE 'UTC' FROM diogen_silver.issues ORDER BY 1";
    assert_eq!(
        db.lines(rows),
        [
            "1|2.5|customfield_2|2026-06-03 10:00:00",
            "2|3|customfield_1|-"
        ]
    );
    let reopened = resolved
        .with("resolutiondate", Value::Null)
        .becomes("3", &june(5, "10:00"));
    assert_eq!(ingest(&mut db, "issues", &reopened.document(), &context), 1);
    normalize(&mut db);
    assert_eq!(db.lines(rows)[0], "1|2.5|customfield_2|-");
    let last = "SELECT max(changed_at) AT TIME ZONE 'UTC' FROM diogen_silver.issue_changes
                WHERE issue_id = '1' AND field = 'status' AND to_id = '9'";
    assert_eq!(db.value(last), "2026-06-03 10:00:00");
}

#[test]
fn what_cannot_be_read_is_told_and_stops_nothing() {
    let (_cluster, mut db) = unasked();
    take_in_statuses(&mut db);
    let mut odd = Life::new(1).document();
    odd["fields"]["customfield_1"] = json!("three");
    let context = json!({"custom_fields": fields()});
    ingest(&mut db, "issues", &odd, &context);
    Life::new(2).take_in(&mut db);
    let mut unknown = status("9");
    unknown["statusCategory"]["key"] = json!("limbo");
    ingest(&mut db, "statuses", &unknown, &json!({}));
    normalize(&mut db);
    assert_eq!(db.lines("SELECT issue_id FROM diogen_silver.issues"), ["2"]);
    assert_eq!(
        db.lines("SELECT key, target, reason FROM diogen.rejects ORDER BY 1"),
        [
            r#"1|issues|"customfield_1" is the text "three", not a number"#,
            r#"9|issue_statuses|"statusCategory.key" is the text "limbo", not new, indeterminate, done or undefined"#,
        ]
    );
    assert_silver_is_what_bronze_says(&mut db);
    odd["fields"]["customfield_1"] = json!(3);
    ingest(&mut db, "issues", &odd, &context);
    normalize(&mut db);
    assert_eq!(db.lines("SELECT key FROM diogen.rejects"), ["9"]);
}
