//! Tiny models, one for each kind of part, and batches for them.

use crate::array::Precision;
use crate::emulation::Host;
use crate::engine::{DeviceEngine, EngineOptions};
use rooflaw::architecture::{
    Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm, SlidingWindow,
};
use rooflaw_export::Start;
use rooflaw_train::engine::{Batch, Engine, IGNORED, LoadBalancing, State};
use rooflaw_train::model::{Details, Model};

pub(super) const SEQUENCES: usize = 3;
pub(super) const LENGTH: usize = 5;
pub(super) const SEED: u64 = 3;

pub(super) fn dense() -> Model {
    let architecture = Architecture {
        n_layers: 2,
        hidden_size: 24,
        vocab_size: 37,
        tie_embeddings: true,
        attention: Attention {
            n_heads: 4,
            kv: KvProjection::Grouped {
                n_kv_heads: 2,
                head_dim: 8,
            },
            qkv_bias: false,
            output_bias: false,
            qk_norm: QkNorm::PerHead,
            sinks: false,
            sliding_window: None,
        },
        ffn: Ffn {
            activation: Activation::SwiGlu,
            bias: false,
            intermediate_size: 40,
            moe: None,
        },
        norms_per_layer: 2,
    };
    with_details(architecture)
}

/// Biases everywhere, a window, GeGLU, an own head, norms over all heads.
pub(super) fn biased() -> Model {
    let mut architecture = dense().architecture;
    architecture.tie_embeddings = false;
    architecture.attention.qkv_bias = true;
    architecture.attention.output_bias = true;
    architecture.attention.qk_norm = QkNorm::Full;
    architecture.attention.sliding_window = Some(SlidingWindow {
        size: 3,
        n_local_layers: 1,
    });
    architecture.ffn.bias = true;
    architecture.ffn.activation = Activation::GeGlu;
    with_details(architecture)
}

pub(super) fn mixture() -> Model {
    let mut architecture = dense().architecture;
    architecture.attention.qk_norm = QkNorm::None;
    architecture.ffn.moe = Some(Moe {
        n_experts: 5,
        experts_per_token: 2,
        expert_size: 12,
        n_shared_experts: 0,
        shared_expert_size: 0,
        shared_expert_gate: false,
        n_dense_layers: 0,
        router_bias: false,
    });
    architecture.ffn.intermediate_size = 0;
    with_details(architecture)
}

/// Shared experts behind a gate, a dense layer first, neighbouring elements turned, scores not normalised.
pub(super) fn shared_mixture() -> Model {
    let mut architecture = mixture().architecture;
    architecture.ffn.intermediate_size = 40;
    if let Some(moe) = &mut architecture.ffn.moe {
        moe.n_shared_experts = 2;
        moe.shared_expert_size = 8;
        moe.shared_expert_gate = true;
        moe.n_dense_layers = 1;
    }
    let mut model = with_details(architecture);
    model.details.rope_interleaved = true;
    model.details.routing.normalised = false;
    model.details.routing.scale = 1.5;
    model
}

/// Sigmoid scores with a bias for the choice, a shared expert without gate.
pub(super) fn sigmoid_mixture() -> Model {
    let mut model = shared_mixture();
    if let Some(moe) = &mut model.architecture.ffn.moe {
        moe.shared_expert_gate = false;
        moe.router_bias = true;
    }
    model.details.routing.scoring = rooflaw_train::model::Scoring::Sigmoid;
    model.details.routing.normalised = true;
    model
}

fn with_details(architecture: Architecture) -> Model {
    Model {
        details: Details::of(&architecture),
        architecture,
    }
}

/// Rows longer than a block has threads.
pub(super) fn wide() -> Model {
    let mut architecture = shared_mixture().architecture;
    (architecture.hidden_size, architecture.vocab_size) = (264, 290);
    architecture.attention.qk_norm = QkNorm::Full;
    architecture.attention.kv = KvProjection::Grouped {
        n_kv_heads: 2,
        head_dim: 68,
    };
    with_details(architecture)
}

/// All of them, and the load balancing that their scores allow.
pub(super) fn all() -> [(Model, LoadBalancing); 6] {
    let auxiliary = LoadBalancing::AuxiliaryLoss { coefficient: 0.3 };
    [
        (dense(), LoadBalancing::None),
        (biased(), LoadBalancing::None),
        (mixture(), auxiliary),
        (shared_mixture(), auxiliary),
        (wide(), auxiliary),
        (sigmoid_mixture(), LoadBalancing::Bias { rate: 0.05 }),
    ]
}

/// Numbers between -1 and 1, the same for a seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Weights of a size that makes every part matter; norms and biases off their neutral values.
pub(super) fn weights(engine: &dyn Engine, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    // What goes into a sum is as much for every width.
    let size = (6.0 / engine.model().architecture.hidden_size as f32).sqrt();
    let mut weights = vec![0.0; engine.layout().elements()];
    for tensor in engine.layout().tensors() {
        for weight in &mut weights[tensor.range.clone()] {
            *weight = match tensor.spec.part.start() {
                Start::One => 1.0 + 0.3 * random.next(),
                Start::Zero => 0.3 * random.next(),
                Start::Random => size * random.next(),
            };
        }
    }
    weights
}

pub(super) fn engine(model: &Model, precision: Precision, balancing: LoadBalancing) -> DeviceEngine<Host> {
    engine_in_order(model, precision, balancing, false)
}

pub(super) fn engine_in_order(
    model: &Model,
    precision: Precision,
    load_balancing: LoadBalancing,
    is_reversed: bool,
) -> DeviceEngine<Host> {
    let options = EngineOptions {
        sequences: SEQUENCES,
        sequence_length: LENGTH,
        load_balancing,
    };
    engine_for(model, Host::new(precision, is_reversed), options)
}

pub(super) fn engine_for(model: &Model, host: Host, options: EngineOptions) -> DeviceEngine<Host> {
    let mut engine = DeviceEngine::on(host, model.clone(), options).unwrap();
    let weights = weights(&engine, SEED);
    engine.write(State::Weights, &weights).unwrap();
    engine
}

/// Tokens, some twice and some never, and targets, some ignored.
pub(super) fn tokens(n_sequences: usize, length: usize) -> (Vec<u32>, Vec<u32>) {
    let mut random = Random(3);
    let n = n_sequences * length;
    let inputs = (0..n).map(|_| ((random.next() + 1.0) * 18.0) as u32).collect();
    let target = |index: usize, token: u32| if index % 5 == 2 { IGNORED } else { token };
    let targets = (0..n)
        .map(|index| target(index, ((random.next() + 1.0) * 18.0) as u32))
        .collect();
    (inputs, targets)
}

pub(super) fn batch<'a>(tokens: &'a (Vec<u32>, Vec<u32>), length: usize) -> Batch<'a> {
    Batch {
        inputs: &tokens.0,
        targets: &tokens.1,
        sequence_length: length,
    }
}
