//! Gradients against differences of the loss, tensor by tensor, of the two models that have most kinds of parts.

use super::models::{self, LENGTH, Random, SEQUENCES, batch, engine, tokens};
use crate::array::Precision;
use crate::emulation::Host;
use crate::engine::DeviceEngine;
use rooflaw_export::Part;
use rooflaw_train::engine::{Engine, LoadBalancing, State};
use rooflaw_train::model::Model;

const COEFFICIENT: f64 = 0.3;

/// Along the gradient of each tensor, and along a random direction, the loss changes as the gradient says.
fn check(model: &Model, balancing: LoadBalancing) {
    let mut engine = engine(model, Precision::F32, balancing);
    let tokens = tokens(SEQUENCES, LENGTH);
    let batch = batch(&tokens, LENGTH);
    let n_targets = 23;
    let mut nats = vec![0.0; batch.inputs.len()];
    let mut loss = |engine: &mut DeviceEngine<Host>| {
        if balancing == LoadBalancing::None {
            engine.score(&batch, &mut nats).unwrap();
            return nats.iter().copied().map(f64::from).sum::<f64>() / n_targets as f64;
        }
        let losses = engine.accumulate(&batch, n_targets).unwrap();
        let share = losses.n_targets as f64 / n_targets as f64;
        losses.total / n_targets as f64 + COEFFICIENT * share * losses.load_balancing
    };
    engine.accumulate(&batch, n_targets).unwrap();
    let choices = engine.choices();
    let mut n_skipped = 0;
    let elements = engine.layout().elements();
    let mut gradients = vec![0.0; elements];
    engine.read(State::Gradients, &mut gradients).unwrap();
    let mut weights = vec![0.0; elements];
    engine.read(State::Weights, &mut weights).unwrap();
    let mut random = Random(11);
    for tensor in engine.layout().tensors().to_vec() {
        let gradient = &gradients[tensor.range.clone()];
        if tensor.spec.part == Part::RouterBias {
            // It decides choices alone.
            assert!(gradient.iter().all(|gradient| *gradient == 0.0));
            continue;
        }
        let norm = gradient.iter().map(|value| value * value).sum::<f32>().sqrt();
        let along = gradient.iter().map(|value| value / norm).collect::<Vec<_>>();
        let spread = 1.0 / (gradient.len() as f32).sqrt();
        let across = gradient.iter().map(|_| spread * random.next().signum()).collect();
        for direction in [along, across] {
            let expected: f64 = direction
                .iter()
                .zip(gradient)
                .map(|(a, b)| f64::from(a * b))
                .sum();
            let mut loss_at = |step: f32| {
                let mut moved = weights.clone();
                for (weight, direction) in moved[tensor.range.clone()].iter_mut().zip(&direction) {
                    *weight += step * direction;
                }
                engine.write(State::Weights, &moved).unwrap();
                let loss = loss(&mut engine);
                (loss, engine.choices())
            };
            // Two steps, so that the error that grows with their square goes away; shorter ones where a token would choose
            // other experts, because there the loss is not continuous.
            let mut slopes = |step: f32| {
                let points = [step, -step, step / 2.0, -step / 2.0].map(&mut loss_at);
                let are_same = points.iter().all(|(_, chosen)| *chosen == choices);
                let wide = (points[0].0 - points[1].0) / f64::from(2.0 * step);
                let narrow = (points[2].0 - points[3].0) / f64::from(step);
                are_same.then_some((4.0 * narrow - wide) / 3.0)
            };
            let Some(found) = [0.02, 0.005, 0.001].into_iter().find_map(&mut slopes) else {
                n_skipped += 1;
                continue;
            };
            let part = (tensor.spec.layer, tensor.spec.part);
            let error = (found - expected).abs();
            assert!(
                error < 2e-3 * f64::from(norm) + 2e-4,
                "{part:?}: {found}, not {expected} (norm {norm})"
            );
        }
    }
    assert!(
        n_skipped <= 2,
        "{n_skipped} directions in which tokens choose other experts at once"
    );
}

#[test]
fn with_biases_a_window_geglu_and_an_own_head() {
    check(&models::biased(), LoadBalancing::None);
}

#[test]
fn of_a_mixture_with_shared_experts_and_a_load_balancing_loss() {
    let balancing = LoadBalancing::AuxiliaryLoss {
        coefficient: COEFFICIENT,
    };
    check(&models::shared_mixture(), balancing);
}
