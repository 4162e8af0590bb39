//! Which of a law's numbers the runs determine, and which they cannot tell apart.
//!
//! Standard errors and correlations come from the Fisher information of normal errors, `XᵀX/s²` with the
//! sensitivities `X` of the loss, by the singular values of `X` with columns of unit length (Belsley, Kuh &
//! Welsch 1980, *Regression Diagnostics*, chapter 3), and allow for errors that groups have in common. They are those of the law's tangent; whether a number
//! is *practically* identifiable is judged by its interval (Raue et al. 2009, Bioinformatics 25:1923), which
//! follows the law's curvature out to where the data object.
//!
//! Coefficients are judged by what their term contributes to the loss amid the runs. The coefficient itself
//! is the contribution where every variable is 1, decades away, and moves by factors with the last digit of
//! an exponent while nothing in the runs changes.

use super::information::{Coordinates, SINGULAR, Uncertainty, Weakest};
use super::intervals::ParameterIntervals;
use super::{Exponent, Fit, FitError, Form, Interval, Observations, Parameter};
use serde::Serialize;
use std::fmt;

/// `E`, or a contribution, whose interval spans more than this factor is not determined: not even to a factor
/// of two either way.
pub const MOST_SPAN: f64 = 4.0;
/// An exponent whose interval is wider than this, and than its own size, is not determined.
pub const MOST_WIDTH: f64 = 1.0;
/// Two numbers whose estimates correlate by at least this trade off.
pub const TRADE_OFF: f64 = 0.9;
/// What the runs say about a law's numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identifiability {
    /// One for each of [`Form::free_parameters`], in their order.
    pub parameters: Vec<ParameterReport>,
    /// Pairs that trade off, the strongest first; coefficients as their contribution amid the runs.
    pub trade_offs: Vec<TradeOff>,
    /// Numbers that are not identifiable, those that trade off with one another together.
    pub confused: Vec<Vec<Parameter>>,
    /// The direction that the runs determine least.
    pub weakest: Weakest,
    names: Vec<(Parameter, String)>,
}

/// What the runs say about one number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterReport {
    /// Which number.
    pub parameter: Parameter,
    /// Its name, as [`Form::parameter_name`] has it.
    pub name: String,
    /// Its estimate.
    pub value: f64,
    /// Its standard error in its own unit, by the refits behind the intervals or else by the Fisher
    /// information; `None` when the information is singular in it or the estimate is 0.
    pub standard_error: Option<f64>,
    /// Standard error over size, a fraction.
    pub relative_error: Option<f64>,
    /// Its interval.
    pub interval: Interval,
    /// Whether the runs determine it.
    pub verdict: Verdict,
}

/// Whether runs determine a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Verdict {
    /// They do.
    Identifiable,
    /// They do not.
    NotIdentifiable {
        /// Why.
        reason: Reason,
    },
}

/// Why a number is not identifiable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Reason {
    /// The runs agree with 0: with a law without the term, or without irreducible loss.
    MayBeZero,
    /// The runs set no upper, or no lower, limit.
    Open,
    /// Its interval spans this factor, more than [`MOST_SPAN`].
    Span(f64),
    /// Its interval is this wide: more than [`MOST_WIDTH`] and than its own size.
    Width(f64),
    /// An exponent of a term whose contribution is not determined.
    OfUndeterminedTerm,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::MayBeZero => write!(f, "the runs agree with 0"),
            Reason::Open => write!(f, "the runs set no limit on one side"),
            Reason::Span(factor) => write!(f, "its interval spans a factor of {factor:.0}"),
            Reason::Width(width) => write!(f, "its interval is {width:.1} wide"),
            Reason::OfUndeterminedTerm => write!(f, "the size of its term is not determined"),
        }
    }
}

/// Two numbers that trade off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TradeOff {
    /// The pair.
    pub pair: (Parameter, Parameter),
    /// Correlation of their estimates, −1 to 1.
    pub correlation: f64,
}

impl Identifiability {
    /// The verdict on a number; `None` for one that is not free.
    #[must_use]
    pub fn verdict(&self, parameter: Parameter) -> Option<Verdict> {
        let found = self
            .parameters
            .iter()
            .find(|report| report.parameter == parameter);
        found.map(|report| report.verdict)
    }

    /// A sentence for each of [`Identifiability::confused`]: "irreducible_loss, coefficient of kv cache and
    /// alpha_m cannot be told apart".
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let name = |parameter: &Parameter| {
            let found = self.names.iter().find(|(known, _)| known == parameter);
            found.map_or("", |(_, name)| name.as_str())
        };
        self.confused
            .iter()
            .map(|group| match group.as_slice() {
                [] => String::new(),
                [one] => format!("{} is not determined", name(one)),
                [first @ .., last] => {
                    let first: Vec<&str> = first.iter().map(name).collect();
                    format!("{} and {} cannot be told apart", first.join(", "), name(last))
                }
            })
            .collect()
    }
}

/// Judges a fit's numbers by intervals, those of [`super::parameter_intervals`].
///
/// # Errors
/// A variable that `observations` lack, intervals of another form, or no more groups than parameters.
pub fn identify(
    fit: &Fit,
    observations: &Observations,
    intervals: &ParameterIntervals,
) -> Result<Identifiability, FitError> {
    let free = fit.form.free_parameters();
    if intervals.parameters.len() != free.len() {
        return Err(FitError::Form {
            what: "intervals are those of another form".to_owned(),
        });
    }
    let uncertainty = Uncertainty::of(fit, observations)?;
    let verdicts = verdicts(&fit.form, &free, intervals);
    let parameters = free.iter().enumerate().map(|(index, &parameter)| {
        let value = fit.values().get(parameter);
        let spread = uncertainty
            .covariance(Coordinates::Coefficients, index, index)
            .sqrt();
        let size = match (&intervals.standard_errors, parameter) {
            (Some(errors), _) => errors.get(index).copied().unwrap_or(f64::NAN),
            (None, Parameter::Exponent(_)) => spread,
            (None, _) => spread * value,
        };
        let known = size.is_finite() && spread < 1.0 / SINGULAR.sqrt() && size > 0.0;
        ParameterReport {
            parameter,
            name: fit.form.parameter_name(parameter),
            value,
            standard_error: known.then_some(size),
            relative_error: (known && value != 0.0).then(|| size / value.abs()),
            interval: intervals.parameters[index],
            verdict: verdicts[index],
        }
    });
    let covariance = |a: usize, b: usize| uncertainty.covariance(Coordinates::Contributions, a, b);
    let correlation = |a: usize, b: usize| {
        covariance(a, b)
            / (covariance(a, a) * covariance(b, b))
                .sqrt()
                .max(f64::MIN_POSITIVE)
    };
    let mut trade_offs = Vec::new();
    for a in 0..free.len() {
        for b in 0..a {
            if correlation(a, b).abs() >= TRADE_OFF {
                trade_offs.push(TradeOff {
                    pair: (free[b], free[a]),
                    correlation: correlation(a, b),
                });
            }
        }
    }
    trade_offs.sort_by(|x, y| y.correlation.abs().total_cmp(&x.correlation.abs()));
    Ok(Identifiability {
        parameters: parameters.collect(),
        confused: confused(&free, &verdicts, &trade_offs),
        trade_offs,
        weakest: uncertainty.information.weakest(&free),
        names: free
            .iter()
            .map(|&parameter| (parameter, fit.form.parameter_name(parameter)))
            .collect(),
    })
}

fn verdicts(form: &Form, free: &[Parameter], intervals: &ParameterIntervals) -> Vec<Verdict> {
    let amount = |interval: Interval| match (interval.low, interval.high) {
        (None, _) => Some(Reason::MayBeZero),
        (_, None) => Some(Reason::Open),
        (Some(low), Some(high)) if high > MOST_SPAN * low => Some(Reason::Span(high / low)),
        _ => None,
    };
    let contribution = |term: usize| {
        let found = intervals.contributions.iter().find(|(index, _)| *index == term);
        found.and_then(|(_, interval)| amount(*interval))
    };
    // An exponent of several terms is determined by any of them.
    let term_undetermined = |exponent: usize| {
        let mut terms = form.terms.iter().enumerate().filter(|(_, term)| {
            let of_exponent = |(_, power): &(String, Exponent)| matches!(power, Exponent::Parameter { parameter, .. } if *parameter == exponent);
            term.powers.iter().any(of_exponent)
        });
        terms.all(|(index, _)| contribution(index).is_some())
    };
    let reason = |parameter: Parameter, interval: Interval| match parameter {
        Parameter::IrreducibleLoss => amount(interval),
        Parameter::Coefficient(term) => {
            contribution(term).or_else(|| interval.bounded().is_none().then_some(Reason::Open))
        }
        Parameter::Exponent(index) if term_undetermined(index) => Some(Reason::OfUndeterminedTerm),
        Parameter::Exponent(_) => match interval.bounded() {
            None => Some(Reason::Open),
            Some((low, high)) => {
                let (width, size) = (high - low, 0.5 * (high + low).abs());
                (width > MOST_WIDTH && width > size).then_some(Reason::Width(width))
            }
        },
    };
    free.iter()
        .zip(&intervals.parameters)
        .map(|(&parameter, &interval)| match reason(parameter, interval) {
            Some(reason) => Verdict::NotIdentifiable { reason },
            None => Verdict::Identifiable,
        })
        .collect()
}

/// The numbers that are not identifiable, joined where they trade off.
fn confused(free: &[Parameter], verdicts: &[Verdict], trade_offs: &[TradeOff]) -> Vec<Vec<Parameter>> {
    let mut groups: Vec<Vec<Parameter>> = free
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| **verdict != Verdict::Identifiable)
        .map(|(parameter, _)| vec![*parameter])
        .collect();
    for TradeOff { pair: (a, b), .. } in trade_offs {
        let holding = |wanted: &Parameter| groups.iter().position(|group| group.contains(wanted));
        if let (Some(first), Some(second)) = (holding(a), holding(b))
            && first != second
        {
            let moved = groups.remove(first.max(second));
            groups[first.min(second)].extend(moved);
        }
    }
    groups
}
