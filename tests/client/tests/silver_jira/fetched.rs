//! A whole Jira, fetched: Cloud and Data Center give the same rows, and so does whatever order
//! things came in.

use client::{Fixture, assert_silver_is_what_bronze_says, jira_stand_in};
use stand_in::jira::{Edit, Flavour};

fn fetched(flavour: Flavour) -> Fixture {
    let server = jira_stand_in(flavour, |config, settings| {
        settings.issues_per_project = 120;
        config.until = Some("2026-06-01T00:00:00Z".parse().expect("a time"));
    });
    let mut fixture = Fixture::new(server, &[]);
    fixture.add_jira("jira", "*", "");
    fixture.db.run("CALL diogen.sync('jira')");
    let findings = "SELECT finding FROM diogen_bronze.findings";
    assert_eq!(fixture.db.lines(findings), [""; 0]);
    fixture
}

/// What both Jiras know: accounts are called differently, only Cloud tells which of them are apps,
/// and it is asked for changes of some fields only.
const COMMON: [&str; 7] = [
    "SELECT 'issue', project, key, issue_id, title, type, is_subtask, status, status_id, status_category, resolution,
            priority, points, assignee_name, reporter_name, created_at, updated_at, resolved_at, labels, fix_versions,
            sprint_ids, is_flagged, parent, changelog_complete
     FROM diogen_silver.issues",
    "SELECT 'change', project, issue_id, change_id, field, position, changed_at, from_id, from_value, to_id, to_value,
            author_name
     FROM diogen_silver.issue_changes WHERE field IN ('status', 'sprint', 'points', 'flagged', 'resolution', 'project')",
    "SELECT 'interval', project, issue_id, status, status_id, status_category, started_at, ended_at
     FROM diogen_silver.issue_status_intervals",
    "SELECT 'membership', t.* FROM diogen_silver.sprint_issues t",
    "SELECT 'sprint', board_id, sprint_id, name, state, goal, starts_at, ends_at, completed_at FROM diogen_silver.sprints",
    "SELECT 'board', board_id, name, type, project FROM diogen_silver.boards",
    "SELECT 'status', status_id, name, category FROM diogen_silver.issue_statuses",
];

fn common(fixture: &mut Fixture) -> Vec<String> {
    let rows = COMMON.iter().flat_map(|query| fixture.db.lines(query));
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

#[test]
fn cloud_and_data_center_are_the_same_in_silver() {
    let mut rows = Vec::new();
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let mut fixture = fetched(flavour);
        // Cloud does not tell when somebody started a sprint.
        fixture.db.run(
            "UPDATE diogen_bronze.documents SET doc = doc - 'activatedDate' WHERE stream = 'sprints'",
        );
        fixture.db.run("CALL diogen.normalize('jira')");
        assert_eq!(
            fixture
                .db
                .lines("SELECT key, target, reason FROM diogen.rejects"),
            [""; 0]
        );
        rows.push(common(&mut fixture));
        for table in [
            "issues",
            "issue_changes",
            "issue_status_intervals",
            "sprints",
            "sprint_issues",
            "boards",
        ] {
            let count = fixture
                .db
                .number(&format!("SELECT count(*) FROM diogen_silver.{table}"));
            assert!(count > 1, "{table}");
        }
        let outcomes = "SELECT DISTINCT outcome FROM diogen_silver.sprint_issues WHERE outcome IS NOT NULL ORDER BY 1";
        assert_eq!(
            fixture.db.lines(outcomes),
            ["carried", "completed", "removed"]
        );
        assert_silver_is_what_bronze_says(&mut fixture.db);
    }
    let lacks = |one: usize, other: usize| -> Vec<&String> {
        let missing = rows[one]
            .iter()
            .filter(|row| rows[other].binary_search(row).is_err());
        missing.take(5).collect()
    };
    assert!(
        rows[0] == rows[1],
        "only Cloud: {:#?}\nonly Data Center: {:#?}",
        lacks(0, 1),
        lacks(1, 0)
    );
}

/// What is known of the status of every issue at every moment is what Jira itself knows.
#[test]
fn intervals_are_what_jira_knows() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let mut fixture = fetched(flavour);
        fixture.db.run("CALL diogen.normalize('jira')");
        let odd = "SELECT i.key FROM diogen_silver.issues i
                   LEFT JOIN diogen_silver.issue_status_intervals t
                          ON (t.source, t.issue_id) = (i.source, i.issue_id) AND t.ended_at IS NULL
                   WHERE t.status_id IS DISTINCT FROM i.status_id OR NOT i.changelog_complete
                      OR (SELECT min(f.started_at) FROM diogen_silver.issue_status_intervals f
                          WHERE f.issue_id = i.issue_id) <> i.created_at";
        assert_eq!(fixture.db.lines(odd), [""; 0]);
        let gaps =
            "SELECT issue_id FROM (SELECT issue_id, started_at, lag(ended_at) OVER w AS ended_at
                        FROM diogen_silver.issue_status_intervals
                        WINDOW w AS (PARTITION BY issue_id ORDER BY started_at)) t
                    WHERE ended_at <> started_at";
        assert_eq!(fixture.db.lines(gaps), [""; 0]);
        let now = fixture.site().now(fixture.stand_in.now());
        let truth = fixture.site().truth(fixture.stand_in.now());
        let held = fixture
            .db
            .lines("SELECT issue_id, status_id FROM diogen_silver.issues ORDER BY issue_id::int");
        let shown: Vec<_> = fixture
            .site()
            .site()
            .visible_issues(now)
            .map(|issue| {
                let status = truth["issues"][issue.id.to_string()]["status"].as_str();
                format!("{}|{}", issue.id, status.unwrap_or("-"))
            })
            .collect();
        assert_eq!(held, shown);
    }
}

#[test]
fn step_by_step_is_the_same_as_all_at_once() {
    for flavour in [Flavour::Cloud, Flavour::DataCenter] {
        let server = jira_stand_in(flavour, |config, settings| {
            settings.issues_per_project = 60;
            config.hold_back_hours = 24.0 * 30.0;
        });
        let mut fixture = Fixture::new(server, &[]);
        fixture.add_jira("jira", "*", "");
        for step in 0..4 {
            fixture.db.run("CALL diogen.sync('jira')");
            fixture.db.run("CALL diogen.normalize('jira')");
            let keys = fixture.issue_keys("PAY");
            fixture.edit(
                &keys[step],
                &Edit {
                    status: Some("Done".to_owned()),
                    ..Edit::default()
                },
            );
            fixture.edit(
                &keys[step + 8],
                &Edit {
                    points: Some(13.0),
                    ..Edit::default()
                },
            );
            fixture.delete(&keys[step + 16]);
            fixture.move_issue(&keys[step + 24], "OPS");
            fixture.stand_in.advance(24.0 * 7.0);
            // What is gone is looked for once a week.
            fixture.db.run("UPDATE diogen_bronze.cursors SET reconciled_at = '-infinity' WHERE stream = 'issues'");
        }
        fixture.db.run("CALL diogen.sync('jira')");
        fixture.db.run("CALL diogen.normalize('jira')");
        let gone = "SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'issues' AND deleted_at IS NOT NULL";
        assert!(fixture.db.number(gone) > 0);
        assert_eq!(
            fixture.db.lines("SELECT reason FROM diogen.rejects"),
            [""; 0]
        );
        let left = "SELECT count(*) FROM diogen_silver.issue_status_intervals t
                    WHERE NOT EXISTS (SELECT FROM diogen_silver.issues i WHERE i.issue_id = t.issue_id)";
        assert_eq!(fixture.db.number(left), 0);
        assert_silver_is_what_bronze_says(&mut fixture.db);
    }
}
