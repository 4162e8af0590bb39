//! The Fisher information of a law's numbers at runs: sensitivities, their singular values, and the direction
//! that runs determine least.

use super::{
    Coefficient, Exponent, Fit, FitError, Form, Objective, Observations, Parameter, Values, sensitivities,
};
use nalgebra::{DMatrix, DVector};
use serde::Serialize;

/// What stands for a coefficient of 0, as a share of the mean loss: the direction in which it would enter.
const TRACE: f64 = 1e-6;
/// Singular values below this share of the largest are rounding errors.
pub(super) const SINGULAR: f64 = 1e-12;

/// The direction in the space of a law's numbers that runs determine least.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Weakest {
    /// Each number's part in it, −1 to 1, the largest first. Numbers are measured by how far they move the
    /// losses of the runs.
    pub loadings: Vec<(Parameter, f64)>,
    /// How much worse it is determined than the best direction: the condition number of the scaled
    /// sensitivities. Above 30 numbers begin to be hard to tell apart (Belsley, Kuh & Welsch 1980).
    pub condition: f64,
}

/// The gain of one more run at each of `candidates` (of which only the variables count): the share by which
/// it reduces the variance of the direction that `existing` runs determine least, 0 to 1, at a law's numbers.
///
/// With `M = XᵀX` of the existing runs, the weakest direction `v` and the run's sensitivities `g` that is
/// `(gᵀM⁻¹v)² / ((1 + gᵀM⁻¹g) vᵀM⁻¹v)` (Sherman & Morrison 1950).
///
/// # Errors
/// A variable that either observations lack, or a form without free numbers.
pub fn most_informative(
    form: &Form,
    values: &Values,
    existing: &Observations,
    candidates: &Observations,
) -> Result<Vec<f64>, FitError> {
    let objective = Objective::LogLeastSquares;
    let information = Information::of(&Tangent::new(form, values, existing, existing, objective)?.columns)?;
    let new = Tangent::new(form, values, existing, candidates, objective)?;
    let gain = |row: usize| {
        let scaled = |(p, column): (usize, &Vec<f64>)| column[row] / information.lengths[p];
        let run = DVector::from_iterator(new.columns.len(), new.columns.iter().enumerate().map(scaled));
        // In singular directions M is diagonal.
        let along: Vec<f64> = (&information.directions * run)
            .iter()
            .zip(&information.singular)
            .map(|(along, singular)| along / singular)
            .collect();
        let total: f64 = along.iter().map(|a| a * a).sum();
        along[along.len() - 1].powi(2) / (1.0 + total)
    };
    Ok((0..candidates.n_rows()).map(gain).collect())
}

/// How losses answer to the numbers, with coefficients as contributions amid the runs.
struct Tangent {
    /// A column for each free parameter.
    columns: Vec<Vec<f64>>,
    /// From contributions back to coefficients.
    to_original: DMatrix<f64>,
}

impl Tangent {
    /// At the rows of `at`, centred on the rows of `existing`; weighted, and in the unit of the objective.
    fn new(
        form: &Form,
        values: &Values,
        existing: &Observations,
        at: &Observations,
        objective: Objective,
    ) -> Result<Tangent, FitError> {
        let free = form.free_parameters();
        let mean_loss = existing.loss.iter().sum::<f64>() / existing.n_rows() as f64;
        let mut values = values.clone();
        values.irreducible_loss = values.irreducible_loss.max(TRACE * mean_loss);
        for (term, value) in form.terms.iter().zip(&mut values.coefficients) {
            if term.coefficient == Coefficient::Free && *value <= 0.0 {
                *value = TRACE * mean_loss;
            }
        }
        let mut columns = sensitivities(form, &values, at)?;
        let mut to_original = DMatrix::identity(free.len(), free.len());
        let position = |wanted: Parameter| free.iter().position(|&parameter| parameter == wanted);
        for (index, term) in form.terms.iter().enumerate() {
            let Some(c) = position(Parameter::Coefficient(index)) else {
                continue;
            };
            for (variable, exponent) in &term.powers {
                let Exponent::Parameter { parameter, factor } = *exponent else {
                    continue;
                };
                let Some(e) = position(Parameter::Exponent(parameter)) else {
                    continue;
                };
                let logs = existing.log_of(variable)?;
                let mean = factor * logs.iter().sum::<f64>() / logs.len() as f64;
                to_original[(c, e)] -= mean;
                let share = columns[c].clone();
                super::columns::add_scaled(&mut columns[e], -mean, &share);
            }
        }
        let predicted = if objective == Objective::LeastSquares {
            super::predict(
                form,
                values.irreducible_loss,
                &values.coefficients,
                &values.exponents,
                at,
            )?
        } else {
            vec![1.0; at.n_rows()]
        };
        for column in &mut columns {
            for ((value, weight), predicted) in column.iter_mut().zip(&at.weight).zip(&predicted) {
                *value *= weight.sqrt() * predicted;
            }
        }
        Ok(Tangent { columns, to_original })
    }
}

/// The singular value decomposition of sensitivities with columns scaled to length 1.
pub(super) struct Information {
    lengths: Vec<f64>,
    /// The largest first; none below [`SINGULAR`] of it.
    singular: Vec<f64>,
    /// Right singular vectors, a row each.
    directions: DMatrix<f64>,
}

impl Information {
    fn of(columns: &[Vec<f64>]) -> Result<Information, FitError> {
        if columns.is_empty() {
            return Err(FitError::Form {
                what: "numbers are all fixed".to_owned(),
            });
        }
        let lengths: Vec<f64> = columns
            .iter()
            .map(|column| super::columns::dot(column, column).sqrt().max(f64::MIN_POSITIVE))
            .collect();
        let rows = columns.first().map_or(0, Vec::len);
        // Rows of zeros make the decomposition square, whatever the number of runs.
        let scaled = DMatrix::from_fn(rows.max(columns.len()), columns.len(), |row, p| {
            columns[p].get(row).map_or(0.0, |value| value / lengths[p])
        });
        let svd = scaled.svd(false, true);
        let directions = svd.v_t.ok_or(FitError::NoOptimum)?;
        let largest = svd.singular_values[0];
        let singular = svd.singular_values.iter();
        Ok(Information {
            lengths,
            singular: singular.map(|value| value.max(SINGULAR * largest)).collect(),
            directions,
        })
    }

    /// `(XᵀX)⁻¹`.
    fn covariance(&self) -> DMatrix<f64> {
        let n = self.lengths.len();
        DMatrix::from_fn(n, n, |a, b| {
            let parts = self.singular.iter().enumerate();
            let sum: f64 = parts
                .map(|(k, value)| self.directions[(k, a)] * self.directions[(k, b)] / (value * value))
                .sum();
            sum / (self.lengths[a] * self.lengths[b])
        })
    }

    pub(super) fn weakest(&self, free: &[Parameter]) -> Weakest {
        let last = self.singular.len() - 1;
        let row = self.directions.row(last);
        let mut loadings: Vec<(Parameter, f64)> = free.iter().copied().zip(row.iter().copied()).collect();
        loadings.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        // A direction has no sign of its own: the largest part counts as positive.
        if loadings.first().is_some_and(|(_, part)| *part < 0.0) {
            loadings.iter_mut().for_each(|(_, part)| *part = -*part);
        }
        Weakest {
            loadings,
            condition: self.singular[0] / self.singular[last],
        }
    }
}

/// How far estimates scatter, to first order.
pub(super) struct Uncertainty {
    /// `(XᵀX)⁻¹` in contributions and in coefficients.
    inverse: [DMatrix<f64>; 2],
    /// The covariance of the estimates in contributions and in coefficients.
    covariance: [DMatrix<f64>; 2],
    pub(super) information: Information,
}

/// Which numbers stand for coefficients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Coordinates {
    /// What terms contribute amid the runs.
    Contributions,
    /// The coefficients themselves.
    Coefficients,
}

impl Uncertainty {
    /// Of a fit. With each row a group of its own, `s² (XᵀX)⁻¹` with `s² = S/(n − p)`. Where groups have
    /// several rows, whose errors belong together, the covariance that allows for it (Liang & Zeger 1986,
    /// Biometrika 73:13), `(XᵀX)⁻¹ (Σ_g X_gᵀ r_g r_gᵀ X_g) (XᵀX)⁻¹` times `G/(G − 1) · (n − 1)/(n − p)`
    /// (Cameron & Miller 2015, J. Human Resources 50:317, equation 12).
    pub(super) fn of(fit: &Fit, observations: &Observations) -> Result<Uncertainty, FitError> {
        let (n, groups) = (observations.n_rows(), observations.groups_present());
        let tangent = Tangent::new(
            &fit.form,
            &fit.values(),
            observations,
            observations,
            fit.objective,
        )?;
        let p = tangent.columns.len();
        if groups <= p {
            return Err(FitError::TooFewRows {
                rows: groups,
                parameters: p + 1,
            });
        }
        let information = Information::of(&tangent.columns)?;
        let inverse = information.covariance();
        let residuals = residuals(fit, observations)?;
        let middle = if groups == n {
            let variance = match fit.objective {
                // One run far from the law must not widen all intervals.
                Objective::LogHuber { .. } => super::residual_scale(fit.objective, &residuals, p).powi(2),
                _ => super::columns::dot(&residuals, &residuals) / (n - p) as f64,
            };
            &inverse * variance
        } else {
            let mut scores = DMatrix::zeros(p, observations.n_groups);
            for (row, (residual, &group)) in residuals.iter().zip(&observations.group).enumerate() {
                for (k, column) in tangent.columns.iter().enumerate() {
                    scores[(k, group)] += residual * column[row];
                }
            }
            let (n, groups, p) = (n as f64, groups as f64, p as f64);
            let few = groups / (groups - 1.0) * (n - 1.0) / (n - p);
            let half = &inverse * scores;
            &half * half.transpose() * few
        };
        // ln c = ln c' − Σ θ mean: back from the contributions to the coefficients.
        let original =
            |matrix: &DMatrix<f64>| &tangent.to_original * matrix * tangent.to_original.transpose();
        Ok(Uncertainty {
            covariance: [middle.clone(), original(&middle)],
            inverse: [inverse.clone(), original(&inverse)],
            information,
        })
    }

    /// The covariance of two estimates, coefficients by their logarithms.
    pub(super) fn covariance(&self, of: Coordinates, a: usize, b: usize) -> f64 {
        self.covariance[of as usize][(a, b)]
    }

    /// The variance of an estimate over what independent errors of variance 1 would make of it.
    pub(super) fn inflation(&self, of: Coordinates, a: usize) -> f64 {
        self.covariance[of as usize][(a, a)] / self.inverse[of as usize][(a, a)]
    }
}

/// Weighted residuals in the unit of the objective.
fn residuals(fit: &Fit, observations: &Observations) -> Result<Vec<f64>, FitError> {
    let predicted = fit.predict(observations)?;
    let rows = predicted.iter().zip(&observations.loss).zip(&observations.weight);
    let residual = |((predicted, loss), weight): ((&f64, &f64), &f64)| {
        weight.sqrt()
            * match fit.objective {
                Objective::LeastSquares => loss - predicted,
                Objective::LogLeastSquares | Objective::LogHuber { .. } => (loss / predicted).ln(),
            }
    };
    Ok(rows.map(residual).collect())
}
