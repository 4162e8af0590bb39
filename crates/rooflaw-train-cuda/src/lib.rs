//! The GPU engine: [`rooflaw_train::engine::Engine`] by CUDA. **Experimental: it has never run on a GPU.**
//!
//! Matrix products are of bfloat16, added in f32, by cuBLAS; weights, gradients, moments, the residual stream, norms and softmax are f32.
//! All else is in `kernels/`, CUDA C++ that NVRTC compiles when an engine is made. Driver, NVRTC and cuBLAS are loaded then: nothing of CUDA
//! is needed to build.
//!
//! What is launched, in what order, with what arguments, is written once, for any `Device`: the GPU, and in the tests the
//! host, which runs the same kernels compiled by its C++ compiler.

mod array;
mod cuda;
mod device;
#[cfg(test)]
mod emulation;
mod engine;
mod kernels;
mod product;
#[cfg(test)]
mod tests;

pub use array::Precision;
pub use cuda::{CudaDevice, CudaEngine};
pub use engine::{DeviceEngine, EngineOptions};
