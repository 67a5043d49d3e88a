//! Diogen: delivery metrics after DORA, computed inside PostgreSQL.
//!
//! Three layers, one direction: `bronze` keeps what the APIs said, `silver` holds typed facts,
//! `gold` the figures and what explains them. `http`, `sources`, `jsonb::reader` and
//! `gold` but for eight files are pure Rust that knows nothing of PostgreSQL; `sql/` is what SQL does
//! better: storing, upserting, scheduling, views.

#[cfg(not(panic = "unwind"))]
compile_error!("build with panic = \"unwind\": a PostgreSQL error crosses Rust frames as a panic");

use pgrx::extension_sql_file;

pub mod gold;
pub mod http;
pub mod jsonb;
pub mod sources;

mod bronze;
mod error;
mod frame;
mod interrupts;
mod rows;
mod silver;
mod time;

pgrx::pg_module_magic!(name, version);

// Functions in SQL are checked when they are called, so only views, the wrapper, comments and
// grants depend on what comes before them.
extension_sql_file!("../sql/configuration.sql", bootstrap);
extension_sql_file!("../sql/catalog.sql");
extension_sql_file!("../sql/bronze/tables.sql", name = "bronze_tables");
extension_sql_file!(
    "../sql/bronze/sources.sql",
    requires = [bronze::wrapper::validate_options]
);
extension_sql_file!("../sql/bronze/gone.sql");
extension_sql_file!("../sql/bronze/remember.sql");
extension_sql_file!("../sql/bronze/store.sql");
extension_sql_file!("../sql/bronze/budgets.sql");
extension_sql_file!("../sql/bronze/runs.sql");
extension_sql_file!("../sql/bronze/sync.sql");
extension_sql_file!("../sql/bronze/status.sql");
extension_sql_file!(
    "../sql/silver/tables/delivery.sql",
    name = "silver_delivery_tables"
);
extension_sql_file!(
    "../sql/silver/tables/pull_requests.sql",
    name = "silver_pull_request_tables"
);
extension_sql_file!(
    "../sql/silver/tables/issues.sql",
    name = "silver_issue_tables"
);
extension_sql_file!("../sql/silver/tables.sql", name = "silver_tables");
extension_sql_file!(
    "../sql/silver/normalizers/github.sql",
    name = "github_normalizers"
);
extension_sql_file!(
    "../sql/silver/normalizers/incidents.sql",
    name = "incident_normalizers"
);
extension_sql_file!(
    "../sql/silver/normalizers/deployment_records.sql",
    name = "deployment_record_normalizers"
);
extension_sql_file!(
    "../sql/silver/normalizers/jira.sql",
    name = "jira_normalizers"
);
extension_sql_file!("../sql/silver/batch.sql", name = "batch");
extension_sql_file!(
    "../sql/silver/enrich/pull_requests.sql",
    name = "enrich_pull_requests"
);
extension_sql_file!(
    "../sql/silver/enrich/deployments.sql",
    name = "enrich_deployments"
);
extension_sql_file!("../sql/silver/enrich/issues.sql", name = "enrich_issues");
extension_sql_file!(
    "../sql/silver/normalize.sql",
    name = "normalize",
    requires = ["batch"]
);
extension_sql_file!("../sql/gold/aggregates.sql", name = "aggregates");
extension_sql_file!("../sql/gold/tables.sql", name = "gold_tables");
extension_sql_file!("../sql/gold/views.sql");
extension_sql_file!("../sql/gold/services.sql");
extension_sql_file!("../sql/gold/incidents.sql");
extension_sql_file!("../sql/gold/gather.sql");
extension_sql_file!("../sql/gold/compute.sql");
extension_sql_file!("../sql/gold/dora.sql");
extension_sql_file!("../sql/gold/explain.sql");
extension_sql_file!("../sql/gold/bands.sql");
extension_sql_file!("../sql/gold/business_time.sql");
extension_sql_file!("../sql/gold/doctor.sql");
extension_sql_file!("../sql/access.sql", finalize);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// What a pure module must not name.
    const GLUE: [&str; 7] = [
        "pgrx",
        "crate::bronze",
        "silver::batch",
        "rows::return_rows",
        "crate::error",
        "crate::interrupts",
        "crate::time",
    ];

    fn check(path: &Path) -> usize {
        if path.is_dir() {
            let entries = fs::read_dir(path).expect("a folder");
            return entries
                .map(|entry| check(&entry.expect("an entry").path()))
                .sum();
        }
        let text = fs::read_to_string(path).expect("a file");
        for name in GLUE {
            assert!(!text.contains(name), "{} names {name}", path.display());
        }
        1
    }

    #[test]
    fn pure_modules_know_nothing_of_postgresql() {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let pure = [
            "http",
            "sources",
            "jsonb/container.rs",
            "jsonb/index.rs",
            "jsonb/numeric.rs",
            "jsonb/reader.rs",
            "jsonb/time.rs",
            "gold/bands.rs",
            "gold/durations.rs",
            "gold/facts.rs",
            "gold/failures.rs",
            "gold/figures.rs",
            "gold/flags.rs",
            "gold/graph.rs",
            "gold/month_bytes.rs",
            "gold/months.rs",
            "gold/service.rs",
            "gold/shipping.rs",
            "gold/stages.rs",
            "gold/statistics",
            "gold/window.rs",
            "silver/fields.rs",
            "silver/pull_request_history.rs",
            "silver/normalizer.rs",
            "silver/github",
            "silver/jira",
            "silver/incidents.rs",
            "silver/deployment_records.rs",
            "rows/mod.rs",
            "rows/texts.rs",
            "frame.rs",
        ];
        let files: usize = pure.iter().map(|path| check(&src.join(path))).sum();
        assert!(files > 10, "{files} files");
    }
}
