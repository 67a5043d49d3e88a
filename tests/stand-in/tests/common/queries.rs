//! The extension's own GraphQL documents, as it sends them.

macro_rules! document {
    ($($name:literal),+) => {
        concat!($(include_str!(concat!("../../../../src/sources/github/queries/", $name, ".graphql"))),+)
    };
}

pub const COMMITS: &str = document!("commits", "history_fields");
pub const DEPLOYMENTS: &str = document!("deployments");
pub const PULL_REQUESTS: &str = document!("pull_requests", "timeline_fields");
pub const RELEASES: &str = document!("releases");
pub const REPOSITORIES: &str = document!("repositories", "repository_fields");
pub const REPOSITORY: &str = document!("repository", "repository_fields");
