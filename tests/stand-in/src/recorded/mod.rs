//! Documents that were recorded elsewhere, as a folder holds them.
//!
//! Nothing in a recording is hidden by the clock.

mod airbyte;
mod git;
#[cfg(test)]
mod tests;

use crate::memo::Memo;
use crate::model::{Commit, Organisation, Repository, Signature, Time};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of recordings beside the checkout, or the one that `DIOGEN_SHARED_DATA` names.
/// Where it is absent, this says so and whoever asked skips what needs it.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("DIOGEN_SHARED_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no folder {}", folder.display());
    None
}

/// Loads what a folder holds; what is absent is left out.
pub fn load(folder: &Path) -> io::Result<Vec<Organisation>> {
    let mut organisations = Vec::new();
    let airbyte = folder.join("github_prs_faros_2021");
    if airbyte.is_dir() {
        organisations.push(airbyte::load(&airbyte)?);
    }
    let git = folder.join("git_history_controller_runtime");
    if git.is_dir() {
        organisations.push(git::load(&git)?);
    }
    if organisations.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{} holds no recordings", folder.display()),
        ));
    }
    Ok(organisations)
}

fn broken(what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_string())
}

fn time(text: &str) -> io::Result<Time> {
    let parsed = chrono::DateTime::parse_from_rfc3339(text);
    parsed
        .map(|t| t.to_utc())
        .map_err(|e| broken(format!("{text}: {e}")))
}

/// First parents from a head back to the root, oldest first.
fn first_parents(
    commits: &[Commit],
    index: &HashMap<String, usize>,
    head: &str,
) -> Vec<(Time, String)> {
    let mut chain = Vec::new();
    let mut next = index.get(head);
    while let Some(&i) = next {
        chain.push((commits[i].committer.date, commits[i].oid.clone()));
        next = commits[i].parents.first().and_then(|p| index.get(p));
    }
    chain.reverse();
    chain
}

/// Positions by oid.
fn positions(commits: &[Commit]) -> HashMap<String, usize> {
    commits
        .iter()
        .enumerate()
        .map(|(i, c)| (c.oid.clone(), i))
        .collect()
}

/// A recorded repository that has nothing but a name and commits yet.
fn bare(id: u64, name: &str, commits: Vec<Commit>, head: &str) -> Repository {
    let commit_index = positions(&commits);
    let main_chain = first_parents(&commits, &commit_index, head);
    let created_at = main_chain.first().map_or(Time::MIN_UTC, |(t, _)| *t);
    Repository {
        id,
        name_with_owner: name.to_owned(),
        team: String::new(),
        default_branch: "main".to_owned(),
        is_archived: false,
        created_at,
        is_recorded: true,
        pull_requests: Vec::new(),
        commits: commits.into_iter().map(Arc::new).collect(),
        commit_index,
        branches: Vec::new(),
        main_chain,
        deployments: Vec::new(),
        releases: Vec::new(),
        issues: Vec::new(),
        memo: Memo::default(),
    }
}

/// A signature of which only the date is known.
fn nameless(date: Time) -> Signature {
    Signature {
        name: String::new(),
        email: String::new(),
        date,
        user: None,
    }
}
