//! The same weights and batches in the CPU engine, which is held against PyTorch.

use super::models::{LENGTH, SEQUENCES, all, batch, engine, engine_for, tokens, weights};
use crate::array::Precision;
use crate::emulation::Host;
use crate::engine::EngineOptions;
use rooflaw_train::cpu::{self, CpuEngine};
use rooflaw_train::engine::{Engine, LoadBalancing, State, Update};
use rooflaw_train::model::Model;

/// Largest difference, where the values' root mean square is 1.
const TOLERANCE: f32 = 1e-4;

fn cpu(
    model: &Model,
    load_balancing: LoadBalancing,
    (sequences, sequence_length): (usize, usize),
) -> CpuEngine {
    let options = cpu::EngineOptions {
        sequences,
        sequence_length,
        threads: Some(1),
        load_balancing,
    };
    let mut engine = CpuEngine::new(model.clone(), &options).unwrap();
    let weights = weights(&engine, super::models::SEED);
    engine.write(State::Weights, &weights).unwrap();
    engine
}

fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    let square: f32 = expected.iter().map(|value| value * value).sum();
    let size = (square / expected.len() as f32).sqrt();
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= TOLERANCE * size,
            "{what}: {found}, not {expected} (of {size})"
        );
    }
}

fn read(engine: &mut dyn Engine, state: State) -> Vec<f32> {
    let mut values = vec![0.0; engine.layout().elements()];
    engine.read(state, &mut values).unwrap();
    values
}

#[test]
fn logits_losses_gradients_and_steps_are_the_same() {
    let tokens = tokens(SEQUENCES, LENGTH);
    let batch = batch(&tokens, LENGTH);
    for (model, balancing) in all() {
        let mut cpu = cpu(&model, balancing, (SEQUENCES, LENGTH));
        let mut gpu = engine(&model, Precision::F32, balancing);
        let n = tokens.0.len();
        let n_logits = n * model.architecture.vocab_size as usize;
        let (mut expected, mut found) = (vec![0.0; n_logits], vec![0.0; n_logits]);
        cpu.logits(&batch, &mut expected).unwrap();
        gpu.logits(&batch, &mut found).unwrap();
        assert_near(&found, &expected, "logits");
        let (mut expected, mut found) = (vec![0.0; n], vec![0.0; n]);
        cpu.score(&batch, &mut expected).unwrap();
        gpu.score(&batch, &mut found).unwrap();
        assert_near(&found, &expected, "scores");
        for step in 0..3 {
            let expected = cpu.accumulate(&batch, 15).unwrap();
            let found = gpu.accumulate(&batch, 15).unwrap();
            assert_eq!(found.n_targets, expected.n_targets);
            assert!(
                (found.total - expected.total).abs() < 1e-5 * expected.total,
                "{found:?}, not {expected:?}"
            );
            let balances = (found.load_balancing, expected.load_balancing);
            assert!((balances.0 - balances.1).abs() < 1e-5, "{balances:?}");
            let (found, expected) = (read(&mut gpu, State::Gradients), read(&mut cpu, State::Gradients));
            for tensor in cpu.layout().tensors() {
                let what = format!("gradient of {:?} {:?}", tensor.spec.layer, tensor.spec.part);
                assert_near(
                    &found[tensor.range.clone()],
                    &expected[tensor.range.clone()],
                    &what,
                );
            }
            let update = Update {
                step,
                learning_rate: 0.003,
                beta1: 0.9,
                beta2: 0.95,
                // Large enough that gradients near 0, whose sign is chance, do not decide a step.
                epsilon: 1e-3,
                weight_decay: 0.1,
                decays_vectors: step == 2,
                max_gradient_norm: Some(1.0),
            };
            let norms = (gpu.update(&update).unwrap(), cpu.update(&update).unwrap());
            assert!((norms.0 - norms.1).abs() < 1e-5 * norms.1, "{norms:?}");
            assert_near(
                &read(&mut gpu, State::Weights),
                &read(&mut cpu, State::Weights),
                "weights",
            );
        }
    }
}

/// More positions than a block has threads.
#[test]
fn long_sequences_are_the_same() {
    const LONG: usize = 300;
    let model = super::models::biased();
    let tokens = tokens(1, LONG);
    let batch = batch(&tokens, LONG);
    let mut cpu = cpu(&model, LoadBalancing::None, (1, LONG));
    let options = EngineOptions {
        sequences: 1,
        sequence_length: LONG,
        load_balancing: LoadBalancing::None,
    };
    let mut gpu = engine_for(&model, Host::new(Precision::F32, true), options);
    let losses = [
        cpu.accumulate(&batch, LONG).unwrap(),
        gpu.accumulate(&batch, LONG).unwrap(),
    ];
    assert!(
        (losses[0].total - losses[1].total).abs() < 1e-5 * losses[0].total,
        "{losses:?}"
    );
    let (found, expected) = (read(&mut gpu, State::Gradients), read(&mut cpu, State::Gradients));
    for tensor in cpu.layout().tensors() {
        let what = format!("gradient of {:?} {:?}", tensor.spec.layer, tensor.spec.part);
        assert_near(
            &found[tensor.range.clone()],
            &expected[tensor.range.clone()],
            &what,
        );
    }
}
