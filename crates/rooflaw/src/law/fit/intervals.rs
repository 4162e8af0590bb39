//! Intervals of a law's numbers, by profiles or by refits to resamples.

use super::interval::quantile;
use super::{
    Fit, FitError, Form, Interval, Objective, Observations, Parameter, Profiles, bootstrap, profile,
};
use serde::Serialize;

/// Refits behind an interval where no profile is to be had: the 2.5 % quantile is then between two of 25.
const REFITS: usize = 1000;
/// A contribution below this share of the mean loss is none.
const NOTHING: f64 = 1e-6;

/// What a normal distribution has below minus one standard deviation.
const ONE_DEVIATION: f64 = 0.158_655_253_931_457_05;

/// How intervals were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum IntervalMethod {
    /// Profile likelihood, see [`profile`].
    Profile,
    /// Percentiles of grouped bootstrap refits (Efron 1979), see [`bootstrap`].
    Bootstrap {
        /// Refits that succeeded.
        refits: usize,
    },
}

/// An interval for every number of a law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterIntervals {
    /// How they were found.
    pub method: IntervalMethod,
    /// The share of intervals that hold the truth, such as 0.95.
    pub confidence: f64,
    /// One for each of [`super::Form::free_parameters`], in their order, in the parameter's own unit.
    pub parameters: Vec<Interval>,
    /// What each term with a free coefficient contributes to the loss at the geometric mean of the runs, in
    /// the unit of the loss, by the index of the term.
    pub contributions: Vec<(usize, Interval)>,
    /// Standard errors by refits, as `parameters`: half the distance between the quantiles that a normal
    /// distribution has one standard deviation to either side, which a few wild refits do not move. `None`
    /// with profiles.
    pub standard_errors: Option<Vec<f64>>,
}

/// The intervals to show by default: profiles for least squares; for Huber's loss, whose profile has no scale
/// of its own, 1,000 grouped bootstrap refits from `seed`.
///
/// # Errors
/// As [`profile`]; fewer than half of the refits succeed.
pub fn parameter_intervals(
    fit: &Fit,
    observations: &Observations,
    confidence: f64,
    seed: u64,
) -> Result<ParameterIntervals, FitError> {
    match fit.objective {
        Objective::LeastSquares | Objective::LogLeastSquares => {
            Ok(profile(fit, observations, confidence)?.intervals())
        }
        Objective::LogHuber { .. } => {
            let refits = bootstrap(fit, observations, REFITS, seed);
            bootstrap_intervals(fit, &refits, observations, confidence)
        }
    }
}

impl Profiles {
    /// The intervals alone.
    #[must_use]
    pub fn intervals(&self) -> ParameterIntervals {
        ParameterIntervals {
            method: IntervalMethod::Profile,
            confidence: self.confidence,
            parameters: self.parameters.iter().map(|profile| profile.interval).collect(),
            contributions: self
                .contributions
                .iter()
                .map(|(term, profile)| (*term, profile.interval))
                .collect(),
            standard_errors: None,
        }
    }
}

/// Percentile intervals of refits, those of [`bootstrap`]. Failed ones are left out.
///
/// # Errors
/// Fewer than half of the refits succeeded; a variable that `observations` lack.
pub fn bootstrap_intervals(
    fit: &Fit,
    refits: &[Result<Fit, FitError>],
    observations: &Observations,
    confidence: f64,
) -> Result<ParameterIntervals, FitError> {
    let good: Vec<&Fit> = refits.iter().flatten().collect();
    if good.is_empty() || 2 * good.len() < refits.len() {
        return Err(FitError::NoOptimum);
    }
    let mean_loss = observations.loss.iter().sum::<f64>() / observations.n_rows() as f64;
    let logs = centre(fit, observations)?;
    let contribution = |law: &Fit, term: usize| {
        let form_term = &fit.form.terms[term];
        law.coefficients[term] * Form::log_power(form_term, &law.exponents, &logs).exp()
    };
    let (tail, nothing) = (0.5 * (1.0 - confidence), NOTHING * mean_loss);
    let limits = |mut values: Vec<f64>, tail: f64| {
        values.sort_by(f64::total_cmp);
        (quantile(&values, tail), quantile(&values, 1.0 - tail))
    };
    let amount = |term: usize| {
        let (low, high) = limits(good.iter().map(|law| contribution(law, term)).collect(), tail);
        Interval {
            low: (low > nothing).then_some(low),
            high: Some(high),
        }
    };
    let free = fit.form.free_parameters();
    let values = |parameter: Parameter| good.iter().map(|law| law.values().get(parameter)).collect();
    let parameters = free.iter().map(|parameter| {
        let (low, high) = limits(values(*parameter), tail);
        let reaches_zero = match parameter {
            Parameter::IrreducibleLoss => low <= nothing,
            Parameter::Coefficient(term) => amount(*term).low.is_none(),
            Parameter::Exponent(_) => false,
        };
        Interval {
            low: (!reaches_zero).then_some(low),
            high: Some(high),
        }
    });
    let contributions = free.iter().filter_map(|parameter| match parameter {
        Parameter::Coefficient(term) => Some((*term, amount(*term))),
        _ => None,
    });
    let standard_errors = free.iter().map(|parameter| {
        let (low, high) = limits(values(*parameter), ONE_DEVIATION);
        0.5 * (high - low)
    });
    Ok(ParameterIntervals {
        standard_errors: Some(standard_errors.collect()),
        method: IntervalMethod::Bootstrap { refits: good.len() },
        confidence,
        parameters: parameters.collect(),
        contributions: contributions.collect(),
    })
}

/// The mean logarithm of each variable of the form over the rows.
fn centre(fit: &Fit, observations: &Observations) -> Result<impl Fn(&str) -> f64, FitError> {
    let mut means = std::collections::BTreeMap::new();
    for (name, _) in fit.form.terms.iter().flat_map(|term| &term.powers) {
        let logs = observations.log_of(name)?;
        means.insert(name.clone(), logs.iter().sum::<f64>() / logs.len() as f64);
    }
    Ok(move |name: &str| means.get(name).copied().unwrap_or_default())
}
