//! Measured latencies: what a calibration is fitted to and predictions are checked against.
//!
//! [`MeasurementTable`] is one CSV, a row for each timing. Columns may come in any order; empty cells and columns that are not
//! there take the default:
//!
//! | column | meaning | default |
//! |---|---|---|
//! | `device` | as the catalogue or the source names it | none |
//! | `runtime` | the program: `llama.cpp`, `vllm`, `mlx`, `tensorrt-llm`, … | none |
//! | `runtime_version` | its version or build | none |
//! | `backend` | `cpu`, `cuda`, `metal`, `vulkan`, … | none |
//! | `threads` | CPU threads, where they matter | none |
//! | `model` | a model of the catalogue, or what the source calls it | may be empty beside `config` |
//! | `config` | its config.json, a path from the table | none |
//! | `weights` | required: a format, under the names of [`weight_format`] | |
//! | `kv` | the KV cache's precision, under the names of [`kv_precision`] | what goes with `weights` |
//! | `phase` | required: `prefill` or `decode` | |
//! | `batch` | sequences at once | 1 |
//! | `context_tokens` | tokens in each sequence's KV cache when the phase starts; for decode the prompt is among them | 0 |
//! | `tokens` | prefill: required, of each prompt; decode: generated after each | decode: 1 |
//! | `tokens_per_s` | prefill: `batch` × `tokens` over the time of the phase; decode: `batch` over the mean time of a step | |
//! | `seconds` | prefill: the time of the phase, TTFT; decode: the mean time of a step, TPOT | |
//! | `milliseconds` | the same in milliseconds | |
//! | `spread` | standard deviation of the repeats over their mean | not known |
//! | `repeats` | repeats behind the figure | not known |
//! | `n_parameters` | as the runtime counts them | not known |
//! | `model_bytes` | bytes of weights, as the runtime or the file's size says | not known |
//! | `source` | where it was read | none |
//!
//! [`read`] takes the output of llama-bench and vLLM's benchmarks as well; what a file leaves out, [`Given`] says.
//!
//! Each row has exactly one of `tokens_per_s`, `seconds` and `milliseconds`. Equal rows are repeats, and are kept.

mod cells;
mod error;
mod given;
mod json;
mod llama_bench;
mod names;
mod read;
mod record;
mod samples;
mod table;
mod vllm;

pub use error::{MeasurementError, Skipped};
pub use given::Given;
pub use names::{kv_precision, weight_format};
pub use read::read;
pub use table::{COLUMNS, MeasurementTable};

use crate::device::Phase;
use crate::format::{Precision, WeightFormat};
use serde::Serialize;

/// One timing: a model on a device, one phase, some lengths.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// The device as the source names it; empty where it does not.
    pub device: String,
    /// The program that ran the model, in lower case: `llama.cpp`, `vllm`, `mlx`, `tensorrt-llm`, …; empty where the source
    /// does not say.
    pub runtime: String,
    /// Its version or build; empty where the source does not say.
    pub runtime_version: String,
    /// What it ran on, in lower case: `cpu`, `cuda`, `metal`, `vulkan`, …; empty where the source does not say.
    pub backend: String,
    /// CPU threads, where they matter.
    pub threads: Option<u32>,
    /// The model: a name of the catalogue, or what the source calls it; may be empty beside a `config`.
    pub model: String,
    /// The model's config.json as a path from the table, for a model that is not in the catalogue.
    pub config: Option<String>,
    /// How its weights are stored.
    pub weights: WeightFormat,
    /// The precision of the KV cache.
    pub kv: Precision,
    /// Which part of a request was timed.
    pub phase: Phase,
    /// Sequences at once.
    pub batch: u32,
    /// Tokens in the KV cache of each sequence when the timed phase starts; for decode the prompt is among them.
    pub context_tokens: u32,
    /// Tokens of each sequence that the phase works on: of its prompt, or generated.
    pub tokens: u32,
    /// Prefill: the time of the whole phase, TTFT, seconds. Decode: the mean time per step, TPOT, seconds.
    pub seconds: f64,
    /// The standard deviation of repeats over their mean.
    pub spread: Option<f64>,
    /// Repeats behind the figure.
    pub repeats: Option<u32>,
    /// Parameters that the runtime counted.
    pub n_parameters: Option<u64>,
    /// Bytes of weights that the runtime, or the size of its file, states.
    pub model_bytes: Option<u64>,
    /// Where it was read; empty for one's own.
    pub source: String,
}

impl Measurement {
    /// Tokens that all sequences together work on in [`Measurement::seconds`]: the prompts, or one of each.
    #[must_use]
    pub fn tokens_at_once(&self) -> f64 {
        let of_each = match self.phase {
            Phase::Prefill => self.tokens,
            Phase::Decode => 1,
        };
        f64::from(self.batch) * f64::from(of_each)
    }

    /// Tokens per second, over the whole batch.
    #[must_use]
    pub fn tokens_per_s(&self) -> f64 {
        self.tokens_at_once() / self.seconds
    }
}

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod table_tests;
