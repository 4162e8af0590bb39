//! The most probable effects given measurements, by Newton's method on Student's t.
//!
//! Effects of one device do not touch another device's measurements: their block of the normal equations is eliminated
//! by itself, and what remains has the effects that devices share (the Schur complement).

use super::coefficients::{Coefficient, Logs};
use super::work::Work;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// An effect to determine.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// Standard deviation of its prior, whose mean is 0.
    pub(super) deviation: f64,
    /// Whether the prior is normal; else it is Student's t.
    pub(super) is_normal: bool,
    /// The device that it is of, from 1; 0 for what devices share.
    pub(super) block: usize,
}

/// What an effect does to a measurement: column, coefficient, factor.
pub(super) type Entry = (usize, Coefficient, f64);

/// A measurement as the fit sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) work: Work,
    /// ln of the measured seconds.
    pub(super) measured: f64,
    pub(super) weight: f64,
    /// Logarithms of the coefficients before any effect.
    pub(super) start: Logs,
    pub(super) entries: Vec<Entry>,
    /// The device, from 1.
    pub(super) block: usize,
}

/// Measurements and the effects that may explain them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) rows: Vec<Row>,
    pub(super) columns: Vec<Column>,
    pub(super) n_blocks: usize,
    /// Degrees of freedom of Student's t of effects, and of measurements.
    pub(super) effect_tails: f64,
    pub(super) error_tails: f64,
}

/// A block's part of the normal equations, factored.
#[derive(Clone, Debug)]
struct Block {
    factor: Option<Cholesky<f64, Dyn>>,
    /// Rows: the block's effects; columns: the shared ones.
    coupling: DMatrix<f64>,
    gradient: DVector<f64>,
}

/// The most probable effects, and what is left open.
#[derive(Clone, Debug)]
pub(super) struct Posterior {
    pub(super) effects: Vec<f64>,
    /// The scale of the measurements' errors, in logarithms.
    pub(super) scale: f64,
    blocks: Vec<Block>,
    shared: Option<Cholesky<f64, Dyn>>,
    /// The place of each column in its block.
    places: Vec<usize>,
    sizes: Vec<usize>,
}

/// Bounds of the errors' scale: measurements do not repeat better, and beyond it nothing is learnt.
const SCALES: (f64, f64) = (0.02, 0.5);

/// Longest step of Newton's method, in logarithms.
const LONGEST_STEP: f64 = 1.0;

/// Steps shorter than this end it.
const SHORTEST_STEP: f64 = 1e-6;

impl Problem {
    /// Logarithms of coefficients under effects.
    pub(super) fn logs(start: &Logs, entries: &[Entry], effects: &[f64]) -> Logs {
        let mut logs = *start;
        for &(column, coefficient, factor) in entries {
            logs[coefficient as usize] += effects[column] * factor;
        }
        logs
    }

    /// Determines the effects from the rows that `is_used`, beginning at some effects and a scale.
    pub(super) fn solve(
        &self,
        is_used: &dyn Fn(usize) -> bool,
        effects: Vec<f64>,
        scale: f64,
        most_steps: usize,
    ) -> Posterior {
        let mut sizes = vec![0; self.n_blocks + 1];
        let places = self
            .columns
            .iter()
            .map(|column| {
                sizes[column.block] += 1;
                sizes[column.block] - 1
            })
            .collect();
        let mut posterior = Posterior {
            effects,
            scale,
            blocks: Vec::new(),
            shared: None,
            places,
            sizes,
        };
        let mut rows_of: Vec<Vec<&Row>> = vec![Vec::new(); self.n_blocks + 1];
        for (index, row) in self.rows.iter().enumerate() {
            if is_used(index) {
                rows_of[row.block].push(row);
            }
        }
        for step in 0..=most_steps {
            let (gradient, scale) = self.linearise(&rows_of, &mut posterior);
            if step == most_steps {
                break;
            }
            let length = posterior.advance(&self.columns, &gradient);
            // The first steps are long, and their residuals no errors.
            if step >= 3 {
                posterior.scale = scale.clamp(SCALES.0, SCALES.1);
                if length < SHORTEST_STEP {
                    break;
                }
            }
        }
        posterior
    }

    /// Factors the normal equations at the present effects; the gradient of the shared ones, and the scale of the errors.
    fn linearise(&self, rows_of: &[Vec<&Row>], posterior: &mut Posterior) -> (DVector<f64>, f64) {
        let shared = posterior.sizes[0];
        let mut curvature = DMatrix::zeros(shared, shared);
        let mut slope = DVector::zeros(shared);
        let mut blocks: Vec<(DMatrix<f64>, DMatrix<f64>, DVector<f64>)> = posterior.sizes[1..]
            .iter()
            .map(|&size| {
                (
                    DMatrix::zeros(size, size),
                    DMatrix::zeros(size, shared),
                    DVector::zeros(size),
                )
            })
            .collect();
        for (index, column) in self.columns.iter().enumerate() {
            let effect = posterior.effects[index];
            let z = effect / column.deviation;
            let tails = self.effect_tails;
            let certainty = if column.is_normal {
                1.0
            } else {
                (tails + 1.0) / (tails + z * z)
            } / column.deviation.powi(2);
            let place = posterior.places[index];
            if column.block == 0 {
                curvature[(place, place)] += certainty;
                slope[place] -= certainty * effect;
            } else {
                let (own, _, gradient) = &mut blocks[column.block - 1];
                own[(place, place)] += certainty;
                gradient[place] -= certainty * effect;
            }
        }
        let (mut weights, mut squares) = (0.0, 0.0);
        let mut active: Vec<(bool, usize, f64)> = Vec::new();
        for row in rows_of.iter().flatten() {
            let timing = row
                .work
                .timing(&Problem::logs(&row.start, &row.entries, &posterior.effects));
            let residual = row.measured - timing.seconds.ln();
            let z = residual / posterior.scale;
            let trust = row.weight * (self.error_tails + 1.0) / (self.error_tails + z * z);
            weights += row.weight;
            squares += trust * residual * residual;
            let certainty = trust / posterior.scale.powi(2);
            active.clear();
            active.extend(row.entries.iter().filter_map(|&(column, coefficient, factor)| {
                let derivative = timing.gradient[coefficient as usize] * factor;
                let is_shared = self.columns[column].block == 0;
                (derivative != 0.0).then_some((is_shared, posterior.places[column], derivative))
            }));
            for &(is_shared, place, derivative) in &active {
                let pull = certainty * derivative;
                if is_shared {
                    slope[place] += pull * residual;
                    for &(other_is_shared, other, by) in &active {
                        if other_is_shared {
                            curvature[(place, other)] += pull * by;
                        }
                    }
                } else {
                    let (own, coupling, gradient) = &mut blocks[row.block - 1];
                    gradient[place] += pull * residual;
                    for &(other_is_shared, other, by) in &active {
                        if other_is_shared {
                            coupling[(place, other)] += pull * by;
                        } else {
                            own[(place, other)] += pull * by;
                        }
                    }
                }
            }
        }
        posterior.blocks.clear();
        for (own, coupling, gradient) in blocks {
            let factor = Cholesky::new(own);
            if let Some(factor) = &factor {
                curvature.gemm_tr(-1.0, &coupling, &factor.solve(&coupling), 1.0);
                slope.gemv_tr(-1.0, &coupling, &factor.solve(&gradient), 1.0);
            }
            posterior.blocks.push(Block {
                factor,
                coupling,
                gradient,
            });
        }
        posterior.shared = Cholesky::new(curvature);
        (slope, (squares / f64::max(weights, f64::MIN_POSITIVE)).sqrt())
    }
}

impl Posterior {
    /// Takes one step; its longest part.
    fn advance(&mut self, columns: &[Column], gradient: &DVector<f64>) -> f64 {
        // Each curvature has its prior's certainty on the diagonal, and so a factor.
        let Some(shared) = &self.shared else { return 0.0 };
        let shared_step = shared.solve(gradient);
        let block_steps: Vec<Option<DVector<f64>>> = self
            .blocks
            .iter()
            .map(|block| {
                let right = &block.gradient - &block.coupling * &shared_step;
                Some(block.factor.as_ref()?.solve(&right))
            })
            .collect();
        let step = |index: usize| {
            let place = self.places[index];
            match columns[index].block {
                0 => shared_step[place],
                block => block_steps[block - 1].as_ref().map_or(0.0, |step| step[place]),
            }
        };
        let longest = (0..columns.len()).fold(0.0, |longest: f64, index| longest.max(step(index).abs()));
        let share = f64::min(1.0, LONGEST_STEP / longest.max(f64::MIN_POSITIVE));
        let steps: Vec<f64> = (0..columns.len()).map(step).collect();
        for (effect, step) in self.effects.iter_mut().zip(steps) {
            *effect += share * step;
        }
        longest
    }

    /// The covariance of linear combinations of effects: `of` gives, for each combination, its entries as column and
    /// factor. All combinations are of one device.
    pub(super) fn covariance(&self, columns: &[Column], of: &[Vec<(usize, f64)>]) -> DMatrix<f64> {
        let n = of.len();
        let mut shared = DMatrix::zeros(self.sizes[0], n);
        let mut own: Option<(usize, DMatrix<f64>)> = None;
        for (combination, entries) in of.iter().enumerate() {
            for &(column, factor) in entries {
                let place = self.places[column];
                match columns[column].block {
                    0 => shared[(place, combination)] += factor,
                    block => {
                        let size = self.sizes[block];
                        let (_, own) = own.get_or_insert_with(|| (block, DMatrix::zeros(size, n)));
                        own[(place, combination)] += factor;
                    }
                }
            }
        }
        let mut covariance = DMatrix::zeros(n, n);
        if let Some((block, own)) = own {
            let block = &self.blocks[block - 1];
            if let Some(factor) = &block.factor {
                let solved = factor.solve(&own);
                covariance += own.transpose() * &solved;
                shared -= block.coupling.transpose() * solved;
            }
        }
        if let Some(factor) = &self.shared {
            covariance += shared.transpose() * factor.solve(&shared);
        }
        covariance
    }
}
