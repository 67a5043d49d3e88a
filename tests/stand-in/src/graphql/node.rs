//! Things by their global id.

use super::connection::typed;
use super::delivery::{Deployment, Release};
use super::issue::Issue;
use super::pull_request::PullRequest;
use super::repository::Repository;
use super::{clock, world};
use crate::ids::node_id;
use crate::view;
use async_graphql::{Context, ID, Interface, PathSegment};

/// Something with a global id.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "ID"))]
// As large as the largest of its kinds, and short-lived.
#[allow(clippy::large_enum_variant)]
pub enum Node {
    /// A repository.
    Repository(Repository),
    /// A pull request.
    PullRequest(PullRequest),
    /// An issue.
    Issue(Issue),
    /// A deployment.
    Deployment(Deployment),
    /// A release.
    Release(Release),
}

/// Whatever has this id; if nothing has, that stands among the errors. `position` is that
/// in a list of ids.
pub fn find(ctx: &Context<'_>, id: &str, position: Option<usize>) -> Option<Node> {
    let now = clock(ctx);
    let mut repositories = world(ctx).repositories();
    let found = repositories.find_map(|repository| {
        let at = repository.seen_at(now);
        if repository.created_at > at {
            return None;
        }
        if node_id("R", 0, repository.id) == id {
            return Some(Node::Repository(Repository::new(repository, now)));
        }
        let node = match repository.node(id, at)? {
            view::Node::PullRequest(p) => Node::PullRequest(PullRequest::new(repository, p, now)),
            view::Node::Issue(i) => Node::Issue(Issue::new(repository, i, now)),
            view::Node::Deployment(d) => Node::Deployment(Deployment::new(repository, d, now)),
            view::Node::Release(r) => Node::Release(Release::new(repository, r, now)),
        };
        Some(node)
    });
    if found.is_none() {
        let message = format!("Could not resolve to a node with the global id of '{id}'");
        let error = typed("NOT_FOUND", message).into_server_error(ctx.item.pos);
        let mut error = ctx.set_error_path(error);
        error.path.extend(position.map(PathSegment::Index));
        ctx.add_error(error);
    }
    found
}
