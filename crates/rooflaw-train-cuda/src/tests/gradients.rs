//! Gradients against differences of the loss, tensor by tensor.

use super::models::{self, LENGTH, Random, SEQUENCES, batch, engine, tokens};
use crate::array::Precision;
use rooflaw_train::engine::{Engine, LoadBalancing, State};
use rooflaw_train::model::Model;

const COEFFICIENT: f64 = 0.3;

/// Along the gradient of each tensor, and along a random direction, the loss changes as the gradient says.
fn check(model: &Model, balancing: LoadBalancing) {
    let mut engine = engine(model, Precision::F32, balancing);
    let tokens = tokens(SEQUENCES, LENGTH);
    let batch = batch(&tokens, LENGTH);
    let n_targets = 23;
    let mut loss = |engine: &mut dyn Engine| {
        let losses = engine.accumulate(&batch, n_targets).unwrap();
        let share = losses.n_targets as f64 / n_targets as f64;
        losses.total / n_targets as f64 + COEFFICIENT * share * losses.load_balancing
    };
    loss(&mut engine);
    let elements = engine.layout().elements();
    let mut gradients = vec![0.0; elements];
    engine.read(State::Gradients, &mut gradients).unwrap();
    let mut weights = vec![0.0; elements];
    engine.read(State::Weights, &mut weights).unwrap();
    let mut random = Random(11);
    for tensor in engine.layout().tensors().to_vec() {
        let gradient = &gradients[tensor.range.clone()];
        let norm = gradient.iter().map(|value| value * value).sum::<f32>().sqrt();
        let along = gradient.iter().map(|value| value / norm).collect::<Vec<_>>();
        let spread = 1.0 / (gradient.len() as f32).sqrt();
        let across = gradient.iter().map(|_| spread * random.next().signum()).collect();
        for direction in [along, across] {
            let expected: f64 = direction.iter().zip(gradient).map(|(a, b)| f64::from(a * b)).sum();
            let mut slope = |step: f32| {
                let mut moved_by = |step: f32| {
                    let mut moved = weights.clone();
                    for (weight, direction) in moved[tensor.range.clone()].iter_mut().zip(&direction) {
                        *weight += step * direction;
                    }
                    engine.write(State::Weights, &moved).unwrap();
                    loss(&mut engine)
                };
                (moved_by(step) - moved_by(-step)) / f64::from(2.0 * step)
            };
            // Two steps, so that the error that grows with their square goes away.
            let (wide, narrow) = (slope(0.02), slope(0.01));
            let found = (4.0 * narrow - wide) / 3.0;
            let part = (tensor.spec.layer, tensor.spec.part);
            let error = (found - expected).abs();
            assert!(error < 2e-3 * f64::from(norm) + 2e-4, "{part:?}: {found}, not {expected} (norm {norm})");
        }
    }
}

#[test]
fn of_a_dense_model() {
    check(&models::dense(), LoadBalancing::None);
}

#[test]
fn with_biases_a_window_geglu_and_an_own_head() {
    check(&models::biased(), LoadBalancing::None);
}

#[test]
fn of_a_mixture_with_a_load_balancing_loss() {
    let balancing = LoadBalancing::AuxiliaryLoss { coefficient: COEFFICIENT };
    check(&models::mixture(), balancing);
}

#[test]
fn of_shared_experts_behind_a_gate() {
    check(&models::shared_mixture(), LoadBalancing::None);
}

#[test]
fn of_sigmoid_scores() {
    check(&models::sigmoid_mixture(), LoadBalancing::None);
}
