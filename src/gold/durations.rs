//! The durations of many cells, all in one list: one of its own for each would have to grow again
//! and again.

use super::facts::Duration;

/// Durations, told cell by cell in any order, as often as need be.
#[derive(Debug, Default)]
pub struct Durations {
    values: Vec<Duration>,
    runs: Vec<Run>,
    /// For each cell the last of its runs.
    last: Vec<Option<usize>>,
}

/// What a cell was given at a time.
#[derive(Debug)]
struct Run {
    start: usize,
    end: usize,
    /// The one of the same cell before it.
    previous: Option<usize>,
}

impl Durations {
    /// None yet, for so many cells.
    pub fn new(cells: usize) -> Self {
        Self {
            last: vec![None; cells],
            ..Self::default()
        }
    }

    /// Adds durations to a cell.
    pub fn extend(&mut self, cell: usize, durations: impl IntoIterator<Item = Duration>) {
        let start = self.values.len();
        self.values.extend(durations);
        let end = self.values.len();
        if end > start {
            let previous = self.last[cell].replace(self.runs.len());
            self.runs.push(Run {
                start,
                end,
                previous,
            });
        }
    }

    /// Those of a cell, in no order.
    pub fn of(&self, cell: usize) -> Vec<Duration> {
        let runs = || {
            std::iter::successors(self.last[cell], |&run| self.runs[run].previous)
                .map(|run| &self.values[self.runs[run].start..self.runs[run].end])
        };
        let mut durations = Vec::with_capacity(runs().map(<[_]>::len).sum());
        runs().for_each(|run| durations.extend_from_slice(run));
        durations
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CELLS: usize = 3;

    proptest! {
        #[test]
        fn each_cell_has_its_own(
            runs in prop::collection::vec((0..CELLS, prop::collection::vec(any::<i64>(), 0..4)), 0..9)
        ) {
            let mut durations = Durations::new(CELLS);
            let mut expected = vec![Vec::new(); CELLS];
            for (cell, run) in runs {
                durations.extend(cell, run.iter().copied());
                expected[cell].extend(run);
            }
            for (cell, mut expected) in expected.into_iter().enumerate() {
                let mut found = durations.of(cell);
                expected.sort();
                found.sort();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
