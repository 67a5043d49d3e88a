//! What the APIs said, unchanged: credentials, one page at a time, and what a document is called.
//!
//! Storing is SQL (`sql/bronze`): a page's documents and its cursor go in with one transaction.

mod credentials;
mod documents;
mod flights;
mod request;
mod unlogged_statement;
mod user_mapping;
mod visits;
mod wrapper;

pub use credentials::CredentialsError;
