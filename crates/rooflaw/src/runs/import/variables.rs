//! What is known of each run besides its losses: its architecture, and columns of an export that are named as ours.

use super::{ImportError, ImportWarning, ImportedRun};
use crate::law::Feature;
use crate::runs::columns::is_variable;
use crate::runs::config::{DERIVED, Derived, agrees, derived};
use std::collections::BTreeSet;

/// The name of each variable and its value for every run.
pub(super) type Variables = Vec<(String, Vec<f64>)>;

/// The variables that all runs have.
pub(super) fn variables(
    runs: &[&ImportedRun],
    warnings: &mut Vec<ImportWarning>,
) -> Result<Variables, ImportError> {
    let mut variables = from_architectures(runs)?;
    for column in columns(runs) {
        let share = column == "activation_rate";
        let usable = |value: &f64| *value > 0.0 && value.is_finite() && (!share || *value <= 1.0);
        let given = |run: &ImportedRun| run.summary.get(column).copied().filter(usable);
        if let Some((_, values)) = variables.iter().find(|(name, _)| name == column) {
            check(runs, column, values)?;
        } else if let Some(run) = runs.iter().find(|run| given(run).is_none()) {
            warnings.push(ImportWarning::Column {
                column: column.to_owned(),
                run: run.name.clone(),
            });
        } else {
            let values = runs.iter().filter_map(|run| given(run)).collect();
            variables.push((column.to_owned(), values));
        }
    }
    Ok(variables)
}

/// Columns of exports that are variables; tokens are looked for elsewhere.
fn columns<'a>(runs: &[&'a ImportedRun]) -> BTreeSet<&'a str> {
    let tags = runs.iter().flat_map(|run| run.summary.keys());
    tags.map(String::as_str)
        .filter(|tag| is_variable(tag) && *tag != "tokens")
        .collect()
}

fn from_architectures(runs: &[&ImportedRun]) -> Result<Variables, ImportError> {
    let with = runs.iter().find(|run| run.architecture.is_some());
    let without = runs.iter().find(|run| run.architecture.is_none());
    if let (Some(with), Some(without)) = (with, without) {
        return Err(ImportError::SomeConfigs {
            with: with.name.clone(),
            without: without.name.clone(),
        });
    }
    let known: Vec<Derived> = runs
        .iter()
        .filter_map(|run| run.architecture.as_ref().map(derived))
        .collect();
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let column = |(index, feature): (usize, Feature)| {
        let values = known.iter().map(|values| values[index]).collect();
        (feature.to_string(), values)
    };
    Ok(DERIVED.into_iter().enumerate().map(column).collect())
}

/// A column of an export says what the configuration says.
fn check(runs: &[&ImportedRun], column: &str, values: &[f64]) -> Result<(), ImportError> {
    for (run, &derived) in runs.iter().zip(values) {
        if let Some(&given) = run.summary.get(column)
            && !agrees(column, given, derived)
        {
            return Err(ImportError::Disagrees {
                run: run.name.clone(),
                column: column.to_owned(),
                given,
                derived,
            });
        }
    }
    Ok(())
}
