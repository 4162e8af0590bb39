//! A good frontier to begin with: a sample of the space, and steps from its best along each axis.
//!
//! Nothing depends on how good it is but the time that the search takes.

use super::problem::Problem;
use crate::frontier::Frontier;
use crate::space::Cursor;
use std::collections::HashSet;

/// Combinations sampled.
const SAMPLE: u64 = 30_000;
/// Evaluations spent on steps, at most.
const MOST_STEPS: u64 = 3_000_000;
/// Axes of at most this many values are tried whole.
const SHORT: u32 = 12;

/// The frontier of what was tried, and how many architectures were evaluated.
pub(super) fn seed<const N: usize>(problem: &Problem<'_, N>) -> (Frontier<N>, u64) {
    let mut frontier = Frontier::new();
    let mut evaluated = 0;
    let size = problem.space().len();
    // An odd stride near the golden ratio visits every axis's values rather than a lattice of them.
    let stride = ((size as f64 * 0.618_033_988_749_895) as u64) | 1;
    let mut index = 0;
    let mut cursor = Cursor::new(problem.space(), 0);
    for _ in 0..SAMPLE.min(size) {
        index = ((u128::from(index) + u128::from(stride)) % u128::from(size)) as u64;
        cursor.seek(index);
        evaluated += u64::from(try_point(problem, &cursor, &mut frontier));
    }
    let mut tried: HashSet<u64> = HashSet::new();
    loop {
        let entries = frontier.current();
        let fresh: Vec<u64> = entries
            .iter()
            .map(|entry| entry.id)
            .filter(|id| !tried.contains(id))
            .collect();
        if fresh.is_empty() || evaluated > MOST_STEPS {
            return (frontier, evaluated);
        }
        for id in fresh {
            tried.insert(id);
            for axis in 0..problem.regions.n_axes() {
                evaluated += step_along(problem, id, axis, &mut frontier);
            }
        }
    }
}

/// Tries other values of one axis.
fn step_along<const N: usize>(
    problem: &Problem<'_, N>,
    id: u64,
    axis: usize,
    frontier: &mut Frontier<N>,
) -> u64 {
    let mut cursor = Cursor::new(problem.space(), id);
    let (here, size) = (cursor.position(axis), problem.space().extent(axis));
    let mut evaluated = 0;
    let mut go = |position: u32| {
        cursor.place(axis, position);
        evaluated += u64::from(try_point(problem, &cursor, frontier));
    };
    if size <= SHORT {
        (0..size).filter(|&position| position != here).for_each(go);
        return evaluated;
    }
    let mut stride = 1;
    while stride < size {
        if here >= stride {
            go(here - stride);
        }
        if here + stride < size {
            go(here + stride);
        }
        stride *= 2;
    }
    evaluated
}

fn try_point<const N: usize>(
    problem: &Problem<'_, N>,
    cursor: &Cursor<'_>,
    frontier: &mut Frontier<N>,
) -> bool {
    let Some(evaluation) = problem.evaluate(cursor) else {
        return false;
    };
    if let Some(point) = problem.point(&evaluation) {
        frontier.extend([(point, cursor.index())]);
    }
    true
}
