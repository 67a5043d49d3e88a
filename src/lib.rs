//! Diogen: DORA, flow and sprint metrics computed inside PostgreSQL.
//!
//! Three layers, one direction: `bronze` keeps what the APIs said, `silver` holds typed facts,
//! `gold` the figures and what explains them. `http`, `sources` and `jsonb` are pure Rust; `sql/`
//! is what SQL does better: storing, upserting, scheduling, views.

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

extension_sql_file!("../sql/configuration.sql", bootstrap);
extension_sql_file!("../sql/bronze/tables.sql");
extension_sql_file!("../sql/bronze/sources.sql", requires = [bronze::wrapper::validate_options]);
extension_sql_file!("../sql/bronze/store.sql", requires = ["tables.sql"]);
