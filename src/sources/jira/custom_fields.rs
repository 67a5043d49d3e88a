//! Which of a Jira's custom fields hold sprint, story points and the like: they have another
//! number in every Jira, and another name in every language.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The custom fields that figures need. Some Jiras have several of a kind: different projects
/// estimate in different fields.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomFields {
    sprint: Vec<CustomField>,
    points: Vec<CustomField>,
    flagged: Vec<CustomField>,
    epic: Vec<CustomField>,
    team: Vec<CustomField>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CustomField {
    id: String,
    /// By which Data Center tells of its changes.
    name: String,
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

/// What a custom field is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sprints, past ones too.
    Sprint,
    /// Story points.
    Points,
    /// The flag for impediments.
    Flagged,
    /// The epic that an issue is part of.
    Epic,
    /// The team.
    Team,
}

impl Purpose {
    const ALL: [Self; 5] = [
        Self::Sprint,
        Self::Points,
        Self::Flagged,
        Self::Epic,
        Self::Team,
    ];

    /// What it is called in contexts and in silver.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sprint => "sprint",
            Self::Points => "points",
            Self::Flagged => "flagged",
            Self::Epic => "epic",
            Self::Team => "team",
        }
    }

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

/// What a field with this name and schema is good for.
pub fn purpose(name: &str, kind: &str, custom: &str) -> Option<Purpose> {
    let name = name.trim().to_lowercase();
    let (_, custom) = custom.rsplit_once(':')?;
    Some(match custom {
        "gh-sprint" => Purpose::Sprint,
        "gh-epic-link" => Purpose::Epic,
        "jsw-story-points" => Purpose::Points,
        "multicheckboxes" if name == "flagged" => Purpose::Flagged,
        _ if custom.contains("impediment") => Purpose::Flagged,
        "rm-teams-custom-field-team" | "atlassian-team" => Purpose::Team,
        _ if kind == "number" && name.starts_with("story point") => Purpose::Points,
        _ => return None,
    })
}

/// The same where nothing but the English name is told.
pub fn purpose_of_name(name: &str) -> Option<Purpose> {
    let name = name.trim().to_lowercase();
    Some(match name.as_str() {
        "sprint" => Purpose::Sprint,
        "flagged" => Purpose::Flagged,
        "epic link" => Purpose::Epic,
        _ if name.starts_with("story point") => Purpose::Points,
        _ => return None,
    })
}

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
            let Some(Schema { kind, custom }) = &field.schema else {
                continue;
            };
            if let Some(purpose) = purpose(&field.name, kind, custom) {
                found.list_for(purpose).push(CustomField {
                    id: field.id,
                    name: field.name,
                });
            }
        }
        Ok(found)
    }

    fn list_for(&mut self, purpose: Purpose) -> &mut Vec<CustomField> {
        match purpose {
            Purpose::Sprint => &mut self.sprint,
            Purpose::Points => &mut self.points,
            Purpose::Flagged => &mut self.flagged,
            Purpose::Epic => &mut self.epic,
            Purpose::Team => &mut self.team,
        }
    }

    /// What a document needs to be read later: which of its fields are which. Changes of Data
    /// Center name a field, all others tell its id.
    pub fn context(&self, with_names: bool) -> Value {
        let told = |list: &[CustomField]| -> Value {
            let field = |field: &CustomField| match with_names {
                true => json!(field),
                false => json!(field.id),
            };
            list.iter().map(field).collect()
        };
        let lists = [
            (Purpose::Sprint, &self.sprint),
            (Purpose::Points, &self.points),
            (Purpose::Flagged, &self.flagged),
            (Purpose::Epic, &self.epic),
        ];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        lists
            .map(|(purpose, list)| (purpose.name().to_owned(), told(list)))
            .collect::<serde_json::Map<_, _>>()
            .into()
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
        let custom = custom.into_iter().flatten().map(|field| &*field.id);
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
            "project",
            "priority",
            "parent",
            "fixVersions",
        ];
        std::iter::once("status")
            .chain(custom.map(|field| &*field.id))
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
                "project",
                "priority"
            ]
        );
    }

    #[test]
    fn documents_are_told_which_field_is_which() {
        let found = found(json!([
            field(
                "c1",
                "Iteration",
                "array",
                "com.pyxis.greenhopper.jira:gh-sprint"
            ),
            field("c3", "Story Points", "number", "x:float"),
            field("c2", "Story point estimate", "number", "x:jsw-story-points"),
            field("c9", "Team", "team", "x:atlassian-team"),
        ]));
        assert_eq!(
            found.context(false),
            json!({"sprint": ["c1"], "points": ["c3", "c2"]})
        );
        let sprint = &found.context(true)["sprint"];
        assert_eq!(*sprint, json!([{"id": "c1", "name": "Iteration"}]));
        assert_eq!(CustomFields::default().context(true), json!({}));
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::named(purpose.name()), Some(purpose));
        }
    }

    #[test]
    fn changes_of_ten_fields_are_asked_for_at_most() {
        let points = (0..20).map(|i| field(&format!("c{i}"), "Story Points", "number", "x:float"));
        let found = found(points.collect());
        assert_eq!(found.of_changes().len(), 10);
        assert!(found.of_changes().contains(&"project"));
        assert!(CustomFields::default().of_changes().len() <= 10);
    }
}
