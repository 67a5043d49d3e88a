//! Keeps a statement that holds a secret out of the server's log when it fails.
#![allow(
    unsafe_code,
    reason = "only an administrator may set it by a statement"
)]

use pgrx::prelude::*;

/// Until the transaction ends, the server logs errors without the statement that failed.
///
/// `diogen.add_source` and `diogen.set_secret` call it first: a secret is an argument of theirs,
/// and the log is read by people who must not have it. The error itself is logged as ever. A
/// rollback to a savepoint before the call, or an exception block around it, ends it early.
#[pg_extern(volatile, parallel_unsafe)]
fn hide_statement() {
    // SAFETY: the strings are constants; PostgreSQL undoes the setting with the transaction.
    unsafe {
        pg_sys::set_config_option(
            c"log_min_error_statement".as_ptr(),
            c"panic".as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_LOCAL,
            true,
            0,
            false,
        );
    }
}
