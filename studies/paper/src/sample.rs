//! A Latin hypercube over the axes of a finite space, without duplicates and without excluded combinations.

use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use rooflaw::space::{Cursor, DesignSpace};
use std::collections::BTreeMap;

/// Seed of the draw: the paper's number, so that nobody can think it was chosen for its outcome.
pub const SEED: u64 = 260_210_377;

/// How many architectures the paper evaluated.
pub const PAPER_CANDIDATES: usize = 1942;

/// Tries to repair an architecture before giving up; a space with room to spare needs a few dozen.
const MAX_TRIES: usize = 100_000;

/// Draws `n` different admissible indices of `space`, sorted.
///
/// Along each axis the draw is a permutation of `n` strata, so that each of the axis's `m` values is used ⌊n/m⌋ or
/// ⌈n/m⌉ times. Finite axes make some architectures coincide, and constraints exclude some: such an architecture
/// swaps the value of one axis with another architecture until both are admissible and new, which leaves every axis's
/// counts alone. `None` where that fails.
pub fn latin_hypercube(space: &DesignSpace, n: usize, seed: u64) -> Option<Vec<u64>> {
    let sizes: Vec<u64> = space.axes().iter().map(|axis| axis.n_values as u64).collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut designs = vec![vec![0; sizes.len()]; n];
    for (axis, &size) in sizes.iter().enumerate() {
        let mut strata: Vec<u64> = (0..n as u64).collect();
        strata.shuffle(&mut random);
        for (design, stratum) in designs.iter_mut().zip(strata) {
            design[axis] = stratum * size / n as u64;
        }
    }
    // The last axis varies fastest.
    let index = |design: &[u64]| {
        design
            .iter()
            .zip(&sizes)
            .fold(0, |index, (digit, size)| index * size + digit)
    };
    let admissible = |index: u64| Cursor::new(space, index).architecture().is_some();
    let mut uses: BTreeMap<u64, usize> = BTreeMap::new();
    for design in &designs {
        *uses.entry(index(design)).or_default() += 1;
    }
    for position in 0..n {
        let mut tries = 0;
        loop {
            let current = index(&designs[position]);
            if admissible(current) && uses.get(&current) == Some(&1) {
                break;
            }
            tries += 1;
            if tries > MAX_TRIES {
                return None;
            }
            let other = random.random_range(0..n as u32) as usize;
            let axis = random.random_range(0..sizes.len() as u32) as usize;
            if designs[position][axis] == designs[other][axis] {
                continue;
            }
            let partner = index(&designs[other]);
            let (mut one, mut two) = (designs[position].clone(), designs[other].clone());
            std::mem::swap(&mut one[axis], &mut two[axis]);
            let (new_one, new_two) = (index(&one), index(&two));
            let is_new = |index: u64| admissible(index) && uses.get(&index).is_none_or(|&count| count == 0);
            if new_one != new_two && is_new(new_one) && is_new(new_two) {
                for (old, new) in [(current, new_one), (partner, new_two)] {
                    *uses.entry(old).or_default() -= 1;
                    *uses.entry(new).or_default() += 1;
                }
                designs[position] = one;
                designs[other] = two;
            }
        }
    }
    let mut indices: Vec<u64> = designs.iter().map(|design| index(design)).collect();
    indices.sort_unstable();
    Some(indices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_used_equally_and_no_design_twice() {
        let space = rooflaw::space::find("paper").unwrap();
        let sizes: Vec<u64> = space.axes().iter().map(|axis| axis.n_values as u64).collect();
        for seed in 0..8 {
            let indices = latin_hypercube(&space, PAPER_CANDIDATES, seed).unwrap();
            assert_eq!(indices.len(), PAPER_CANDIDATES);
            assert!(indices.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(
                indices
                    .iter()
                    .all(|&index| Cursor::new(&space, index).architecture().is_some())
            );
            let mut rest = indices;
            for &size in sizes.iter().rev() {
                let mut counts = vec![0_u64; size as usize];
                for index in &mut rest {
                    counts[(*index % size) as usize] += 1;
                    *index /= size;
                }
                let fair = PAPER_CANDIDATES as u64 / size;
                assert!(
                    counts.iter().all(|&count| count == fair || count == fair + 1),
                    "{counts:?}"
                );
            }
        }
    }

    #[test]
    fn a_seed_is_a_draw() {
        let space = rooflaw::space::find("paper").unwrap();
        let draw = |seed| latin_hypercube(&space, 100, seed).unwrap();
        assert_eq!(draw(SEED), draw(SEED));
        assert_ne!(draw(SEED), draw(SEED + 1));
    }
}
