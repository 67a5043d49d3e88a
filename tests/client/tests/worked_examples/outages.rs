//! Incidents told by hand: records, issues of GitHub and issues of Jira.

use crate::history::{Examples, at};
use serde_json::{Value, json};

/// The tables of gold, with what their rows are called.
const GOLD: [&str; 4] = ["changes", "deployments", "incidents", "months"];

/// An issue of Jira and its changes; its project is the beginning of its key.
pub struct Ticket(Value);

impl Ticket {
    /// One of type `Task` that is to do.
    pub fn new(key: &str, created: &str) -> Self {
        let (project, number) = key.split_once('-').expect("a key");
        Ticket(json!({
            "id": format!("10{number}"), "key": key,
            "fields": {
                "summary": "Checkout is down", "created": at(created), "updated": at(created), "labels": [],
                "issuetype": {"name": "Task", "subtask": false}, "project": {"key": project},
                "status": status("1"), "priority": {"name": "Medium"},
            },
            "changelog": {"startAt": 0, "maxResults": 100, "total": 0, "histories": []},
        }))
    }

    /// The same with another value in a field.
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.0["fields"][field] = value;
        self
    }

    /// Of the type by which issues are incidents.
    pub fn incident(self) -> Self {
        self.with("issuetype", json!({"name": "Incident", "subtask": false}))
    }

    /// With a label.
    pub fn label(self, label: &str) -> Self {
        self.with("labels", json!([label]))
    }

    /// A change of its status.
    pub fn becomes(mut self, to: &str, time: &str) -> Self {
        let from = self.0["fields"]["status"].clone();
        let to = status(to);
        let item = json!({"field": "status", "fieldId": "status", "from": from["id"], "fromString": from["name"],
                          "to": to["id"], "toString": to["name"]});
        let histories = self.0["changelog"]["histories"].as_array_mut();
        let histories = histories.expect("a list");
        let id = histories.len().to_string();
        histories.push(json!({"id": id, "created": at(time), "items": [item]}));
        self.0["changelog"]["total"] = json!(histories.len());
        let is_done = to["statusCategory"]["key"] == "done";
        let resolution = is_done.then(|| json!({"name": "Done"}));
        self.with("status", to)
            .with("resolution", json!(resolution))
            .with("resolutiondate", json!(is_done.then(|| at(time))))
            .with("updated", json!(at(time)))
    }

    /// Done, with a resolution.
    pub fn resolved(self, resolution: &str, time: &str) -> Self {
        self.becomes("9", time)
            .with("resolution", json!({"name": resolution}))
    }
}

fn status(id: &str) -> Value {
    let (name, category) = match id {
        "1" => ("To Do", "new"),
        "3" => ("In Progress", "indeterminate"),
        _ => ("Done", "done"),
    };
    json!({"id": id, "name": name, "statusCategory": {"key": category}})
}

/// An issue of GitHub, open since a time; further fields are added.
pub fn issue(repository: &str, number: i64, opened: &str, more: Value) -> Value {
    let mut issue = json!({
        "repository": {"nameWithOwner": repository}, "databaseId": 500 + number, "number": number,
        "title": format!("Outage {number}"), "state": "OPEN", "createdAt": at(opened), "updatedAt": at(opened),
        "closedAt": null, "stateReason": null, "labels": {"nodes": [{"name": "incident"}]},
    });
    add(&mut issue, more);
    issue
}

/// What is different of an issue that was closed.
pub fn closed(time: &str, reason: &str) -> Value {
    json!({"state": "CLOSED", "closedAt": at(time), "updatedAt": at(time), "stateReason": reason})
}

fn add(document: &mut Value, more: Value) {
    let more = more.as_object().cloned().unwrap_or_default();
    document.as_object_mut().expect("an object").extend(more);
}

impl Examples {
    /// Successful deployments at these times, numbered from 1: number n is of commit `mn`, on top
    /// of the one before.
    pub fn deploy(&mut self, repository: &str, times: &[&str]) {
        for (number, time) in (1..).zip(times) {
            let line = match number {
                1 => "m1".to_owned(),
                _ => format!("m{number} m{}", number - 1),
            };
            self.commits(repository, &[&line]);
            self.deployment(
                repository,
                number,
                &format!("m{number}"),
                &[("SUCCESS", time)],
            );
        }
    }

    /// The record of an incident; further keys are added.
    pub fn incident(&mut self, id: &str, opened: &str, resolved: Option<&str>, more: Value) {
        let mut record = json!({"incident_id": id, "title": id, "opened_at": at(opened),
                                "resolved_at": resolved.map(at)});
        add(&mut record, more);
        self.ingest("incidents", &record);
    }

    /// Adds a source of kind jira, which is never asked, with its statuses.
    pub fn with_jira(&mut self) {
        self.jira_source();
        self.jira_statuses();
    }

    pub fn jira_source(&mut self) {
        self.db.run(
            r#"SELECT diogen.add_source('jira', 'jira',
                   '{"base_url": "https://acme.atlassian.net", "projects": "*"}')"#,
        );
    }

    /// Takes in Jira's statuses.
    pub fn jira_statuses(&mut self) {
        for id in ["1", "3", "9"] {
            self.ingest_to("jira", "statuses", &status(id));
        }
    }

    /// Takes in an issue of Jira as it is now.
    pub fn ticket(&mut self, ticket: &Ticket) {
        self.ingest_to("jira", "issues", &ticket.0);
    }

    /// Takes a document in for another source than `acme`.
    pub fn ingest_to(&mut self, source: &str, stream: &str, document: &Value) {
        let sql = format!("SELECT diogen.ingest('{source}', '{stream}', $d${document}$d$)");
        assert_eq!(self.db.number(&sql), 1, "{document}");
    }

    /// A service of a repository, with `columns` such as `paths = '{a/**}'`.
    pub fn service(&mut self, service: &str, repository: &str, columns: &str) {
        self.db.run(&format!(
            "INSERT INTO diogen.services (service, repository) VALUES ('{service}', '{repository}')"
        ));
        if !columns.is_empty() {
            self.db.run(&format!(
                "UPDATE diogen.services SET {columns} WHERE service = '{service}'"
            ));
        }
    }

    /// Incidents in the order of their names and services.
    pub fn incidents(&mut self, columns: &str) -> Vec<String> {
        self.db.lines(&format!(
            "SELECT {columns} FROM diogen_gold.incidents ORDER BY incident_id, service"
        ))
    }

    /// The figures of June 2026.
    pub fn june(&mut self, columns: &str, more: &str) -> Vec<String> {
        self.dora(columns, "06-01 00:00", "07-01 00:00", more)
    }

    pub fn rebuild(&mut self) {
        self.db.run("CALL diogen.compute(rebuild => true)");
    }

    /// Checks that what was computed step by step is what computing all anew gives.
    pub fn assert_rebuild_changes_nothing(&mut self, step: &str) {
        for table in GOLD {
            self.db.run(&format!(
                "DROP TABLE IF EXISTS {table}_before;
                 CREATE TEMP TABLE {table}_before AS SELECT * FROM diogen_gold.{table}"
            ));
        }
        self.rebuild();
        for table in GOLD {
            let (one, other) = (
                format!("SELECT t::text FROM {table}_before t"),
                format!("SELECT t::text FROM diogen_gold.{table} t"),
            );
            let lost = self.db.lines(&format!("{one} EXCEPT {other}"));
            let new = self.db.lines(&format!("{other} EXCEPT {one}"));
            assert!(
                lost.is_empty() && new.is_empty(),
                "{step}: {table}\nonly step by step: {lost:#?}\nonly anew: {new:#?}"
            );
        }
    }
}
