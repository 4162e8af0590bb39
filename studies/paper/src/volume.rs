//! How much of the exact frontier a sample of the space gets.

use crate::frontiers::{Frontier, Frontiers};
use crate::setup::{Costing, Designs, Format, latency_ms};
use crate::stats::median;
use anyhow::Result;
use rooflaw::frontier::hypervolume_2d;
use rooflaw::search::Objective;

/// A sampled frontier beside the exact ones.
pub struct Volume {
    /// What the roofline counts.
    pub costing: Costing,
    /// The latency minimised.
    pub objective: Objective,
    /// The weights' format.
    pub format: Format,
    /// The reference point: latency in ms, loss in nats/token. The slowest and the worst of the three frontiers.
    pub reference: [f64; 2],
    /// Hypervolume of the sampled frontier over that of the grid's exact one.
    pub sample_to_grid: f64,
    /// Hypervolume of the grid's exact frontier over that of the default space's.
    pub grid_to_default: f64,
    /// Share of the grid's frontier that was drawn.
    pub drawn: f64,
    /// Loss that the sample gives away at the latencies of the grid's frontier: median, nats/token.
    pub median_regret: f64,
    /// The same: largest.
    pub largest_regret: f64,
}

/// One for every costing, objective and format.
pub fn volumes(frontiers: &Frontiers) -> Result<Vec<Volume>> {
    let mut found = Vec::new();
    for costing in Costing::ALL {
        for objective in Objective::ALL {
            for format in Format::ALL {
                let get = |designs| frontiers.get(costing, designs, objective, format);
                let three = [get(Designs::Sample)?, get(Designs::Grid)?, get(Designs::Default)?];
                found.push(volume(three));
            }
        }
    }
    Ok(found)
}

fn volume(three: [&Frontier; 3]) -> Volume {
    let [sample, grid, _] = three;
    let points = |frontier: &Frontier| -> Vec<[f64; 2]> {
        let point = |candidate| {
            [
                latency_ms(frontier.objective, candidate),
                candidate.evaluation.loss,
            ]
        };
        frontier.points.iter().map(point).collect()
    };
    let every: Vec<[f64; 2]> = three.iter().flat_map(|frontier| points(frontier)).collect();
    let reference = [0, 1].map(|axis| {
        every
            .iter()
            .map(|point| point[axis])
            .fold(f64::NEG_INFINITY, f64::max)
    });
    // Ratios of latency matter, not differences: the slow end would be nearly all of a volume in ms.
    let logarithmic = |[latency, loss]: [f64; 2]| [latency.ln(), loss];
    let [sampled, gridded, all] = three.map(|frontier| {
        let points: Vec<[f64; 2]> = points(frontier).into_iter().map(logarithmic).collect();
        hypervolume_2d(&points, &logarithmic(reference))
    });
    let drawn = grid
        .points
        .iter()
        .filter(|point| sample.points.iter().any(|drawn| drawn.index == point.index));
    // Where even the fastest sampled architecture is too slow there is no loss to compare.
    let regrets: Vec<f64> = grid
        .points
        .iter()
        .filter_map(|point| {
            let best = sample.best_within(sample.objective.latency_s(&point.evaluation))?;
            Some(best.evaluation.loss - point.evaluation.loss)
        })
        .collect();
    Volume {
        costing: sample.costing,
        objective: sample.objective,
        format: sample.format,
        reference,
        sample_to_grid: sampled / gridded,
        grid_to_default: gridded / all,
        drawn: drawn.count() as f64 / grid.points.len().max(1) as f64,
        largest_regret: regrets.iter().copied().fold(0.0, f64::max),
        median_regret: median(regrets),
    }
}
