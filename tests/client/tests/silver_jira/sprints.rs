//! What became of issues in sprints.

use crate::{Life, ingest, june, normalize, take_in_statuses, unasked};
use client::{Cluster, Session, assert_silver_is_what_bronze_says};
use serde_json::{Value, json};

/// Sprint 1 lasts from 1 June 10:00 to 12 June 10:00, sprint 2 from then until 26 June.
fn sprints() -> Value {
    json!([
        {"id": 1, "name": "S, 1", "state": "closed", "originBoardId": 7, "startDate": june(1, "10:00"),
         "endDate": june(12, "10:00"), "completeDate": june(12, "10:00")},
        {"id": 2, "name": "S, 2", "state": "active", "originBoardId": 7, "startDate": june(12, "10:00"),
         "endDate": june(26, "10:00")},
        {"id": 3, "name": "S, 3", "state": "future", "originBoardId": 7},
    ])
}

fn prepared() -> (Cluster, Session) {
    let (cluster, mut db) = unasked();
    take_in_statuses(&mut db);
    ingest(&mut db, "sprints", &sprints(), &json!({}));
    (cluster, db)
}

fn outcomes(db: &mut Session) -> Vec<String> {
    db.lines(
        "SELECT issue_id, sprint_id, committed, points_at_start, points_at_end, outcome
         FROM diogen_silver.sprint_issues ORDER BY issue_id::int, sprint_id",
    )
}

/// An issue with points that was planned for sprint 1 in May.
fn committed(id: u32, points: u32) -> Life {
    Life::new(id)
        .estimated(None, points, "2026-05-02T00:00:00.000+0000")
        .planned("", "1", "2026-05-20T00:00:00.000+0000")
}

/// E1, E2, E3, E4.
#[test]
fn scope_is_what_was_in_the_sprint_at_the_time() {
    let (_cluster, mut db) = prepared();
    committed(1, 5)
        .planned("1", "1, 2", &june(12, "10:00"))
        .take_in(&mut db);
    Life::new(2)
        .estimated(None, 3, "2026-05-02T00:00:00.000+0000")
        .planned("", "1", &june(3, "09:00"))
        .becomes("9", &june(5, "09:00"))
        .take_in(&mut db);
    committed(3, 5)
        .becomes("9", &june(8, "09:00"))
        .take_in(&mut db);
    committed(4, 3)
        .planned("1", "", &june(6, "09:00"))
        .take_in(&mut db);
    committed(5, 3)
        .estimated(Some(3), 5, &june(3, "09:00"))
        .becomes("9", &june(9, "09:00"))
        .take_in(&mut db);
    normalize(&mut db);
    assert_eq!(
        outcomes(&mut db),
        [
            "1|1|t|5|5|carried",
            "1|2|t|5|5|-",
            "2|1|f|3|3|completed",
            "3|1|t|5|5|completed",
            "4|1|t|3|3|removed",
            "5|1|t|3|5|completed",
        ]
    );
    // E3: of 8 points (5 + 3) 5 are done; what was taken out was committed too.
    let said = "SELECT sum(points_at_start) FILTER (WHERE committed),
                       sum(points_at_start) FILTER (WHERE outcome = 'removed'),
                       sum(points_at_end) FILTER (WHERE outcome = 'completed')
                FROM diogen_silver.sprint_issues WHERE sprint_id = '1' AND issue_id IN ('3', '4')";
    assert_eq!(db.lines(said), ["8|3|5"]);
    assert_silver_is_what_bronze_says(&mut db);
}

/// E2b, as far as silver tells, E5, E6, E7, E8.
#[test]
fn done_is_what_was_done_in_the_sprint_when_it_was_closed() {
    let (_cluster, mut db) = prepared();
    Life::new(1)
        .planned("", "1", &june(1, "10:20"))
        .take_in(&mut db);
    committed(2, 1)
        .becomes("9", "2026-05-30T00:00:00.000+0000")
        .take_in(&mut db);
    committed(3, 2)
        .becomes("9", &june(3, "09:00"))
        .becomes("3", &june(9, "09:00"))
        .take_in(&mut db);
    committed(4, 2)
        .with("issuetype", json!({"name": "Sub-task", "subtask": true}))
        .take_in(&mut db);
    // Done before, and again after it was reopened in the sprint.
    committed(5, 8)
        .becomes("9", "2026-05-30T00:00:00.000+0000")
        .becomes("3", &june(2, "09:00"))
        .becomes("9", &june(4, "09:00"))
        .take_in(&mut db);
    // Done when the sprint is closed is done too late.
    committed(6, 1)
        .becomes("9", &june(12, "10:00"))
        .take_in(&mut db);
    normalize(&mut db);
    assert_eq!(
        outcomes(&mut db),
        [
            "1|1|f|-|-|carried",
            "2|1|t|1|1|completed_outside",
            "3|1|t|2|2|carried",
            "4|1|t|2|2|carried",
            "5|1|t|8|8|completed",
            "6|1|t|1|1|carried",
        ]
    );
    let late = "SELECT t.issue_id, t.added_at - s.starts_at FROM diogen_silver.sprint_issues t
                JOIN diogen_silver.sprints s USING (source, sprint_id) WHERE NOT t.committed";
    assert_eq!(db.lines(late), ["1|00:20:00"]);
    let parts = "SELECT issue_id FROM diogen_silver.sprint_issues WHERE is_subtask";
    assert_eq!(db.lines(parts), ["4"]);
    // E8: closed three days late, and done in between.
    let mut late = sprints()[0].clone();
    late["completeDate"] = json!(june(15, "10:00"));
    assert_eq!(ingest(&mut db, "sprints", &late, &json!({})), 1);
    normalize(&mut db);
    let done = "SELECT t.outcome, t.done_at > s.ends_at - interval '1 minute' FROM diogen_silver.sprint_issues t
                JOIN diogen_silver.sprints s USING (source, sprint_id) WHERE t.issue_id = '6'";
    assert_eq!(db.lines(done), ["completed|t"]);
    assert_silver_is_what_bronze_says(&mut db);
}

/// E20, E21.
#[test]
fn membership_follows_ids_not_names() {
    let (_cluster, mut db) = prepared();
    Life::new(1)
        .planned("", "1", "2026-05-20T00:00:00.000+0000")
        .planned("1", "1, 2", &june(20, "10:00"))
        .take_in(&mut db);
    // Created in the sprint: nothing was ever changed.
    Life::new(2)
        .with("customfield_20", json!([{"id": 1}, {"id": 3}]))
        .take_in(&mut db);
    // Left before it began, or came when it was over; taken out and put back.
    Life::new(3)
        .planned("", "1", "2026-05-20T00:00:00.000+0000")
        .planned("1", "", "2026-05-25T00:00:00.000+0000")
        .take_in(&mut db);
    Life::new(4)
        .planned("", "1", &june(12, "10:00"))
        .take_in(&mut db);
    Life::new(5)
        .planned("", "1", "2026-05-20T00:00:00.000+0000")
        .planned("1", "", &june(3, "10:00"))
        .planned("", "1", &june(5, "10:00"))
        .take_in(&mut db);
    normalize(&mut db);
    assert_eq!(
        db.lines(
            "SELECT issue_id, sprint_id, to_char(added_at AT TIME ZONE 'UTC', 'MM-DD'), removed_at, committed, outcome
             FROM diogen_silver.sprint_issues ORDER BY 1, 2"
        ),
        [
            "1|1|05-20|-|t|carried",
            "1|2|06-20|-|f|-",
            "2|1|05-01|-|t|carried",
            "2|3|05-01|-|-|-",
            "5|1|05-20|-|t|carried",
        ]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn a_sprint_that_comes_changes_or_goes_takes_its_issues_along() {
    let (_cluster, mut db) = unasked();
    take_in_statuses(&mut db);
    committed(1, 5).take_in(&mut db);
    Life::new(2)
        .with("customfield_20", json!([{"id": 1}]))
        .take_in(&mut db);
    Life::new(3)
        .planned("", "1", "2026-05-20T00:00:00.000+0000")
        .planned("1", "", "2026-05-25T00:00:00.000+0000")
        .take_in(&mut db);
    normalize(&mut db);
    assert_eq!(outcomes(&mut db), [""; 0]);
    ingest(&mut db, "sprints", &sprints(), &json!({}));
    normalize(&mut db);
    assert_eq!(
        outcomes(&mut db),
        ["1|1|t|5|5|carried", "2|1|t|-|-|carried"]
    );
    let mut earlier = sprints()[0].clone();
    earlier["startDate"] = json!("2026-05-22T00:00:00.000+0000");
    ingest(&mut db, "sprints", &earlier, &json!({}));
    normalize(&mut db);
    assert_eq!(
        outcomes(&mut db),
        [
            "1|1|t|5|5|carried",
            "2|1|t|-|-|carried",
            "3|1|t|-|-|removed"
        ]
    );
    assert_silver_is_what_bronze_says(&mut db);
    db.run(
        "UPDATE diogen_bronze.documents SET deleted_at = now(), changed_xid = pg_current_xact_id()
         WHERE stream = 'sprints' AND key = '1'",
    );
    normalize(&mut db);
    assert_eq!(outcomes(&mut db), [""; 0]);
    // An issue that is gone leaves its sprints.
    db.run(
        "UPDATE diogen_bronze.documents SET changed_xid = pg_current_xact_id(),
                deleted_at = CASE stream WHEN 'issues' THEN now() END
         WHERE (stream, key) IN (('sprints', '1'), ('issues', '2'))",
    );
    normalize(&mut db);
    assert_eq!(
        outcomes(&mut db),
        ["1|1|t|5|5|carried", "3|1|t|-|-|removed"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}
