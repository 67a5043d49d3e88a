//! How bytes arrive: one HTTP client per backend, one interruptible wait, an address policy that is
//! applied to the address actually connected to, and typed errors.
//!
//! Pure Rust: nothing here knows PostgreSQL. The caller passes a function that tells whether the
//! backend was asked to stop, and raises the PostgreSQL error itself after the wait is over.

mod address;
mod client;
mod pace;

pub use address::AddressPolicy;
pub use client::{HttpError, Limits, Request, Response, requests_sent, send, wait};
pub use pace::Pace;
