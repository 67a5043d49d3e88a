//! GitHub's documents, in the shape of GraphQL or of REST, as rows. One file per entity.
//!
//! Every normalizer takes the document and its context (what the document does not say itself,
//! given to `diogen.ingest`), is immutable and strict, and gives no row for what it does not
//! recognise.

mod commits;
mod deployments;
mod pull_request_commits;
mod pull_request_events;
mod pull_requests;
mod releases;
mod repositories;
mod reviews;

use pgrx::datum::TimestampWithTimeZone;

use crate::jsonb::{Json, Object};
use crate::time;

/// The login of a deleted account's successor, as GitHub itself shows it.
const GHOST: &str = "ghost";

/// An account's login, and whether it is a bot. Both shapes give the same login: GraphQL leaves
/// out the suffix `[bot]` that REST has.
fn actor(account: Option<Object<'_>>) -> (String, bool) {
    let Some(account) = account else {
        return (GHOST.to_owned(), false);
    };
    let login = account.text("login").unwrap_or(GHOST);
    let is_bot = account.any(&["__typename", "type"]).and_then(Json::text) == Some("Bot")
        || login.ends_with("[bot]");
    let login = match is_bot && !login.ends_with("[bot]") {
        true => format!("{login}[bot]"),
        false => login.to_owned(),
    };
    (login, is_bot)
}

/// Who wrote a commit: the account where GitHub knows it, else the name in the commit.
fn commit_author(document: Object<'_>) -> Option<String> {
    let author = document.any(&["author"]).and_then(Json::object);
    let git = document.at(&["commit", "author"]).and_then(Json::object);
    author
        .and_then(|author| author.at(&["user", "login"]))
        .or_else(|| author.and_then(|author| author.get("login")))
        .or_else(|| git.and_then(|git| git.get("name")))
        .or_else(|| author.and_then(|author| author.get("name")))
        .and_then(Json::text)
        .map(str::to_owned)
}

/// When a commit was authored and committed: GraphQL has plain fields, REST nests them.
fn commit_times(
    document: Object<'_>,
) -> (Option<TimestampWithTimeZone>, Option<TimestampWithTimeZone>) {
    let time = |plain: &str, nested: &[&str]| {
        let value = document.get(plain).or_else(|| document.at(nested));
        time::timestamp(value.and_then(Json::time))
    };
    (
        time("authoredDate", &["commit", "author", "date"]),
        time("committedDate", &["commit", "committer", "date"]),
    )
}

/// The time under the first of several keys that is there.
fn time_at(document: Object<'_>, keys: &[&str]) -> Option<TimestampWithTimeZone> {
    time::timestamp(document.any(keys).and_then(Json::time))
}

/// The text under the first of several keys that is there.
fn text_at(document: Object<'_>, keys: &[&str]) -> Option<String> {
    Some(document.any(keys)?.text()?.to_owned())
}

/// The objects in the `nodes` of a nested GraphQL list.
fn nodes<'a>(document: Object<'a>, key: &str) -> impl Iterator<Item = Object<'a>> {
    let list = document.object(key);
    list.into_iter()
        .flat_map(|list| list.elements("nodes"))
        .filter_map(Json::object)
}
