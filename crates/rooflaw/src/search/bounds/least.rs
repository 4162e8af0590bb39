//! The least of each quantity that can be budgeted, over the whole space.

use super::Watch;
use super::branch::LEAF;
use super::problem::Problem;
use crate::search::Budgets;
use crate::space::{AxisSet, Region};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A box with the least that a quantity may be in it.
struct Open {
    least: f64,
    /// When it was opened: of equals the last one goes first.
    number: u64,
    region: Region,
    /// The axes to split first.
    axes: AxisSet,
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap's greatest is the box of the least bound.
        let by_bound = other.least.total_cmp(&self.least);
        by_bound.then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

/// The least of each quantity over the space, whatever the budgets; `None` for those at which the watch stopped, and
/// where there is no architecture. With how many architectures were evaluated and boxes bounded.
pub(super) fn least<const N: usize>(
    problem: &Problem<'_, N>,
    watch: &Watch<'_>,
) -> ([Option<f64>; 6], u64, u64) {
    let (mut evaluated, mut boxes) = (0, 0);
    let least = std::array::from_fn(|quantity| {
        let mut search = Search {
            problem,
            quantity,
            least: f64::INFINITY,
            open: BinaryHeap::new(),
            evaluated: 0,
            boxes: 0,
        };
        let is_done = search.run(watch);
        evaluated += search.evaluated;
        boxes += search.boxes;
        Some(search.least).filter(|value| is_done && value.is_finite())
    });
    (least, evaluated, boxes)
}

struct Search<'a, const N: usize> {
    problem: &'a Problem<'a, N>,
    quantity: usize,
    least: f64,
    open: BinaryHeap<Open>,
    evaluated: u64,
    boxes: u64,
}

/// Boxes between two looks at the watch.
const PATIENCE: u64 = 1 << 12;

impl<const N: usize> Search<'_, N> {
    /// Whether it came to its end.
    fn run(&mut self, watch: &Watch<'_>) -> bool {
        self.consider(Region::whole(self.problem.space()));
        while let Some(open) = self.open.pop() {
            // Bounds of times and bytes lie below everything in the box by more than rounding; counts are exact.
            if open.least >= self.least {
                return true;
            }
            if open.number.is_multiple_of(PATIENCE) && (watch.stop)() {
                return false;
            }
            if open.region.size() <= LEAF {
                self.evaluate(&open.region);
                continue;
            }
            let widest = |among: AxisSet| {
                let axes = 0..self.problem.regions.n_axes();
                let split = |axis: &usize| among & (1 << axis) != 0 && open.region.extent(*axis) > 1;
                axes.filter(split).max_by_key(|&axis| open.region.extent(axis))
            };
            if let Some(axis) = widest(open.axes).or_else(|| widest(AxisSet::MAX)) {
                // The lower half last: of equal bounds it goes first.
                let [lower, upper] = open.region.halves(axis);
                self.consider(upper);
                self.consider(lower);
            }
        }
        true
    }

    fn consider(&mut self, region: Region) {
        self.boxes += 1;
        let (least, axes) = match self.problem.least_quantities(&region) {
            None => return,
            Some(Ok(quantities)) => (quantities[self.quantity], AxisSet::MAX),
            Some(Err(axes)) => (f64::NEG_INFINITY, axes),
        };
        if least < self.least {
            self.open.push(Open {
                least,
                number: self.boxes,
                region,
                axes,
            });
        }
    }

    fn evaluate(&mut self, region: &Region) {
        let (quantity, least) = (self.quantity, &mut self.least);
        self.evaluated += self.problem.visit(region, |_, evaluation| {
            let value = Budgets::quantities(evaluation)[quantity];
            if value < *least {
                *least = value;
            }
        });
    }
}
