//! What silver holds, and whether it is what bronze says.

use crate::{Cluster, Session};

/// Tables that say where the work stands, not what is known.
const BOOKKEEPING: &str = "'watermarks', 'stale_documents', 'stale_repositories', 'stale_pull_requests', 'stale_deployments', \
                           'stale_issues', 'stale_sprints', 'stale_statuses', 'stale_incidents', 'stale_incident_issues'";

/// A database with the extension and the source `acme`, a GitHub that nothing is fetched from.
pub fn unfetched() -> (Cluster, Session) {
    let cluster = Cluster::start(&[]);
    let mut db = cluster.connect();
    db.run(
        "CREATE EXTENSION diogen;
         SELECT diogen.add_source('acme', 'github', '{\"repositories\": \"acme/*\"}')",
    );
    (cluster, db)
}

/// A statement that stores a document of acme/api.
pub fn ingest(stream: &str, doc: &str) -> String {
    format!(
        "SELECT diogen.ingest('acme', '{stream}', '{}', '{{\"repository\": \"acme/api\"}}')",
        doc.replace('\'', "''")
    )
}

/// A statement that marks documents as gone, as a pass over the whole list does.
pub fn bury(condition: &str) -> String {
    format!(
        "UPDATE diogen_bronze.documents SET deleted_at = now(), changed_xid = pg_current_xact_id() WHERE {condition}"
    )
}

/// All rows of all silver tables, and the rejects, each after the name of its table.
pub fn silver_rows(db: &mut Session) -> Vec<String> {
    let tables = db.lines(&format!(
        "SELECT table_name FROM information_schema.tables
         WHERE table_schema = 'diogen_silver' AND table_name NOT IN ({BOOKKEEPING}) ORDER BY 1"
    ));
    let rows = |table: &String| {
        format!(
            "SELECT '{table} ' || (to_jsonb(t) - 'rejected_at')::text FROM diogen_silver.{table} t"
        )
    };
    let all: Vec<_> = tables.iter().map(rows).collect();
    db.lines(&format!("{} ORDER BY 1", all.join(" UNION ALL ")))
}

/// Checks that what normalizing step by step has left in silver is what a rebuild gives, and what
/// reading all of bronze into empty tables gives.
pub fn assert_silver_is_what_bronze_says(db: &mut Session) {
    let stepwise = silver_rows(db);
    db.run("CALL diogen.normalize(rebuild => true)");
    assert_same(&stepwise, &silver_rows(db), "a rebuild");
    let tables = db.lines(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'diogen_silver'",
    );
    db.run(&format!(
        "SET search_path = diogen_silver; TRUNCATE {}; RESET search_path",
        tables.join(", ")
    ));
    db.run("CALL diogen.normalize()");
    assert_same(&stepwise, &silver_rows(db), "reading into empty tables");
    assert!(!stepwise.is_empty());
}

fn assert_same(stepwise: &[String], other: &[String], what: &str) {
    let lacks = |one: &[String], other: &[String]| -> Vec<String> {
        let is_there = |row: &String| other.binary_search(row).is_ok();
        let missing = one.iter().filter(|row| !is_there(row)).take(5);
        missing.cloned().collect()
    };
    let (mut stepwise, mut other) = (stepwise.to_vec(), other.to_vec());
    stepwise.sort();
    other.sort();
    assert!(
        stepwise == other,
        "only step by step: {:#?}\nonly by {what}: {:#?}",
        lacks(&stepwise, &other),
        lacks(&other, &stepwise)
    );
}
