//! The exact frontier by bounds: boxes of the space that a point found dominates are never visited.
//!
//! Branch and bound over ranges of values on each axis. What every architecture of a box takes at least, and the least
//! loss that the law gives in it, come from the same operator list and the same law as every evaluation, looked at where
//! each is least ([`crate::space::Seen`], [`crate::roofline::LeastCosts`], [`crate::law::LeastLoss`]). A box whose bounds
//! a point found dominates is dropped; any other is split, and evaluated one by one when it is small. What is returned is
//! what enumeration returns, bit for bit: bounds lie below everything in the box by more than rounding, so that no point
//! that equals one on the frontier is dropped.
//!
//! Boxes are taken on in batches, each against the frontier known when the batch began: the result and every count are the
//! same for any number of threads.

mod branch;
mod gap;
mod incumbent;
mod least;
mod problem;
mod seed;

pub use gap::Gap;

use super::{Query, Watch};
use crate::frontier::{Entry, Frontier};
use crate::law::LeastLoss;
use crate::roofline::{Evaluator, LeastCosts};
use crate::space::Regions;
use branch::{Open, Step};
use incumbent::Incumbent;
use problem::{Bound, Problem};
use std::collections::VecDeque;

/// Boxes taken on between two looks at the frontier, and at the watch.
const BATCH: usize = 4096;

/// From so many open boxes on, those opened last go first, so that memory does not grow with the space.
const MOST_OPEN: usize = 1 << 20;

/// What was found for one evaluator.
pub(super) struct Found<const N: usize> {
    /// The frontier.
    pub(super) frontier: Vec<Entry<N>>,
    /// The least of each quantity that can be budgeted; `None` where the search was stopped before.
    pub(super) least: [Option<f64>; 6],
    /// Architectures evaluated.
    pub(super) evaluated: u64,
    /// Boxes bounded.
    pub(super) boxes: u64,
    /// What may have been missed; `None` when nothing was.
    pub(super) gap: Option<Gap>,
}

/// Whether a law can be searched by bounds.
pub(super) fn apply(evaluator: &Evaluator) -> bool {
    LeastLoss::new(evaluator.law()).is_some()
}

/// The frontier of the space for one evaluator; `None` for a law without bounds.
pub(super) fn search<const N: usize>(
    query: &Query<'_>,
    regions: &Regions<'_>,
    evaluator: &Evaluator,
    watch: &Watch<'_>,
) -> Option<Found<N>> {
    let problem = Problem::<N>::new(
        query,
        regions,
        LeastCosts::new(evaluator),
        LeastLoss::new(evaluator.law())?,
    );
    let (frontier, evaluated) = seed::seed(&problem);
    let mut search = Search {
        open: VecDeque::from([Open::whole(&problem)]),
        frontier,
        evaluated,
        boxes: 1,
    };
    let is_done = search.run(&problem, watch);
    let gap = (!is_done).then(|| Gap::new(search.frontier.current(), search.open.make_contiguous()));
    let (least, evaluated, boxes) = least::least(&problem, watch);
    Some(Found {
        frontier: search.frontier.finish(),
        least,
        evaluated: search.evaluated + evaluated,
        boxes: search.boxes + boxes,
        gap,
    })
}

struct Search<const N: usize> {
    open: VecDeque<Open<N>>,
    frontier: Frontier<N>,
    evaluated: u64,
    boxes: u64,
}

impl<const N: usize> Search<N> {
    /// Takes on boxes until none is open, or until the watch stops it; whether none is.
    fn run(&mut self, problem: &Problem<'_, N>, watch: &Watch<'_>) -> bool {
        let mut incumbent = Incumbent::new(self.frontier.current());
        while !self.open.is_empty() {
            // Without bounds on every open box nothing could be said of what was missed.
            let is_bounded = |open: &Open<N>| matches!(open.bound, Bound::AtLeast(_));
            if (watch.stop)() && self.open.iter().all(is_bounded) {
                return false;
            }
            let batch: Vec<Open<N>> = if self.open.len() > MOST_OPEN {
                self.open.split_off(self.open.len() - BATCH).into()
            } else {
                self.open.drain(..BATCH.min(self.open.len())).collect()
            };
            let mut settled = 0;
            let mut found = false;
            for step in steps(problem, &incumbent, &batch) {
                found |= !step.points.is_empty();
                self.frontier.extend(step.points);
                self.open.extend(step.open);
                self.evaluated += step.evaluated;
                self.boxes += step.bounded;
                settled += step.settled;
            }
            if found {
                incumbent = Incumbent::new(self.frontier.current());
            }
            // Within the space, whose size fits.
            (watch.advance)(settled as u64);
        }
        true
    }
}

/// Takes on a batch of boxes; in their order.
fn steps<const N: usize>(
    problem: &Problem<'_, N>,
    incumbent: &Incumbent<N>,
    batch: &[Open<N>],
) -> Vec<Step<N>> {
    let step = |open: &Open<N>| Step::of(problem, incumbent, open);
    #[cfg(feature = "parallel")]
    {
        use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
        batch.par_iter().map(step).collect()
    }
    #[cfg(not(feature = "parallel"))]
    batch.iter().map(step).collect()
}

#[cfg(test)]
mod tests;
