//! A stand-in for Jira alone, and what a source should have found there.

use crate::{Fixture, stand_in};
use stand_in::jira::model::{Field, Issue};
use stand_in::jira::{Edit, Flavour, Jira, Settings};
use stand_in::{Config, Server, TOKEN};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The projects of the stand-in.
pub const PROJECTS: [&str; 3] = ["PAY", "WEB", "OPS"];

/// The fields whose changes the source asks Jira Cloud for; it takes ten at a time.
const CHANGES: [Field; 10] = [
    Field::Status,
    Field::Sprint,
    Field::StoryPoints,
    Field::PointEstimate,
    Field::Flagged,
    Field::Resolution,
    Field::Type,
    Field::Assignee,
    Field::Project,
    Field::Priority,
];

/// A Jira whose history ends now: searches count minutes back from the present, and a source
/// takes Jira's present for what the header `Date` says.
pub fn jira_stand_in(flavour: Flavour, change: impl FnOnce(&mut Config, &mut Settings)) -> Server {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs());
    let mut settings = Settings {
        flavour,
        ..Settings::default()
    };
    stand_in(|config| {
        config.organisation = None;
        config.until = Some((UNIX_EPOCH + Duration::from_secs(seconds)).into());
        change(config, &mut settings);
        config.jira = Some(settings);
    })
}

impl Fixture {
    /// Cluster, extension and a stand-in for Jira, with the source `jira` for all of its projects.
    pub fn jira(flavour: Flavour, change: impl FnOnce(&mut Config, &mut Settings)) -> Self {
        let mut fixture = Self::new(jira_stand_in(flavour, change), &[]);
        fixture.add_jira("jira", "*", "");
        fixture
    }

    /// Adds a source for projects of the stand-in; `options` are more of them, such as
    /// `, "deployment": "cloud"`.
    pub fn add_jira(&mut self, name: &str, projects: &str, options: &str) {
        self.add_jira_with(name, projects, options, TOKEN);
    }

    /// The same with another secret.
    pub fn add_jira_with(&mut self, name: &str, projects: &str, options: &str, secret: &str) {
        let url = self.stand_in.url();
        let settings = &self.site().settings;
        let email = match settings.flavour {
            Flavour::Cloud if !options.contains("email") => {
                format!(r#", "email": "{}""#, settings.email)
            }
            _ => String::new(),
        };
        self.db.run(&format!(
            r#"SELECT diogen.add_source('{name}', 'jira',
                '{{"base_url": "{url}", "projects": "{projects}", "since": "2000-01-01"{email}{options}}}',
                secret => '{secret}')"#
        ));
    }

    /// The stand-in's Jira.
    pub fn site(&self) -> &Jira {
        self.stand_in.jira().expect("a Jira")
    }

    /// Edits an issue; without anything to set, its summary.
    pub fn edit(&self, issue: &str, edit: &Edit) {
        let edited = self.site().edit(self.stand_in.now(), issue, edit);
        edited.expect("an issue to edit");
    }

    /// Deletes an issue.
    pub fn delete(&self, issue: &str) {
        let deleted = self.site().delete(self.stand_in.now(), issue);
        deleted.expect("an issue to delete");
    }

    /// Moves an issue to another project; its new key.
    pub fn move_issue(&self, issue: &str, project: &str) -> String {
        let clock = self.stand_in.now();
        let id = self.site().move_issue(clock, issue, project);
        let id = id.expect("an issue to move");
        let (site, now) = (self.site().site(), self.site().now(clock));
        let moved = site.issue_by_id(id).expect("an issue");
        moved.key(now).to_owned()
    }

    /// Creates an issue in a project.
    pub fn create(&self, project: &str, summary: &str) {
        let created = self.site().create(self.stand_in.now(), project, summary);
        created.expect("a project");
    }

    /// The keys of a project's issues, as the stand-in shows them now; the oldest first.
    pub fn issue_keys(&self, project: &str) -> Vec<String> {
        let now = self.site().now(self.stand_in.now());
        let site = self.site().site();
        let project = site.project(project).expect("a project").id;
        let issues = site.visible_issues(now);
        let own = issues.filter(|issue| issue.project(now) == project);
        own.map(|issue| issue.key(now).to_owned()).collect()
    }

    /// What bronze does not hold of what Jira shows now of projects, or holds beyond it: issues as
    /// they are, their changes, boards and sprints. None means that all is there, once.
    pub fn differences_to_jira(&mut self, source: &str, projects: &[&str]) -> Vec<String> {
        let shown = self.shown(projects);
        let of_changes = match self.site().settings.flavour {
            Flavour::Cloud => format!(
                "SELECT 'changelogs ' || d.key FROM diogen_bronze.documents d
                 JOIN diogen_bronze.documents i
                   ON i.source = d.source AND i.stream = 'issues' AND i.key = d.context ->> 'issue_id'
                  AND i.deleted_at IS NULL
                 WHERE d.source = '{source}' AND d.stream = 'changelogs'"
            ),
            Flavour::DataCenter => format!(
                "SELECT 'changelogs ' || d.key || ':' || (h.history ->> 'id') FROM diogen_bronze.documents d
                 CROSS JOIN LATERAL jsonb_array_elements(d.doc #> '{{changelog,histories}}') AS h (history)
                 WHERE d.source = '{source}' AND d.stream = 'issues' AND d.deleted_at IS NULL"
            ),
        };
        let held = self.db.lines(&format!(
            "SELECT concat_ws(' ', 'issues', d.key, d.doc ->> 'key', d.scope, d.doc #>> '{{fields,project,id}}',
                              to_char(d.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                              d.doc #>> '{{fields,status,id}}')
             FROM diogen_bronze.documents d
             WHERE d.source = '{source}' AND d.stream = 'issues' AND d.deleted_at IS NULL
             UNION ALL
             SELECT d.stream || ' ' || d.key FROM diogen_bronze.documents d
             WHERE d.source = '{source}' AND d.stream IN ('boards', 'sprints') AND d.deleted_at IS NULL
             UNION ALL {of_changes}"
        ));
        let count = held.len();
        let held: BTreeSet<_> = held.into_iter().collect();
        assert_eq!(held.len(), count, "nothing is there twice");
        let missing = shown.difference(&held).map(|name| format!("- {name}"));
        missing
            .chain(held.difference(&shown).map(|name| format!("+ {name}")))
            .collect()
    }

    fn shown(&self, projects: &[&str]) -> BTreeSet<String> {
        let clock = self.stand_in.now();
        let (site, now) = (self.site().site(), self.site().now(clock));
        let truth = self.site().truth(clock);
        let is_cloud = self.site().settings.flavour == Flavour::Cloud;
        let wanted = |id: u64| {
            let project = site.project_by_id(id).expect("a project");
            projects.contains(&project.key.as_str())
        };
        let mut shown = BTreeSet::new();
        for issue in site.visible_issues(now) {
            if !wanted(issue.project(now)) {
                continue;
            }
            let told = &truth["issues"][issue.id.to_string()];
            let text = |field: &str| told[field].as_str().expect("a text").to_owned();
            let key = text("key");
            let (project, _) = key.rsplit_once('-').expect("a key");
            shown.insert(format!(
                "issues {} {key} {project} {} {} {}",
                issue.id,
                text("project"),
                text("updated"),
                text("status"),
            ));
            let changes = changes(issue, now, is_cloud);
            shown.extend(changes.map(|id| format!("changelogs {}:{id}", issue.id)));
        }
        for board in site.boards.iter().filter(|board| wanted(board.project)) {
            shown.insert(format!("boards {}", board.id));
            let sprints = site
                .sprints
                .iter()
                .filter(|sprint| sprint.board == board.id);
            let made = sprints.filter(|sprint| sprint.created <= now);
            shown.extend(made.map(|sprint| format!("sprints {}", sprint.id)));
        }
        shown
    }
}

/// The numbers of an issue's changes: those that the Cloud is asked for, or all.
fn changes(issue: &Issue, now: stand_in::model::Time, is_cloud: bool) -> impl Iterator<Item = u64> {
    let seen = issue.seen(now).iter();
    let wanted = seen.filter(move |history| {
        let mut fields = history.changes.iter().map(|change| change.field);
        !is_cloud || fields.any(|field| CHANGES.contains(&field))
    });
    wanted.map(|history| history.id)
}
