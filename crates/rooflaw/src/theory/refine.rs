//! The optimum by the full model: successive approximation by sums of powers, then whole numbers.

use super::integers::Lattice;
use super::{CostModel, Infeasible, Optimum, Problem, Quantity, Shape, UnsupportedLaw};
use crate::architecture::Architecture;
use crate::roofline::{Evaluation, Evaluator};
use crate::search::Budgets;

/// The optimum of the full model's costs as sums of powers around where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Refined {
    /// The problem with those costs.
    pub problem: Problem,
    /// Its optimum.
    pub optimum: Optimum,
    /// Full over simplified usage there.
    pub factors: Vec<(Quantity, f64)>,
    /// The best architecture near it that meets every budget by the full model, if any.
    pub best: Option<(Architecture, Evaluation)>,
}

/// Rounds of approximation at the nearest architecture, and then at the best one.
const ROUNDS: usize = 4;

impl Refined {
    /// Solves with costs that agree with the full model where the solution is ([`Problem::agreeing_at`]), and then looks
    /// for whole numbers near it.
    ///
    /// # Errors
    /// A law that the theory does not know, or budgets out of reach.
    pub fn solve(
        evaluator: &Evaluator,
        budgets: &Budgets,
        lattice: &Lattice,
    ) -> Result<Refined, RefineError> {
        let (law, costs) = (
            evaluator.law(),
            CostModel::new(evaluator.roofline(), evaluator.workload()),
        );
        let problem = Problem::new(law, &costs, budgets, lattice.bounds)?;
        let (mut refined, mut optimum) = (problem.clone(), problem.solve()?);
        for _ in 0..ROUNDS {
            let nearest = lattice.nearest(&optimum.shape);
            let Some(agreeing) = nearest.and_then(|nearest| problem.agreeing_at(evaluator, &nearest)) else {
                break;
            };
            (refined, optimum) = (agreeing.clone(), agreeing.solve()?);
        }
        let near = |shape: &Shape| {
            let admits = |architecture: &Architecture| budgets.admit(&evaluator.evaluate(architecture));
            let architecture = lattice.best_near(shape, law, admits)?;
            Some((architecture, evaluator.evaluate(&architecture)))
        };
        let mut best = near(&optimum.shape);
        for _ in 0..ROUNDS {
            let Some((architecture, evaluation)) = best else {
                break;
            };
            let Some(agreeing) = problem.agreeing_at(evaluator, &architecture) else {
                break;
            };
            // It has a shape within: that of the architecture.
            (refined, optimum) = (agreeing.clone(), agreeing.solve()?);
            match near(&optimum.shape) {
                Some(found) if found.1.loss < evaluation.loss => best = Some(found),
                _ => break,
            }
        }
        let pairs = refined.limits.iter().zip(&problem.limits);
        let factors = pairs.map(|(limit, simplified)| {
            let full = limit.usage.value(&optimum.shape);
            (limit.quantity, full / simplified.usage.value(&optimum.shape))
        });
        Ok(Refined {
            factors: factors.collect(),
            best,
            problem: refined,
            optimum,
        })
    }
}

/// Why there is no refined optimum.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RefineError {
    /// The law is no sum of powers.
    #[error(transparent)]
    Law(#[from] UnsupportedLaw),
    /// Budgets are out of reach.
    #[error(transparent)]
    Infeasible(#[from] Infeasible),
}
