//! Frequencies and medians.

use crate::history::{Examples, merged};

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
