//! The source kind `jira` against a Jira that changes, refuses, limits and goes away.

mod changes;
mod complete;
mod interrupted;
mod limits;
mod refusals;
mod shapes;

use client::{Fixture, PROJECTS, jira_stand_in};
use stand_in::jira::{Edit, Flavour};
use stand_in::{Action, Server, Status};

const BOTH: [Flavour; 2] = [Flavour::Cloud, Flavour::DataCenter];

/// Nothing was out of the ordinary, and bronze holds what Jira shows.
fn assert_complete(fixture: &mut Fixture) {
    assert_no_findings(fixture);
    assert_eq!(fixture.differences_to_jira("jira", &PROJECTS), [""; 0]);
}

fn assert_no_findings(fixture: &mut Fixture) {
    let findings = "SELECT stream, scope, sqlstate, finding FROM diogen_bronze.findings";
    assert_eq!(fixture.db.lines(findings), [""; 0]);
}

fn sync(fixture: &mut Fixture) {
    fixture.db.run("CALL diogen.sync('jira')");
}

/// How many requests a piece of work takes.
fn requests_of(fixture: &mut Fixture, work: impl FnOnce(&mut Fixture)) -> u64 {
    let before = fixture.stand_in.requests();
    work(fixture);
    fixture.stand_in.requests() - before
}

/// How many pages of searches for issues were asked for.
fn searches(fixture: &Fixture) -> u64 {
    let counts = fixture.stand_in.counts();
    ["POST /rest/api/3/search/jql", "POST /rest/api/2/search"]
        .iter()
        .filter_map(|label| counts.get(*label))
        .sum()
}

/// A project at Jira Cloud whose changes do not fit into one page.
fn a_page_of_changes_and_more() -> Fixture {
    let server = jira_stand_in(Flavour::Cloud, |config, settings| {
        settings.issues_per_project = 850;
        config.hold_back_hours = 4.0;
    });
    let mut fixture = Fixture::new(server, &[]);
    let keys = fixture.issue_keys("PAY");
    for key in &keys {
        for priority in ["Highest", "Lowest"].repeat(6) {
            let edit = Edit {
                priority: Some(priority.to_owned()),
                ..Edit::default()
            };
            fixture.edit(key, &edit);
        }
    }
    // Each edit has taken a second; the clock shows the present now.
    let taken = keys.len() as f64 * 12.0 / 3_600.0;
    fixture.stand_in.advance(4.0 - taken);
    fixture.add_jira("jira", "PAY", "");
    fixture
}

/// An answer in place of the right one.
fn status(code: u16, headers: &[(&str, &str)], body: &str) -> Action {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Action::Status(Status {
        code,
        body: body.to_owned(),
        headers: headers.iter().map(own).collect(),
    })
}

/// What went wrong, as `stream|scope|SQLSTATE|finding`.
fn findings(fixture: &mut Fixture) -> Vec<String> {
    let findings =
        "SELECT stream, scope, sqlstate, finding FROM diogen_bronze.findings ORDER BY 1, 2, 4";
    fixture.db.lines(findings)
}

/// How the last run ended, and why.
fn outcome(fixture: &mut Fixture) -> String {
    let last = "SELECT state, note FROM diogen.runs ORDER BY run DESC LIMIT 1";
    fixture.db.lines(last).remove(0)
}

/// A Jira whose issues are few.
fn server(flavour: Flavour) -> Server {
    jira_stand_in(flavour, |_, settings| settings.issues_per_project = 120)
}

/// That Jira with the source `jira` for all of its projects.
fn small(flavour: Flavour) -> Fixture {
    let mut fixture = Fixture::new(server(flavour), &[]);
    fixture.add_jira("jira", "*", "");
    fixture
}
