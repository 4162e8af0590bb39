//! Laws side by side: in-sample agreement, cross-validated and extrapolation errors.

use super::{
    CrossValidation, ExtrapolationTest, FitError, Folds, LawFit, LawForm, Objective, Observations, Starts,
    cross_validate, extrapolate,
};

/// A law to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What to call it.
    pub name: String,
    /// The law.
    pub form: LawForm,
    /// What its fit minimises; see [`LawForm::objective`].
    pub objective: Objective,
}

/// How to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Where the fit to all rows begins.
    pub starts: Starts,
    /// Where refits to parts begin, besides at the fit to all rows.
    pub refit_starts: Starts,
    /// What is left out together.
    pub folds: Folds,
    /// The variable and the share of the groups for the extrapolation; `None` for none.
    pub extrapolation: Option<(String, f64)>,
}

/// A law's row in the comparison.
#[derive(Clone, Debug)]
pub struct Compared {
    /// What to call it.
    pub name: String,
    /// Numbers that the data must determine.
    pub n_parameters: usize,
    /// The fit to all rows, with its quality there.
    pub fit: Result<LawFit, FitError>,
    /// Errors by cross-validation; the error of the fit when there is none.
    pub cross_validation: Result<CrossValidation, FitError>,
    /// Errors beyond the fitted sizes; `None` when not asked for.
    pub extrapolation: Option<Result<ExtrapolationTest, FitError>>,
    /// Akaike's criterion with the correction for small samples, up to a constant: `n ln(RSS/n) + 2k + 2k(k +
    /// 1)/(n − k − 1)` with `k` parameters and the variance (Hurvich & Tsai 1989). Comparable between laws
    /// fitted to the same rows with the same objective; `None` where it has no meaning: with Huber's loss,
    /// where groups make rows dependent, or with too few rows.
    pub aicc: Option<f64>,
}

/// Fits and validates each law; one that cannot be fitted keeps its place. The order is that of `candidates`.
#[must_use]
pub fn compare(candidates: &[Candidate], observations: &Observations, how: &Comparison) -> Vec<Compared> {
    let row = |candidate: &Candidate| {
        let objective = candidate.form.objective(candidate.objective);
        let fit = candidate.form.fit(observations, objective, &how.starts);
        let cross_validation = fit
            .clone()
            .and_then(|fit| cross_validate(&fit, observations, &how.folds, &how.refit_starts));
        let extrapolation = how.extrapolation.as_ref().map(|(size, share)| {
            fit.clone()
                .and_then(|fit| extrapolate(&fit, observations, size, *share, &how.refit_starts))
        });
        let n_parameters = candidate.form.n_free();
        Compared {
            name: candidate.name.clone(),
            n_parameters,
            aicc: fit
                .as_ref()
                .ok()
                .and_then(|fit| aicc(fit, n_parameters, observations)),
            fit,
            cross_validation,
            extrapolation,
        }
    };
    candidates.iter().map(row).collect()
}

/// The law to trust, by its index: of those whose cross-validated error is within a standard error of the least, the one
/// of fewest numbers, and of these the one of least error (the rule of one standard error, Breiman et al. 1984,
/// *Classification and Regression Trees*, section 3.4.3). Without cross-validation, the best fit; `None` when nothing
/// was fitted.
#[must_use]
pub fn most_trusted(compared: &[Compared]) -> Option<usize> {
    let validated = |row: &Compared| {
        let found = row.cross_validation.as_ref().ok()?;
        found.quality.mae.is_finite().then_some(found.quality.mae)
    };
    let rows = || compared.iter().enumerate();
    let least = rows()
        .filter_map(|(index, row)| Some((index, validated(row)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((index, least)) = least else {
        let fits = rows().filter_map(|(index, row)| Some((index, row.fit.as_ref().ok()?.quality().mae)));
        return fits.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index);
    };
    let error = compared[index]
        .cross_validation
        .as_ref()
        .map_or(0.0, |found| found.mae_error);
    let limit = least + if error.is_finite() { error } else { 0.0 };
    rows()
        .filter_map(|(index, row)| Some((index, row.n_parameters, validated(row)?)))
        .filter(|(_, _, mae)| *mae <= limit)
        .min_by(|a, b| a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)))
        .map(|(index, ..)| index)
}

fn aicc(fit: &LawFit, n_parameters: usize, observations: &Observations) -> Option<f64> {
    let n = observations.n_rows();
    if observations.groups_present() < n {
        return None;
    }
    let objective = fit.objective();
    if matches!(objective, Objective::LogHuber { .. }) {
        return None;
    }
    let predicted = fit.predict(observations).ok()?;
    let mean = super::objective_value(objective, &predicted, observations) / n as f64;
    let k = n_parameters + 1;
    let left = n.checked_sub(k + 1).filter(|left| *left > 0)?;
    let (n, k, left) = (n as f64, k as f64, left as f64);
    Some(n * mean.ln() + 2.0 * k + 2.0 * k * (k + 1.0) / left)
}
