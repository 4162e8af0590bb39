//! Random architectures, and Latin hypercubes of them.

use crate::ledger::{Improvement, Ledger};
use crate::problem::Problem;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Architectures drawn evenly, without repetition.
pub fn random(problem: &Problem, budget: u64, seed: u64) -> Vec<Improvement> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut ledger = Ledger::new(problem, budget);
    while !ledger.is_full() {
        ledger.evaluate(random.random_range(0..problem.space.len()));
    }
    ledger.into_improvements()
}

/// A Latin hypercube: on each axis, one point in each of `count` equal parts of it.
pub fn latin_hypercube(problem: &Problem, count: u32, random: &mut ChaCha8Rng) -> Vec<u64> {
    let columns: Vec<Vec<u32>> = problem
        .extents
        .iter()
        .map(|extent| {
            let mut parts: Vec<u32> = (0..count).collect();
            parts.shuffle(random);
            let place = |part: u32| {
                let within = (f64::from(part) + random.random::<f64>()) / f64::from(count);
                // Below the extent but for rounding.
                ((within * f64::from(*extent)) as u32).min(extent - 1)
            };
            parts.into_iter().map(place).collect()
        })
        .collect();
    (0..count as usize)
        .map(|row| {
            let positions: Vec<u32> = columns.iter().map(|column| column[row]).collect();
            problem.index(&positions)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_share_of_a_latin_hypercube() {
        let problem = Problem::new("default").unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let count = problem.extents.iter().product::<u32>() / 100;
        let rows: Vec<Vec<u32>> = latin_hypercube(&problem, count, &mut random)
            .into_iter()
            .map(|index| problem.positions(index))
            .collect();
        for (axis, extent) in problem.extents.iter().enumerate() {
            for value in 0..*extent {
                let found = rows.iter().filter(|row| row[axis] == value).count() as f64;
                assert!((found - f64::from(count) / f64::from(*extent)).abs() <= 2.0);
            }
        }
    }
}
