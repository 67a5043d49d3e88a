//! Searches: with tokens on Cloud, with `startAt` on Data Center.

use super::Jira;
use super::body::{error, read, refuse};
use super::changelog::{Embedded, embedded};
use super::documents::Documents;
use super::issue::{Document, Wanted, document};
use super::jql::{self, Plan, Scope};
use super::model::{Issue, Site};
use super::settings::Flavour;
use super::token::Token;
use crate::http::{Answer, Query};
use crate::model::Time;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is said of a token that is too old or not for this search.
pub const EXPIRED: &str = "The provided next page token is invalid or expired.";
const UNBOUNDED: &str =
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
const REMOVED: &str = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046";
/// So many changes of an issue a search on Cloud shows.
const CHANGES: usize = 40;

/// What the search on Cloud is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct Asked {
    jql: String,
    fields: Vec<String>,
    max_results: Option<usize>,
    next_page_token: Option<String>,
    expand: String,
    reconcile_issues: Vec<u64>,
    fields_by_keys: bool,
    properties: Vec<String>,
}

#[derive(Serialize)]
struct Found<'a> {
    issues: Vec<Document<'a, Embedded<'a>>>,
    #[serde(rename = "nextPageToken", skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(rename = "isLast")]
    is_last: bool,
}

/// The address that Atlassian has taken away.
pub fn removed() -> Answer {
    refuse(410, REMOVED)
}

fn words(text: Option<&str>) -> Vec<String> {
    let words = text.unwrap_or_default().split(',').map(str::trim);
    words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn plan(jira: &Jira, site: &Site, now: Time, text: &str) -> Result<Plan, Answer> {
    let zone = jira.settings.time_zone;
    let query = jql::parse(text).map_err(|e| refuse(400, &e))?;
    let plan = jql::check(&query, Scope { site, zone, now }).map_err(|e| error(400, &e))?;
    if plan.test.is_none() && site.flavour == Flavour::Cloud {
        return Err(refuse(400, UNBOUNDED));
    }
    Ok(plan)
}

/// The search on Cloud, asked with a body or in the address.
pub fn with_tokens(jira: &Jira, docs: &Documents, query: Option<&Query>, body: &[u8]) -> Answer {
    let asked = match query {
        None => read(body),
        Some(query) => Ok(Asked {
            jql: query.get("jql").unwrap_or_default().to_owned(),
            fields: words(query.get("fields")),
            max_results: query.get("maxResults").and_then(|n| n.parse().ok()),
            next_page_token: query.get("nextPageToken").map(str::to_owned),
            expand: query.get("expand").unwrap_or_default().to_owned(),
            reconcile_issues: words(query.get("reconcileIssues"))
                .iter()
                .filter_map(|id| id.parse().ok())
                .collect(),
            ..Asked::default()
        }),
    };
    match asked {
        Ok(asked) => page(jira, docs, &asked).unwrap_or_else(|refused| refused),
        Err(answer) => answer,
    }
}

fn page(jira: &Jira, docs: &Documents, asked: &Asked) -> Result<Answer, Answer> {
    if asked.reconcile_issues.len() > 50 {
        return Err(refuse(
            400,
            "reconcileIssues must not contain more than 50 ids.",
        ));
    }
    let plan = plan(jira, docs.site, docs.now, &asked.jql)?;
    let wanted = Wanted::read(&asked.fields);
    let expands = asked.expand.split(',').any(|e| e.trim() == "changelog");
    let most = if wanted.is_bare() && !expands {
        5_000
    } else {
        100
    };
    let count = asked.max_results.unwrap_or(50);
    if count == 0 {
        return Err(refuse(400, "maxResults must be greater than 0."));
    }
    let after = match &asked.next_page_token {
        None => None,
        Some(token) => Some(
            Token::read(jira, docs.now, &asked.jql, token).ok_or_else(|| refuse(400, EXPIRED))?,
        ),
    };
    let late = docs.now - Duration::seconds(i64::from(jira.settings.index_lag_seconds));
    let at = |issue: &Issue| {
        if asked.reconcile_issues.contains(&issue.id) {
            docs.now
        } else {
            late
        }
    };
    let mut found = plan.run(docs.site, after.as_ref().map(|t| t.k.as_slice()), at);
    let rest = found.len() > count.min(most);
    found.truncate(count.min(most));
    let token = found
        .last()
        .filter(|_| rest)
        .map(|f| Token::give(jira, docs.now, &asked.jql, f.place.clone()));
    let issues = found
        .iter()
        .map(|f| {
            let changes = expands.then(|| embedded(docs, f.issue, f.at, CHANGES));
            document(docs, f.issue, f.at, &wanted, changes)
        })
        .collect();
    let answer = Found {
        issues,
        token,
        is_last: !rest,
    };
    Ok(Answer::json_text(
        200,
        serde_json::to_string(&answer).unwrap_or_default(),
    ))
}

/// About how many issues a query selects.
pub fn count(jira: &Jira, site: &Site, now: Time, body: &[u8]) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        jql: String,
    }
    let counted = read::<Asked>(body)
        .and_then(|asked| plan(jira, site, now, &asked.jql))
        .map(|plan| plan.run(site, None, |_| now).len());
    match counted {
        Ok(count) => Answer::json(200, &json!({"count": count})),
        Err(answer) => answer,
    }
}

/// What the search on Data Center is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct OldAsked {
    jql: String,
    fields: Vec<String>,
    start_at: usize,
    max_results: Option<usize>,
    expand: Vec<String>,
    validate_query: Option<serde_json::Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OldFound<'a> {
    expand: &'static str,
    start_at: usize,
    max_results: usize,
    total: usize,
    issues: Vec<Document<'a, Embedded<'a>>>,
}

/// The search on Data Center.
pub fn with_start(jira: &Jira, docs: &Documents, query: Option<&Query>, body: &[u8]) -> Answer {
    let number = |query: &Query, key: &str| query.get(key).and_then(|n| n.parse().ok());
    let asked = match query {
        None => read(body),
        Some(query) => Ok(OldAsked {
            jql: query.get("jql").unwrap_or_default().to_owned(),
            fields: words(query.get("fields")),
            start_at: number(query, "startAt").unwrap_or_default(),
            max_results: number(query, "maxResults"),
            expand: words(query.get("expand")),
            validate_query: None,
        }),
    };
    let found = asked.and_then(|asked| {
        let plan = plan(jira, docs.site, docs.now, &asked.jql)?;
        Ok((plan.run(docs.site, None, |_| docs.now), asked))
    });
    let (found, asked) = match found {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let wanted = if asked.fields.is_empty() {
        Wanted::everything()
    } else {
        Wanted::read(&asked.fields)
    };
    let expands = asked.expand.iter().any(|e| e == "changelog");
    // What administrators allow as a rule.
    let most = asked.max_results.unwrap_or(50).min(1_000);
    let issues = found
        .iter()
        .skip(asked.start_at)
        .take(most)
        .map(|f| {
            let changes = expands.then(|| embedded(docs, f.issue, f.at, usize::MAX));
            document(docs, f.issue, f.at, &wanted, changes)
        })
        .collect();
    let answer = OldFound {
        expand: "names,schema",
        start_at: asked.start_at,
        max_results: most,
        total: found.len(),
        issues,
    };
    Answer::json_text(200, serde_json::to_string(&answer).unwrap_or_default())
}
