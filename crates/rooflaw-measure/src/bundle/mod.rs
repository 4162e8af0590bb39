//! Measuring elsewhere: a folder with everything that a machine needs to measure models by itself, and what comes back.

mod readme;
mod results;
mod script;

pub use results::{Results, read_results, results_folder};

use crate::{MeasureError, Model};
use rooflaw::architecture::hf::{self, WriteOptions};
use rooflaw::format::WeightFormat;
use rooflaw_export::{GgufPlan, Settings};
use serde::Serialize;

/// What is measured elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The models.
    pub models: Vec<Model>,
    /// Formats for llama-bench.
    pub weights: Vec<WeightFormat>,
    /// Tokens of the prompts to prefill.
    pub prompt: Vec<u32>,
    /// Tokens to generate.
    pub generate: Vec<u32>,
    /// Tokens in the KV cache beforehand.
    pub depth: Vec<u32>,
    /// CPU threads; llama-bench's own choice if `None`.
    pub threads: Option<u32>,
    /// Samples of each test in one process.
    pub samples: u32,
    /// Seed of random weights.
    pub seed: u32,
}

/// A GGUF file of the bundle, written there or here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BundleModel {
    /// The model.
    pub model: String,
    /// Its format.
    pub weights: WeightFormat,
    /// Parameters.
    pub parameters: u64,
    /// Size of the file, bytes.
    pub file_bytes: u64,
}

/// Token ids that `vllm bench latency` makes prompts of (`vllm/benchmarks/latency.py`).
const VLLM_TOKENS: u32 = 10_000;

impl Bundle {
    /// Every GGUF file, with its size.
    ///
    /// # Errors
    /// A model that cannot be exported.
    pub fn gguf_files(&self) -> Result<Vec<BundleModel>, MeasureError> {
        let mut files = Vec::new();
        for model in &self.models {
            for &weights in &self.weights {
                let plan = self.plan(model, weights).map_err(|cause| MeasureError::Model {
                    model: model.name.clone(),
                    cause: Box::new(cause),
                })?;
                files.push(BundleModel {
                    model: model.name.clone(),
                    weights,
                    parameters: plan.parameters(),
                    file_bytes: plan.file_bytes(),
                });
            }
        }
        Ok(files)
    }

    /// How a model is exported, as `rooflaw export` does it.
    ///
    /// # Errors
    /// A model that cannot be exported.
    pub fn plan(&self, model: &Model, weights: WeightFormat) -> Result<GgufPlan, MeasureError> {
        Ok(GgufPlan::new(
            &model.architecture,
            weights,
            &Settings::named(&model.name),
        )?)
    }

    /// The small files: path and contents. `has_models` says whether models will lie beside them.
    ///
    /// # Errors
    /// A model that cannot be exported.
    pub fn files(&self, has_models: bool) -> Result<Vec<(String, String)>, MeasureError> {
        let mut files = Vec::new();
        for model in &self.models {
            files.push((model.config_path(), model.config.clone()));
            if let Some(config) = vllm_config(model) {
                files.push((format!("hf/{}/config.json", model.name), config));
            }
        }
        files.push((SCRIPT.to_owned(), script::script(self)));
        files.push((
            "README.md".to_owned(),
            readme::readme(self, &self.gguf_files()?, has_models),
        ));
        Ok(files)
    }
}

/// What is to be run.
pub const SCRIPT: &str = "run.sh";

/// A config.json that vLLM loads, which wants to be told the class; `None` where there is none, or where the vocabulary is
/// smaller than the token ids of its benchmark.
fn vllm_config(model: &Model) -> Option<String> {
    if model.architecture.vocab_size < VLLM_TOKENS {
        return None;
    }
    let given: serde_json::Value = serde_json::from_str(&model.config).ok()?;
    if given.get("architectures").is_some() {
        return Some(model.config.clone());
    }
    hf::write(&model.architecture, &WriteOptions::default()).ok()
}

#[cfg(test)]
mod tests;
