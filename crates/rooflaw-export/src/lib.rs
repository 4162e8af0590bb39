//! Architectures as files that other programs load: GGUF for llama.cpp, a directory for `transformers`.
//!
//! Every target follows from one list, [`tensors`]. A plan ([`GgufPlan`], [`HfPlan`]) says what will be written to
//! the byte before anything is; writing streams, in memory that does not grow with the model. Weights are random,
//! [given](GivenWeights), or [in memory](FlatWeights). A [`Model`] is an architecture with all that a `config.json` says of
//! its computation; [`write_model`] and [`read_model`] are checkpoints out and in.
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

mod checkpoint;
mod error;
mod gguf;
mod given;
mod hf;
mod model;
mod quantise;
mod random;
mod settings;
mod sink;
mod staged;
mod tensors;
mod weights;

pub use checkpoint::{read_model, write_model};
pub use error::ExportError;
pub use gguf::{GgufArchitecture, GgufPlan, GgufTensor};
pub use given::GivenWeights;
pub use hf::{HfFile, HfPlan, MAX_SHARD_BYTES};
pub use model::{ConfigError, Details, LATENT_NORM_EPS, Model, Routing, Scoring};
pub use quantise::{BlockType, Unrepresentable, quantise};
pub use settings::Settings;
pub use sink::Progress;
pub use staged::{StagedFile, StagedFolder};
pub use tensors::{Part, Shape, Start, TensorSpec, tensors};
pub use weights::{FlatWeights, Weights};
