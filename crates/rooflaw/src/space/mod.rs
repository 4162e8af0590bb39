//! Design spaces: axes, ties between them, constraints; enumerated lazily, by index.
//!
//! A space of any size takes no memory. The last axis varies fastest, so index and architecture determine each other.

mod cursor;
mod file;
mod monomial;
mod region;
mod seen;
mod span;
mod variable;

pub use cursor::Cursor;
pub use file::SpaceFileError;
pub(crate) use region::{AxisSet, Region, Regions};
pub(crate) use seen::{Exact, Seen, Sight};
pub(crate) use span::Span;
pub use variable::Variable;

use crate::architecture::{Activation, Parameters, QkNorm};
use crate::{embedded, near_miss::near_miss};
use monomial::Monomial;
use serde::{Deserialize, Serialize};
use variable::Slots;

/// Most axes of a space.
pub const MAX_AXES: usize = 16;

/// A set of architectures.
#[derive(Clone, Debug, PartialEq)]
pub struct DesignSpace {
    /// Identifier, the stem of its file.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Remarks.
    pub note: Option<String>,
    /// Bounds on parameter counts.
    pub limits: Limits,
    template: Template,
    fixed: Slots,
    axes: Vec<Axis>,
    ties: Vec<Tie>,
    constraints: Vec<Constraint>,
}

/// What all architectures of a space share beside numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Template {
    /// Whether the LM head is the embedding table.
    pub tie_embeddings: bool,
    /// The FFN's kind.
    pub activation: Activation,
    /// Normalisation of queries and keys.
    pub qk_norm: QkNorm,
    /// Bias on query, key and value projections.
    pub qkv_bias: bool,
    /// RMSNorms per layer.
    pub norms_per_layer: u32,
}

/// An inclusive range, open where a side is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Smallest value accepted.
    pub min: Option<f64>,
    /// Largest value accepted.
    pub max: Option<f64>,
}

impl Bound {
    /// Whether `value` is within; NaN never is where a side is closed.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// Bounds on parameter counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Limits {
    /// All parameters.
    pub total_parameters: Bound,
    /// Parameters one token uses.
    pub active_parameters: Bound,
}

impl Limits {
    /// Whether both counts are within.
    #[must_use]
    #[inline]
    pub fn admit(&self, parameters: &Parameters) -> bool {
        self.total_parameters.contains(parameters.total as f64)
            && self.active_parameters.contains(parameters.active as f64)
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Axis {
    variables: Vec<Variable>,
    values: Vec<Vec<Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Number(f64),
    SameAs(Variable),
}

#[derive(Clone, Debug, PartialEq)]
struct Tie {
    variable: Variable,
    monomial: Monomial,
    /// Nearest multiple of this, at least one of it; 0 for no rounding.
    round_to: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Constraint {
    Divides(Variable, Variable),
    Within(Monomial, Bound),
}

/// An axis for people: names and how many values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AxisSummary {
    /// The variables it sets together.
    pub variables: Vec<Variable>,
    /// How many values it has.
    pub n_values: usize,
    /// The values as text.
    pub values: Vec<String>,
}

impl DesignSpace {
    /// Number of combinations, those that constraints exclude included.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.axes.iter().map(|axis| axis.values.len() as u64).product()
    }

    /// Whether there is no combination; a space that was read has at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values an axis has.
    pub(crate) fn extent(&self, axis: usize) -> u32 {
        self.axes[axis].values.len() as u32
    }

    /// The axes for people.
    #[must_use]
    pub fn axes(&self) -> Vec<AxisSummary> {
        let text = |value: &Value| match value {
            Value::Number(number) => number.to_string(),
            Value::SameAs(variable) => variable.to_string(),
        };
        self.axes
            .iter()
            .map(|axis| AxisSummary {
                variables: axis.variables.clone(),
                n_values: axis.values.len(),
                values: axis
                    .values
                    .iter()
                    .map(|tuple| tuple.iter().map(text).collect::<Vec<_>>().join("/"))
                    .collect(),
            })
            .collect()
    }
}

/// A space name that is not embedded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown space `{name}`{}: `rooflaw spaces` lists them; a TOML file of your own works too",
    .near_miss.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
pub struct UnknownSpace {
    /// What was asked for.
    pub name: String,
    /// The most similar name there is.
    pub near_miss: Option<String>,
}

/// Every embedded space, sorted by id.
#[must_use]
pub fn presets() -> Vec<DesignSpace> {
    embedded::SPACES
        .iter()
        .filter_map(|(id, text)| DesignSpace::from_toml(id, text).ok())
        .collect()
}

/// Finds an embedded space by id.
///
/// # Errors
/// [`UnknownSpace`] with the nearest id.
pub fn find(name: &str) -> Result<DesignSpace, UnknownSpace> {
    presets()
        .into_iter()
        .find(|space| space.id.eq_ignore_ascii_case(name))
        .ok_or_else(|| UnknownSpace {
            name: name.to_owned(),
            near_miss: near_miss(name, embedded::SPACES.iter().map(|(id, _)| *id)).map(str::to_owned),
        })
}

#[cfg(test)]
mod tests;
