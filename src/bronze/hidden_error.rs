//! Raises an error whose statement stays out of the server's log.
#![allow(unsafe_code, reason = "pgrx has no way to hide the statement")]

use std::ffi::CString;

use pgrx::PgBox;
use pgrx::prelude::*;

/// Raises an error again without logging the statement, which may hold a secret as an argument.
/// Used by `diogen.add_source` and `diogen.set_secret` on whatever fails inside them.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn raise_without_statement(sqlstate: &str, message: &str, detail: &str, hint: &str) {
    let text = |text: &str| CString::new(text.replace('\0', "")).unwrap_or_default();
    let (message, detail, hint) = (text(message), text(detail), text(hint));
    let code = sqlstate
        .bytes()
        .take(5)
        .enumerate()
        .fold(0, |code, (place, byte)| {
            code | ((i32::from(byte) - i32::from(b'0')) & 0x3F) << (6 * place)
        });
    // SAFETY: an error as `errstart` would make it, in the current memory context; PostgreSQL
    // copies it into its own before it unwinds.
    unsafe {
        let mut report = PgBox::<pg_sys::ErrorData>::alloc0();
        report.elevel = PgLogLevel::ERROR as i32;
        report.output_to_server = true;
        report.output_to_client = true;
        report.hide_stmt = true;
        report.hide_ctx = true;
        report.sqlerrcode = code;
        report.message = pg_sys::pstrdup(message.as_ptr());
        if !detail.is_empty() {
            report.detail = pg_sys::pstrdup(detail.as_ptr());
        }
        if !hint.is_empty() {
            report.hint = pg_sys::pstrdup(hint.as_ptr());
        }
        pg_sys::ReThrowError(report.into_pg());
    }
}
