//! A: what a median, a percentile and a rate are, as `diogen.dora` gives them.

use crate::history::{Examples, PullRequest, at, merged};
use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::json;

const JUNE: [&str; 2] = ["06-01 00:00", "07-01 00:00"];

/// So many hours before the end of June 20.
fn before(hours: i64) -> String {
    let end = NaiveDate::from_ymd_opt(2026, 6, 21).and_then(|day| day.and_hms_opt(0, 0, 0));
    let time = end.expect("a time") - TimeDelta::hours(hours);
    time.format("%m-%d %H:%M").to_string()
}

/// A history with these lead times in hours; all is deployed at the end of June 20.
fn lead_times(examples: &mut Examples, repository: &str, hours: &[i64]) {
    examples.commits(repository, &["m0"]);
    examples.deployment(repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
    let mut tip = "m0".to_owned();
    for (number, hours) in (1..).zip(hours) {
        let sha = format!("m{number}");
        examples.commits(repository, &[&format!("{sha} {tip}")]);
        let authored = before(*hours);
        examples.pull_request(merged(repository, number, &authored, &sha, &authored));
        tip = sha;
    }
    examples.deployment(repository, 2, &tip, &[("SUCCESS", &before(0))]);
}

/// Columns of dora over a month with these lead times.
fn dora_of(hours: &[i64], columns: &str) -> Vec<String> {
    let mut examples = Examples::new();
    lead_times(&mut examples, "acme/api", hours);
    examples.compute();
    june(&mut examples, columns, "")
}

fn june(examples: &mut Examples, columns: &str, more: &str) -> Vec<String> {
    examples.dora(columns, JUNE[0], JUNE[1], more)
}

#[test]
fn a1_a_median_lies_between_the_two_in_the_middle() {
    assert_eq!(
        dora_of(&[10, 20, 30, 100], "changes, lead_time_median"),
        ["4|1 day 01:00:00"]
    );
}

#[test]
fn a1b_a_median_of_two_is_their_mean() {
    assert_eq!(
        dora_of(&[2, 30], "changes, lead_time_median"),
        ["2|16:00:00"]
    );
}

#[test]
fn a2_no_data_is_null() {
    let mut examples = Examples::new();
    lead_times(&mut examples, "acme/api", &[5]);
    examples.compute();
    assert_eq!(
        examples.dora(
            "deployments, changes, lead_time_median, lead_time_p90, change_failure_rate, change_failure_rate_low,
             recovery_time_median, time_to_restore_median, rework_rate, success_rate, lead_time_coverage, band",
            "07-01 00:00",
            "08-01 00:00",
            ""
        ),
        ["0|0|-|-|-|-|-|-|-|-|-|-"]
    );
}

#[test]
fn a3_equal_values_are_their_own_median() {
    assert_eq!(
        dora_of(&[5, 5, 5, 9], "changes, lead_time_median"),
        ["4|05:00:00"]
    );
}

#[test]
fn a4_one_slow_change_does_not_move_the_median() {
    assert_eq!(
        dora_of(&[1, 1, 1, 1, 96], "changes, lead_time_median"),
        ["5|01:00:00"]
    );
}

#[test]
fn a5_the_median_of_a_period_is_not_one_of_weekly_medians() {
    let mut examples = Examples::new();
    let repository = "acme/api";
    examples.commits(repository, &["m0", "m1 m0", "m2 m1", "m3 m2", "m4 m3"]);
    examples.deployment(repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
    for (number, authored) in [
        (1, "06-03 11:00"),
        (2, "06-03 10:00"),
        (3, "06-03 09:00"),
        (4, "06-10 02:00"),
    ] {
        let sha = format!("m{number}");
        examples.pull_request(merged(repository, number, authored, &sha, authored));
    }
    examples.deployment(repository, 2, "m3", &[("SUCCESS", "06-03 12:00")]);
    examples.deployment(repository, 3, "m4", &[("SUCCESS", "06-10 12:00")]);
    examples.compute();
    let fortnight = |examples: &mut Examples, more| {
        examples.dora(
            "changes, lead_time_median",
            "06-01 00:00",
            "06-15 00:00",
            more,
        )
    };
    assert_eq!(fortnight(&mut examples, ""), ["4|02:30:00"]);
    assert_eq!(
        fortnight(&mut examples, ", bucket => 'week'"),
        ["3|02:00:00", "1|10:00:00"]
    );
}

#[test]
fn a6_medians_of_stages_do_not_add_up() {
    let mut examples = Examples::new();
    let repository = "acme/api";
    examples.commits(repository, &["m0", "m1 m0", "m2 m1", "m3 m2"]);
    examples.deployment(repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
    for (number, opened, approved) in [(1, 1, 2), (2, 2, 12), (3, 9, 11)] {
        let hour = |hour: i64| format!("06-0{number} {hour:02}:00");
        let sha = format!("m{number}");
        examples.pull_request(
            PullRequest::new(repository, number, &hour(opened))
                .commit(&format!("{sha} own"), &hour(0))
                .review("bob", "COMMENTED", &hour(opened))
                .review("bob", "APPROVED", &hour(approved))
                .merged(&sha, &hour(approved)),
        );
        examples.deployment(
            repository,
            1 + number,
            &sha,
            &[("SUCCESS", &hour(approved))],
        );
    }
    examples.compute();
    assert_eq!(
        examples.changes(repository, "coding, review, lead_time"),
        [
            "01:00:00|01:00:00|02:00:00",
            "02:00:00|10:00:00|12:00:00",
            "09:00:00|02:00:00|11:00:00"
        ]
    );
    assert_eq!(
        examples.db.lines("SELECT diogen.median(coding), diogen.median(review), diogen.median(lead_time) FROM diogen_gold.changes"),
        ["02:00:00|02:00:00|11:00:00"]
    );
    assert_eq!(june(&mut examples, "lead_time_median", ""), ["11:00:00"]);
}

#[test]
fn a7_what_is_not_deployed_has_no_deploy_stage() {
    let mut examples = Examples::new();
    let repository = "acme/api";
    examples.commits(repository, &["m0", "m1 m0", "m2 m1"]);
    examples.deployment(repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
    examples.pull_request(merged(repository, 1, "06-01 09:00", "m1", "06-01 10:00"));
    examples.deployment(repository, 2, "m1", &[("SUCCESS", "06-01 20:00")]);
    examples.pull_request(merged(repository, 2, "06-02 09:00", "m2", "06-02 10:00"));
    examples.compute();
    assert_eq!(
        examples.db.lines(
            "SELECT diogen.median(deploy), count(deploy), diogen.median(lead_time) FROM diogen_gold.changes"
        ),
        ["10:00:00|1|11:00:00"]
    );
    assert_eq!(
        june(
            &mut examples,
            "changes, lead_time_median, unshipped_changes, lead_time_coverage",
            ""
        ),
        ["1|11:00:00|1|0.5"]
    );
    // Merged, and nothing shipped: a coverage of zero, which is known.
    assert_eq!(
        examples.dora(
            "changes, lead_time_median, lead_time_coverage",
            "06-02 00:00",
            "06-03 00:00",
            ""
        ),
        ["0|-|0"]
    );
}

#[test]
fn a8_a_percentile_lies_between_two_values() {
    let mut examples = Examples::new();
    lead_times(&mut examples, "acme/api", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    examples.compute();
    assert_eq!(june(&mut examples, "lead_time_p90", ""), ["09:06:00"]);
    assert_eq!(
        examples
            .db
            .lines("SELECT diogen.percentile(lead_time, 0.85) FROM diogen_gold.changes"),
        ["08:39:00"]
    );
}

#[test]
fn a9_the_median_of_all_teams_is_one_of_facts() {
    let mut examples = Examples::new();
    lead_times(&mut examples, "acme/small", &[4]);
    lead_times(&mut examples, "acme/large", &[8; 99]);
    examples.db.run(
        "INSERT INTO diogen.teams (team) VALUES ('small'), ('large');
         INSERT INTO diogen.services (service, repository, team)
         VALUES ('one', 'acme/small', 'small'), ('other', 'acme/large', 'large')",
    );
    examples.compute();
    let medians = "name, changes, lead_time_median";
    assert_eq!(june(&mut examples, medians, ""), ["-|100|08:00:00"]);
    assert_eq!(
        june(&mut examples, medians, ", by => 'team'"),
        ["large|99|08:00:00", "small|1|04:00:00"]
    );
}

#[test]
fn a10_a_rate_of_few_is_uncertain() {
    let mut examples = Examples::new();
    for (failed, all) in [(1, 4), (0, 3), (4, 23), (5, 100)] {
        let repository = format!("acme/{failed}-of-{all}");
        let first = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        for number in 0..all {
            let day = (first + Days::new(number)).format("%m-%d").to_string();
            let done = format!("{day} 10:00");
            examples.deployment(&repository, number as i64, "m1", &[("SUCCESS", &done)]);
            if number < failed {
                examples.ingest(
                    "incidents",
                    &json!({
                        "incident_id": format!("{repository} {number}"), "service": repository,
                        "deployment_id": number, "opened_at": at(&format!("{day} 11:00")),
                    }),
                );
            }
        }
    }
    examples.compute();
    let percent = |column: &str| format!("round(({column} * 100)::numeric, 1)");
    let columns = format!(
        "name, failed_deployments, {}, {}, {}, 'only ' || deployments || ' deployments' = ANY (notes)",
        percent("change_failure_rate"),
        percent("change_failure_rate_low"),
        percent("change_failure_rate_high")
    );
    assert_eq!(
        examples.dora(&columns, "03-01 00:00", JUNE[1], ", by => 'service'"),
        [
            "acme/0-of-3|0|0.0|0.0|56.1|t",
            "acme/1-of-4|1|25.0|4.6|69.9|t",
            "acme/4-of-23|4|17.4|7.0|37.1|f",
            "acme/5-of-100|5|5.0|2.2|11.2|f"
        ]
    );
}

#[test]
fn a11_parts_are_combined_by_their_facts() {
    let mut examples = Examples::new();
    lead_times(&mut examples, "acme/one", &[10, 20]);
    lead_times(&mut examples, "acme/other", &[30, 100]);
    examples.compute();
    let median = "lead_time_median";
    assert_eq!(june(&mut examples, median, ""), ["1 day 01:00:00"]);
    assert_eq!(
        june(&mut examples, median, ", by => 'service'"),
        ["15:00:00", "2 days 17:00:00"]
    );
}

#[test]
fn a12_durations_are_intervals_and_exact() {
    let mut examples = Examples::new();
    lead_times(&mut examples, "acme/hours", &[10, 20, 30, 100]);
    let repository = "acme/seconds";
    examples.commits(repository, &["m0", "m1 m0", "m2 m1"]);
    examples.deployment(repository, 1, "m0", &[("SUCCESS", "05-01 00:00")]);
    for (number, sha, authored) in [(1, "m1", "06-02 09:59:50"), (2, "m2", "06-02 09:59:49")] {
        examples.pull_request(merged(repository, number, authored, sha, authored));
    }
    examples.deployment(repository, 2, "m2", &[("SUCCESS", "06-02 10:00")]);
    examples.compute();
    let of = |examples: &mut Examples, columns: &str, repository: &str| {
        june(
            examples,
            columns,
            &format!(", repository => '{repository}'"),
        )
    };
    assert_eq!(
        of(
            &mut examples,
            "pg_typeof(lead_time_median), lead_time_median = '25:00:00'",
            "acme/hours"
        ),
        ["interval|t"]
    );
    assert_eq!(
        of(&mut examples, "lead_time_median", repository),
        ["00:00:10.5"]
    );
}

#[test]
fn an_infinite_range_is_that_of_all_facts() {
    let mut examples = Examples::new();
    lead_times(&mut examples, "acme/api", &[1, 2, 3]);
    examples.compute();
    assert_eq!(
        examples.db.lines(
            "SELECT deployments, changes, bucket_start FROM diogen.dora('-infinity', 'infinity')"
        ),
        ["2|3|2026-05-01 00:00:00+00"]
    );
}
