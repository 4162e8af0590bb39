//! The CPU engine against differences of its own loss, and against itself with other threads and batches.

use rooflaw::architecture::{
    Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm, SlidingWindow,
};
use rooflaw_export::Part;
use rooflaw_train::cpu::{CpuEngine, EngineOptions};
use rooflaw_train::engine::{Batch, Engine, EngineError, IGNORED, LoadBalancing, State, Update};
use rooflaw_train::layout::Layout;
use rooflaw_train::model::{Details, Model, Routing, Scoring};
use rooflaw_train::start;

const VOCAB: u32 = 61;
const POSITIONS: usize = 70;
const SEQUENCES: usize = 3;

fn dense() -> Architecture {
    Architecture {
        n_layers: 2,
        hidden_size: 24,
        vocab_size: VOCAB,
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
    }
}

fn mixture() -> Architecture {
    let mut architecture = dense();
    architecture.ffn.moe = Some(Moe {
        n_experts: 4,
        experts_per_token: 2,
        expert_size: 16,
        n_shared_experts: 0,
        shared_expert_size: 0,
        shared_expert_gate: false,
        n_dense_layers: 1,
        router_bias: false,
    });
    architecture
}

/// Every kind of tensor and loss that the engine has, spread over a few models.
fn models() -> Vec<(&'static str, Model, LoadBalancing)> {
    let auxiliary = LoadBalancing::AuxiliaryLoss { coefficient: 0.5 };
    let plain = |architecture: Architecture| Model {
        details: Details::of(&architecture),
        architecture,
    };
    let mut biased = dense();
    (biased.tie_embeddings, biased.attention.qk_norm) = (false, QkNorm::Full);
    (
        biased.attention.qkv_bias,
        biased.attention.output_bias,
        biased.ffn.bias,
    ) = (true, true, true);
    biased.ffn.activation = Activation::GeGlu;
    biased.attention.sliding_window = Some(SlidingWindow {
        size: 9,
        n_local_layers: 1,
    });
    let mut with_shared = mixture();
    if let Some(moe) = &mut with_shared.ffn.moe {
        (
            moe.n_shared_experts,
            moe.shared_expert_size,
            moe.shared_expert_gate,
        ) = (2, 12, true);
    }
    let mut ungated = plain(with_shared);
    if let Some(moe) = &mut ungated.architecture.ffn.moe {
        moe.shared_expert_gate = false;
    }
    ungated.details.routing = Routing {
        scoring: Scoring::Sigmoid,
        normalised: true,
        scale: 1.7,
    };
    let mut raw = plain(mixture());
    raw.details.routing.normalised = false;
    let latent = |q_lora_rank: Option<u32>, bias: bool| {
        let mut architecture = dense();
        architecture.attention.kv = KvProjection::Latent {
            q_lora_rank,
            kv_lora_rank: 12,
            qk_nope_head_dim: 6,
            qk_rope_head_dim: 4,
            v_head_dim: 8,
        };
        architecture.attention.qk_norm = QkNorm::None;
        (
            architecture.attention.qkv_bias,
            architecture.attention.output_bias,
        ) = (bias, bias);
        let mut model = plain(architecture);
        model.details.rope_interleaved = true;
        model
    };
    vec![
        ("latent", latent(None, false), LoadBalancing::None),
        ("latent queries", latent(Some(10), true), LoadBalancing::None),
        ("dense", plain(dense()), LoadBalancing::None),
        ("biased", plain(biased), LoadBalancing::None),
        ("mixture", plain(mixture()), auxiliary),
        ("raw scores", raw, LoadBalancing::None),
        ("shared", plain(with_shared), auxiliary),
        ("sigmoid", ungated, LoadBalancing::None),
    ]
}

fn engine(model: &Model, load_balancing: LoadBalancing, threads: usize) -> CpuEngine {
    let options = EngineOptions {
        sequences: SEQUENCES,
        sequence_length: POSITIONS,
        threads: Some(threads),
        load_balancing,
    };
    let mut engine = CpuEngine::new(model.clone(), &options).unwrap();
    let mut weights = start::weights(engine.layout(), 7, 0.3);
    // Norms and biases other than 1 and 0.
    for (index, weight) in weights.iter_mut().enumerate() {
        if *weight == 1.0 || *weight == 0.0 {
            *weight += ((index * 7919) % 101) as f32 / 200.0 - 0.25;
        }
    }
    engine.write(State::Weights, &weights).unwrap();
    engine
}

fn tokens() -> (Vec<u32>, Vec<u32>) {
    let token = |i: usize| ((i * i * 31 + i * 17 + 5) % VOCAB as usize) as u32;
    let inputs: Vec<u32> = (0..SEQUENCES * POSITIONS).map(token).collect();
    let mut targets: Vec<u32> = (1..=SEQUENCES * POSITIONS).map(token).collect();
    for target in targets.iter_mut().step_by(9) {
        *target = IGNORED;
    }
    (inputs, targets)
}

fn batch<'a>(inputs: &'a [u32], targets: &'a [u32]) -> Batch<'a> {
    Batch {
        inputs,
        targets,
        sequence_length: POSITIONS,
    }
}

fn n_targets(targets: &[u32]) -> usize {
    targets.iter().filter(|&&target| target != IGNORED).count()
}

fn gradients(engine: &mut CpuEngine) -> Vec<f32> {
    let mut gradients = vec![0.0; engine.layout().elements()];
    engine.read(State::Gradients, &mut gradients).unwrap();
    gradients
}

/// The loss whose gradient `accumulate` gives.
fn loss(engine: &mut CpuEngine, coefficient: f64) -> f64 {
    let (inputs, targets) = tokens();
    let n = n_targets(&targets);
    let losses = engine.accumulate(&batch(&inputs, &targets), n).unwrap();
    assert_eq!(losses.n_targets, n);
    losses.total / n as f64 + coefficient * losses.load_balancing
}

#[test]
fn gradients_are_those_of_differences() {
    for (name, model, balancing) in models() {
        let coefficient = match balancing {
            LoadBalancing::AuxiliaryLoss { coefficient } => coefficient,
            _ => 0.0,
        };
        let mut engine = engine(&model, balancing, 2);
        loss(&mut engine, coefficient);
        let found = gradients(&mut engine);
        let mut weights = vec![0.0; found.len()];
        engine.read(State::Weights, &mut weights).unwrap();
        let tensors = engine.layout().tensors().to_vec();
        for placed in tensors {
            // Along the gradient itself, where the slope is its length: all entries count.
            let gradient = &found[placed.range.clone()];
            let length = gradient.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
            let what = format!("{name}, {:?} of {:?}", placed.spec.part, placed.spec.layer);
            assert!(length > 1e-6, "{what}: no gradient");
            let mut moved = |by: f64| {
                let mut weights = weights.clone();
                for (weight, gradient) in weights[placed.range.clone()].iter_mut().zip(gradient) {
                    *weight += (by * f64::from(*gradient) / length) as f32;
                }
                engine.write(State::Weights, &weights).unwrap();
                loss(&mut engine, coefficient)
            };
            // A token that changes its experts on the way makes the loss jump: of several steps one has no such token.
            let slopes = [3e-3, 1e-3, 3e-4, 1e-4].map(|step| (moved(step) - moved(-step)) / (2.0 * step));
            let is_close = |slope: &f64| (slope - length).abs() < 0.02 * length + 5e-4;
            assert!(slopes.iter().any(is_close), "{what}: {slopes:?} are not {length}");
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for (name, model, balancing) in models() {
        let of = |threads| {
            let mut engine = engine(&model, balancing, threads);
            let loss = loss(&mut engine, 0.0);
            (loss.to_bits(), gradients(&mut engine))
        };
        let one = of(1);
        for threads in [2, 3, 5] {
            assert!(of(threads) == one, "{name} with {threads} threads");
        }
    }
}

#[test]
fn batches_of_a_step_add_up() {
    for (name, model, _) in models() {
        let (inputs, targets) = tokens();
        let n = n_targets(&targets);
        let mut whole = engine(&model, LoadBalancing::None, 2);
        whole.accumulate(&batch(&inputs, &targets), n).unwrap();
        let mut parts = engine(&model, LoadBalancing::None, 2);
        for sequence in 0..SEQUENCES {
            let range = sequence * POSITIONS..(sequence + 1) * POSITIONS;
            parts
                .accumulate(&batch(&inputs[range.clone()], &targets[range]), n)
                .unwrap();
        }
        let (whole, parts) = (gradients(&mut whole), gradients(&mut parts));
        let largest = whole.iter().fold(0.0_f32, |largest, g| largest.max(g.abs()));
        for (a, b) in whole.iter().zip(&parts) {
            assert!((a - b).abs() < 1e-5 * largest, "{name}: {a} {b}");
        }
    }
}

#[test]
fn scores_are_the_losses_and_logits_give_them() {
    for (name, model, balancing) in models() {
        let mut engine = engine(&model, balancing, 2);
        let (inputs, targets) = tokens();
        let batch = batch(&inputs, &targets);
        let total = engine.accumulate(&batch, 1).unwrap().total;
        let mut nats = vec![f32::NAN; inputs.len()];
        engine.score(&batch, &mut nats).unwrap();
        let sum: f64 = nats.iter().map(|&nats| f64::from(nats)).sum();
        assert!((sum - total).abs() < 1e-3, "{name}: {sum} {total}");
        let vocab = VOCAB as usize;
        let mut logits = vec![f32::NAN; inputs.len() * vocab];
        engine.logits(&batch, &mut logits).unwrap();
        for (row, (nats, &target)) in logits.chunks(vocab).zip(nats.iter().zip(&targets)) {
            if target == IGNORED {
                assert_eq!(*nats, 0.0);
                continue;
            }
            let sum: f64 = row.iter().map(|&logit| f64::from(logit).exp()).sum();
            let expected = sum.ln() - f64::from(row[target as usize]);
            assert!(
                (expected - f64::from(*nats)).abs() < 1e-4,
                "{name}: {expected} {nats}"
            );
        }
    }
}

#[test]
fn training_lowers_the_loss_of_every_model() {
    for (name, model, balancing) in models() {
        let mut engine = engine(&model, balancing, 2);
        let first = loss(&mut engine, 0.0);
        for step in 0..60 {
            engine
                .update(&Update {
                    step,
                    learning_rate: 1e-2,
                    beta1: 0.9,
                    beta2: 0.95,
                    epsilon: 1e-8,
                    weight_decay: 0.01,
                    decays_vectors: false,
                    max_gradient_norm: Some(1.0),
                })
                .unwrap();
            loss(&mut engine, 0.0);
        }
        let last = loss(&mut engine, 0.0);
        assert!(last < 0.5 * first, "{name}: {first} to {last}");
    }
}

#[test]
fn a_bias_balances_loads() {
    let mut architecture = mixture();
    (architecture.attention.qk_norm, architecture.tie_embeddings) = (QkNorm::None, false);
    if let Some(moe) = &mut architecture.ffn.moe {
        moe.router_bias = true;
    }
    architecture.attention.kv = KvProjection::Latent {
        q_lora_rank: None,
        kv_lora_rank: 12,
        qk_nope_head_dim: 6,
        qk_rope_head_dim: 4,
        v_head_dim: 8,
    };
    let model = Model {
        details: Details::of(&architecture),
        architecture,
    };
    assert_eq!(model.details.routing.scoring, Scoring::Sigmoid);
    let mut engine = engine(&model, LoadBalancing::Bias { rate: 0.05 }, 2);
    let placed = engine
        .layout()
        .find(Some(1), Part::RouterBias)
        .unwrap()
        .range
        .clone();
    let biases = |engine: &mut CpuEngine| {
        let mut weights = vec![0.0; engine.layout().elements()];
        engine.read(State::Weights, &mut weights).unwrap();
        weights[placed.clone()].to_vec()
    };
    let mut weights = vec![0.0; engine.layout().elements()];
    engine.read(State::Weights, &mut weights).unwrap();
    // One expert is never chosen at first.
    weights[placed.clone()].copy_from_slice(&[0.0, 0.0, 0.0, -5.0]);
    engine.write(State::Weights, &weights).unwrap();
    let still = Update {
        step: 0,
        learning_rate: 0.0,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weight_decay: 0.1,
        decays_vectors: true,
        max_gradient_norm: None,
    };
    loss(&mut engine, 0.0);
    engine.update(&still).unwrap();
    let after = biases(&mut engine);
    assert_eq!(after[3], -4.95, "it goes up");
    let moved: f32 = after[..3].iter().sum();
    assert!(
        after[..3].iter().all(|bias| [0.05, 0.0, -0.05].contains(bias)) && moved < 0.0,
        "{after:?}"
    );
    for _ in 0..120 {
        loss(&mut engine, 0.0);
        engine.update(&still).unwrap();
    }
    let settled = biases(&mut engine);
    let highest = settled[..3]
        .iter()
        .fold(f32::MIN, |highest, &bias| highest.max(bias));
    assert!(settled[3] > highest - 1.0, "{settled:?}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_, model, balancing) = models().remove(2);
    let mut engine = engine(&model, balancing, 1);
    let (inputs, targets) = tokens();
    let mut strange = inputs.clone();
    strange[5] = VOCAB;
    let is_refused = |result: Result<_, EngineError>, word: &str| {
        let text = result
            .err()
            .map(|error: EngineError| error.to_string())
            .unwrap_or_default();
        assert!(text.contains(word), "{text}");
    };
    is_refused(
        engine.accumulate(&batch(&strange, &targets), 1).map(drop),
        "token 61",
    );
    is_refused(
        engine.accumulate(&batch(&inputs, &targets[1..]), 1).map(drop),
        "targets",
    );
    is_refused(engine.accumulate(&batch(&[], &[]), 1).map(drop), "0 tokens");
    let none = Update {
        step: 0,
        learning_rate: 1.0,
        beta1: 0.9,
        beta2: 0.9,
        epsilon: 1e-8,
        weight_decay: 0.0,
        decays_vectors: false,
        max_gradient_norm: None,
    };
    is_refused(engine.update(&none).map(drop), "without gradients");
    is_refused(engine.write(State::Weights, &[0.0]).map(drop), "1 values");
    let weights = vec![f32::NAN; engine.layout().elements()];
    engine.write(State::Weights, &weights).unwrap();
    is_refused(
        engine.accumulate(&batch(&inputs, &targets), 1).map(drop),
        "not finite",
    );
}

#[test]
fn the_layout_has_every_parameter() {
    for (_, model, _) in models() {
        let layout = Layout::new(&model.architecture).unwrap();
        assert_eq!(layout.elements() as u64, model.architecture.parameters().total);
    }
}
