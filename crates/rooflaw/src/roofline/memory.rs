//! The memory a model needs while it serves a workload.

use super::{Roofline, Workload};
use crate::architecture::Architecture;
use crate::format::Formats;
use crate::operators::{Step, Steps, visit_steps};
use serde::Serialize;

/// Bytes a model needs, by purpose. What the operating system and the runtime take for themselves is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MemoryFootprint {
    /// All weights, a tied LM head once.
    pub weights_bytes: f64,
    /// Keys and values of every sequence at full context; local layers keep their window only.
    pub kv_cache_bytes: f64,
    /// The residual stream and the largest operator's inputs and outputs during prefill: an estimate, since runtimes
    /// plan their buffers differently.
    pub activations_bytes: f64,
}

impl MemoryFootprint {
    /// The sum.
    #[must_use]
    pub fn total_bytes(&self) -> f64 {
        self.weights_bytes + self.kv_cache_bytes + self.activations_bytes
    }
}

/// Bytes of the KV cache at full context.
#[inline]
pub(super) fn kv_cache_bytes(
    architecture: &Architecture,
    workload: &Workload,
    bytes_per_element: f64,
) -> f64 {
    let context = f64::from(workload.full_context());
    let n_local = f64::from(architecture.n_local_layers());
    let n_global = f64::from(architecture.n_layers) - n_local;
    let window = architecture
        .attention
        .sliding_window
        .map_or(context, |window| f64::from(window.size).min(context));
    let tokens = n_global * context + n_local * window;
    f64::from(workload.batch) * tokens * f64::from(architecture.kv_elements_per_token()) * bytes_per_element
}

impl Roofline {
    /// The memory `architecture` needs for `workload`.
    #[must_use]
    pub fn memory(&self, architecture: &Architecture, workload: &Workload) -> MemoryFootprint {
        let step = Step::prefill(workload.batch, workload.prompt_tokens);
        let (mut weights_bytes, mut largest) = (0.0, 0.0_f64);
        visit_steps(
            architecture,
            &Steps::one(&step, &self.assumptions),
            &self.format_costs,
            &self.assumptions,
            |operator| {
                weights_bytes += operator.stored_bytes * operator.instances;
                largest = largest.max(operator.activation_bytes.first());
            },
        );
        MemoryFootprint {
            weights_bytes,
            kv_cache_bytes: kv_cache_bytes(architecture, workload, self.formats.kv.bytes()),
            activations_bytes: residual_bytes(architecture, step.total_tokens(), &self.formats) + largest,
        }
    }
}

/// Bytes of the residual stream of so many tokens.
#[inline]
pub(super) fn residual_bytes(architecture: &Architecture, tokens: f64, formats: &Formats) -> f64 {
    tokens * f64::from(architecture.hidden_size) * formats.activations.bytes()
}
