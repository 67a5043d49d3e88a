//! A stand-in for GitHub: its REST v3 and GraphQL v4 APIs on loopback, over real HTTP; and,
//! where it is wanted, for Jira beside it ([`jira`]).
//!
//! It serves a believable organisation that it makes from a seed ([`generate`]) and
//! documents that were recorded elsewhere ([`recorded`]). A clock decides how much of the
//! history is visible, so that new documents appear while it runs; a script of faults
//! makes it misbehave; and `/_stand_in/truth` says what a client should have found.

mod app;
mod body;
pub mod changed_files;
mod changes;
pub mod config;
mod control;
mod faults;
pub mod generate;
pub mod graphql;
mod gzip;
mod http;
pub mod ids;
pub mod jira;
mod keys;
mod memo;
pub mod model;
pub mod recorded;
mod rest;
pub mod runs;
mod server;
mod service;
mod spoil;
mod state;
mod summary;
pub mod view;

pub use changes::Deleted;
pub use config::{App, Bulk, Config};
pub use faults::{Action, Fault, Status};
pub use server::Server;
pub use state::Asked;

/// The token that it accepts unless it is told another.
pub const TOKEN: &str = "stand-in-token";

/// Whose token the stand-in's token is.
pub const VIEWER: &str = "stand-in";
