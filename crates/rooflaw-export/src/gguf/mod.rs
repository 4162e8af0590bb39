//! GGUF, the file format of llama.cpp.

mod header;
mod metadata;
mod names;
mod plan;
mod target;
mod write;

pub use plan::{GgufPlan, GgufTensor};
pub use target::GgufArchitecture;
