//! A branch on which a release is looked after: fixes are picked from the default branch.

use super::habits::Delivery;
use super::simulation::{Simulation, hex};
use crate::model::{Branch, Time};
use chrono::Duration;

/// Positions on the default branch, after the release, of what is picked.
const PICKED: [usize; 2] = [3, 5];

impl Simulation<'_> {
    /// Where releases are made, the branch of the first one. It takes nothing from the
    /// dice, so that it disturbs nothing.
    pub(super) fn release_branch(&mut self, end: Time) -> Option<Branch> {
        if !matches!(self.habit.delivery, Delivery::Releases(_)) {
            return None;
        }
        let release = self.releases.iter().find(|r| !r.is_prerelease)?;
        let series = release.tag.trim_start_matches('v');
        let name = format!("release/{}", series.trim_end_matches(".0"));
        let mut heads = vec![(release.published_at, release.oid.clone())];
        let cut = self.main.iter().position(|(_, oid)| *oid == release.oid)?;
        for offset in PICKED {
            let Some((merged, oid)) = self.main.get(cut + offset).cloned() else {
                break;
            };
            let at = merged + Duration::days(1);
            if at > end {
                break;
            }
            let Some(mut commit) = self.index.get(&oid).map(|&i| self.commits[i].clone()) else {
                break;
            };
            let parent = &heads[heads.len() - 1].1;
            commit.oid = hex(&format!("picked {oid} onto {parent}"));
            commit.parents = vec![parent.clone()];
            commit.message = format!("{}\n\n(cherry picked from commit {oid})", commit.message);
            (commit.committer.date, commit.pushed_at) = (at, at);
            commit.pull_requests = Vec::new();
            heads.push((at, commit.oid.clone()));
            self.index.insert(commit.oid.clone(), self.commits.len());
            self.commits.push(commit);
        }
        Some(Branch { name, heads })
    }
}
