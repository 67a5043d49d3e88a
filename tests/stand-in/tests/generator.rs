//! The generated organisation: the same every time, and believable.
#![allow(clippy::unwrap_used)]

use chrono::{Datelike, Weekday};
use stand_in::generate::generate;
use stand_in::model::{EventKind, Organisation, Repository, ReviewState, StatusState, Time};
use std::collections::HashSet;
use std::time::{Duration, Instant};

fn until() -> Time {
    "2026-06-30T15:00:00Z".parse().unwrap()
}

fn acme() -> Organisation {
    generate("acme", 1, until(), 182)
}

fn named<'a>(organisation: &'a Organisation, name: &str) -> &'a Repository {
    organisation
        .repositories
        .iter()
        .find(|r| r.name() == name)
        .unwrap()
}

#[test]
fn the_same_seed_gives_the_same_and_quickly() {
    let before = Instant::now();
    let first = acme();
    assert!(
        before.elapsed() < Duration::from_secs(1),
        "{:?}",
        before.elapsed()
    );
    assert!(first == acme());
    assert!(first != generate("acme", 2, until(), 182));
    assert!(
        first.repositories[0].commits != generate("acme", 2, until(), 182).repositories[0].commits
    );
}

#[test]
fn a_later_end_only_adds() {
    let early = generate("acme", 1, until() - chrono::Duration::hours(3), 30);
    let late = generate("acme", 1, until(), 30);
    for (early, late) in early.repositories.iter().zip(&late.repositories) {
        let mut commits = early.commits.iter();
        assert!(
            commits.all(|c| late.commit(&c.oid).is_some()),
            "{}",
            early.name()
        );
    }
}

#[test]
fn it_is_as_large_as_a_real_one_and_nothing_is_too_late() {
    let acme = acme();
    let pulls: usize = acme
        .repositories
        .iter()
        .map(|r| r.pull_requests.len())
        .sum();
    assert!((900..=1_500).contains(&pulls), "{pulls}");
    let humans = acme.users.iter().filter(|u| !u.is_bot).count();
    assert!((18..=24).contains(&humans));
    for repository in &acme.repositories {
        let last = repository
            .commits
            .iter()
            .map(|c| c.pushed_at)
            .max()
            .unwrap();
        assert!(last <= until());
        for pull in &repository.pull_requests {
            assert!(pull.created_at <= until());
            assert!(
                pull.merged_at
                    .is_none_or(|t| t <= until() && t >= pull.created_at)
            );
            assert!(pull.reviews.iter().all(|r| r.submitted_at <= until()));
        }
    }
}

#[test]
fn the_graph_holds_together() {
    // Whatever the dice say.
    for seed in 1..=12 {
        holds_together(&generate("acme", seed, until(), 90));
    }
}

fn holds_together(organisation: &Organisation) {
    for repository in &organisation.repositories {
        let mut numbers: Vec<u64> = repository.pull_requests.iter().map(|p| p.number).collect();
        numbers.extend(repository.issues.iter().map(|i| i.number));
        assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
        for commit in &repository.commits {
            assert_eq!(commit.oid.len(), 40);
            for parent in &commit.parents {
                let parent = repository.commit(parent).unwrap();
                assert!(
                    parent.committer.date <= commit.committer.date,
                    "{}",
                    commit.message
                );
            }
        }
        let head = repository.head(until()).unwrap();
        let main: HashSet<&str> = repository
            .history(&head.oid)
            .iter()
            .map(|c| c.oid.as_str())
            .collect();
        for pull in repository
            .pull_requests
            .iter()
            .filter(|p| p.merged_at.is_some())
        {
            assert!(main.contains(pull.merge_commit.as_deref().unwrap()));
        }
        for release in &repository.releases {
            assert!(main.contains(release.oid.as_str()));
        }
        for deployment in &repository.deployments {
            assert!(repository.commit(&deployment.oid).is_some());
        }
    }
}

#[test]
fn weekends_are_quiet() {
    let acme = acme();
    let mut days = [0_usize; 7];
    for pull in acme.repositories.iter().flat_map(|r| &r.pull_requests) {
        let times = [Some(pull.created_at), pull.merged_at];
        let reviews = pull.reviews.iter().map(|r| r.submitted_at);
        for time in times.into_iter().flatten().chain(reviews) {
            days[time.weekday().num_days_from_monday() as usize] += 1;
        }
    }
    let working: usize = days[..5].iter().sum();
    let weekend: usize = days[5..].iter().sum();
    assert!(weekend > 0, "someone always works on Sunday");
    assert!(
        (weekend as f64 / 2.0) < 0.15 * (working as f64 / 5.0),
        "{days:?}"
    );
    assert!(until().weekday() == Weekday::Tue);
}

#[test]
fn everything_that_makes_metrics_hard_is_there() {
    let acme = acme();
    let all: Vec<_> = acme
        .repositories
        .iter()
        .flat_map(|r| &r.pull_requests)
        .collect();
    let share = |found: usize| found as f64 / all.len() as f64;
    let count = |what: &dyn Fn(&stand_in::model::PullRequest) -> bool| {
        all.iter().filter(|p| what(p)).count()
    };
    assert!(count(&|p| p.opened_as_draft) > 50);
    assert!(count(&|p| p.reviews.is_empty() && p.merged_at.is_some()) > 30);
    assert!(share(count(&|p| p.merged_at.is_some())) > 0.8);
    assert!(
        count(&|p| p
            .reviews
            .iter()
            .any(|r| r.state == ReviewState::ChangesRequested))
            > 100
    );
    assert!(count(&|p| p.reviews.iter().any(|r| r.state == ReviewState::Dismissed)) > 5);
    assert!(count(&|p| p.author.as_ref().is_some_and(|a| a.is_bot)) > 60);
    assert!(count(&|p| p.author.is_none()) > 0, "some accounts are gone");
    assert!(count(&|p| p.title.starts_with("Revert ")) > 5);
    assert!(count(&|p| p.title.starts_with("Reapply ")) > 0);
    let event =
        |kind| move |p: &stand_in::model::PullRequest| p.events.iter().any(|e| e.kind == kind);
    assert!(count(&event(EventKind::ConvertToDraft)) > 5);
    assert!(count(&event(EventKind::Reopened)) > 5);
    assert!(count(&|p| p.merged_at.is_some() && event(EventKind::Reopened)(p)) > 0);
    let late = |p: &stand_in::model::PullRequest| {
        p.labels
            .iter()
            .any(|l| p.merged_at.is_some_and(|m| l.at > m))
    };
    assert!(count(&late) > 3, "labels that come after the merge");
    let bot_first = |p: &stand_in::model::PullRequest| {
        let bot = p
            .comments
            .iter()
            .find(|c| c.author.as_ref().is_some_and(|a| a.is_bot));
        let human = p
            .reviews
            .iter()
            .find(|r| r.author.as_ref().is_some_and(|a| !a.is_bot));
        bot.zip(human)
            .is_some_and(|(b, h)| b.created_at < h.submitted_at)
    };
    assert!(count(&bot_first) > 100);
    let own = |p: &stand_in::model::PullRequest| {
        p.author.is_some() && p.comments.iter().any(|c| c.author == p.author)
    };
    assert!(count(&own) > 30);
}

#[test]
fn each_repository_has_its_habits() {
    let acme = acme();
    let parents = |name: &str| -> Vec<usize> {
        let repository = named(&acme, name);
        let pulls = repository
            .pull_requests
            .iter()
            .filter_map(|p| p.merge_commit.as_deref());
        pulls
            .map(|oid| repository.commit(oid).unwrap().parents.len())
            .collect()
    };
    assert!(
        parents("web").iter().filter(|n| **n == 2).count() > 100,
        "merge commits"
    );
    assert!(
        parents("gateway").iter().filter(|n| **n == 1).count() > 200,
        "squashed"
    );
    let search = named(&acme, "search");
    let rebased = search
        .commits
        .iter()
        .filter(|c| c.author.date < c.committer.date && c.committer.name != "GitHub");
    assert!(rebased.count() > 50);
    assert!(named(&acme, "ledger").deployments.is_empty());
    assert!(named(&acme, "ledger").releases.len() > 15);
    assert!(
        named(&acme, "ledger")
            .releases
            .iter()
            .any(|r| r.is_prerelease)
    );
    let toolbox = named(&acme, "toolbox");
    assert!(toolbox.deployments.is_empty() && toolbox.releases.is_empty());
    let archived: Vec<_> = acme.repositories.iter().filter(|r| r.is_archived).collect();
    assert_eq!(archived.len(), 1);
    let fast = named(&acme, "gateway")
        .deployments
        .iter()
        .filter(|d| d.environment == "production");
    assert!(fast.count() > 200);
    let web = named(&acme, "web");
    let direct = web
        .main_chain
        .iter()
        .filter(|(_, oid)| web.commit(oid).unwrap().pull_requests.is_empty());
    assert!(direct.count() > 6);
    let caught_up = acme.repositories.iter().flat_map(|r| &r.commits);
    assert!(
        caught_up
            .filter(|c| c.message.starts_with("Merge branch 'main' into "))
            .count()
            > 10
    );
}

#[test]
fn deployments_fail_and_are_rolled_back() {
    let acme = acme();
    let checkout = named(&acme, "checkout");
    let production: Vec<_> = checkout
        .deployments
        .iter()
        .filter(|d| d.environment == "production")
        .collect();
    let has = |d: &stand_in::model::Deployment, state| d.statuses.iter().any(|s| s.state == state);
    let succeeded: Vec<_> = production
        .iter()
        .filter(|d| has(d, StatusState::Success))
        .collect();
    // Going back: a commit that was live before the previous one.
    let back = succeeded
        .windows(3)
        .filter(|w| w[0].oid == w[2].oid && w[1].oid != w[2].oid);
    assert!(back.count() >= 2, "rollbacks");
    let again = succeeded.windows(2).filter(|w| w[0].oid == w[1].oid);
    assert!(again.count() >= 1, "redeployments");
    let inactive = succeeded
        .iter()
        .filter(|d| has(d, StatusState::Inactive))
        .count();
    assert!(
        inactive + 1 >= succeeded.len(),
        "each success ends the one before"
    );
    let failed = |r: &Repository| {
        r.deployments
            .iter()
            .filter(|d| has(d, StatusState::Failure))
            .count()
    };
    assert!(failed(checkout) > 3);
    assert!(failed(named(&acme, "search")) > 10);
    let hotfixes: Vec<_> = production
        .iter()
        .filter(|d| d.ref_name.starts_with("hotfix/"))
        .collect();
    assert!(hotfixes.len() >= 2);
    let head = checkout.head(until()).unwrap();
    let main = checkout.history(&head.oid);
    let merged_back = hotfixes
        .iter()
        .filter(|d| main.iter().any(|c| c.oid == d.oid));
    assert!(
        merged_back.count() >= 1,
        "hotfixes come back to the default branch"
    );
    for deployment in &production {
        let staged = checkout.deployments.iter().any(|d| {
            d.environment == "staging"
                && d.oid == deployment.oid
                && d.created_at < deployment.created_at
        });
        assert!(
            staged || deployment.ref_name.starts_with("hotfix/"),
            "{deployment:?}"
        );
    }
    let issues = &checkout.issues;
    assert!(issues.len() > 5 && issues.iter().all(|i| i.labels[0].name == "incident"));
    assert!(issues.iter().filter(|i| i.closed_at.is_some()).count() > 4);
    assert!(
        issues
            .iter()
            .all(|i| i.closed_at.is_none_or(|t| t > i.created_at))
    );
}
