//! What is an incident, and what it is due to.

use crate::history::{Examples, merged};
use crate::outages::{Ticket, closed, issue};
use client::bury;
use serde_json::json;

const LINK: &str = "incident_id, service, deployment_id, link, reason";

#[test]
fn d11_an_incident_that_names_another_is_a_part_of_it() {
    let mut examples = Examples::new();
    examples.with_jira();
    examples.service("checkout", "acme/api", "");
    examples.deploy("acme/api", &["06-01 10:00"]);
    examples.ticket(
        &Ticket::new("OPS-7", "06-01 11:05")
            .incident()
            .label("service:checkout")
            .resolved("Done", "06-01 12:30"),
    );
    examples.incident(
        "Q1ABC",
        "06-01 11:00",
        Some("06-01 12:00"),
        json!({"service": "checkout", "title": "[OPS-7] Checkout is down", "origin": "pagerduty"}),
    );
    // A number is no name.
    examples.incident(
        "5",
        "06-01 13:00",
        Some("06-01 13:30"),
        json!({"service": "checkout", "title": "Disk is full"}),
    );
    examples.incident(
        "Q2ABC",
        "06-01 14:00",
        Some("06-01 14:10"),
        json!({"service": "checkout", "title": "5 hosts are gone"}),
    );
    examples.compute();
    assert_eq!(
        examples.incidents("source, incident_id, deployment_id, merged_into, restore_time"),
        [
            "acme|5|1|-|00:30:00",
            "jira|OPS-7|1|-|01:30:00",
            "acme|Q1ABC|-|OPS-7|-",
            "acme|Q2ABC|1|-|00:10:00"
        ]
    );
    // Three outages, the middle one of half an hour.
    assert_eq!(
        examples.june("failed_deployments, recoveries, time_to_restore_median, open_incidents, unattributed_incidents", ""),
        ["1|1|00:30:00|0|0"]
    );
    examples.assert_rebuild_changes_nothing("two of one outage");
}

#[test]
fn d12_an_incident_is_due_to_a_deployment_of_its_own_service() {
    let mut examples = Examples::new();
    examples.deploy("acme/a", &["06-01 11:55"]);
    examples.deploy("acme/b", &["06-01 11:00"]);
    examples.incident("i1", "06-01 12:00", None, json!({"service": "acme/b"}));
    examples.compute();
    assert_eq!(examples.incidents(LINK), ["i1|acme/b|1|latest|-"]);
    assert_eq!(
        examples.june("name, failed_deployments", ", by => 'service'"),
        ["acme/a|0", "acme/b|1"]
    );
}

#[test]
fn d21_a_deployment_in_progress_is_to_blame_where_the_service_says_so() {
    let mut examples = Examples::new();
    examples.commits("acme/api", &["m1"]);
    let statuses = [("IN_PROGRESS", "06-01 09:50"), ("SUCCESS", "06-01 10:00")];
    examples.deployment("acme/api", 1, "m1", &statuses);
    examples.service("api", "acme/api", "link_incidents_from = 'finished'");
    examples.incident(
        "i1",
        "06-01 09:59",
        Some("06-01 10:30"),
        json!({"service": "api"}),
    );
    examples.compute();
    assert_eq!(
        examples.incidents(LINK),
        ["i1|api|-|-|no_deployment_before"]
    );
    examples
        .db
        .run("UPDATE diogen.services SET link_incidents_from = 'started'");
    examples.rebuild();
    assert_eq!(examples.incidents(LINK), ["i1|api|1|latest|-"]);
    assert_eq!(
        examples.deployments("acme/api", "recovery_time"),
        ["00:30:00"]
    );
    // One that was over before the deployment had finished takes no time.
    examples.incident(
        "i1",
        "06-01 09:55",
        Some("06-01 09:58"),
        json!({"service": "api"}),
    );
    examples.compute();
    assert_eq!(
        examples.deployments("acme/api", "recovery_time"),
        ["00:00:00"]
    );
}

#[test]
fn d23_what_was_no_incident_does_not_count() {
    let mut examples = Examples::new();
    examples.with_jira();
    examples.service("checkout", "acme/api", "");
    examples.deploy("acme/api", &["06-01 10:00"]);
    let time = "06-01 11:00";
    for (id, resolution) in [
        ("i1", "false alarm"),
        ("i2", "Duplicate"),
        ("i3", "not a bug"),
        ("i4", "fixed"),
    ] {
        let more = json!({"service": "checkout", "resolution": resolution});
        examples.incident(id, time, Some("06-01 12:00"), more);
    }
    for (number, reason) in [(5, "NOT_PLANNED"), (6, "DUPLICATE"), (7, "COMPLETED")] {
        let document = issue("acme/api", number, time, closed("06-01 12:00", reason));
        examples.ingest("issues", &document);
    }
    let labels = json!({"labels": {"nodes": [{"name": "incident"}, {"name": "invalid"}]}});
    examples.ingest("issues", &issue("acme/api", 8, time, labels));
    for (number, resolution) in [
        (1, "Duplicate"),
        (2, "Not a Bug"),
        (3, "Won't Do"),
        (4, "Done"),
    ] {
        let ticket = Ticket::new(&format!("OPS-{number}"), time)
            .incident()
            .label("checkout");
        examples.ticket(&ticket.resolved(resolution, "06-01 12:00"));
    }
    examples.compute();
    assert_eq!(
        examples.incidents("incident_id"),
        ["OPS-4", "acme/api#7", "i4"]
    );
}

#[test]
fn issues_are_incidents_by_type_label_or_priority() {
    let mut examples = Examples::new();
    examples.with_jira();
    examples.service("checkout", "acme/api", "");
    examples.deploy("acme/api", &["06-01 10:00"]);
    let ticket = |number: i64| Ticket::new(&format!("OPS-{number}"), "06-01 11:00");
    for ticket in [
        ticket(1),
        ticket(2).incident(),
        ticket(3).label("outage"),
        ticket(4)
            .with("priority", json!({"name": "Highest"}))
            .with("summary", json!("Nobody can pay")),
        ticket(5).with("summary", json!("[SEV1] all is lost")),
        Ticket::new("WEB-6", "06-01 11:00").with("priority", json!({"name": "Highest"})),
    ] {
        examples.ticket(&ticket);
    }
    examples.ingest("issues", &issue("acme/api", 1, "06-01 11:00", json!({})));
    let none = json!({"labels": {"nodes": [{"name": "question"}]}});
    examples.ingest("issues", &issue("acme/api", 2, "06-01 11:00", none));
    let bug = json!({"labels": {"nodes": []}, "issueType": {"name": "Outage"}});
    examples.ingest("issues", &issue("acme/api", 3, "06-01 11:00", bug));
    examples.compute();
    let rules = "incident_id, service, rule, origin, document";
    assert_eq!(
        examples.incidents(rules),
        [
            "OPS-2||type incident|issue|issues 102",
            "OPS-3||label incident|issue|issues 103",
            "acme/api#1|checkout|label incident|issue|issues acme/api#501",
            "acme/api#3|checkout|type incident|issue|issues acme/api#503",
        ]
    );
    examples.db.run(
        "INSERT INTO diogen.incident_rules (rule, source, project_pattern, priority_pattern, title_pattern, service, no_incident_pattern)
         VALUES ('urgent', 'jira', '^OPS$', '^highest$', NULL, 'checkout', NULL),
                ('severe', NULL, NULL, NULL, '^\\[sev1\\]', 'checkout', NULL),
                ('ours', 'jira', '^OPS$', NULL, 'checkout', 'checkout', '^moved$')",
    );
    examples.rebuild();
    assert_eq!(
        examples.incidents("incident_id, service, rule"),
        [
            "OPS-1|checkout|ours",
            "OPS-2|checkout|ours",
            "OPS-3|checkout|ours",
            "OPS-4|checkout|urgent",
            "OPS-5|checkout|severe",
            "acme/api#1|checkout|label incident",
            "acme/api#3|checkout|type incident",
        ]
    );
    // The first rule that matches says what was no incident; no other makes it one again.
    examples.ticket(&ticket(2).incident().resolved("Moved", "06-01 12:00"));
    examples.ticket(
        &ticket(3)
            .label("outage")
            .resolved("Duplicate", "06-01 12:00"),
    );
    examples.compute();
    assert_eq!(
        examples.incidents("incident_id || ' ' || rule")[..3],
        ["OPS-1 ours", "OPS-3 ours", "OPS-4 urgent"]
    );
}

#[test]
fn what_an_incident_names_is_to_blame() {
    let mut examples = Examples::new();
    examples.commits("acme/api", &["m1", "m2 m1", "m3 m2", "m4 m3"]);
    for number in 2..=4 {
        let sha = format!("m{number}");
        examples.pull_request(merged(
            "acme/api",
            number,
            "06-01 09:00",
            &sha,
            "06-01 09:30",
        ));
    }
    for (id, sha, time) in [
        (1, "m1", "06-01 10:00"),
        (2, "m3", "06-02 10:00"),
        (3, "m4", "06-03 10:00"),
        (4, "m4", "06-04 10:00"),
    ] {
        examples.deployment("acme/api", id, sha, &[("SUCCESS", time)]);
    }
    for (id, cause) in [
        ("i1 deployment", json!({"deployment_id": 2})),
        ("i2 commit", json!({"sha": "m2"})),
        ("i3 pull request", json!({"pull_request": 3})),
        ("i4 tip of the first", json!({"sha": "m1"})),
        ("i5 redeployed", json!({"sha": "m4"})),
        ("i6 unknown", json!({"deployment_id": 99})),
        // It is named, however long ago.
        (
            "i7 late",
            json!({"deployment_id": "1", "opened_at": "2026-06-20T00:00:00Z"}),
        ),
    ] {
        let mut cause = cause;
        cause["repository"] = json!("acme/api");
        examples.incident(id, "06-04 12:00", None, cause);
    }
    examples.compute();
    assert_eq!(
        examples.incidents("incident_id, deployment_id, link"),
        [
            "i1 deployment|2|named",
            "i2 commit|2|named",
            "i3 pull request|2|named",
            "i4 tip of the first|1|named",
            "i5 redeployed|3|named",
            "i6 unknown|4|latest",
            "i7 late|1|named"
        ]
    );
    assert_eq!(
        examples.deployments("acme/api", "failed"),
        ["t", "t", "t", "t"]
    );
}

#[test]
fn a_record_strikes_a_repository_of_whichever_source() {
    let mut examples = Examples::new();
    examples.with_jira();
    examples.deploy("acme/api", &["06-01 10:00"]);
    let record =
        json!({"incident_id": "i1", "opened_at": "2026-06-01T11:00:00Z", "repository": "acme/api"});
    examples.ingest_to("jira", "incidents", &record);
    examples.compute();
    assert_eq!(examples.incidents(LINK), ["i1|acme/api|1|latest|-"]);
    assert_eq!(
        examples.june(
            "failed_deployments, open_incidents, unattributed_incidents",
            ""
        ),
        ["1|1|0"]
    );
}

#[test]
fn an_incident_that_names_a_deployment_of_one_service_strikes_no_other() {
    let mut examples = Examples::new();
    for service in ["a", "b"] {
        examples.service(service, "acme/mono", &format!("paths = '{{{service}/**}}'"));
        examples.ingest(
            "deployment_records",
            &json!({
                "deployment_id": format!("{service}-1"), "repository": "acme/mono", "service": service, "sha": "m1",
                "finished_at": "2026-06-01T10:00:00Z",
            }),
        );
    }
    let cause = json!({"repository": "acme/mono", "deployment_id": "a-1"});
    examples.incident("i1", "06-01 11:00", None, cause);
    examples.compute();
    assert_eq!(
        examples.incidents(LINK),
        ["i1|a|a-1|named|-", "i1|b|-|-|other_service"]
    );
    assert_eq!(
        examples.june(
            "name, failed_deployments, open_incidents, unattributed_incidents",
            ", by => 'service'"
        ),
        ["a|1|1|0", "b|0|0|0"]
    );
}

#[test]
fn an_incident_of_an_unknown_service_is_unattributed() {
    let mut examples = Examples::new();
    examples.deploy("acme/api", &["06-01 10:00"]);
    examples.incident("i1", "06-01 11:00", None, json!({"service": "mail"}));
    examples.incident("i2", "06-01 11:00", Some("06-01 12:00"), json!({}));
    examples.compute();
    assert_eq!(
        examples.incidents(LINK),
        ["i1||-|-|no_service", "i2||-|-|no_service"]
    );
    let columns =
        "failed_deployments, open_incidents, time_to_restore_median, unattributed_incidents";
    assert_eq!(examples.june(columns, ""), ["0|1|01:00:00|2"]);
    assert_eq!(
        examples.june(columns, ", source => 'acme'"),
        ["0|1|01:00:00|2"]
    );
    assert_eq!(
        examples.june(&format!("name, {columns}"), ", by => 'service'"),
        ["acme/api|0|0|-|0"]
    );
    // The service is known after all.
    examples.service("mail", "acme/mail", "");
    examples.deploy("acme/mail", &["06-01 10:30"]);
    examples.compute();
    assert_eq!(
        examples.incidents(LINK),
        ["i1|mail|1|latest|-", "i2||-|-|no_service"]
    );
    assert_eq!(examples.june(columns, ""), ["1|1|01:00:00|1"]);
    examples.assert_rebuild_changes_nothing("a service that came later");
}

#[test]
fn step_by_step_is_what_all_at_once_is() {
    let mut examples = Examples::new();
    examples.with_jira();
    examples.service("checkout", "acme/api", "");
    examples.deploy("acme/api", &["06-01 10:00", "06-02 10:00", "06-03 10:00"]);
    examples.deploy("acme/web", &["06-02 10:00"]);
    examples.compute();
    let failures = |examples: &mut Examples, step: &str| {
        examples.compute();
        let rows = examples.db.lines(
            "SELECT i.incident_id || ' ' || coalesce(i.deployment_id, '-') || ' ' || coalesce(i.merged_into, coalesce(i.restore_time::text, 'open'))
             FROM diogen_gold.incidents i ORDER BY i.incident_id, i.service",
        );
        examples.assert_rebuild_changes_nothing(step);
        rows
    };
    let record = json!({"service": "checkout"});
    examples.incident("i1", "06-02 11:00", None, record.clone());
    assert_eq!(failures(&mut examples, "a record comes"), ["i1 2 open"]);
    examples.incident("i1", "06-02 11:00", Some("06-02 12:00"), record.clone());
    assert_eq!(failures(&mut examples, "it is resolved"), ["i1 2 01:00:00"]);
    examples.incident(
        "i1",
        "06-02 11:00",
        None,
        json!({"service": "checkout", "updated_at": "2026-06-02T13:00:00Z"}),
    );
    assert_eq!(failures(&mut examples, "it is reopened"), ["i1 2 open"]);
    examples.incident(
        "i1",
        "06-02 11:00",
        None,
        json!({"service": "acme/web", "updated_at": "2026-06-02T14:00:00Z"}),
    );
    assert_eq!(
        failures(&mut examples, "it struck another service"),
        ["i1 1 open"]
    );
    assert_eq!(
        examples.june("name, failed_deployments", ", by => 'service'"),
        ["acme/web|1", "checkout|0"]
    );

    let open = || Ticket::new("OPS-1", "06-03 11:00").label("incident");
    let rule = "INSERT INTO diogen.incident_rules (rule, source, label_pattern, service) VALUES ('ours', 'jira', '^incident$', 'checkout')";
    examples.db.run(rule);
    examples.ticket(&open());
    assert_eq!(
        failures(&mut examples, "an issue comes"),
        ["OPS-1 3 open", "i1 1 open"]
    );
    examples.ticket(&open().becomes("9", "06-03 12:00"));
    assert_eq!(
        failures(&mut examples, "it is resolved"),
        ["OPS-1 3 01:00:00", "i1 1 open"]
    );
    let reopened = || {
        open()
            .becomes("9", "06-03 12:00")
            .becomes("3", "06-03 13:00")
    };
    examples.ticket(&reopened());
    assert_eq!(
        failures(&mut examples, "it is reopened"),
        ["OPS-1 3 open", "i1 1 open"]
    );
    examples.incident(
        "i2",
        "06-03 10:30",
        None,
        json!({"service": "checkout", "title": "see OPS-1."}),
    );
    assert_eq!(
        failures(&mut examples, "a record names it"),
        ["OPS-1 3 open", "i1 1 open", "i2 - OPS-1"]
    );
    let elsewhere = reopened()
        .label("task")
        .with("updated", json!("2026-06-03T14:00:00Z"));
    examples.ticket(&elsewhere);
    assert_eq!(
        failures(&mut examples, "it is no incident any more"),
        ["i1 1 open", "i2 3 open"]
    );

    let outage = |more| issue("acme/api", 1, "06-03 11:00", more);
    examples.ingest("issues", &outage(json!({})));
    assert_eq!(
        failures(&mut examples, "an issue of GitHub comes"),
        ["acme/api#1 3 open", "i1 1 open", "i2 3 open"]
    );
    examples.ingest("issues", &outage(closed("06-03 12:00", "COMPLETED")));
    assert_eq!(
        failures(&mut examples, "it is closed")[0],
        "acme/api#1 3 01:00:00"
    );
    let mut unlabelled = closed("06-03 12:00", "COMPLETED");
    unlabelled["labels"] = json!({"nodes": []});
    unlabelled["updatedAt"] = json!("2026-06-03T15:00:00Z");
    examples.ingest("issues", &outage(unlabelled));
    assert_eq!(
        failures(&mut examples, "it loses its label"),
        ["i1 1 open", "i2 3 open"]
    );

    // A deployment that comes late, between the others, takes the blame over.
    examples.deployment("acme/api", 7, "m3", &[("SUCCESS", "06-03 10:20")]);
    assert_eq!(
        failures(&mut examples, "a deployment comes"),
        ["i1 1 open", "i2 7 open"]
    );
    examples
        .db
        .run(&bury("stream = 'incidents' AND key = 'i2'"));
    assert_eq!(failures(&mut examples, "a record is gone"), ["i1 1 open"]);
    examples.db.run(&bury("stream = 'incidents'"));
    assert!(failures(&mut examples, "all are gone").is_empty());
    assert_eq!(
        examples.june("deployments, failed_deployments, change_failure_rate", ""),
        ["5|0|0"]
    );
}
