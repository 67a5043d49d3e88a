//! Which of a Jira's custom fields hold sprint, story points and the like: they have another
//! number in every Jira, and another name in every language.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Ids of the custom fields that figures need. Some Jiras have several of a kind: different
/// projects estimate in different fields.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomFields {
    sprint: Vec<String>,
    points: Vec<String>,
    flagged: Vec<String>,
    epic: Vec<String>,
    team: Vec<String>,
}

/// What every Jira has.
const FIELDS: &[&str] = &[
    "summary",
    "issuetype",
    "status",
    "priority",
    "assignee",
    "reporter",
    "creator",
    "created",
    "updated",
    "resolutiondate",
    "resolution",
    "labels",
    "parent",
    "project",
    "fixVersions",
    "components",
    "duedate",
    "statuscategorychangedate",
    "timeoriginalestimate",
    "issuelinks",
];

/// Of more fields, Jira Cloud gives no changelogs at once.
const CHANGES: usize = 10;
/// So many of them may be for story points.
const POINTS: usize = 3;

#[derive(Deserialize)]
struct Field {
    id: String,
    #[serde(default)]
    name: String,
    schema: Option<Schema>,
}

#[derive(Deserialize)]
struct Schema {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    custom: String,
}

impl CustomFields {
    /// Those in the answer that lists all fields.
    pub fn discovered(body: &[u8]) -> Result<Self, serde_json::Error> {
        let mut found = Self::default();
        for field in serde_json::from_slice::<Vec<Field>>(body)? {
            if let Some(list) = found.list_for(&field) {
                list.push(field.id);
            }
        }
        Ok(found)
    }

    fn list_for(&mut self, field: &Field) -> Option<&mut Vec<String>> {
        let Schema { kind, custom } = field.schema.as_ref()?;
        let name = field.name.trim().to_lowercase();
        let (_, custom) = custom.rsplit_once(':')?;
        match custom {
            "gh-sprint" => Some(&mut self.sprint),
            "gh-epic-link" => Some(&mut self.epic),
            "jsw-story-points" => Some(&mut self.points),
            "multicheckboxes" if name == "flagged" => Some(&mut self.flagged),
            _ if custom.contains("impediment") => Some(&mut self.flagged),
            "rm-teams-custom-field-team" | "atlassian-team" => Some(&mut self.team),
            _ if kind == "number" && name.starts_with("story point") => Some(&mut self.points),
            _ => None,
        }
    }

    /// What is kept of a greeting.
    pub fn greeted(&self) -> Value {
        json!({"fields": self})
    }

    /// What a greeting has brought.
    pub fn in_greeting(greeting: &[Value]) -> Self {
        let mut told = greeting.iter().filter_map(|told| told.get("fields"));
        told.next()
            .and_then(|fields| Self::deserialize(fields).ok())
            .unwrap_or_default()
    }

    /// The fields of an issue that figures need.
    pub fn of_issues(&self) -> Vec<&str> {
        let custom = [
            &self.sprint,
            &self.points,
            &self.flagged,
            &self.epic,
            &self.team,
        ];
        let custom = custom.into_iter().flatten().map(String::as_str);
        FIELDS.iter().copied().chain(custom).collect()
    }

    /// The fields whose changes figures need, as many as Jira takes, the most important first.
    pub fn of_changes(&self) -> Vec<&str> {
        let points = self.points.iter().take(POINTS);
        let custom = self.sprint.iter().chain(points).chain(&self.flagged);
        let rest = [
            "resolution",
            "issuetype",
            "assignee",
            "parent",
            "priority",
            "fixVersions",
        ];
        std::iter::once("status")
            .chain(custom.map(String::as_str))
            .chain(rest)
            .take(CHANGES)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fields: Value) -> CustomFields {
        CustomFields::discovered(fields.to_string().as_bytes()).expect("fields")
    }

    fn field(id: &str, name: &str, kind: &str, custom: &str) -> Value {
        json!({"id": id, "name": name, "custom": true, "schema": {"type": kind, "custom": custom}})
    }

    #[test]
    fn fields_are_known_by_their_kind_and_story_points_by_name_too() {
        const FLOAT: &str = "com.atlassian.jira.plugin.system.customfieldtypes:float";
        let found = found(json!([
            {"id": "summary", "name": "Summary", "custom": false, "schema": {"type": "string"}},
            {"id": "thumbnail", "name": "Images", "custom": false},
            field("c1", "Iteration", "array", "com.pyxis.greenhopper.jira:gh-sprint"),
            field("c2", "Story point estimate", "number", "com.pyxis.greenhopper.jira:jsw-story-points"),
            field("c3", "Story Points", "number", FLOAT),
            field("c4", "Revenue", "number", FLOAT),
            field("c5", "Story Points", "string", "com.atlassian.jira.plugin.system.customfieldtypes:textfield"),
            field("c6", "Flagged", "array", "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"),
            field("c7", "Colours", "array", "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"),
            field("c8", "Epic Link", "any", "com.pyxis.greenhopper.jira:gh-epic-link"),
            field("c9", "Team", "team", "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team"),
        ]));
        let greeting = [json!({"deployment": "cloud"}), found.greeted()];
        let kept = CustomFields::in_greeting(&greeting);
        assert_eq!(kept, found);
        let custom = &kept.of_issues()[FIELDS.len()..];
        assert_eq!(custom, ["c1", "c2", "c3", "c6", "c8", "c9"]);
        assert_eq!(
            kept.of_changes(),
            [
                "status",
                "c1",
                "c2",
                "c3",
                "c6",
                "resolution",
                "issuetype",
                "assignee",
                "parent",
                "priority"
            ]
        );
    }

    #[test]
    fn changes_of_ten_fields_are_asked_for_at_most() {
        let points = (0..20).map(|i| field(&format!("c{i}"), "Story Points", "number", "x:float"));
        let found = found(points.collect());
        assert_eq!(found.of_changes().len(), 10);
        assert!(found.of_changes().contains(&"fixVersions"));
        assert!(CustomFields::default().of_changes().len() <= 10);
    }
}
