//! B: how often, by days and weeks.

use crate::history::{Examples, merged};
use chrono::{Days, NaiveDate};

const FREQUENCY: &str =
    "deployments, round(deployments_per_day::numeric, 3), deployment_days_per_week";

/// A history with one successful deployment at each time.
fn deployed(times: &[&str]) -> Examples {
    let mut examples = Examples::new();
    for (id, time) in (1..).zip(times) {
        examples.deployment("acme/api", id, "m1", &[("SUCCESS", time)]);
    }
    examples.compute();
    examples
}

#[test]
fn b8_the_same_commit_again_ships_nothing() {
    let mut examples = Examples::new();
    let repository = "acme/api";
    examples.commits(repository, &["m0", "m1 m0"]);
    examples.pull_request(merged(repository, 1, "06-01 09:00", "m1", "06-01 10:00"));
    for (id, sha, time) in [
        (1, "m0", "05-01 00:00"),
        (2, "m1", "06-01 12:00"),
        (3, "m1", "06-02 12:00"),
    ] {
        examples.deployment(repository, id, sha, &[("SUCCESS", time)]);
    }
    examples.compute();
    assert_eq!(
        examples.deployments(repository, "deployment_id, changes, redeploy"),
        ["1|0|f", "2|1|f", "3|0|t"]
    );
    assert_eq!(
        examples.changes(repository, "deployment_id, deployed_at"),
        ["2|2026-06-01 12:00:00+00"]
    );
    assert_eq!(
        examples.dora(
            "deployments, redeployments, deployments_with_changes, changes",
            "06-01 00:00",
            "07-01 00:00",
            ""
        ),
        ["2|1|1|1"]
    );
}

#[test]
fn b9_days_and_weeks_are_those_of_the_time_zone() {
    let mut examples = deployed(&["03-01 23:30", "03-02 08:00"]);
    let weeks = "bucket_start, deployments, deployment_days_per_week";
    assert_eq!(
        examples.dora(weeks, "02-23 00:00", "03-09 00:00", ", bucket => 'week'"),
        ["2026-02-23 00:00:00+00|1|1", "2026-03-02 00:00:00+00|1|1"]
    );
    // Both on Monday, March 2.
    let berlin = ", bucket => 'week', time_zone => 'Europe/Berlin'";
    assert_eq!(
        examples.dora(weeks, "02-22 23:00", "03-08 23:00", berlin),
        ["2026-02-22 23:00:00+00|0|0", "2026-03-01 23:00:00+00|2|1"]
    );
}

#[test]
fn b10_a_day_of_23_hours_is_a_day() {
    let mut examples = deployed(&["03-29 00:30", "03-29 12:00"]);
    let days = ", bucket => 'day', time_zone => 'Europe/Berlin'";
    assert_eq!(
        examples.dora(
            "bucket_start, deployments, deployments_per_day",
            "03-27 23:00",
            "03-30 22:00",
            days
        ),
        [
            "2026-03-27 23:00:00+00|0|0",
            "2026-03-28 23:00:00+00|2|2",
            "2026-03-29 22:00:00+00|0|0"
        ]
    );
    // The same without buckets: three calendar days of 71 hours.
    assert_eq!(
        examples.dora(
            "deployments_per_day * 3",
            "03-27 23:00",
            "03-30 22:00",
            ", time_zone => 'Europe/Berlin'"
        ),
        ["2"]
    );
}

#[test]
fn b11_weeks_without_deployments_count() {
    let mut examples = deployed(&[
        "06-01 12:00",
        "06-02 12:00",
        "06-03 12:00",
        "06-04 12:00",
        "06-05 12:00",
        "06-24 12:00",
    ]);
    assert_eq!(
        examples.dora(FREQUENCY, "06-01 00:00", "06-29 00:00", ""),
        ["6|0.214|0.5"]
    );
}

#[test]
fn b12_only_full_weeks_count() {
    let mut examples = deployed(&[
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
    ]);
    let columns = format!("{FREQUENCY}, partial_weeks_excluded");
    assert_eq!(
        examples.dora(&columns, "06-03 00:00", "06-17 00:00", ""),
        ["10|0.714|5|2"]
    );
    // Full weeks alone leave nothing out.
    assert_eq!(
        examples.dora(&columns, "06-08 00:00", "06-15 00:00", ""),
        ["5|0.714|5|0"]
    );
}

#[test]
fn b15_nightly_deployments_count_and_those_with_changes_apart() {
    let mut examples = Examples::new();
    let repository = "acme/api";
    examples.commits(repository, &["m0"]);
    let first = NaiveDate::from_ymd_opt(2026, 6, 1).expect("a day");
    let mut tip = "m0".to_owned();
    for night in 1..=30_i64 {
        let day = first + Days::new(night as u64 - 1);
        let time = |clock: &str| format!("{} {clock}", day.format("%m-%d"));
        if night % 3 == 0 && night <= 24 {
            let sha = format!("m{night}");
            examples.commits(repository, &[&format!("{sha} {tip}")]);
            let (authored, merged_at) = (time("00:10"), time("01:00"));
            examples.pull_request(merged(repository, night, &authored, &sha, &merged_at));
            tip = sha;
        }
        examples.deployment(repository, night, &tip, &[("SUCCESS", &time("02:00"))]);
    }
    examples.compute();
    // The first one is the baseline.
    assert_eq!(
        examples.dora(
            "deployments, deployments_per_day, deployments_with_changes, redeployments, changes",
            "06-01 00:00",
            "07-01 00:00",
            ""
        ),
        ["30|1|8|21|8"]
    );
}

#[test]
fn b16_a_deployment_counts_when_it_finished() {
    let mut examples = Examples::new();
    let statuses = [("IN_PROGRESS", "05-31 23:50"), ("SUCCESS", "06-01 00:10")];
    examples.deployment("acme/api", 1, "m1", &statuses);
    examples.compute();
    assert_eq!(
        examples.dora(
            "bucket_start, deployments",
            "05-01 00:00",
            "07-01 00:00",
            ", bucket => 'month'"
        ),
        ["2026-05-01 00:00:00+00|0", "2026-06-01 00:00:00+00|1"]
    );
}

#[test]
fn b20_a_week_over_new_year_is_one_week() {
    let mut examples = deployed(&["2026-12-30 12:00", "2027-01-01 12:00"]);
    assert_eq!(
        examples.dora(
            r#"to_char(bucket_start, 'IYYY-"W"IW'), deployments, deployment_days_per_week"#,
            "2026-12-28 00:00",
            "2027-01-11 00:00",
            ", bucket => 'week'"
        ),
        ["2026-W53|2|2", "2027-W01|0|0"]
    );
}

#[test]
fn b21_a_week_starts_on_monday_or_sunday() {
    // A Sunday.
    let mut examples = deployed(&["03-01 12:00"]);
    let weeks = "bucket_start, deployments";
    let mut weeks_from = |start: &str| {
        let more = format!(", bucket => 'week'{start}");
        examples.dora(weeks, "02-23 00:00", "03-08 00:00", &more)
    };
    let monday = ["2026-02-23 00:00:00+00|1", "2026-03-02 00:00:00+00|0"];
    assert_eq!(weeks_from(""), monday);
    assert_eq!(weeks_from(", week_start => 'monday'"), monday);
    assert_eq!(
        weeks_from(", week_start => 'sunday'"),
        ["2026-02-22 00:00:00+00|0", "2026-03-01 00:00:00+00|1"]
    );
    assert_eq!(
        examples.dora(
            "deployments, deployment_days_per_week, partial_weeks_excluded",
            "02-23 00:00",
            "03-08 00:00",
            ", week_start => 'sunday'"
        ),
        ["1|1|1"]
    );
    let refused = examples
        .db
        .error("SELECT diogen.dora(week_start => 'tuesday')");
    assert!(
        refused.starts_with("22023 week_start cannot be \"tuesday\""),
        "{refused}"
    );
}
