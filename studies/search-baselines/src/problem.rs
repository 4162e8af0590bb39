//! What every method searches: two objectives over the indices of a space.

use anyhow::{Context as _, Result};
use rooflaw::calibration::{Population, Question, Runtime};
use rooflaw::format::{Formats, WeightFormat};
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Workload};
use rooflaw::search::{Budgets, Method, Objective, Query, Watch};
use rooflaw::space::{self, Cursor, DesignSpace};
use rooflaw::{device, law, models};
use std::time::Instant;

/// Latency in seconds, and loss in nats/token; both are minimised.
pub type Point = [f64; 2];

/// What is known of an index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prediction {
    /// No architecture: a constraint or a tie excludes the combination. Seen without predicting anything.
    Excluded,
    /// An architecture that the device's memory does not hold.
    TooLarge,
    /// An architecture.
    Fits(Point),
}

/// The setting of `rooflaw design` without options, on a space.
pub struct Problem {
    pub space: DesignSpace,
    /// Values on each axis; the last varies fastest.
    pub extents: Vec<u32>,
    /// The latency budget: what the reference model takes, seconds.
    pub budget_s: f64,
    evaluators: [Evaluator; 1],
    memory_bytes: f64,
}

/// The frontier of the whole space, and what finding it took.
pub struct Exact {
    /// Fastest first.
    pub points: Vec<Point>,
    /// Lowest loss within the latency budget, nats/token.
    pub best_loss: f64,
    /// Architectures evaluated.
    pub n_evaluations: u64,
    /// Time of the search, seconds, on all cores.
    pub seconds: f64,
}

impl Problem {
    /// The problem on an embedded space.
    ///
    /// # Errors
    /// A space that is not embedded.
    pub fn new(name: &str) -> Result<Problem> {
        let device = device::find("jetson-agx-orin-64gb")?;
        let weights = WeightFormat::Bf16;
        let question = Question {
            runtime: Runtime::usual(device, weights),
            weights,
        };
        let achieved = Population::embedded().answer(device, &[], &[question]).pop();
        let achieved = achieved.context("no calibration")?;
        let roofline = achieved.roofline(device, &Formats::of_weights(weights), &Assumptions::default());
        let evaluator = Evaluator::new(law::find("co-design")?, roofline, Workload::default());
        let reference = &models::find("qwen2.5-0.5b")?.architecture;
        let space = space::find(name)?;
        Ok(Problem {
            extents: space.axes().iter().map(|axis| axis.n_values as u32).collect(),
            space,
            budget_s: evaluator.evaluate(reference).total_s,
            evaluators: [evaluator],
            memory_bytes: device.memory_capacity_bytes,
        })
    }

    /// Predicts the architecture at an index.
    pub fn predict(&self, index: u64) -> Prediction {
        let Some(architecture) = Cursor::new(&self.space, index).architecture() else {
            return Prediction::Excluded;
        };
        let evaluation = self.evaluators[0].evaluate(&architecture);
        if evaluation.memory.total_bytes() > self.memory_bytes {
            return Prediction::TooLarge;
        }
        Prediction::Fits([evaluation.total_s, evaluation.loss])
    }

    /// The index of positions on the axes.
    pub fn index(&self, positions: &[u32]) -> u64 {
        let axes = positions.iter().zip(&self.extents);
        axes.fold(0, |index, (position, extent)| {
            index * u64::from(*extent) + u64::from(*position)
        })
    }

    /// The positions on the axes of an index.
    pub fn positions(&self, mut index: u64) -> Vec<u32> {
        let mut positions = vec![0; self.extents.len()];
        for (position, extent) in positions.iter_mut().zip(&self.extents).rev() {
            *position = (index % u64::from(*extent)) as u32;
            index /= u64::from(*extent);
        }
        positions
    }

    /// The exact frontier, by bounds.
    ///
    /// # Errors
    /// A space in which nothing is within the budgets.
    pub fn exact(&self) -> Result<Exact> {
        let query = Query {
            space: &self.space,
            evaluators: &self.evaluators,
            objective: Objective::Total,
            budgets: Budgets {
                total_s: Some(self.budget_s),
                memory_bytes: Some(self.memory_bytes),
                ..Budgets::default()
            },
            minimize_memory: false,
        };
        let watch = Watch {
            advance: &|_| {},
            stop: &|| false,
        };
        let start = Instant::now();
        let outcome = query.search(Method::Bounds, &watch);
        let seconds = start.elapsed().as_secs_f64();
        let found = outcome.by_format.first().context("no frontier")?;
        let best = found.best.context("nothing is within the budgets")?;
        let points = found.frontier.iter();
        Ok(Exact {
            points: points
                .map(|found| [found.evaluation.total_s, found.evaluation.loss])
                .collect(),
            best_loss: best.evaluation.loss,
            n_evaluations: outcome.effort.n_evaluations,
            seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_spaces_own_order() {
        let problem = Problem::new("default").unwrap();
        let combinations: u64 = problem.extents.iter().map(|extent| u64::from(*extent)).product();
        assert_eq!(combinations, problem.space.len());
        for index in (0..problem.space.len()).step_by(9973) {
            assert_eq!(problem.index(&problem.positions(index)), index);
        }
        // The last axis is depth, the first the experts: one step on each from a dense decoder of 4 layers.
        let of = |positions: &[u32]| {
            Cursor::new(&problem.space, problem.index(positions))
                .architecture()
                .unwrap()
        };
        assert_eq!(of(&[0, 0, 0, 0, 0, 0]).n_layers, 4);
        assert_eq!(of(&[0, 0, 0, 0, 0, 1]).n_layers, 5);
        assert_eq!(of(&[0, 1, 0, 0, 0, 0]).hidden_size, 896);
        assert_eq!(of(&[1, 0, 0, 0, 0, 0]).ffn.moe.unwrap().n_experts, 4);
    }
}
