//! What is going to be trained, and what it takes.

use anyhow::Result;
use rooflaw::plan::{TrainingPrecision, training_memory};
use rooflaw_terminal as output;
use rooflaw_train::record::RunRecord;
use serde::Serialize;

/// Passes over a data set up to which repeated tokens are worth about as much as new ones (Muennighoff et al., arXiv 2305.16264,
/// section 1).
const MAX_EPOCHS: f64 = 4.0;

/// What is said before a training begins.
#[derive(Serialize)]
pub struct Plan<'a> {
    architecture: &'a str,
    parameters: u64,
    active_parameters: u64,
    non_embedding_parameters: u64,
    tokens: u64,
    steps: u64,
    tokens_per_step: u64,
    /// Passes over the training split.
    epochs: f64,
    training_flop: f64,
    /// Predicted: weights, gradients, moments, activations of a micro-batch.
    memory_bytes: f64,
    recipe: Option<&'a str>,
    seed: u64,
    engine: &'a str,
    threads: usize,
}

impl<'a> Plan<'a> {
    pub fn of(record: &'a RunRecord, threads: usize) -> Plan<'a> {
        let parameters = record.architecture.parameters();
        Plan {
            architecture: &record.architecture_name,
            parameters: parameters.total,
            active_parameters: parameters.active,
            non_embedding_parameters: parameters.non_embedding(),
            tokens: record.tokens,
            steps: record.steps,
            tokens_per_step: record.recipe.tokens_per_step(),
            epochs: record.tokens as f64 / record.data.training_tokens as f64,
            training_flop: record.training_flop,
            memory_bytes: training_memory(
                &record.architecture,
                record.recipe.micro_batch(),
                record.recipe.sequence_length,
                TrainingPrecision::Fp32,
            )
            .total_bytes(),
            recipe: record.recipe.name.as_deref(),
            seed: record.seed,
            engine: &record.engine,
            threads,
        }
    }

    /// Prints it, with a warning where the data are too few for it.
    ///
    /// # Errors
    /// A reader that has gone away.
    pub fn print(&self) -> Result<()> {
        let mut sizes = output::thousands(self.parameters);
        if self.active_parameters != self.parameters {
            sizes.push_str(&format!(", {} active", output::thousands(self.active_parameters)));
        }
        output::heading(self.architecture)?;
        output::remark(
            "parameters",
            &format!(
                "{sizes}, {} without embeddings",
                output::thousands(self.non_embedding_parameters)
            ),
        )?;
        output::remark(
            "training",
            &format!(
                "{} tokens ({:.2} epochs) in {} steps of {}",
                output::thousands(self.tokens),
                self.epochs,
                output::thousands(self.steps),
                output::thousands(self.tokens_per_step)
            ),
        )?;
        output::remark(
            "predicted",
            &format!(
                "{:.3e} FLOP, {} of memory",
                self.training_flop,
                output::gigabytes(self.memory_bytes)
            ),
        )?;
        output::remark(
            "recipe",
            &format!("{}, seed {}", self.recipe.unwrap_or("without a name"), self.seed),
        )?;
        output::remark("engine", &format!("{}, {} threads", self.engine, self.threads))?;
        if self.epochs > MAX_EPOCHS {
            output::warning(&format!(
                "the data set is trained on {:.0} times over: beyond {MAX_EPOCHS} times, repeating it is worth much \
                 less than new text (arXiv 2305.16264)",
                self.epochs
            ))?;
        }
        Ok(())
    }
}
