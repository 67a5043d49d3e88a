//! What a client should have found.

use super::Jira;
use super::model::Field;
use crate::model::Time;
use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

impl Jira {
    /// What is visible now: counts of each project, and all issues by id with their key,
    /// newest `updated`, status and number of changes.
    pub fn truth(&self, clock: Time) -> Value {
        let site = self.site();
        let now = self.now(clock);
        let mut issues = Map::new();
        for issue in site.visible_issues(now) {
            let updated = issue.updated(now);
            issues.insert(
                issue.id.to_string(),
                json!({
                    "key": issue.key(now),
                    "project": issue.project(now).to_string(),
                    "updated": updated.to_rfc3339_opts(SecondsFormat::Millis, true),
                    "histories": issue.seen(now).len(),
                    "status": issue.held(Field::Status, now).id().map(|s| s.to_string()),
                }),
            );
        }
        let mut projects = Map::new();
        for project in &site.projects {
            let own = || {
                site.visible_issues(now)
                    .filter(|i| i.project(now) == project.id)
            };
            let boards = || site.boards.iter().filter(|b| b.project == project.id);
            let sprints = site
                .sprints
                .iter()
                .filter(|s| s.created <= now && boards().any(|b| b.id == s.board));
            projects.insert(
                project.key.clone(),
                json!({
                    "id": project.id.to_string(),
                    "issues": own().count(),
                    "histories": own().map(|i| i.seen(now).len()).sum::<usize>(),
                    "boards": boards().count(),
                    "sprints": sprints.count(),
                }),
            );
        }
        json!({
            "now": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "projects": projects,
            "issues": issues,
        })
    }
}
