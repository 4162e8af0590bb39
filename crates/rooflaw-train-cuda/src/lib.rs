//! The GPU engine: [`rooflaw_train::engine::Engine`] by CUDA. **Experimental: it has never run on a GPU.**
mod array;
mod device;
mod engine;
mod kernels;
mod product;
#[cfg(test)]
mod emulation;
#[cfg(test)]
mod tests;
pub use array::Precision;
pub use engine::EngineOptions;
