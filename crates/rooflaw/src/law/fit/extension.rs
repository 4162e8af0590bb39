//! Where the runs should reach further: which variable, doubled or halved beyond its range, would tell most.

use super::{Fit, FitError, Observations, most_informative};
use serde::Serialize;

/// A run beyond the runs that there are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Extension {
    /// The variable that lies beyond its range.
    pub variable: String,
    /// Its value there: twice the most of the runs, or half the least.
    pub value: f64,
    /// All variables of the law, that one among them; the others are those of a run that there is.
    pub at: Vec<(String, f64)>,
    /// The share by which the run would reduce the variance of what the runs determine least, 0 to 1.
    pub gain: f64,
}

/// Rows that extensions are tried from; more are thinned evenly.
const MOST_ROWS: usize = 200;

/// What a variable cannot exceed, or fall short of.
fn possible(variable: &str, value: f64) -> bool {
    match variable {
        "activation_rate" => value <= 1.0,
        "n_experts" | "n_layers" => value >= 1.0,
        _ => true,
    }
}

/// The extension of the runs by a factor of two in one variable that would tell most of what they determine least;
/// `None` for a form without variables.
///
/// # Errors
/// A variable that `observations` lack, or a form without free numbers.
pub fn best_extension(fit: &Fit, observations: &Observations) -> Result<Option<Extension>, FitError> {
    let mut variables: Vec<&str> = Vec::new();
    for (variable, _) in fit.form.terms.iter().flat_map(|term| &term.powers) {
        if !variables.contains(&variable.as_str()) {
            variables.push(variable);
        }
    }
    let stride = observations.n_rows().div_ceil(MOST_ROWS).max(1);
    let columns = variables
        .iter()
        .map(|name| {
            let logs = observations.log_of(name)?;
            Ok((*name, logs.iter().map(|log| log.exp()).collect::<Vec<f64>>()))
        })
        .collect::<Result<Vec<_>, FitError>>()?;
    let mut best: Option<Extension> = None;
    for (variable, values) in &columns {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        for value in [2.0 * most, 0.5 * least] {
            if !possible(variable, value) {
                continue;
            }
            let row_of = |row: usize| -> Vec<f64> {
                let cell =
                    |(name, values): &(&str, Vec<f64>)| if name == variable { value } else { values[row] };
                columns.iter().map(cell).collect()
            };
            let rows: Vec<Vec<f64>> = (0..observations.n_rows()).step_by(stride).map(row_of).collect();
            let mut candidates = Observations::new(vec![1.0; rows.len()])?;
            for (index, name) in variables.iter().enumerate() {
                let column: Vec<f64> = rows.iter().map(|row| row[index]).collect();
                candidates = candidates.with_variable(name, &column)?;
            }
            let gains = most_informative(&fit.form, &fit.values(), observations, &candidates)?;
            for (row, gain) in rows.iter().zip(gains) {
                if best.as_ref().is_none_or(|best| gain > best.gain) {
                    let names = variables.iter().map(|name| (*name).to_owned());
                    best = Some(Extension {
                        variable: (*variable).to_owned(),
                        value,
                        at: names.zip(row.iter().copied()).collect(),
                        gain,
                    });
                }
            }
        }
    }
    Ok(best)
}
