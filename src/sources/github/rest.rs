//! What all of GitHub's REST lists have in common: the header that leads on, and refusals.

use http_link::parse_link_header;
use reqwest::Url;
use reqwest::header::LINK;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::refusal;
use crate::http::Response;
use crate::sources::{Options, SourceError};

/// Where the next page is, as path and query; `None` on the last one.
///
/// An answer decides where the next request goes, and that carries the secret: it is followed
/// within the source's own origin only.
pub fn next(options: &Options, answer: &Response) -> Result<Option<String>, SourceError> {
    let Some(header) = answer.headers.get(LINK) else {
        return Ok(None);
    };
    let host = options.base_url.host_str().unwrap_or_default();
    let unreadable = |reason: String| SourceError::Unreadable {
        host: host.to_owned(),
        reason: format!("the header Link: {reason}"),
    };
    let text = header
        .to_str()
        .map_err(|error| unreadable(error.to_string()))?;
    let links = parse_link_header(text, &options.base_url)
        .map_err(|error| unreadable(error.to_string()))?;
    let Some(link) = links.into_iter().find(|link| link.rel == "next") else {
        return Ok(None);
    };
    let next = link.target;
    if next.origin() != options.base_url.origin() || !next.username().is_empty() {
        return Err(SourceError::ForeignLink {
            host: host.to_owned(),
            origin: next.origin().ascii_serialization(),
        });
    }
    let query = next.query().unwrap_or_default();
    Ok(Some(format!("{}?{query}", next.path())))
}

/// The address of a path and query that [`next`] gave.
pub fn at(options: &Options, next: &str) -> Url {
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    let mut url = options.base_url.clone();
    url.set_path(path);
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    url
}

/// The body of a successful answer.
pub fn read<'a, T: Deserialize<'a>>(
    host: &str,
    what: &str,
    answer: &'a Response,
) -> Result<T, SourceError> {
    if answer.status != 200 {
        return Err(refusal(host, what, answer));
    }
    serde_json::from_slice(&answer.body).map_err(|error| unreadable(host, &error))
}

/// What paging needs to know of an element.
pub fn parse<'a, T: Deserialize<'a>>(host: &str, element: &'a RawValue) -> Result<T, SourceError> {
    serde_json::from_str(element.get()).map_err(|error| unreadable(host, &error))
}

fn unreadable(host: &str, error: &serde_json::Error) -> SourceError {
    SourceError::Unreadable {
        host: host.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
