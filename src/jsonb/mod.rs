//! Reads PostgreSQL's binary JSONB where it lies: key lookup in the container, typed getters, no
//! text round trip.
//!
//! [`datum`] is the one place where a detoasted datum becomes a byte slice; all else is pure Rust
//! over that slice and has no `unsafe`: [`container`] knows the format, [`index`] speeds up many
//! lookups in one object, [`numeric`] and [`time`] know what is inside a value, and [`reader`] is
//! what normalizers use.

mod container;
mod datum;
mod index;
mod numeric;
mod reader;
mod time;

pub use datum::Document;
pub use reader::{Array, Json, Object};
pub use time::time;

#[cfg(test)]
pub use reader::tests::encode;
