//! The problem: the least loss within budgets and bounds.

use super::objective::{UnsupportedLaw, objective};
use super::posynomial::{Posynomial, logs};
use super::{CostModel, Shape, ShapeVariable};
use crate::law::LossLaw;
use crate::search::Budgets;
use serde::Serialize;

/// What a budget limits, in the order of [`Budgets::entries`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Time to first token.
    Ttft,
    /// Time per output token, the mean over the generated ones.
    Tpot,
    /// Prefill and generation.
    Total,
    /// Weights in memory.
    Memory,
    /// All parameters.
    TotalParameters,
    /// Parameters that one token uses.
    ActiveParameters,
}

impl Quantity {
    /// Every quantity, in the order of [`Budgets::entries`].
    pub const ALL: [Quantity; 6] = [
        Quantity::Ttft,
        Quantity::Tpot,
        Quantity::Total,
        Quantity::Memory,
        Quantity::TotalParameters,
        Quantity::ActiveParameters,
    ];

    /// The name shown in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        let entries = Budgets::default().entries();
        entries[self as usize].0
    }

    /// Whether it is a latency.
    #[must_use]
    pub const fn is_latency(self) -> bool {
        matches!(self, Quantity::Ttft | Quantity::Tpot | Quantity::Total)
    }
}

/// A budget with what a shape takes of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// What is limited.
    pub quantity: Quantity,
    /// Seconds, bytes or parameters.
    pub budget: f64,
    /// What a shape takes, in the same unit.
    pub usage: Posynomial,
    /// The part of it that a faster processor shortens.
    #[serde(skip)]
    pub on_compute: Posynomial,
    /// The part of it that a faster memory shortens.
    #[serde(skip)]
    pub on_bandwidth: Posynomial,
}

impl Limit {
    /// Usage over budget.
    #[must_use]
    pub fn share(&self, shape: &Shape) -> f64 {
        self.usage.value(shape) / self.budget
    }
}

/// The smallest and the largest value of each variable; a variable whose two are the same is held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// Smallest values.
    pub min: Shape,
    /// Largest values.
    pub max: Shape,
}

impl Bounds {
    /// The same with a variable held at a value.
    #[must_use]
    pub fn holding(&self, variable: ShapeVariable, value: f64) -> Bounds {
        Bounds {
            min: self.min.with(variable, value),
            max: self.max.with(variable, value),
        }
    }

    /// The nearest shape within.
    #[must_use]
    pub fn clip(&self, shape: &Shape) -> Shape {
        let (min, max) = (self.min.values(), self.max.values());
        let values = shape.values();
        Shape::from_values(std::array::from_fn(|i| values[i].clamp(min[i], max[i])))
    }

    /// Whether a shape is within, up to rounding.
    #[must_use]
    pub fn contain(&self, shape: &Shape) -> bool {
        let (min, max) = (self.min.values(), self.max.values());
        let mut values = shape.values().into_iter().enumerate();
        values.all(|(i, value)| value >= min[i] * (1.0 - ROUNDING) && value <= max[i] * (1.0 + ROUNDING))
    }
}

/// What a sum of a few powers is off by, relatively, at most.
const ROUNDING: f64 = 1e-9;

/// The least loss within budgets and bounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// `L∞`, and terms that do not depend on the shape.
    pub irreducible_loss: f64,
    /// The rest of the loss.
    pub objective: Posynomial,
    /// The budgets.
    pub limits: Vec<Limit>,
    /// The bounds, all positive and finite.
    pub bounds: Bounds,
}

impl Problem {
    /// The problem of a law, costs, budgets and bounds. What the law does not see is held where it costs least: an FFN
    /// that is narrow and dense, few KV heads.
    ///
    /// # Errors
    /// [`UnsupportedLaw`].
    pub fn new(
        law: &LossLaw,
        costs: &CostModel,
        budgets: &Budgets,
        bounds: Bounds,
    ) -> Result<Problem, UnsupportedLaw> {
        let (irreducible_loss, objective) = objective(law)?;
        let entries = Quantity::ALL.into_iter().zip(budgets.entries());
        let mut bounds = bounds;
        let is_unseen = |variable: &ShapeVariable| objective.direction(*variable) == Some(0);
        for variable in ShapeVariable::ALL.into_iter().filter(is_unseen) {
            let end = match variable {
                ShapeVariable::ActivationRate | ShapeVariable::Gqa => &bounds.max,
                _ => &bounds.min,
            };
            bounds = bounds.holding(variable, end.get(variable));
        }
        Ok(Problem {
            irreducible_loss,
            objective,
            limits: entries
                .filter_map(|(quantity, (_, budget))| Some(limit(costs, quantity, budget?)))
                .filter(|limit| !limit.usage.terms.is_empty())
                .collect(),
            bounds,
        })
    }

    /// The loss of a shape.
    #[must_use]
    pub fn loss(&self, shape: &Shape) -> f64 {
        self.irreducible_loss + self.objective.value(shape)
    }

    /// Whether a shape is within every budget, up to rounding.
    #[must_use]
    pub fn admits(&self, shape: &Shape) -> bool {
        let logs = logs(shape);
        let within = |limit: &Limit| limit.usage.at(&logs) <= limit.budget * (1.0 + ROUNDING);
        self.limits.iter().all(within)
    }

    /// The limit of a quantity.
    #[must_use]
    pub fn limit(&self, quantity: Quantity) -> Option<&Limit> {
        self.limits.iter().find(|limit| limit.quantity == quantity)
    }

    /// The same with the budgets that `which` names times a factor.
    #[must_use]
    pub fn with_budgets(&self, factor: f64, which: impl Fn(Quantity) -> bool) -> Problem {
        let mut problem = self.clone();
        for limit in problem.limits.iter_mut().filter(|limit| which(limit.quantity)) {
            limit.budget *= factor;
        }
        problem
    }

    /// The same with a variable held at a value.
    #[must_use]
    pub fn holding(&self, variable: ShapeVariable, value: f64) -> Problem {
        Problem {
            bounds: self.bounds.holding(variable, value),
            ..self.clone()
        }
    }
}

fn limit(costs: &CostModel, quantity: Quantity, budget: f64) -> Limit {
    let prefill_s = || costs.prefill_flops.scaled(1.0 / costs.flop_per_s);
    let decode_s = || costs.decode_bytes.scaled(1.0 / costs.bytes_per_s);
    let none = Posynomial::default;
    let (on_compute, on_bandwidth, on_neither) = match quantity {
        Quantity::Ttft => (prefill_s(), none(), none()),
        Quantity::Tpot => (none(), decode_s(), none()),
        Quantity::Total if costs.generated_tokens > 0.0 => {
            (prefill_s(), decode_s().scaled(costs.generated_tokens), none())
        }
        Quantity::Total => (prefill_s(), none(), none()),
        Quantity::Memory => (none(), none(), costs.memory_bytes.clone()),
        Quantity::TotalParameters => (none(), none(), costs.total_parameters.clone()),
        Quantity::ActiveParameters => (none(), none(), costs.active_parameters.clone()),
    };
    Limit {
        quantity,
        budget,
        usage: on_compute.plus(&on_bandwidth).plus(&on_neither),
        on_compute,
        on_bandwidth,
    }
}
