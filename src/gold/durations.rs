//! The durations of many cells in common blocks of memory: a list of its own for each would have to
//! grow, and be copied, again and again.

use super::facts::Duration;

/// How many durations a block has room for.
const BLOCK: usize = 1 << 15;

/// Durations, told cell by cell in any order, as often as need be.
#[derive(Debug, Default)]
pub struct Durations {
    blocks: Vec<Vec<Duration>>,
    runs: Vec<Run>,
    /// For each cell the last of its runs.
    last: Vec<Option<usize>>,
}

/// What a cell was given at a time.
#[derive(Debug)]
struct Run {
    block: usize,
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
        let durations = durations.into_iter();
        let most = durations.size_hint().1.unwrap_or(BLOCK);
        let has_room = |it: &Vec<_>| it.capacity() - it.len() >= most;
        if !self.blocks.last().is_some_and(has_room) {
            self.blocks.push(Vec::with_capacity(most.max(BLOCK)));
        }
        let block = self.blocks.len() - 1;
        let values = &mut self.blocks[block];
        let start = values.len();
        values.extend(durations);
        let end = values.len();
        if end > start {
            let previous = self.last[cell].replace(self.runs.len());
            self.runs.push(Run {
                block,
                start,
                end,
                previous,
            });
        }
    }

    /// Those of a cell, in no order.
    pub fn of(&self, cell: usize) -> Vec<Duration> {
        let runs = std::iter::successors(self.last[cell], |&run| self.runs[run].previous);
        let runs = runs.map(|run| {
            let Run {
                block, start, end, ..
            } = self.runs[run];
            &self.blocks[block][start..end]
        });
        let mut durations = Vec::with_capacity(runs.clone().map(<[_]>::len).sum());
        runs.for_each(|it| durations.extend_from_slice(it));
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
            runs in prop::collection::vec((0..CELLS, prop::collection::vec(any::<i64>(), 0..4)), 0..9),
            repeated in prop_oneof![Just(1), Just(BLOCK / 4)],
        ) {
            let mut durations = Durations::new(CELLS);
            let mut expected = vec![Vec::new(); CELLS];
            for (cell, run) in runs {
                let run = run.repeat(repeated);
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
