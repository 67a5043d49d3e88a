//! The one door to polars: eager API, one thread, PostgreSQL's signals kept off its threads.
//!
//! polars starts its thread pool at first use and its work cannot be cancelled, so batches are
//! small and the caller checks for interrupts between them.
#![allow(
    unsafe_code,
    reason = "signal masks and the process environment are the system's, not Rust's"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// The largest batch, in rows.
pub const MAX_ROWS: usize = 100_000;

/// Why a batch failed.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// polars refused it.
    #[error("the engine for batches failed: {0}")]
    Polars(#[from] polars::error::PolarsError),
    /// polars panicked.
    #[error("the engine for batches stopped unexpectedly: {0}")]
    Panic(String),
}

/// Runs work on polars. Nothing inside may call into PostgreSQL.
pub fn with_engine<T>(work: impl FnOnce() -> Result<T, FrameError>) -> Result<T, FrameError> {
    static FIRST_USE: Once = Once::new();
    FIRST_USE.call_once(|| {
        // SAFETY: a backend has one thread until polars starts its own, so nobody reads the
        // environment at this moment.
        unsafe { std::env::set_var("POLARS_MAX_THREADS", "1") };
    });
    let _mask = SignalMask::block_all();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(FrameError::Panic(
            message.unwrap_or("no message").to_owned(),
        ))
    })
}

/// All signals blocked in this thread, and in threads it starts, until dropped. A thread that
/// accepted PostgreSQL's signals would run its handlers at the wrong place.
struct SignalMask(libc::sigset_t);

impl SignalMask {
    fn block_all() -> Self {
        // SAFETY: both sets are initialized before use; the calls cannot fail with these arguments.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut before = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Self(before)
        }
    }
}

impl Drop for SignalMask {
    fn drop(&mut self) {
        // SAFETY: restores what `block_all` saved.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut());
        }
    }
}
