//! The figures, for any facts in any order.

use proptest::prelude::*;

use super::*;
use crate::gold::months::Month;
use crate::gold::statistics::wilson::wilson;

const GROUPS: usize = 2;

/// Ten days in three buckets, with one full week.
fn question() -> Question {
    Question {
        since: 5,
        until: 95,
        buckets: vec![0, 30, 60, 100],
        days: (0..=10).map(|day| day * 10).collect(),
        weeks: vec![(1, 1)],
        now: 90,
    }
}

/// One of a service; with a key one that several services share, and then the same for all in
/// when and how it ended.
fn deployment() -> impl Strategy<Value = Deployment> {
    let marks = (any::<bool>(), any::<bool>(), any::<[bool; 4]>());
    let key = prop_oneof![Just(0), 1..4_u64];
    (0..100_i64, key, marks, prop::option::of(0..50_i64)).prop_map(
        |(at, key, (succeeded, counts_failed_runs, others), recovery_time)| {
            let is_shared = key != 0;
            let succeeded = if is_shared { key != 2 } else { succeeded };
            let counted = succeeded || counts_failed_runs;
            let [failed, unplanned, redeploy, with_changes] = others;
            let failed = counted && (failed || !succeeded);
            let mut marks = 1 << Deployment::ORIGIN;
            for (mark, is_set) in [
                (Deployment::SUCCEEDED, succeeded),
                (Deployment::COUNTED, counted),
                (Deployment::FAILED, failed),
                (Deployment::UNPLANNED, unplanned),
                (Deployment::REDEPLOY, redeploy),
                (Deployment::WITH_CHANGES, with_changes),
            ] {
                marks |= if is_set { mark } else { 0 };
            }
            Deployment {
                at: if is_shared { key as Time * 20 } else { at },
                recovery_time: recovery_time.filter(|_| failed),
                marks,
                key,
            }
        },
    )
}

fn shipped() -> impl Strategy<Value = Change> {
    let lead_time = prop::option::of(0..50_i64);
    // Few moments, so that some come at once.
    (0..10_i64, lead_time, 0..4_u64).prop_map(|(at, lead_time, key)| Change {
        at: at * 10,
        lead_time,
        key,
    })
}

fn unshipped() -> impl Strategy<Value = Change> {
    (0..100_i64, 0..6_u64).prop_map(|(at, key)| Change {
        at: if key == 0 { at } else { key as Time * 15 },
        lead_time: None,
        key,
    })
}

fn incident() -> impl Strategy<Value = Incident> {
    let restore_time = prop::option::of(0..50_i64);
    (0..100_i64, restore_time, any::<bool>(), any::<u64>()).prop_map(
        |(at, restore_time, is_unattributed, key)| Incident {
            at,
            restore_time,
            is_unattributed,
            key,
        },
    )
}

/// Months of services, each with its group.
fn months() -> impl Strategy<Value = Vec<(usize, Month)>> {
    let list = 0..6;
    let month = (
        prop::collection::vec(deployment(), list.clone()),
        prop::collection::vec(shipped(), list.clone()),
        prop::collection::vec(unshipped(), list.clone()),
        prop::collection::vec(incident(), list),
    )
        .prop_map(|(deployments, shipped, unshipped, incidents)| Month {
            deployments,
            shipped,
            unshipped,
            incidents,
        });
    prop::collection::vec((0..GROUPS, month), 0..6)
}

fn add(answer: &mut Answer, group: usize, month: &Month) {
    let bytes = month.to_bytes();
    answer.add(group, &Facts::of(&bytes).expect("a month"));
}

fn figures(months: &[(usize, Month)]) -> Vec<Figures> {
    let mut answer = Answer::new(question(), GROUPS);
    for (group, month) in months {
        add(&mut answer, *group, month);
    }
    let mut figures: Vec<_> = answer.finish().collect();
    for it in &mut figures {
        it.lead_times.sort();
        it.recoveries.sort();
        it.restore_times.sort();
    }
    figures
}

proptest! {
    #[test]
    fn parts_are_no_more_than_the_whole(months in months()) {
        for it in figures(&months) {
            prop_assert!(it.failed <= it.counted && it.counted <= it.attempts, "{it:?}");
            prop_assert!(it.deployments <= it.attempts, "{it:?}");
            prop_assert!(it.unplanned.max(it.with_changes).max(it.redeployments) <= it.deployments, "{it:?}");
            prop_assert_eq!(it.recoveries.len() as i64 + it.open_failures, it.failed);
            prop_assert!(it.lead_times.len() as i64 <= it.changes, "{it:?}");
            prop_assert_eq!(it.unshipped_since.is_some(), it.unshipped > 0);
            prop_assert_eq!(it.incident_open_since.is_some(), it.open_incidents > 0);
            prop_assert!(it.deployment_days.iter().all(|days| (0..=7).contains(days)), "{it:?}");
            if let Some((low, high)) = wilson(it.failed, it.counted) {
                let rate = it.failed as f64 / it.counted as f64;
                prop_assert!(0.0 <= low && low <= rate && rate <= high && high <= 1.0, "{it:?}");
            }
        }
    }

    #[test]
    fn the_order_of_months_does_not_matter(
        (months, shuffled) in months().prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle()))
    ) {
        prop_assert_eq!(figures(&months), figures(&shuffled));
    }

    #[test]
    fn a_moment_lies_in_the_period_that_began_last(
        (starts, at) in prop_oneof![
            (prop::collection::vec(any::<i64>(), 0..9), any::<i64>()),
            (prop::collection::vec(0..20_i64, 0..9), -1..21_i64),
        ]
    ) {
        let mut starts = starts;
        starts.sort();
        let last = starts.partition_point(|&start| start <= at).checked_sub(1);
        prop_assert_eq!(period(&starts, at), last.filter(|it| it + 1 < starts.len()));
    }

    #[test]
    fn a_failed_run_that_does_not_count_is_an_attempt_and_nothing_else(
        months in months(), group in 0..GROUPS, at in 5_i64..95
    ) {
        let run = Deployment { at, recovery_time: None, marks: 2 << Deployment::ORIGIN, key: 0 };
        let run = Month { deployments: vec![run], ..Month::default() };
        let mut with_run = figures(&[months.clone(), vec![(group, run)]].concat());
        let without = figures(&months);
        let more: Vec<_> = with_run.iter().zip(&without).map(|(one, other)| one.attempts - other.attempts).collect();
        prop_assert_eq!(more.iter().sum::<i64>(), 1);
        for (one, more) in with_run.iter_mut().zip(more) {
            one.attempts -= more;
        }
        prop_assert_eq!(with_run, without);
    }
}

/// D22: what several services share is one at their sum.
#[test]
fn a_shared_failure_is_over_once_it_is_for_all() {
    let failed = |recovery_time| Deployment {
        at: 10,
        recovery_time,
        marks: Deployment::SUCCEEDED | Deployment::COUNTED | Deployment::FAILED,
        key: 1,
    };
    let fine = Deployment {
        marks: Deployment::SUCCEEDED | Deployment::COUNTED,
        ..failed(None)
    };
    let of = |deployments: [Deployment; 2]| {
        let months = deployments.map(|it| Month {
            deployments: vec![it],
            ..Month::default()
        });
        let figures = figures(&months.map(|it| (0, it)));
        let it = &figures[0];
        (it.failed, it.recoveries.clone(), it.open_failures)
    };
    assert_eq!(of([failed(Some(3)), failed(Some(5))]), (1, vec![5], 0));
    assert_eq!(of([failed(Some(3)), failed(None)]), (1, vec![], 1));
    assert_eq!(of([fine, failed(Some(3))]), (1, vec![3], 0));
    assert_eq!(of([fine, fine]), (0, vec![], 0));
}

/// The figures of a month of two services of one repository, whichever is read first.
fn together(one: &Month, other: &Month) -> Vec<Figures> {
    let figures = |months: [&Month; 2]| {
        let question = Question {
            until: 100,
            buckets: vec![0, 100],
            ..Question::default()
        };
        let mut answer = Answer::new(question, 1);
        months.iter().for_each(|it| add(&mut answer, 0, it));
        answer.finish().next().expect("a bucket")
    };
    vec![figures([one, other]), figures([other, one])]
}

/// D22
#[test]
fn what_services_share_fails_once_and_is_over_when_it_is_for_all() {
    let month = |marks: u16, recovery_time, restore_time, is_unattributed| Month {
        deployments: vec![Deployment {
            at: 10,
            recovery_time,
            marks: Deployment::SUCCEEDED | marks,
            key: 7,
        }],
        incidents: vec![Incident {
            at: 20,
            restore_time,
            is_unattributed,
            key: 8,
        }],
        ..Month::default()
    };
    let (counted, failed) = (
        Deployment::COUNTED,
        Deployment::COUNTED | Deployment::FAILED,
    );
    let open = month(failed, None, None, false);
    let over = month(failed, Some(5), Some(3), true);
    let fine = month(counted, None, Some(4), true);
    let uncounted = month(0, None, Some(4), true);
    for it in together(&open, &over) {
        assert_eq!((it.deployments, it.counted, it.failed), (1, 1, 1));
        assert_eq!((it.recoveries, it.open_failures), (vec![], 1));
        assert_eq!((it.restore_times, it.open_incidents), (vec![], 1));
        assert_eq!(it.unattributed_incidents, 0);
    }
    for other in [&fine, &uncounted] {
        for it in together(&over, other) {
            assert_eq!((it.deployments, it.counted, it.failed), (1, 1, 1));
            assert_eq!((it.recoveries, it.open_failures), (vec![5], 0));
            assert_eq!((it.restore_times, it.open_incidents), (vec![4], 0));
            assert_eq!(it.unattributed_incidents, 1);
        }
    }
}
