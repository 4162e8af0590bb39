//! The scaling law of routed models: Clark et al. 2022 (2202.01169), equations 6 and 7.
//!
//! `log₁₀ L = a log₁₀ N + b log₁₀ Ê + c log₁₀ N log₁₀ Ê + d` with the saturating number of experts `1/Ê =
//! 1/(E − 1 + 1/(1/E_start − 1/E_max)) + 1/E_max`. Linear in a, b, c, d once `E_start` and `E_max` are known:
//! variable projection with two unknowns, `ln E_start` and `ln(E_max − E_start)`, which keeps `E_max >
//! E_start > 0`.

use super::columns::dot;
use super::random::Random;
use super::varpro::{self, Basis, Projection};
use super::{AT_OPTIMUM, Convergence, FitError, Quality, parallel};
use serde::Serialize;

/// Numbers that runs must determine: a, b, c, d, `E_start`, `E_max`.
pub const N_PARAMETERS: usize = 6;

/// A routed law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RoutedLaw {
    /// Slope in the dense size.
    pub a: f64,
    /// Slope in the experts.
    pub b: f64,
    /// Interaction: above 0, large models gain less from experts.
    pub c: f64,
    /// Offset.
    pub d: f64,
    /// Experts below which more bring nothing.
    pub expert_start: f64,
    /// Experts beyond which more bring nothing.
    pub expert_max: f64,
}

/// A fitted routed law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RoutedFit {
    /// The law.
    pub law: RoutedLaw,
    /// Sum of the squared residuals of `log₁₀ L`.
    pub value: f64,
    /// Agreement on the fitted rows.
    pub quality: Quality,
    /// What became of the starts.
    pub convergence: Convergence,
}

/// One routed model, or a dense one with `experts` = 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoutedRun {
    /// `N`: parameters of the dense model that it was made from, active ones with one expert per token.
    pub dense_parameters: f64,
    /// `E`: experts in a routed layer.
    pub experts: f64,
    /// Loss, nats/token.
    pub loss: f64,
}

impl RoutedLaw {
    /// `Ê`, the experts after saturation.
    #[must_use]
    pub fn effective_experts(&self, experts: f64) -> f64 {
        let offset = 1.0 / (1.0 / self.expert_start - 1.0 / self.expert_max);
        1.0 / (1.0 / (experts - 1.0 + offset) + 1.0 / self.expert_max)
    }

    /// The predicted loss, nats/token.
    #[must_use]
    pub fn loss(&self, dense_parameters: f64, experts: f64) -> f64 {
        let n = dense_parameters.log10();
        let e = self.effective_experts(experts).log10();
        10_f64.powf(self.a * n + self.b * e + self.c * n * e + self.d)
    }
}

/// Fits the law by least squares on `log₁₀ L` from `starts` random starts.
///
/// # Errors
/// Fewer than seven runs, or a number that is not positive.
pub fn fit(runs: &[RoutedRun], starts: usize, seed: u64) -> Result<RoutedFit, FitError> {
    let starts: Vec<RoutedStart> = (0..starts)
        .map(|index| RoutedStart::random(seed, index))
        .collect();
    fit_weighted(runs, &vec![1.0; runs.len()], &starts)
}

/// Where a descent begins: `ln E_start` and `ln(E_max − E_start)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RoutedStart([f64; 2]);

impl RoutedStart {
    /// E_start between 1.1 and 8 and E_max between 50 and 1,000: the published fits lie well inside.
    pub(super) fn random(seed: u64, index: usize) -> RoutedStart {
        let mut random = Random::stream(seed, index);
        RoutedStart([random.uniform(0.1, 2.1), random.uniform(3.9, 6.9)])
    }

    /// A law already known.
    pub(super) fn at(law: &RoutedLaw) -> RoutedStart {
        RoutedStart([law.expert_start.ln(), (law.expert_max - law.expert_start).ln()])
    }
}

/// The fit with a weight for each run's squared residual.
pub(super) fn fit_weighted(
    runs: &[RoutedRun],
    weights: &[f64],
    starts: &[RoutedStart],
) -> Result<RoutedFit, FitError> {
    if runs.len() <= N_PARAMETERS {
        return Err(FitError::TooFewRows {
            rows: runs.len(),
            parameters: N_PARAMETERS + 1,
        });
    }
    for (row, run) in runs.iter().enumerate() {
        let columns = [
            ("dense_parameters", run.dense_parameters, 0.0),
            ("experts", run.experts, 0.999_999),
            ("loss", run.loss, 0.0),
        ];
        if let Some((column, value, _)) = columns
            .iter()
            .find(|(_, value, low)| !(value > low && value.is_finite()))
        {
            return Err(FitError::NotPositive {
                column: (*column).to_owned(),
                row,
                value: *value,
            });
        }
    }
    let basis = RoutedBasis::new(runs, weights);
    let ends: Vec<Projection> = parallel::map(
        starts.len(),
        || (),
        |(), index| varpro::minimise(&basis, &starts[index].0, varpro::TIGHT),
    );
    let best = ends
        .iter()
        .filter(|end| end.value.is_finite())
        .min_by(|x, y| x.value.total_cmp(&y.value))
        .ok_or(FitError::NoOptimum)?;
    let [a, b, c, d] = basis.uncentred(&best.coefficients);
    let (expert_start, expert_max) = experts(&best.theta);
    let law = RoutedLaw {
        a,
        b,
        c,
        d,
        expert_start,
        expert_max,
    };
    let predicted: Vec<f64> = runs
        .iter()
        .map(|run| law.loss(run.dense_parameters, run.experts))
        .collect();
    let actual: Vec<f64> = runs.iter().map(|run| run.loss).collect();
    Ok(RoutedFit {
        law,
        value: best.value,
        quality: Quality::of(&predicted, &actual),
        convergence: Convergence {
            starts: starts.len(),
            converged: ends.iter().filter(|end| end.converged).count(),
            at_optimum: ends
                .iter()
                .filter(|end| end.value <= best.value * (1.0 + AT_OPTIMUM))
                .count(),
            best_converged: best.converged,
            evaluations: ends.iter().map(|end| end.evaluations).sum(),
        },
    })
}

fn experts(theta: &[f64]) -> (f64, f64) {
    let start = theta[0].exp();
    (start, start + theta[1].exp())
}

struct RoutedBasis {
    /// `log₁₀ N` less its mean, so that the four columns are far from dependent.
    size: Vec<f64>,
    mean_size: f64,
    experts: Vec<f64>,
    target: Vec<f64>,
    root_weight: Vec<f64>,
}

/// Signs are free; E_start within [1e-3, 1e6], E_max beyond it by 1e-3 to 1e9.
const LOWER: [f64; 2] = [-6.9, -6.9];
const UPPER: [f64; 2] = [13.8, 20.7];

impl RoutedBasis {
    fn new(runs: &[RoutedRun], weights: &[f64]) -> RoutedBasis {
        let root_weight: Vec<f64> = weights.iter().map(|weight| weight.sqrt()).collect();
        let mut size: Vec<f64> = runs.iter().map(|run| run.dense_parameters.log10()).collect();
        let mean_size = size.iter().sum::<f64>() / size.len() as f64;
        size.iter_mut().for_each(|size| *size -= mean_size);
        RoutedBasis {
            size,
            mean_size,
            experts: runs.iter().map(|run| run.experts).collect(),
            target: runs
                .iter()
                .zip(&root_weight)
                .map(|(run, root)| run.loss.log10() * root)
                .collect(),
            root_weight,
        }
    }

    /// `a log N + b log Ê + c log N log Ê + d` of the coefficients of the centred columns.
    fn uncentred(&self, coefficients: &[f64]) -> [f64; 4] {
        let mut centred = [0.0; 4];
        for (to, from) in centred.iter_mut().zip(coefficients) {
            *to = *from;
        }
        let [a, b, c, d] = centred;
        [a, b - c * self.mean_size, c, d - a * self.mean_size]
    }
}

impl Basis for RoutedBasis {
    fn target(&self) -> &[f64] {
        &self.target
    }

    fn non_negative(&self) -> &[bool] {
        &[false; 4]
    }

    fn bounds(&self) -> (&[f64], &[f64]) {
        (&LOWER, &UPPER)
    }

    fn columns(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let (expert_start, expert_max) = experts(theta);
        let law = RoutedLaw {
            a: 0.0,
            b: 0.0,
            c: 0.0,
            d: 0.0,
            expert_start,
            expert_max,
        };
        let log_experts: Vec<f64> = self
            .experts
            .iter()
            .map(|&e| law.effective_experts(e).log10())
            .collect();
        let weighted = |column: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
            column
                .zip(&self.root_weight)
                .map(|(value, root)| value * root)
                .collect()
        };
        vec![
            weighted(&mut self.size.iter().copied()),
            weighted(&mut log_experts.iter().copied()),
            weighted(&mut self.size.iter().zip(&log_experts).map(|(n, e)| n * e)),
            self.root_weight.clone(),
        ]
    }

    fn derivative(&self, theta: &[f64], columns: &[Vec<f64>], coefficients: &[f64], l: usize) -> Vec<f64> {
        let (start, most) = experts(theta);
        let gap = most - start;
        // 1/(1/E_s − 1/E_m) = E_s E_m/(E_m − E_s) = E_s + E_s²/g with g = E_m − E_s.
        let offset = start + start * start / gap;
        let (offset_slope, most_slope) = if l == 0 {
            (start + 2.0 * start * start / gap, start)
        } else {
            (-start * start / gap, gap)
        };
        let rows = self
            .experts
            .iter()
            .zip(&self.size)
            .zip(&columns[1])
            .zip(&self.root_weight);
        rows.map(|(((experts, size), log_effective), root)| {
            let effective = 10_f64.powf(log_effective / root);
            let open = experts - 1.0 + offset;
            // d ln Ê = Ê (d open / open² + d E_m / E_m²)
            let slope = effective * (offset_slope / (open * open) + most_slope / (most * most));
            root * (coefficients[1] + coefficients[2] * size) * slope / std::f64::consts::LN_10
        })
        .collect()
    }
}

/// Root mean squared error of `log₁₀ L`, what the paper calls RMSLE.
#[must_use]
pub fn rmsle_10(law: &RoutedLaw, runs: &[RoutedRun]) -> f64 {
    let errors: Vec<f64> = runs
        .iter()
        .map(|run| (law.loss(run.dense_parameters, run.experts) / run.loss).log10())
        .collect();
    (dot(&errors, &errors) / errors.len() as f64).sqrt()
}
