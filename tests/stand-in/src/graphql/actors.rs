//! Accounts.

// The arguments of an interface's field look like repeated attributes to clippy.
#![allow(clippy::duplicated_attributes)]

use super::connection::connection;
use super::repository::{Repository, RepositoryConnection};
use super::{OrderDirection, Paging, RepositoryOrder, RepositoryOrderField, Uri, clock, world};
use crate::ids::{Key, node_id};
use crate::model;
use async_graphql::{Context, Enum, ID, Interface, Object, Result, Union};
use std::sync::Arc;

/// A human's account.
#[derive(Clone)]
pub struct User {
    user: Arc<model::User>,
}

#[Object]
impl User {
    /// Login. As the user of a commit even a bot appears here, with its suffix.
    async fn login(&self) -> &str {
        &self.user.login
    }

    async fn id(&self) -> ID {
        ID(node_id("U", 0, self.user.id))
    }

    async fn database_id(&self) -> i32 {
        self.user.id as i32
    }

    async fn name(&self) -> Option<&str> {
        Some(&self.user.name)
    }

    async fn email(&self) -> &str {
        &self.user.email
    }

    async fn url(&self) -> Uri {
        Uri(format!("https://github.com/{}", self.user.login))
    }

    #[allow(clippy::too_many_arguments)]
    async fn repositories(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        owner_affiliations: Option<Vec<Option<RepositoryAffiliation>>>,
        order_by: Option<RepositoryOrder>,
    ) -> Result<RepositoryConnection> {
        let _ = owner_affiliations;
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        repositories(ctx, &self.user.login, &paging, order_by)
    }
}

/// A GitHub App's account.
#[derive(Clone)]
pub struct Bot {
    user: Arc<model::User>,
}

#[Object]
impl Bot {
    /// Login, without the suffix that REST puts on it.
    async fn login(&self) -> &str {
        self.user.graphql_login()
    }

    async fn id(&self) -> ID {
        ID(node_id("BOT", 0, self.user.id))
    }

    async fn database_id(&self) -> i32 {
        self.user.id as i32
    }

    async fn url(&self) -> Uri {
        Uri(format!(
            "https://github.com/apps/{}",
            self.user.graphql_login()
        ))
    }
}

/// Whoever does something.
#[derive(Clone, Interface)]
#[graphql(field(name = "login", ty = "&str"), field(name = "url", ty = "Uri"))]
pub enum Actor {
    /// A human.
    User(User),
    /// A bot.
    Bot(Bot),
}

impl Actor {
    /// The actor of an account.
    pub fn of(user: &Option<Arc<model::User>>) -> Option<Actor> {
        user.as_ref().map(|user| {
            let user = user.clone();
            if user.is_bot {
                Actor::Bot(Bot { user })
            } else {
                Actor::User(User { user })
            }
        })
    }
}

connection!(UserConnection, UserEdge, User);

/// Accounts as a page of users.
pub fn users(paging: &Paging, name: &str, users: &[Arc<model::User>]) -> Result<UserConnection> {
    let user =
        |(user, i): (&Arc<model::User>, u64)| (Key::Position, i, User { user: user.clone() });
    let list = users.iter().zip(0..).map(user).collect();
    Ok(paging.page(name, list, OrderDirection::Asc)?.into())
}

/// A team.
#[derive(Clone)]
pub struct Team {
    organisation: String,
    name: String,
}

#[Object]
impl Team {
    async fn id(&self) -> ID {
        ID(format!("T_{}", self.name))
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn slug(&self) -> &str {
        &self.name
    }

    async fn combined_slug(&self) -> String {
        format!("{}/{}", self.organisation, self.name)
    }
}

/// An account that stands for somebody who has none.
#[derive(Clone, async_graphql::SimpleObject)]
pub struct Mannequin {
    id: ID,
    login: String,
}

/// Who is asked for a review.
#[derive(Clone, Union)]
pub enum RequestedReviewer {
    /// A human.
    User(User),
    /// A team.
    Team(Team),
    /// A bot.
    Bot(Bot),
    /// Somebody without an account.
    Mannequin(Mannequin),
}

impl RequestedReviewer {
    /// The reviewer that an event names.
    pub fn of(subject: &model::Subject, organisation: &str) -> Option<RequestedReviewer> {
        match subject {
            model::Subject::User(user) => Some(match user.is_bot {
                true => RequestedReviewer::Bot(Bot { user: user.clone() }),
                false => RequestedReviewer::User(User { user: user.clone() }),
            }),
            model::Subject::Team(name) => Some(RequestedReviewer::Team(Team {
                organisation: organisation.to_owned(),
                name: name.clone(),
            })),
            model::Subject::Itself | model::Subject::Push { .. } => None,
        }
    }
}

/// The user of a commit.
pub fn commit_user(user: &Option<Arc<model::User>>) -> Option<User> {
    user.as_ref().map(|user| User { user: user.clone() })
}

/// An organisation's account.
#[derive(Clone)]
pub struct Organization {
    login: String,
    id: u64,
}

#[Object]
impl Organization {
    async fn login(&self) -> &str {
        &self.login
    }

    async fn id(&self) -> ID {
        ID(node_id("O", 0, self.id))
    }

    async fn database_id(&self) -> i32 {
        self.id as i32
    }

    async fn url(&self) -> Uri {
        Uri(format!("https://github.com/{}", self.login))
    }

    #[allow(clippy::too_many_arguments)]
    async fn repositories(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        owner_affiliations: Option<Vec<Option<RepositoryAffiliation>>>,
        order_by: Option<RepositoryOrder>,
    ) -> Result<RepositoryConnection> {
        // Whatever is served is owned by the account that it is served under.
        let _ = owner_affiliations;
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        repositories(ctx, &self.login, &paging, order_by)
    }
}

/// Relation of an account to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum RepositoryAffiliation {
    /// Owned by it.
    Owner,
    /// Added as a collaborator.
    Collaborator,
    /// Through an organisation.
    OrganizationMember,
}

/// An account that can own repositories.
#[derive(Clone, Interface)]
#[graphql(
    field(name = "login", ty = "&str"),
    field(name = "id", ty = "ID"),
    field(name = "url", ty = "Uri"),
    field(
        name = "repositories",
        ty = "RepositoryConnection",
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "after", ty = "Option<String>"),
        arg(name = "last", ty = "Option<i32>"),
        arg(name = "before", ty = "Option<String>"),
        arg(
            name = "owner_affiliations",
            ty = "Option<Vec<Option<RepositoryAffiliation>>>"
        ),
        arg(name = "order_by", ty = "Option<RepositoryOrder>")
    )
)]
pub enum RepositoryOwner {
    /// An organisation.
    Organization(Organization),
    /// A human.
    User(User),
}

impl RepositoryOwner {
    /// The owner with this login.
    pub fn find(world: &model::World, login: &str) -> Option<RepositoryOwner> {
        if let Some(owner) = world.organisation(login) {
            let (login, id) = (owner.login.clone(), owner.id);
            return Some(RepositoryOwner::Organization(Organization { login, id }));
        }
        let mut users = world.organisations.iter().flat_map(|o| &o.users);
        users
            .find(|u| !u.is_bot && u.login.eq_ignore_ascii_case(login))
            .map(|user| RepositoryOwner::User(User { user: user.clone() }))
    }
}

fn repositories(
    ctx: &Context<'_>,
    login: &str,
    paging: &Paging,
    order_by: Option<RepositoryOrder>,
) -> Result<RepositoryConnection> {
    let order = order_by.unwrap_or(RepositoryOrder {
        field: RepositoryOrderField::CreatedAt,
        direction: OrderDirection::Asc,
    });
    let owner = world(ctx).organisation(login);
    let now = clock(ctx);
    let list = owner
        .iter()
        .flat_map(|o| &o.repositories)
        .filter(|r| r.created_at <= r.seen_at(now))
        .map(|r| {
            let at = r.seen_at(now);
            let sort = match order.field {
                RepositoryOrderField::Name => Key::Text(r.name().to_ascii_lowercase()),
                RepositoryOrderField::CreatedAt => r.created_at.into(),
                RepositoryOrderField::UpdatedAt | RepositoryOrderField::PushedAt => {
                    r.pushed_at(at).into()
                }
                RepositoryOrderField::Stargazers => Key::Position,
            };
            (sort, r.id, Repository::new(r, now))
        })
        .collect();
    Ok(paging.page("repositories", list, order.direction)?.into())
}
