//! One unknown moved away from the optimum while the others follow: the path of a profile.

use super::descent::{self, Scratch};
use super::problem::{LOG_ZERO, Problem};

/// A coefficient below e to this adds nothing to any loss.
const LOG_NEGLIGIBLE: f64 = -14.0;

/// The first step; exponents and logarithms of coefficients are of order 1.
const FIRST_STEP: f64 = 0.02;
/// Steps grow by no more than this, so that the others can follow.
const GROWTH: f64 = 4.0;
/// The longest step.
const LONGEST_STEP: f64 = 1.5;
/// A point whose statistic exceeds the critical value by this factor is too far from the last.
const TOO_FAR: f64 = 3.0;
/// The crossing is looked for until the statistic is this close to it, relatively.
const CLOSE: f64 = 1e-3;
/// Most points on a path. Steps that grow fourfold pass any limit in 20; the crossing takes 10.
const MOST_POINTS: usize = 40;
/// A point this much below the optimum, relatively, shows that it was none.
const BETTER: f64 = 1e-6;

/// What a path is followed on.
#[derive(Clone, Debug)]
pub(super) struct Terrain {
    /// Its unknown `index` is moved by its bounds.
    pub(super) problem: Problem,
    pub(super) index: usize,
    pub(super) optimum: Law,
    /// The objective there, as the descents write it.
    pub(super) least: f64,
    /// The statistic is `√(unit · (objective − least))`.
    pub(super) unit: f64,
    /// Where the statistic ends the interval.
    pub(super) critical: f64,
}

/// A point of a path.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// The unknown that is moved.
    pub(super) value: f64,
    /// `√(unit · (objective − least))`, not negative.
    pub(super) root: f64,
    x: Vec<f64>,
}

/// The numbers of a law whatever the problem's centring: logarithms of `E` and the coefficients, exponents.
#[derive(Clone, Debug)]
pub(super) struct Law {
    pub(super) logs: Vec<f64>,
    pub(super) exponents: Vec<f64>,
}

/// One side of a profile.
#[derive(Clone, Debug)]
pub(super) enum Side {
    /// The points in order of distance, and where the statistic reaches its critical value, if it does.
    Followed {
        points: Vec<Point>,
        crossing: Option<f64>,
    },
    /// The objective was lower here than at the optimum, which was none.
    Better(Vec<f64>),
}

impl Terrain {
    /// The law at a point.
    pub(super) fn law(&self, point: &Point) -> Law {
        let coefficients = self.problem.coefficients(&point.x);
        Law {
            logs: coefficients.into_iter().map(f64::ln).collect(),
            exponents: point.x[1 + self.problem.terms.len()..].to_vec(),
        }
    }

    /// The unknown at a law.
    pub(super) fn value_at(&self, law: &Law) -> f64 {
        self.problem.unbounded(&law.logs, &law.exponents)[self.index].max(LOG_ZERO)
    }

    /// Follows the path from `from`, a law within the interval, upwards (`sign` 1) or downwards (−1) until
    /// the statistic crosses or the unknown reaches `limit`.
    pub(super) fn follow(&mut self, from: &Law, sign: f64, limit: f64, scratch: &mut Scratch) -> Side {
        let x = self.problem.unbounded(&from.logs, &from.exponents);
        let start = self.value_at(from);
        // A coefficient that has all but vanished: from there it has far to go before anything changes.
        let first = if sign > 0.0 && start < LOG_NEGLIGIBLE && self.is_logarithm() {
            LOG_NEGLIGIBLE
        } else {
            start
        };
        let mut points = vec![Point {
            value: first,
            root: 0.0,
            x,
        }];
        let mut step = FIRST_STEP;
        for _ in 0..MOST_POINTS {
            let here = &points[points.len() - 1];
            if (limit - here.value) * sign <= 0.0 {
                break;
            }
            let value = if sign > 0.0 {
                (here.value + step).min(limit)
            } else {
                (here.value - step).max(limit)
            };
            let next = self.at(value, &points, scratch);
            if next.root.is_nan() {
                break;
            }
            if next.root < 0.0 {
                return Side::Better(next.x);
            }
            let (gained, root) = (next.root - here.root, next.root);
            if root > TOO_FAR * self.critical && step > 1e-2 * FIRST_STEP {
                step *= 0.2;
                continue;
            }
            points.push(next);
            if root >= self.critical {
                return self.close_in(points, scratch);
            }
            // Aims a little beyond the crossing, as a straight line from here has it.
            let wanted = if gained > 0.0 {
                1.1 * step * (self.critical - root) / gained
            } else {
                f64::INFINITY
            };
            step = wanted.clamp(0.25 * step, GROWTH * step).min(LONGEST_STEP);
        }
        points.remove(0);
        Side::Followed {
            points,
            crossing: None,
        }
    }

    /// The crossing between the last two points, by the Illinois variant of regula falsi (Dowell & Jarratt
    /// 1971): the statistic is nearly a straight line.
    fn close_in(&mut self, mut points: Vec<Point>, scratch: &mut Scratch) -> Side {
        let excess = |point: &Point| point.root - self.critical;
        let (mut inner, mut outer) = (points[points.len() - 2].clone(), points[points.len() - 1].clone());
        let (mut below, mut above) = (excess(&inner), excess(&outer));
        let mut crossing = outer.value;
        let mut last_side = 0.0;
        for _ in 0..20 {
            crossing = (inner.value * above - outer.value * below) / (above - below);
            let found = self.at(crossing, &[outer.clone(), inner.clone()], scratch);
            if found.root < 0.0 {
                return Side::Better(found.x);
            }
            let excess = found.root - self.critical;
            points.push(found.clone());
            if excess.abs() <= CLOSE * self.critical || excess.is_nan() {
                break;
            }
            if excess > 0.0 {
                (outer, above) = (found, excess);
                if last_side > 0.0 {
                    below *= 0.5;
                }
            } else {
                (inner, below) = (found, excess);
                if last_side < 0.0 {
                    above *= 0.5;
                }
            }
            last_side = excess.signum();
        }
        points.remove(0);
        points.sort_by(|a, b| a.root.total_cmp(&b.root));
        Side::Followed {
            points,
            crossing: Some(crossing),
        }
    }

    /// The statistic when the coefficient is 0.
    pub(super) fn at_zero(&mut self, scratch: &mut Scratch) -> f64 {
        let start = Point {
            value: self.value_at(&self.optimum),
            root: 0.0,
            x: self
                .problem
                .unbounded(&self.optimum.logs, &self.optimum.exponents),
        };
        self.at(LOG_ZERO, &[start], scratch).root
    }

    /// Whether the unknown is the logarithm of a coefficient.
    pub(super) const fn is_logarithm(&self) -> bool {
        self.index <= self.problem.terms.len()
    }

    /// The best law with the unknown at `value`; `root` is −1 when it is better than the optimum.
    fn at(&mut self, value: f64, known: &[Point], scratch: &mut Scratch) -> Point {
        let (index, problem) = (self.index, &mut self.problem);
        (problem.lower[index], problem.upper[index]) = (value, value);
        let clamped = |mut x: Vec<f64>| {
            for (p, x) in x.iter_mut().enumerate() {
                *x = x.clamp(problem.lower[p], problem.upper[p]);
            }
            x
        };
        let last = &known[known.len() - 1];
        let mut starts = vec![clamped(last.x.clone())];
        if let [.., before, last] = known
            && before.value != last.value
        {
            let along = (value - last.value) / (last.value - before.value);
            let line = before.x.iter().zip(&last.x);
            starts.push(clamped(line.map(|(b, l)| l + along * (l - b)).collect()));
        }
        let start = descent::best_of(problem, starts, scratch);
        let mut found = descent::minimise(problem, f64::INFINITY, start, descent::TIGHT, scratch);
        // What vanished on the way here may be wanted now, and does not come back by itself.
        if let Some(start) = problem.revived(&found.x) {
            scratch.forget();
            let again = descent::minimise(problem, f64::INFINITY, start, descent::TIGHT, scratch);
            if again.value < found.value {
                found = again;
            }
        }
        let gap = found.value - self.least;
        Point {
            value,
            root: if gap < -BETTER * self.least {
                -1.0
            } else {
                (self.unit * gap.max(0.0)).sqrt()
            },
            x: found.x,
        }
    }
}
