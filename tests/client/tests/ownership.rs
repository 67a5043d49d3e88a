//! Whose the data is: backups, removal, other roles, and what a hostile role could prepare.

use client::{Cluster, Fixture};

/// All but what grows from one second to the next.
const FIGURES: &str = "SELECT to_jsonb(d) - '{unshipped_age,open_incident_age}'::text[]
    FROM diogen.dora(since => '2026-05-01', until => '2026-07-01', bucket => 'week', by => 'service') d";

#[test]
fn a_dump_holds_everything_and_restores_into_a_younger_cluster() {
    let mut fixture = Fixture::acme(|config| config.hold_back_hours = 24.0);
    let db = &mut fixture.db;
    db.run("INSERT INTO diogen.teams VALUES ('payments')");
    db.run("INSERT INTO diogen.services (service, repository, team) VALUES ('checkout', 'acme/checkout', 'payments')");
    db.run("CALL diogen.refresh()");
    let figures = db.lines(FIGURES);
    let file = fixture.cluster.dir().join("dump.sql");
    let dump = fixture
        .cluster
        .program("pg_dump", &[&fixture.cluster.url("postgres")]);
    std::fs::write(&file, dump).expect("a dump");

    let younger = Cluster::start(&[]);
    let path = file.to_str().expect("a path");
    let url = younger.url("postgres");
    younger.program(
        "psql",
        &[
            "-Xq",
            "-v",
            "ON_ERROR_STOP=1",
            "-o",
            "/dev/null",
            "-f",
            path,
            &url,
        ],
    );
    let mut db = younger.connect();
    assert_eq!(db.lines(FIGURES), figures);
    // It goes on from there, and what is not new is not normalized again.
    fixture.stand_in.advance(24.0);
    db.run("CALL diogen.refresh()");
    db.notices();
    db.run("CALL diogen.normalize()");
    assert_eq!(db.notices(), ["NOTICE acme · normalize: 0 rows changed"]);
    fixture.db.run("CALL diogen.refresh()");
    assert_ne!(db.lines(FIGURES), figures);
    assert_eq!(db.lines(FIGURES), fixture.db.lines(FIGURES));
}

#[test]
fn dropping_the_extension_keeps_the_data() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    let figures = db.lines(FIGURES);
    let documents = db.number("SELECT count(*) FROM diogen_bronze.documents");
    db.run("DROP EXTENSION diogen CASCADE");
    assert_eq!(
        db.number("SELECT count(*) FROM diogen_bronze.documents"),
        documents
    );
    db.run("CREATE EXTENSION diogen");
    assert_eq!(db.lines(FIGURES), figures);
    // From bronze alone everything comes back.
    db.run("DROP SCHEMA diogen_silver, diogen_gold CASCADE");
    db.run("SELECT diogen.init()");
    fixture.add_source("acme", "acme/*");
    let db = &mut fixture.db;
    db.run("CALL diogen.normalize()");
    db.run("CALL diogen.compute()");
    assert_eq!(db.lines(FIGURES), figures);
}

#[test]
fn dropping_a_source_keeps_its_data_unless_told_otherwise() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    db.run("SELECT diogen.drop_source('acme')");
    assert_eq!(db.number("SELECT count(*) FROM diogen.sources"), 0);
    assert_ne!(db.number("SELECT count(*) FROM diogen_bronze.documents"), 0);
    let error = db.error("SELECT diogen.drop_source('acme')");
    assert!(error.starts_with("42704"), "{error}");
    fixture.add_source("acme", "acme/*");
    fixture
        .db
        .run("SELECT diogen.drop_source('acme', keep_data => false)");
    for table in [
        "diogen_bronze.documents",
        "diogen_silver.pull_requests",
        "diogen_gold.changes",
    ] {
        assert_eq!(
            fixture.db.number(&format!("SELECT count(*) FROM {table}")),
            0,
            "{table}"
        );
    }
}

#[test]
fn roles_get_what_they_were_granted() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.refresh()");
    db.run(
        "CREATE ROLE analyst LOGIN;
         GRANT USAGE ON SCHEMA diogen_silver, diogen_gold TO analyst;
         GRANT SELECT ON ALL TABLES IN SCHEMA diogen_silver, diogen_gold TO analyst",
    );
    let mut analyst = fixture.cluster.connect_as("analyst");
    assert_eq!(analyst.lines(FIGURES), db.lines(FIGURES));
    assert!(
        analyst
            .error("TABLE diogen_bronze.documents")
            .starts_with("42501")
    );
    assert!(analyst.error("CALL diogen.compute()").starts_with("42501"));

    // Neither the server's files nor its own network are for everyone who may add a source.
    db.run(
        "CREATE ROLE operator LOGIN;
         GRANT USAGE ON FOREIGN DATA WRAPPER diogen TO operator;
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA diogen TO operator",
    );
    let mut operator = fixture.cluster.connect_as("operator");
    operator.run(r#"SELECT diogen.add_source('theirs', 'github', '{"repositories": "a/b"}', secret => 'ghp_x')"#);
    for option in [
        r#""base_url": "http://127.0.0.1:8500""#,
        r#""base_url": "http://localhost""#,
        r#""base_url": "http://10.0.0.1", "allow_private": "true""#,
        r#""secret_file": "/etc/passwd""#,
    ] {
        let error = operator.error(&format!(
            r#"SELECT diogen.add_source('inside', 'github', '{{"repositories": "a/b", {option}}}')"#
        ));
        assert!(error.starts_with("42501"), "{option}: {error}");
    }
    let error =
        operator.error("ALTER SERVER theirs OPTIONS (ADD base_url 'http://127.0.0.1:8500')");
    assert!(error.starts_with("42501"), "{error}");
}

#[test]
fn functions_of_other_roles_are_not_called_by_mistake() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    // Exact matches of argument types go before pg_catalog's more general functions.
    for signature in [
        "concat_ws(text, text, text)",
        "format(text, text)",
        "cardinality(text[])",
        "array_remove(text[], text)",
        "count(text)",
        "sum(bigint)",
        "jsonb_object_agg(text, text)",
        "array_agg(text)",
        "string_agg(text, text)",
    ] {
        let (name, arguments) = signature.split_once('(').expect("arguments");
        db.run(&format!(
            "CREATE FUNCTION public.\"{name}\"({arguments} RETURNS text LANGUAGE plpgsql
             AS $$ BEGIN RAISE EXCEPTION 'somebody else''s function was called'; END $$"
        ));
    }
    db.run("CALL diogen.refresh()");
    db.run("TABLE diogen.status; TABLE diogen.sources; TABLE diogen.jobs");
    db.run("SELECT * FROM diogen.dora(bucket => 'week', by => 'service')");
    db.run("SELECT * FROM diogen.explain_change('acme/checkout', 1)");
    assert_eq!(fixture.differences_to_truth("acme"), [""; 0]);
}

#[test]
fn schemas_of_a_stranger_are_not_used() {
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run("CREATE ROLE stranger LOGIN; GRANT CREATE ON DATABASE diogen TO stranger");
    let mut stranger = cluster.connect_as("stranger");
    stranger.run("CREATE SCHEMA diogen");
    assert!(
        db.error("CREATE EXTENSION diogen")
            .contains("belongs to somebody else")
    );
    stranger.run("DROP SCHEMA diogen; CREATE SCHEMA diogen_silver; CREATE TABLE diogen_silver.pull_requests (source text)");
    db.run("CREATE EXTENSION diogen");
    let error = db.error("CALL diogen.refresh()");
    assert!(
        error.starts_with("42501 schema \"diogen_silver\" belongs neither to you"),
        "{error}"
    );
}
