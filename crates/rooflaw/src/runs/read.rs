//! Rows to a checked table.

use super::columns::{check_names, is_variable, name, number, sort};
use super::config::{Configs, DERIVED, agrees};
use super::rows::Sink;
use super::{Resolve, RunError, RunTable};
use crate::law::Feature;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What a column of the file is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Variable(usize),
    Config,
    Loss,
    StandardError,
    Weight,
    Group,
    Unit,
    Tokenizer,
}

/// A variable on its way into a table.
struct Variable {
    name: String,
    values: Vec<f64>,
    /// Its place in [`DERIVED`], where rows have a configuration.
    derived: Option<usize>,
}

/// A table that grows row by row.
pub(super) struct Builder<'a> {
    configs: Configs<'a>,
    names: Vec<String>,
    kinds: Vec<Kind>,
    variables: Vec<Variable>,
    loss: Vec<f64>,
    standard_error: Vec<f64>,
    weight: Vec<f64>,
    group: Vec<String>,
    unit: Option<String>,
    tokenizer: Option<String>,
    lines: Vec<usize>,
}

impl<'a> Builder<'a> {
    pub(super) const fn new(resolve: Option<&'a Resolve<'a>>) -> Self {
        Builder {
            configs: Configs::new(resolve),
            names: Vec::new(),
            kinds: Vec::new(),
            variables: Vec::new(),
            loss: Vec::new(),
            standard_error: Vec::new(),
            weight: Vec::new(),
            group: Vec::new(),
            unit: None,
            tokenizer: None,
            lines: Vec::new(),
        }
    }

    fn variable(&mut self, name: String, derived: Option<usize>) -> Kind {
        self.variables.push(Variable {
            name,
            values: Vec::new(),
            derived,
        });
        Kind::Variable(self.variables.len() - 1)
    }

    pub(super) fn finish(self) -> Result<RunTable, RunError> {
        if self.lines.is_empty() {
            return Err(RunError::Empty);
        }
        let has = |kind| self.kinds.contains(&kind);
        let mut variables: Vec<(String, Vec<f64>)> = self
            .variables
            .into_iter()
            .map(|variable| (variable.name, variable.values))
            .collect();
        sort(&mut variables);
        let table = RunTable {
            variables,
            standard_error: has(Kind::StandardError).then_some(self.standard_error),
            weight: has(Kind::Weight).then_some(self.weight),
            group: has(Kind::Group).then_some(self.group),
            loss: self.loss,
            unit: self.unit,
            tokenizer: self.tokenizer,
        };
        check_duplicates(&table, &self.lines)?;
        Ok(table)
    }
}

impl Sink for Builder<'_> {
    type Error = RunError;

    fn header(&mut self, names: Vec<String>) -> Result<(), RunError> {
        check_names(&names)?;
        let has_config = names.iter().any(|name| name == "config");
        if has_config && !self.configs.can_resolve() {
            return Err(RunError::ConfigsNotRead);
        }
        let place = |name: &str| DERIVED.iter().position(|derived| derived.name() == name);
        for name in &names {
            let kind = match name.as_str() {
                name if is_variable(name) => {
                    self.variable(name.to_owned(), place(name).filter(|_| has_config))
                }
                "config" => Kind::Config,
                "standard_error" => Kind::StandardError,
                "weight" => Kind::Weight,
                "group" => Kind::Group,
                "unit" => Kind::Unit,
                "tokenizer" => Kind::Tokenizer,
                _ => Kind::Loss,
            };
            self.kinds.push(kind);
        }
        if has_config {
            for (index, name) in DERIVED.into_iter().map(Feature::name).enumerate() {
                if !names.iter().any(|given| given == name) {
                    self.variable(name.to_owned(), Some(index));
                }
            }
        }
        if self.variables.is_empty() {
            return Err(RunError::MissingColumn(
                "of a variable, such as `tokens` or `parameters`",
            ));
        }
        if !self.kinds.contains(&Kind::Loss) {
            return Err(RunError::MissingColumn("`loss`"));
        }
        self.names = names;
        Ok(())
    }

    fn row(&mut self, line: usize, cells: &[Cow<'_, str>]) -> Result<(), RunError> {
        for ((&kind, column), cell) in self.kinds.iter().zip(&self.names).zip(cells) {
            match kind {
                Kind::Variable(index) => self.variables[index].values.push(number(line, column, cell)?),
                Kind::Config => {}
                Kind::Loss => self.loss.push(number(line, column, cell)?),
                Kind::StandardError => self.standard_error.push(number(line, column, cell)?),
                Kind::Weight => self.weight.push(number(line, column, cell)?),
                Kind::Group => self.group.push(name(line, column, cell)?.to_owned()),
                Kind::Unit => agree(&mut self.unit, line, "unit", cell)?,
                Kind::Tokenizer => agree(&mut self.tokenizer, line, "tokenizer", cell)?,
            }
        }
        if let Some(at) = self.kinds.iter().position(|kind| *kind == Kind::Config) {
            let values = self.configs.find(line, name(line, "config", &cells[at])?)?;
            for variable in &mut self.variables {
                let Some(derived) = variable.derived.map(|index| values[index]) else {
                    continue;
                };
                // A given column has this row's value already.
                let given = variable.values.len() > self.lines.len();
                match variable.values.last_mut().filter(|_| given) {
                    None => variable.values.push(derived),
                    Some(value) if agrees(&variable.name, *value, derived) => *value = derived,
                    Some(value) => {
                        return Err(RunError::Disagrees {
                            line,
                            column: variable.name.clone(),
                            given: *value,
                            derived,
                        });
                    }
                }
            }
        }
        self.lines.push(line);
        Ok(())
    }
}

/// The one value of a column.
fn agree(first: &mut Option<String>, line: usize, column: &'static str, cell: &str) -> Result<(), RunError> {
    let second = name(line, column, cell)?;
    match first {
        None => *first = Some(second.to_owned()),
        Some(first) if first == second => {}
        Some(first) => {
            return Err(RunError::Mixed {
                line,
                column,
                first: first.clone(),
                second: second.to_owned(),
            });
        }
    }
    Ok(())
}

/// Rows with equal variables are one run twice when their group is one too, or, without groups, their loss.
fn check_duplicates(table: &RunTable, lines: &[usize]) -> Result<(), RunError> {
    let compare = |a: usize, b: usize| {
        let numbers = |values: &[f64]| values[a].total_cmp(&values[b]);
        let variables = table.variables.iter().map(|(_, values)| numbers(values));
        let differing = variables.fold(Ordering::Equal, Ordering::then);
        differing.then_with(|| match &table.group {
            Some(groups) => groups[a].cmp(&groups[b]),
            None => numbers(&table.loss),
        })
    };
    // Sorted places rather than a map of keys: a table may have millions of rows.
    let mut places: Vec<usize> = (0..lines.len()).collect();
    places.sort_by(|&a, &b| compare(a, b));
    let pairs = places.windows(2).map(|pair| (pair[0], pair[1]));
    let twice = pairs.filter(|&(a, b)| compare(a, b) == Ordering::Equal);
    match twice.min_by_key(|&(_, second)| second) {
        None => Ok(()),
        Some((first, second)) => Err(RunError::Duplicate {
            line: lines[second],
            first: lines[first],
        }),
    }
}
