//! The roofline against hand bounds, the paper's coefficients, and slower ways of computing the same.

#![allow(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use rooflaw::architecture::{
    Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm, SlidingWindow,
};
use rooflaw::device::{self, Device};
use rooflaw::format::{Formats, Precision, WeightFormat};
use rooflaw::operators::{Assumptions, OperatorKind, Step, visit_operators};
use rooflaw::roofline::{Evaluator, Roofline, Workload};

fn qwen2_5_0_5b() -> Architecture {
    Architecture {
        n_layers: 24,
        hidden_size: 896,
        vocab_size: 151_936,
        tie_embeddings: true,
        attention: Attention {
            n_heads: 14,
            kv: KvProjection::Grouped {
                n_kv_heads: 2,
                head_dim: 64,
            },
            qkv_bias: true,
            output_bias: false,
            qk_norm: QkNorm::None,
            sinks: false,
            sliding_window: None,
        },
        ffn: Ffn {
            activation: Activation::SwiGlu,
            bias: false,
            intermediate_size: 4864,
            moe: None,
        },
        norms_per_layer: 2,
    }
}

fn mixture(n_experts: u32, experts_per_token: u32) -> Architecture {
    let mut architecture = qwen2_5_0_5b();
    architecture.ffn.moe = Some(Moe {
        n_experts,
        experts_per_token,
        expert_size: 1792,
        n_shared_experts: 0,
        shared_expert_size: 0,
        shared_expert_gate: false,
        n_dense_layers: 0,
        router_bias: false,
    });
    architecture
}

fn latent() -> Architecture {
    let mut architecture = qwen2_5_0_5b();
    architecture.attention.kv = KvProjection::Latent {
        q_lora_rank: Some(384),
        kv_lora_rank: 128,
        qk_nope_head_dim: 64,
        qk_rope_head_dim: 32,
        v_head_dim: 64,
    };
    architecture
}

fn windowed(size: u32) -> Architecture {
    let mut architecture = qwen2_5_0_5b();
    architecture.attention.sliding_window = Some(SlidingWindow {
        size,
        n_local_layers: 18,
    });
    architecture
}

fn orin() -> &'static Device {
    device::find("jetson-agx-orin-64gb").unwrap()
}

/// Prefill 18.3 ms = 0.778 TFLOP / 42.5 TFLOP/s, decode 4.89 ms = (988.07 MB + 12.58 MB) / 204.8 GB/s, computed by
/// hand; the prediction adds norms, activations' traffic, and launches.
#[test]
fn qwen_on_orin_lies_between_the_hand_bound_and_twice_it() {
    let roofline = Roofline::new(
        orin(),
        &Formats::of_weights(WeightFormat::Bf16),
        &Assumptions::default(),
    );
    let model = qwen2_5_0_5b();
    let prefill = roofline.table(&model, &Step::prefill(1, 1024));
    let decode = roofline.table(&model, &Step::decode(1, 1024));
    assert!(
        (prefill.sum(|row| row.flops) / 0.778e12 - 1.0).abs() < 0.01,
        "{}",
        prefill.sum(|row| row.flops)
    );
    assert!((decode.sum(|row| row.weight_bytes) / 988.07e6 - 1.0).abs() < 1e-3);
    let kv_read = decode
        .rows
        .iter()
        .find(|row| row.kind == OperatorKind::Attention)
        .unwrap()
        .kv_bytes;
    assert!((kv_read / 12.58e6 - 1.0).abs() < 1e-3);
    for (predicted, bound) in [(prefill.total_s(), 18.3e-3), (decode.total_s(), 4.89e-3)] {
        assert!(
            predicted > bound && predicted < 2.0 * bound,
            "{predicted} against {bound}"
        );
    }
}

#[test]
fn parameter_counts_of_qwen() {
    let parameters = qwen2_5_0_5b().parameters();
    assert_eq!(parameters.total, 494_032_768);
    assert_eq!(parameters.active, 494_032_768);
    assert_eq!(parameters.embedding, 136_134_656);
}

/// METHOD of arXiv 2602.10377: ξ_F = 4 + 4/gqa + 6r, ξ_dec = 2 + 2/gqa + 3r, ξ_all = 2 + 2/gqa + 3r/ρ, all times d².
#[test]
fn the_papers_coefficients_come_out_exactly() {
    for (n_heads, n_kv_heads, moe) in [
        (16, 16, None),
        (16, 4, None),
        (16, 2, Some((16, 2))),
        (16, 8, Some((8, 1))),
    ] {
        let (d, n_layers, expert) = (1024.0, 12_u32, 2048_u32);
        let mut architecture = match moe {
            Some((n_experts, k)) => mixture(n_experts, k),
            None => qwen2_5_0_5b(),
        };
        architecture.n_layers = n_layers;
        architecture.hidden_size = 1024;
        architecture.attention.n_heads = n_heads;
        architecture.attention.kv = KvProjection::Grouped {
            n_kv_heads,
            head_dim: 64,
        };
        architecture.attention.qkv_bias = false;
        architecture.ffn.intermediate_size = 4096;
        if let Some(moe) = &mut architecture.ffn.moe {
            moe.expert_size = expert;
        }
        let gqa = f64::from(n_heads) / f64::from(n_kv_heads);
        let (r, rho) = (architecture.ffn_ratio(), architecture.activation_rate());
        let (tokens, formats) = (512_u32, Formats::of_weights(WeightFormat::Fp16));
        let is_product = |kind| {
            !matches!(
                kind,
                OperatorKind::Scores | OperatorKind::Softmax | OperatorKind::WeightedValues
            )
        };
        let (mut prefill_flops, mut loaded, mut stored) = (0.0, 0.0, 0.0);
        let paper = Assumptions::paper();
        visit_operators(
            &architecture,
            &Step::prefill(1, tokens),
            &formats,
            &paper,
            |operator| {
                if is_product(operator.kind) {
                    prefill_flops += operator.flops * operator.instances;
                }
            },
        );
        visit_operators(
            &architecture,
            &Step::decode(1, 1000),
            &formats,
            &paper,
            |operator| {
                loaded += operator.weight_bytes / 2.0 * operator.instances;
                stored += operator.stored_parameters * operator.instances;
            },
        );
        let layers = f64::from(n_layers) * d * d;
        assert_eq!(
            prefill_flops,
            (4.0 + 4.0 / gqa + 6.0 * r) * layers * f64::from(tokens)
        );
        assert_eq!(loaded, (2.0 + 2.0 / gqa + 3.0 * r) * layers);
        assert_eq!(stored, (2.0 + 2.0 / gqa + 3.0 * r / rho) * layers);
    }
}

#[test]
fn generation_equals_the_sum_over_steps() {
    let models = [
        qwen2_5_0_5b(),
        mixture(16, 2),
        latent(),
        windowed(1),
        windowed(300),
        windowed(512),
        windowed(5000),
    ];
    for model in models {
        for assumptions in [Assumptions::default(), Assumptions::paper()] {
            for (batch, prompt_tokens, generated_tokens) in
                [(1, 1, 1), (1, 256, 100), (64, 500, 300), (4, 4000, 2000)]
            {
                let workload = Workload {
                    batch,
                    prompt_tokens,
                    generated_tokens,
                };
                let roofline = Roofline::new(orin(), &Formats::default(), &assumptions);
                let looped: f64 = (1..=generated_tokens)
                    .map(|token| roofline.tpot_at(&model, batch, prompt_tokens + token))
                    .sum();
                let summed = roofline.generation(&model, &workload);
                assert!(
                    (summed / looped - 1.0).abs() < 1e-9,
                    "{summed} is not {looped}: {workload:?}"
                );
            }
        }
    }
}

#[test]
fn the_evaluator_agrees_with_the_single_calls_and_allocates_nothing() {
    let law = rooflaw::law::find("co-design").unwrap();
    for model in [qwen2_5_0_5b(), mixture(64, 8), latent(), windowed(300)] {
        for weights in WeightFormat::ALL {
            let workload = Workload {
                batch: 2,
                prompt_tokens: 700,
                generated_tokens: 50,
            };
            let roofline = Roofline::new(orin(), &Formats::of_weights(weights), &Assumptions::default());
            let evaluator = Evaluator::new(law.clone(), roofline.clone(), workload);
            let mut evaluation = None;
            let allocations = allocation_counter::measure(|| evaluation = Some(evaluator.evaluate(&model)));
            assert_eq!(allocations.count_total, 0);
            let evaluation = evaluation.unwrap();
            let agree = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} is not {b}");
            agree(evaluation.ttft_s, roofline.ttft(&model, &workload));
            agree(
                evaluation.memory.total_bytes(),
                roofline.memory(&model, &workload).total_bytes(),
            );
            assert_eq!(evaluation.parameters, model.parameters());
            assert_eq!(evaluation.loss, law.loss(&model));
            agree(
                evaluation.total_s,
                evaluation.ttft_s + roofline.generation(&model, &workload),
            );
        }
    }
}

fn llama(vocab_size: u32, n_kv_heads: u32, intermediate_size: u32) -> Architecture {
    Architecture {
        n_layers: 32,
        hidden_size: 4096,
        vocab_size,
        tie_embeddings: false,
        attention: Attention {
            n_heads: 32,
            kv: KvProjection::Grouped {
                n_kv_heads,
                head_dim: 128,
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
            intermediate_size,
            moe: None,
        },
        norms_per_layer: 2,
    }
}

fn weights_bytes(architecture: &Architecture, weights: WeightFormat) -> f64 {
    let roofline = Roofline::new(orin(), &Formats::of_weights(weights), &Assumptions::default());
    roofline.memory(architecture, &Workload::default()).weights_bytes
}

/// Sizes of Llama-3-8B and bits per weight of Llama-2-7B as llama.cpp's documentation of `quantize` and `llama-bench`
/// print them, without the metadata and the tokenizer (a few MB).
#[test]
fn gguf_sizes_are_llama_cpps() {
    let llama_3_8b = llama(128_256, 8, 14_336);
    for (weights, gib) in [
        (WeightFormat::GgufF16, 14.96),
        (WeightFormat::Q8_0, 7.95),
        (WeightFormat::Q6K, 6.14),
        (WeightFormat::Q5KM, 5.33),
        (WeightFormat::Q4KM, 4.58),
        (WeightFormat::Q4_0, 4.33),
    ] {
        let predicted = weights_bytes(&llama_3_8b, weights) / f64::from(1 << 30);
        assert!(
            (predicted - gib).abs() < 0.01,
            "{weights}: {predicted} GiB, published {gib}"
        );
    }
    let llama_2_7b = llama(32_000, 32, 11_008);
    let parameters = llama_2_7b.parameters().total as f64;
    for (weights, bits) in [
        (WeightFormat::Q6K, 6.56),
        (WeightFormat::Q5KM, 5.68),
        (WeightFormat::Q4KM, 4.84),
    ] {
        let predicted = 8.0 * weights_bytes(&llama_2_7b, weights) / parameters;
        assert!(
            (predicted - bits).abs() < 0.012,
            "{weights}: {predicted} bits per weight, published {bits}"
        );
    }
}

#[test]
fn int8_gains_less_than_twice_and_a_missing_precision_is_told() {
    let time = |weights| {
        Roofline::new(orin(), &Formats::of_weights(weights), &Assumptions::default()).tpot_at(
            &qwen2_5_0_5b(),
            1,
            1024,
        )
    };
    let gain = time(WeightFormat::Fp16) / time(WeightFormat::W8A8);
    assert!(gain > 1.0 && gain < 2.0, "{gain}");
    let fp8 = Roofline::new(
        orin(),
        &Formats::of_weights(WeightFormat::Fp8),
        &Assumptions::default(),
    );
    assert!(
        fp8.fallbacks()
            .iter()
            .any(|f| f.wanted == Precision::Fp8 && f.used == Precision::Fp16)
    );
}
