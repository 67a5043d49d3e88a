use super::*;
use proptest::prelude::*;

fn sketch(durations: &[i64]) -> DurationSketch {
    let mut sketch = DurationSketch::default();
    for &duration in durations {
        sketch.add(duration).expect("room");
    }
    sketch
}

fn bytes(sketch: &mut DurationSketch) -> Vec<u8> {
    let mut bytes = Vec::new();
    sketch.write(&mut bytes);
    bytes
}

/// More than are kept as they are, reproducible, over many orders of magnitude.
fn many(seed: u64, count: usize) -> Vec<i64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state
    };
    let duration = |bits: u64| {
        let size = (bits >> 20) % (1 << (20 + (bits >> 58) % 24));
        let sign = if bits & 0x1000 == 0 { -1 } else { 1 };
        size.cast_signed() * sign
    };
    (0..count).map(|_| duration(next())).collect()
}

#[test]
fn it_is_exact_up_to_the_limit() {
    let durations = many(1, EXACT_LIMIT);
    let mut full = sketch(&durations);
    assert!(full.is_exact());
    assert_eq!(full.len(), EXACT_LIMIT as u64);
    let mut one = sketch(&[7]);
    one.merge(&full).expect("room");
    assert!(!one.is_exact());
    assert_eq!(one.len(), EXACT_LIMIT as u64 + 1);
    full.add(7).expect("room");
    assert_eq!(bytes(&mut full), bytes(&mut one));
}

#[test]
fn beyond_it_is_right_to_1_percent() {
    for seed in 1..6 {
        let mut durations = many(seed, 3 * EXACT_LIMIT);
        let mut approximate = sketch(&durations);
        assert!(!approximate.is_exact());
        for hundredth in 0..=100 {
            let fraction = f64::from(hundredth) / 100.0;
            let exact = percentile::percentile(&mut durations, fraction).expect("values");
            let found = approximate.percentile(fraction).expect("a fraction");
            let found = found.expect("values") as f64;
            assert!(
                (found - exact).abs() <= exact.abs() * 0.010_001 + 0.5,
                "{seed} {fraction}: {found} instead of {exact}"
            );
        }
    }
}

#[test]
fn whole_seconds_are_short() {
    let durations: Vec<_> = (0..1_000).map(|n| n * n * 1_000_000).collect();
    let length = bytes(&mut sketch(&durations)).len();
    assert!(length < 2_100, "{length} bytes");
}

/// What this release writes; later ones must read it.
#[test]
fn version_1_stays_readable() {
    let written = [1, 0, 3, 0xc0, 0x84, 0x3d, 3, 4, 5];
    let mut durations = [-2_000_000, 2_000_000, 7_000_000];
    assert_eq!(bytes(&mut sketch(&durations)), written);
    let mut read = DurationSketch::from_bytes(&written).expect("a sketch");
    assert_eq!(
        read.percentile(0.5),
        Ok(percentile::duration_percentile(&mut durations, 0.5))
    );
    // Two bins: 4 times 1 microsecond, and 5 times about an hour.
    let mut approximate = vec![1, 1, 2, 2];
    bytes::write_signed(&mut approximate, 3_650_000_000);
    bytes::write_signed(&mut approximate, 1);
    approximate.push(4);
    bytes::write_signed(&mut approximate, 1_100);
    approximate.push(5);
    let mut read = DurationSketch::from_bytes(&approximate).expect("a sketch");
    assert_eq!(read.len(), 9);
    assert_eq!(read.percentile(0.3), Ok(Some(1)));
    assert_eq!(read.percentile(0.5), Ok(Some(3_623_418_333)));
    assert_eq!(bytes(&mut read), approximate);
}

#[test]
fn other_bytes_are_refused() {
    assert_eq!(DurationSketch::from_bytes(&[]).err(), Some(MALFORMED));
    assert_eq!(
        DurationSketch::from_bytes(&[2, 0, 0]).err(),
        Some(StatisticsError::UnknownVersion(2))
    );
    let huge = u64::MAX;
    let mut promises = vec![1, 0];
    bytes::write(&mut promises, huge);
    let mut overflows = vec![1, 0, 2];
    bytes::write(&mut overflows, huge);
    bytes::write_signed(&mut overflows, i64::MAX);
    bytes::write(&mut overflows, huge);
    let mut counts = vec![1, 1, 2, 2, 4];
    for _ in 0..2 {
        bytes::write_signed(&mut counts, 1);
        bytes::write(&mut counts, huge);
    }
    let cases: [&[u8]; 9] = [
        &[1],
        &[1, 0],
        &[1, 2, 0],
        &[1, 0, 0, 0],
        &[1, 1, 0, 0, 0],
        &[1, 1, 1, 4, 2, 2, 1],
        &promises,
        &overflows,
        &counts,
    ];
    for case in cases {
        let refused = DurationSketch::from_bytes(case).err();
        assert_eq!(refused, Some(MALFORMED), "{case:?}");
    }
}

proptest! {
    #[test]
    fn all_durations_come_back(durations in prop::collection::vec(any::<i64>(), 0..100)) {
        let written = bytes(&mut sketch(&durations));
        let mut read = DurationSketch::from_bytes(&written).expect("a sketch");
        prop_assert_eq!(bytes(&mut read), written);
        let mut sorted = durations;
        sorted.sort();
        match read.0 {
            Content::Exact(values) => prop_assert_eq!(values, sorted),
            Content::Approximate(_) => prop_assert!(false, "not exact"),
        }
    }

    #[test]
    fn bins_come_back(durations in prop::collection::vec(any::<i64>(), 1..100)) {
        let mut sketch = sketch(&durations);
        sketch.bins();
        let written = bytes(&mut sketch);
        let mut read = DurationSketch::from_bytes(&written).expect("a sketch");
        prop_assert!(!read.is_exact());
        prop_assert_eq!(bytes(&mut read), written);
    }

    #[test]
    fn no_bytes_do_harm(
        durations in prop::collection::vec(any::<i64>(), 1..40),
        in_bins: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        fraction in 0.0..=1.0,
    ) {
        let mut whole = sketch(&durations);
        if in_bins {
            whole.bins();
        }
        let mut written = bytes(&mut whole);
        for (place, byte) in changes {
            let place = place.index(written.len());
            written[place] = byte;
        }
        if let Ok(mut read) = DurationSketch::from_bytes(&written) {
            let found = read.percentile(fraction).expect("a fraction");
            prop_assert_eq!(found.is_some(), !read.is_empty());
            let mut rewritten = DurationSketch::from_bytes(&bytes(&mut read)).expect("a sketch");
            rewritten.merge(&read).expect("room");
        }
    }
}
