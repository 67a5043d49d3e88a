//! Silver depends on what bronze holds, not on the order in which it came.

use client::{Session, assert_silver_is_what_bronze_says, bury, ingest, unfetched};

/// Stores a document of acme/api and normalizes at once.
fn take(db: &mut Session, stream: &str, doc: &str) {
    db.run(&ingest(stream, doc));
    db.run("CALL diogen.normalize()");
}

/// Marks a document as gone and normalizes at once.
fn take_away(db: &mut Session, key: &str) {
    db.run(&bury(&format!("key = '{key}'")));
    db.run("CALL diogen.normalize()");
}

/// A pull request of GraphQL with commits X and Y, and reviews of these logins, a day apart.
fn pull_request(reviewers: &[&str]) -> String {
    let reviews: Vec<_> = (4..)
        .zip(reviewers)
        .map(|(day, login)| {
            format!(
                r#"{{"fullDatabaseId": "{day}", "state": "APPROVED", "submittedAt": "2024-01-0{day}T00:00:00Z",
                    "author": {{"__typename": "User", "login": "{login}"}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"number": 1, "title": "One", "state": "OPEN", "createdAt": "2024-01-02T00:00:00Z",
            "updatedAt": "2024-01-03T00:00:00Z", "author": {{"__typename": "User", "login": "alice"}},
            "commits": {{"nodes": [{{"commit": {{"oid": "{:040}", "authoredDate": "2020-01-01T00:00:00Z"}}}},
                                   {{"commit": {{"oid": "{:040}", "authoredDate": "2024-01-01T00:00:00Z"}}}}]}},
            "reviews": {{"nodes": [{}]}}}}"#,
        1,
        2,
        reviews.join(", ")
    )
}

const FIRST: &str = "SELECT first_commit_at::date, first_review_at::date, review_count FROM diogen_silver.pull_requests";

#[test]
fn commits_of_the_base_branch_may_come_before_a_pull_request_or_after_it() {
    let commit = format!(
        r#"{{"oid": "{:040}", "authoredDate": "2020-01-01T00:00:00Z", "parents": {{"nodes": []}},
            "associatedPullRequests": {{"nodes": []}}}}"#,
        1
    );
    let own = pull_request(&["bob"]);
    for order in [
        [("commits", &commit), ("pull_requests", &own)],
        [("pull_requests", &own), ("commits", &commit)],
    ] {
        let (_cluster, mut db) = unfetched();
        for (stream, doc) in order {
            take(&mut db, stream, doc);
        }
        assert_eq!(db.lines(FIRST), ["2024-01-01|2024-01-04|1"]);
        assert_silver_is_what_bronze_says(&mut db);
    }
}

#[test]
fn rules_for_bots_hold_from_the_first_load_on() {
    let (_cluster, mut db) = unfetched();
    db.run("INSERT INTO diogen.bot_rules (pattern) VALUES ('^robo$')");
    take(&mut db, "pull_requests", &pull_request(&["robo", "eve"]));
    assert_eq!(db.lines(FIRST), ["2020-01-01|2024-01-05|2"]);
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn reviews_may_come_when_there_were_none_before() {
    let (_cluster, mut db) = unfetched();
    take(&mut db, "pull_requests", &pull_request(&[]));
    assert_eq!(db.lines(FIRST), ["2020-01-01|-|0"]);
    take(&mut db, "pull_requests", &pull_request(&["bob"]));
    assert_eq!(db.lines(FIRST), ["2020-01-01|2024-01-04|1"]);
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn what_two_documents_of_a_stream_yield_stays_when_one_of_them_goes() {
    let (_cluster, mut db) = unfetched();
    for id in [1, 2] {
        let release = format!(r#"{{"databaseId": {id}, "tagName": "v1", "isDraft": false}}"#);
        take(&mut db, "releases", &release);
    }
    let releases = "SELECT tag, release_id FROM diogen_silver.releases";
    assert_eq!(db.lines(releases), ["v1|2"]);
    take_away(&mut db, "acme/api#2");
    assert_eq!(db.lines(releases), ["v1|1"]);
    assert_silver_is_what_bronze_says(&mut db);

    // In a table whose key names no repository.
    db.run(
        "CREATE SCHEMA own;
         CREATE TABLE diogen_silver.people (source text, document_id bigint, login text, PRIMARY KEY (source, login));
         CREATE FUNCTION own.people(doc jsonb, context jsonb) RETURNS TABLE (login text) LANGUAGE plpgsql AS $$
         BEGIN
             IF doc ->> 'title' = 'broken' THEN RAISE EXCEPTION 'not this one'; END IF;
             RETURN QUERY SELECT doc #>> '{user,login}';
         END $$;
         INSERT INTO diogen.normalizers (kind, stream, target, function)
         VALUES ('github', 'pull_requests', 'people', 'own.people')",
    );
    let version = |number: u32, second: u32, login: &str, title: &str| {
        format!(
            r#"{{"number": {number}, "title": "{title}", "user": {{"login": "{login}"}},
                "updated_at": "2026-01-01T00:00:0{second}Z"}}"#
        )
    };
    let people = "SELECT login FROM diogen_silver.people ORDER BY 1";
    take(&mut db, "pull_requests", &version(11, 1, "vera", "fine"));
    take(&mut db, "pull_requests", &version(12, 2, "vera", "fine"));
    take(&mut db, "pull_requests", &version(12, 3, "willy", "fine"));
    assert_eq!(db.lines(people), ["vera", "willy"]);
    take(&mut db, "pull_requests", &version(13, 4, "vera", "fine"));
    take(&mut db, "pull_requests", &version(13, 5, "vera", "broken"));
    assert_eq!(db.lines(people), ["vera", "willy"]);
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn a_shape_without_a_time_is_no_older_for_that() {
    let (_cluster, mut db) = unfetched();
    let nested = pull_request(&["bob"]);
    take(&mut db, "pull_requests", &nested);
    let review = |state: &str, updated: &str| {
        format!(
            r#"{{"id": 4, "state": "{state}", "submitted_at": "2024-01-04T00:00:00Z"{updated},
                "pull_request_url": "https://api.github.com/repos/acme/api/pulls/1"}}"#
        )
    };
    take(
        &mut db,
        "reviews",
        &review("DISMISSED", r#", "updated_at": "2024-02-01T00:00:00Z""#),
    );
    take(&mut db, "reviews", &review("CHANGES_REQUESTED", ""));
    assert_eq!(
        db.lines("SELECT state FROM diogen_silver.reviews"),
        ["changes_requested"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn nothing_is_lost_when_a_repository_takes_a_name_that_is_known_already() {
    let (_cluster, mut db) = unfetched();
    let in_repository = |name: &str, number: u32| {
        format!(
            "SELECT diogen.ingest('acme', 'pull_requests', '{{\"number\": {number}, \"title\": \"{name} {number}\"}}',
                                  '{{\"repository\": \"acme/{name}\"}}')"
        )
    };
    for (name, number) in [("old", 1), ("old", 2), ("new", 2), ("new", 3)] {
        db.run(&in_repository(name, number));
        db.run("CALL diogen.normalize()");
    }
    db.run("SELECT diogen.rename_repository('acme', 'acme/old', 'acme/new')");
    db.run("CALL diogen.normalize()");
    assert_eq!(
        db.lines("SELECT repository, title FROM diogen_silver.pull_requests ORDER BY number"),
        ["acme/new|old 1", "acme/new|new 2", "acme/new|new 3"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn what_no_table_can_hold_is_rejected_alone() {
    let (_cluster, mut db) = unfetched();
    let path = "x".repeat(100_000);
    db.run(
        "CREATE FUNCTION pg_temp.path(length int) RETURNS text LANGUAGE sql AS $$
             SELECT string_agg(md5(n::text), '') FROM generate_series(1, length / 32) n $$",
    );
    db.run(
        "SELECT diogen.ingest('acme', 'pull_requests', (
             SELECT jsonb_agg(jsonb_build_object('number', n, 'createdAt', '2026-01-01T00:00:00Z', 'files', jsonb_build_object(
                        'nodes', jsonb_build_array(jsonb_build_object('path', CASE n WHEN 1 THEN pg_temp.path(9000) ELSE 'a.rs' END)))))
             FROM generate_series(1, 9, 8) n), '{\"repository\": \"acme/api\"}')",
    );
    take(
        &mut db,
        "pull_requests",
        r#"{"number": 2, "createdAt": -900000000000000}"#,
    );
    take(
        &mut db,
        "pull_requests",
        &format!(r#"{{"number": 3, "title": "{path}"}}"#),
    );
    let count = |db: &mut Session, table: &str| {
        db.number(&format!("SELECT count(*) FROM diogen_silver.{table}"))
    };
    assert_eq!(count(&mut db, "pull_request_files"), 1);
    assert_eq!(count(&mut db, "pull_requests"), 3);
    assert_eq!(
        db.lines("SELECT target, sqlstate FROM diogen.rejects ORDER BY 1"),
        ["pull_request_files|54000", "pull_requests|22000"]
    );
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn a_normalizer_that_does_not_fit_says_why() {
    let (_cluster, mut db) = unfetched();
    take(&mut db, "pull_requests", &pull_request(&[]));
    db.run(
        "CREATE TABLE diogen_silver.without_document (source text, number bigint, PRIMARY KEY (source, number));
         CREATE TABLE diogen_silver.keyed_otherwise (source text, document_id bigint, number bigint PRIMARY KEY);
         CREATE TABLE diogen_silver.fitting (source text, document_id bigint, number bigint, PRIMARY KEY (source, number));
         CREATE FUNCTION public.numbers(doc jsonb, context jsonb) RETURNS TABLE (number bigint)
         LANGUAGE sql AS $$ SELECT (doc ->> 'number')::bigint $$;
         CREATE FUNCTION public.more(doc jsonb, context jsonb) RETURNS TABLE (number bigint, who_is_bot boolean)
         LANGUAGE sql AS $$ SELECT 1, true $$;
         INSERT INTO diogen.normalizers VALUES ('github', 'pull_requests', 'absent', 'public.numbers')",
    );
    for (target, function, code) in [
        ("absent", "public.numbers", "42P16"),
        ("without_document", "public.numbers", "42P16"),
        ("keyed_otherwise", "public.numbers", "42P16"),
        ("fitting", "public.more", "42P13"),
        ("fitting", "public.none", "42883"),
    ] {
        db.run(&format!(
            "UPDATE diogen.normalizers SET target = '{target}', function = '{function}' WHERE NOT is_builtin"
        ));
        let error = db.error("CALL diogen.normalize(rebuild => true)");
        assert!(error.starts_with(code), "{target} {function}: {error}");
    }
    db.run("UPDATE diogen.normalizers SET function = 'public.numbers' WHERE NOT is_builtin");
    db.run("CALL diogen.normalize(rebuild => true)");
    assert_eq!(db.lines("SELECT number FROM diogen_silver.fitting"), ["1"]);
    // Without its normalizer a table is empty after a rebuild.
    db.run("DELETE FROM diogen.normalizers WHERE NOT is_builtin");
    db.run("CALL diogen.normalize(rebuild => true)");
    assert_eq!(db.number("SELECT count(*) FROM diogen_silver.fitting"), 0);
}

#[test]
fn a_stream_of_ones_own_is_ingested_and_normalized() {
    let (_cluster, mut db) = unfetched();
    let ticket = r#"SELECT diogen.ingest('acme', 'tickets', '[{"id": 1, "subject": "one"}, {"id": 2, "subject": "two"}]')"#;
    let error = db.error(ticket);
    assert!(error.starts_with("22023"), "{error}");
    db.run(
        "CREATE TABLE diogen_silver.tickets (source text, document_id bigint, ticket bigint, subject text,
                                             PRIMARY KEY (source, ticket));
         CREATE FUNCTION public.tickets(doc jsonb, context jsonb) RETURNS TABLE (ticket bigint, subject text)
         LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT (doc ->> 'id')::bigint, doc ->> 'subject' $$;
         INSERT INTO diogen.normalizers VALUES ('github', 'tickets', 'tickets', 'public.tickets')",
    );
    assert_eq!(db.number(ticket), 2);
    db.run("CALL diogen.normalize()");
    let tickets = "SELECT ticket, subject FROM diogen_silver.tickets ORDER BY 1";
    assert_eq!(db.lines(tickets), ["1|one", "2|two"]);
    db.run(r#"SELECT diogen.ingest('acme', 'tickets', '{"id": 2, "subject": "too"}')"#);
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines(tickets), ["1|one", "2|too"]);
    assert_eq!(
        db.number(r#"SELECT diogen.ingest('acme', 'tickets', '{"id": 2, "subject": "too"}')"#),
        0
    );
    take_away(&mut db, "1");
    assert_eq!(db.lines(tickets), ["2|too"]);
    assert_silver_is_what_bronze_says(&mut db);
}

#[test]
fn one_large_transaction_is_normalized_in_steps_that_are_kept() {
    let (cluster, mut db) = unfetched();
    db.run(
        "INSERT INTO diogen_bronze.documents (source, stream, key, scope, doc, context)
         SELECT 'acme', 'pull_requests', 'acme/api#' || n, 'acme/api',
                jsonb_build_object('number', n, 'body', repeat(md5(n::text), 60)), '{\"repository\": \"acme/api\"}'
         FROM generate_series(1, 60000) n",
    );
    let stored = "SELECT count(*) FROM diogen_silver.pull_requests";
    let mut last = 0;
    for _ in 0..3 {
        let session = cluster.connect();
        let token = session.cancel_token();
        let run = session.in_background("CALL diogen.normalize()");
        client::wait_until("another batch", std::time::Duration::from_secs(30), || {
            db.number(stored) > last
        });
        token
            .cancel_query(postgres::NoTls)
            .expect("a cancel request");
        assert!(run.join().expect("a thread").is_some());
        last = db.number(stored);
        let done = db.number(
            "SELECT last_document_id FROM diogen_silver.watermarks WHERE stream = 'pull_requests'",
        );
        assert!(done > 0 && last < 60000, "{last} rows, {done} done");
    }
    db.run("CALL diogen.normalize()");
    assert_eq!(db.number(stored), 60000);
    // Of another cluster nothing is known to be done.
    db.run("UPDATE diogen_silver.watermarks SET system_identifier = 1, changed_xid = '9000000'");
    db.run("DELETE FROM diogen_silver.pull_requests WHERE number = 17");
    db.run("CALL diogen.normalize()");
    assert_eq!(db.number(stored), 60000);
}
