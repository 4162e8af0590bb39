//! The feasible region of designs: slices through an architecture, two variables at a time.
//!
//! Each cell is an architecture that the full model evaluates; nothing is interpolated. [`boundary`] is where the
//! continuous problem has the region end.

use super::integers::{Lattice, Numbers};
use super::{Problem, Quantity, Shape, ShapeVariable};
use crate::architecture::{Architecture, KvProjection};
use crate::roofline::{Evaluation, Evaluator};
use crate::search::Budgets;
use serde::Serialize;

/// A slice: two variables vary, the others are an architecture's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Region {
    /// The variable of the columns.
    pub x: ShapeVariable,
    /// The variable of the rows.
    pub y: ShapeVariable,
    /// Values of the columns, rising.
    pub x_values: Vec<f64>,
    /// Values of the rows, rising.
    pub y_values: Vec<f64>,
    /// The cells, row by row.
    pub cells: Vec<Cell>,
}

/// One architecture of a slice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The architecture; `None` where heads do not divide. Its FFN is a whole number of steps wide, and its `gqa` a
    /// divisor of its heads: either may be off the column's or row's value.
    pub architecture: Option<Architecture>,
    /// What is predicted of it.
    pub evaluation: Option<Evaluation>,
    /// The budgets that it breaks.
    pub broken: Vec<Quantity>,
}

impl Cell {
    /// Whether there is an architecture and it meets every budget.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        self.evaluation.is_some() && self.broken.is_empty()
    }
}

/// Columns of a slice in the FFN ratio.
const N_RATIOS: u32 = 32;

/// The slices in (l, d), (r, ρ) and (d, gqa) through an architecture of a lattice.
#[must_use]
pub fn slices(evaluator: &Evaluator, budgets: &Budgets, lattice: &Lattice, at: &Architecture) -> Vec<Region> {
    let Some((numbers, shape)) = numbers_of(at) else {
        return Vec::new();
    };
    let (min, max) = (&lattice.bounds.min, &lattice.bounds.max);
    let evaluate = |numbers: Option<Numbers>| {
        let architecture = numbers.map(|numbers| lattice.build(&numbers));
        let evaluation = architecture.map(|architecture| evaluator.evaluate(&architecture));
        Cell {
            broken: evaluation.map_or_else(Vec::new, |evaluation| broken(budgets, &evaluation)),
            architecture,
            evaluation,
        }
    };
    let region = |x, y, x_values: Vec<f64>, y_values: Vec<f64>, of: &dyn Fn(f64, f64) -> Option<Numbers>| {
        let cells = y_values
            .iter()
            .flat_map(|&y| x_values.iter().map(move |&x| (x, y)));
        Region {
            x,
            y,
            cells: cells.map(|(x, y)| evaluate(of(x, y))).collect(),
            x_values,
            y_values,
        }
    };
    let layers: Vec<f64> = (min.n_layers as u32..=max.n_layers as u32)
        .map(f64::from)
        .collect();
    let step = lattice.hidden_step.max(numbers.head_dim);
    let widths = (1..=(max.hidden_size / f64::from(step)) as u32).map(|n| n * step);
    let widths = widths.filter(|d| f64::from(*d) >= min.hidden_size && d.is_multiple_of(numbers.head_dim));
    let widths: Vec<f64> = widths.map(f64::from).collect();
    let width_of = |r: f64, hidden_size: f64, used: u32| {
        let steps = r * hidden_size / f64::from(used * lattice.width_step);
        (steps.round() as u32).max(1) * lattice.width_step
    };
    let of_width = |n_layers: f64, hidden_size: f64| Numbers {
        n_layers: n_layers as u32,
        hidden_size: hidden_size as u32,
        expert_size: width_of(shape.ffn_ratio, hidden_size, numbers.experts.1),
        ..numbers
    };
    let shallow = region(
        ShapeVariable::HiddenSize,
        ShapeVariable::NLayers,
        widths.clone(),
        layers,
        &|d, l| with_gqa(of_width(l, d), shape.gqa),
    );
    let ratio = (max.ffn_ratio / min.ffn_ratio).powf(1.0 / f64::from(N_RATIOS - 1));
    let ratios = (0..N_RATIOS).map(|n| min.ffn_ratio * ratio.powf(f64::from(n)));
    let experts = distinct_rates(&lattice.experts);
    let rate = |(n_experts, used): (u32, u32)| f64::from(used) / f64::from(n_experts);
    let sparse = region(
        ShapeVariable::FfnRatio,
        ShapeVariable::ActivationRate,
        ratios.collect(),
        experts.iter().map(|experts| rate(*experts)).collect(),
        &|r, rho| {
            let experts = *experts.iter().find(|experts| rate(**experts) == rho)?;
            Some(Numbers {
                experts,
                expert_size: width_of(r, shape.hidden_size, experts.1),
                ..numbers
            })
        },
    );
    // Heads of a prime number divide in two ways only: columns of numbers that divide in more, and the architecture's.
    let rich = |d: &f64| (*d as u32).is_multiple_of(4 * numbers.head_dim) || *d == shape.hidden_size;
    let powers = (0..12).map(|power| f64::from(1_u32 << power));
    let grouped = region(
        ShapeVariable::HiddenSize,
        ShapeVariable::Gqa,
        widths.into_iter().filter(rich).collect(),
        powers.filter(|gqa| *gqa >= min.gqa && *gqa <= max.gqa).collect(),
        &|d, gqa| {
            let numbers = with_gqa(of_width(shape.n_layers, d), gqa)?;
            let has = f64::from(numbers.hidden_size / numbers.head_dim / numbers.n_kv_heads);
            // A row stands for what is nearer to it than to the next.
            ((has / gqa).ln().abs() <= 0.5 * std::f64::consts::LN_2 + 1e-9).then_some(numbers)
        },
    );
    vec![shallow, sparse, grouped]
}

/// The same with as many KV heads as come nearest to a number of query heads for each.
fn with_gqa(numbers: Numbers, gqa: f64) -> Option<Numbers> {
    let n_heads = numbers.hidden_size / numbers.head_dim;
    let divisors = (1..=n_heads).filter(|n| n_heads.is_multiple_of(*n));
    let distance = |n: &u32| (f64::from(n_heads) / f64::from(*n) / gqa).ln().abs();
    let n_kv_heads = divisors.min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    Some(Numbers {
        n_kv_heads,
        ..numbers
    })
}

/// One way of having each activation rate, that of the fewest experts, rising.
fn distinct_rates(experts: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut distinct: Vec<(u32, u32)> = Vec::new();
    for &(n_experts, used) in experts {
        if distinct.iter().all(|&(n, k)| n * used != n_experts * k) {
            distinct.push((n_experts, used));
        }
    }
    distinct.sort_by(|a, b| (a.1 * b.0).cmp(&(b.1 * a.0)));
    distinct
}

fn broken(budgets: &Budgets, evaluation: &Evaluation) -> Vec<Quantity> {
    let values = Budgets::quantities(evaluation);
    Quantity::ALL
        .into_iter()
        .zip(budgets.entries())
        .filter(|(quantity, (_, budget))| budget.is_some_and(|budget| values[*quantity as usize] > budget))
        .map(|(quantity, _)| quantity)
        .collect()
}

/// The numbers of an architecture of a lattice, and its shape.
fn numbers_of(architecture: &Architecture) -> Option<(Numbers, Shape)> {
    let KvProjection::Grouped { n_kv_heads, head_dim } = architecture.attention.kv else {
        return None;
    };
    let ffn = &architecture.ffn;
    let numbers = Numbers {
        n_layers: architecture.n_layers,
        hidden_size: architecture.hidden_size,
        head_dim,
        n_kv_heads,
        experts: ffn
            .moe
            .map_or((1, 1), |moe| (moe.n_experts, moe.experts_per_token)),
        expert_size: ffn.moe.map_or(ffn.intermediate_size, |moe| moe.expert_size),
    };
    Some((numbers, Shape::of(architecture)?))
}

/// Where the continuous problem has a slice end, all else as `at`: for each column the row at which the first budget is
/// used up, or, where rows change nothing, for each row the column. Points beyond the slice are left out.
#[must_use]
pub fn boundary(problem: &Problem, at: &Shape, region: &Region) -> Vec<(f64, f64)> {
    let crossings = |held: ShapeVariable, values: &[f64], sought: ShapeVariable, range: &[f64]| {
        let ends = range.first().copied().zip(range.last().copied());
        let crossing = |&value: &f64| Some((value, crossing(problem, &at.with(held, value), sought, ends?)?));
        values.iter().filter_map(crossing).collect::<Vec<_>>()
    };
    let (x_values, y_values) = (&region.x_values, &region.y_values);
    let by_column = crossings(region.x, x_values, region.y, y_values);
    if by_column.len() > 1 {
        return by_column;
    }
    let by_row = crossings(region.y, y_values, region.x, x_values);
    by_row.into_iter().map(|(y, x)| (x, y)).collect()
}

/// The value of a variable between two at which the first budget is used up.
fn crossing(
    problem: &Problem,
    at: &Shape,
    variable: ShapeVariable,
    (least, most): (f64, f64),
) -> Option<f64> {
    let share = |log: f64| {
        let shape = at.with(variable, log.exp());
        let shares = problem.limits.iter().map(|limit| limit.share(&shape));
        shares.fold(0.0, f64::max)
    };
    let (mut low, mut high) = (least.ln(), most.ln());
    let rises = share(high) > share(low);
    let is_before = |log: f64| (share(log) <= 1.0) == rises;
    if !is_before(low) || is_before(high) {
        return None;
    }
    while high - low > 1e-9 {
        let middle = 0.5 * (low + high);
        if is_before(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(low.exp())
}
