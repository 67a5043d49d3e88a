//! Reads PostgreSQL's binary JSONB where it lies: key lookup in the container, typed getters, no
//! text round trip.
//!
//! [`reader`] is pure Rust over a byte slice and has no `unsafe`; [`datum`] is the one place where
//! a detoasted datum becomes such a slice.

mod datum;
mod numeric;
mod reader;

pub use datum::Document;
pub use reader::{Json, Object, time};

#[cfg(test)]
pub use reader::tests::encode;
