//! Repositories that are renamed, things that are deleted, and lists of what is there.
#![allow(clippy::unwrap_used)]

mod common;

use common::{get, graphql, post, start, truth};
use serde_json::{Value, json};
use stand_in::Deleted;

const REPOSITORY: &str =
    "query($name: String!) { repository(owner: \"acme\", name: $name) { id nameWithOwner
  pullRequests(first: 1) { nodes { url repository { nameWithOwner } } } } }";

#[test]
fn an_old_name_leads_to_the_new_one() {
    let server = start(|_| {});
    let before = graphql(&server, REPOSITORY, &json!({"name": "web"}));
    let reply = post(&server, "/_stand_in/rename?repository=acme/web&to=shop", "");
    assert_eq!(reply.status, 200);
    for name in ["web", "shop"] {
        let answer = graphql(&server, REPOSITORY, &json!({"name": name}));
        let repository = &answer["data"]["repository"];
        assert_eq!(repository["nameWithOwner"], "acme/shop");
        assert_eq!(repository["id"], before["data"]["repository"]["id"]);
        let pull = &repository["pullRequests"]["nodes"][0];
        assert_eq!(pull["repository"]["nameWithOwner"], "acme/shop");
        assert!(pull["url"].as_str().unwrap().contains("/acme/shop/"));
    }
    let moved = get(&server, "/repos/acme/web/pulls?state=all&per_page=3");
    assert_eq!(moved.status, 301);
    assert_eq!(moved.json()["message"], "Moved Permanently");
    let address = moved.header("location").to_owned();
    assert_eq!(moved.json()["url"], address);
    let path = address.strip_prefix(&server.url()).unwrap();
    assert!(path.starts_with("/repositories/") && path.ends_with("/pulls?state=all&per_page=3"));
    let pulls = get(&server, path).json();
    assert_eq!(pulls.as_array().unwrap().len(), 3);
    assert_eq!(pulls[0]["base"]["repo"]["full_name"], "acme/shop");
    assert_eq!(get(&server, "/repos/acme/shop").status, 200);
    let truth = truth(&server);
    assert!(truth.get("acme/web").is_none() && truth.get("acme/shop").is_some());
    assert!(!server.rename("acme/nothing", "x"));
    post(&server, "/_stand_in/reset", "");
    assert_eq!(get(&server, "/repos/acme/web").status, 200);
}

fn first(keys: &Value, repository: &str, kind: &str) -> u64 {
    keys[repository][kind][0].as_u64().unwrap()
}

#[test]
fn what_is_deleted_is_in_no_list() {
    let server = start(|_| {});
    let (before, keys) = (truth(&server), server.keys());
    let issue = first(&keys, "acme/checkout", "issues");
    let deployment = first(&keys, "acme/checkout", "deployments");
    let release = first(&keys, "acme/ledger", "releases");
    assert!(server.delete("acme/checkout", Deleted::Issue(issue)));
    let path =
        format!("/_stand_in/delete?repository=acme/checkout&kind=deployment&id={deployment}");
    assert_eq!(post(&server, &path, "").status, 200);
    assert_eq!(post(&server, &path, "").status, 400, "gone already");
    assert!(server.delete("acme/ledger", Deleted::Release(release)));
    assert!(server.delete("acme/toolbox", Deleted::Repository));
    for path in [
        format!("/repos/acme/checkout/issues/{issue}"),
        format!("/repos/acme/checkout/deployments/{deployment}"),
        "/repos/acme/toolbox".to_owned(),
    ] {
        assert_eq!(get(&server, &path).status, 404, "{path}");
    }
    let after = truth(&server);
    let less = |repository: &str, kind: &str| {
        let count = |truth: &Value| truth[repository][kind].as_u64().unwrap();
        count(&before) - count(&after)
    };
    assert_eq!(less("acme/checkout", "issues"), 1);
    assert_eq!(less("acme/checkout", "deployments"), 1);
    assert_eq!(less("acme/checkout", "workflow_runs"), 0);
    assert_eq!(
        (less("acme/ledger", "releases"), less("acme/ledger", "tags")),
        (1, 1)
    );
    assert!(after.get("acme/toolbox").is_none());
    assert_eq!(after.as_object().unwrap().len(), 7);
    assert_eq!(
        server.keys()["acme/checkout"]["workflow_runs"],
        keys["acme/checkout"]["workflow_runs"]
    );
}

#[test]
fn keys_are_as_many_as_the_truth_says() {
    let server = start(|c| c.hold_back_hours = 30.0);
    let (truth, keys) = (truth(&server), get(&server, "/_stand_in/documents").json());
    assert_eq!(keys, server.keys());
    for (repository, counts) in truth.as_object().unwrap() {
        for kind in [
            "pull_requests",
            "reviews",
            "commits",
            "deployments",
            "releases",
            "tags",
            "issues",
            "workflow_runs",
        ] {
            let listed = keys[repository][kind].as_array().unwrap();
            assert_eq!(counts[kind], listed.len(), "{repository} {kind}");
        }
    }
    let pulls = get(&server, "/repos/acme/web/pulls?state=all&per_page=1").json();
    let known = keys["acme/web"]["pull_requests"].as_array().unwrap();
    assert!(known.contains(&pulls[0]["number"]));
}
