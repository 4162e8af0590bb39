//! A design space's TOML file.

use super::monomial::Monomial;
use super::variable::{Slots, Variable};
use super::{Axis, Bound, Constraint, DesignSpace, Limits, Template, Tie, Value};
use crate::architecture::{Activation, QkNorm};
use crate::toml_file::{self, TomlError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A space file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpaceFileError {
    /// Not TOML, or not the keys of a space.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A value is impossible.
    #[error("{field}: {message}")]
    Value {
        /// The key.
        field: String,
        /// What is wrong and what would be accepted.
        message: String,
    },
}

/// Most axes, and most values on one.
const MAX_AXES: usize = super::MAX_AXES;
const MAX_VALUES: usize = 1 << 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpaceFile {
    name: String,
    #[serde(default)]
    source: String,
    note: Option<String>,
    #[serde(default)]
    architecture: Template,
    #[serde(default)]
    fixed: BTreeMap<Variable, f64>,
    axes: Vec<AxisFile>,
    #[serde(default)]
    ties: toml::Table,
    #[serde(default)]
    round_to: BTreeMap<Variable, u32>,
    #[serde(default)]
    constraints: Vec<ConstraintFile>,
    #[serde(default)]
    total_parameters: Bound,
    #[serde(default)]
    active_parameters: Bound,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisFile {
    variable: Option<Variable>,
    variables: Option<Vec<Variable>>,
    values: Option<Vec<toml::Value>>,
    range: Option<RangeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeFile {
    min: f64,
    max: f64,
    step: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConstraintFile {
    divides: Option<[Variable; 2]>,
    quantity: Option<String>,
    min: Option<f64>,
    max: Option<f64>,
}

fn wrong(field: impl Into<String>, message: impl Into<String>) -> SpaceFileError {
    SpaceFileError::Value {
        field: field.into(),
        message: message.into(),
    }
}

fn number(field: &str, value: f64) -> Result<f64, SpaceFileError> {
    if (0.0..=1e15).contains(&value) {
        return Ok(value);
    }
    Err(wrong(field, format!("{value} is not a number from 0 to 1e15")))
}

fn value(field: &str, value: &toml::Value) -> Result<Value, SpaceFileError> {
    match value {
        toml::Value::Integer(integer) => number(field, *integer as f64).map(Value::Number),
        toml::Value::Float(float) => number(field, *float).map(Value::Number),
        toml::Value::String(name) => name
            .parse()
            .map(Value::SameAs)
            .map_err(|message| wrong(field, message)),
        other => Err(wrong(
            field,
            format!("`{other}`: expected a number or the name of a variable"),
        )),
    }
}

fn axis(index: usize, file: &AxisFile) -> Result<Axis, SpaceFileError> {
    let field = format!("axes[{index}]");
    let variables = match (&file.variable, &file.variables) {
        (Some(variable), None) => vec![*variable],
        (None, Some(variables)) if !variables.is_empty() => variables.clone(),
        _ => return Err(wrong(field, "expected either `variable` or a list `variables`")),
    };
    let field = format!(
        "axes[{index}] ({})",
        variables.iter().map(|v| v.name()).collect::<Vec<_>>().join(", ")
    );
    let values: Vec<Vec<Value>> = match (&file.values, &file.range) {
        (Some(values), None) => values
            .iter()
            .map(|entry| match entry {
                toml::Value::Array(tuple) if file.variables.is_some() => {
                    if tuple.len() != variables.len() {
                        return Err(wrong(
                            &field,
                            format!("{entry}: expected {} values", variables.len()),
                        ));
                    }
                    tuple.iter().map(|entry| value(&field, entry)).collect()
                }
                single if file.variables.is_none() => Ok(vec![value(&field, single)?]),
                other => Err(wrong(
                    &field,
                    format!("{other}: expected a list of {} values", variables.len()),
                )),
            })
            .collect::<Result<_, _>>()?,
        (None, Some(RangeFile { min, max, step })) if file.variables.is_none() => {
            let (min, max, step) = (
                number(&field, *min)?,
                number(&field, *max)?,
                number(&field, *step)?,
            );
            let count = ((max - min) / step + 1e-9).floor() + 1.0;
            if !(count >= 1.0 && count <= MAX_VALUES as f64) {
                return Err(wrong(
                    field,
                    format!("range gives {count} values: expected 1 to {MAX_VALUES}"),
                ));
            }
            (0..count as u32)
                .map(|i| vec![Value::Number(min + f64::from(i) * step)])
                .collect()
        }
        _ => {
            return Err(wrong(
                field,
                "expected either `values` or (for one variable) `range`",
            ));
        }
    };
    if values.is_empty() || values.len() > MAX_VALUES {
        return Err(wrong(
            field,
            format!("{} values: expected 1 to {MAX_VALUES}", values.len()),
        ));
    }
    Ok(Axis { variables, values })
}

fn tie(
    target: &str,
    expression: &toml::Value,
    round_to: &BTreeMap<Variable, u32>,
) -> Result<Tie, SpaceFileError> {
    let field = format!("ties.{target}");
    let variable: Variable = target.parse().map_err(|message: String| wrong(&field, message))?;
    let text = expression
        .as_str()
        .ok_or_else(|| wrong(&field, "expected an expression in quotes"))?;
    let monomial: Monomial = text.parse().map_err(|message: String| wrong(&field, message))?;
    Ok(Tie {
        variable,
        monomial,
        round_to: round_to
            .get(&variable)
            .map_or(0.0, |&multiple| f64::from(multiple)),
    })
}

impl DesignSpace {
    /// Reads a space file. `id` is its file stem. `data/spaces/README.md` describes the keys.
    ///
    /// # Errors
    /// Text that is too long, is not TOML, has unknown keys, no axis, too many values, ties that read what is set
    /// later, or a variable that an architecture needs and nothing sets.
    pub fn from_toml(id: &str, text: &str) -> Result<DesignSpace, SpaceFileError> {
        let file: SpaceFile = toml_file::parse(text)?;
        if file.axes.is_empty() || file.axes.len() > MAX_AXES {
            return Err(wrong(
                "axes",
                format!("{} axes: expected 1 to {MAX_AXES}", file.axes.len()),
            ));
        }
        let mut fixed: Slots = [f64::NAN; Variable::COUNT];
        for (variable, value) in &file.fixed {
            fixed[*variable as usize] = number(&format!("fixed.{variable}"), *value)?;
        }
        let axes: Vec<Axis> = file
            .axes
            .iter()
            .enumerate()
            .map(|(i, entry)| axis(i, entry))
            .collect::<Result<_, _>>()?;
        if let Some((variable, _)) = file
            .round_to
            .iter()
            .find(|(variable, multiple)| **multiple == 0 || !file.ties.contains_key(variable.name()))
        {
            return Err(wrong(
                format!("round_to.{variable}"),
                "expected a positive multiple for a tied variable",
            ));
        }
        let ties: Vec<Tie> = file
            .ties
            .iter()
            .map(|(target, expression)| tie(target, expression, &file.round_to))
            .collect::<Result<_, _>>()?;
        let mut constraints = Vec::with_capacity(file.constraints.len());
        for (index, entry) in file.constraints.iter().enumerate() {
            let field = format!("constraints[{index}]");
            constraints.push(match (&entry.divides, &entry.quantity) {
                (Some([divisor, dividend]), None) => Constraint::Divides(*divisor, *dividend),
                (None, Some(text)) => {
                    let quantity = text.parse().map_err(|message: String| wrong(&field, message))?;
                    Constraint::Within(
                        quantity,
                        Bound {
                            min: entry.min,
                            max: entry.max,
                        },
                    )
                }
                _ => {
                    return Err(wrong(
                        field,
                        "expected either `divides` or `quantity` with `min` or `max`",
                    ));
                }
            });
        }
        let space = DesignSpace {
            id: id.to_owned(),
            name: file.name,
            source: file.source,
            note: file.note,
            template: file.architecture,
            fixed,
            axes,
            ties,
            constraints,
            limits: Limits {
                total_parameters: file.total_parameters,
                active_parameters: file.active_parameters,
            },
        };
        space.check()?;
        Ok(space)
    }

    /// Every variable is set once, before it is read; every needed one is set; the size fits 64 bits.
    fn check(&self) -> Result<(), SpaceFileError> {
        let mut known: Vec<Variable> = Variable::ALL
            .into_iter()
            .filter(|variable| !self.fixed[*variable as usize].is_nan())
            .collect();
        let mut by_name: Vec<Variable> = Vec::new();
        for axis in &self.axes {
            for (position, &variable) in axis.variables.iter().enumerate() {
                if known.contains(&variable) {
                    return Err(wrong(variable.name(), "is set twice"));
                }
                known.push(variable);
                if axis
                    .values
                    .iter()
                    .any(|tuple| matches!(tuple[position], Value::SameAs(_)))
                {
                    by_name.push(variable);
                }
            }
        }
        for tie in &self.ties {
            if known.contains(&tie.variable) {
                return Err(wrong(tie.variable.name(), "is set twice"));
            }
            for read in tie.monomial.variables() {
                if !known.contains(&read) || by_name.contains(&read) {
                    let field = format!("ties.{}", tie.variable);
                    return Err(wrong(
                        field,
                        format!("`{read}` is not set before it is read (ties run in order)"),
                    ));
                }
            }
            known.push(tie.variable);
        }
        for axis in &self.axes {
            for value in axis.values.iter().flatten() {
                if let Value::SameAs(other) = value
                    && (!known.contains(other) || by_name.contains(other))
                {
                    return Err(wrong(
                        other.name(),
                        "is used as a value but is not set to a number",
                    ));
                }
            }
        }
        let needed = [
            Variable::NLayers,
            Variable::HiddenSize,
            Variable::VocabSize,
            Variable::NHeads,
            Variable::NKvHeads,
            Variable::HeadDim,
        ];
        let ffn = if known.contains(&Variable::NExperts) {
            vec![Variable::ExpertsPerToken, Variable::ExpertSize]
        } else {
            vec![Variable::IntermediateSize]
        };
        if let Some(missing) = needed
            .into_iter()
            .chain(ffn)
            .find(|variable| !known.contains(variable))
        {
            return Err(wrong(missing.name(), "is set by no axis, tie or fixed value"));
        }
        if self
            .axes
            .iter()
            .try_fold(1_u64, |size, axis| size.checked_mul(axis.values.len() as u64))
            .is_none()
        {
            return Err(wrong("axes", "more than 2^64 combinations"));
        }
        Ok(())
    }
}

impl Default for Template {
    /// Today's on-device decoder: tied embeddings, SwiGLU, RMSNorm, QK-norm per head.
    fn default() -> Self {
        Template {
            tie_embeddings: true,
            activation: Activation::SwiGlu,
            qk_norm: QkNorm::PerHead,
            qkv_bias: false,
            norms_per_layer: 2,
        }
    }
}
