//! What hardware and budgets are worth: derivatives of the least loss.

use super::{Optimum, Problem, Quantity};
use serde::Serialize;

/// `∂ loss / ∂ ln x`: how the least loss changes with each thing that could be had more of. A hundredth of it is the
/// change with 1 % more; none is positive.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prices {
    /// With the memory's bandwidth.
    pub bandwidth: f64,
    /// With the processor's rate.
    pub compute: f64,
    /// With each budget, in the order of [`Problem::limits`]; the one on memory is the price of capacity.
    pub budgets: Vec<(Quantity, f64)>,
}

impl Prices {
    /// The prices at the optimum of a problem: the multipliers of its budgets (the envelope theorem).
    #[must_use]
    pub fn at(problem: &Problem, optimum: &Optimum) -> Prices {
        let shape = &optimum.shape;
        let (mut bandwidth, mut compute) = (0.0, 0.0);
        for (limit, state) in problem.limits.iter().zip(&optimum.limits) {
            let usage = limit.usage.value(shape);
            bandwidth -= state.multiplier * limit.on_bandwidth.value(shape) / usage;
            compute -= state.multiplier * limit.on_compute.value(shape) / usage;
        }
        let states = optimum.limits.iter();
        Prices {
            bandwidth,
            compute,
            budgets: states.map(|state| (state.quantity, -state.multiplier)).collect(),
        }
    }
}
