//! What a sweep found, as a table that laws are fitted to.

use crate::error::SweepError;
use crate::folder::SweepFolder;
use crate::plan::Plan;
use crate::record;
use rooflaw::architecture::hf;
use rooflaw::law::{Feature, Features};
use rooflaw::runs::RunTable;

/// The runs that are done: their architectures' variables, tokens, compute, validation loss. Runs of a plan have the same data, so
/// the same tokenizer: `tokenizer` says which.
///
/// # Errors
/// No run that is done; a result that cannot be read.
pub fn table(sweep: &SweepFolder, plan: &Plan, tokenizer: Option<String>) -> Result<RunTable, SweepError> {
    let names = Feature::OF_ARCHITECTURE.map(|feature| feature.name().to_owned());
    let mut columns = vec![Vec::new(); names.len()];
    let (mut tokens, mut flop, mut loss, mut group) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for run in &plan.runs {
        let Some(result) = record::result(&sweep.run(run))? else {
            continue;
        };
        let config = run.config.to_string();
        let read = hf::read(config.as_bytes()).map_err(|source| SweepError::Architecture {
            name: run.name.clone(),
            source,
        })?;
        let features = Features::of(&read.architecture);
        for (column, feature) in columns.iter_mut().zip(Feature::OF_ARCHITECTURE) {
            column.push(features.get(feature));
        }
        tokens.push(result.tokens as f64);
        flop.push(result.training_flop);
        loss.push(result.validation_loss);
        group.push(run.name.clone());
    }
    if loss.is_empty() {
        return Err(SweepError::Plan(format!(
            "none of the {} runs is done: expected at least one",
            plan.runs.len()
        )));
    }
    let mut variables: Vec<(String, Vec<f64>)> = names.into_iter().zip(columns).collect();
    variables.push(("tokens".to_owned(), tokens));
    variables.push(("training_flop".to_owned(), flop));
    Ok(RunTable {
        variables,
        loss,
        standard_error: None,
        weight: None,
        group: Some(group),
        unit: Some("nats/token".to_owned()),
        tokenizer,
    })
}
