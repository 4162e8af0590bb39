//! A training step: forward, backward, update, on all cores. Throughput is in tokens.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rooflaw::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm};
use rooflaw_train::cpu::{CpuEngine, EngineOptions};
use rooflaw_train::engine::{Batch, Engine, LoadBalancing, State, Update};
use rooflaw_train::model::{Details, Model};
use rooflaw_train::start;

const SEQUENCES: usize = 16;
const POSITIONS: usize = 256;

fn architecture(hidden_size: u32, intermediate_size: u32, moe: Option<(u32, u32)>) -> Architecture {
    Architecture {
        n_layers: 4,
        hidden_size,
        vocab_size: 4096,
        tie_embeddings: true,
        attention: Attention {
            n_heads: hidden_size / 32,
            kv: KvProjection::Grouped {
                n_kv_heads: 1,
                head_dim: 32,
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
            intermediate_size,
            moe: moe.map(|(n_experts, experts_per_token)| Moe {
                n_experts,
                experts_per_token,
                expert_size: intermediate_size / experts_per_token,
                n_shared_experts: 0,
                shared_expert_size: 0,
                shared_expert_gate: false,
                n_dense_layers: 0,
                router_bias: false,
            }),
        },
        norms_per_layer: 2,
    }
}

fn steps(criterion: &mut Criterion) {
    let tokens: Vec<u32> = (0..=SEQUENCES * POSITIONS)
        .map(|i| ((i * i * 31 + i * 17) % 4093) as u32)
        .collect();
    let mut group = criterion.benchmark_group("step");
    group
        .sample_size(10)
        .throughput(Throughput::Elements((SEQUENCES * POSITIONS) as u64));
    for (name, architecture) in [
        ("dense 1.3M", architecture(96, 512, None)),
        ("dense 2.6M", architecture(160, 864, None)),
        ("dense 9.5M", architecture(320, 1728, None)),
        ("E=8 K=1", architecture(160, 864, Some((8, 1)))),
        ("E=16 K=2", architecture(160, 864, Some((16, 2)))),
    ] {
        let model = Model {
            details: Details::of(&architecture),
            architecture,
        };
        let options = EngineOptions {
            sequences: SEQUENCES,
            sequence_length: POSITIONS,
            threads: None,
            load_balancing: LoadBalancing::AuxiliaryLoss { coefficient: 0.01 },
        };
        let Ok(mut engine) = CpuEngine::new(model, &options) else {
            continue;
        };
        let weights = start::weights(engine.layout(), 1, 0.02);
        let mut step = 0;
        let tokens = &tokens;
        let mut one = move || {
            let batch = Batch {
                inputs: &tokens[..SEQUENCES * POSITIONS],
                targets: &tokens[1..],
                sequence_length: POSITIONS,
            };
            if step == 0 {
                engine.write(State::Weights, &weights).unwrap_or_default();
            }
            let update = Update {
                step,
                learning_rate: 1e-3,
                beta1: 0.9,
                beta2: 0.95,
                epsilon: 1e-8,
                weight_decay: 0.01,
                decays_vectors: false,
                max_gradient_norm: Some(1.0),
            };
            step += 1;
            engine
                .accumulate(&batch, SEQUENCES * POSITIONS)
                .and_then(|_| engine.update(&update))
        };
        group.bench_function(name, |bencher| bencher.iter(&mut one));
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
