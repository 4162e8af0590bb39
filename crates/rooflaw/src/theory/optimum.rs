//! What a solution of the problem says.

use super::{Quantity, Shape, ShapeVariable};
use serde::Serialize;

/// The optimum, and how sure it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Optimum {
    /// Where it is.
    pub shape: Shape,
    /// The loss there.
    pub loss: f64,
    /// The budgets there, in the order of [`super::Problem::limits`].
    pub limits: Vec<LimitState>,
    /// What the bounds cost, in the order of [`ShapeVariable::ALL`].
    pub bounds: [BoundMultipliers; ShapeVariable::COUNT],
    /// How well the conditions of optimality hold.
    pub residuals: Residuals,
    /// No shape within budgets and bounds has a loss that is lower by more than this: the gap to a lower bound that
    /// follows from convexity, whatever the residuals.
    pub gap: f64,
}

/// A budget at the optimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LimitState {
    /// What is limited.
    pub quantity: Quantity,
    /// The budget.
    pub budget: f64,
    /// What the optimum takes.
    pub usage: f64,
    /// `−∂ loss / ∂ ln budget`: a budget of 1 % more lowers the loss by a hundredth of this.
    pub multiplier: f64,
}

impl LimitState {
    /// Whether the budget holds the loss up: what the multiplier of one that does not is, is the solver's tolerance.
    #[must_use]
    pub fn binds(&self) -> bool {
        self.multiplier > BINDS
    }

    /// The share of the budget that is left.
    #[must_use]
    pub fn slack(&self) -> f64 {
        1.0 - self.usage / self.budget
    }
}

/// What the bounds of a variable cost, `−∂ loss / ∂ ln bound` at the upper one and `∂ loss / ∂ ln bound` at the lower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct BoundMultipliers {
    /// Of the smallest value.
    pub min: f64,
    /// Of the largest value.
    pub max: f64,
}

/// Multipliers above this, nats per e-fold, are not the solver's own.
const BINDS: f64 = 1e-7;

/// How well the Karush-Kuhn-Tucker conditions hold, in nats per e-fold of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Residuals {
    /// Largest component of the Lagrangian's gradient in the logarithms.
    pub stationarity: f64,
    /// Largest product of a multiplier and its constraint's logarithmic slack.
    pub complementarity: f64,
    /// Largest logarithmic excess over a budget or bound; 0 inside.
    pub violation: f64,
}

impl Residuals {
    /// The largest of them.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.stationarity.max(self.complementarity).max(self.violation)
    }
}

/// No shape within the bounds meets the budgets.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", .budgets.iter().map(|(quantity, budget, least)|
    format!("{} at most {budget:.4e}, where the least within the bounds is {least:.4e}", quantity.name()))
    .collect::<Vec<_>>().join("; "))]
pub struct Infeasible {
    /// The budgets out of reach: what is limited, the budget, the least possible.
    pub budgets: Vec<(Quantity, f64, f64)>,
}
