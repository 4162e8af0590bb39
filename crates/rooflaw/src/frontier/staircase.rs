//! A dynamic staircase: the minima of a growing set of `(y, z)` pairs.

/// Pairs per block at most: a block of 2 KiB moves in well under a microsecond and leaves few blocks to search.
const BLOCK: usize = 128;

/// The non-dominated pairs of everything inserted: `y` strictly ascending, `z` strictly descending.
///
/// Kept as a sorted list of blocks. A query is two binary searches, `O(log n)`; an insertion moves at most one block
/// of pairs, and each pair is removed at most once, so no order of insertion makes it quadratic. A balanced tree has
/// the same bound but follows a pointer per level.
#[derive(Default)]
pub(super) struct Staircase {
    /// The first `y` of each block.
    heads: Vec<f64>,
    /// No block is empty.
    blocks: Vec<Vec<(f64, f64)>>,
}

/// What an insertion found on both sides of the new pair.
pub(super) struct Neighbours {
    /// The `z` of the step before the new pair, where there is one.
    pub before: Option<f64>,
    /// The `y` of the step after the new pair and all those it replaced, where there is one.
    pub after: Option<f64>,
}

impl Staircase {
    /// Whether some pair inserted is `<=` in both coordinates.
    #[inline]
    pub fn covers(&self, y: f64, z: f64) -> bool {
        let block = self.heads.partition_point(|&head| head <= y);
        let Some(pairs) = block.checked_sub(1).and_then(|b| self.blocks.get(b)) else {
            return false;
        };
        let step = pairs.partition_point(|pair| pair.0 <= y);
        step.checked_sub(1)
            .and_then(|s| pairs.get(s))
            .is_some_and(|pair| pair.1 <= z)
    }

    /// Inserts a pair that is not covered and removes those it covers, each passed to `removed` in order of `y`.
    pub fn insert(&mut self, y: f64, z: f64, mut removed: impl FnMut(f64, f64)) -> Neighbours {
        // The block that the pair belongs to is the last whose head is below it, or the first of all.
        let home = self.heads.partition_point(|&head| head < y).saturating_sub(1);
        if self.blocks.is_empty() {
            self.heads.push(y);
            self.blocks.push(vec![(y, z)]);
            return Neighbours {
                before: None,
                after: None,
            };
        }
        let pairs = &mut self.blocks[home];
        let at = pairs.partition_point(|pair| pair.0 < y);
        let end = at + pairs[at..].partition_point(|pair| pair.1 >= z);
        let before = at.checked_sub(1).map(|step| pairs[step].1);
        pairs[at..end].iter().for_each(|&(y, z)| removed(y, z));
        let reached_end = end == pairs.len();
        if end > at {
            pairs[at] = (y, z);
            pairs.drain(at + 1..end);
        } else {
            pairs.insert(at, (y, z));
        }
        let mut after = pairs.get(at + 1).map(|pair| pair.0);
        self.heads[home] = pairs[0].0;
        if reached_end {
            after = self.trim_after(home, z, removed);
        }
        self.split_if_full(home);
        Neighbours { before, after }
    }

    /// Removes the leading pairs after block `home` that `z` covers; the `y` of the first that stays.
    fn trim_after(&mut self, home: usize, z: f64, mut removed: impl FnMut(f64, f64)) -> Option<f64> {
        let first = home + 1;
        // A block whose last pair is covered is covered whole, since z descends.
        let whole =
            self.blocks[first..].partition_point(|pairs| pairs.last().is_some_and(|pair| pair.1 >= z));
        for pairs in self.blocks.drain(first..first + whole) {
            pairs.iter().for_each(|&(y, z)| removed(y, z));
        }
        self.heads.drain(first..first + whole);
        let pairs = self.blocks.get_mut(first)?;
        let covered = pairs.partition_point(|pair| pair.1 >= z);
        pairs.drain(..covered).for_each(|(y, z)| removed(y, z));
        let head = pairs.first()?.0;
        self.heads[first] = head;
        Some(head)
    }

    fn split_if_full(&mut self, block: usize) {
        let pairs = &mut self.blocks[block];
        if pairs.len() < BLOCK {
            return;
        }
        let upper = pairs.split_off(BLOCK / 2);
        self.heads.insert(block + 1, upper[0].0);
        self.blocks.insert(block + 1, upper);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Inserts as the sweep does, and checks the invariants that the searches rely on.
    fn insert_all(pairs: &[(f64, f64)]) -> Staircase {
        let mut stairs = Staircase::default();
        for &(y, z) in pairs {
            if !stairs.covers(y, z) {
                stairs.insert(y, z, |_, _| ());
            }
        }
        let flat: Vec<_> = stairs.blocks.concat();
        assert!(flat.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 > w[1].1));
        assert_eq!(
            stairs.heads,
            stairs.blocks.iter().map(|b| b[0].0).collect::<Vec<_>>()
        );
        stairs
    }

    #[test]
    fn an_insertion_reports_what_it_replaces() {
        let mut stairs = insert_all(&[(1.0, 9.0), (2.0, 7.0), (3.0, 5.0), (6.0, 1.0)]);
        let mut removed = Vec::new();
        let sides = stairs.insert(2.0, 4.0, |y, z| removed.push((y, z)));
        assert_eq!(removed, [(2.0, 7.0), (3.0, 5.0)]);
        assert_eq!((sides.before, sides.after), (Some(9.0), Some(6.0)));
    }

    #[test]
    fn one_pair_can_replace_many_blocks() {
        let line: Vec<_> = (0..5000)
            .map(|i| (f64::from((i * 1237) % 5000), -f64::from((i * 1237) % 5000)))
            .collect();
        let mut stairs = insert_all(&line);
        assert!(stairs.blocks.len() > 5);
        let mut removed = 0;
        let sides = stairs.insert(0.5, -4900.5, |_, _| removed += 1);
        assert_eq!(
            (removed, sides.before, sides.after),
            (4900, Some(0.0), Some(4901.0))
        );
        assert!(stairs.covers(4900.0, -4900.0) && !stairs.covers(4900.0, -4900.6));
    }

    proptest! {
        #[test]
        fn covers_equals_a_linear_scan(
            pairs in prop::collection::vec((0_i32..40, 0_i32..40), 0..200), y in 0_i32..40, z in 0_i32..40,
        ) {
            let pairs: Vec<_> = pairs.iter().map(|&(y, z)| (f64::from(y), f64::from(z))).collect();
            let (y, z) = (f64::from(y), f64::from(z));
            let expected = pairs.iter().any(|pair| pair.0 <= y && pair.1 <= z);
            prop_assert_eq!(insert_all(&pairs).covers(y, z), expected);
        }
    }
}
