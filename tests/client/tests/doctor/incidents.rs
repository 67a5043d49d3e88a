//! Incidents and failures.

use super::{Told, days_ago};

fn incident(told: &mut Told, id: &str, service: &str, days: f64) {
    let opened = days_ago(days);
    told.db.run(&format!(
        "SELECT diogen.ingest('acme', 'incidents', '{{\"incident_id\": \"{id}\", \"title\": \"{id} is down\",
             \"opened_at\": \"{opened}\"{service}}}')"
    ));
}

#[test]
fn incidents_of_which_nobody_knows_what_they_struck() {
    let mut told = Told::new();
    told.two_deployments();
    incident(&mut told, "i1", "", 49.0);
    told.compute();
    assert_eq!(told.found("no_service"), ["warning|acme|-|1"]);
    incident(&mut told, "i1", ", \"repository\": \"acme/api\"", 49.0);
    told.compute();
    assert_eq!(told.found("no_service"), [""; 0]);
}

#[test]
fn incidents_that_no_deployment_is_to_blame_for() {
    let mut told = Told::new();
    told.two_deployments();
    for (id, days) in [("i1", 70.0), ("i2", 30.0), ("i3", 20.0), ("i4", 49.0)] {
        incident(&mut told, id, ", \"repository\": \"acme/api\"", days);
    }
    told.compute();
    assert_eq!(
        told.found("unattributed_incidents"),
        ["warning|acme|acme/api|3"]
    );
    assert_eq!(
        told.detail("unattributed_incidents"),
        "incidents that no deployment is to blame for: 1 before the first one, 2 too long after the last one"
    );
    // The one that a deployment is to blame for has been open for more than 30 days.
    assert_eq!(told.found("open_failures"), ["warning|acme|acme/api|1"]);
}

#[test]
fn a_failure_that_is_over_or_young_is_no_finding() {
    let mut told = Told::new();
    told.two_deployments();
    told.deployed(3, "b", "production", "SUCCESS", 10.0);
    incident(&mut told, "i1", ", \"repository\": \"acme/api\"", 9.0);
    let resolved = format!(
        ", \"repository\": \"acme/api\", \"resolved_at\": \"{}\"",
        days_ago(48.0)
    );
    incident(&mut told, "i2", &resolved, 49.0);
    told.compute();
    assert_eq!(
        told.db
            .number("SELECT count(*) FROM diogen_gold.deployments WHERE failed"),
        2
    );
    assert_eq!(told.found("open_failures"), [""; 0]);
}

#[test]
fn no_incidents_at_all() {
    let mut told = Told::new();
    told.compute();
    assert_eq!(told.found("no_incidents"), [""; 0], "and no deployments");
    told.two_deployments();
    incident(&mut told, "i1", "", 91.0);
    told.compute();
    assert_eq!(told.found("no_incidents"), ["warning|-|-|2"]);
    incident(&mut told, "i2", "", 89.0);
    told.compute();
    assert_eq!(told.found("no_incidents"), [""; 0]);
}

#[test]
fn incidents_of_a_service_that_there_is_none_of() {
    let mut told = Told::new();
    told.two_deployments();
    incident(&mut told, "i1", ", \"service\": \"api\"", 49.0);
    told.compute();
    assert_eq!(told.found("unknown_service"), ["warning|acme|api|1"]);
    told.db
        .run("INSERT INTO diogen.services (service, repository) VALUES ('api', 'acme/api')");
    told.rebuild();
    assert_eq!(told.found("unknown_service"), [""; 0]);
    assert_eq!(
        told.db
            .value("SELECT deployment_id FROM diogen_gold.incidents"),
        "2"
    );
}
