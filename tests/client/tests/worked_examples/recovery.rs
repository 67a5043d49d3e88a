//! How long failures lasted, by deployments and by incidents.

use crate::history::{Examples, merged};
use crate::outages::{Ticket, closed, issue};
use serde_json::json;

const RECOVERY: &str = "recoveries, recovery_time_median, open_failures, time_to_restore_median";

#[test]
fn d7_an_open_incident_is_a_failure_without_a_recovery() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["06-01 10:00", "06-02 10:00", "06-03 10:00"]);
    let more = json!({"service": "acme/api"});
    examples.incident("i1", "06-01 11:00", Some("06-01 12:00"), more.clone());
    examples.incident("i2", "06-02 11:00", None, more.clone());
    examples.incident("i3", "06-02 12:00", None, more);
    examples.compute();
    assert_eq!(
        examples.june(&format!("failed_deployments, {RECOVERY}"), ""),
        ["2|1|02:00:00|1|01:00:00"]
    );
    assert_eq!(
        examples.june(
            "open_incidents, open_incident_age = now() - '2026-06-02 11:00+00'::timestamptz",
            ""
        ),
        ["2|t"]
    );
    assert_eq!(
        examples.deployments("acme/api", "failed, recovered_at, recovery_time"),
        ["t|2026-06-01 12:00:00+00|02:00:00", "t|-|-", "f|-|-"]
    );
    // It is over when all are.
    let more = json!({"service": "acme/api"});
    examples.incident("i3", "06-02 12:00", Some("06-02 13:00"), more.clone());
    examples.compute();
    assert_eq!(examples.june(RECOVERY, ""), ["1|02:00:00|1|01:00:00"]);
    examples.incident("i2", "06-02 11:00", Some("06-02 14:00"), more);
    examples.compute();
    assert_eq!(examples.june(RECOVERY, ""), ["2|03:00:00|0|01:00:00"]);
    assert_eq!(
        examples.june("open_incidents, open_incident_age", ""),
        ["0|-"]
    );
}

#[test]
fn d8_recovery_runs_from_the_deployment_and_restoring_from_the_incident() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["06-01 10:00"]);
    let more = json!({"service": "acme/api"});
    examples.incident("i1", "06-01 11:00", Some("06-01 13:00"), more);
    examples.compute();
    assert_eq!(examples.june(RECOVERY, ""), ["1|03:00:00|0|02:00:00"]);
    assert_eq!(
        examples.deployments("acme/api", "recovery_time"),
        ["03:00:00"]
    );
    assert_eq!(
        examples.incidents("restore_time, active_time"),
        ["02:00:00|02:00:00"]
    );
}

#[test]
fn d9_a_failure_is_over_with_the_rollback_or_fix() {
    let mut examples = Examples::new();
    let rolled_back = "acme/rollback";
    examples.deploy(rolled_back, &["06-01 10:00", "06-02 10:00"]);
    examples.deployment(rolled_back, 3, "m1", &[("SUCCESS", "06-02 10:40")]);
    let fixed = "acme/hotfix";
    examples.deploy(
        fixed,
        &["06-01 10:00", "06-02 10:00", "06-02 10:05", "06-02 10:30"],
    );
    // A hotfix that was deployed before anything was wrong mends nothing.
    for (number, sha, time) in [(3, "m3", "06-02 10:01"), (4, "m4", "06-02 10:25")] {
        let mut pull_request = merged(fixed, number, time, sha, time);
        pull_request.0["headRefName"] = json!(format!("hotfix/{number}"));
        examples.pull_request(pull_request);
    }
    for (service, deployment) in [(rolled_back, 2), (fixed, 2)] {
        let more = json!({"service": service, "deployment_id": deployment, "repository": service});
        examples.incident(service, "06-02 10:10", Some("06-03 10:00"), more);
    }
    examples.compute();
    let columns = "failed, recovery_time, unplanned";
    assert_eq!(
        examples.deployments(rolled_back, columns),
        ["f|-|f", "t|00:40:00|f", "f|-|t"]
    );
    assert_eq!(
        examples.deployments(fixed, columns),
        ["f|-|f", "t|00:30:00|f", "f|-|t", "f|-|t"]
    );
    assert_eq!(
        examples.june(&format!("name, {RECOVERY}"), ", by => 'service'"),
        [
            "acme/hotfix|1|00:30:00|0|23:50:00",
            "acme/rollback|1|00:40:00|0|23:50:00"
        ]
    );
}

#[test]
fn d10_what_is_reopened_ends_with_its_last_resolution() {
    let mut examples = Examples::new();
    examples.with_jira();
    examples.service("checkout", "acme/api", "");
    examples.deploy("acme/api", &["06-01 10:00"]);
    let resolved = Ticket::new("OPS-1", "06-01 11:00")
        .incident()
        .label("checkout")
        .becomes("9", "06-01 12:00");
    examples.ticket(&resolved);
    examples.compute();
    let columns = "restore_time, active_time, resolved_at";
    assert_eq!(
        examples.incidents(columns),
        ["01:00:00|01:00:00|2026-06-01 12:00:00+00"]
    );
    let reopened = resolved.becomes("3", "06-01 13:00");
    examples.ticket(&reopened);
    examples.compute();
    assert_eq!(examples.incidents(columns), ["-|-|-"]);
    assert_eq!(examples.june(RECOVERY, ""), ["0|-|1|-"]);
    examples.ticket(&reopened.becomes("9", "06-01 15:00"));
    examples.compute();
    assert_eq!(
        examples.incidents(columns),
        ["04:00:00|03:00:00|2026-06-01 15:00:00+00"]
    );
    assert_eq!(examples.june(RECOVERY, ""), ["1|05:00:00|0|04:00:00"]);
    examples.assert_rebuild_changes_nothing("a reopened issue");
}

/// An issue of GitHub tells when it was closed the last time, not that it was before.
#[test]
fn d10_github_tells_the_last_resolution() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["06-01 10:00"]);
    let outage = |more| issue("acme/api", 1, "06-01 11:00", more);
    let reopened = json!({"stateReason": "REOPENED", "updatedAt": "2026-06-01T13:00:00Z"});
    for (document, expected) in [
        (
            outage(closed("06-01 12:00", "COMPLETED")),
            "01:00:00|2026-06-01 12:00:00+00",
        ),
        (outage(reopened), "-|-"),
        (
            outage(closed("06-01 15:00", "COMPLETED")),
            "04:00:00|2026-06-01 15:00:00+00",
        ),
    ] {
        examples.ingest("issues", &document);
        examples.compute();
        assert_eq!(examples.incidents("restore_time, resolved_at"), [expected]);
    }
    assert_eq!(examples.june(RECOVERY, ""), ["1|05:00:00|0|04:00:00"]);
}

/// Alerts of one rule, as Alertmanager fires them; times are minutes and seconds after ten.
fn alerts(examples: &mut Examples) {
    for (id, from, to) in [
        ("f1", "00:00", "02:00"),
        ("f2", "03:00", "05:00"),
        ("f3", "06:00", "30:00"),
    ] {
        let more = json!({
            "service": "api", "title": "HighErrorRate", "origin": "alertmanager",
            "opened_at": format!("2026-06-01T10:{from}Z"), "resolved_at": format!("2026-06-01T10:{to}Z"),
        });
        examples.incident(id, "06-01 10:00", None, more);
    }
}

#[test]
fn d16_alerts_shortly_after_one_another_are_one_incident() {
    let mut examples = Examples::new();
    examples.service("api", "acme/api", "");
    examples.deploy("acme/api", &["06-01 09:00"]);
    alerts(&mut examples);
    // Another alert is another incident.
    let more = json!({"service": "api", "title": "DiskFull"});
    examples.incident("f4", "06-01 10:01", Some("06-01 10:31"), more);
    examples.compute();
    assert_eq!(
        examples.incidents("incident_id, merged_into, restore_time, active_time"),
        [
            "f1|-|00:30:00|00:28:00",
            "f2|f1|-|-",
            "f3|f1|-|-",
            "f4|-|00:30:00|00:30:00"
        ]
    );
    assert_eq!(examples.june(RECOVERY, ""), ["1|01:31:00|0|00:30:00"]);
}

#[test]
fn d16b_alerts_after_a_longer_gap_are_incidents_of_their_own() {
    let mut examples = Examples::new();
    examples.service("api", "acme/api", "merge_incidents_within = '30 seconds'");
    examples.deploy("acme/api", &["06-01 09:00"]);
    alerts(&mut examples);
    examples.compute();
    assert_eq!(
        examples.incidents("incident_id, merged_into, restore_time"),
        ["f1|-|00:02:00", "f2|-|00:02:00", "f3|-|00:24:00"]
    );
    assert_eq!(examples.june(RECOVERY, ""), ["1|01:30:00|0|00:02:00"]);
}

/// How long an outage was not resolved is known once Jira's statuses are.
#[test]
fn statuses_that_come_later_tell_the_active_time() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["06-01 10:00"]);
    examples.jira_source();
    examples.service("checkout", "acme/api", "");
    let ticket = Ticket::new("OPS-1", "06-01 11:00")
        .incident()
        .label("checkout")
        .becomes("9", "06-01 12:00")
        .becomes("1", "06-01 13:00")
        .becomes("9", "06-01 15:00");
    examples.ticket(&ticket);
    examples.compute();
    assert_eq!(
        examples.incidents("restore_time, active_time"),
        ["04:00:00|04:00:00"]
    );
    examples.jira_statuses();
    examples.compute();
    assert_eq!(
        examples.incidents("restore_time, active_time"),
        ["04:00:00|03:00:00"]
    );
    examples.assert_rebuild_changes_nothing("statuses came later");
}
