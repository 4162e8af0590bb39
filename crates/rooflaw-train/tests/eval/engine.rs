//! An engine that scores by a rule that a test gives.

use rooflaw::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, QkNorm};
use rooflaw_train::engine::{Batch, Engine, EngineError, IGNORED, Losses, State, Update};
use rooflaw_train::layout::Layout;
use rooflaw_train::model::{Details, Model};

/// The loss of a target after what comes before it in its sequence.
type Rule = Box<dyn Fn(&[u32], u32) -> f64>;

/// An engine without weights that count.
pub struct RuleEngine {
    model: Model,
    layout: Layout,
    capacity: (usize, usize),
    rule: Rule,
    /// Batches scored.
    pub n_batches: usize,
}

impl RuleEngine {
    pub fn new(
        vocab_size: u32,
        capacity: (usize, usize),
        rule: impl Fn(&[u32], u32) -> f64 + 'static,
    ) -> RuleEngine {
        let architecture = Architecture {
            n_layers: 1,
            hidden_size: 4,
            vocab_size,
            tie_embeddings: true,
            attention: Attention {
                n_heads: 1,
                kv: KvProjection::Grouped {
                    n_kv_heads: 1,
                    head_dim: 4,
                },
                qkv_bias: false,
                output_bias: false,
                qk_norm: QkNorm::None,
                sinks: false,
                sliding_window: None,
            },
            ffn: Ffn {
                activation: Activation::SwiGlu,
                bias: false,
                intermediate_size: 4,
                moe: None,
            },
            norms_per_layer: 2,
        };
        RuleEngine {
            layout: Layout::new(&architecture).unwrap(),
            model: Model {
                details: Details::of(&architecture),
                architecture,
            },
            capacity,
            rule: Box::new(rule),
            n_batches: 0,
        }
    }
}

impl Engine for RuleEngine {
    fn model(&self) -> &Model {
        &self.model
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn capacity(&self) -> (usize, usize) {
        self.capacity
    }

    fn score(&mut self, batch: &Batch<'_>, nats: &mut [f32]) -> Result<(), EngineError> {
        let length = batch.sequence_length;
        assert!(length <= self.capacity.1 && batch.inputs.len() <= self.capacity.0 * length);
        assert_eq!(
            (batch.inputs.len(), batch.inputs.len()),
            (batch.targets.len(), nats.len())
        );
        let known = self.model.architecture.vocab_size;
        assert!(batch.inputs.iter().all(|&token| token < known));
        self.n_batches += 1;
        for (index, (nats, &target)) in nats.iter_mut().zip(batch.targets).enumerate() {
            let start = index - index % length;
            let seen = &batch.inputs[start..=index];
            *nats = if target == IGNORED {
                0.0
            } else {
                (self.rule)(seen, target) as f32
            };
        }
        Ok(())
    }

    fn accumulate(&mut self, _: &Batch<'_>, _: usize) -> Result<Losses, EngineError> {
        unimplemented!("evaluation does not train")
    }

    fn update(&mut self, _: &Update) -> Result<f64, EngineError> {
        unimplemented!("evaluation does not train")
    }

    fn logits(&mut self, _: &Batch<'_>, _: &mut [f32]) -> Result<(), EngineError> {
        unimplemented!("evaluation asks for losses")
    }

    fn read(&mut self, _: State, _: &mut [f32]) -> Result<(), EngineError> {
        unimplemented!("evaluation does not look at weights")
    }

    fn write(&mut self, _: State, _: &[f32]) -> Result<(), EngineError> {
        unimplemented!("evaluation does not change weights")
    }
}
