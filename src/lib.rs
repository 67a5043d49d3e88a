//! Diogen: DORA, flow and sprint metrics computed inside PostgreSQL.
//!
//! Three layers, one direction: `bronze` keeps what the APIs said, `silver` holds typed facts,
//! `gold` the figures and what explains them. `http`, `sources`, `jsonb::reader` and
//! `gold::commit_graph` are pure Rust that knows nothing of PostgreSQL; `sql/` is what SQL does
//! better: storing, upserting, scheduling, views.

#[cfg(not(panic = "unwind"))]
compile_error!("build with panic = \"unwind\": a PostgreSQL error crosses Rust frames as a panic");

use pgrx::extension_sql_file;

pub mod http;
pub mod jsonb;
pub mod sources;

mod bronze;
mod error;
mod frame;
mod gold;
mod interrupts;
mod silver;
mod time;

pgrx::pg_module_magic!(name, version);

// Functions in SQL are checked when they are called, so only views, the wrapper, comments and
// grants depend on what comes before them.
extension_sql_file!("../sql/configuration.sql", bootstrap);
extension_sql_file!("../sql/bronze/tables.sql", name = "bronze_tables");
extension_sql_file!(
    "../sql/bronze/sources.sql",
    requires = [bronze::wrapper::validate_options]
);
extension_sql_file!("../sql/bronze/store.sql");
extension_sql_file!("../sql/bronze/sync.sql");
extension_sql_file!("../sql/bronze/status.sql");
extension_sql_file!("../sql/silver/tables.sql", name = "silver_tables");
extension_sql_file!("../sql/silver/normalize.sql");
extension_sql_file!("../sql/gold/tables.sql", name = "gold_tables");
extension_sql_file!("../sql/gold/compute.sql");
extension_sql_file!("../sql/gold/dora.sql");
extension_sql_file!("../sql/gold/explain.sql");
extension_sql_file!("../sql/access.sql", finalize);
