//! `kubernetes-sigs/controller-runtime` as `git log` tells it.
//!
//! The recording is a derivation of the default branch's history: commits, the pull
//! requests that were merged (with the commits that each of them brought), and the tags.
//! It has no names, accounts, reviews or open pull requests, and none are invented:
//!
//! - The title of a pull request is the subject of its merge commit. It was opened, as
//!   far as one can tell, when the last of its commits had been made: at the latest of
//!   their committer dates and the first authored date, and at most when it was merged.
//! - Authors are null, names and addresses of commits too.
//!
//! # Releases at commits that were not recorded
//!
//! 96 of the 127 releases sit on release branches that the default branch does not
//! reach. For each of them exactly one commit is **invented**, with the recorded sha and
//! the date of the release (95 in all: v0.9.3 and v0.9.4 are tags of one commit). Its
//! parent is
//!
//! 1. the commit of the newest earlier release of the same minor line, if the release
//!    brought no pull request (`new_prs` is 0);
//! 2. otherwise the newest commit of the default branch's first-parent chain, not newer
//!    than the release, by which at most `new_prs` merge commits of pull requests become
//!    reachable that no earlier release reaches. In 10 of these 13 cases the date alone
//!    says so; 3 need the number.
//!
//! Releases are taken in the order of their dates. What is true of the recording stays
//! true of the graph: each release newly reaches as many pull requests as `new_prs`
//! says. The number of commits on a release branch and their contents are not known.
//!
//! Of the other tags, those named `v*` at recorded commits are served as prereleases;
//! those at commits that were not recorded, and tags of other modules, are left out.

use super::{bare, broken, nameless, time};
use crate::ids::node_id;
use crate::model::{Commit, Organisation, PullRequest, Release, Time};
use flate2::read::GzDecoder;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

const NAME: &str = "kubernetes-sigs/controller-runtime";
/// Ids are not in the recording.
const REPOSITORY_ID: u64 = 136_471_021;
const PULL_IDS: u64 = 1_400_000_000;
const RELEASE_IDS: u64 = 140_000_000;

/// A table with a header.
pub(super) struct Table {
    columns: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a compressed table.
    pub(super) fn read(folder: &Path, name: &str) -> io::Result<Table> {
        let mut text = String::new();
        let file = File::open(folder.join(format!("{name}.tsv.gz")))?;
        GzDecoder::new(file).read_to_string(&mut text)?;
        let split = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let mut lines = text.lines();
        let header = split(
            lines
                .next()
                .ok_or_else(|| broken(format!("{name} is empty")))?,
        );
        let columns = header.into_iter().zip(0..).collect();
        Ok(Table {
            columns,
            rows: lines.map(split).collect(),
        })
    }

    /// Goes through the rows: each is a function from a column to its value.
    pub(super) fn each(
        &self,
        mut row: impl FnMut(&dyn Fn(&str) -> String) -> io::Result<()>,
    ) -> io::Result<()> {
        for values in &self.rows {
            row(&|column| {
                let value = self.columns.get(column).and_then(|i| values.get(*i));
                value.cloned().unwrap_or_default()
            })?;
        }
        Ok(())
    }
}

/// A row of `releases.tsv`.
#[derive(Debug, Clone)]
pub(super) struct Tagged {
    pub tag: String,
    pub at: Time,
    pub oid: String,
    pub new_prs: usize,
}

/// The stable releases by date.
pub(super) fn stable(folder: &Path) -> io::Result<Vec<Tagged>> {
    let mut list = Vec::new();
    Table::read(folder, "releases")?.each(|row| {
        list.push(Tagged {
            tag: row("tag"),
            at: time(&row("released_at"))?,
            oid: row("commit_sha"),
            new_prs: row("new_prs").parse().map_err(broken)?,
        });
        Ok(())
    })?;
    list.sort_by_key(|r| r.at);
    Ok(list)
}

/// Loads the folder.
pub fn load(folder: &Path) -> io::Result<Organisation> {
    let mut commits = commits(folder)?;
    let head = commits
        .first()
        .ok_or_else(|| broken("no commits"))?
        .oid
        .clone();
    let mut index = super::positions(&commits);
    let mut pulls = pulls(folder, &mut commits, &index)?;
    pulls.sort_by_key(|p| p.number);
    let merges: HashSet<&String> = pulls
        .iter()
        .filter_map(|p| p.merge_commit.as_ref())
        .collect();

    let releases = stable(folder)?;
    let main = super::first_parents(&commits, &index, &head);
    let mut reached = HashSet::new();
    for (position, release) in releases.iter().enumerate() {
        if !index.contains_key(&release.oid) {
            let graph = Graph {
                commits: &commits,
                index: &index,
                merges: &merges,
            };
            let parent = if release.new_prs == 0 {
                earlier(&releases[..position], &release.tag)
            } else {
                graph.branching(&main, release, &reached)
            };
            let parent = parent
                .ok_or_else(|| broken(format!("no place for {} in the graph", release.tag)))?;
            index.insert(release.oid.clone(), commits.len());
            commits.push(invented(release, parent));
        }
        let graph = Graph {
            commits: &commits,
            index: &index,
            merges: &merges,
        };
        graph.reach(&release.oid, &mut reached);
    }
    let mut tagged: Vec<(Tagged, bool)> = releases.into_iter().map(|r| (r, false)).collect();
    tagged.extend(candidates(folder, &index)?.into_iter().map(|r| (r, true)));
    tagged.sort_by(|a, b| (a.0.at, &a.0.tag).cmp(&(b.0.at, &b.0.tag)));

    let mut repository = bare(REPOSITORY_ID, NAME, commits, &head);
    repository.pull_requests = pulls.into_iter().map(Arc::new).collect();
    repository.releases = tagged
        .into_iter()
        .zip(1..)
        .map(|((release, is_prerelease), i)| {
            let id = RELEASE_IDS + i;
            let commit = repository.commit(&release.oid);
            Arc::new(Release {
                id,
                node_id: node_id("RE", REPOSITORY_ID, id),
                name: release.tag.clone(),
                tag: release.tag,
                is_prerelease,
                created_at: commit.map_or(release.at, |c| c.committer.date),
                published_at: release.at,
                oid: release.oid,
                author: None,
                raw: None,
            })
        })
        .collect();
    Ok(Organisation {
        login: "kubernetes-sigs".to_owned(),
        id: 36_015_203,
        repositories: vec![Arc::new(repository)],
        users: Vec::new(),
    })
}

fn commits(folder: &Path) -> io::Result<Vec<Commit>> {
    let mut commits = Vec::new();
    Table::read(folder, "commits")?.each(|row| {
        let committed = time(&row("commit_date"))?;
        commits.push(Commit {
            oid: row("sha"),
            parents: row("parents")
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            author: nameless(time(&row("author_date"))?),
            committer: nameless(committed),
            message: row("subject"),
            pushed_at: committed,
            pull_requests: Vec::new(),
            raw: None,
        });
        Ok(())
    })?;
    Ok(commits)
}

fn pulls(
    folder: &Path,
    commits: &mut [Commit],
    index: &HashMap<String, usize>,
) -> io::Result<Vec<PullRequest>> {
    let mut pulls = Vec::new();
    Table::read(folder, "pull_requests")?.each(|row| {
        let number: u64 = row("pr_number").parse().map_err(broken)?;
        let merge = row("merge_sha");
        let merged_at = time(&row("merged_at"))?;
        // Newest first in the recording.
        let own: Vec<String> = row("commit_shas")
            .split_whitespace()
            .rev()
            .map(str::to_owned)
            .collect();
        let found = |oid: &String| index.get(oid).copied();
        let made = own
            .iter()
            .filter_map(found)
            .map(|i| commits[i].committer.date);
        let latest = made.fold(time(&row("first_commit_authored_at"))?, Time::max);
        for i in own.iter().chain([&merge]).filter_map(found) {
            if !commits[i].pull_requests.contains(&number) {
                commits[i].pull_requests.push(number);
            }
        }
        let title = found(&merge)
            .map(|i| commits[i].message.clone())
            .unwrap_or_default();
        let id = PULL_IDS + number;
        pulls.push(PullRequest {
            number,
            id,
            node_id: node_id("PR", REPOSITORY_ID, id),
            title,
            body: String::new(),
            author: None,
            opened_as_draft: false,
            base_ref: "main".to_owned(),
            head_ref: format!("pull/{number}/head"),
            base_oid: Some(row("base_sha")).filter(|s| !s.is_empty()),
            created_at: latest.min(merged_at),
            merged_at: Some(merged_at),
            merged_by: None,
            merge_commit: Some(merge),
            additions: 0,
            deletions: 0,
            changed_files: 0,
            labels: Vec::new(),
            commits_total: None,
            commits: own,
            reviews: Vec::new(),
            comments: Vec::new(),
            comments_total: None,
            events: Vec::new(),
            recorded_updated_at: Some(merged_at),
            raw: None,
            raw_detail: None,
        });
        Ok(())
    })?;
    Ok(pulls)
}

/// Tags that are no stable releases, where their commits are known.
fn candidates(folder: &Path, index: &HashMap<String, usize>) -> io::Result<Vec<Tagged>> {
    let mut list = Vec::new();
    Table::read(folder, "tags")?.each(|row| {
        let (tag, oid) = (row("tag"), row("commit_sha"));
        if row("is_stable_release") == "0" && tag.starts_with('v') && index.contains_key(&oid) {
            list.push(Tagged {
                tag,
                at: time(&row("created_at"))?,
                oid,
                new_prs: 0,
            });
        }
        Ok(())
    })?;
    Ok(list)
}

/// The newest earlier release of the same minor line.
fn earlier(releases: &[Tagged], tag: &str) -> Option<String> {
    let line = |tag: &str| tag.rsplit_once('.').map(|(line, _)| line.to_owned());
    let same = releases.iter().rev().find(|r| line(&r.tag) == line(tag));
    same.map(|r| r.oid.clone())
}

fn invented(release: &Tagged, parent: String) -> Commit {
    Commit {
        oid: release.oid.clone(),
        parents: vec![parent],
        author: nameless(release.at),
        committer: nameless(release.at),
        message: format!("Release {} (this commit was not recorded)", release.tag),
        pushed_at: release.at,
        pull_requests: Vec::new(),
        raw: None,
    }
}

/// What is known of the graph while release branches are put into it.
pub(super) struct Graph<'a> {
    pub commits: &'a [Commit],
    pub index: &'a HashMap<String, usize>,
    pub merges: &'a HashSet<&'a String>,
}

impl Graph<'_> {
    /// Adds everything reachable and tells how many pull requests were new.
    pub(super) fn reach(&self, oid: &str, reached: &mut HashSet<usize>) -> usize {
        let mut stack: Vec<usize> = self.index.get(oid).copied().into_iter().collect();
        let mut new = 0;
        while let Some(i) = stack.pop() {
            if reached.insert(i) {
                new += usize::from(self.merges.contains(&self.commits[i].oid));
                let parents = &self.commits[i].parents;
                stack.extend(parents.iter().filter_map(|p| self.index.get(p)));
            }
        }
        new
    }

    /// Where the branch of a release left the default branch.
    fn branching(
        &self,
        main: &[(Time, String)],
        release: &Tagged,
        reached: &HashSet<usize>,
    ) -> Option<String> {
        let fits = |oid: &String| self.reach(oid, &mut reached.clone()) <= release.new_prs;
        let old_enough = main.iter().rev().filter(|(t, _)| *t <= release.at);
        old_enough
            .map(|(_, oid)| oid)
            .find(|oid| fits(oid))
            .cloned()
    }
}
