//! Lists and single documents that are not issues.

use super::Jira;
use super::body::refuse;
use super::catalogue::{CUSTOM, STATUSES, SYSTEM};
use super::documents::Documents;
use super::model::Project;
use crate::http::{Answer, Query};
use serde::Serialize;
use serde_json::{Value, json};

/// How a list with `startAt` is paged.
pub struct Page {
    /// Address without the query.
    pub address: String,
    /// Entries unless told otherwise.
    pub default: usize,
    /// Entries at most.
    pub most: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answered<T: Serialize> {
    #[serde(rename = "self")]
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
    max_results: usize,
    start_at: usize,
    total: usize,
    is_last: bool,
    values: Vec<T>,
}

/// A page of a list.
pub fn page<I, T: Serialize>(
    shape: &Page,
    query: &Query,
    all: &[I],
    document: impl Fn(&I) -> T,
) -> Answer {
    let number = |key: &str| query.get(key).and_then(|n| n.parse::<usize>().ok());
    let start_at = number("startAt").unwrap_or_default();
    let max_results = number("maxResults")
        .unwrap_or(shape.default)
        .clamp(1, shape.most);
    let end = start_at.saturating_add(max_results);
    let address = |start: usize| {
        let query = query.with("startAt", &start.to_string());
        let query = Query::parse(&query).with("maxResults", &max_results.to_string());
        format!("{}?{query}", shape.address)
    };
    let answer = Answered {
        address: address(start_at),
        next_page: (end < all.len()).then(|| address(end)),
        max_results,
        start_at,
        total: all.len(),
        is_last: end >= all.len(),
        values: all
            .iter()
            .skip(start_at)
            .take(max_results)
            .map(document)
            .collect(),
    };
    Answer::json_text(200, serde_json::to_string(&answer).unwrap_or_default())
}

/// All fields.
pub fn fields(docs: &Documents) -> Answer {
    let mut all = Vec::new();
    for (id, name, kind, items) in SYSTEM {
        let known = docs.is_cloud() || id != "statuscategorychangedate" && id != "parent";
        if known {
            let mut schema = json!({"type": kind, "system": id});
            if let Some(items) = items {
                schema["items"] = json!(items);
            }
            all.push(field(docs, id, name, false, schema));
        }
    }
    for custom in &CUSTOM {
        if let (Some(id), Some(number)) = (docs.custom(custom), custom.number(docs.site.flavour)) {
            let mut schema =
                json!({"type": custom.kind, "custom": custom.custom, "customId": number});
            if let Some(items) = custom.items {
                schema["items"] = json!(items);
            }
            all.push(field(docs, &id, custom.name, true, schema));
        }
    }
    Answer::json(200, &Value::Array(all))
}

fn field(docs: &Documents, id: &str, name: &str, custom: bool, schema: Value) -> Value {
    let mut document = json!({
        "id": id,
        "name": name,
        "custom": custom,
        "orderable": true,
        "navigable": true,
        "searchable": true,
        "clauseNames": [if custom { name.to_lowercase() } else { id.to_lowercase() }],
        "schema": schema,
    });
    if docs.is_cloud() {
        document["key"] = json!(id);
    }
    document
}

/// All statuses.
pub fn statuses(docs: &Documents) -> Answer {
    Answer::json(200, &STATUSES.iter().map(|s| docs.status(s)).collect())
}

/// Statuses page by page, in the words of the newer address.
pub fn status_search(docs: &Documents, query: &Query) -> Answer {
    let shape = Page {
        address: format!("{}/statuses/search", docs.base),
        default: 200,
        most: 200,
    };
    let project = query.get("projectId");
    let known: Vec<_> = STATUSES
        .iter()
        .filter(|s| {
            let own = docs.scope(s).map(|p| p.id.to_string());
            project.is_none_or(|p| own.as_deref().is_none_or(|own| own == p))
        })
        .collect();
    page(&shape, query, &known, |status| {
        let scope = match docs.scope(status) {
            Some(p) => json!({"type": "PROJECT", "project": {"id": p.id.to_string()}}),
            None => json!({"type": "GLOBAL"}),
        };
        json!({
            "id": status.id.to_string(),
            "name": status.name,
            "statusCategory": status.category.words().4,
            "scope": scope,
            "description": "",
            "usages": [],
        })
    })
}

/// All types of issues.
pub fn types(docs: &Documents) -> Answer {
    let all = super::catalogue::TYPES.iter();
    Answer::json(200, &all.map(|t| docs.issue_type(t)).collect())
}

/// Projects page by page.
pub fn project_search(docs: &Documents, query: &Query) -> Answer {
    let shape = Page {
        address: format!("{}/project/search", docs.base),
        default: 50,
        most: 100,
    };
    let mut all: Vec<&Project> = docs.site.projects.iter().collect();
    all.sort_by(|a, b| a.key.cmp(&b.key));
    page(&shape, query, &all, |p| docs.project(p))
}

/// All projects, as Data Center lists them.
pub fn projects(docs: &Documents) -> Answer {
    let all = docs.site.projects.iter().map(|p| docs.project(p));
    Answer::json(200, &all.collect())
}

/// One project.
pub fn project(docs: &Documents, name: &str) -> Answer {
    let Some(project) = docs.site.project(name) else {
        return refuse(
            404,
            &format!("No project could be found with key '{name}'."),
        );
    };
    let mut document = docs.project(project);
    document["description"] = json!("");
    document["lead"] = docs
        .site
        .person(project.lead)
        .map_or(Value::Null, |p| docs.person(p));
    let types = super::catalogue::TYPES.iter();
    document["issueTypes"] = types.map(|t| docs.issue_type(t)).collect();
    let versions = docs
        .site
        .versions
        .iter()
        .filter(|v| v.project == project.id);
    document["versions"] = versions.map(|v| docs.version(v)).collect();
    Answer::json(200, &document)
}

/// Who asks.
pub fn myself(docs: &Documents) -> Answer {
    let person = docs.site.people.first();
    let mut document = person.map_or(Value::Null, |p| docs.person(p));
    document["locale"] = json!("en_US");
    Answer::json(200, &document)
}

/// What server it is.
pub fn server_info(jira: &Jira, docs: &Documents) -> Answer {
    let (kind, version, numbers) = if docs.is_cloud() {
        ("Cloud", "1001.0.0-SNAPSHOT", [1001, 0, 0])
    } else {
        ("Server", "9.12.8", [9, 12, 8])
    };
    let zone = jira.settings.time_zone;
    Answer::json(
        200,
        &json!({
            "baseUrl": docs.host,
            "version": version,
            "versionNumbers": numbers,
            "deploymentType": kind,
            "buildNumber": 100_279,
            "serverTime": docs.time(docs.now),
            "serverTimeZone": zone.name(),
            "serverTitle": "Jira",
        }),
    )
}
