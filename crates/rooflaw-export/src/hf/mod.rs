//! Directories that `transformers` loads: `config.json` and safetensors.

pub(crate) mod names;
mod plan;
mod write;

pub use plan::{HfFile, HfPlan, MAX_SHARD_BYTES};
