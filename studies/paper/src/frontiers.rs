//! The frontiers that the study compares: every costing, set of architectures, objective and format.

use crate::sample;
use crate::setup::{Costing, Designs, Format, Setup, latency_ms};
use anyhow::{Context as _, Result};
use rooflaw::frontier::frontier_2d;
use rooflaw::search::{Budgets, Candidate, Objective, Query};

/// One frontier and where it comes from.
pub struct Frontier {
    /// What the roofline counts.
    pub costing: Costing,
    /// Which architectures compete.
    pub designs: Designs,
    /// The latency minimised with the loss.
    pub objective: Objective,
    /// The weights' format.
    pub format: Format,
    /// The non-dominated architectures that fit into the device's memory, fastest first.
    pub points: Vec<Candidate>,
}

impl Frontier {
    /// The architecture of the lowest loss that takes at most `limit_s`.
    pub fn best_within(&self, limit_s: f64) -> Option<&Candidate> {
        // Along a frontier loss falls as latency rises.
        self.points
            .iter()
            .take_while(|point| self.objective.latency_s(&point.evaluation) <= limit_s)
            .last()
    }
}

/// The sampled candidates under one costing.
pub struct Candidates {
    /// What the roofline counts.
    pub costing: Costing,
    /// The candidates, by format.
    pub by_format: Vec<Vec<Candidate>>,
}

/// All frontiers, and the candidates that the sampled ones are drawn from.
pub struct Frontiers {
    /// The sampled candidates, by costing.
    pub candidates: Vec<Candidates>,
    /// The frontiers.
    pub all: Vec<Frontier>,
}

impl Frontiers {
    /// Finds them; `designs` chooses the sets.
    pub fn find(setup: &Setup, designs: &[Designs]) -> Result<Frontiers> {
        let indices = sample::latin_hypercube(&setup.grid, sample::PAPER_CANDIDATES, sample::SEED)
            .context("the Latin hypercube found no room in the paper's grid")?;
        let mut found = Frontiers {
            candidates: Vec::new(),
            all: Vec::new(),
        };
        for costing in Costing::ALL {
            let candidates = setup.evaluators(costing).iter().map(|evaluator| {
                let candidate = |&index| setup.grid_candidate(index, evaluator);
                indices.iter().filter_map(candidate).collect()
            });
            found.candidates.push(Candidates {
                costing,
                by_format: candidates.collect(),
            });
        }
        for costing in Costing::ALL {
            for &designs in designs {
                for objective in Objective::ALL {
                    let by_format = match designs {
                        Designs::Sample => found.sampled(setup, costing, objective),
                        Designs::Grid | Designs::Default => exact(setup, costing, designs, objective),
                    };
                    for (format, points) in Format::ALL.into_iter().zip(by_format) {
                        found.all.push(Frontier {
                            costing,
                            designs,
                            objective,
                            format,
                            points,
                        });
                    }
                }
            }
        }
        Ok(found)
    }

    /// The frontier of the sampled candidates, by format.
    fn sampled(&self, setup: &Setup, costing: Costing, objective: Objective) -> Vec<Vec<Candidate>> {
        let frontier = |candidates: &Vec<Candidate>| -> Vec<Candidate> {
            let fits = |candidate: &&Candidate| {
                candidate.evaluation.memory.total_bytes() <= setup.device.memory_capacity_bytes
            };
            let fitting: Vec<&Candidate> = candidates.iter().filter(fits).collect();
            let points: Vec<[f64; 2]> = fitting
                .iter()
                .map(|candidate| [latency_ms(objective, candidate), candidate.evaluation.loss])
                .collect();
            frontier_2d(&points)
                .iter()
                .map(|&index| *fitting[index])
                .collect()
        };
        self.of_costing(costing).iter().map(frontier).collect()
    }

    /// The candidates under a costing, by format.
    pub fn of_costing(&self, costing: Costing) -> &[Vec<Candidate>] {
        self.candidates
            .iter()
            .find(|candidates| candidates.costing == costing)
            .map_or(&[], |candidates| &candidates.by_format)
    }

    /// The frontiers of a costing and a set of architectures.
    pub fn select(&self, costing: Costing, designs: Designs) -> impl Iterator<Item = &Frontier> {
        self.all
            .iter()
            .filter(move |frontier| frontier.costing == costing && frontier.designs == designs)
    }

    /// One frontier.
    pub fn get(
        &self,
        costing: Costing,
        designs: Designs,
        objective: Objective,
        format: Format,
    ) -> Result<&Frontier> {
        self.select(costing, designs)
            .find(|frontier| frontier.objective == objective && frontier.format == format)
            .with_context(|| {
                format!(
                    "no {} frontier of {} in {}",
                    objective.name(),
                    designs.name(),
                    format.name()
                )
            })
    }
}

/// The exact frontier of a whole space, by format.
fn exact(setup: &Setup, costing: Costing, designs: Designs, objective: Objective) -> Vec<Vec<Candidate>> {
    let query = Query {
        space: setup.space(designs),
        evaluators: setup.evaluators(costing),
        objective,
        budgets: Budgets {
            memory_bytes: Some(setup.device.memory_capacity_bytes),
            ..Budgets::default()
        },
        minimize_memory: false,
    };
    let outcome = query.run(&|_| {});
    outcome
        .by_format
        .into_iter()
        .map(|format| format.frontier)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_sampled_beats_the_exact_frontier() {
        let setup = Setup::new().unwrap();
        let found = Frontiers::find(&setup, &[Designs::Sample, Designs::Grid]).unwrap();
        for sampled in Costing::ALL
            .into_iter()
            .flat_map(|costing| found.select(costing, Designs::Sample))
        {
            let exact = found
                .get(sampled.costing, Designs::Grid, sampled.objective, sampled.format)
                .unwrap();
            assert!(!sampled.points.is_empty());
            for point in &sampled.points {
                let best = exact
                    .best_within(sampled.objective.latency_s(&point.evaluation))
                    .unwrap();
                assert!(best.evaluation.loss <= point.evaluation.loss);
            }
        }
    }
}
