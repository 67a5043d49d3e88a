//! The whole organisation once more, as REST has it: the same rows as from GraphQL.

use client::{Fixture, assert_silver_is_what_bronze_says};

/// An account, with the suffix that REST gives to bots.
const USER: &str = "CREATE FUNCTION pg_temp.account(it jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT CASE WHEN it ->> 'login' IS NOT NULL THEN jsonb_build_object('type', it ->> '__typename', 'login',
        (it ->> 'login') || CASE it ->> '__typename' WHEN 'Bot' THEN '[bot]' ELSE '' END) ELSE 'null' END $$";

/// Where REST says which pull request something belongs to.
const URL: &str = "format('https://api.github.com/repos/%s/pulls/%s', d.scope, d.doc ->> 'number')";

/// What REST's list of pull requests, and its single ones, say.
const PULL_REQUEST: &str = "jsonb_build_object(
    'url', URL, 'html_url', d.doc -> 'url', 'id', d.doc -> 'databaseId', 'number', d.doc -> 'number',
    'title', d.doc -> 'title', 'state', CASE d.doc ->> 'state' WHEN 'OPEN' THEN 'open' ELSE 'closed' END,
    'draft', d.doc -> 'isDraft', 'user', pg_temp.account(d.doc -> 'author'),
    'base', jsonb_build_object('ref', d.doc -> 'baseRefName', 'repo', jsonb_build_object('full_name', d.scope)),
    'head', jsonb_build_object('ref', d.doc -> 'headRefName', 'sha', d.doc -> 'headRefOid', 'repo',
        CASE WHEN NOT (d.doc -> 'isCrossRepository')::boolean THEN jsonb_build_object('full_name', d.scope) END),
    'milestone', d.doc -> 'milestone', 'merged_by', pg_temp.account(d.doc -> 'mergedBy'),
    'created_at', d.doc -> 'createdAt', 'updated_at', d.doc -> 'updatedAt', 'closed_at', d.doc -> 'closedAt',
    'merged_at', d.doc -> 'mergedAt', 'merge_commit_sha', coalesce(d.doc #> '{mergeCommit,oid}', '\"test merge\"'),
    'labels', d.doc #> '{labels,nodes}', 'additions', d.doc -> 'additions', 'deletions', d.doc -> 'deletions',
    'changed_files', d.doc -> 'changedFiles', 'commits', d.doc #> '{commits,totalCount}',
    'comments', d.doc #> '{comments,totalCount}')";

/// Stream, list in a pull request of GraphQL, and document of REST.
const NESTED: [(&str, &str, &str); 5] = [
    (
        "reviews",
        "reviews",
        "jsonb_build_object('id', (n ->> 'fullDatabaseId')::bigint, 'state', n -> 'state', 'pull_request_url', URL,
             'submitted_at', n -> 'submittedAt', 'user', pg_temp.account(n -> 'author'))",
    ),
    (
        "issue_comments",
        "comments",
        "jsonb_build_object('id', (n ->> 'fullDatabaseId')::bigint, 'body', 'text', 'created_at', n -> 'createdAt',
             'issue_url', replace(URL, '/pulls/', '/issues/'), 'user', pg_temp.account(n -> 'author'))",
    ),
    (
        "pull_request_commits",
        "commits",
        "jsonb_build_object('sha', n #> '{commit,oid}', 'author', n #> '{commit,author,user}',
             'commit', jsonb_build_object(
                 'author', jsonb_build_object('name', n #> '{commit,author,name}', 'date', n #> '{commit,authoredDate}'),
                 'committer', jsonb_build_object('date', n #> '{commit,committedDate}')))",
    ),
    (
        "pull_request_files",
        "files",
        "jsonb_build_object('filename', n -> 'path', 'additions', n -> 'additions', 'deletions', n -> 'deletions',
             'status', CASE n ->> 'changeType' WHEN 'DELETED' THEN 'removed' ELSE lower(n ->> 'changeType') END)",
    ),
    // REST has no list of these; they come in the shape of GraphQL.
    ("pull_request_events", "timelineItems", "n"),
];

#[test]
fn the_same_pull_requests_give_the_same_rows() {
    let mut fixture = Fixture::acme(|_| ());
    let db = &mut fixture.db;
    db.run("CALL diogen.sync()");
    db.run(r#"SELECT diogen.add_source('rest', 'github', '{"repositories": "acme/*"}')"#);
    db.run(USER);
    let pull_requests =
        "diogen_bronze.documents d WHERE d.source = 'acme' AND d.stream = 'pull_requests'";
    db.run(&format!(
        "SELECT diogen.ingest('rest', 'pull_requests', jsonb_agg({})) FROM {pull_requests}",
        PULL_REQUEST.replace("URL", URL)
    ));
    for (stream, list, document) in NESTED {
        let ingested = db.number(&format!(
            "SELECT coalesce(sum(diogen.ingest('rest', '{stream}', docs, context)), 0)
             FROM (SELECT jsonb_build_object('repository', d.scope, 'number', d.doc -> 'number') AS context,
                          (SELECT jsonb_agg({}) FROM jsonb_array_elements(d.doc #> '{{{list},nodes}}') n) AS docs
                   FROM {pull_requests}) p
             WHERE docs IS NOT NULL",
            document.replace("URL", URL)
        ));
        assert!(ingested > 0, "{stream}");
    }
    // What GraphQL knows of commits says which ones came from the base branch.
    db.run(
        "INSERT INTO diogen_bronze.documents (source, stream, key, scope, doc, context)
         SELECT 'rest', stream, key, scope, doc, context FROM diogen_bronze.documents
         WHERE source = 'acme' AND stream = 'commits'",
    );
    db.run("CALL diogen.normalize()");
    assert_eq!(db.lines("SELECT * FROM diogen.rejects"), [""; 0]);
    for table in [
        "pull_requests",
        "reviews",
        "pull_request_commits",
        "pull_request_files",
        "pull_request_events",
    ] {
        let rows = |source: &str| {
            format!(
                "SELECT to_jsonb(t) - 'source' - 'document_id' FROM diogen_silver.{table} t WHERE source = '{source}'"
            )
        };
        let (graphql, rest) = (rows("acme"), rows("rest"));
        assert!(
            db.number(&format!("SELECT count(*) FROM ({graphql}) t")) > 0,
            "{table}"
        );
        let differences = db.lines(&format!(
            "(SELECT 'GraphQL', * FROM ({graphql} EXCEPT {rest}) g LIMIT 3) UNION ALL
             (SELECT 'REST', * FROM ({rest} EXCEPT {graphql}) r LIMIT 3)"
        ));
        assert_eq!(differences, [""; 0], "{table}");
    }
    assert_silver_is_what_bronze_says(db);
}
