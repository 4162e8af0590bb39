//! An engine behind CUDA's interface against the CPU engine.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use rooflaw::architecture::{Architecture, Moe};
use rooflaw::models;
use rooflaw_train::cpu::{self, CpuEngine};
use rooflaw_train::engine::{Batch, Engine, LoadBalancing, State, Update};
use rooflaw_train::model::{Details, Model};
use rooflaw_train::start;
use rooflaw_train_cuda::{CudaEngine, EngineOptions, Precision};

const BALANCING: LoadBalancing = LoadBalancing::AuxiliaryLoss { coefficient: 0.01 };

/// Of models and batches.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub sequences: usize,
    pub length: usize,
    pub hidden: u32,
    pub vocabulary: u32,
}

fn dense(sizes: Sizes) -> Architecture {
    let mut architecture = models::find("qwen3-0.6b").unwrap().architecture;
    (architecture.n_layers, architecture.hidden_size) = (2, sizes.hidden);
    (architecture.vocab_size, architecture.ffn.intermediate_size) = (sizes.vocabulary, 5 * sizes.hidden / 2);
    architecture
}

fn mixture(sizes: Sizes) -> Architecture {
    let mut architecture = dense(sizes);
    architecture.ffn.intermediate_size = 0;
    architecture.ffn.moe = Some(Moe {
        n_experts: 8,
        experts_per_token: 2,
        expert_size: sizes.hidden,
        n_shared_experts: 1,
        shared_expert_size: sizes.hidden / 2,
        shared_expert_gate: true,
        n_dense_layers: 0,
        router_bias: false,
    });
    architecture
}

fn models(sizes: Sizes) -> [Model; 2] {
    [dense(sizes), mixture(sizes)].map(|architecture| Model {
        details: Details::of(&architecture),
        architecture,
    })
}

fn gpu(model: &Model, sizes: Sizes, precision: Precision) -> CudaEngine {
    let options = EngineOptions {
        sequences: sizes.sequences,
        sequence_length: sizes.length,
        load_balancing: BALANCING,
    };
    let mut engine = CudaEngine::new(model.clone(), options, precision, 0).unwrap();
    let weights = start::weights(engine.layout(), 1, 0.1);
    engine.write(State::Weights, &weights).unwrap();
    engine
}

fn cpu(model: &Model, sizes: Sizes) -> CpuEngine {
    let options = cpu::EngineOptions {
        sequences: sizes.sequences,
        sequence_length: sizes.length,
        threads: None,
        load_balancing: BALANCING,
    };
    let mut engine = CpuEngine::new(model.clone(), &options).unwrap();
    let weights = start::weights(engine.layout(), 1, 0.1);
    engine.write(State::Weights, &weights).unwrap();
    engine
}

/// Losses of three steps, logits before them, the gradients of the first.
fn trained(engine: &mut dyn Engine, sizes: Sizes) -> (Vec<f64>, Vec<f32>, Vec<f32>) {
    let (n, vocabulary) = (sizes.sequences * sizes.length, sizes.vocabulary as usize);
    let tokens: Vec<u32> = (0..=n)
        .map(|i| ((i * i * 31 + i * 17) % vocabulary) as u32)
        .collect();
    let batch = Batch {
        inputs: &tokens[..n],
        targets: &tokens[1..],
        sequence_length: sizes.length,
    };
    let mut logits = vec![0.0; n * vocabulary];
    engine.logits(&batch, &mut logits).unwrap();
    let mut gradients = vec![0.0; engine.layout().elements()];
    let mut losses = Vec::new();
    for step in 0..3 {
        losses.push(engine.accumulate(&batch, n).unwrap().total);
        if step == 0 {
            engine.read(State::Gradients, &mut gradients).unwrap();
        }
        let update = Update {
            step,
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-6,
            weight_decay: 0.1,
            decays_vectors: false,
            max_gradient_norm: Some(1.0),
        };
        engine.update(&update).unwrap();
    }
    (losses, logits, gradients)
}

/// The difference's root mean square over that of what is expected.
fn error(found: &[f32], expected: &[f32]) -> f64 {
    let square = |value: f32| f64::from(value).powi(2);
    let difference: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    (difference / expected.iter().map(|value| square(*value)).sum::<f64>()).sqrt()
}

/// Logits, gradients and losses are the CPU engine's, as near as the tolerance.
pub fn check(sizes: Sizes, precision: Precision, tolerance: f64) {
    for model in models(sizes) {
        let (losses, logits, gradients) = trained(&mut gpu(&model, sizes, precision), sizes);
        let (expected_losses, expected_logits, expected_gradients) = trained(&mut cpu(&model, sizes), sizes);
        let logits = error(&logits, &expected_logits);
        let gradients = error(&gradients, &expected_gradients);
        println!(
            "{precision:?}: logits {logits:.1e}, gradients {gradients:.1e}, losses {losses:?}, {expected_losses:?}"
        );
        assert!(logits < tolerance && gradients < tolerance);
        for (found, expected) in losses.iter().zip(expected_losses) {
            assert!((found - expected).abs() < tolerance * expected);
        }
    }
}

/// The same again gives the same bits.
pub fn check_bits(sizes: Sizes) {
    for model in models(sizes) {
        let first = trained(&mut gpu(&model, sizes, Precision::Bf16), sizes);
        assert_eq!(first, trained(&mut gpu(&model, sizes, Precision::Bf16), sizes));
    }
}
