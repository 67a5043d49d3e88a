//! The way of a change from its first commit to production, in stages.

use super::facts::{Duration, Time};

/// When a change came how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Boundaries {
    /// When its first commit was written.
    pub first_commit_at: Option<Time>,
    /// When it was ready for review; of a commit without pull request there is no such time.
    pub ready_at: Option<Time>,
    /// First human review.
    pub first_review_at: Option<Time>,
    /// Last approval.
    pub approved_at: Option<Time>,
    /// When it was merged.
    pub merged_at: Time,
    /// When the deployment that shipped it finished.
    pub deployed_at: Option<Time>,
}

/// How long each stage took. Those that there are add up to the lead time, and none is negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stages {
    /// First commit to ready.
    pub coding: Option<Duration>,
    /// Ready to first review.
    pub pickup: Option<Duration>,
    /// First review to approval, or to the merge.
    pub review: Option<Duration>,
    /// Approval, or ready where unreviewed, to merge.
    pub merge: Option<Duration>,
    /// Merge to deployed.
    pub deploy: Option<Duration>,
    /// First commit to deployed.
    pub lead_time: Option<Duration>,
}

impl Boundaries {
    /// The stages. Clocks and histories are not always in order: each boundary is moved to no
    /// earlier than the one before it and, up to the merge, to no later than the merge. What lies
    /// in the ranges to leave out, which must not overlap, takes no time.
    pub fn stages(&self, left_out: &[(Time, Time)]) -> Stages {
        let span = |from: Time, to: Time| {
            let overlaps = left_out
                .iter()
                .map(|&(start, end)| (end.min(to) - start.max(from)).max(0));
            to - from - overlaps.sum::<Duration>()
        };
        let merged = self.merged_at;
        let first = self.first_commit_at.map(|at| at.min(merged));
        let after = |at: Time, before: Time| at.min(merged).max(before);
        let ready = after(self.ready_at.unwrap_or(merged), first.unwrap_or(Time::MIN));
        let review = self.first_review_at.map(|at| after(at, ready));
        let approval = review.and_then(|review| Some(after(self.approved_at?, review)));
        let deployed = self.deployed_at.map(|at| at.max(merged));
        Stages {
            coding: first.map(|first| span(first, ready)),
            pickup: review.map(|review| span(ready, review)),
            review: review.map(|review| span(review, approval.unwrap_or(merged))),
            merge: match (self.ready_at, review) {
                (None, _) => None,
                (_, None) => Some(span(ready, merged)),
                _ => approval.map(|approval| span(approval, merged)),
            },
            deploy: deployed.map(|deployed| span(merged, deployed)),
            lead_time: deployed.and_then(|deployed| Some(span(first?, deployed))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gold::facts::HOUR;

    fn hours(stages: Stages) -> [Option<i64>; 6] {
        [
            stages.coding,
            stages.pickup,
            stages.review,
            stages.merge,
            stages.deploy,
            stages.lead_time,
        ]
        .map(|it| it.map(|it| it / HOUR))
    }

    #[test]
    fn the_stages_of_a_reviewed_change() {
        let stages = Boundaries {
            first_commit_at: Some(9 * HOUR),
            ready_at: Some(12 * HOUR),
            first_review_at: Some(15 * HOUR),
            approved_at: Some(33 * HOUR),
            merged_at: 34 * HOUR,
            deployed_at: Some(38 * HOUR),
        };
        let expected = [3, 3, 18, 1, 4, 29].map(Some);
        assert_eq!(hours(stages.stages(&[])), expected);
        // Closed from the second hour of review on, and in the last hour before the deployment.
        let closed = [(17 * HOUR, 27 * HOUR), (37 * HOUR, 40 * HOUR)];
        let expected = [3, 3, 8, 1, 3, 18].map(Some);
        assert_eq!(hours(stages.stages(&closed)), expected);
    }

    #[test]
    fn a_commit_without_pull_request_was_only_written_and_deployed() {
        let commit = Boundaries {
            first_commit_at: Some(HOUR),
            merged_at: 2 * HOUR,
            deployed_at: Some(5 * HOUR),
            ..Boundaries::default()
        };
        let expected = [Some(1), None, None, None, Some(3), Some(4)];
        assert_eq!(hours(commit.stages(&[])), expected);
    }

    fn times() -> impl Strategy<Value = Boundaries> {
        let time = || prop::option::of(0..1000_i64);
        (time(), time(), time(), time(), 0..1000_i64, time()).prop_map(
            |(first_commit_at, ready_at, first_review_at, approved_at, merged_at, deployed_at)| {
                Boundaries {
                    first_commit_at,
                    ready_at,
                    first_review_at,
                    approved_at,
                    merged_at,
                    deployed_at,
                }
            },
        )
    }

    proptest! {
        /// C26: whatever order the times are in.
        #[test]
        fn stages_add_up_and_are_never_negative(boundaries in times(), closed in prop::collection::btree_set(0..1000_i64, 0..8)) {
            let closed: Vec<_> = closed.into_iter().collect();
            let closed: Vec<_> = closed.chunks_exact(2).map(|it| (it[0], it[1])).collect();
            let stages = boundaries.stages(&closed);
            let parts = [stages.coding, stages.pickup, stages.review, stages.merge, stages.deploy];
            prop_assert!(parts.iter().flatten().all(|&part| part >= 0), "{:?}", stages);
            if let Some(lead_time) = stages.lead_time {
                prop_assert_eq!(parts.iter().flatten().sum::<i64>(), lead_time);
            }
            prop_assert_eq!(stages.lead_time.is_some(), boundaries.deployed_at.and(boundaries.first_commit_at).is_some());
        }
    }
}
