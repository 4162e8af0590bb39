//! What can be fitted: separable laws `y = E + Σⱼ cⱼ Πₖ xₖ^eⱼₖ`, declared term by term.

use serde::Serialize;

/// A law to fit: `E + Σⱼ cⱼ Πₖ xₖ^eⱼₖ` with non-negative coefficients and exponents that may be shared
/// between terms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Form {
    /// The irreducible loss `E`, in the unit of the loss.
    pub irreducible_loss: Coefficient,
    /// The exponents that are looked for, `θ`.
    pub exponents: Vec<ExponentParameter>,
    /// The power terms.
    pub terms: Vec<FormTerm>,
}

/// One term, `c · Π x^e`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FormTerm {
    /// What the term stands for.
    pub name: String,
    /// The factor in front, in the unit of the loss.
    pub coefficient: Coefficient,
    /// The variables that it has, each with its exponent.
    pub powers: Vec<(String, Exponent)>,
}

/// A factor that enters the law linearly; never negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Coefficient {
    /// To be fitted.
    Free,
    /// Held at a value, which is at least 0.
    Fixed(f64),
}

/// The exponent of a variable in a term.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Exponent {
    /// A number.
    Fixed(f64),
    /// `factor · θ[parameter]`, so that terms can share a parameter.
    Parameter {
        /// Index into [`Form::exponents`].
        parameter: usize,
        /// What the parameter is multiplied with, such as −1 for `x^−α`.
        factor: f64,
    },
}

/// An exponent that is looked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExponentParameter {
    /// Its name, as in the law's source: `alpha`.
    pub name: String,
    /// Least value allowed.
    pub lower: f64,
    /// Greatest value allowed; equal to `lower` for a parameter held fixed.
    pub upper: f64,
    /// The interval that random starts are drawn from.
    pub start: (f64, f64),
}

impl ExponentParameter {
    /// A parameter without bounds whose random starts lie in `[0.05, 1.2)`, where most published exponents
    /// do.
    #[must_use]
    pub fn new(name: &str) -> ExponentParameter {
        ExponentParameter {
            name: name.to_owned(),
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
            start: (0.05, 1.2),
        }
    }

    /// The same within `[lower, upper]`.
    #[must_use]
    pub fn within(mut self, lower: f64, upper: f64) -> ExponentParameter {
        (self.lower, self.upper) = (lower, upper);
        self
    }

    /// The same held at `value`.
    #[must_use]
    pub fn fixed(self, value: f64) -> ExponentParameter {
        self.within(value, value)
    }

    /// The same with random starts in `[low, high)`.
    #[must_use]
    pub fn starting(mut self, low: f64, high: f64) -> ExponentParameter {
        self.start = (low, high);
        self
    }
}

impl Form {
    /// `E + Σ c/x^α`, a term and an exponent for each variable: the laws of Hoffmann et al. 2022 (2203.15556,
    /// equation 2) in `N`, `D`, of Gemstones (2502.06857) in width, depth and tokens, and so on.
    #[must_use]
    pub fn additive(variables: &[&str]) -> Form {
        let term = |(parameter, variable): (usize, &&str)| FormTerm {
            name: (*variable).to_owned(),
            coefficient: Coefficient::Free,
            powers: vec![(
                (*variable).to_owned(),
                Exponent::Parameter {
                    parameter,
                    factor: -1.0,
                },
            )],
        };
        Form {
            irreducible_loss: Coefficient::Free,
            exponents: variables
                .iter()
                .map(|variable| ExponentParameter::new(&format!("alpha_{variable}")))
                .collect(),
            terms: variables.iter().enumerate().map(term).collect(),
        }
    }

    /// The co-design law (2602.10377): `κ_l/l^α_l + κ_ρ ρ^α_ρ/(r^α_r d^β1) + κ_d/(r^α_r d^β2) + κ_m/d_m^α_m +
    /// L∞`, in the variables `n_layers`, `activation_rate`, `ffn_ratio`, `hidden_size` and `kv_dim`.
    #[must_use]
    pub fn codesign() -> Form {
        const NAMES: [&str; 6] = ["alpha_l", "alpha_rho", "alpha_r", "beta1", "beta2", "alpha_m"];
        let power = |variable: &str, parameter: usize, factor: f64| {
            (variable.to_owned(), Exponent::Parameter { parameter, factor })
        };
        let term = |name: &str, powers: Vec<(String, Exponent)>| FormTerm {
            name: name.to_owned(),
            coefficient: Coefficient::Free,
            powers,
        };
        let mut exponents: Vec<_> = NAMES.into_iter().map(ExponentParameter::new).collect();
        exponents[0].start = (0.2, 2.5);
        exponents[1].start = (0.2, 2.0);
        exponents[3].start = (-1.0, 0.5);
        Form {
            irreducible_loss: Coefficient::Free,
            exponents,
            terms: vec![
                term("depth", vec![power("n_layers", 0, -1.0)]),
                term(
                    "sparsity",
                    vec![
                        power("activation_rate", 1, 1.0),
                        power("ffn_ratio", 2, -1.0),
                        power("hidden_size", 3, -1.0),
                    ],
                ),
                term(
                    "width",
                    vec![power("ffn_ratio", 2, -1.0), power("hidden_size", 4, -1.0)],
                ),
                term("kv cache", vec![power("kv_dim", 5, -1.0)]),
            ],
        }
    }

    /// `Σ exponent · ln x` of a term, at the logarithms that `log` has of the variables.
    pub(super) fn log_power(term: &FormTerm, exponents: &[f64], log: impl Fn(&str) -> f64) -> f64 {
        let power = |exponent: &Exponent| match *exponent {
            Exponent::Fixed(power) => power,
            Exponent::Parameter { parameter, factor } => {
                factor * exponents.get(parameter).copied().unwrap_or_default()
            }
        };
        let powers = term.powers.iter();
        powers
            .map(|(variable, exponent)| power(exponent) * log(variable))
            .sum()
    }

    /// How many numbers the data must determine: free coefficients, `E` and exponents that are not fixed.
    #[must_use]
    pub fn n_free(&self) -> usize {
        let coefficients =
            std::iter::once(self.irreducible_loss).chain(self.terms.iter().map(|term| term.coefficient));
        let exponents = self
            .exponents
            .iter()
            .filter(|exponent| exponent.lower < exponent.upper);
        coefficients
            .filter(|coefficient| *coefficient == Coefficient::Free)
            .count()
            + exponents.count()
    }
}
