//! Changes and their lead times.

use super::{Told, days_ago};
use serde_json::json;

#[test]
fn what_is_in_no_figure() {
    let mut told = Told::new();
    told.two_deployments();
    told.merged(1, Some("a"), 61.0);
    told.compute();
    assert_eq!(told.found("pre_baseline"), ["notice|acme|acme/api|1"]);
    for finding in ["not_deployed", "commit_not_in_history", "no_merge_commit"] {
        assert_eq!(told.found(finding), [""; 0], "{finding}");
    }
    told.commit("c", Some("b"));
    told.commit("d", Some("c"));
    told.merged(3, Some("c"), 31.0);
    told.merged(4, Some("d"), 29.0);
    told.merged(5, Some("unknown"), 40.0);
    told.merged(6, None, 40.0);
    told.merged(7, None, 40.0);
    told.compute();
    assert_eq!(told.found("not_deployed"), ["warning|acme|acme/api|1"]);
    assert_eq!(
        told.found("commit_not_in_history"),
        ["warning|acme|acme/api|1"]
    );
    assert_eq!(told.found("no_merge_commit"), ["warning|acme|acme/api|2"]);
}

#[test]
fn what_only_carries_others_on() {
    let mut told = Told::new();
    told.two_deployments();
    told.commit("d1", Some("b"));
    told.commit("m", Some("d1"));
    let mut feature = told.merged(3, Some("d1"), 45.0);
    feature["baseRefName"] = json!("develop");
    told.ingest("pull_requests", feature);
    let mut promotion = told.merged(4, Some("m"), 44.0);
    promotion["headRefName"] = json!("develop");
    promotion["commits"] = json!({"totalCount": 1, "nodes": [{"commit": {"oid": "d1",
        "authoredDate": days_ago(46.0), "committedDate": days_ago(46.0)}}]});
    told.ingest("pull_requests", promotion);
    told.compute();
    assert_eq!(told.found("promotion"), ["notice|acme|acme/api|1"]);
}

#[test]
fn commits_and_files_that_are_not_known() {
    let mut told = Told::new();
    told.two_deployments();
    told.db.run(
        "INSERT INTO diogen.services (service, repository, paths) VALUES ('api', 'acme/api', '{api/**}')",
    );
    let mut unknown = told.merged(8, Some("x"), 52.0);
    unknown["commits"] = json!({"totalCount": 0, "nodes": []});
    unknown["updatedAt"] = json!(days_ago(51.0));
    told.ingest("pull_requests", unknown);
    for number in [9, 10] {
        let mut incomplete = told.merged(number, Some("y"), 52.0);
        incomplete["commits"]["totalCount"] = json!(3);
        incomplete["updatedAt"] = json!(days_ago(51.0));
        told.ingest("pull_requests", incomplete);
    }
    told.compute();
    assert_eq!(told.found("commits_incomplete"), ["warning|acme|api|2"]);
    assert_eq!(told.found("files_unknown"), ["warning|acme|api|4"]);
    assert_eq!(told.found("commits_unknown"), ["warning|acme|api|1"]);
}

#[test]
fn half_of_the_changes_by_bots() {
    let mut told = Told::new();
    told.two_deployments();
    told.merged(3, Some("c"), 45.0);
    told.compute();
    assert_eq!(told.found("mostly_bots"), [""; 0]);
    told.db
        .run("INSERT INTO diogen.bot_rules (pattern) VALUES ('^renovate$')");
    for number in [4, 5] {
        let mut change = told.merged(number, Some("d"), 44.0);
        change["author"]["login"] = json!("renovate");
        change["updatedAt"] = json!(days_ago(43.0));
        told.ingest("pull_requests", change);
    }
    told.compute();
    assert_eq!(told.found("mostly_bots"), ["notice|acme|acme/api|2"]);
    assert_eq!(
        told.detail("mostly_bots"),
        "2 of 4 pull requests are by bots"
    );
}

#[test]
fn coverage_below_four_fifths() {
    let mut told = Told::new();
    told.two_deployments();
    told.compute();
    assert_eq!(told.found("low_coverage"), [""; 0]);
    told.commit("c", Some("b"));
    told.commit("d", Some("c"));
    told.merged(3, Some("c"), 3.0);
    told.merged(4, Some("d"), 2.0);
    told.compute();
    assert_eq!(told.found("low_coverage"), ["warning|-|acme/api|2"]);
    assert_eq!(
        told.detail("low_coverage"),
        "only 33 % of the changes of the last 90 days have a lead time"
    );
    told.deployed(3, "c", "production", "SUCCESS", 1.0);
    told.deployed(4, "d", "production", "SUCCESS", 0.5);
    told.compute();
    assert_eq!(told.found("low_coverage"), [""; 0]);
}

#[test]
fn commits_that_may_belong_to_a_pull_request() {
    let mut told = Told::new();
    told.two_deployments();
    for (sha, days) in [("p", 55.0), ("q", 45.0)] {
        told.ingest(
            "commits",
            json!({"oid": sha, "message": sha, "committedDate": days_ago(days), "parents": {"nodes": [{"oid": "a"}]}}),
        );
    }
    told.compute();
    // Only the first one lies in the time between the deployments.
    assert_eq!(
        told.found("pull_request_unknown"),
        ["warning|acme|acme/api|1"]
    );
}
