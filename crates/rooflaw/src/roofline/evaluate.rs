//! One architecture, all objectives, no allocation: the inner loop of every search.

use super::{MemoryFootprint, Roofline, Workload, memory};
use crate::architecture::{Architecture, Parameters};
use crate::law::LossLaw;
use crate::operators::{Step, visit_operators};
use serde::Serialize;

/// Everything predicted about one architecture on one device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The law's loss, nats/token.
    pub loss: f64,
    /// Time to first token: the prefill, seconds.
    pub ttft_s: f64,
    /// Time per output token, the mean over the generated ones, seconds.
    pub tpot_s: f64,
    /// Prefill and generation, seconds.
    pub total_s: f64,
    /// The memory needed.
    pub memory: MemoryFootprint,
    /// Parameter counts.
    pub parameters: Parameters,
}

/// A law and a roofline joined, for one workload.
#[derive(Clone, Debug)]
pub struct Evaluator {
    law: LossLaw,
    roofline: Roofline,
    workload: Workload,
}

impl Evaluator {
    /// Joins a law and a roofline for a workload.
    #[must_use]
    pub const fn new(law: LossLaw, roofline: Roofline, workload: Workload) -> Evaluator {
        Evaluator {
            law,
            roofline,
            workload,
        }
    }

    /// The law.
    #[must_use]
    pub const fn law(&self) -> &LossLaw {
        &self.law
    }

    /// The roofline.
    #[must_use]
    pub const fn roofline(&self) -> &Roofline {
        &self.roofline
    }

    /// The workload.
    #[must_use]
    pub const fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Predicts loss, latencies, memory and parameter counts, operator by operator.
    #[must_use]
    #[inline]
    pub fn evaluate(&self, architecture: &Architecture) -> Evaluation {
        let (roofline, workload) = (&self.roofline, &self.workload);
        let prefill = Step::prefill(workload.batch, workload.prompt_tokens);
        let (mut ttft_s, mut weights_bytes, mut largest) = (0.0, 0.0, 0.0_f64);
        let (mut total, mut active, mut embedding) = (0.0, 0.0, 0.0);
        visit_operators(
            architecture,
            &prefill,
            roofline.formats(),
            roofline.assumptions(),
            |operator| {
                ttft_s += operator.instances * roofline.time(operator).total_s();
                weights_bytes += operator.instances * operator.stored_bytes;
                largest = largest.max(operator.activation_bytes);
                total += operator.instances * operator.stored_parameters;
                active += operator.instances * operator.active_parameters;
                if operator.kind.is_vocabulary() {
                    embedding += operator.stored_parameters;
                }
            },
        );
        let generation_s = roofline.generation(architecture, workload);
        let kv_bytes = roofline.formats().kv.bytes();
        Evaluation {
            loss: self.law.loss(architecture),
            ttft_s,
            tpot_s: generation_s / f64::from(workload.generated_tokens.max(1)),
            total_s: ttft_s + generation_s,
            memory: MemoryFootprint {
                weights_bytes,
                kv_cache_bytes: memory::kv_cache_bytes(architecture, workload, kv_bytes),
                activations_bytes: memory::residual_bytes(architecture, &prefill, roofline.formats())
                    + largest,
            },
            parameters: Parameters {
                total: total as u64,
                active: active as u64,
                embedding: embedding as u64,
            },
        }
    }
}
