//! What Diogen asks exists: each request is held against what GitHub and Atlassian publish.

use client::{Fixture, stand_in};
use serde_json::json;
use stand_in::{Asked, Bulk, Config, TOKEN, jira};
use std::io::Write;
use std::process::{Command, Stdio};

/// Holds requests against the published descriptions; skipped, said aloud, without npm.
fn check(asked: &[Asked]) {
    let asked: Vec<_> = asked
        .iter()
        .map(|a| json!({"method": a.method, "path": a.path, "graphql": a.graphql}))
        .collect();
    let scripts = std::env::var_os("DIOGEN_SCRIPTS").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts").into(),
        std::path::PathBuf::from,
    );
    let mut script = Command::new(scripts.join("contract"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("scripts/contract");
    let mut input = script.stdin.take().expect("an input");
    let text = serde_json::to_vec(&asked).expect("JSON");
    // It reads nothing where it skips.
    let _ = input.write_all(&text);
    drop(input);
    let output = script.wait_with_output().expect("an end");
    let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
    print!("{}{}", said(&output.stdout), said(&output.stderr));
    assert!(
        matches!(output.status.code(), Some(0 | 77)),
        "{}",
        said(&output.stderr)
    );
}

fn assert_no_findings(fixture: &mut Fixture) {
    let findings = fixture
        .db
        .lines("SELECT f::text FROM diogen_bronze.findings f");
    assert_eq!(findings, [""; 0]);
}

#[test]
fn githubs_schema_and_description_know_every_request() {
    let stand_in = stand_in(|config: &mut Config| {
        config.bulk = Some(Bulk {
            repositories: 1,
            pull_requests: 20,
            oversized: 1,
            ..Bulk::default()
        });
    });
    let mut fixture = Fixture::new(stand_in, &[]);
    let options = r#", "release_branches": "release/*", "workflow_jobs": "Deploy*""#;
    fixture.add_source_with("all", "acme/*, bulk/*, acme/web", options, TOKEN);
    fixture.db.run("CALL diogen.sync()");
    // Lists that nobody's history is long enough for.
    fixture.db.run(
        "INSERT INTO diogen_bronze.queue (source, stream, key, request)
         SELECT 'all', n.stream, d.doc ->> 'id', jsonb_build_object('id', d.doc -> 'id', 'context', n.context)
         FROM (VALUES ('issue_comments', 'pull_requests', '{\"repository\": \"acme/web\", \"number\": 1}'::jsonb),
                      ('pull_request_events', 'pull_requests', '{\"repository\": \"acme/web\", \"number\": 1}'),
                      ('deployment_statuses', 'deployments', '{\"repository\": \"acme/web\", \"deployment_id\": \"1\"}')
              ) AS n (stream, parent, context)
         CROSS JOIN LATERAL (SELECT doc FROM diogen_bronze.documents WHERE stream = n.parent LIMIT 1) d",
    );
    fixture
        .db
        .run("UPDATE diogen_bronze.cursors SET reconciled_at = '2020-01-01' WHERE reconciled_at IS NOT NULL");
    fixture.db.run("CALL diogen.sync()");
    assert_no_findings(&mut fixture);
    let asked = fixture.stand_in.asked();
    // One for each stream, two ways to list repositories, and the rest of six kinds of list.
    let documents = asked.iter().filter(|a| a.graphql.is_some()).count();
    assert!(documents >= 16, "{documents} documents");
    check(&asked);
}

#[test]
fn atlassians_description_knows_every_request() {
    for settings in [jira::Settings::default(), jira::Settings::data_center()] {
        let email = match settings.flavour {
            jira::Flavour::Cloud => format!(r#", "email": "{}""#, settings.email),
            jira::Flavour::DataCenter => String::new(),
        };
        let stand_in = stand_in(|config: &mut Config| {
            config.organisation = None;
            config.jira = Some(settings);
        });
        let mut fixture = Fixture::new(stand_in, &[]);
        let url = fixture.stand_in.url();
        fixture.db.run(&format!(
            r#"SELECT diogen.add_source('jira', 'jira',
                '{{"base_url": "{url}", "projects": "PAY, O*", "since": "2000-01-01"{email}}}', secret => '{TOKEN}')"#
        ));
        fixture.db.run("CALL diogen.sync()");
        fixture
            .db
            .run("UPDATE diogen_bronze.cursors SET reconciled_at = '2020-01-01' WHERE reconciled_at IS NOT NULL");
        fixture.db.run("CALL diogen.sync()");
        assert_no_findings(&mut fixture);
        check(&fixture.stand_in.asked());
    }
}
