//! Single architectures: the best at the latency of the Qwen2.5-0.5B shape, and the best for each application.

use crate::frontiers::Frontiers;
use crate::setup::{Costing, Designs, Format, Setup};
use anyhow::Result;
use rooflaw::roofline::Evaluation;
use rooflaw::search::{Application, Budgets, Candidate, Objective, Query};

/// The paper's change of WikiText-2 perplexity at the baseline's latency: 63.14 to 50.88.
pub const PUBLISHED_RATIO: f64 = 50.88 / 63.14 - 1.0;

/// The best architecture at the baseline's latency.
pub struct Match {
    /// What the roofline counts.
    pub costing: Costing,
    /// Which architectures compete.
    pub designs: Designs,
    /// The latency held equal.
    pub objective: Objective,
    /// The weights' format.
    pub format: Format,
    /// What is predicted of the baseline.
    pub baseline: Evaluation,
    /// The lowest loss at no more latency, within the device's memory.
    pub same_latency: Option<Candidate>,
    /// The same within the baseline's own memory; looked for in whole spaces only.
    pub same_memory: Option<Candidate>,
}

impl Match {
    /// Difference of law losses, nats/token.
    pub fn delta(&self, candidate: &Candidate) -> f64 {
        candidate.evaluation.loss - self.baseline.loss
    }

    /// Memory of an architecture over the baseline's.
    pub fn memory_ratio(&self, candidate: &Candidate) -> f64 {
        candidate.evaluation.memory.total_bytes() / self.baseline.memory.total_bytes()
    }
}

/// What a difference of losses is as a change of perplexity.
pub fn perplexity_change(delta: f64) -> f64 {
    delta.exp_m1()
}

/// One comparison with the baseline for each frontier.
pub fn matches(setup: &Setup, frontiers: &Frontiers) -> Vec<Match> {
    let found = frontiers.all.iter().map(|frontier| {
        let evaluator = setup.evaluator(frontier.costing, frontier.format);
        let baseline = evaluator.evaluate(&setup.baseline);
        let limit = frontier.objective.latency_s(&baseline);
        let same_memory = || {
            let mut budgets = Budgets {
                memory_bytes: Some(baseline.memory.total_bytes()),
                ..Budgets::default()
            };
            *budgets.latency_mut(frontier.objective) = Some(limit);
            let query = Query {
                space: setup.space(frontier.designs),
                evaluators: std::slice::from_ref(evaluator),
                objective: frontier.objective,
                budgets,
                minimize_memory: false,
            };
            query
                .run(&|_| {})
                .by_format
                .first()
                .and_then(|format| format.best)
        };
        Match {
            costing: frontier.costing,
            designs: frontier.designs,
            objective: frontier.objective,
            format: frontier.format,
            baseline,
            same_latency: frontier.best_within(limit).copied(),
            same_memory: if frontier.designs == Designs::Sample {
                None
            } else {
                same_memory()
            },
        }
    });
    found.collect()
}

/// The best architecture for an application.
pub struct Target {
    /// What the roofline counts.
    pub costing: Costing,
    /// The application.
    pub application: Application,
    /// Which architectures compete.
    pub designs: Designs,
    /// The weights' format.
    pub format: Format,
    /// The lowest loss within the application's limit and the device's memory.
    pub best: Option<Candidate>,
}

/// The best architectures for every application, exact.
pub fn targets(frontiers: &Frontiers, sets: &[Designs]) -> Result<Vec<Target>> {
    let mut found = Vec::new();
    for costing in Costing::ALL {
        for application in Application::ALL {
            let (objective, limit_s) = application.target();
            for &designs in sets {
                for format in Format::ALL {
                    let frontier = frontiers.get(costing, designs, objective, format)?;
                    found.push(Target {
                        costing,
                        application,
                        designs,
                        format,
                        best: frontier.best_within(limit_s).copied(),
                    });
                }
            }
        }
    }
    Ok(found)
}
