//! Which deployments failed or were unplanned, and the rates of them.

use crate::history::{Examples, merged};
use serde_json::json;

const RATE: &str = "deployments, failed_deployments, round(change_failure_rate::numeric, 3)";
const LINK: &str = "incident_id, service, deployment_id, link, reason";

#[test]
fn d1_two_incidents_of_one_deployment_are_one_failure() {
    let mut examples = Examples::new();
    let times = ["06-01 12:00", "06-02 12:00", "06-03 12:00", "06-04 12:00"];
    examples.deploy("acme/api", &times);
    for (id, opened) in [("i1", "06-02 13:00"), ("i2", "06-02 14:00")] {
        examples.incident(id, opened, None, json!({"service": "acme/api"}));
    }
    examples.compute();
    assert_eq!(examples.june(RATE, ""), ["4|1|0.250"]);
    assert_eq!(
        examples.incidents(LINK),
        ["i1|acme/api|2|latest|-", "i2|acme/api|2|latest|-"]
    );
    assert_eq!(
        examples.deployments("acme/api", "failed, failure_reasons"),
        ["f|-", "t|{incident}", "f|-", "f|-"]
    );
}

#[test]
fn d2_failures_are_distinct_deployments() {
    let mut examples = Examples::new();
    let times: Vec<_> = (1..=23).map(|day| format!("06-{day:02} 12:00")).collect();
    examples.deploy(
        "acme/api",
        &times.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    for (number, day) in [3, 3, 8, 15, 15, 23].into_iter().enumerate() {
        let opened = format!("06-{day:02} {}:00", 13 + number);
        examples.incident(
            &format!("i{number}"),
            &opened,
            None,
            json!({"service": "acme/api"}),
        );
    }
    examples.compute();
    assert_eq!(examples.june(RATE, ""), ["23|4|0.174"]);
    assert_eq!(
        examples.june(
            "change_failure_rate = 4 / 23.0::float8, open_failures, open_incidents",
            ""
        ),
        ["t|4|6"]
    );
}

#[test]
fn d3_an_incident_before_any_deployment_is_due_to_none() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["06-02 12:00"]);
    examples.incident("i1", "06-02 11:00", None, json!({"service": "acme/api"}));
    examples.compute();
    assert_eq!(examples.june(RATE, ""), ["1|0|0.000"]);
    assert_eq!(examples.june("unattributed_incidents", ""), ["1"]);
    assert_eq!(
        examples.incidents(LINK),
        ["i1|acme/api|-|-|no_deployment_before"]
    );
}

#[test]
fn d4_an_incident_long_after_is_due_to_none() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["06-03 09:00"]);
    for (id, opened) in [
        ("i1", "06-10 09:00"),
        ("i2", "06-10 09:01"),
        ("i3", "06-20 12:00"),
    ] {
        examples.incident(id, opened, None, json!({"service": "acme/api"}));
    }
    examples.compute();
    assert_eq!(
        examples.incidents(LINK),
        [
            "i1|acme/api|1|latest|-",
            "i2|acme/api|-|-|too_long_after",
            "i3|acme/api|-|-|too_long_after"
        ]
    );
    assert_eq!(examples.june("unattributed_incidents", ""), ["2"]);

    // How long is for the service to say.
    examples.service("api", "acme/api", "link_incidents_for = '30 days'");
    examples.rebuild();
    // The records name a service that there is not any more.
    assert_eq!(examples.june("unattributed_incidents", ""), ["3"]);
    for (id, opened) in [
        ("i1", "06-10 09:00"),
        ("i2", "06-10 09:01"),
        ("i3", "06-20 12:00"),
    ] {
        examples.incident(id, opened, None, json!({"service": "api"}));
    }
    examples.compute();
    assert_eq!(
        examples.incidents(LINK),
        [
            "i1|api|1|latest|-",
            "i2|api|1|latest|-",
            "i3|api|1|latest|-"
        ]
    );
}

#[test]
fn d5_a_failed_run_is_no_failure_unless_the_service_says_so() {
    let mut examples = Examples::new();
    examples.commits("acme/api", &["m1"]);
    for (id, state, time) in [
        (1, "SUCCESS", "06-01 12:00"),
        (2, "FAILURE", "06-02 12:00"),
        (3, "SUCCESS", "06-02 13:00"),
        (4, "SUCCESS", "06-03 12:00"),
    ] {
        examples.deployment("acme/api", id, "m1", &[(state, time)]);
    }
    examples.compute();
    let columns = format!("{RATE}, attempted_deployments, success_rate");
    assert_eq!(examples.june(&columns, ""), ["3|0|0.000|4|0.75"]);
    assert_eq!(
        examples.deployments("acme/api", "failed"),
        ["f", "-", "f", "f"]
    );
    examples.service("api", "acme/api", "count_failed_runs = 'true'");
    examples.rebuild();
    assert_eq!(examples.june(&columns, ""), ["3|1|0.250|4|0.75"]);
    assert_eq!(
        examples.deployments("acme/api", "failed, failure_reasons, recovery_time"),
        ["f|-|-", "t|{failed_run}|01:00:00", "f|-|-", "f|-|-"]
    );
}

#[test]
fn d6_a_failure_belongs_to_the_month_of_its_deployment() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["06-30 23:00"]);
    examples.compute();
    assert_eq!(examples.june(RATE, ""), ["1|0|0.000"]);
    examples.incident(
        "i1",
        "07-01 01:00",
        Some("07-01 02:00"),
        json!({"service": "acme/api"}),
    );
    examples.compute();
    assert_eq!(examples.june(RATE, ""), ["1|1|1.000"]);
    assert_eq!(
        examples.dora(RATE, "07-01 00:00", "08-01 00:00", ""),
        ["0|0|-"]
    );
    // The recovery is one of the deployment, the time to restore one of the incident.
    let recovery = "recoveries, recovery_time_median, time_to_restore_median";
    assert_eq!(examples.june(recovery, ""), ["1|03:00:00|-"]);
    assert_eq!(
        examples.dora(recovery, "07-01 00:00", "08-01 00:00", ""),
        ["0|-|01:00:00"]
    );

    // A rate is provisional as long as an incident may still be due to the latest deployment.
    for (repository, age) in [
        ("acme/new", "6 days 23 hours"),
        ("acme/old", "7 days 1 hour"),
    ] {
        let finished = examples.db.value(&format!(
            "SELECT to_char((now() - interval '{age}') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        ));
        examples.ingest(
            "deployments",
            &json!({
                "repository": {"nameWithOwner": repository}, "databaseId": 1, "commitOid": "m1",
                "environment": "production", "createdAt": finished,
                "statuses": {"nodes": [{"state": "SUCCESS", "createdAt": finished}]},
            }),
        );
    }
    examples.compute();
    assert_eq!(
        examples.db.lines(
            "SELECT name, is_provisional FROM diogen.dora(now() - interval '20 days', now(), by => 'repository')
             WHERE name <> 'acme/api' ORDER BY 1"
        ),
        ["acme/new|t", "acme/old|f"]
    );
}

/// Ten deployments of one pull request each; labels and titles of some of them.
fn ten(examples: &mut Examples, of_some: &[(i64, &str, &str)]) {
    examples.commits("acme/api", &["m0"]);
    examples.deployment("acme/api", 100, "m0", &[("SUCCESS", "05-31 12:00")]);
    for number in 1..=10 {
        let (sha, time) = (format!("m{number}"), format!("06-{number:02} 12:00"));
        examples.commits("acme/api", &[&format!("{sha} m{}", number - 1)]);
        let mut pull_request = merged("acme/api", number, &time, &sha, &time);
        pull_request.0["title"] = json!(format!("Change {number}"));
        for (_, label, title) in of_some.iter().filter(|it| it.0 == number) {
            pull_request.0["labels"] = json!({"nodes": [{"name": label}]});
            pull_request.0["title"] = json!(title);
        }
        examples.pull_request(pull_request);
        let finished = format!("06-{number:02} 13:00");
        examples.deployment("acme/api", number, &sha, &[("SUCCESS", &finished)]);
    }
    examples.compute();
}

#[test]
fn d13_unplanned_deployments_are_counted_once() {
    let mut examples = Examples::new();
    ten(
        &mut examples,
        &[
            (4, "hotfix", "Fix it"),
            (7, "Hotfix", "Revert \"Change 6\""),
        ],
    );
    assert_eq!(
        examples.june("deployments, unplanned_deployments, rework_rate, failed_deployments, change_failure_rate", ""),
        ["10|2|0.2|1|0.1"]
    );
    assert_eq!(
        examples.db.lines(
            "SELECT deployment_id, unplanned_reasons, failure_reasons FROM diogen_gold.deployments
             WHERE unplanned OR failed ORDER BY finished_at"
        ),
        ["4|{hotfix}|-", "6|-|{revert}", "7|{hotfix,revert}|-"]
    );
}

#[test]
fn d13b_a_planned_fix_of_a_bug_is_no_rework() {
    let mut examples = Examples::new();
    ten(&mut examples, &[(4, "bug", "Fix it")]);
    assert_eq!(
        examples.june("deployments, unplanned_deployments, rework_rate", ""),
        ["10|0|0"]
    );
}

#[test]
fn d14_a_rollback_is_unplanned_and_tells_of_a_failure() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["05-31 10:00", "06-02 10:00"]);
    examples.deployment("acme/api", 3, "m1", &[("SUCCESS", "06-02 10:40")]);
    examples.compute();
    assert_eq!(
        examples.june(&format!("{RATE}, unplanned_deployments, rework_rate"), ""),
        ["2|1|0.500|1|0.5"]
    );
    assert_eq!(
        examples.deployments(
            "acme/api",
            "failed, failure_reasons, recovery_time, unplanned, unplanned_reasons"
        ),
        [
            "f|-|-|f|-",
            "t|{rollback}|00:40:00|f|-",
            "f|-|-|t|{rollback}"
        ]
    );
}

#[test]
fn d15_no_deployments_have_no_rates() {
    let mut examples = Examples::new();
    let columns = "deployments, change_failure_rate, change_failure_rate_low, rework_rate, success_rate, recovery_time_median, time_to_restore_median";
    assert_eq!(examples.june(columns, ""), ["0|-|-|-|-|-|-"]);
    examples.deploy("acme/api", &["05-31 10:00"]);
    examples.compute();
    assert_eq!(examples.june(columns, ""), ["0|-|-|-|-|-|-"]);
}

#[test]
fn d22_services_of_one_deployment_fail_each_and_together_once() {
    let mut examples = Examples::new();
    examples.service("a", "acme/mono", "paths = '{a/**}'");
    examples.service("b", "acme/mono", "paths = '{b/**}'");
    examples.deploy("acme/mono", &["06-01 10:00", "06-02 10:00"]);
    examples.incident(
        "i1",
        "06-02 11:00",
        Some("06-02 12:00"),
        json!({"repository": "acme/mono"}),
    );
    examples.incident("i2", "06-02 13:00", None, json!({"service": "B"}));
    examples.compute();
    assert_eq!(
        examples.incidents(LINK),
        ["i1|a|2|latest|-", "i1|b|2|latest|-", "i2|b|2|latest|-"]
    );
    let columns = "name, deployments, failed_deployments, recoveries, open_failures, time_to_restore_median, open_incidents";
    assert_eq!(
        examples.june(columns, ", by => 'service'"),
        ["a|2|1|1|0|01:00:00|0", "b|2|1|0|1|01:00:00|1"]
    );
    // As long as it is not over for one of them, it is not over.
    assert_eq!(examples.june(columns, ""), ["-|2|1|0|1|01:00:00|1"]);
    examples.assert_rebuild_changes_nothing("two services");
}
