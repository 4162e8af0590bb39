//! Which runs are small and which large: what extrapolation goes along.

use super::Args;
use anyhow::{Result, bail};
use rooflaw::law::fit::Observations;
use rooflaw::runs::RunTable;

/// A product of columns, and what to call it.
type Product = (&'static str, f64, &'static [(&'static str, i32)]);

/// Compute where it is known or follows, else parameters, else what grows with them.
const SIZES: [Product; 7] = [
    ("training_flop", 1.0, &[("training_flop", 1)]),
    (
        "6·active_parameters·tokens",
        6.0,
        &[("active_parameters", 1), ("tokens", 1)],
    ),
    ("6·parameters·tokens", 6.0, &[("parameters", 1), ("tokens", 1)]),
    ("active_parameters", 1.0, &[("active_parameters", 1)]),
    ("parameters", 1.0, &[("parameters", 1)]),
    (
        "n_layers·hidden_size²·tokens",
        1.0,
        &[("n_layers", 1), ("hidden_size", 2), ("tokens", 1)],
    ),
    (
        "n_layers·hidden_size²",
        1.0,
        &[("n_layers", 1), ("hidden_size", 2)],
    ),
];

/// The observations with a variable that orders them by size, and its name; none where nothing suits.
///
/// # Errors
/// A variable in --size that the table lacks.
pub fn with_size(
    args: &Args,
    table: &RunTable,
    observations: Observations,
) -> Result<(Observations, Option<String>)> {
    let column = |name: &str| {
        table
            .variables
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, values)| values)
    };
    if let Some(size) = &args.size {
        if column(size).is_none() {
            let known: Vec<&str> = table.variables.iter().map(|(name, _)| name.as_str()).collect();
            bail!(
                "--size {size}: expected a variable of the table: {}",
                known.join(", ")
            );
        }
        return Ok((observations, Some(size.clone())));
    }
    for (name, factor, columns) in SIZES {
        let Some(values) = columns
            .iter()
            .map(|(name, power)| column(name).map(|values| (values, *power)))
            .collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        let product = |row: usize| {
            values
                .iter()
                .map(|(values, power)| values[row].powi(*power))
                .product::<f64>()
                * factor
        };
        let sizes: Vec<f64> = (0..table.n_rows()).map(product).collect();
        if sizes.iter().all(|size| *size == sizes[0]) {
            continue;
        }
        if columns.len() == 1 {
            return Ok((observations, Some(name.to_owned())));
        }
        return Ok((observations.with_variable(name, &sizes)?, Some(name.to_owned())));
    }
    Ok((observations, None))
}
