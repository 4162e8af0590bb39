//! What a set of runs is worth, and what one run more would add to it.

use super::Criterion;
use super::information::Information;
use nalgebra::DMatrix;

/// Information of a set of runs under every set of values, ready to be asked for gains.
#[derive(Clone, Debug)]
pub(super) struct State<'a> {
    sets: Vec<Set<'a>>,
    criterion: Criterion,
}

#[derive(Clone, Debug)]
struct Set<'a> {
    information: &'a Information,
    /// `M`: of the prior, the runs that are in, and the chosen.
    matrix: DMatrix<f64>,
    /// `M⁻¹`, row by row.
    inverse: Vec<f64>,
    log_det: f64,
    /// The mean of `z zᵀ` over targets.
    targets: DMatrix<f64>,
    /// `M⁻¹ V M⁻¹` with `V` of the targets, row by row; empty unless criterion I asks.
    weighted: Vec<f64>,
    /// `tr(M⁻¹ V)`: the mean prediction variance over the targets, in units of the noise's.
    variance: f64,
}

impl<'a> State<'a> {
    /// Before any run is chosen.
    pub(super) fn new(sets: &'a [Information], criterion: Criterion) -> State<'a> {
        let set = |information: &'a Information| {
            let rank = information.rank;
            let mut targets = DMatrix::zeros(rank, rank);
            for row in information.targets.iter() {
                add_square(&mut targets, row);
            }
            let mut set = Set {
                information,
                matrix: information.start(),
                inverse: Vec::new(),
                log_det: 0.0,
                targets: targets / information.targets.len() as f64,
                weighted: Vec::new(),
                variance: 0.0,
            };
            set.refresh(criterion);
            set
        };
        State {
            sets: sets.iter().map(set).collect(),
            criterion,
        }
    }

    /// With other runs chosen; summed anew, so that nothing drifts.
    pub(super) fn choose(&mut self, chosen: &[usize]) {
        for set in &mut self.sets {
            set.matrix = set.information.start();
            for &index in chosen {
                add_square(&mut set.matrix, set.information.candidates.get(index));
            }
            set.refresh(self.criterion);
        }
    }

    /// With one run more.
    pub(super) fn add(&mut self, index: usize) {
        for set in &mut self.sets {
            add_square(&mut set.matrix, set.information.candidates.get(index));
            set.refresh(self.criterion);
        }
    }

    /// `ln det M`, averaged over the sets of values.
    pub(super) fn log_det(&self) -> f64 {
        self.sets.iter().map(|set| set.log_det).sum::<f64>() / self.sets.len() as f64
    }

    /// What is maximised: `ln det M`, or less the logarithm of the mean prediction variance; averaged over the sets.
    pub(super) fn score(&self) -> f64 {
        match self.criterion {
            Criterion::D => self.log_det(),
            Criterion::I => {
                -self.sets.iter().map(|set| set.variance.ln()).sum::<f64>() / self.sets.len() as f64
            }
        }
    }

    /// What each candidate would add to the score; 0 for those that `wanted` leaves out.
    ///
    /// By the matrix determinant lemma `ln det(M + z zᵀ) = ln det M + ln(1 + zᵀ M⁻¹ z)`, and by Sherman and Morrison
    /// `tr((M + z zᵀ)⁻¹ V) = tr(M⁻¹ V) − zᵀ M⁻¹ V M⁻¹ z / (1 + zᵀ M⁻¹ z)`.
    pub(super) fn gains(&self, wanted: impl Fn(usize) -> bool + Sync) -> Vec<f64> {
        let n = self
            .sets
            .first()
            .map_or(0, |set| set.information.candidates.len());
        let gain = |index: usize| {
            if !wanted(index) {
                return 0.0;
            }
            self.sets.iter().map(|set| set.gain(index)).sum::<f64>() / self.sets.len() as f64
        };
        map(n, gain)
    }

    /// `Σ zᵀ M⁻¹ z` over the sets for each candidate.
    pub(super) fn leverages(&self) -> Vec<f64> {
        let n = self
            .sets
            .first()
            .map_or(0, |set| set.information.candidates.len());
        map(n, |index| {
            let leverage = |set: &Set<'_>| form(&set.inverse, set.information.candidates.get(index));
            self.sets.iter().map(leverage).sum()
        })
    }

    /// `Σ tr(M⁻¹ M₀)` over the sets, `M₀` of what there is before any choice.
    pub(super) fn share_of_start(&self) -> f64 {
        let share = |set: &Set<'_>| dot(&set.inverse, set.information.start().as_slice());
        self.sets.iter().map(share).sum()
    }
}

impl Set<'_> {
    fn refresh(&mut self, criterion: Criterion) {
        let rank = self.information.rank;
        // The prior keeps the matrix positive definite; were digits to run out all the same, nothing more is gained.
        let Some(factors) = self.matrix.clone().cholesky() else {
            self.inverse = vec![0.0; rank * rank];
            self.weighted = self.inverse.clone();
            (self.log_det, self.variance) = (f64::NEG_INFINITY, f64::INFINITY);
            return;
        };
        self.log_det = 2.0
            * factors
                .l_dirty()
                .diagonal()
                .iter()
                .map(|pivot| pivot.ln())
                .sum::<f64>();
        let inverse = factors.inverse();
        if criterion == Criterion::I {
            self.variance = dot(inverse.as_slice(), self.targets.as_slice());
            self.weighted = (&inverse * &self.targets * &inverse).as_slice().to_vec();
        }
        self.inverse = inverse.as_slice().to_vec();
    }

    fn gain(&self, index: usize) -> f64 {
        let row = self.information.candidates.get(index);
        let leverage = form(&self.inverse, row);
        if self.weighted.is_empty() {
            return leverage.ln_1p();
        }
        -(-form(&self.weighted, row) / ((1.0 + leverage) * self.variance)).ln_1p()
    }
}

fn add_square(matrix: &mut DMatrix<f64>, row: &[f64]) {
    for (column, a) in row.iter().enumerate() {
        for (line, b) in row.iter().enumerate() {
            matrix[(line, column)] += a * b;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `zᵀ A z`.
fn form(matrix: &[f64], row: &[f64]) -> f64 {
    let lines = matrix.chunks_exact(row.len().max(1)).zip(row);
    lines.map(|(line, value)| value * dot(line, row)).sum()
}

/// `value` at every index below `n`: on all cores with the feature `parallel`, with the same result.
#[cfg(feature = "parallel")]
fn map(n: usize, value: impl Fn(usize) -> f64 + Sync + Send) -> Vec<f64> {
    use rayon::prelude::*;
    (0..n).into_par_iter().with_min_len(512).map(value).collect()
}

/// `value` at every index below `n`.
#[cfg(not(feature = "parallel"))]
fn map(n: usize, value: impl Fn(usize) -> f64 + Sync + Send) -> Vec<f64> {
    (0..n).map(value).collect()
}
