//! One step of the search: a box is evaluated whole, or split where that says most.

use super::incumbent::Incumbent;
use super::problem::{Bound, Problem};
use crate::space::{MAX_AXES, Region};

/// A box that is still open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open<const N: usize> {
    pub(super) region: Region,
    pub(super) bound: Bound<N>,
    /// What splitting each axis is thought to gain; infinite where it was never tried.
    gains: Gains,
}

/// By axis.
type Gains = [f32; MAX_AXES];

/// What became of a box.
pub(super) struct Step<const N: usize> {
    /// Boxes that it was split into and that are still open.
    pub(super) open: Vec<Open<N>>,
    /// Points found that the incumbent does not dominate.
    pub(super) points: Vec<([f64; N], u64)>,
    /// Combinations that are settled: evaluated, dominated or excluded.
    pub(super) settled: u128,
    /// Architectures evaluated.
    pub(super) evaluated: u64,
    /// Boxes bounded.
    pub(super) bounded: u64,
}

/// Boxes of up to so many combinations are evaluated whole.
pub(super) const LEAF: u128 = 64;

/// Boxes with up to so many combinations of what the loss depends on are looked at combination by combination.
const CELLS: u128 = 8;

/// Axes of at most this many values are split into all of them where the structure depends on them.
const SLICED: u64 = 64;

impl<const N: usize> Step<N> {
    const fn nothing() -> Self {
        Step {
            open: Vec::new(),
            points: Vec::new(),
            settled: 0,
            evaluated: 0,
            bounded: 0,
        }
    }

    /// Takes a box on.
    pub(super) fn of(problem: &Problem<'_, N>, incumbent: &Incumbent<N>, open: &Open<N>) -> Self {
        let mut step = Step::nothing();
        if let Bound::AtLeast(lower) = &open.bound
            && incumbent.covers(lower)
        {
            step.settled = open.region.size();
            return step;
        }
        let size = open.region.size();
        if size <= LEAF {
            step.evaluate(problem, incumbent, &open.region);
            return step;
        }
        let is_bounded = matches!(open.bound, Bound::AtLeast(_));
        if is_bounded && (2..=CELLS).contains(&open.region.size_along(problem.loss_axes())) {
            step.cells(problem, incumbent, &open.region);
            return step;
        }
        match &open.bound {
            Bound::Nothing => step.settled = size,
            Bound::Mixed(axes) => step.split_structure(problem, incumbent, &open.region, *axes),
            Bound::AtLeast(lower) => step.split(problem, incumbent, open, *lower),
        }
        step
    }

    fn evaluate(&mut self, problem: &Problem<'_, N>, incumbent: &Incumbent<N>, region: &Region) {
        self.settled += region.size();
        self.evaluated += problem.visit(region, |cursor, evaluation| {
            // A point that equals one of the incumbent's stays: it may have the lower index.
            if let Some(point) = problem.point(evaluation)
                && !incumbent.dominates(&point)
            {
                self.points.push((point, cursor.index()));
            }
        });
    }

    /// Looks at every combination that the loss depends on: at each with what else there is, which only costs.
    fn cells(&mut self, problem: &Problem<'_, N>, incumbent: &Incumbent<N>, region: &Region) {
        region.cells(problem.loss_axes(), |cell| {
            match self.part(problem, incumbent, *cell) {
                Part::Settled => self.settled += cell.size(),
                Part::Open(..) if cell.size() <= LEAF => self.evaluate(problem, incumbent, cell),
                part @ Part::Open(..) => self.keep(cell, part, &UNTRIED),
            }
        });
    }

    /// What becomes of a part of a box.
    fn part(&mut self, problem: &Problem<'_, N>, incumbent: &Incumbent<N>, region: Region) -> Part<N> {
        self.bounded += 1;
        match problem.bound(&region) {
            Bound::Nothing => Part::Settled,
            Bound::AtLeast(lower) if incumbent.covers(&lower) => Part::Settled,
            bound => Part::Open(region, bound),
        }
    }

    fn keep(&mut self, region: &Region, part: Part<N>, gains: &Gains) {
        match part {
            Part::Settled => self.settled += region.size(),
            Part::Open(region, bound) => self.open.push(Open {
                region,
                bound,
                gains: *gains,
            }),
        }
    }

    /// Splits the longest of some axes, or any if all of them have one value.
    fn split_structure(
        &mut self,
        problem: &Problem<'_, N>,
        incumbent: &Incumbent<N>,
        region: &Region,
        axes: u16,
    ) {
        let longest = |axes: u16| {
            (0..problem.regions.n_axes())
                .filter(|axis| axes & (1 << axis) != 0 && region.extent(*axis) > 1)
                .max_by_key(|axis| (region.extent(*axis), usize::MAX - axis))
        };
        let Some(axis) = longest(axes).or_else(|| longest(u16::MAX)) else {
            return;
        };
        let parts: Vec<Region> = if region.extent(axis) <= SLICED {
            region.slices(axis).collect()
        } else {
            region.halves(axis).to_vec()
        };
        for region in parts {
            let part = self.part(problem, incumbent, region);
            self.keep(&region, part, &UNTRIED);
        }
    }

    /// Splits the axis whose halves have the higher bounds, after cutting off every half that is settled. Of axes tried
    /// before, those that promise most are tried again.
    fn split(
        &mut self,
        problem: &Problem<'_, N>,
        incumbent: &Incumbent<N>,
        open: &Open<N>,
        mut lower: [f64; N],
    ) {
        let (mut region, mut gains) = (open.region, open.gains);
        let scales = incumbent.scales(&lower);
        for axis in promising(&region, &gains) {
            while region.extent(axis) > 1 {
                let halves = region.halves(axis);
                match halves.map(|half| self.part(problem, incumbent, half)) {
                    [Part::Settled, Part::Settled] => {
                        self.settled += region.size();
                        return;
                    }
                    [Part::Open(left, bound), Part::Settled] | [Part::Settled, Part::Open(left, bound)] => {
                        self.settled += region.size() - left.size();
                        region = left;
                        if let Bound::AtLeast(bound) = bound {
                            lower = bound;
                        }
                    }
                    [Part::Open(_, a), Part::Open(_, b)] => {
                        let [a, b] = [a, b].map(|bound| bound.gain(&lower, &scales));
                        // What the worse half gains counts: one with the bound of the whole is as much work as before.
                        gains[axis] = (a.min(b) + SECOND * a.max(b)) as f32;
                        break;
                    }
                }
            }
        }
        if region.size() <= LEAF {
            self.evaluate(problem, incumbent, &region);
            return;
        }
        let Some(axis) = best(&region, &gains) else {
            return;
        };
        gains[axis] *= 0.5;
        for half in region.halves(axis) {
            let part = self.part(problem, incumbent, half);
            self.keep(&half, part, &gains);
        }
    }
}

/// The axis that gains most, of those with more than one value.
fn best(region: &Region, gains: &Gains) -> Option<usize> {
    let axes = (0..MAX_AXES).filter(|&axis| region.extent(axis) > 1);
    axes.max_by(|&a, &b| gains[a].total_cmp(&gains[b]).then(b.cmp(&a)))
}

/// The axes to try: those never tried, and those that gain at least [`WORTH`] of what the best one gains.
fn promising(region: &Region, gains: &Gains) -> impl Iterator<Item = usize> + use<> {
    let mut axes: [usize; MAX_AXES] = std::array::from_fn(|axis| axis);
    let worth: [f32; MAX_AXES] = std::array::from_fn(|axis| {
        if region.extent(axis) > 1 {
            gains[axis]
        } else {
            -1.0
        }
    });
    axes.sort_by(|&a, &b| worth[b].total_cmp(&worth[a]));
    let tried = worth.iter().filter(|worth| worth.is_finite());
    let least = tried.fold(0.0, |most: f32, &worth| most.max(worth)) * WORTH;
    axes.into_iter().take_while(move |&axis| worth[axis] >= least)
}

/// Axes that gain less than this share of the best one's gain are not tried again.
const WORTH: f32 = 0.1;

const UNTRIED: Gains = [f32::INFINITY; MAX_AXES];

/// How much the better half's gain counts.
const SECOND: f64 = 0.1;

/// A part of a box.
#[derive(Clone, Copy)]
enum Part<const N: usize> {
    Settled,
    Open(Region, Bound<N>),
}

impl<const N: usize> Bound<N> {
    /// By how much it is above that of the whole.
    fn gain(&self, whole: &[f64; N], scales: &[f64; N]) -> f64 {
        let Bound::AtLeast(lower) = self else {
            return 0.0;
        };
        let gains = lower.iter().zip(whole).zip(scales);
        let gain: f64 = gains.map(|((part, whole), scale)| (part - whole) * scale).sum();
        gain.clamp(0.0, MOST_GAIN)
    }
}

/// Gains are finite, and an axis that was tried is known by that.
const MOST_GAIN: f64 = 1e30;

impl<const N: usize> Open<N> {
    /// The whole space.
    pub(super) fn whole(problem: &Problem<'_, N>) -> Self {
        let region = Region::whole(problem.space());
        Open {
            bound: problem.bound(&region),
            region,
            gains: UNTRIED,
        }
    }
}
