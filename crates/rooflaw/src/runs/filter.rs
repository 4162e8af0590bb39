//! Which rows of a table to keep: `tokens>=1e9,group!=warm-up`.

use super::RunTable;
use super::columns::is_variable;
use super::write::digits;
use crate::near_miss::near_miss;
use std::fmt;
use std::str::FromStr;

/// Longest filter accepted, bytes.
const MAX_LENGTH: usize = 10_000;

/// Conditions on a row, all of which must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    conditions: Vec<Condition>,
}

/// A comparison of a column with a number, or of the group with a name.
#[derive(Clone, Debug, PartialEq)]
struct Condition {
    column: String,
    comparison: Comparison,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    AtLeast,
    AtMost,
    NotEqual,
    Greater,
    Less,
    Equal,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Text(String),
}

/// Comparisons as they are spelt; where one begins with another, the longer is first.
const COMPARISONS: [(&str, Comparison); 7] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    ("!=", Comparison::NotEqual),
    ("==", Comparison::Equal),
    (">", Comparison::Greater),
    ("<", Comparison::Less),
    ("=", Comparison::Equal),
];

/// Columns of numbers that are no variables.
const NUMBERS: [&str; 3] = ["loss", "standard_error", "weight"];

/// A filter that cannot be read, or that a table cannot answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Nothing to compare, or a word where a comparison should be.
    #[error("`{0}`: expected comparisons joined by commas, such as tokens>=1e9 or group=NAME")]
    Syntax(String),
    /// A comparison with something that is no number.
    #[error("`{condition}`: expected a number, not `{value}`")]
    NotANumber {
        /// The comparison.
        condition: String,
        /// What it compares with.
        value: String,
    },
    /// Names are equal or not; none is larger.
    #[error("`{0}`: expected group=NAME or group!=NAME")]
    GroupOrder(String),
    /// A column that no table has.
    #[error("`{condition}`: no column `{column}`{}",
        .near.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
    UnknownColumn {
        /// The comparison.
        condition: String,
        /// The column.
        column: String,
        /// The most similar name there is.
        near: Option<String>,
    },
    /// A column that this table lacks.
    #[error("`{condition}`: these runs have no column `{column}`: expected one of {expected}")]
    MissingColumn {
        /// The comparison.
        condition: String,
        /// The column.
        column: String,
        /// Those there are.
        expected: String,
    },
    /// A filter that no row passes.
    #[error("`{filter}` keeps none of {rows} rows")]
    NothingLeft {
        /// The filter.
        filter: String,
        /// Rows before.
        rows: usize,
    },
    /// As many rows to drop as there are, or more.
    #[error("dropping the {count} largest losses of {rows} leaves none")]
    NothingLeftOf {
        /// Rows to drop.
        count: usize,
        /// Rows before.
        rows: usize,
    },
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Filter, FilterError> {
        if text.len() > MAX_LENGTH {
            let start: String = text.chars().take(40).collect();
            return Err(FilterError::Syntax(format!("{start}…")));
        }
        let conditions = pieces(text).into_iter().map(condition);
        Ok(Filter {
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }
}

/// What stands between the commas outside quotes.
fn pieces(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .collect()
}

fn condition(text: &str) -> Result<Condition, FilterError> {
    let text = text.trim();
    let syntax = || FilterError::Syntax(text.to_owned());
    let at = text.find(['<', '>', '=', '!']).ok_or_else(syntax)?;
    let (column, rest) = text.split_at(at);
    let column = column.trim();
    let (comparison, value) = COMPARISONS
        .iter()
        .find_map(|(sign, comparison)| Some((*comparison, rest.strip_prefix(sign)?.trim())))
        .ok_or_else(syntax)?;
    if column.is_empty() || value.is_empty() {
        return Err(syntax());
    }
    if column == "group" {
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return Err(FilterError::GroupOrder(text.to_owned()));
        }
        return Ok(Condition {
            column: column.to_owned(),
            comparison,
            value: Value::Text(unquoted(value).ok_or_else(syntax)?.to_owned()),
        });
    }
    if !is_variable(column) && !NUMBERS.contains(&column) {
        let known = super::VARIABLES.into_iter().chain(NUMBERS).chain(["group"]);
        return Err(FilterError::UnknownColumn {
            condition: text.to_owned(),
            column: column.to_owned(),
            near: near_miss(column, known).map(str::to_owned),
        });
    }
    let number = value.parse().ok().filter(|number: &f64| number.is_finite());
    let number = number.ok_or_else(|| FilterError::NotANumber {
        condition: text.to_owned(),
        value: value.to_owned(),
    })?;
    Ok(Condition {
        column: column.to_owned(),
        comparison,
        value: Value::Number(number),
    })
}

/// A name as it is, or between quotes; a quote elsewhere is a mistake.
fn unquoted(text: &str) -> Option<&str> {
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    (!inner.is_empty() && !inner.contains('"')).then_some(inner)
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.conditions.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{condition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spelt = COMPARISONS.iter().rfind(|(_, known)| *known == self.comparison);
        write!(f, "{}{}", self.column, spelt.map_or("=", |(sign, _)| sign))?;
        match &self.value {
            Value::Number(number) => f.write_str(&digits(*number)),
            // Quotes keep commas, spaces and what could be part of a comparison.
            Value::Text(text) if text.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c)) => {
                f.write_str(text)
            }
            Value::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

impl Comparison {
    fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Comparison::AtLeast => left >= right,
            Comparison::AtMost => left <= right,
            Comparison::NotEqual => left != right,
            Comparison::Greater => left > right,
            Comparison::Less => left < right,
            Comparison::Equal => left == right,
        }
    }
}

impl Condition {
    /// Marks rows where it does not hold.
    fn apply(&self, table: &RunTable, keep: &mut [bool]) -> Result<(), FilterError> {
        match &self.value {
            Value::Number(number) => {
                let values = table.numbers(&self.column).ok_or_else(|| self.missing(table))?;
                for (keep, value) in keep.iter_mut().zip(values) {
                    *keep &= self.comparison.holds(value, number);
                }
            }
            Value::Text(name) => {
                let groups = table.group.as_ref().ok_or_else(|| self.missing(table))?;
                for (keep, group) in keep.iter_mut().zip(groups) {
                    *keep &= self.comparison.holds(group, name);
                }
            }
        }
        Ok(())
    }

    fn missing(&self, table: &RunTable) -> FilterError {
        let mut expected: Vec<&str> = table.variables.iter().map(|(name, _)| name.as_str()).collect();
        expected.extend(NUMBERS.into_iter().filter(|name| table.numbers(name).is_some()));
        expected.extend(table.group.as_ref().map(|_| "group"));
        FilterError::MissingColumn {
            condition: self.to_string(),
            column: self.column.clone(),
            expected: expected.join(", "),
        }
    }
}

impl RunTable {
    /// The values of a variable, the loss, the standard error or the weight.
    fn numbers(&self, column: &str) -> Option<&[f64]> {
        match column {
            "loss" => Some(&self.loss),
            "standard_error" => self.standard_error.as_deref(),
            "weight" => self.weight.as_deref(),
            _ => {
                let found = self.variables.iter().find(|(name, _)| name == column);
                found.map(|(_, values)| values.as_slice())
            }
        }
    }

    /// The rows that pass a filter, in their order.
    ///
    /// # Errors
    /// A column that the table lacks, or a filter that nothing passes.
    pub fn filter(&self, filter: &Filter) -> Result<RunTable, FilterError> {
        let mut keep = vec![true; self.n_rows()];
        for condition in &filter.conditions {
            condition.apply(self, &mut keep)?;
        }
        if !keep.contains(&true) {
            return Err(FilterError::NothingLeft {
                filter: filter.to_string(),
                rows: self.n_rows(),
            });
        }
        Ok(self.kept(&keep))
    }

    /// The table without the `count` rows of the largest losses, as some published fits leave them out. Of equal losses
    /// the later row goes first.
    ///
    /// # Errors
    /// As many rows to drop as there are, or more.
    pub fn drop_largest(&self, count: usize) -> Result<RunTable, FilterError> {
        let rows = self.n_rows();
        if count >= rows {
            return Err(FilterError::NothingLeftOf { count, rows });
        }
        let mut by_loss: Vec<usize> = (0..rows).collect();
        by_loss.sort_by(|&a, &b| self.loss[b].total_cmp(&self.loss[a]).then(b.cmp(&a)));
        let mut keep = vec![true; rows];
        for &row in &by_loss[..count] {
            keep[row] = false;
        }
        Ok(self.kept(&keep))
    }

    fn kept(&self, keep: &[bool]) -> RunTable {
        fn of<T: Clone>(values: &[T], keep: &[bool]) -> Vec<T> {
            let kept = values.iter().zip(keep).filter(|(_, keep)| **keep);
            kept.map(|(value, _)| value.clone()).collect()
        }
        RunTable {
            variables: self
                .variables
                .iter()
                .map(|(name, values)| (name.clone(), of(values, keep)))
                .collect(),
            loss: of(&self.loss, keep),
            standard_error: self.standard_error.as_ref().map(|values| of(values, keep)),
            weight: self.weight.as_ref().map(|values| of(values, keep)),
            group: self.group.as_ref().map(|values| of(values, keep)),
            unit: self.unit.clone(),
            tokenizer: self.tokenizer.clone(),
        }
    }
}
