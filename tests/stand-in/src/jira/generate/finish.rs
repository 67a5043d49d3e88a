//! Ids and keys, once everything that happens is known.

use super::events::Draft;
use crate::jira::model::{Field, Held, Issue, Site};
use crate::model::Time;
use std::collections::HashMap;
use std::sync::Arc;

/// Gives issues and changes their ids in the order of time, and issues their keys.
pub fn finish(mut site: Site, drafts: Vec<Draft>) -> Site {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|n| (drafts[*n].issue.created, *n));
    let mut ids = vec![0; drafts.len()];
    for (position, n) in order.iter().enumerate() {
        ids[*n] = 10_000 + position as u64;
    }
    let mut issues: Vec<Issue> = drafts.into_iter().map(|d| d.issue).collect();
    for (n, issue) in issues.iter_mut().enumerate() {
        issue.id = ids[n];
        refer(issue, &ids);
    }
    issues.sort_by_key(|i| i.id);
    number_histories(&mut site, &mut issues);
    give_keys(&mut site, &mut issues);
    site.issues = issues.into_iter().map(Arc::new).collect();
    site
}

/// Lets an issue name others by their ids.
fn refer(issue: &mut Issue, ids: &[u64]) {
    let known = |draft: u64| ids.get(draft as usize).copied().unwrap_or_default();
    let named = |field: Field, held: &mut Held| {
        if !matches!(field, Field::Parent | Field::Links) {
            return;
        }
        match held {
            Held::Id(id) => *id = known(*id),
            Held::Ids(list) => list.iter_mut().for_each(|id| *id = known(*id)),
            _ => {}
        }
    };
    for (field, held) in &mut issue.first {
        named(*field, held);
    }
    for change in issue.histories.iter_mut().flat_map(|h| &mut h.changes) {
        named(change.field, &mut change.from);
        named(change.field, &mut change.to);
    }
}

fn number_histories(site: &mut Site, issues: &mut [Issue]) {
    let mut all: Vec<(Time, usize, usize)> = Vec::new();
    for (i, issue) in issues.iter().enumerate() {
        all.extend(
            issue
                .histories
                .iter()
                .enumerate()
                .map(|(h, x)| (x.at, i, h)),
        );
    }
    all.sort();
    site.next_history = 100_000;
    for (_, i, h) in all {
        issues[i].histories[h].id = site.next_history;
        site.next_history += 1;
    }
}

/// Numbers count up in each project, whether an issue is born there or comes there.
fn give_keys(site: &mut Site, issues: &mut [Issue]) {
    let mut arrivals: Vec<(Time, usize, Option<(usize, usize)>)> = Vec::new();
    for (i, issue) in issues.iter().enumerate() {
        arrivals.push((issue.created, i, None));
        for (h, history) in issue.histories.iter().enumerate() {
            let moved = history.changes.iter().position(|c| c.field == Field::Key);
            arrivals.extend(moved.map(|c| (history.at, i, Some((h, c)))));
        }
    }
    arrivals.sort();
    let mut numbers: HashMap<String, u64> = HashMap::new();
    for (at, i, place) in arrivals {
        let issue = &mut issues[i];
        let project = site.projects.iter().find(|p| p.id == issue.project(at));
        let prefix = project.map_or("", |p| p.key.as_str());
        let number = numbers.entry(prefix.to_owned()).or_default();
        *number += 1;
        let key = format!("{prefix}-{number}");
        site.keys.insert(key.clone(), issue.id);
        let before = Held::Text(issue.key(at - chrono::Duration::milliseconds(1)).to_owned());
        match place {
            Some((h, c)) => {
                let change = &mut issue.histories[h].changes[c];
                change.from = before;
                change.to = Held::Text(key);
            }
            None => {
                for (_, held) in issue.first.iter_mut().filter(|(f, _)| *f == Field::Key) {
                    *held = Held::Text(key.clone());
                }
            }
        }
    }
}
