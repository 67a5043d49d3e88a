//! Globs, for those who split a repository by paths.

use glob::{MatchOptions, Pattern};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;

/// `*` stays within a folder, `**` does not.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Whether a path matches one of some globs: `*` within a folder, `**` across folders, `?`, `[a-z]`.
/// Raises `22023` for a glob that is none.
#[pg_extern(immutable, strict, parallel_safe)]
fn matches_glob(path: &str, globs: Vec<String>) -> Result<bool, ErrorReport> {
    for glob in globs {
        let pattern = Pattern::new(&glob).map_err(|reason| Error::Glob { glob, reason })?;
        if pattern.matches_with(path, OPTIONS) {
            return Ok(true);
        }
    }
    Ok(false)
}
