//! From a simulation to the model: nothing from after the end, everything linked.

use super::dice::Dice;
use super::simulation::Simulation;
use crate::memo::Memo;
use crate::model::{Branch, Repository, Time};
use std::sync::Arc;

/// The repository as the model has it.
pub fn finish(mut simulation: Simulation<'_>, created_at: Time, end: Time) -> Repository {
    simulation.complete_timelines();
    let branches: Vec<Branch> = simulation.release_branch(end).into_iter().collect();
    let Simulation {
        habit,
        seed,
        team,
        id,
        full_name,
        commits,
        index,
        main,
        mut pulls,
        mut deployments,
        releases,
        mut issues,
        ..
    } = simulation;
    for pull in &mut pulls {
        pull.reviews.retain(|r| r.submitted_at <= end);
        pull.reviews.sort_by_key(|r| (r.submitted_at, r.id));
        pull.comments.retain(|c| c.created_at <= end);
        pull.comments.sort_by_key(|c| (c.created_at, c.id));
        pull.events.retain(|e| e.at <= end);
        pull.events.sort_by_key(|e| (e.at, e.id));
        pull.labels.retain(|l| l.at <= end);
        for review in &mut pull.reviews {
            let seen = pull.commits.iter().rfind(|oid| {
                index
                    .get(*oid)
                    .is_some_and(|&i| commits[i].pushed_at <= review.submitted_at)
            });
            Arc::make_mut(review).commit_oid = seen.or(pull.commits.first()).cloned();
        }
    }
    for deployment in &mut deployments {
        deployment.statuses.retain(|s| s.created_at <= end);
        deployment.statuses.sort_by_key(|s| (s.created_at, s.id));
    }
    for issue in &mut issues {
        issue.closed_at = issue.closed_at.filter(|t| *t <= end);
        issue.labels.retain(|l| l.at <= end);
        // Dice of their own: nothing else may depend on who is asked.
        let name = format!("{full_name}/assignees/{}", issue.number);
        let mut dice = Dice::new(seed, &name);
        if dice.chance(0.7) {
            issue.assignees.push(dice.pick(&team).clone());
        }
    }
    issues.sort_by_key(|i| i.number);
    Repository {
        id,
        name_with_owner: full_name,
        team: habit.team.to_owned(),
        default_branch: "main".to_owned(),
        is_archived: habit.archived_after.is_some(),
        created_at,
        is_recorded: false,
        pull_requests: pulls.into_iter().map(Arc::new).collect(),
        commits: commits.into_iter().map(Arc::new).collect(),
        commit_index: index,
        branches,
        main_chain: main,
        deployments: deployments.into_iter().map(Arc::new).collect(),
        releases: releases.into_iter().map(Arc::new).collect(),
        issues: issues.into_iter().map(Arc::new).collect(),
        memo: Memo::default(),
    }
}
