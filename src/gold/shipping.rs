//! The commit graph of one repository against the deployments of one service.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::commit_graph::{CommitGraph, Delivery};
use crate::error::Error;
use crate::interrupts;

const COMMITS: &str = "
    SELECT sha, parents FROM diogen_silver.commits WHERE source = $1 AND repository = $2";

/// How many commits are read between two looks for a cancel.
const BATCH: i64 = 10_000;

/// Which deployment first shipped which commit: what is reachable from its commit and from no
/// earlier one's. `deployed` are the deployed commits of one service and environment, successful
/// deployments only, in the order they finished.
///
/// One row for each shipped commit, with `position` counting the deployments from 1; a deployment
/// that ships nothing has one row without a commit, whose `reason` is `nothing_new` (an earlier
/// one has shipped its commit) or `unknown_commit` (the commit is not in `diogen_silver.commits`).
#[pg_extern(stable, strict, parallel_restricted)]
fn shipped_commits(
    source: &str,
    repository: &str,
    deployed: Vec<String>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(position, i64),
            name!(sha, Option<String>),
            name!(reason, Option<&'static str>),
        ),
    >,
    ErrorReport,
> {
    let graph = graph(source, repository)?;
    let shipping = graph.ship(deployed.iter().map(String::as_str));
    let mut rows = Vec::new();
    for (position, &delivery) in (1..).zip(&shipping.deliveries) {
        match delivery {
            Delivery::Ships { .. } => rows.extend(
                graph
                    .shipped(&shipping, delivery)
                    .map(|sha| (position, Some(sha.to_owned()), None)),
            ),
            Delivery::NothingNew => rows.push((position, None, Some("nothing_new"))),
            Delivery::UnknownCommit => rows.push((position, None, Some("unknown_commit"))),
        }
        interrupts::check();
    }
    Ok(TableIterator::new(rows))
}

fn graph(source: &str, repository: &str) -> Result<CommitGraph, Error> {
    Spi::connect(|client| {
        let arguments = [source.into(), repository.into()];
        let mut cursor = client.open_cursor(COMMITS, &arguments);
        let mut commits = Vec::new();
        loop {
            let rows = cursor.fetch(BATCH)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let sha: Option<String> = row.get(1)?;
                let parents: Option<Vec<String>> = row.get(2)?;
                commits.extend(sha.map(|sha| (sha, parents.unwrap_or_default())));
            }
            interrupts::check();
        }
        Ok(CommitGraph::new(commits))
    })
}
