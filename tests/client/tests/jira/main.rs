//! The source kind `jira` against a Jira that changes, refuses, limits and goes away.

mod complete;

use client::{Fixture, PROJECTS};

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
