//! What a law file declares: a family of laws, and, once fitted, its numbers.

use super::fit::routed::RoutedLaw;
use super::fit::{Exponent, Form, FormTerm, Values};
use super::{Ensemble, Feature, FittedRange, Formula, Kernel, LossLaw, Term};
use serde::{Deserialize, Serialize};

/// Where a law comes from, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// What people call it.
    pub name: String,
    /// Where the form and the numbers come from.
    pub source: String,
    /// What the loss is: of which set.
    pub loss: String,
    /// What the loss is measured in; nats/token where nothing is said.
    pub unit: Option<String>,
    /// How well it fits.
    pub quality: Option<String>,
    /// What to know before trusting it.
    pub note: Option<String>,
}

/// Which runs a law was fitted to, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunsRecord {
    /// SHA-256 of the runs, hexadecimal.
    pub digest: String,
    /// Rows fitted.
    pub rows: usize,
    /// Independent runs among them.
    pub groups: usize,
    /// What was minimised, as [`super::fit::Objective::label`] has it: `loss`, `log`, `huber:0.001`.
    pub objective: String,
}

/// Laws of one formula, differing in their numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Family {
    /// `L∞ + Σ c · Π x^e`.
    AdditivePower(Form),
    /// The routed law of Clark et al.
    Routed,
}

/// What a law file says.
#[derive(Clone, Debug, PartialEq)]
pub struct LawFile {
    /// Identifier, the stem of the file.
    pub id: String,
    /// Where it comes from.
    pub about: About,
    /// The formula.
    pub family: Family,
    /// The numbers, in the order of [`Family::n_numbers`]; `None` for a law that is yet to be fitted.
    pub numbers: Option<Vec<f64>>,
    /// The range of each feature over the fitted runs.
    pub fitted_range: FittedRange,
    /// The runs it was fitted to, when it was fitted here.
    pub runs: Option<RunsRecord>,
    /// The refits that intervals come from.
    pub ensemble: Option<Ensemble>,
}

/// A law file that cannot predict the loss of an architecture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the law `{id}` {reason}")]
pub struct NotALossLaw {
    /// The law's id.
    pub id: String,
    /// Why not.
    pub reason: String,
}

impl Family {
    /// The formula with numbers; `None` when they are not as many as [`Family::n_numbers`], or when a term is in a
    /// variable that no architecture has.
    #[must_use]
    pub fn with(&self, numbers: &[f64]) -> Option<Formula> {
        match self {
            Family::AdditivePower(_) => {
                let (form, values) = self.form_and_values(numbers)?;
                let term = |(term, &coefficient): (&FormTerm, &f64)| {
                    let power = |(variable, exponent): &(String, Exponent)| {
                        let exponent = match *exponent {
                            Exponent::Fixed(number) => number,
                            Exponent::Parameter { parameter, factor } => {
                                factor * values.exponents.get(parameter)?
                            }
                        };
                        Some((Feature::named(variable)?, exponent))
                    };
                    Some(Term {
                        name: term.name.clone(),
                        coefficient,
                        exponents: term.powers.iter().map(power).collect::<Option<_>>()?,
                    })
                };
                let terms = form
                    .terms
                    .iter()
                    .zip(&values.coefficients)
                    .map(term)
                    .collect::<Option<_>>()?;
                Some(Formula::AdditivePower {
                    irreducible_loss: values.irreducible_loss,
                    terms,
                })
            }
            Family::Routed => {
                let &[a, b, c, d, expert_start, expert_max] = numbers else {
                    return None;
                };
                Some(Formula::Routed(RoutedLaw {
                    a,
                    b,
                    c,
                    d,
                    expert_start,
                    expert_max,
                }))
            }
        }
    }

    /// The form and its values; `None` for the routed law, and for another number of numbers.
    #[must_use]
    pub fn form_and_values(&self, numbers: &[f64]) -> Option<(&Form, Values)> {
        let Family::AdditivePower(form) = self else {
            return None;
        };
        let (&irreducible_loss, rest) = numbers.split_first()?;
        let (coefficients, exponents) = rest.split_at_checked(form.terms.len())?;
        (exponents.len() == form.exponents.len()).then(|| {
            let values = Values {
                irreducible_loss,
                coefficients: coefficients.to_vec(),
                exponents: exponents.to_vec(),
            };
            (form, values)
        })
    }

    /// The variables that the law is written in, each once, in order of appearance.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Family::AdditivePower(form) => {
                let mut names: Vec<&str> = Vec::new();
                for (variable, _) in form.terms.iter().flat_map(|term| &term.powers) {
                    if !names.contains(&variable.as_str()) {
                        names.push(variable);
                    }
                }
                names
            }
            Family::Routed => vec![Feature::ActiveParameters.name(), Feature::NExperts.name()],
        }
    }
}

impl LawFile {
    /// The law, if the file has its numbers and its variables are features of architectures.
    ///
    /// # Errors
    /// [`NotALossLaw`].
    pub fn into_law(self) -> Result<LossLaw, NotALossLaw> {
        let refuse = |reason: String| NotALossLaw {
            id: self.id.clone(),
            reason,
        };
        let Some(numbers) = &self.numbers else {
            return Err(refuse("has no numbers yet: `rooflaw fit` finds them".to_owned()));
        };
        let foreign = self
            .family
            .variables()
            .into_iter()
            .find(|name| Feature::named(name).is_none());
        if let Some(variable) = foreign {
            return Err(refuse(format!(
                "is written in `{variable}`, which no architecture has"
            )));
        }
        let form = self
            .family
            .with(numbers)
            .ok_or_else(|| refuse("has another number of numbers than its form".to_owned()))?;
        Ok(LossLaw {
            kernel: Kernel::new(&form, None),
            numbers: numbers.clone(),
            id: self.id,
            about: self.about,
            form,
            fitted_range: self.fitted_range,
            runs: self.runs,
            ensemble: self.ensemble,
            family: self.family,
            training_tokens: None,
        })
    }
}
