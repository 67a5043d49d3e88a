//! Services and their deployments.

use super::Told;

#[test]
fn a_service_whose_environments_are_not_production() {
    let mut told = Told::new();
    told.two_deployments();
    told.db.run(
        "INSERT INTO diogen.deployment_rules (position, origin) VALUES (1, 'github_deployment')",
    );
    told.deployed(3, "b", "live-eu", "SUCCESS", 40.0);
    told.db.run(
        "INSERT INTO diogen.services (service, repository, production_environments) VALUES ('api', 'acme/api', '^live$')",
    );
    told.compute();
    assert_eq!(told.found("no_deployments"), ["error|acme|api|1"]);
    assert_eq!(
        told.detail("no_deployments"),
        "no production deployment is known; environments that are not production: production (2), live-eu (1)"
    );
    assert_eq!(told.found("deployments_from"), [""; 0]);
    told.db
        .run("UPDATE diogen.services SET production_environments = 'live'");
    told.rebuild();
    assert_eq!(told.found("no_deployments"), [""; 0]);
    assert_eq!(told.found("deployments_from"), ["notice|acme|api|1"]);
}

#[test]
fn a_repository_in_which_nothing_happened_is_no_finding() {
    let mut told = Told::new();
    told.ingest(
        "issues",
        serde_json::json!({"databaseId": 1, "number": 1, "title": "A question",
        "state": "OPEN", "createdAt": super::days_ago(1.0), "updatedAt": super::days_ago(1.0)}),
    );
    told.compute();
    assert_eq!(
        told.db
            .number("SELECT count(*) FROM diogen_silver.repositories"),
        1
    );
    assert_eq!(told.found("no_deployments"), [""; 0]);
}

#[test]
fn where_deployments_are_taken_from() {
    let mut told = Told::new();
    told.two_deployments();
    told.compute();
    assert_eq!(told.found("deployments_from"), ["notice|acme|acme/api|2"]);
    assert_eq!(
        told.detail("deployments_from"),
        "deployments are taken from: github_deployment"
    );
    // Merges are a fallback, unless people chose them.
    told.repository = "acme/web";
    told.merged(7, Some("w"), 10.0);
    told.deployed(5, "w", "web-prod", "SUCCESS", 9.0);
    told.compute();
    assert_eq!(
        told.found("deployments_from"),
        ["warning|acme|acme/web|1", "notice|acme|acme/api|2"]
    );
    assert_eq!(
        told.detail("deployments_from' AND service = 'acme/web"),
        "deployments are taken from: merge; environments that are not production: web-prod (1)"
    );
    told.db.run(
        "INSERT INTO diogen.services (service, repository) VALUES ('web', 'acme/web');
         INSERT INTO diogen.deployment_rules (service, position, origin) VALUES ('web', 1, 'merge')",
    );
    told.rebuild();
    assert_eq!(
        told.found("deployments_from"),
        ["notice|acme|acme/api|2", "notice|acme|web|1"]
    );
}

#[test]
fn deployments_that_only_failed() {
    let mut told = Told::new();
    told.commit("a", None);
    told.merged(1, Some("a"), 10.0);
    told.deployed(1, "a", "production", "FAILURE", 9.0);
    told.compute();
    assert_eq!(
        told.found("only_failed_deployments"),
        ["error|acme|acme/api|1"]
    );
    told.deployed(2, "a", "production", "SUCCESS", 8.0);
    told.compute();
    assert_eq!(told.found("only_failed_deployments"), [""; 0]);
}

#[test]
fn deployments_beside_the_known_branches() {
    let mut told = Told::new();
    told.two_deployments();
    told.deployed(3, "nobody knows", "production", "SUCCESS", 40.0);
    told.ingest(
        "deployments",
        serde_json::json!({"databaseId": 4, "commitOid": "h", "environment": "production",
            "commit": {"oid": "h", "message": "h", "parents": {"nodes": [{"oid": "g"}]}},
            "createdAt": super::days_ago(30.0),
            "statuses": {"nodes": [{"state": "SUCCESS", "createdAt": super::days_ago(30.0)}]}}),
    );
    told.compute();
    assert_eq!(told.found("unknown_commit"), ["warning|acme|acme/api|1"]);
    assert_eq!(told.found("unknown_history"), ["warning|acme|acme/api|1"]);
    assert!(
        told.db
            .value("SELECT advice FROM diogen.doctor() WHERE finding = 'unknown_history'")
            .contains("release_branches")
    );
}

#[test]
fn a_service_of_a_repository_that_is_not_there() {
    let mut told = Told::new();
    told.two_deployments();
    told.compute();
    told.db.run(
        "INSERT INTO diogen.services (service, source, repository)
         VALUES ('api', NULL, 'acme/apy'), ('other', 'elsewhere', 'acme/api')",
    );
    assert_eq!(
        told.found("unknown_repository"),
        ["error|elsewhere|other|-", "error|-|api|-"]
    );
    told.db
        .run("UPDATE diogen.services SET source = 'acme', repository = 'acme/api'");
    assert_eq!(told.found("unknown_repository"), [""; 0]);
}

#[test]
fn figures_of_a_service_that_was_renamed() {
    let mut told = Told::new();
    told.two_deployments();
    told.compute();
    assert_eq!(told.found("services_changed"), [""; 0]);
    told.db
        .run("INSERT INTO diogen.services (service, repository) VALUES ('api', 'acme/api')");
    assert_eq!(told.found("services_changed"), ["error|acme|acme/api|-"]);
    told.rebuild();
    assert_eq!(told.found("services_changed"), [""; 0]);
}
