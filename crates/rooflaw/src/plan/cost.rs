//! What a training run costs.

use crate::architecture::Architecture;
use crate::format::Formats;
use crate::operators::{Assumptions, Step, visit_operators};

/// Passes that a training step costs, in forward passes: one forward, and a backward pass that takes twice as much,
/// once for the gradients of activations and once for those of weights (Kaplan et al. 2020, 2001.08361, §2.1;
/// Hoffmann et al. 2022, 2203.15556, appendix F). Nothing is recomputed.
const PASSES: f64 = 3.0;

/// Operations that training takes per token, FLOP: three forward passes over a sequence of `sequence_length` tokens,
/// divided by its length.
///
/// The field's `6N` (N active parameters; 2001.08361, equation 2.2) is the part of it that is proportional to weights;
/// this adds causal attention over the sequence, norms and activation functions, and the LM head where it is tied to
/// the embedding table or not. An embedding look-up costs nothing.
#[must_use]
pub fn training_flop_per_token(architecture: &Architecture, sequence_length: u32) -> f64 {
    let assumptions = Assumptions {
        head_on_last_token: false,
        ..Assumptions::default()
    };
    let length = sequence_length.max(1);
    let mut forward = 0.0;
    visit_operators(
        architecture,
        &Step::prefill(1, length),
        &Formats::default(),
        &assumptions,
        |operator| forward += operator.flops * operator.instances,
    );
    PASSES * forward / f64::from(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;

    /// 6N of a tied dense model counts the head once, as training does: the rest is attention and minor operators.
    #[test]
    fn agrees_with_six_n_but_for_attention() {
        let model = models::find("qwen2.5-0.5b").unwrap().architecture;
        assert!(model.tie_embeddings && model.ffn.moe.is_none());
        let weights = 6.0 * model.parameters().active as f64;
        for length in [1_u32, 512, 2048, 8192] {
            // 2 FLOP for each of score and value products, half of the matrix, three passes.
            let attention =
                3.0 * 2.0 * f64::from(model.n_layers * model.query_width()) * (f64::from(length) + 1.0);
            let ratio = training_flop_per_token(&model, length) / (weights + attention);
            assert!((1.0..1.01).contains(&ratio), "{length}: {ratio}");
        }
    }

    /// Without a tied head, 6N counts an embedding table that costs nothing.
    #[test]
    fn embedding_costs_nothing() {
        let mut model = models::find("qwen2.5-0.5b").unwrap().architecture;
        let tied = training_flop_per_token(&model, 1024);
        model.tie_embeddings = false;
        assert_eq!(training_flop_per_token(&model, 1024), tied);
    }
}
