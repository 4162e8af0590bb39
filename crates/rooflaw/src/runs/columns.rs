//! The columns of a table of runs: their names, their order, and what their cells may hold.

use super::RunError;
use crate::near_miss::near_miss;

/// Columns that laws can be written in, besides those that begin with `x_`; the order in which tables have them.
pub const VARIABLES: [&str; 11] = [
    "n_layers",
    "hidden_size",
    "ffn_ratio",
    "activation_rate",
    "kv_dim",
    "n_experts",
    "parameters",
    "active_parameters",
    "non_embedding_parameters",
    "tokens",
    "training_flop",
];

/// The other columns.
const OTHERS: [&str; 7] = [
    "loss",
    "standard_error",
    "weight",
    "group",
    "unit",
    "tokenizer",
    "config",
];

/// Whether a law can be written in a column of this name.
pub(super) fn is_variable(name: &str) -> bool {
    VARIABLES.contains(&name) || is_own(name)
}

/// Whether a variable is one of the user's own.
fn is_own(name: &str) -> bool {
    name.starts_with("x_") && name.len() > 2
}

/// Sorts variables: ours first, in the order of [`VARIABLES`], then the user's by name.
pub(super) fn sort(variables: &mut [(String, Vec<f64>)]) {
    variables.sort_by(|a, b| order(&a.0).cmp(&order(&b.0)));
}

/// Where a variable belongs.
pub(super) fn order(name: &str) -> (usize, &str) {
    let place = VARIABLES.iter().position(|known| *known == name);
    (place.unwrap_or(VARIABLES.len()), name)
}

/// Refuses names that mean nothing here, and names given twice.
pub(super) fn check_names(header: &[String]) -> Result<(), RunError> {
    let known = || OTHERS.into_iter().chain(VARIABLES);
    let mut seen = std::collections::BTreeSet::new();
    for name in header {
        if !is_variable(name) && !OTHERS.contains(&name.as_str()) {
            return Err(RunError::UnknownColumn {
                name: name.clone(),
                near: near_miss(name, known()).map(str::to_owned),
                expected: known().collect::<Vec<_>>().join(", "),
            });
        }
        if !seen.insert(name) {
            return Err(RunError::RepeatedColumn(name.clone()));
        }
    }
    Ok(())
}

/// The number in a cell: positive, finite, and at most 1 for a share.
pub(super) fn number(line: usize, column: &str, cell: &str) -> Result<f64, RunError> {
    let share = column == "activation_rate";
    let most = if share { 1.0 } else { f64::MAX };
    let number = cell.parse().ok();
    number
        .filter(|&number: &f64| number > 0.0 && number <= most)
        .ok_or_else(|| RunError::Value {
            line,
            column: column.to_owned(),
            value: cell.to_owned(),
            expected: if share {
                "a number in (0, 1]"
            } else {
                "a positive number"
            },
        })
}

/// The text in a cell, which must say something.
pub(super) fn name<'a>(line: usize, column: &str, cell: &'a str) -> Result<&'a str, RunError> {
    if cell.is_empty() {
        return Err(RunError::Value {
            line,
            column: column.to_owned(),
            value: String::new(),
            expected: "a name",
        });
    }
    Ok(cell)
}
