//! Real history over HTTP: recordings of two public repositories. Skipped where they are absent.

use client::Fixture;
use serde_json::Value;
use stand_in::Config;
use std::path::{Path, PathBuf};

const FAROS: &str = "faros-ai/airbyte-connectors";
const CONTROLLER_RUNTIME: &str = "kubernetes-sigs/controller-runtime";

fn recorded(repository: &str) -> Option<(PathBuf, Fixture)> {
    let folder = stand_in::recorded::folder()?;
    let recorded = Some(folder.clone());
    let stand_in = client::stand_in(|config: &mut Config| {
        config.organisation = None;
        config.recorded = recorded;
    });
    let mut fixture = Fixture::new(stand_in, &[]);
    fixture.add_source("recorded", repository);
    fixture.db.run("CALL diogen.refresh('recorded')");
    Some((folder, fixture))
}

fn documents(folder: &Path, file: &str) -> Vec<Value> {
    let path = folder.join("github_prs_faros_2021").join(file);
    let text = std::fs::read_to_string(path).expect("a recording");
    let parse = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(parse).collect()
}

#[test]
fn pull_requests_reviews_and_commits_arrive_with_their_stages() {
    let Some((_, mut fixture)) = recorded(FAROS) else {
        return;
    };
    let db = &mut fixture.db;
    assert_eq!(
        db.lines(
            "SELECT count(*), count(merged_at) FROM diogen_silver.pull_requests
             UNION ALL SELECT count(*), NULL FROM diogen_silver.reviews
             UNION ALL SELECT count(*), NULL FROM diogen_silver.commits WHERE is_on_default_branch"
        ),
        ["38|34", "121|-", "77|-"]
    );
    // By hand from the recording, where every one was ready when opened and nobody's own comment
    // counts. #4: opened 19:24:23, first review by another 19:26:54, last approval 19:27:21, merged
    // 20:41:13. #5: 23:43:46, approved at once 00:57:02, 00:57:37. #6: 16:04:32, 16:44:48,
    // 21:53:16, 21:53:22. #8: 03:55:49, 04:10:34, 05:50:27, 05:50:32. #9: 18:16:55, 18:51:00,
    // 18:51:17, 19:47:22.
    assert_eq!(
        db.lines(
            "SELECT number, pickup, review, merge FROM diogen_gold.changes
             WHERE number IN (4, 5, 6, 8, 9) ORDER BY number"
        ),
        [
            "4|00:02:31|00:00:27|01:13:52",
            "5|01:13:16|00:00:00|00:00:35",
            "6|00:40:16|05:08:28|00:00:06",
            "8|00:14:45|01:39:53|00:00:05",
            "9|00:34:05|00:00:17|00:56:05",
        ]
    );
    // No commit of them was recorded: the stage is unknown, says so, and is not taken for zero.
    assert_eq!(
        db.lines(
            "SELECT count(*), count(coding), count(lead_time) FROM diogen_gold.changes
             WHERE 'commits_unknown' = ANY (flags)"
        ),
        ["34|0|0"]
    );
}

#[test]
fn documents_in_rest_shape_give_the_same_rows() {
    let Some((folder, mut fixture)) = recorded(FAROS) else {
        return;
    };
    fixture.add_source("ingested", FAROS);
    let db = &mut fixture.db;
    // GitHub's list of pull requests lacks what only the document of a single one has; the export
    // keeps both, and of the accounts of commits and merges the numbers without their logins.
    let details = documents(&folder, "pull_request_stats.ndjson");
    let mut pull_requests = documents(&folder, "pull_requests.ndjson");
    for document in &mut pull_requests {
        let detail = details.iter().find(|d| d["number"] == document["number"]);
        for (key, value) in detail.and_then(Value::as_object).expect("its detail") {
            document[key] = value.clone();
        }
    }
    let accounts: Vec<_> = pull_requests.iter().map(|p| p["user"].clone()).collect();
    let name = |document: &mut Value, role: &str| {
        let number = &document[format!("{role}_id")];
        if let Some(account) = accounts.iter().find(|account| account["id"] == *number) {
            document[role] = account.clone();
        }
    };
    let mut commits = documents(&folder, "commits.ndjson");
    commits.iter_mut().for_each(|it| name(it, "author"));
    pull_requests
        .iter_mut()
        .for_each(|it| name(it, "merged_by"));
    for (stream, documents) in [
        ("pull_requests", pull_requests),
        ("reviews", documents(&folder, "reviews.ndjson")),
        ("commits", commits),
        ("releases", documents(&folder, "releases.ndjson")),
    ] {
        let count = documents.len() as i64;
        let array = Value::Array(documents);
        let taken = db.number(&format!(
            "SELECT diogen.ingest('ingested', '{stream}', $document${array}$document$)"
        ));
        assert_eq!(taken, count, "{stream}");
        let again = db.number(&format!(
            "SELECT diogen.ingest('ingested', '{stream}', $document${array}$document$)"
        ));
        assert_eq!(again, 0, "{stream}");
    }
    db.run("CALL diogen.normalize('ingested')");
    for table in ["pull_requests", "reviews", "commits"] {
        // Only GraphQL ties a commit to its pull requests.
        let columns = db.value(&format!(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = 'diogen_silver.{table}'::regclass AND attnum > 0
               AND attname NOT IN ('source', 'document_id', 'pull_request_numbers')"
        ));
        let rows = |source| {
            format!("SELECT {columns} FROM diogen_silver.{table} WHERE source = '{source}'")
        };
        let (fetched, ingested) = (rows("recorded"), rows("ingested"));
        let differing = db.lines(&format!(
            "({fetched} EXCEPT {ingested}) UNION ALL ({ingested} EXCEPT {fetched}) ORDER BY 1, 2 LIMIT 4"
        ));
        assert!(differing.is_empty(), "{table}: {differing:#?}");
        assert_ne!(
            db.number(&format!("SELECT count(*) FROM ({ingested}) t")),
            0,
            "{table}"
        );
    }
}

#[test]
fn every_release_ships_the_changes_that_git_says_it_does() {
    let Some((folder, mut fixture)) = recorded(CONTROLLER_RUNTIME) else {
        return;
    };
    let db = &mut fixture.db;
    let path = folder.join("git_history_controller_runtime/releases.tsv.gz");
    db.run("CREATE TABLE release (tag text, released_at timestamptz, commit_sha text, new_commits int, new_nonmerge_commits int, new_prs int)");
    db.run(&format!(
        "COPY release FROM PROGRAM 'gzip -cd {}' WITH (FORMAT csv, DELIMITER E'\\t', HEADER)",
        path.display()
    ));
    // Stable ones; a prerelease is no deployment to production.
    db.run("DELETE FROM release WHERE tag ~ '-'");
    assert_eq!(db.number("SELECT count(*) FROM release"), 127);
    assert_eq!(
        db.lines(
            "SELECT (SELECT count(*) FROM diogen_silver.pull_requests),
                    (SELECT count(*) FROM diogen_silver.commits WHERE is_on_default_branch),
                    (SELECT count(*) FROM diogen_gold.deployments)"
        ),
        ["1560|3470|127"]
    );
    let differing = db.lines(
        "SELECT r.tag, r.new_prs, d.changes, d.baseline
         FROM release r LEFT JOIN diogen_gold.deployments d ON d.deployment_id = r.tag
         WHERE d.changes IS DISTINCT FROM CASE WHEN d.baseline THEN 0 ELSE r.new_prs END",
    );
    assert!(differing.is_empty(), "{differing:#?}");
    assert_eq!(
        db.value(
            "SELECT string_agg(deployment_id, ' ') FROM diogen_gold.deployments WHERE baseline"
        ),
        "v0.1.1"
    );
    let differing = db.lines(
        "SELECT f.bucket_start, f.deployments, count(r.*)
         FROM diogen.dora(since => '2018-01-01', until => '2026-11-01', bucket => 'month') f
         LEFT JOIN release r ON date_trunc('month', r.released_at, 'UTC') = f.bucket_start
         GROUP BY f.bucket_start, f.deployments HAVING f.deployments <> count(r.*)",
    );
    assert!(differing.is_empty(), "{differing:#?}");
    assert_eq!(
        db.lines(
            "SELECT deployments, lead_time_median FROM diogen.dora(since => '2018-01-01', until => '2026-11-01')"
        ),
        ["127|52 days 15:32:03"]
    );
}
