//! Architectures as files that other programs load: GGUF for llama.cpp, a directory for `transformers`.
//!
//! Every target follows from one list, [`tensors`]. A plan ([`GgufPlan`], [`HfPlan`]) says what will be written to
//! the byte before anything is; writing streams, in memory that does not grow with the model. Weights are random or
//! [given](GivenWeights).
//!
//! ```
//! use rooflaw::{format::WeightFormat, models};
//! use rooflaw_export::{GgufPlan, Settings};
//!
//! let qwen = models::find("qwen2.5-0.5b")?.architecture;
//! let plan = GgufPlan::new(&qwen, WeightFormat::Q8_0, &Settings::named("random"))?;
//! assert_eq!(plan.parameters(), 494_032_768);
//! assert_eq!(plan.target().name(), "qwen2");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod gguf;
mod given;
mod hf;
mod quantise;
mod random;
mod settings;
mod sink;
mod staged;
mod tensors;

pub use error::ExportError;
pub use gguf::{GgufArchitecture, GgufPlan, GgufTensor};
pub use given::GivenWeights;
pub use hf::{HfFile, HfPlan, MAX_SHARD_BYTES};
pub use quantise::{BlockType, Unrepresentable, quantise};
pub use settings::Settings;
pub use sink::Progress;
pub use staged::{StagedFile, StagedFolder};
pub use tensors::{Part, Shape, Start, TensorSpec, tensors};

/// Where weights come from.
#[derive(Debug)]
pub enum Weights<'a> {
    /// Random ones: matrices about zero, norms one, biases zero.
    Random {
        /// Equal seeds give equal files.
        seed: u64,
    },
    /// Those of a trained model.
    Given(&'a mut GivenWeights),
}
