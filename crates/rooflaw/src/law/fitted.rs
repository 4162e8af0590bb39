//! From a fit to a law file: what `rooflaw fit` writes and `rooflaw design` reads.

use super::fit::routed::RoutedLaw;
use super::fit::{LawFit, LawForm, Objective};
use super::{About, Ensemble, Family, Feature, FittedRange, LawFile, RunsRecord};
use crate::runs::RunTable;

impl Family {
    /// What a fit is asked for.
    #[must_use]
    pub fn to_fit(&self) -> LawForm {
        match self {
            Family::AdditivePower(form) => LawForm::Power(form.clone()),
            Family::Routed => LawForm::Routed {
                dense_parameters: Feature::ActiveParameters.name().to_owned(),
                experts: Feature::NExperts.name().to_owned(),
            },
        }
    }
}

/// The numbers of a fit, in the order of [`Family::n_numbers`].
fn numbers(fit: &LawFit) -> Vec<f64> {
    match fit {
        LawFit::Power(fit) => fit.values().numbers(),
        LawFit::Routed { fit, .. } => {
            let RoutedLaw {
                a,
                b,
                c,
                d,
                expert_start,
                expert_max,
            } = fit.law;
            vec![a, b, c, d, expert_start, expert_max]
        }
    }
}

impl Objective {
    /// Its name in files and on the command line: `loss`, `log`, `huber:0.001`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Objective::LeastSquares => "loss".to_owned(),
            Objective::LogLeastSquares => "log".to_owned(),
            Objective::LogHuber { delta } => format!("huber:{delta}"),
        }
    }
}

impl LawFile {
    /// The file of this law fitted to runs: its numbers, the refits that its intervals come from, the scatter of runs
    /// about it (σ of `ln L`), the range of the runs and their digest.
    #[must_use]
    pub fn fitted(
        &self,
        about: About,
        fit: &LawFit,
        refits: &[LawFit],
        residual_sd: f64,
        runs: &RunTable,
    ) -> LawFile {
        let mut fitted_range = FittedRange::default();
        for (name, values) in &runs.variables {
            let range = values
                .iter()
                .fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), &value| {
                    (least.min(value), most.max(value))
                });
            if let Some(feature) = Feature::named(name) {
                fitted_range.set(feature, range.0, range.1);
            }
        }
        LawFile {
            id: self.id.clone(),
            about,
            family: self.family.clone(),
            numbers: Some(numbers(fit)),
            fitted_range,
            runs: Some(RunsRecord {
                digest: runs.digest(),
                rows: runs.n_rows(),
                groups: runs.n_runs(),
                objective: fit.objective().label(),
            }),
            // A scatter that is not known is no ground for intervals.
            ensemble: (refits.len() > 1 && residual_sd.is_finite()).then(|| Ensemble {
                members: refits.iter().map(|refit| rounded(&numbers(refit))).collect(),
                residual_sd,
            }),
        }
    }
}

/// Seven digits: far below the spread of the members, and a third of the file.
fn rounded(numbers: &[f64]) -> Vec<f64> {
    let round = |number: &f64| format!("{number:.6e}").parse().unwrap_or(*number);
    numbers.iter().map(round).collect()
}
