//! Jira in silver: rows of every shape, status intervals, and what became of issues in sprints.

mod changes;
mod fetched;
mod recorded;
mod sprints;
mod statuses;

use client::{Cluster, Session};
use serde_json::{Value, json};

/// The custom fields of the documents here, as a context tells them.
pub fn fields() -> Value {
    json!({"points": ["customfield_1", "customfield_2"], "sprint": ["customfield_20"]})
}

/// A cluster with the source `jira`, whose Jira is never asked.
pub fn unasked() -> (Cluster, Session) {
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run(
        r#"CREATE EXTENSION diogen;
           SELECT diogen.add_source('jira', 'jira', '{"base_url": "https://acme.atlassian.net", "projects": "*"}')"#,
    );
    (cluster, db)
}

/// Takes documents of a stream in; how many were new or changed.
pub fn ingest(db: &mut Session, stream: &str, docs: &Value, context: &Value) -> i64 {
    db.number(&format!(
        "SELECT diogen.ingest('jira', '{stream}', $doc${docs}$doc$, $doc${context}$doc$)"
    ))
}

/// Normalizes what was taken in.
pub fn normalize(db: &mut Session) {
    db.run("CALL diogen.normalize('jira')");
}

/// A moment of June 2026 as Jira writes it.
pub fn june(day: u32, time: &str) -> String {
    format!("2026-06-{day:02}T{time}:00.000+0000")
}

/// Id, name and category of the statuses that issues have here.
pub const STATUSES: [(&str, &str, &str); 3] = [
    ("1", "To Do", "new"),
    ("3", "In Progress", "indeterminate"),
    ("9", "Done", "done"),
];

/// A status as an issue holds it.
pub fn status(id: &str) -> Value {
    let (_, name, category) = STATUSES
        .into_iter()
        .find(|it| it.0 == id)
        .expect("a status");
    json!({"id": id, "name": name, "statusCategory": {"key": category}})
}

/// An issue that is born on 1 May, and what was changed of it since.
pub struct Life {
    id: u32,
    status: &'static str,
    changes: Vec<Value>,
    fields: Value,
    updated: String,
}

impl Life {
    /// An issue without a history.
    pub fn new(id: u32) -> Self {
        let fields = json!({
            "created": "2026-05-01T00:00:00.000+0000",
            "issuetype": {"name": "Story", "subtask": false},
            "project": {"key": "PAY"},
        });
        Life {
            id,
            status: "1",
            changes: Vec::new(),
            fields,
            updated: "2026-05-01T00:00:00.000+0000".to_owned(),
        }
    }

    /// The same with another value in a field.
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.fields[field] = value;
        self
    }

    fn change(mut self, at: &str, item: Value) -> Self {
        let id = self.id * 100 + self.changes.len() as u32;
        self.changes.push(json!({"id": id.to_string(), "created": at, "author": {"accountId": "mia"}, "items": [item]}));
        at.clone_into(&mut self.updated);
        self
    }

    /// A change of its status.
    pub fn becomes(mut self, status: &'static str, at: &str) -> Self {
        let from = std::mem::replace(&mut self.status, status);
        let name = |id| crate::status(id)["name"].clone();
        self.change(
            at,
            json!({"field": "status", "fieldId": "status", "fieldtype": "jira",
                   "from": from, "fromString": name(from), "to": status, "toString": name(status)}),
        )
    }

    /// A change of the field for sprints, as lists of ids.
    pub fn planned(mut self, from: &str, to: &str, at: &str) -> Self {
        let ids = to.split(", ").filter(|id| !id.is_empty());
        let sprints =
            ids.map(|id| json!({"id": id.parse::<u32>().expect("an id"), "name": "S, 1"}));
        self.fields["customfield_20"] = sprints.collect();
        self.change(
            at,
            json!({"field": "Sprint", "fieldId": "customfield_20", "fieldtype": "custom",
                   "from": from, "fromString": "S, 1", "to": to, "toString": "S, 1, S, 2"}),
        )
    }

    /// A change of its story points.
    pub fn estimated(mut self, from: Option<u32>, to: u32, at: &str) -> Self {
        self.fields["customfield_1"] = json!(to);
        let from = from.map(|points| points.to_string());
        self.change(
            at,
            json!({"field": "Story Points", "fieldId": "customfield_1", "fieldtype": "custom",
                   "from": null, "fromString": from, "to": null, "toString": to.to_string()}),
        )
    }

    /// The issue with its changes.
    pub fn document(&self) -> Value {
        let mut fields = self.fields.clone();
        fields["status"] = status(self.status);
        fields["updated"] = json!(self.updated);
        json!({
            "id": self.id.to_string(), "key": format!("PAY-{}", self.id), "fields": fields,
            "changelog": {"startAt": 0, "maxResults": 100, "total": self.changes.len(), "histories": self.changes},
        })
    }

    /// Takes the issue in as it is now.
    pub fn take_in(&self, db: &mut Session) {
        let context = json!({"custom_fields": fields()});
        assert_eq!(ingest(db, "issues", &self.document(), &context), 1);
    }
}

/// Takes the documents of the statuses in.
pub fn take_in_statuses(db: &mut Session) {
    let all: Value = STATUSES.iter().map(|(id, ..)| status(id)).collect();
    ingest(db, "statuses", &all, &json!({}));
}
