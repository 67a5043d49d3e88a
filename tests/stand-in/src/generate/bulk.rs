//! A large organisation without any character: for tests of speed.
//!
//! Everything follows from numbers, without dice, so that a hundred thousand documents are
//! there in a moment. Pull requests come at even distances and are squashed.

use crate::config::Bulk;
use crate::memo::Memo;
use crate::model::{
    Commit, Deployment, DeploymentStatus, Issue, Label, Organisation, PullRequest, Release,
    Repository, Review, ReviewState, Signature, StatusState, Time, User,
};
use chrono::Duration;
use std::collections::HashMap;
use std::sync::Arc;

/// Login of the organisation.
pub const LOGIN: &str = "bulk";

/// Numbers of an oversized pull request: commits, reviews, files.
const OVERSIZED: [u32; 3] = [250, 130, 150];

/// A number that looks random (splitmix64).
fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The organisation with the history of so many days.
pub fn organisation(bulk: &Bulk, seed: u64, until: Time, days: u32) -> Organisation {
    let users: Vec<_> = (0..24).map(user).collect();
    let repositories = (0..u64::from(bulk.repositories))
        .map(|position| {
            let maker = Maker {
                bulk,
                users: &users,
                salt: mix(seed ^ (position << 32)),
                id: 700_000_000 + position,
                name: format!("{LOGIN}/r{}", position + 1),
                first_id: 100_000_000
                    + position * 10 * u64::from(bulk.pull_requests + bulk.issues + 10),
                start: until - Duration::days(i64::from(days.max(1))),
                until,
            };
            Arc::new(maker.repository())
        })
        .collect();
    Organisation {
        login: LOGIN.to_owned(),
        id: 39_000_000,
        repositories,
        users,
    }
}

fn user(i: u64) -> Arc<User> {
    let is_bot = i >= 22;
    let login = if is_bot {
        format!("bulk-bot-{i}[bot]")
    } else {
        format!("bulk-user-{i}")
    };
    Arc::new(User {
        id: 60_000_000 + i,
        name: format!("Person {i}"),
        email: format!("user{i}@bulk.example"),
        login,
        is_bot,
    })
}

/// When a pull request is opened and how it ends.
struct Plan {
    created: Time,
    merged: Option<Time>,
    closed: Option<Time>,
    counts: [u32; 3],
}

struct Maker<'a> {
    bulk: &'a Bulk,
    users: &'a [Arc<User>],
    salt: u64,
    id: u64,
    name: String,
    first_id: u64,
    start: Time,
    until: Time,
}

impl Maker<'_> {
    fn repository(&self) -> Repository {
        let plans: Vec<Plan> = (0..self.bulk.pull_requests).map(|i| self.plan(i)).collect();
        let mut merges: Vec<(Time, u32)> = plans
            .iter()
            .zip(0..)
            .filter_map(|(plan, i)| Some((plan.merged?, i)))
            .collect();
        merges.sort_unstable();
        let mut main_chain = vec![(self.start, self.oid(u32::MAX, 0))];
        main_chain.extend(merges.iter().map(|(at, i)| (*at, self.oid(*i, u32::MAX))));
        let root = self.commit(&main_chain[0].1, None, self.start, 0, "Begin", None);
        let mut commits = vec![root];
        let mut pull_requests = Vec::with_capacity(plans.len());
        for (plan, i) in plans.iter().zip(0..) {
            pull_requests.push(Arc::new(self.pull(plan, i, &main_chain, &mut commits)));
        }
        for (position, (at, i)) in merges.iter().enumerate() {
            let parent = Some(main_chain[position].1.clone());
            let message = format!("{} (#{})", title(*i), i + 1);
            let oid = &main_chain[position + 1].1;
            let number = Some(u64::from(i + 1));
            commits.push(self.commit(oid, parent, *at, *i, &message, number));
        }
        let commit_index: HashMap<_, _> = commits
            .iter()
            .enumerate()
            .map(|(i, c)| (c.oid.clone(), i))
            .collect();
        Repository {
            id: self.id,
            name_with_owner: self.name.clone(),
            team: String::new(),
            default_branch: "main".to_owned(),
            is_archived: false,
            created_at: self.start,
            is_recorded: false,
            deployments: self.deployments(&main_chain),
            releases: self.releases(&main_chain),
            issues: (0..self.bulk.issues).map(|i| self.issue(i)).collect(),
            pull_requests,
            commits: commits.into_iter().map(Arc::new).collect(),
            commit_index,
            branches: Vec::new(),
            main_chain,
            memo: Memo::default(),
        }
    }

    /// An oid for a commit of a pull request.
    fn oid(&self, pull: u32, commit: u32) -> String {
        let first = mix(self.salt ^ mix((u64::from(pull) << 32) | u64::from(commit)));
        let (second, third) = (mix(first), mix(first ^ self.salt) as u32);
        format!("{first:016x}{second:016x}{third:08x}")
    }

    /// The moment of something that comes at even distances.
    fn moment(&self, i: u32, of: u32) -> Time {
        let span = (self.until - self.start).num_seconds() - 7_200;
        let seconds = span * i64::from(i) / i64::from(of.max(1));
        self.start + Duration::seconds(7_200 + seconds)
    }

    fn plan(&self, i: u32) -> Plan {
        let all = self.bulk.pull_requests;
        let created = self.moment(i, all);
        let roll = mix(self.salt ^ u64::from(i));
        let end = created + Duration::minutes(60 + (roll % 4_000) as i64);
        let end = (end <= self.until).then_some(end);
        let oversized = self.bulk.oversized;
        let large = oversized > 0 && i.is_multiple_of((all / oversized).max(1));
        let usual = [
            self.bulk.commits_each,
            self.bulk.reviews_each,
            self.bulk.files_each,
        ];
        Plan {
            created,
            merged: end.filter(|_| roll % 20 > 1),
            closed: end.filter(|_| roll % 20 == 1),
            counts: if large && i / (all / oversized).max(1) < oversized {
                OVERSIZED
            } else {
                usual
            },
        }
    }

    fn author(&self, i: u32) -> &Arc<User> {
        &self.users[i as usize % self.users.len()]
    }

    fn commit(
        &self,
        oid: &str,
        parent: Option<String>,
        at: Time,
        author: u32,
        message: &str,
        number: Option<u64>,
    ) -> Commit {
        let user = self.author(author);
        let signature = Signature {
            name: user.name.clone(),
            email: user.email.clone(),
            date: at,
            user: Some(user.clone()),
        };
        Commit {
            oid: oid.to_owned(),
            parents: parent.into_iter().collect(),
            author: signature.clone(),
            committer: signature,
            message: message.to_owned(),
            pushed_at: at,
            pull_requests: number.into_iter().collect(),
            raw: None,
        }
    }

    fn pull(
        &self,
        plan: &Plan,
        i: u32,
        main: &[(Time, String)],
        all: &mut Vec<Commit>,
    ) -> PullRequest {
        let number = u64::from(i) + 1;
        let id = self.first_id + u64::from(i) * 10;
        let [count, reviews, files] = plan.counts;
        let base = main.partition_point(|(t, _)| *t <= plan.created - Duration::hours(2));
        let base_oid = main[base.max(1) - 1].1.clone();
        let mut parent = base_oid.clone();
        let mut commits = Vec::with_capacity(count as usize);
        for k in 0..count {
            let oid = self.oid(i, k);
            // All of them within the two hours before the opening.
            let before = Duration::seconds(7_200 * i64::from(count - k) / i64::from(count + 1));
            let message = format!("Step {} of {}", k + 1, title(i));
            let commit = self.commit(
                &oid,
                Some(parent),
                plan.created - before,
                i,
                &message,
                Some(number),
            );
            all.push(commit);
            parent = oid.clone();
            commits.push(oid);
        }
        let review = |k: u32| {
            // As wide as those of GitHub, and room for an oversized one.
            let id = 3_000_000_000 + (id - 100_000_000) * 13 + u64::from(k);
            Arc::new(Review {
                id,
                node_id: format!("PRR_{}_{number}_{k}", self.id),
                author: Some(self.author(i + 1 + k).clone()),
                state: match k + 1 == reviews {
                    true => ReviewState::Approved,
                    false => ReviewState::Commented,
                },
                submitted_at: (plan.created + Duration::minutes(5 + i64::from(k) % 50))
                    .min(self.until),
                commit_oid: commits.last().cloned(),
                body: String::new(),
                raw: None,
            })
        };
        let reviews: Vec<_> = (0..reviews).map(review).collect();
        let closed = plan.closed.map(|at| crate::model::TimelineEvent {
            id: id + 3,
            kind: crate::model::EventKind::Closed,
            at,
            actor: Some(self.author(i).clone()),
            subject: crate::model::Subject::Itself,
        });
        PullRequest {
            number,
            id,
            node_id: crate::ids::node_id("PR", self.id, id),
            title: title(i),
            body: String::new(),
            author: Some(self.author(i).clone()),
            opened_as_draft: false,
            base_ref: "main".to_owned(),
            head_ref: format!("change-{number}"),
            base_oid: Some(base_oid),
            created_at: plan.created,
            merged_at: plan.merged,
            merged_by: plan.merged.map(|_| self.author(i + 1).clone()),
            merge_commit: plan.merged.map(|_| self.oid(i, u32::MAX)),
            additions: files * 12 + i % 7,
            deletions: files * 4 + i % 3,
            changed_files: files,
            labels: Vec::new(),
            commits,
            commits_total: None,
            reviews,
            comments: Vec::new(),
            comments_total: None,
            events: closed.into_iter().collect(),
            recorded_updated_at: None,
            raw: None,
            raw_detail: None,
        }
    }

    /// Every tenth merge goes to production some minutes later.
    fn deployments(&self, main: &[(Time, String)]) -> Vec<Arc<Deployment>> {
        let shipped: Vec<_> = main.iter().skip(10).step_by(10).collect();
        let begin = Duration::minutes(10);
        let done = Duration::minutes(15);
        let visible = shipped.iter().filter(|(at, _)| *at + begin <= self.until);
        let deployment = |(i, (at, oid)): (usize, &&(Time, String))| {
            let id = self.first_id + 5 + i as u64 * 10;
            let next = shipped.get(i + 1).map(|(t, _)| *t + done);
            let states = [
                (StatusState::InProgress, Some(*at + begin)),
                (StatusState::Success, Some(*at + done)),
                (StatusState::Inactive, next),
            ];
            let statuses = states.into_iter().zip(0..).filter_map(|((state, at), k)| {
                let created_at = at.filter(|t| *t <= self.until)?;
                let id = id * 4 + k;
                Some(DeploymentStatus {
                    id,
                    state,
                    created_at,
                })
            });
            Arc::new(Deployment {
                id,
                environment: "production".to_owned(),
                oid: oid.clone(),
                ref_name: "main".to_owned(),
                created_at: *at + begin,
                creator: self.users[22].clone(),
                statuses: statuses.collect(),
            })
        };
        visible.enumerate().map(deployment).collect()
    }

    /// Every hundredth merge is released.
    fn releases(&self, main: &[(Time, String)]) -> Vec<Arc<Release>> {
        let released = main.iter().skip(100).step_by(100);
        let release = |(i, (at, oid)): (usize, &(Time, String))| {
            let id = self.first_id + 6 + i as u64 * 10;
            let tag = format!("v1.{i}.0");
            Arc::new(Release {
                id,
                node_id: crate::ids::node_id("RE", self.id, id),
                name: tag.clone(),
                tag,
                is_prerelease: false,
                created_at: *at,
                published_at: *at,
                oid: oid.clone(),
                author: Some(self.users[0].clone()),
                raw: None,
            })
        };
        released.enumerate().map(release).collect()
    }

    fn issue(&self, i: u32) -> Arc<Issue> {
        let created_at = self.moment(i, self.bulk.issues);
        let closed = created_at + Duration::hours(30);
        Arc::new(Issue {
            number: u64::from(self.bulk.pull_requests + i) + 1,
            id: self.first_id + u64::from(self.bulk.pull_requests + i) * 10,
            title: format!("Something is wrong with number {i}"),
            body: String::new(),
            author: Some(self.author(i).clone()),
            labels: vec![Label {
                name: "bug".to_owned(),
                at: created_at,
            }],
            created_at,
            assignees: vec![self.author(i % 20).clone()],
            closed_at: (!i.is_multiple_of(5) && closed <= self.until).then_some(closed),
            raw: None,
        })
    }
}

fn title(i: u32) -> String {
    format!("Change number {}", i + 1)
}
