//! What holds beyond the numbers: equal bits, masks, precision, refusals.

use super::models::{self, LENGTH, SEQUENCES, all, batch, engine, engine_in_order, tokens};
use crate::array::Precision;
use crate::emulation::Host;
use crate::engine::{DeviceEngine, EngineOptions};
use rooflaw::architecture::KvProjection;
use rooflaw_train::engine::{Batch, Engine, EngineError, IGNORED, LoadBalancing, State};
use rooflaw_train::model::Model;

fn gradients(engine: &mut DeviceEngine<Host>) -> (f64, Vec<f32>) {
    let tokens = tokens(SEQUENCES, LENGTH);
    let losses = engine.accumulate(&batch(&tokens, LENGTH), 12).unwrap();
    let mut gradients = vec![0.0; engine.layout().elements()];
    engine.read(State::Gradients, &mut gradients).unwrap();
    (losses.total, gradients)
}

/// A barrier that is missing, two threads that write one place, memory that is read before it is written: all would show here.
#[test]
fn bits_do_not_depend_on_the_order_of_threads_nor_on_what_was_before() {
    for (model, balancing) in all() {
        for precision in [Precision::F32, Precision::Bf16] {
            let mut rising = engine_in_order(&model, precision, balancing, false);
            let mut falling = engine_in_order(&model, precision, balancing, true);
            let (loss, first) = gradients(&mut rising);
            assert_eq!(
                (loss, &first),
                (gradients(&mut falling).0, &gradients_of(&mut falling))
            );
            assert!(first.iter().all(|gradient| gradient.is_finite()));
            rising.write(State::Gradients, &vec![0.0; first.len()]).unwrap();
            assert_eq!(gradients(&mut rising), (loss, first));
        }
    }
}

fn gradients_of(engine: &mut DeviceEngine<Host>) -> Vec<f32> {
    let mut gradients = vec![0.0; engine.layout().elements()];
    engine.read(State::Gradients, &mut gradients).unwrap();
    gradients
}

#[test]
fn bfloat16_is_near_f32() {
    for (model, balancing) in all() {
        let mut exact = engine(&model, Precision::F32, balancing);
        let mut rounded = engine(&model, Precision::Bf16, balancing);
        let ((loss, exact), (rounded_loss, rounded)) = (gradients(&mut exact), gradients(&mut rounded));
        assert!(
            (loss - rounded_loss).abs() < 0.02 * loss,
            "{rounded_loss}, not {loss}"
        );
        let norm =
            |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
        let difference = norm(&mut exact.iter().zip(&rounded).map(|(a, b)| a - b));
        let whole = norm(&mut exact.iter().copied());
        assert!(
            difference > 0.0 && difference < 0.1 * whole,
            "{difference} of {whole}"
        );
    }
}

#[test]
fn scores_logits_and_losses_agree() {
    for (model, balancing) in all() {
        let mut engine = engine(&model, Precision::F32, balancing);
        let tokens = tokens(SEQUENCES, LENGTH);
        let batch = batch(&tokens, LENGTH);
        let vocabulary = model.architecture.vocab_size as usize;
        let (mut nats, mut logits) = (vec![0.0; tokens.0.len()], vec![0.0; tokens.0.len() * vocabulary]);
        engine.score(&batch, &mut nats).unwrap();
        engine.logits(&batch, &mut logits).unwrap();
        let losses = engine.accumulate(&batch, 12).unwrap();
        assert_eq!(losses.total, nats.iter().copied().map(f64::from).sum::<f64>());
        assert_eq!(losses.n_targets, 12);
        for ((target, nats), logits) in tokens.1.iter().zip(nats).zip(logits.chunks_exact(vocabulary)) {
            let expected = if *target == IGNORED {
                0.0
            } else {
                let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
                sum.ln() - f64::from(logits[*target as usize])
            };
            assert!(
                (f64::from(nats) - expected).abs() < 1e-5,
                "{nats}, not {expected}"
            );
        }
    }
}

/// No position sees a later one, nor, in a model that is all windows, one before the window of its layers together.
#[test]
fn positions_see_what_they_may() {
    let mut model = models::biased();
    model.details.is_local = vec![true, true];
    let mut engine = engine(&model, Precision::F32, LoadBalancing::None);
    let vocabulary = model.architecture.vocab_size as usize;
    let mut logits = |tokens: &[u32]| {
        let batch = Batch {
            inputs: tokens,
            targets: tokens,
            sequence_length: 5,
        };
        let mut logits = vec![0.0; tokens.len() * vocabulary];
        engine.logits(&batch, &mut logits).unwrap();
        logits
    };
    let before = logits(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // Window 3 in two layers: position 4 of the second sequence sees 0 through 2, none sees another sequence.
    let after = logits(&[1, 2, 3, 4, 5, 36, 7, 8, 9, 11]);
    let changed = before
        .chunks(vocabulary)
        .zip(after.chunks(vocabulary))
        .map(|(before, after)| before != after);
    let changed: Vec<bool> = changed.collect();
    assert_eq!(
        changed,
        [false, false, false, false, false, true, true, true, true, true]
    );
    let after = logits(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
    assert_eq!(before[..9 * vocabulary], after[..9 * vocabulary]);
}

#[test]
fn shorter_batches_are_what_they_are_alone() {
    let mut engine = engine(&models::shared_mixture(), Precision::F32, LoadBalancing::None);
    let long = tokens(SEQUENCES, LENGTH);
    let short = (long.0[..3].to_vec(), long.1[..3].to_vec());
    let (mut of_long, mut of_short) = (vec![0.0; long.0.len()], vec![0.0; 3]);
    engine.score(&batch(&long, LENGTH), &mut of_long).unwrap();
    engine.score(&batch(&short, 3), &mut of_short).unwrap();
    for (short, long) in of_short.iter().zip(of_long) {
        assert!((short - long).abs() < 1e-5, "{short}, not {long}");
    }
}

#[test]
fn batches_that_do_not_fit_are_refused() {
    let mut engine = engine(&models::dense(), Precision::F32, LoadBalancing::None);
    let mut refusal = |inputs: &[u32], targets: &[u32], sequence_length: usize| {
        let batch = Batch {
            inputs,
            targets,
            sequence_length,
        };
        engine.accumulate(&batch, 1).unwrap_err().to_string()
    };
    assert!(refusal(&[1, 2, 3], &[1, 2, 3], 2).contains("sequences of 2"));
    assert!(refusal(&[1, 2], &[1], 2).contains("1 targets"));
    assert!(refusal(&[1; 6], &[1; 6], 6).contains("3 of 5"));
    assert!(refusal(&[1, 37], &[1, 2], 2).contains("token 37 in a vocabulary of 37"));
    assert!(refusal(&[1, 2], &[1, 40], 2).contains("token 40"));
}

#[test]
fn what_is_not_finite_is_an_error_and_changes_nothing() {
    let mut engine = engine(&models::dense(), Precision::F32, LoadBalancing::None);
    let elements = engine.layout().elements();
    let mut weights = vec![0.0; elements];
    engine.read(State::Weights, &mut weights).unwrap();
    engine.write(State::Gradients, &vec![f32::NAN; elements]).unwrap();
    let update = rooflaw_train::engine::Update {
        step: 0,
        learning_rate: 1.0,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weight_decay: 0.1,
        decays_vectors: true,
        max_gradient_norm: Some(1.0),
    };
    assert!(matches!(
        engine.update(&update),
        Err(EngineError::NotFinite { .. })
    ));
    let mut after = vec![0.0; elements];
    engine.read(State::Weights, &mut after).unwrap();
    assert_eq!(weights, after);
    engine.write(State::Weights, &vec![f32::NAN; elements]).unwrap();
    let tokens = tokens(1, LENGTH);
    let found = engine.accumulate(&batch(&tokens, LENGTH), 4);
    assert!(
        matches!(found, Err(EngineError::NotFinite { what: "the loss", .. })),
        "{found:?}"
    );
}

#[test]
fn models_that_are_not_computed_are_refused_by_name() {
    let options = EngineOptions {
        sequences: 1,
        sequence_length: 4,
        load_balancing: LoadBalancing::None,
    };
    let refusal = |model: &Model, options: EngineOptions| {
        let engine = DeviceEngine::on(Host::new(Precision::F32, false), model.clone(), options);
        engine.err().unwrap().to_string()
    };
    let mut latent = models::dense();
    latent.architecture.attention.kv = KvProjection::Latent {
        q_lora_rank: None,
        kv_lora_rank: 8,
        qk_nope_head_dim: 8,
        qk_rope_head_dim: 4,
        v_head_dim: 8,
    };
    assert!(refusal(&latent, options).contains("latent attention: the CUDA engine does not have it"));
    let auxiliary = EngineOptions {
        load_balancing: LoadBalancing::AuxiliaryLoss { coefficient: 0.1 },
        ..options
    };
    assert!(refusal(&models::sigmoid_mixture(), auxiliary).contains("sigmoid"));
    let empty = EngineOptions {
        sequences: 0,
        ..options
    };
    assert!(refusal(&models::dense(), empty).contains("0 sequences"));
}
