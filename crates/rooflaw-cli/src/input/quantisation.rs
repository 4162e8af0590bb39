//! What quantising weights costs in loss.

use anyhow::{Context as _, Result};
use clap::Args;
use rooflaw::format::Formats;
use rooflaw::law::LossLaw;
use rooflaw::quantisation::{self, Penalty, QuantisationLoss};
use std::path::Path;

/// The model of that cost.
#[derive(Args, Clone)]
#[command(next_help_heading = "Formats and assumptions")]
pub struct QuantisationArgs {
    /// Add what quantised weights cost in loss: llama-3-8b, llama-2-7b, llama-2-70b, open-llama-3b (measured on them with
    /// llama.cpp), or a TOML file; see data/quantisation [default: the cost is not counted]
    #[arg(long, value_name = "MODEL")]
    quantisation_loss: Option<String>,
}

/// A model of the cost, and what it adds in each of the formats.
pub struct Quantisation {
    /// The model; `None` where nothing is counted.
    pub model: Option<QuantisationLoss>,
    penalties: Vec<Option<Penalty>>,
}

impl QuantisationArgs {
    /// Reads the model and finds the cost of each of the formats.
    ///
    /// # Errors
    /// A model that cannot be read, or that does not know a format.
    pub fn of(&self, formats: &[Formats], law: &LossLaw) -> Result<Quantisation> {
        let Some(name) = &self.quantisation_loss else {
            return Ok(Quantisation {
                model: None,
                penalties: vec![None; formats.len()],
            });
        };
        let model = if super::files::is_path(name) {
            let path = Path::new(name);
            QuantisationLoss::from_toml(&super::files::stem(path), &super::files::read_text(path)?)
                .with_context(|| format!("--quantisation-loss {name}"))?
        } else {
            quantisation::find(name).context("--quantisation-loss")?
        };
        let penalty = |formats: &Formats| model.penalty(formats.weights, law.training_tokens);
        let penalties = formats.iter().map(penalty).collect::<Result<_, _>>();
        Ok(Quantisation {
            penalties: penalties.context("--quantisation-loss")?,
            model: Some(model),
        })
    }
}

impl Quantisation {
    /// What it adds in the format at a position.
    pub fn penalty(&self, position: usize) -> Option<Penalty> {
        self.penalties.get(position).copied().flatten()
    }

    /// What is counted, in a sentence.
    pub fn sentence(&self, formats: &[Formats]) -> Option<String> {
        let model = self.model.as_ref()?;
        let costs: Vec<String> = formats
            .iter()
            .zip(&self.penalties)
            .map(|(formats, penalty)| {
                let cost = penalty.map_or(0.0, |penalty| penalty.loss);
                let scales = penalty.is_some_and(|penalty| penalty.exponent != 0.0);
                let of = if scales {
                    " at the measured model's size"
                } else {
                    ""
                };
                format!("{} {cost:.4}{of}", formats.weights)
            })
            .collect();
        Some(format!(
            "Losses include what weight formats cost, as measured on {} ({}): {} nats/token. Models of other sizes, training \
             and kind differ, by a factor of two or more: compare with another model of it (data/quantisation).",
            model.name,
            model.id,
            costs.join(", ")
        ))
    }

    /// What to know of a design in it: the range of a law of the cost.
    pub fn warning(&self, parameters: u64) -> Option<String> {
        let model = self.model.as_ref()?;
        let [low, high] = model.scaling?.range.parameters?;
        let outside = !(low..=high).contains(&(parameters as f64));
        outside.then(|| {
            format!(
                "the quantisation loss {} extrapolates: {} parameters, fitted from {} to {}",
                model.id,
                crate::output::parameters(parameters),
                crate::output::parameters(low as u64),
                crate::output::parameters(high as u64),
            )
        })
    }
}
