//! Documents of a real Jira. Skipped where they are absent.

use crate::{ingest, normalize, unasked};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn documents(file: &str) -> Option<Vec<Value>> {
    let folder = stand_in::recorded::folder()?.join("jira_changelogs_devlake");
    let text = std::fs::read_to_string(folder.join(file)).ok()?;
    let parse = |line| serde_json::from_str(line).expect("JSON");
    Some(text.lines().map(parse).collect())
}

#[test]
fn every_document_gives_rows_or_says_why_not() {
    let (Some(changes), Some(statuses), Some(projects), Some(types)) = (
        documents("issue_changelogs.ndjson"),
        documents("statuses.ndjson"),
        documents("projects.ndjson"),
        documents("issue_types.ndjson"),
    ) else {
        println!("no recorded Jira; skipped");
        return;
    };
    let (_cluster, mut db) = unasked();
    let keys = |documents: &[Value], key: &str| -> BTreeSet<String> {
        documents
            .iter()
            .map(|document| document[key].to_string())
            .collect()
    };
    let expected = [
        ("changelogs", keys(&changes, "id").len()),
        ("projects", keys(&projects, "key").len()),
        ("statuses", keys(&statuses, "id").len()),
    ];
    // The recording does not say whose changes they are.
    ingest(
        &mut db,
        "changelogs",
        &Value::Array(changes),
        &json!({"issue_id": "10001", "project": "EE"}),
    );
    ingest(&mut db, "statuses", &Value::Array(statuses), &json!({}));
    ingest(&mut db, "projects", &Value::Array(projects), &json!({}));
    // Types come with issues.
    let issue = |(number, kind): (usize, &Value)| json!({"id": number.to_string(), "key": format!("EE-{number}"), "fields": {"issuetype": kind}});
    let issues: Vec<_> = types.iter().enumerate().map(issue).collect();
    ingest(&mut db, "issues", &Value::Array(issues), &json!({}));
    normalize(&mut db);
    let read = db.lines(
        "SELECT d.stream, count(*),
                count(*) FILTER (WHERE c.document_id IS NOT NULL OR s.document_id IS NOT NULL OR p.document_id IS NOT NULL
                                    OR i.document_id IS NOT NULL),
                count(*) FILTER (WHERE r.document_id IS NOT NULL)
         FROM diogen_bronze.documents d
         LEFT JOIN (SELECT DISTINCT document_id FROM diogen_silver.issue_changes) c USING (document_id)
         LEFT JOIN diogen_silver.issue_statuses s USING (document_id)
         LEFT JOIN diogen_silver.projects p USING (document_id)
         LEFT JOIN diogen_silver.issues i USING (document_id)
         LEFT JOIN (SELECT DISTINCT document_id FROM diogen_silver.rejects) r USING (document_id)
         GROUP BY 1 ORDER BY 1",
    );
    println!("stream|documents|with rows|rejected\n{}", read.join("\n"));
    for line in &read {
        let parts: Vec<_> = line.split('|').collect();
        let [stream, all, with_rows, rejected] = parts[..] else {
            panic!("{line}");
        };
        let number = |text: &str| text.parse::<usize>().expect("a number");
        assert_eq!(number(all), number(with_rows) + number(rejected), "{line}");
        if let Some((_, count)) = expected.iter().find(|(name, _)| *name == stream) {
            assert_eq!(number(all), *count, "{line}");
        }
    }
    println!(
        "{}",
        db.lines("SELECT stream, key, reason FROM diogen.rejects ORDER BY 1, 2")
            .join("\n")
    );
    let fields = db.lines(
        "SELECT field, count(*) FROM diogen_silver.issue_changes GROUP BY 1 ORDER BY 2 DESC, 1",
    );
    println!("{}", fields.join(" "));
    assert!(fields.contains(&"sprint|12".to_owned()), "{fields:?}");
    assert_eq!(
        db.lines("SELECT DISTINCT category FROM diogen_silver.issue_statuses ORDER BY 1"),
        ["done", "in_progress", "todo"]
    );
    let types = "SELECT DISTINCT type FROM diogen_silver.issues WHERE is_subtask";
    assert_ne!(db.lines(types), [""; 0]);
}
