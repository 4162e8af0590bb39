//! The memory that training takes.

use crate::architecture::Architecture;
use crate::format::{Formats, WeightFormat};
use crate::operators::{Assumptions, OperatorKind, Step, visit_operators};
use serde::{Deserialize, Serialize};

/// The number formats that a model is trained in. AdamW's moments are f32 in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrainingPrecision {
    /// All of it f32.
    Fp32,
    /// Products in bf16: a bf16 copy of f32 weights, f32 gradients, bf16 activations (mixed precision, arXiv 1710.03740).
    Bf16,
}

/// Bytes that training takes, by purpose. What the program, its libraries and the data take is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingMemory {
    /// Weights; in bf16 both copies.
    pub weights_bytes: f64,
    /// One f32 gradient for each weight.
    pub gradients_bytes: f64,
    /// AdamW's two f32 moments for each weight.
    pub moments_bytes: f64,
    /// What the forward pass keeps for the backward pass: an estimate, since engines keep and reuse differently.
    pub activations_bytes: f64,
}

impl TrainingMemory {
    /// The sum.
    #[must_use]
    pub fn total_bytes(&self) -> f64 {
        self.weights_bytes + self.gradients_bytes + self.moments_bytes + self.activations_bytes
    }
}

/// The memory that training takes with `sequences` sequences of `sequence_length` tokens in a pass.
///
/// Every stored parameter has a weight, a gradient and two moments, sharded over nothing. Activations are half of what
/// all operators read and write in a forward pass, since what one writes another reads (attention scores are never
/// written): on the high side, since what several read counts for each. Logits are counted once more in f32, for their
/// gradient. Nothing is recomputed.
#[must_use]
pub fn training_memory(
    architecture: &Architecture,
    sequences: u32,
    sequence_length: u32,
    precision: TrainingPrecision,
) -> TrainingMemory {
    const F32: f64 = 4.0;
    let (format, copy) = match precision {
        TrainingPrecision::Fp32 => (WeightFormat::Fp32, 0.0),
        TrainingPrecision::Bf16 => (WeightFormat::Bf16, 2.0),
    };
    let assumptions = Assumptions {
        head_on_last_token: false,
        ..Assumptions::default()
    };
    let step = Step::prefill(sequences.max(1), sequence_length.max(1));
    let (mut parameters, mut moved, mut logits) = (0.0, 0.0, 0.0);
    visit_operators(
        architecture,
        &step,
        &Formats::of_weights(format),
        &assumptions,
        |operator| {
            parameters += operator.stored_parameters * operator.instances;
            moved += (operator.activation_bytes + operator.kv_bytes) * operator.instances;
            if operator.kind == OperatorKind::LmHead {
                logits += step.total_tokens() * f64::from(architecture.vocab_size) * F32;
            }
        },
    );
    TrainingMemory {
        weights_bytes: parameters * (F32 + copy),
        gradients_bytes: parameters * F32,
        moments_bytes: parameters * 2.0 * F32,
        activations_bytes: moved / 2.0 + logits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;

    /// Parameters as others counted them; 16 and 18 bytes for each.
    #[test]
    fn states_are_sixteen_or_eighteen_bytes_a_parameter() {
        for name in ["qwen2.5-0.5b", "olmoe-1b-7b-0125-instruct"] {
            let model = models::find(name).unwrap();
            let published = model.entry.total_parameters.unwrap() as f64;
            for (precision, bytes) in [(TrainingPrecision::Fp32, 16.0), (TrainingPrecision::Bf16, 18.0)] {
                let memory = training_memory(&model.architecture, 1, 1024, precision);
                let states = memory.total_bytes() - memory.activations_bytes;
                assert!((states / published / bytes - 1.0).abs() < 1e-3, "{name} {states}");
            }
        }
    }

    /// Korthikanti et al. 2022 (arXiv 2205.05198), equation 2: a GPT layer in 16 bits keeps 34·s·b·h bytes besides its
    /// attention scores. Ours is on the high side: what several operators read is counted for each.
    #[test]
    fn a_layer_keeps_what_was_published() {
        // Phi-3-mini has LLaMA's layer.
        let mut model = models::find("phi-3-mini-4k-instruct").unwrap().architecture;
        let of_layers = |n_layers: u32, model: &mut Architecture| {
            model.n_layers = n_layers;
            model.attention.sliding_window = None;
            training_memory(model, 1, 2048, TrainingPrecision::Bf16).activations_bytes
        };
        let layer = of_layers(9, &mut model) - of_layers(8, &mut model);
        let published = 34.0 * 2048.0 * f64::from(model.hidden_size);
        assert!(
            (1.0..1.35).contains(&(layer / published)),
            "{}",
            layer / published
        );
    }

    #[test]
    fn activations_grow_with_the_batch_only() {
        let model = models::find("qwen3-0.6b").unwrap().architecture;
        let one = training_memory(&model, 1, 512, TrainingPrecision::Fp32);
        let four = training_memory(&model, 4, 512, TrainingPrecision::Fp32);
        assert_eq!(one.weights_bytes, four.weights_bytes);
        assert!((four.activations_bytes / one.activations_bytes - 4.0).abs() < 0.01);
    }
}
