//! Real documents of GitHub: each one yields rows, or says why it does not. Skipped where the
//! recordings are absent.

use client::{Cluster, Session, assert_silver_is_what_bronze_says};
use serde_json::Value;
use std::path::Path;

/// What became of the documents of a file.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    documents: usize,
    /// Another version of an object that is there in a later or the same one.
    other_versions: usize,
    /// Refused at the door, with a reason.
    refused: usize,
    /// Objects that yield rows, and how many.
    objects: i64,
    rows: i64,
    /// Objects in `diogen.rejects`.
    rejected: i64,
    /// Objects that a webhook told to be deleted.
    deleted: i64,
    /// Pull requests in REST's list of issues, and reviews that were not submitted yet.
    without_rows: i64,
}

fn read(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a recording");
    match path.extension().is_some_and(|it| it == "json") {
        true => serde_json::from_str(&text).expect("a list"),
        false => text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect(),
    }
}

/// The documents in an answer over HTTP, and their stream by its address.
fn answered(recorded: &Value) -> Vec<(&'static str, Value)> {
    let url = recorded["url"].as_str().unwrap_or_default();
    let path = url.split('?').next().unwrap_or_default();
    let Some(body) = recorded["body"].as_str() else {
        return Vec::new();
    };
    let body: Value = serde_json::from_str(body).expect("JSON");
    let (stream, list) = match path {
        _ if path.ends_with("/statuses") => ("deployment_statuses", &body),
        _ if path.contains("/deployments") => ("deployments", &body),
        _ if path.ends_with("/reviews") => ("reviews", &body),
        _ if path.ends_with("/jobs") => ("workflow_jobs", &body["jobs"]),
        _ if path.contains("/jobs/") => ("workflow_jobs", &body),
        // Those are no stream.
        _ if path.ends_with("/artifacts") => return Vec::new(),
        _ if path.ends_with("/runs") => ("workflow_runs", &body["workflow_runs"]),
        _ if path.contains("/runs/") => ("workflow_runs", &body),
        _ => panic!("an answer from {url}"),
    };
    match list {
        Value::Array(documents) => documents.iter().map(|doc| (stream, doc.clone())).collect(),
        document => vec![(stream, document.clone())],
    }
}

/// Checks that a document yields rows by itself, whatever other versions say, or that it is known
/// why it does not.
fn assert_is_explained(db: &mut Session, stream: &str, document: &Value) {
    let functions = db.lines(&format!(
        "SELECT function FROM diogen.normalizers WHERE kind = 'github' AND stream = '{stream}'"
    ));
    let count = |function: &String| format!("(SELECT count(*) FROM {function}(d.doc, '{{}}'))");
    let counts: Vec<_> = functions.iter().map(count).collect();
    let rows = db.try_rows(&format!(
        "SELECT {} FROM (SELECT $d${document}$d$::jsonb) AS d (doc)",
        counts.join(" + ")
    ));
    match rows {
        Ok(rows) if rows[0][0].as_deref() == Some("0") => {
            let issue = document.get("issue").unwrap_or(document);
            let is_pull_request = stream == "issues" && issue.get("pull_request").is_some();
            let is_pending = stream == "reviews" && document["state"] == "PENDING";
            assert!(is_pull_request || is_pending, "{stream}: {document}");
        }
        Ok(_) => {}
        Err(error) => {
            let error = error.as_db_error().expect("an error of the server");
            assert_eq!(error.code().code(), "22000", "{stream}: {error}");
        }
    }
}

/// Ingests documents as a source of their own; what became of them, in the end.
fn ingest(db: &mut Session, file: &str, documents: Vec<(&str, Value)>) -> Outcome {
    let source = file.replace(['/', '.'], "_");
    db.run(&format!(
        r#"SELECT diogen.add_source('{source}', 'github', '{{"repositories": "acme/*"}}')"#
    ));
    let mut outcome = Outcome {
        documents: documents.len(),
        ..Outcome::default()
    };
    for (stream, document) in documents {
        let sql = format!("SELECT diogen.ingest('{source}', '{stream}', $d${document}$d$)");
        match db.try_rows(&sql) {
            Ok(rows) => {
                outcome.other_versions += usize::from(rows[0][0].as_deref() == Some("0"));
                assert_is_explained(db, stream, &document);
            }
            Err(error) => {
                let error = error.as_db_error().expect("an error of the server");
                let explained = ["22023", "23502"].contains(&error.code().code());
                assert!(explained && error.message().len() > 40, "{file}: {error}");
                outcome.refused += 1;
            }
        }
    }
    db.run(&format!("CALL diogen.normalize('{source}')"));
    let tables =
        db.lines("SELECT DISTINCT target FROM diogen.normalizers WHERE kind = 'github' ORDER BY 1");
    let rows = |table: &String| {
        format!("SELECT document_id FROM diogen_silver.{table} WHERE source = '{source}'")
    };
    let rows: Vec<_> = tables.iter().map(rows).collect();
    let objects = format!(
        "SELECT d.*, (SELECT count(*) FROM ({}) r WHERE r.document_id = d.document_id) AS rows,
                stream = 'issues' AND coalesce(doc -> 'issue', doc) ? 'pull_request' OR stream = 'reviews' AND doc ->> 'state' = 'PENDING' AS is_without_rows,
                EXISTS (SELECT FROM diogen.rejects j WHERE j.document_id = d.document_id AND length(j.reason) > 10) AS is_rejected
         FROM diogen_bronze.documents d WHERE d.source = '{source}'",
        rows.join(" UNION ALL ")
    );
    let mut count =
        |what: &str| db.number(&format!("SELECT coalesce({what}, 0) FROM ({objects}) o"));
    outcome.objects = count("count(*) FILTER (WHERE rows > 0)");
    outcome.rows = count("sum(rows)::bigint");
    outcome.rejected = count("count(*) FILTER (WHERE is_rejected)");
    outcome.deleted = count("count(*) FILTER (WHERE deleted_at IS NOT NULL)");
    outcome.without_rows = count("count(*) FILTER (WHERE is_without_rows)");
    let unexplained = db.lines(&format!(
        "SELECT stream, key FROM ({objects}) o
         WHERE rows = 0 AND NOT is_rejected AND deleted_at IS NULL AND NOT is_without_rows"
    ));
    assert_eq!(unexplained, [""; 0], "{file}");
    println!("{file}: {outcome:?}");
    outcome
}

#[test]
fn every_document_yields_rows_or_says_why_not() {
    let Some(folder) = stand_in::recorded::folder() else {
        println!("skipped: there are no recordings");
        return;
    };
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run("CREATE EXTENSION diogen");

    let export = folder.join("github_prs_faros_2021");
    for (file, stream) in [
        ("commits", "commits"),
        ("issues", "issues"),
        ("pull_request_commits", "pull_request_commits"),
        ("pull_requests", "pull_requests"),
        ("releases", "releases"),
        ("review_comments", "review_comments"),
        ("reviews", "reviews"),
        ("tags", "tags"),
        ("workflow_runs", "workflow_runs"),
        // Counts of pull requests without the rest.
        ("pull_request_stats", "pull_requests"),
        // No stream of Diogen's.
        ("workflows", "workflows"),
    ] {
        let documents = read(&export.join(format!("{file}.ndjson")));
        let documents: Vec<_> = documents.into_iter().map(|doc| (stream, doc)).collect();
        let count = documents.len();
        let outcome = ingest(&mut db, file, documents);
        match file {
            "pull_request_stats" => assert_eq!(outcome.rejected as usize, count),
            "workflows" => assert_eq!(outcome.refused, count),
            // One has numbers where GitHub has accounts.
            "issues" => assert_eq!((outcome.without_rows, outcome.rejected), (38, 1)),
            _ => assert_eq!(outcome.objects as usize, count, "{file}"),
        }
    }

    for file in ["deployments", "pull_reviews", "workflow_runs_jobs"] {
        let answers = read(&folder.join(format!("github_http_hub4j/{file}.ndjson")));
        let documents: Vec<_> = answers.iter().flat_map(answered).collect();
        let outcome = ingest(&mut db, file, documents);
        assert_eq!((outcome.refused, outcome.rejected), (0, 0), "{file}");
        assert!(outcome.objects + outcome.without_rows > 0, "{file}");
    }

    for (file, stream) in [
        ("deployment", "deployments"),
        ("deployment_status", "deployment_statuses"),
        ("issues", "issues"),
        ("pull_request", "pull_requests"),
        ("pull_request_review", "reviews"),
        ("release", "releases"),
        ("workflow_job", "workflow_jobs"),
        ("workflow_run", "workflow_runs"),
        // News that is no document, whichever stream is named.
        ("create", "tags"),
        ("milestone", "issues"),
        ("push", "commits"),
        ("status", "commits"),
    ] {
        let documents = read(&folder.join(format!("github_webhooks/{file}.json")));
        let documents: Vec<_> = documents.into_iter().map(|doc| (stream, doc)).collect();
        let count = documents.len();
        let outcome = ingest(&mut db, &format!("webhook/{file}"), documents);
        let is_no_document = ["create", "milestone", "push", "status"].contains(&file);
        assert_eq!(
            outcome.refused,
            if is_no_document { count } else { 0 },
            "{file}"
        );
        assert_eq!(outcome.rejected, 0, "{file}");
    }
    assert_silver_is_what_bronze_says(&mut db);
}
