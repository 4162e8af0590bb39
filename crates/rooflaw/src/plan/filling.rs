//! Runs spread over a space, without a law.

use super::budget::Purse;
use super::information::repeated;
use super::{Candidates, Limit, PlanError};
use crate::law::fit::FitError;
use crate::runs::RunTable;
use serde::Serialize;

/// What a designer chooses, and so what runs are spread over when nothing else is asked for; sizes and costs follow.
pub const DESIGN_VARIABLES: [&str; 6] = [
    "n_layers",
    "hidden_size",
    "ffn_ratio",
    "activation_rate",
    "kv_dim",
    "tokens",
];

/// Runs to do, spread over the space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filling {
    /// Indices among the candidates, the farthest from all before first.
    pub chosen: Vec<usize>,
    /// What training them costs, FLOP.
    pub training_flop: f64,
    /// The variables they are spread over.
    pub variables: Vec<String>,
    /// Root of the mean squared distance from a candidate to the nearest run, the runs that are in included; along
    /// each variable the space is 1 wide.
    pub mean_distance: f64,
    /// The distance of the candidate that is farthest from any run.
    pub max_distance: f64,
}

/// Powers of cost that distances are divided by under a budget; the one with the least mean distance is taken.
const COST_POWERS: [f64; 4] = [0.0, 0.1, 0.25, 0.5];

/// Chooses runs far from each other and from those that are in: each the candidate with the greatest distance to the
/// nearest before (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance": at most twice the least
/// possible), the first the one nearest to the middle. Distances are between logarithms, each variable's range over the
/// candidates being 1.
///
/// Without `variables`, those of [`DESIGN_VARIABLES`] that candidates have and that vary. Of `existing`, the variables
/// it lacks count as being the same as a candidate's.
///
/// # Errors
/// Limits that cannot be met, or a variable that candidates lack or that does not vary.
pub fn fill(
    candidates: &Candidates,
    existing: Option<&RunTable>,
    variables: Option<&[&str]>,
    limit: Limit,
) -> Result<Filling, PlanError> {
    let used = repeated(candidates, existing);
    let purse = Purse::new(candidates.costs(), limit, 1, &used)?;
    let axes = axes(candidates, existing, variables)?;
    let powers = if purse.has_budget() {
        &COST_POWERS[..]
    } else {
        &COST_POWERS[..1]
    };
    let mut best: Option<Filling> = None;
    for &power in powers {
        let found = spread(&axes, purse.clone(), power);
        if best
            .as_ref()
            .is_none_or(|best| found.mean_distance < best.mean_distance)
        {
            best = Some(found);
        }
    }
    best.ok_or(PlanError::NoCandidates)
}

/// A variable, 1 wide: of the candidates, and of the runs that are in where they have it.
struct Axis {
    name: String,
    candidates: Vec<f64>,
    existing: Option<Vec<f64>>,
}

fn axes(
    candidates: &Candidates,
    existing: Option<&RunTable>,
    variables: Option<&[&str]>,
) -> Result<Vec<Axis>, PlanError> {
    let mut axes = Vec::new();
    for name in variables.unwrap_or(&DESIGN_VARIABLES) {
        let Some(values) = candidates.variable(name) else {
            if variables.is_none() {
                continue;
            }
            let known = candidates.variables().iter().map(|(name, _)| name.as_str());
            return Err(PlanError::Fit(FitError::UnknownVariable {
                name: (*name).to_owned(),
                known: known.collect::<Vec<_>>().join(", "),
            }));
        };
        let low = values.iter().copied().fold(f64::INFINITY, f64::min).ln();
        let width = values.iter().copied().fold(0.0, f64::max).ln() - low;
        if width <= 0.0 {
            continue;
        }
        let scaled = |values: &[f64]| values.iter().map(|value| (value.ln() - low) / width).collect();
        let theirs = existing.and_then(|runs| runs.variables.iter().find(|(found, _)| found == name));
        axes.push(Axis {
            name: (*name).to_owned(),
            candidates: scaled(values),
            existing: theirs.map(|(_, values)| scaled(values)),
        });
    }
    Ok(axes)
}

fn spread(axes: &[Axis], mut purse: Purse, power: f64) -> Filling {
    let n = purse.len();
    let n_existing = axes
        .iter()
        .filter_map(|axis| axis.existing.as_ref())
        .map(Vec::len)
        .max();
    // Squared distances to the nearest run.
    let mut nearest = vec![f64::INFINITY; n];
    for row in 0..n_existing.unwrap_or(0) {
        let at = |axis: &Axis| axis.existing.as_ref().map(|values| values[row]);
        approach(axes, &mut nearest, at);
    }
    while let Some(allowance) = purse.allowance() {
        let first = purse.chosen().is_empty() && n_existing.is_none();
        let worth = |index: usize| {
            let far = if first {
                let off = |axis: &Axis| (axis.candidates[index] - 0.5).powi(2);
                1.0 / (1.0 + axes.iter().map(off).sum::<f64>().sqrt())
            } else {
                nearest[index].sqrt()
            };
            far / purse.cost(index).powf(power)
        };
        let mut next: Option<(usize, f64)> = None;
        for index in (0..n).filter(|&index| purse.allows(allowance, index)) {
            let worth = worth(index);
            if next.is_none_or(|(_, most)| worth > most) {
                next = Some((index, worth));
            }
        }
        let Some((next, _)) = next else { break };
        purse.add(next);
        approach(axes, &mut nearest, |axis| Some(axis.candidates[next]));
    }
    Filling {
        chosen: purse.chosen().to_vec(),
        training_flop: purse.spent(),
        variables: axes.iter().map(|axis| axis.name.clone()).collect(),
        mean_distance: (nearest.iter().sum::<f64>() / n as f64).sqrt(),
        max_distance: nearest.iter().copied().fold(0.0, f64::max).sqrt(),
    }
}

/// Squared distances to the nearest run, with a run more at `at`.
fn approach(axes: &[Axis], nearest: &mut [f64], at: impl Fn(&Axis) -> Option<f64>) {
    let place: Vec<(&Axis, f64)> = axes
        .iter()
        .filter_map(|axis| at(axis).map(|value| (axis, value)))
        .collect();
    for (index, nearest) in nearest.iter_mut().enumerate() {
        let off = |(axis, value): &(&Axis, f64)| (axis.candidates[index] - value).powi(2);
        *nearest = nearest.min(place.iter().map(off).sum());
    }
}
