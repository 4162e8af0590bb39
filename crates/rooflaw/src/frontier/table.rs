//! Rejection of dominated points by one look-up, for two and three objectives.

use super::entry::Entry;

/// Cells of the table in all: 32 KiB, so that it stays in the first- or second-level cache.
const CELLS: usize = 4096;

/// The least last objective of the frontier entries below each cell of a grid over the other objectives.
///
/// A cell's value counts only entries in strictly lower cells on every axis of the grid. The cell of a coordinate
/// never falls as the coordinate rises, rounding included, so those entries are less than any point of the cell in
/// every gridded objective, and the test is exact without a bound on rounding errors.
#[derive(Clone, Debug)]
pub(super) struct Table<const N: usize> {
    low: [f64; N],
    scale: [f64; N],
    cells: Vec<f64>,
}

impl<const N: usize> Table<N> {
    /// Cells per axis, less one.
    const TOP: usize = match N {
        2 => CELLS - 1,
        _ => 63,
    };
    const SIDE: usize = Self::TOP + 1;

    /// The table of a frontier, or `None` where its entries do not span a finite range on each gridded axis.
    pub fn of(frontier: &[Entry<N>]) -> Option<Self> {
        if !(N == 2 || N == 3) {
            return None;
        }
        let mut table = Self {
            low: [0.0; N],
            scale: [0.0; N],
            cells: Vec::new(),
        };
        for axis in 0..N - 1 {
            let finite = || {
                frontier
                    .iter()
                    .map(|e| e.objectives[axis])
                    .filter(|x| x.is_finite())
            };
            let low = finite().fold(f64::INFINITY, f64::min);
            let high = finite().fold(f64::NEG_INFINITY, f64::max);
            table.low[axis] = low;
            table.scale[axis] = Self::TOP as f64 / (high - low);
            if !(table.scale[axis].is_normal() && low.is_finite()) {
                return None;
            }
        }
        table.cells = vec![
            f64::INFINITY;
            if N == 2 {
                Self::SIDE
            } else {
                Self::SIDE * Self::SIDE
            }
        ];
        for entry in frontier {
            table.lower(entry);
        }
        table.accumulate();
        Some(table)
    }

    /// Enters an entry in the lowest cell that is above its own on every axis.
    fn lower(&mut self, entry: &Entry<N>) {
        let mut index = 0;
        for axis in 0..N - 1 {
            let cell = self.cell(axis, entry.objectives[axis]) + 1;
            if cell > Self::TOP {
                return;
            }
            index = index * Self::SIDE + cell;
        }
        let value = &mut self.cells[index];
        *value = value.min(entry.objectives[N - 1]);
    }

    /// Spreads each value to the cells above.
    fn accumulate(&mut self) {
        for row in self.cells.chunks_mut(Self::SIDE) {
            for i in 1..row.len() {
                row[i] = row[i].min(row[i - 1]);
            }
        }
        for i in Self::SIDE..self.cells.len() {
            self.cells[i] = self.cells[i].min(self.cells[i - Self::SIDE]);
        }
    }

    /// The cell of a coordinate: 0 below the range and for NaN, the top one above it.
    #[inline(always)]
    fn cell(&self, axis: usize, x: f64) -> usize {
        (((x - self.low[axis]) * self.scale[axis]) as i32).clamp(0, Self::TOP as i32) as usize
    }

    /// Whether an entry of the frontier is certain to dominate the point. False for a point with a NaN coordinate.
    #[inline(always)]
    pub fn rejects(&self, objectives: &[f64; N]) -> bool {
        let mut index = 0;
        for (axis, &x) in objectives.iter().take(N - 1).enumerate() {
            index = index * Self::SIDE + self.cell(axis, x);
        }
        // Strict, so that the infinity of an empty cell rejects nothing. A NaN lands in cell 0 of its axis, which
        // has nothing below it.
        self.cells[index] < objectives[N - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontier::dominance::dominates;
    use crate::frontier::oracle::{self, Generator};
    use proptest::prelude::*;

    #[test]
    fn a_fine_frontier_rejects_nearly_all_that_it_dominates() {
        let mut generator = Generator(5);
        let line: Vec<[f64; 2]> = (0..500).map(|i| [f64::from(i), f64::from(500 - i)]).collect();
        let table = Table::of(&oracle::frontier(&line)).unwrap();
        let (mut dominated, mut rejected) = (0, 0);
        for _ in 0..4000 {
            let point = [generator.uniform() * 500.0, generator.uniform() * 500.0];
            dominated += usize::from(line.iter().any(|p| dominates(p, &point)));
            rejected += usize::from(table.rejects(&point));
        }
        assert!(
            rejected <= dominated && rejected * 100 > dominated * 99,
            "{rejected} of {dominated}"
        );
    }

    #[test]
    fn no_table_without_a_finite_range() {
        assert!(Table::<2>::of(&[]).is_none());
        assert!(
            Table::of(&[Entry {
                objectives: [1.0, 1.0],
                id: 0
            }])
            .is_none()
        );
        let far = [[f64::MIN, 1.0], [f64::MAX, 0.0]];
        assert!(Table::of(&oracle::frontier(&far)).is_none());
    }

    proptest! {
        #[test]
        fn rejects_only_dominated_points(
            two in prop::collection::vec(oracle::point::<2>(), 0..100),
            three in prop::collection::vec(oracle::point::<3>(), 0..100),
            split in 0_usize..100,
        ) {
            if let Some(table) = Table::of(&oracle::frontier(&two[..split.min(two.len())])) {
                for p in two.iter().filter(|p| table.rejects(p)) {
                    prop_assert!(two.iter().any(|other| dominates(other, p)));
                }
            }
            if let Some(table) = Table::of(&oracle::frontier(&three[..split.min(three.len())])) {
                for p in three.iter().filter(|p| table.rejects(p)) {
                    prop_assert!(three.iter().any(|other| dominates(other, p)));
                }
            }
        }
    }
}
