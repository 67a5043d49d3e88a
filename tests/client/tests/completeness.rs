//! Everything of GitHub arrives: what nests deeper than a page, what is old, renamed or gone.

use client::{Fixture, stand_in};
use stand_in::{Action, Bulk, Config, Deleted, Fault};

/// One repository with a thousand pull requests, some of them with long lists.
fn bulk(change: impl FnOnce(&mut Bulk)) -> Fixture {
    let mut size = Bulk {
        repositories: 1,
        ..Bulk::default()
    };
    change(&mut size);
    let stand_in = stand_in(|config: &mut Config| {
        config.organisation = None;
        config.bulk = Some(size);
    });
    let mut fixture = Fixture::new(stand_in, &[]);
    fixture.add_source("bulk", "bulk/*");
    fixture
}

fn assert_complete(fixture: &mut Fixture, source: &str) {
    assert_eq!(
        fixture
            .db
            .lines("SELECT f::text FROM diogen_bronze.findings f"),
        [""; 0]
    );
    assert_eq!(fixture.differences_to_truth(source), [""; 0]);
}

#[test]
fn a_thousand_pull_requests_cost_forty_requests_at_most() {
    let mut fixture = bulk(|size| size.pull_requests = 1000);
    fixture
        .db
        .run("CALL diogen.sync('bulk', '{repositories, pull_requests}')");
    let requests = fixture.stand_in.requests();
    assert!(requests <= 40, "{requests} requests");
    let held = "SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'pull_requests'";
    assert_eq!(fixture.db.number(held), 1000);
}

#[test]
fn long_lists_are_read_to_their_end() {
    let mut fixture = bulk(|size| {
        size.pull_requests = 1000;
        size.oversized = 5;
    });
    fixture
        .db
        .run("CALL diogen.sync('bulk', '{repositories, pull_requests}')");
    let before = fixture.stand_in.requests();
    fixture.db.run("CALL diogen.sync()");
    let rest: u64 = fixture.stand_in.counts()["POST /graphql Nested"];
    assert!(rest <= 15, "{rest} requests");
    assert!(fixture.stand_in.requests() > before);
    assert_complete(&mut fixture, "bulk");
    let db = &mut fixture.db;
    assert_eq!(db.number("SELECT count(*) FROM diogen_bronze.queue"), 0);
    // What the API counts is what came, in the document and beside it.
    for (list, stream) in [
        ("commits", "pull_request_commits"),
        ("reviews", "reviews"),
        ("files", "pull_request_files"),
    ] {
        let incomplete = format!(
            "SELECT d.key, d.doc #>> '{{{list},totalCount}}', jsonb_array_length(d.doc #> '{{{list},nodes}}') + n.number
             FROM diogen_bronze.documents d
             CROSS JOIN LATERAL (SELECT count(*) AS number FROM diogen_bronze.documents n
                                 WHERE n.stream = '{stream}' AND n.context ->> 'number' = d.doc ->> 'number') n
             WHERE d.stream = 'pull_requests'
               AND (d.doc #>> '{{{list},totalCount}}')::int
                   <> jsonb_array_length(d.doc #> '{{{list},nodes}}') + n.number"
        );
        assert_eq!(db.lines(&incomplete), [""; 0], "{list}");
        let beside =
            format!("SELECT count(*) FROM diogen_bronze.documents WHERE stream = '{stream}'");
        assert_ne!(db.number(&beside), 0);
    }
    // Silver has them all, whichever way they came.
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines(
            "SELECT commit_count, commits_known, count(*) FROM diogen_silver.pull_requests
             WHERE commit_count > 100 GROUP BY 1, 2"
        ),
        ["250|250|5"]
    );
}

#[test]
fn an_idle_organisation_of_two_hundred_repositories_costs_ten_requests_at_most() {
    let mut fixture = bulk(|size| {
        size.repositories = 200;
        size.pull_requests = 2;
        size.issues = 1;
    });
    fixture.db.run("CALL diogen.sync()");
    assert_complete(&mut fixture, "bulk");
    let before = fixture.stand_in.requests();
    fixture.db.run("CALL diogen.sync()");
    let requests = fixture.stand_in.requests() - before;
    assert!(requests <= 10, "{requests} requests");
}

#[test]
fn what_changes_while_the_list_is_read_arrives_too() {
    let mut fixture = Fixture::acme(|config| {
        config.until = None;
        config.hold_back_hours = 240.0;
    });
    let moves = |matching: &str| Fault::every(matching, Action::AdvanceHours(12.0)).times(4);
    fixture.stand_in.script(vec![
        moves("PullRequests").after(1),
        moves("Commits").after(1),
        moves("Deployments").after(1),
        moves("Issues").after(1),
    ]);
    fixture.db.run("CALL diogen.sync()");
    // The pages did not shift; what came to the front meanwhile is the next run's news.
    fixture.db.run("CALL diogen.sync()");
    assert_complete(&mut fixture, "acme");
}

#[test]
fn totals_that_lie_change_nothing() {
    for off in [-5, 7] {
        let mut fixture = Fixture::acme(|_| ());
        fixture
            .stand_in
            .script(vec![Fault::every("", Action::LieTotal(off))]);
        fixture.db.run("CALL diogen.sync()");
        assert_complete(&mut fixture, "acme");
    }
}

#[test]
fn a_window_of_workflow_runs_that_holds_too_many_is_halved() {
    let mut fixture = bulk(|size| {
        size.pull_requests = 900;
        size.issues = 0;
    });
    let shown = fixture.truth("workflow_runs");
    assert!(shown > 1000, "{shown} runs are more than one window lists");
    fixture
        .db
        .run("CALL diogen.sync('bulk', '{repositories, workflow_runs}')");
    let held = "SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'workflow_runs'";
    assert_eq!(fixture.db.number(held), shown);
}

#[test]
fn an_unchanged_list_of_runs_costs_no_document() {
    let mut fixture = Fixture::acme(|_| ());
    let runs = "CALL diogen.sync('acme', '{workflow_runs}')";
    fixture.db.run("CALL diogen.sync()");
    fixture.db.run(runs);
    // The third one knows the list's tag.
    let read = "SELECT streams -> 'workflow_runs' ->> 'documents' FROM diogen.runs ORDER BY run DESC LIMIT 1";
    let cursors =
        "SELECT scope, cursor FROM diogen_bronze.cursors WHERE stream = 'workflow_runs' ORDER BY 1";
    let before = fixture.db.lines(cursors);
    fixture.db.run(runs);
    assert_eq!(fixture.db.value(read), "0");
    assert_eq!(fixture.db.lines(cursors), before, "the watermark is kept");
    assert_complete(&mut fixture, "acme");
}

#[test]
fn jobs_are_read_of_the_workflows_that_the_option_names() {
    let mut fixture = Fixture::new(stand_in(|_| ()), &[]);
    let options = r#", "workflow_jobs": "Deploy*""#;
    fixture.add_source_with("acme", "acme/checkout", options, stand_in::TOKEN);
    fixture.db.run("CALL diogen.sync()");
    let db = &mut fixture.db;
    assert_eq!(db.number("SELECT count(*) FROM diogen_bronze.queue"), 0);
    assert_eq!(
        db.lines("SELECT f::text FROM diogen_bronze.findings f"),
        [""; 0]
    );
    let without = db.number(
        "SELECT count(*) FROM diogen_bronze.documents r
         WHERE r.stream = 'workflow_runs' AND r.doc ->> 'status' = 'completed'
           AND (r.doc ->> 'name' LIKE 'Deploy%')
               IS DISTINCT FROM EXISTS (SELECT FROM diogen_bronze.documents j
                                        WHERE j.stream = 'workflow_jobs' AND j.doc ->> 'run_id' = r.doc ->> 'id')",
    );
    assert_eq!(without, 0);
    assert_ne!(
        db.number("SELECT count(*) FROM diogen_bronze.documents WHERE stream = 'workflow_jobs'"),
        0
    );
}

#[test]
fn release_branches_bring_the_commits_that_the_default_branch_lacks() {
    let mut fixture = Fixture::new(stand_in(|_| ()), &[]);
    let options = r#", "release_branches": "release/*""#;
    fixture.add_source_with("acme", "acme/*", options, stand_in::TOKEN);
    fixture.db.run("CALL diogen.sync()");
    assert_complete(&mut fixture, "acme");
    let db = &mut fixture.db;
    let branches = db.lines("SELECT scope FROM diogen_bronze.documents WHERE stream = 'branches'");
    assert_eq!(branches, ["acme/ledger"]);
    let picked = "SELECT count(*) FROM diogen_bronze.documents b
                  WHERE b.stream = 'branch_commits'
                    AND NOT EXISTS (SELECT FROM diogen_bronze.documents c WHERE c.stream = 'commits' AND c.key = b.key)";
    assert_eq!(db.number(picked), 2);
    // One page: it ends where the branch leaves the default branch.
    assert_eq!(fixture.stand_in.counts()["POST /graphql BranchCommits"], 1);
    let requests = fixture.stand_in.requests();
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.stand_in.requests() - requests, 1, "no news");
    fixture.db.run("CALL diogen.normalize()");
    let beside = "SELECT count(*) FROM diogen_silver.commits
                  WHERE repository = 'acme/ledger' AND NOT is_on_default_branch AND cardinality(parents) > 0";
    assert!(fixture.db.number(beside) >= 2);
}

#[test]
fn a_renamed_repository_keeps_its_identity() {
    let mut fixture = Fixture::acme(|_| ());
    fixture.db.run("CALL diogen.refresh()");
    let count = "SELECT stream, count(*) FROM diogen_bronze.documents WHERE deleted_at IS NULL GROUP BY 1 ORDER BY 1";
    let (before, requests) = (fixture.db.lines(count), fixture.stand_in.requests());
    let changes = "SELECT count(*), count(deployed_at), sum(lead_time) FROM diogen_gold.changes";
    let gold = fixture.db.lines(changes);
    assert!(fixture.stand_in.rename("acme/web", "storefront"));
    fixture.db.run("CALL diogen.refresh()");
    assert_eq!(fixture.db.lines(count), before, "nothing is read anew");
    assert!(fixture.stand_in.requests() - requests <= 3);
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    let db = &mut fixture.db;
    assert_eq!(
        db.lines("SELECT scope, finding FROM diogen_bronze.findings"),
        ["acme/storefront|renamed; it was acme/web before"]
    );
    assert_eq!(db.lines(changes), gold);
    for table in [
        "diogen_silver.pull_requests",
        "diogen_silver.repositories",
        "diogen_gold.changes",
        "diogen_gold.deployments",
    ] {
        let names = format!(
            "SELECT DISTINCT repository FROM {table} WHERE repository IN ('acme/web', 'acme/storefront')"
        );
        assert_eq!(db.lines(&names), ["acme/storefront"], "{table}");
    }
    // A rebuild from bronze, whose documents still tell the old name, gives the same.
    db.run("CALL diogen.normalize(rebuild => true)");
    db.run("CALL diogen.compute(rebuild => true)");
    assert_eq!(db.lines(changes), gold);
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_silver.pull_requests WHERE repository = 'acme/web'"),
        0
    );
}

#[test]
fn what_is_gone_is_found_once_a_week() {
    let mut fixture = Fixture::acme(|_| ());
    fixture.db.run("CALL diogen.sync()");
    for (stream, field) in [
        ("issues", "number"),
        ("deployments", "databaseId"),
        ("releases", "databaseId"),
    ] {
        let one = fixture.db.rows(&format!(
            "SELECT scope, doc ->> '{field}' FROM diogen_bronze.documents
             WHERE stream = '{stream}' ORDER BY key LIMIT 1"
        ));
        let repository = one[0][0].as_deref().expect("a repository");
        let id = one[0][1].as_deref().and_then(|id| id.parse().ok());
        let id = id.expect("a number");
        let what = match stream {
            "issues" => Deleted::Issue(id),
            "deployments" => Deleted::Deployment(id),
            _ => Deleted::Release(id),
        };
        assert!(fixture.stand_in.delete(repository, what), "{stream} {id}");
    }
    fixture.db.run("CALL diogen.sync()");
    let gone = "SELECT stream, count(*) FROM diogen_bronze.documents WHERE deleted_at IS NOT NULL GROUP BY 1 ORDER BY 1";
    fixture.db.run(
        "UPDATE diogen_bronze.cursors SET reconciled_at = reconciled_at - interval '8 days'
         WHERE reconciled_at IS NOT NULL",
    );
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(
        fixture.db.lines(gone),
        ["deployments|1", "issues|1", "releases|1", "tags|1"]
    );
    assert_complete(&mut fixture, "acme");
    let requests = fixture.stand_in.requests();
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.stand_in.requests() - requests, 1, "for a week");
}

#[test]
fn repositories_that_swap_names_keep_their_own_documents() {
    let mut fixture = Fixture::acme(|_| ());
    fixture.db.run("CALL diogen.refresh()");
    let by_number = "SELECT r.doc ->> 'databaseId', d.stream, count(*)
                     FROM diogen_bronze.documents d
                     JOIN diogen_bronze.documents r
                       ON r.source = d.source AND r.stream = 'repositories' AND r.key = d.scope
                     GROUP BY 1, 2 ORDER BY 1, 2";
    let before = fixture.db.lines(by_number);
    for (from, to) in [
        ("acme/web", "spare"),
        ("acme/search", "web"),
        ("acme/spare", "search"),
    ] {
        assert!(fixture.stand_in.rename(from, to), "{from}");
    }
    fixture.db.run("CALL diogen.refresh()");
    assert_eq!(fixture.db.lines(by_number), before);
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
    fixture.db.run("CALL diogen.normalize(rebuild => true)");
    let wrong = "SELECT count(*) FROM diogen_silver.pull_requests s
                 WHERE NOT EXISTS (SELECT FROM diogen_bronze.documents d
                                   WHERE d.stream = 'pull_requests' AND d.scope = s.repository
                                     AND d.doc ->> 'title' = s.title)";
    assert_eq!(fixture.db.number(wrong), 0);
}

#[test]
fn a_look_for_what_is_gone_that_was_cut_off_hides_no_news() {
    let mut fixture = Fixture::acme(|config| config.hold_back_hours = 240.0);
    fixture.db.run("CALL diogen.sync()");
    fixture
        .db
        .run("UPDATE diogen_bronze.cursors SET reconciled_at = '2020-01-01' WHERE reconciled_at IS NOT NULL");
    // The first page of keys fails; news comes before the next run.
    let refused = Action::Status(stand_in::Status {
        code: 400,
        body: "no".to_owned(),
        headers: Default::default(),
    });
    let fault = Fault::every("Deployments", refused).after(8);
    fixture.stand_in.script(vec![fault]);
    fixture.db.run("CALL diogen.sync()");
    fixture.stand_in.script(Vec::new());
    fixture.stand_in.advance(240.0);
    fixture.db.run("CALL diogen.sync()");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn what_was_hidden_for_a_while_is_there_again() {
    let mut fixture = Fixture::acme(|_| ());
    fixture.db.run("CALL diogen.sync()");
    fixture.db.run(
        "UPDATE diogen_bronze.documents SET deleted_at = now() WHERE stream IN ('issues', 'deployments')",
    );
    fixture
        .db
        .run("UPDATE diogen_bronze.cursors SET reconciled_at = '2020-01-01' WHERE reconciled_at IS NOT NULL");
    fixture.db.run("CALL diogen.sync()");
    assert_complete(&mut fixture, "acme");
}

#[test]
fn only_repositories_with_news_are_read() {
    let mut fixture = Fixture::acme(|config| config.hold_back_hours = 240.0);
    fixture.db.run("CALL diogen.sync()");
    let (mut read, mut quiet) = (0, 0);
    for _ in 0..24 {
        fixture.stand_in.advance(2.0);
        fixture.db.run("CALL diogen.sync()");
        let run = fixture.db.rows(
            "SELECT streams #>> '{pull_requests,documents}', streams #>> '{pull_requests,without_news}'
             FROM diogen.runs ORDER BY run DESC LIMIT 1",
        );
        let number = |at: usize| run[0][at].as_deref().and_then(|n| n.parse::<u64>().ok());
        (read, quiet) = (number(0).expect("a number"), number(1).expect("a number"));
        if read > 0 && quiet > 0 {
            break;
        }
    }
    assert!(
        read > 0 && quiet > 0,
        "{read} documents, {quiet} without news"
    );
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn issues_are_never_asked_for_since_the_beginning_of_time() {
    // GitHub's REST answers an empty list to ?since=1970-01-01, as if there were none.
    let mut fixture = Fixture::acme(|_| ());
    fixture
        .db
        .run("ALTER SERVER acme OPTIONS (SET since '1970-01-01')");
    fixture.db.run("CALL diogen.sync()");
    assert_ne!(fixture.truth("issues"), 0);
    assert_complete(&mut fixture, "acme");
    let asked = fixture.stand_in.asked();
    assert!(asked.iter().all(|asked| !asked.path.ends_with("/issues")));
}
