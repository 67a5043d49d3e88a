//! Changes, what they make of issues, and what changes while it is read.

use crate::{CHANGES, SEARCH, call, chain, get, post, start, truth};
use serde_json::{Value, json};
use stand_in::jira::Edit;
use std::collections::{BTreeMap, HashMap, HashSet};

#[test]
fn changes_in_bulk_are_those_of_each_issue() {
    let server = start(|_, s| s.issues_per_project = 100);
    let truth = truth(&server);
    let known = truth["issues"].as_object().unwrap();
    let ids: Vec<&String> = known.keys().collect();
    let body = json!({"issueIdsOrKeys": ids, "maxResults": 250});
    let pages = chain(&server, CHANGES, "issueChangeLogs", body.clone(), || {});
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for part in pages {
        let own = found
            .entry(part["issueId"].as_str().unwrap().to_owned())
            .or_default();
        own.extend(part["changeHistories"].as_array().unwrap().iter().cloned());
    }
    let changed = known.iter().filter(|(_, i)| i["histories"] != 0);
    assert_eq!(found.len(), changed.count());
    let mut split = 0;
    for (id, histories) in &found {
        assert_eq!(known[id]["histories"], histories.len(), "{id}");
        let path = format!("/rest/api/3/issue/{id}/changelog?maxResults=100");
        let page = get(&server, &path).json();
        assert_eq!(page["total"], histories.len());
        for (one, other) in page["values"].as_array().unwrap().iter().zip(histories) {
            assert_eq!((&one["id"], &one["items"]), (&other["id"], &other["items"]));
            let text = one["created"].as_str().unwrap();
            let moment = chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.3f%z").unwrap();
            assert_eq!(other["created"], moment.timestamp_millis());
        }
        split += usize::from(page["isLast"] == false);
    }
    assert!(split > 0, "some have more than a hundred");
    let mut only = body;
    only["fieldIds"] = json!(["status", "customfield_10020"]);
    for part in chain(&server, CHANGES, "issueChangeLogs", only, || {}) {
        for history in part["changeHistories"].as_array().unwrap() {
            let items = history["items"].as_array().unwrap();
            assert!(!items.is_empty());
            assert!(items.iter().all(|i| {
                ["status", "customfield_10020"].contains(&i["fieldId"].as_str().unwrap())
            }));
        }
    }
    for wrong in [
        json!({"issueIdsOrKeys": []}),
        json!({"issueIdsOrKeys": vec!["1"; 1_001]}),
        json!({"issueIdsOrKeys": ["1"], "fieldIds": vec!["a"; 11]}),
        json!({"issueIdsOrKeys": ["1"], "maxResults": 10_001}),
        json!({"issueIdsOrKeys": ["1"], "startAt": 1}),
    ] {
        assert_eq!(post(&server, CHANGES, &wrong).status, 400, "{wrong}");
    }
}

#[test]
fn lives_are_believable() {
    let server = start(|c, _| c.days = 182);
    let site = server.jira().unwrap().site();
    let now = server.now();
    let body = json!({"jql": "project in (PAY, WEB)", "fields": ["*all"], "maxResults": 100});
    let all = chain(&server, SEARCH, "issues", body, || {});
    let has = |field: &str| all.iter().filter(|i| !i["fields"][field].is_null()).count();
    assert!(has("customfield_10016") > 100 && has("customfield_10032") > 100);
    assert!(has("parent") > 100 && has("resolutiondate") > 300 && has("assignee") > 300);
    let sprints = |i: &Value| {
        i["fields"]["customfield_10020"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert!(
        all.iter().filter(|i| sprints(i) > 1).count() > 20,
        "carried over"
    );
    let states: HashSet<String> = all
        .iter()
        .filter_map(|i| i["fields"]["customfield_10020"].as_array())
        .flatten()
        .map(|s| s["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states.len(), 3, "{states:?}");
    // What a change comes from is what the one before went to.
    let mut moved = 0;
    for issue in &site.issues {
        let mut holds: HashMap<_, _> = issue.first.iter().cloned().collect();
        let mut last = issue.created;
        for history in &issue.histories {
            assert!(history.at > last && history.at <= now);
            last = history.at;
            for change in &history.changes {
                let before = holds.insert(change.field, change.to.clone());
                assert_eq!(
                    before.unwrap_or_default(),
                    change.from,
                    "{} {:?}",
                    issue.id,
                    change.field
                );
            }
        }
        moved += usize::from(issue.values(stand_in::jira::model::Field::Key, now).count() > 1);
    }
    assert!(moved > 5, "moved {moved}");
    assert!(
        site.issues.iter().filter(|i| !i.is_visible(now)).count() > 3,
        "deleted"
    );
    assert_eq!(server.jira().unwrap().truth(now), truth(&server));
    // The same seed gives the same site.
    let again = start(|c, _| c.days = 182);
    assert!(*again.jira().unwrap().site() == *site);
}

#[test]
fn the_clock_and_edits_show() {
    let server = start(|c, _| c.hold_back_hours = 240.0);
    let before = truth(&server);
    server.advance(240.0);
    let after = truth(&server);
    let issues = |t: &Value| t["issues"].as_object().unwrap().len();
    assert!(issues(&after) > issues(&before));
    let id = after["issues"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, i)| i["project"] == "10000")
        .unwrap()
        .0;
    let old = after["issues"][id]["key"].as_str().unwrap();
    // Moved: another key, the same id; the old key leads there.
    let moved = call(
        &server,
        "POST",
        &format!("/_stand_in/jira_move?issue={old}&project=WEB"),
        "",
    )
    .json();
    assert_eq!(&moved["id"], id);
    assert!(moved["key"].as_str().unwrap().starts_with("WEB-"));
    let found = get(
        &server,
        &format!("/rest/api/3/issue/{old}?fields=status,project"),
    )
    .json();
    assert_eq!((&found["id"], &found["key"]), (&moved["id"], &moved["key"]));
    assert_eq!(found["fields"]["project"]["key"], "WEB");
    let body = json!({"issueIdsOrKeys": [old]});
    let log = post(&server, CHANGES, &body).json();
    let items = log["issueChangeLogs"][0]["changeHistories"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()["items"]
        .clone();
    assert_eq!(
        items[1],
        json!({"field": "Key", "fieldtype": "jira", "from": null, "fromString": old, "to": null, "toString": moved["key"]})
    );
    // Edited: its change is later than whatever was shown.
    let jira = server.jira().unwrap();
    let edit = Edit {
        status: Some("Done".to_owned()),
        points: Some(5.0),
        ..Edit::default()
    };
    let now = jira.now(server.now());
    jira.edit(server.now(), id, &edit).unwrap();
    let edited = truth(&server)["issues"][id].clone();
    assert!(
        edited["updated"].as_str().unwrap()
            > &*now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    );
    assert_eq!(edited["status"], "10013");
    jira.edit(server.now(), id, &Edit::default()).unwrap();
    let newest = post(
        &server,
        SEARCH,
        &json!({"jql": "project = WEB ORDER BY updated DESC", "maxResults": 1}),
    )
    .json();
    assert_eq!(&newest["issues"][0]["id"], id);
    // Deleted, and born.
    call(
        &server,
        "POST",
        &format!("/_stand_in/jira_delete?issue={id}"),
        "",
    );
    assert_eq!(
        get(&server, &format!("/rest/api/3/issue/{old}")).status,
        404
    );
    let born = call(
        &server,
        "POST",
        "/_stand_in/jira_create?project=OPS&summary=New",
        "",
    )
    .json();
    assert_eq!(
        truth(&server)["issues"][born["id"].as_str().unwrap()]["key"],
        born["key"]
    );
    assert_eq!(
        call(
            &server,
            "POST",
            "/_stand_in/jira_delete?issue=PAY-99999",
            ""
        )
        .status,
        400
    );
    call(&server, "POST", "/_stand_in/reset", "");
    assert_eq!(truth(&server), before);
}

#[test]
fn a_list_that_moves_while_it_is_read_loses_nothing_in_ascending_order() {
    let server = start(|_, s| s.issues_per_project = 60);
    let expected = truth(&server);
    let body = json!({"jql": "project = PAY ORDER BY updated ASC", "fields": ["updated"], "maxResults": 10});
    let first = post(&server, SEARCH, &body).json()["issues"][3]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let jira = server.jira().unwrap();
    let mut edits = 0;
    let all = chain(&server, SEARCH, "issues", body, || {
        if edits == 0 {
            jira.edit(server.now(), &first, &Edit::default()).unwrap();
        }
        edits += 1;
    });
    let ids: HashSet<_> = all.iter().map(|i| i["id"].as_str().unwrap()).collect();
    assert_eq!(expected["projects"]["PAY"]["issues"], ids.len());
    assert_eq!(
        all.len(),
        ids.len() + 1,
        "the edited one comes again at the end"
    );
    assert_eq!(all.last().unwrap()["id"], first);
}
