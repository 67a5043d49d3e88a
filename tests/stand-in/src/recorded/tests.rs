#![allow(clippy::unwrap_used)]

use super::git::{Graph, stable};
use crate::model::{Commit, Organisation, Repository};
use std::collections::HashSet;
use std::path::PathBuf;

fn load(name: &str) -> Option<(PathBuf, Organisation)> {
    let folder = super::folder()?;
    let all = super::load(&folder).unwrap();
    Some((folder, all.into_iter().find(|o| o.login == name).unwrap()))
}

fn only(organisation: &Organisation) -> &Repository {
    assert_eq!(organisation.repositories.len(), 1);
    &organisation.repositories[0]
}

#[test]
fn each_release_reaches_as_many_new_pull_requests_as_were_recorded() {
    let Some((folder, organisation)) = load("kubernetes-sigs") else {
        return;
    };
    let repository = only(&organisation);
    let pulls = &repository.pull_requests;
    let merges: HashSet<&String> = pulls
        .iter()
        .filter_map(|p| p.merge_commit.as_ref())
        .collect();
    let commits: Vec<Commit> = repository.commits.iter().map(|c| (**c).clone()).collect();
    let graph = Graph {
        commits: &commits,
        index: &repository.commit_index,
        merges: &merges,
    };
    let mut reached = HashSet::new();
    let releases = stable(&folder.join("git_history_controller_runtime")).unwrap();
    assert_eq!(releases.len(), 127);
    let wrong: Vec<_> = releases
        .iter()
        .map(|r| (&r.tag, graph.reach(&r.oid, &mut reached), r.new_prs))
        .filter(|(_, found, recorded)| found != recorded)
        .collect();
    assert_eq!(wrong, []);
}

#[test]
fn the_git_history_is_whole() {
    let Some((_, organisation)) = load("kubernetes-sigs") else {
        return;
    };
    let repository = only(&organisation);
    assert_eq!(repository.pull_requests.len(), 1_560);
    let invented = repository
        .commits
        .iter()
        .filter(|c| c.message.contains("was not recorded"));
    // 96 releases, of which v0.9.3 and v0.9.4 share a commit.
    assert_eq!(invented.count(), 95);
    let head = &repository.main_chain.last().unwrap().1;
    assert_eq!(head, "86a0d40e047cf6b7b18d1eb47d15639821863d05");
    assert_eq!(repository.history(head).len(), 3_470);
    let stable = repository.releases.iter().filter(|r| !r.is_prerelease);
    assert_eq!(stable.count(), 127);
    assert!(
        repository
            .releases
            .iter()
            .any(|r| r.tag == "v0.15.0-alpha.0" && r.is_prerelease)
    );
    assert!(repository.releases.iter().all(|r| r.tag.starts_with('v')));
    for pull in &repository.pull_requests {
        assert!(
            pull.created_at <= pull.merged_at.unwrap(),
            "{}",
            pull.number
        );
        assert!(!pull.commits.is_empty());
    }
}

#[test]
fn the_airbyte_recording_is_whole() {
    let Some((_, organisation)) = load("faros-ai") else {
        return;
    };
    let repository = only(&organisation);
    assert_eq!(repository.name_with_owner, "faros-ai/airbyte-connectors");
    assert_eq!(repository.id, 392_768_635);
    assert_eq!(repository.pull_requests.len(), 38);
    let reviews: usize = repository
        .pull_requests
        .iter()
        .map(|p| p.reviews.len())
        .sum();
    assert_eq!(reviews, 121);
    let head = &repository.main_chain.last().unwrap().1;
    assert_eq!(head, "487b5c325a4b98d66805a4b1dc70fd8a8e13ad88");
    assert_eq!(repository.history(head).len(), 77);
    let pull = repository.pull_request(25).unwrap();
    assert_eq!((pull.commits.len(), pull.commits_total), (0, Some(11)));
    assert_eq!(pull.reviews.len(), 5);
    let bot = repository.pull_request(2).unwrap().author.clone().unwrap();
    assert!(bot.is_bot);
    assert_eq!(bot.graphql_login(), "dependabot");
    assert_eq!(repository.issues.len(), 1);
    let release = &repository.releases[0];
    assert_eq!(release.tag, "v0.1.1");
    assert_eq!(release.oid, "5a6f58ef51166120242f93960ec1f0caa182c4bd");
    assert!(repository.commit(&release.oid).is_some());
}
