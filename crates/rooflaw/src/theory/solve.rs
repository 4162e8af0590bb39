//! The optimum of the continuous problem: a primal-dual interior-point method (Boyd & Vandenberghe 2004, §11.7).
//!
//! The problem has five variables and is convex in their logarithms, so that a page of Newton steps does; the general
//! solvers there are (Clarabel, by way of exponential cones) bring their own tolerances, which the multipliers then
//! have. `tests/theory` compares with dense grids, and with an optimiser of other people.

use super::posynomial::{Expansion, Matrix, Vector, logs, shape_of};
use super::{BoundMultipliers, Infeasible, LimitState, Optimum, Problem, Residuals, ShapeVariable};

/// `lower` and `upper` logarithms of a variable that may move.
#[derive(Clone, Copy)]
struct Range {
    variable: usize,
    lower: f64,
    upper: f64,
}

/// Variables whose bounds are nearer than this, relatively, are held.
const HELD: f64 = 1e-12;
const MAX_STEPS: usize = 200;
/// What is aimed for, nats: far below what matters, above what rounding allows.
const TOLERANCE: f64 = 1e-12;
/// The first barrier, per nat: weak enough to be central, strong enough to be near.
const FIRST_BARRIER: f64 = 100.0;
/// Decrease, nats, at which a point is central.
const CENTRED: f64 = 1e-9;

impl Problem {
    /// The shape of least loss within budgets and bounds.
    ///
    /// # Errors
    /// [`Infeasible`].
    pub fn solve(&self) -> Result<Optimum, Infeasible> {
        let solver = Solver::new(self);
        let start = solver.start()?;
        let (logs, multipliers) = solver.descend(start);
        Ok(solver.optimum(&logs, &multipliers))
    }
}

struct Solver<'a> {
    problem: &'a Problem,
    ranges: Vec<Range>,
}

impl<'a> Solver<'a> {
    fn new(problem: &'a Problem) -> Solver<'a> {
        let (min, max) = (logs(&problem.bounds.min), logs(&problem.bounds.max));
        let range = |variable: usize| Range {
            variable,
            lower: min[variable],
            upper: max[variable],
        };
        let ranges = (0..ShapeVariable::COUNT).map(range);
        Solver {
            problem,
            ranges: ranges.filter(|range| range.upper - range.lower > HELD).collect(),
        }
    }

    /// A point strictly inside. Each variable has an end where every budget is taken least of, and with them all comes
    /// the shape that takes least; inside of it is feasible if anything is.
    fn start(&self) -> Result<Vector, Infeasible> {
        let problem = self.problem;
        let mut cheapest = logs(&problem.bounds.min);
        let mut centre = cheapest;
        for range in &self.ranges {
            let variable = ShapeVariable::ALL[range.variable];
            let mut directions = problem.limits.iter().map(|limit| limit.usage.direction(variable));
            if directions.any(|direction| direction == Some(-1)) {
                cheapest[range.variable] = range.upper;
            }
            centre[range.variable] = 0.5 * (range.lower + range.upper);
        }
        let mut share = 1.0;
        // Halving beyond the precision of the numbers moves nothing any more.
        for _ in 0..f64::MANTISSA_DIGITS {
            let point = cheapest + (centre - cheapest) * share;
            if self.values(&point).iter().all(|value| *value < 0.0) {
                return Ok(point);
            }
            share *= 0.5;
        }
        let least = problem
            .limits
            .iter()
            .map(|limit| (limit, limit.usage.at(&cheapest)));
        let out_of_reach = least.filter(|(limit, least)| *least >= limit.budget * (1.0 - HELD));
        Err(Infeasible {
            budgets: out_of_reach
                .map(|(limit, least)| (limit.quantity, limit.budget, least))
                .collect(),
        })
    }

    /// The constraints `≤ 0`: logarithms of usage over budget, then both bounds of each range.
    fn values(&self, point: &Vector) -> Vec<f64> {
        let limits = self.problem.limits.iter();
        let used = limits.map(|limit| (limit.usage.at(point) / limit.budget).ln());
        let bounds = self.ranges.iter().flat_map(|range| {
            let at = point[range.variable];
            [range.lower - at, at - range.upper]
        });
        used.chain(bounds).collect()
    }

    /// The budgets' constraints with derivatives.
    fn expansions(&self, point: &Vector) -> Vec<Expansion> {
        let limits = self.problem.limits.iter();
        limits.map(|limit| limit.usage.expand_log(point)).collect()
    }

    /// The gradient of a constraint by its position in [`Solver::values`].
    fn gradient(&self, expansions: &[Expansion], index: usize) -> Vector {
        match index.checked_sub(expansions.len()) {
            None => expansions[index].gradient,
            Some(bound) => {
                let mut gradient = Vector::zeros();
                let sign = if bound % 2 == 0 { -1.0 } else { 1.0 };
                gradient[self.ranges[bound / 2].variable] = sign;
                gradient
            }
        }
    }

    /// The Lagrangian's gradient in the variables that may move.
    fn stationarity(&self, point: &Vector, multipliers: &[f64]) -> Vector {
        let expansions = self.expansions(point);
        let mut gradient = self.problem.objective.expand(point).gradient;
        for (index, multiplier) in multipliers.iter().enumerate() {
            gradient += self.gradient(&expansions, index) * *multiplier;
        }
        self.moving(&gradient)
    }

    /// A vector without its components in held variables.
    fn moving(&self, vector: &Vector) -> Vector {
        let mut moving = Vector::zeros();
        for range in &self.ranges {
            moving[range.variable] = vector[range.variable];
        }
        moving
    }

    /// Norm of all residuals at a barrier of `1/t`.
    fn norm(&self, point: &Vector, multipliers: &[f64], values: &[f64], t: f64) -> f64 {
        let dual = self.stationarity(point, multipliers).norm_squared();
        let centrality = multipliers
            .iter()
            .zip(values)
            .map(|(m, value)| (-m * value - 1.0 / t).powi(2));
        (dual + centrality.sum::<f64>()).sqrt()
    }

    /// The multipliers that belong to a barrier of `1/t`.
    fn central(values: &[f64], t: f64) -> Vec<f64> {
        values.iter().map(|value| 1.0 / (t * -value)).collect()
    }

    /// The point where loss and barrier together are least: Newton's method, which converges from any point inside.
    fn centre(&self, mut point: Vector, t: f64) -> Vector {
        let height = |point: &Vector, values: &[f64]| {
            let barrier: f64 = values.iter().map(|value| -(-value).ln()).sum();
            self.problem.objective.at(point) + barrier / t
        };
        for _ in 0..MAX_STEPS {
            let values = self.values(&point);
            let (step, decrease) = self.newton_step(&point, &Solver::central(&values, t), &values, t);
            if decrease < CENTRED {
                break;
            }
            let before = height(&point, &values);
            let mut shortened = (0..60).map(|halvings| point + step * 0.5_f64.powi(halvings));
            let lower = |next: &Vector| {
                let values = self.values(next);
                values.iter().all(|value| *value < 0.0) && height(next, &values) < before
            };
            match shortened.find(lower) {
                Some(next) => point = next,
                None => break,
            }
        }
        point
    }

    /// Newton steps on the perturbed conditions from a point inside, to the optimum.
    fn descend(&self, start: Vector) -> (Vector, Vec<f64>) {
        let mut point = self.centre(start, FIRST_BARRIER);
        let mut values = self.values(&point);
        let mut multipliers = Solver::central(&values, FIRST_BARRIER);
        for _ in 0..MAX_STEPS {
            let gap: f64 = multipliers.iter().zip(&values).map(|(m, value)| -m * value).sum();
            let stationarity = self.stationarity(&point, &multipliers).amax();
            if values.is_empty() || (gap <= TOLERANCE && stationarity <= TOLERANCE) {
                break;
            }
            // Towards a tenth of the mean product, as long as the products themselves can be told from rounding.
            let t = 10.0 * values.len() as f64 / gap.max(0.1 * TOLERANCE);
            let (step, multiplier_steps) = self.newton(&point, &multipliers, &values, t);
            let largest = multipliers.iter().zip(&multiplier_steps);
            let largest = largest
                .filter(|(_, step)| **step < 0.0)
                .map(|(m, step)| -m / step)
                .fold(1.0, f64::min);
            let mut length = 0.99 * largest;
            let before = self.norm(&point, &multipliers, &values, t);
            let mut moved = false;
            // Backtracking: inside, and nearer by a share of what was promised.
            for _ in 0..60 {
                let next = point + step * length;
                let next_values = self.values(&next);
                if next_values.iter().all(|value| *value < 0.0) {
                    let next_multipliers: Vec<f64> = multipliers
                        .iter()
                        .zip(&multiplier_steps)
                        .map(|(m, step)| m + length * step)
                        .collect();
                    let after = self.norm(&next, &next_multipliers, &next_values, t);
                    if after <= (1.0 - 0.01 * length) * before {
                        (point, values, multipliers) = (next, next_values, next_multipliers);
                        moved = true;
                        break;
                    }
                }
                length *= 0.5;
            }
            // Rounding decides from here on.
            if !moved {
                break;
            }
        }
        (point, multipliers)
    }

    /// The step in the variables, and what it promises to lower loss and barrier by, twice.
    fn newton_step(&self, point: &Vector, multipliers: &[f64], values: &[f64], t: f64) -> (Vector, f64) {
        let expansions = self.expansions(point);
        let objective = self.problem.objective.expand(point);
        let (mut hessian, mut residual) = (objective.hessian, objective.gradient);
        for (expansion, multiplier) in expansions.iter().zip(multipliers) {
            hessian += expansion.hessian * *multiplier;
        }
        for (index, (multiplier, value)) in multipliers.iter().zip(values).enumerate() {
            let gradient = self.gradient(&expansions, index);
            hessian += gradient * gradient.transpose() * (multiplier / -value);
            residual += gradient * (1.0 / (t * -value));
        }
        let residual = self.moving(&residual);
        let step = self.moving(&self.solved(hessian, &-residual));
        (step, -residual.dot(&step))
    }

    /// The step in the variables and in the multipliers.
    fn newton(&self, point: &Vector, multipliers: &[f64], values: &[f64], t: f64) -> (Vector, Vec<f64>) {
        let expansions = self.expansions(point);
        let (step, _) = self.newton_step(point, multipliers, values, t);
        let multiplier_step = |(index, (multiplier, value)): (usize, (&f64, &f64))| {
            let along = self.gradient(&expansions, index).dot(&step);
            (1.0 / t + multiplier * along) / -value - multiplier
        };
        let steps = multipliers.iter().zip(values).enumerate().map(multiplier_step);
        (step, steps.collect())
    }

    /// `hessian⁻¹ · right`, held variables aside. Bounds on either side make the matrix positive definite; a law that is
    /// flat in a variable may leave it so by less than rounding.
    fn solved(&self, mut hessian: Matrix, right: &Vector) -> Vector {
        let is_held = |i: usize| self.ranges.iter().all(|range| range.variable != i);
        for i in (0..ShapeVariable::COUNT).filter(|i| is_held(*i)) {
            hessian.row_mut(i).fill(0.0);
            hessian.column_mut(i).fill(0.0);
            hessian[(i, i)] = 1.0;
        }
        let mut ridge = 0.0;
        loop {
            let regular = hessian + Matrix::identity() * ridge;
            if let Some(cholesky) = regular.cholesky() {
                return cholesky.solve(right);
            }
            if ridge > 1e6 {
                return Vector::zeros();
            }
            ridge = if ridge == 0.0 {
                1e-14 * hessian.amax()
            } else {
                10.0 * ridge
            };
        }
    }

    fn optimum(&self, point: &Vector, multipliers: &[f64]) -> Optimum {
        let problem = self.problem;
        let shape = shape_of(point);
        let values = self.values(point);
        let stationarity = self.stationarity(point, multipliers);
        let products = multipliers.iter().zip(&values).map(|(m, value)| -m * value);
        let complementarity = products.clone().fold(0.0, f64::max);
        // A convex function lies above its tangent: of the Lagrangian, over the box of the bounds.
        let reach = self
            .ranges
            .iter()
            .map(|range| stationarity[range.variable].abs() * (range.upper - range.lower));
        let gap = products.sum::<f64>() + reach.sum::<f64>();
        let state = |(limit, multiplier): (&super::Limit, &f64)| LimitState {
            quantity: limit.quantity,
            budget: limit.budget,
            usage: limit.usage.at(point),
            multiplier: *multiplier,
        };
        let mut bounds = [BoundMultipliers::default(); ShapeVariable::COUNT];
        let of_bounds = multipliers.get(problem.limits.len()..).unwrap_or_default();
        for (range, pair) in self.ranges.iter().zip(of_bounds.chunks(2)) {
            if let [min, max] = *pair {
                bounds[range.variable] = BoundMultipliers { min, max };
            }
        }
        Optimum {
            shape,
            loss: problem.loss(&shape),
            limits: problem.limits.iter().zip(multipliers).map(state).collect(),
            bounds,
            residuals: Residuals {
                stationarity: stationarity.amax(),
                complementarity,
                violation: values.iter().copied().fold(0.0, f64::max),
            },
            gap,
        }
    }
}
