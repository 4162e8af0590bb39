//! Steps against AdamW as it is written.

use super::models::{self, LENGTH, SEQUENCES, batch, engine, tokens};
use crate::array::Precision;
use rooflaw_export::Shape;
use rooflaw_train::engine::{Engine, LoadBalancing, State, Update};

fn read(engine: &mut dyn Engine, state: State) -> Vec<f32> {
    let mut values = vec![0.0; engine.layout().elements()];
    engine.read(state, &mut values).unwrap();
    values
}

const UPDATE: Update = Update {
    step: 0,
    learning_rate: 0.01,
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weight_decay: 0.1,
    decays_vectors: false,
    max_gradient_norm: Some(0.5),
};

/// Algorithm 2 of arXiv 1711.05101 in f64, as PyTorch has it, after clipping as `clip_grad_norm_` does.
fn expected(state: &mut [f64; 3], gradient: f64, norm: f64, decays: bool, update: &Update) {
    let clip = update
        .max_gradient_norm
        .map_or(1.0, |max| (max / (norm + 1e-6)).min(1.0));
    let (gradient, step) = (gradient * clip, (update.step + 1) as i32);
    let [weight, first, second] = state;
    if decays {
        *weight -= update.learning_rate * update.weight_decay * *weight;
    }
    *first = update.beta1 * *first + (1.0 - update.beta1) * gradient;
    *second = update.beta2 * *second + (1.0 - update.beta2) * gradient * gradient;
    let first_hat = *first / (1.0 - update.beta1.powi(step));
    let second_hat = *second / (1.0 - update.beta2.powi(step));
    *weight -= update.learning_rate * first_hat / (second_hat.sqrt() + update.epsilon);
}

#[test]
fn are_those_of_adamw() {
    let tokens = tokens(SEQUENCES, LENGTH);
    let batch = batch(&tokens, LENGTH);
    for decays_vectors in [false, true] {
        let mut engine = engine(&models::biased(), Precision::F32, LoadBalancing::None);
        let mut states: Vec<[f64; 3]> = read(&mut engine, State::Weights)
            .into_iter()
            .map(|weight| [f64::from(weight), 0.0, 0.0])
            .collect();
        for step in 0..3 {
            let update = Update {
                step,
                decays_vectors,
                max_gradient_norm: (step != 1).then_some(0.5),
                ..UPDATE
            };
            engine.accumulate(&batch, 12).unwrap();
            let gradients = read(&mut engine, State::Gradients);
            let norm = gradients
                .iter()
                .map(|value| f64::from(*value).powi(2))
                .sum::<f64>()
                .sqrt();
            let found = engine.update(&update).unwrap();
            assert!((found - norm).abs() < 1e-6 * norm, "{found}, not {norm}");
            assert!(norm > 0.5, "nothing is clipped at {norm}");
            let layout = engine.layout().clone();
            for tensor in layout.tensors() {
                let decays = decays_vectors || !matches!(tensor.spec.shape, Shape::Vector(_));
                for index in tensor.range.clone() {
                    expected(
                        &mut states[index],
                        f64::from(gradients[index]),
                        norm,
                        decays,
                        &update,
                    );
                }
            }
            let found = [State::Weights, State::FirstMoments, State::SecondMoments]
                .map(|state| read(&mut engine, state));
            for (index, state) in states.iter_mut().enumerate() {
                for (found, expected) in found.iter().zip(*state) {
                    let error = (f64::from(found[index]) - expected).abs();
                    assert!(
                        error < 2e-6 * expected.abs().max(1e-2),
                        "{}, not {expected}",
                        found[index]
                    );
                }
                *state = std::array::from_fn(|part| f64::from(found[part][index]));
            }
            assert!(
                read(&mut engine, State::Gradients)
                    .iter()
                    .all(|gradient| *gradient == 0.0)
            );
        }
    }
}

#[test]
fn of_parts_of_a_batch_are_those_of_the_whole() {
    let tokens = tokens(SEQUENCES, LENGTH);
    let model = models::dense();
    let mut whole = engine(&model, Precision::F32, LoadBalancing::None);
    whole.accumulate(&batch(&tokens, LENGTH), 12).unwrap();
    let mut parts = engine(&model, Precision::F32, LoadBalancing::None);
    for part in [0..LENGTH, LENGTH..3 * LENGTH] {
        let part = (tokens.0[part.clone()].to_vec(), tokens.1[part].to_vec());
        parts.accumulate(&batch(&part, LENGTH), 12).unwrap();
    }
    let (whole, parts) = (
        read(&mut whole, State::Gradients),
        read(&mut parts, State::Gradients),
    );
    for (whole, parts) in whole.iter().zip(parts) {
        assert!((whole - parts).abs() < 1e-5, "{parts}, not {whole}");
    }
}

#[test]
fn lower_the_loss() {
    for model in [models::dense(), models::mixture()] {
        let balancing = LoadBalancing::AuxiliaryLoss { coefficient: 0.01 };
        let mut engine = engine(&model, Precision::Bf16, balancing);
        let tokens = tokens(SEQUENCES, LENGTH);
        let batch = batch(&tokens, LENGTH);
        let mut losses = Vec::new();
        for step in 0..8 {
            let found = engine.accumulate(&batch, 12).unwrap();
            losses.push(found.total / found.n_targets as f64);
            engine.update(&Update { step, ..UPDATE }).unwrap();
        }
        let (first, last) = (losses[0], losses[losses.len() - 1]);
        assert!(last < 0.8 * first, "{losses:?}");
    }
}
