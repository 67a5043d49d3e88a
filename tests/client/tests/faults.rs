//! An API that fails now and then: what can be mended within a run is.

use client::Fixture;
use stand_in::{Action, Fault, Status, TOKEN};

/// A refresh while a fault strikes ends complete, without a finding.
fn mended(faults: Vec<Fault>) -> Fixture {
    let mut fixture = Fixture::acme(|_| ());
    fixture.stand_in.script(faults);
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(
        fixture
            .db
            .lines("SELECT f::text FROM diogen_bronze.findings f"),
        [""; 0]
    );
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    let counted = fixture.db.value("SELECT sum(requests) FROM diogen.status");
    assert_eq!(
        counted,
        fixture.stand_in.requests().to_string(),
        "every request is counted"
    );
    fixture
}

fn graphql_error(kind: &str, message: &str) -> Action {
    Action::Body(format!(
        r#"{{"data": {{"repository": null}}, "errors": [{{"type": "{kind}", "message": "{message}"}}]}}"#
    ))
}

fn status(code: u16) -> Action {
    Action::Status(Status {
        code,
        body: String::new(),
        headers: Default::default(),
    })
}

#[test]
fn a_page_that_is_too_much_is_asked_for_in_halves() {
    let limit = graphql_error(
        "RESOURCE_LIMITS_EXCEEDED",
        "Resource limits for this query exceeded.",
    );
    let mut fixture = Fixture::acme(|_| ());
    fixture
        .stand_in
        .script(vec![Fault::every("PullRequests", limit).times(2)]);
    fixture
        .db
        .run("SELECT * FROM diogen.fetch('acme', 'repositories')");
    let pages = |fixture: &mut Fixture| {
        fixture.db.lines(
            "SELECT requests, documents FROM diogen.fetch('acme', 'pull_requests', max_pages => 3)",
        )
    };
    // 25, 12 and then 6 elements; from there it grows again.
    assert_eq!(pages(&mut fixture), ["3|6", "1|7", "1|8"]);
    assert_eq!(pages(&mut fixture), ["1|10", "1|12", "1|15"], "remembered");

    let null = r#"{"data": {"repository": {"pullRequests": {"totalCount": 1,
        "pageInfo": {"hasNextPage": false, "endCursor": null}, "nodes": [null]}}}}"#;
    mended(vec![
        Fault::every("PullRequests", Action::Body(null.to_owned())).times(2),
    ]);
}

#[test]
fn gateways_and_connections_that_fail_now_and_then() {
    for action in [
        status(502),
        status(503),
        status(504),
        Action::Close,
        Action::Truncate(300),
    ] {
        mended(vec![Fault::every("", action).after(3).times(2)]);
    }
}

#[test]
fn a_cursor_that_the_api_no_longer_knows() {
    let lost = graphql_error(
        "INVALID_CURSOR_ARGUMENTS",
        "`x` does not appear to be a valid cursor.",
    );
    mended(vec![
        Fault::every("Commits", lost)
            .of("acme/web")
            .after(1)
            .times(1),
    ]);
}

#[test]
fn a_rate_limit_stops_the_source_and_says_until_when() {
    for (status_code, header, value, body) in [
        (403, "x-ratelimit-remaining", "0", "API rate limit exceeded"),
        (429, "retry-after", "60", "slow down"),
        (
            403,
            "retry-after",
            "60",
            "You have exceeded a secondary rate limit",
        ),
    ] {
        let mut fixture = Fixture::acme(|_| ());
        let action = Action::Status(Status {
            code: status_code,
            body: format!(r#"{{"message": "{body}"}}"#),
            headers: [(header.to_owned(), value.to_owned())].into(),
        });
        fixture
            .stand_in
            .script(vec![Fault::every("Commits", action).times(1)]);
        fixture.db.run("CALL diogen.sync()");
        let finding = fixture
            .db
            .lines("SELECT stream, sqlstate FROM diogen_bronze.findings");
        assert_eq!(finding, ["commits|53400"]);
        // Before the limit is over nothing is asked; another token has another budget.
        // What was under way when the limit struck may still arrive.
        std::thread::sleep(std::time::Duration::from_millis(200));
        let requests = fixture.stand_in.requests();
        fixture.db.notices();
        fixture.db.run("CALL diogen.sync()");
        assert_eq!(fixture.stand_in.requests(), requests);
        let notices = fixture.db.notices();
        assert!(
            notices[0].starts_with("NOTICE acme · rate limit until "),
            "{notices:?}"
        );
        fixture.set_secret(TOKEN);
        fixture.db.run("CALL diogen.sync()");
        assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    }
}

#[test]
fn an_idle_organisation_costs_a_request() {
    let mut fixture = mended(Vec::new());
    let requests = fixture.stand_in.requests();
    fixture.db.run("CALL diogen.refresh()");
    assert_eq!(fixture.stand_in.requests() - requests, 1);
}

#[test]
fn a_repository_that_is_gone_is_no_longer_asked_for() {
    let mut fixture = mended(Vec::new());
    let db = &mut fixture.db;
    let gone = r#"{"nameWithOwner": "acme/gone", "updatedAt": "2026-01-01T00:00:00Z"}"#;
    db.run(&format!(
        "SELECT diogen.ingest('acme', 'repositories', '{gone}')"
    ));
    db.run("CALL diogen.sync()");
    assert_eq!(
        db.lines("SELECT key FROM diogen_bronze.documents WHERE deleted_at IS NOT NULL"),
        ["acme/gone"]
    );
    assert_eq!(db.number("SELECT count(*) FROM diogen_bronze.findings"), 0);
    // What came from it stays, and it may come back.
    db.run(&format!(
        "SELECT diogen.ingest('acme', 'repositories', '{gone}')"
    ));
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_bronze.documents WHERE deleted_at IS NOT NULL"),
        0
    );
}

#[test]
fn a_token_that_may_not_see_one_repository_reads_the_others() {
    let mut fixture = Fixture::acme(|_| ());
    let forbidden = graphql_error(
        "FORBIDDEN",
        "Resource not accessible by personal access token",
    );
    fixture.stand_in.script(vec![
        Fault::every("POST /graphql", forbidden).of("acme/web"),
    ]);
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(
        fixture
            .db
            .lines("SELECT DISTINCT scope, sqlstate FROM diogen_bronze.findings"),
        ["acme/web|HV00R"]
    );
    let differences = fixture.differences_to_truth("acme");
    assert!(
        differences
            .iter()
            .all(|line| line.starts_with("- acme/web ")),
        "{differences:?}"
    );
}
