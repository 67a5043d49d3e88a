//! GitHub's GraphQL API over the model, under GitHub's own names.

mod actors;
mod commit;
mod connection;
mod cost;
mod delivery;
mod discussion;
mod enums;
mod files;
mod issue;
mod node;
mod pull_request;
mod refs;
mod repository;
mod scalars;
mod timeline;

use crate::model::{Time, World};
use async_graphql::{
    Context, EmptyMutation, EmptySubscription, ID, Object, PathSegment, Pos, Response, Schema,
    SimpleObject, Variables,
};
use connection::Paging;
pub use cost::Operation;
use enums::*;
pub use scalars::text;
use scalars::{DateTime, GitObjectId, GitTimestamp, Uri};
use serde::Serialize;
use std::sync::Arc;

/// What is left of the rate limit.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Points an hour.
    pub limit: u64,
    /// Points spent.
    pub used: u64,
    /// When counting starts again.
    pub reset: Time,
}

impl Budget {
    /// Points left.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// What a request sees.
struct Viewpoint {
    world: Arc<World>,
    clock: Time,
    budget: Budget,
    cost: u64,
}

fn world<'a>(ctx: &Context<'a>) -> &'a World {
    &ctx.data_unchecked::<Viewpoint>().world
}

fn clock(ctx: &Context<'_>) -> Time {
    ctx.data_unchecked::<Viewpoint>().clock
}

/// The state of the rate limit.
#[derive(Debug, Clone, SimpleObject)]
struct RateLimit {
    cost: i32,
    limit: i32,
    remaining: i32,
    used: i32,
    node_count: i32,
    reset_at: DateTime,
}

/// Whose token it is.
#[derive(Debug, Clone, SimpleObject)]
struct Viewer {
    login: String,
}

/// The root of all queries.
pub struct Query;

#[Object]
impl Query {
    async fn repository(
        &self,
        ctx: &Context<'_>,
        owner: String,
        name: String,
    ) -> Option<repository::Repository> {
        let full_name = format!("{owner}/{name}");
        let now = clock(ctx);
        let found = world(ctx)
            .repository(&full_name)
            .filter(|r| r.created_at <= r.seen_at(now))
            .map(|r| repository::Repository::new(r, now));
        let message = format!("Could not resolve to a Repository with the name '{full_name}'.");
        connection::nullable(
            ctx,
            found.ok_or_else(|| connection::typed("NOT_FOUND", message)),
        )
    }

    async fn repository_owner(
        &self,
        ctx: &Context<'_>,
        login: String,
    ) -> Option<actors::RepositoryOwner> {
        actors::RepositoryOwner::find(world(ctx), &login)
    }

    async fn node(&self, ctx: &Context<'_>, id: ID) -> Option<node::Node> {
        node::find(ctx, &id, None)
    }

    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Vec<Option<node::Node>> {
        let find = |(i, id): (usize, &ID)| node::find(ctx, id, Some(i));
        ids.iter().enumerate().map(find).collect()
    }

    async fn rate_limit(&self, ctx: &Context<'_>) -> Option<RateLimit> {
        let Viewpoint { budget, cost, .. } = ctx.data_unchecked::<Viewpoint>();
        Some(RateLimit {
            cost: *cost as i32,
            limit: budget.limit as i32,
            remaining: budget.remaining() as i32,
            used: budget.used as i32,
            node_count: 0,
            reset_at: DateTime(budget.reset),
        })
    }

    async fn viewer(&self) -> Viewer {
        Viewer {
            login: crate::VIEWER.to_owned(),
        }
    }
}

/// Executes GraphQL documents.
pub struct Engine {
    schema: Schema<Query, EmptyMutation, EmptySubscription>,
}

impl Default for Engine {
    fn default() -> Self {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
            .register_output_type::<actors::Actor>()
            .finish();
        Engine { schema }
    }
}

impl Engine {
    /// Answers one operation with a JSON text, as of a moment of the clock.
    pub async fn execute(
        &self,
        operation: Operation,
        world: Arc<World>,
        clock: Time,
        budget: Budget,
    ) -> String {
        let viewpoint = Viewpoint {
            world,
            clock,
            budget,
            cost: operation.cost,
        };
        let mut request = async_graphql::Request::new(operation.query)
            .variables(Variables::from_json(operation.variables))
            .data(viewpoint);
        if let Some(name) = operation.operation_name {
            request = request.operation_name(name);
        }
        shape(&self.schema.execute(request).await)
    }
}

/// An error as GitHub shapes it: its `type` stands beside the message.
#[derive(Serialize)]
struct ErrorOut<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a async_graphql::Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    path: &'a [PathSegment],
    locations: &'a [Pos],
    message: &'a str,
}

/// A response; `data` is absent where nothing was executed.
#[derive(Serialize)]
struct ResponseOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a async_graphql::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorOut<'a>>,
}

fn shape(response: &Response) -> String {
    let errors = response.errors.iter().map(|error| ErrorOut {
        kind: error.extensions.as_ref().and_then(|e| e.get("type")),
        path: &error.path,
        locations: &error.locations,
        message: &error.message,
    });
    let data = Some(&response.data).filter(|d| **d != async_graphql::Value::Null);
    let out = ResponseOut {
        data,
        errors: errors.collect(),
    };
    serde_json::to_string(&out).unwrap_or_default()
}
