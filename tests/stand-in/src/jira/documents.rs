//! Documents of what issues name: people, statuses, types, projects, versions, sprints.

use super::Jira;
use super::catalogue::{self, Category, PRIORITIES, RESOLUTIONS, STATUSES, Status, TYPES, Type};
use super::model::{Person, Project, Site, Sprint, Version};
use super::settings::Flavour;
use super::view::SprintState;
use crate::model::Time;
use chrono::SecondsFormat;
use chrono_tz::Tz;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Written documents by id: issues repeat them over and over.
pub type Written = HashMap<u64, Box<RawValue>>;

/// What documents of one answer have in common.
pub struct Documents<'a> {
    /// The site.
    pub site: &'a Site,
    /// The moment that is shown.
    pub now: Time,
    /// Time zone of whoever asks.
    pub zone: Tz,
    /// Address of the REST API, such as `http://host/rest/api/3`.
    pub base: String,
    /// Address of the server.
    pub host: String,
    /// Written people.
    pub people: Written,
    /// Written statuses.
    pub statuses: Written,
    /// Written types.
    pub types: Written,
    /// Written priorities.
    pub priorities: Written,
    /// Written resolutions.
    pub resolutions: Written,
    /// Written projects.
    pub projects: Written,
    /// Written versions.
    pub versions: Written,
    /// Sprints as issues contain them.
    pub sprints: Written,
}

fn written<T>(things: &[T], document: impl Fn(&T) -> (u64, Value)) -> Written {
    let pairs = things.iter().map(document);
    pairs
        .filter_map(|(id, value)| Some((id, to_raw_value(&value).ok()?)))
        .collect()
}

impl<'a> Documents<'a> {
    /// Writes what issues may name.
    pub fn new(jira: &Jira, site: &'a Site, now: Time, host: &str, version: u8) -> Self {
        let mut docs = Documents {
            site,
            now,
            zone: jira.settings.time_zone,
            base: format!("{host}/rest/api/{version}"),
            host: host.to_owned(),
            people: Written::new(),
            statuses: Written::new(),
            types: Written::new(),
            priorities: Written::new(),
            resolutions: Written::new(),
            projects: Written::new(),
            versions: Written::new(),
            sprints: Written::new(),
        };
        docs.people = written(&site.people, |p| (p.id, docs.person(p)));
        docs.statuses = written(&STATUSES, |s| (s.id, docs.status(s)));
        docs.types = written(&TYPES, |t| (t.id, docs.issue_type(t)));
        docs.priorities = written(&PRIORITIES, |(id, name)| {
            (*id, docs.named("priority", *id, name))
        });
        docs.resolutions = written(&RESOLUTIONS, |(id, name)| {
            (*id, docs.named("resolution", *id, name))
        });
        docs.projects = written(&site.projects, |p| (p.id, docs.project(p)));
        docs.versions = written(&site.versions, |v| (v.id, docs.version(v)));
        docs.sprints = written(&site.sprints, |s| (s.id, docs.sprint_in_issue(s)));
        docs
    }

    /// Whether it is Cloud.
    pub fn is_cloud(&self) -> bool {
        self.site.flavour == Flavour::Cloud
    }

    /// A moment as issues and changes write it: local, the offset without a colon.
    pub fn time(&self, at: Time) -> String {
        let local = at.with_timezone(&self.zone);
        local.format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
    }

    /// A moment as boards write it: in UTC on Cloud, local on Data Center.
    pub fn agile_time(&self, at: Time) -> String {
        if self.is_cloud() {
            at.to_rfc3339_opts(SecondsFormat::Millis, true)
        } else {
            at.with_timezone(&self.zone)
                .to_rfc3339_opts(SecondsFormat::Millis, false)
        }
    }

    /// A user.
    pub fn person(&self, person: &Person) -> Value {
        let picture = |size: u64| format!("{}/avatar/{}?size={size}", self.host, person.id);
        let avatars = json!({
            "48x48": picture(48), "24x24": picture(24), "16x16": picture(16), "32x32": picture(32),
        });
        if self.is_cloud() {
            let kind = if person.is_app { "app" } else { "atlassian" };
            let mut user = json!({
                "self": format!("{}/user?accountId={}", self.base, person.account),
                "accountId": person.account,
                "avatarUrls": avatars,
                "displayName": person.display,
                "active": person.is_active,
                "timeZone": person.zone,
                "accountType": kind,
            });
            // Cloud shows the addresses of those who allow it.
            if person.id.is_multiple_of(3) && !person.email.is_empty() {
                user["emailAddress"] = json!(person.email);
            }
            return user;
        }
        json!({
            "self": format!("{}/user?username={}", self.base, person.name),
            "name": person.name,
            "key": format!("JIRAUSER{}", 10_100 + person.id),
            "emailAddress": person.email,
            "avatarUrls": avatars,
            "displayName": person.display,
            "active": person.is_active,
            "timeZone": person.zone,
        })
    }

    /// The category of a status.
    pub fn category(&self, category: Category) -> Value {
        let (id, key, colour, name, _) = category.words();
        json!({
            "self": format!("{}/statuscategory/{id}", self.base),
            "id": id,
            "key": key,
            "colorName": colour,
            "name": name,
        })
    }

    /// The project that a status belongs to, none if it belongs to all.
    pub fn scope(&self, status: &Status) -> Option<&Project> {
        let key = status.scope.filter(|_| self.is_cloud())?;
        self.site.project(key)
    }

    /// A status.
    pub fn status(&self, status: &Status) -> Value {
        let mut document = json!({
            "self": format!("{}/status/{}", self.base, status.id),
            "description": "",
            "iconUrl": format!("{}/images/icons/statuses/generic.png", self.host),
            "name": status.name,
            "id": status.id.to_string(),
            "statusCategory": self.category(status.category),
        });
        if self.is_cloud() {
            document["untranslatedName"] = json!(status.name);
        }
        if let Some(project) = self.scope(status) {
            document["scope"] =
                json!({"type": "PROJECT", "project": {"id": project.id.to_string()}});
        }
        document
    }

    /// A type of issues.
    pub fn issue_type(&self, kind: &Type) -> Value {
        let mut document = json!({
            "self": format!("{}/issuetype/{}", self.base, kind.id),
            "id": kind.id.to_string(),
            "description": "",
            "iconUrl": format!("{}/images/icons/issuetypes/{}.svg", self.host, kind.id),
            "name": kind.name,
            "subtask": kind.level < 0,
        });
        if self.is_cloud() {
            document["untranslatedName"] = json!(kind.name);
            document["hierarchyLevel"] = json!(kind.level);
        }
        document
    }

    /// Something that has a name.
    pub fn named(&self, what: &str, id: u64, name: &str) -> Value {
        json!({
            "self": format!("{}/{what}/{id}", self.base),
            "iconUrl": format!("{}/images/icons/{what}/{id}.svg", self.host),
            "name": name,
            "id": id.to_string(),
        })
    }

    /// A project as lists and issues contain it.
    pub fn project(&self, project: &Project) -> Value {
        let mut document = json!({
            "self": format!("{}/project/{}", self.base, project.id),
            "id": project.id.to_string(),
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "software",
            "avatarUrls": {"48x48": format!("{}/projectavatar/{}", self.host, project.id)},
        });
        if self.is_cloud() {
            let managed = project.is_team_managed;
            document["simplified"] = json!(managed);
            document["style"] = json!(if managed { "next-gen" } else { "classic" });
            document["isPrivate"] = json!(false);
        }
        document
    }

    /// A version.
    pub fn version(&self, version: &Version) -> Value {
        let released = version.released <= self.now;
        let day = version.released.with_timezone(&self.zone).date_naive();
        json!({
            "self": format!("{}/version/{}", self.base, version.id),
            "id": version.id.to_string(),
            "name": version.name,
            "archived": false,
            "released": released,
            "releaseDate": day.to_string(),
        })
    }

    /// A sprint as an issue contains it: an object on Cloud, on Data Center the text that
    /// Java makes of it.
    fn sprint_in_issue(&self, sprint: &Sprint) -> Value {
        let state = sprint.state(self.now);
        let closed = (state == SprintState::Closed).then(|| self.agile_time(sprint.completed));
        if self.is_cloud() {
            let mut document = json!({
                "id": sprint.id,
                "name": sprint.name,
                "state": state.name(),
                "boardId": sprint.board,
                "goal": sprint.goal,
                "startDate": self.agile_time(sprint.start),
                "endDate": self.agile_time(sprint.end),
            });
            if let Some(at) = closed {
                document["completeDate"] = json!(at);
            }
            return document;
        }
        let null = || "<null>".to_owned();
        let activated = (state != SprintState::Future).then(|| self.agile_time(sprint.activated));
        json!(format!(
            "com.atlassian.greenhopper.service.sprint.Sprint@{:x}[activatedDate={},autoStartStop=false,completeDate={},endDate={},goal={},id={},incompleteIssuesDestinationId=<null>,name={},rapidViewId={},sequence={},startDate={},state={},synced=false]",
            sprint.id * 7_919 + 0x1a_2b3c,
            activated.unwrap_or_else(null),
            closed.unwrap_or_else(null),
            self.agile_time(sprint.end),
            sprint.goal,
            sprint.id,
            sprint.name,
            sprint.board,
            sprint.id,
            self.agile_time(sprint.start),
            state.name().to_uppercase(),
        ))
    }

    /// The name of a custom field, such as `customfield_10016`.
    pub fn custom(&self, field: &catalogue::Custom) -> Option<String> {
        let number = field.number(self.site.flavour)?;
        Some(format!("customfield_{number}"))
    }
}
