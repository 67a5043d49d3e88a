//! Cancel, statement timeout and terminate: PostgreSQL's signal handlers set flags, we look.
#![allow(unsafe_code, reason = "the flags are PostgreSQL's own variables")]

use pgrx::pg_sys;

/// Whether the backend was asked to cancel the statement or to end.
pub fn pending() -> bool {
    // SAFETY: reads of two `sig_atomic_t` that only this thread and its signal handlers write.
    unsafe {
        std::ptr::read_volatile(&raw const pg_sys::QueryCancelPending) != 0
            || std::ptr::read_volatile(&raw const pg_sys::ProcDiePending) != 0
    }
}

/// Raises PostgreSQL's own error if there is something pending. Must not be called inside the
/// asynchronous runtime: a terminate never returns, and a cancel unwinds.
pub fn check() {
    pgrx::check_for_interrupts!();
}
