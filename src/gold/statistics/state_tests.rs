use super::*;
use proptest::prelude::*;

/// What the aggregates are fed with: a duration, and whether it was a failure.
type Row = (i64, bool);

const RANGE: (i64, i64) = (-500_000, 500_000);

fn empty() -> [State; 4] {
    [
        State::Sample(Sample::new(0.9).expect("a fraction")),
        State::FailureRate(FailureRate::default()),
        State::Frequency(Frequency::new(RANGE.0, RANGE.1)),
        State::DurationSketch(DurationSketch::default()),
    ]
}

fn feed(state: &mut State, (value, failed): Row) {
    match state {
        State::Sample(sample) => sample.add(value, 0.9).expect("room"),
        State::FailureRate(rate) => rate.add(failed),
        State::Frequency(frequency) => frequency
            .add(Some(value), RANGE.0, RANGE.1)
            .expect("a range"),
        State::DurationSketch(sketch) => sketch.add(value).expect("room"),
    }
}

/// The figure that a state stands for.
fn figure(state: &mut State) -> Option<f64> {
    match state {
        State::Sample(sample) => sample.duration().map(|duration| duration as f64),
        State::FailureRate(rate) => rate.rate(),
        State::Frequency(frequency) => frequency.per_day(RANGE.0, RANGE.1),
        State::DurationSketch(sketch) => sketch
            .percentile(0.9)
            .expect("a fraction")
            .map(|duration| duration as f64),
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((-1_000_000_i64..1_000_000, any::<bool>()), 0..120)
}

/// A11: two workers, each with half of the values.
#[test]
fn halves_make_the_whole() {
    let mut leader = Sample::new(0.5).expect("a fraction");
    for half in [[10, 20], [30, 100]] {
        let mut worker = Sample::new(0.5).expect("a fraction");
        for value in half {
            worker.add(value, 0.5).expect("room");
        }
        leader.merge(&worker).expect("room");
    }
    assert_eq!(leader.duration(), Some(25));
}

#[test]
fn states_of_other_aggregates_are_refused() {
    for (i, mut here) in empty().into_iter().enumerate() {
        for (j, there) in empty().iter().enumerate() {
            let expected = if i == j {
                Ok(())
            } else {
                Err(StatisticsError::OtherState)
            };
            assert_eq!(here.merge(there), expected);
        }
    }
}

proptest! {
    #[test]
    fn any_split_in_any_order_gives_what_one_pass_gives(
        rows in rows(),
        workers in 1_usize..6,
        seed: prop::sample::Index,
    ) {
        for mut whole in empty() {
            let mut parts: Vec<_> = (0..workers).map(|_| whole.empty()).collect();
            // In another order, and dealt out unevenly.
            let turned = seed.index(rows.len().max(1));
            for (position, &row) in rows[turned..].iter().chain(&rows[..turned]).enumerate() {
                feed(&mut parts[position * position % workers], row);
            }
            rows.iter().for_each(|&row| feed(&mut whole, row));
            let mut leader = whole.empty();
            for part in parts.iter_mut().rev() {
                let before = part.to_bytes();
                let arrived = State::from_bytes(&before).expect("a state");
                leader.merge(&arrived).expect("the same kind");
                leader.merge(&whole.empty()).expect("the same kind");
                prop_assert_eq!(part.to_bytes(), before);
            }
            prop_assert_eq!(figure(&mut leader), figure(&mut whole));
        }
    }

    #[test]
    fn what_leaves_a_frame_was_never_in_it(rows in rows(), keep in 0_usize..20) {
        let mut moving = FailureRate::default();
        let mut fresh = FailureRate::default();
        let gone = rows.len().saturating_sub(keep);
        rows.iter().for_each(|&(_, failed)| moving.add(failed));
        rows[..gone].iter().for_each(|&(_, failed)| moving.remove(failed));
        rows[gone..].iter().for_each(|&(_, failed)| fresh.add(failed));
        prop_assert_eq!(moving, fresh);
    }

    #[test]
    fn no_bytes_do_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..60), tag in 0_u8..6) {
        if let Some(first) = bytes.first_mut() {
            *first = tag;
        }
        if let Ok(mut state) = State::from_bytes(&bytes) {
            figure(&mut state);
            let again = State::from_bytes(&state.to_bytes()).expect("a state");
            state.merge(&again).expect("the same kind");
        }
    }
}
