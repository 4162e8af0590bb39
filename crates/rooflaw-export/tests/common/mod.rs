//! Small architectures with every feature that is exported, and running Python over what was written.

#![allow(dead_code, reason = "each test program uses some of it")]
#![allow(clippy::panic, reason = "helpers of tests")]

use rooflaw::architecture::{Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm};
use rooflaw::format::WeightFormat;
use rooflaw_export::{HfPlan, Settings, StagedFolder, Weights};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

/// A progress that lets everything pass.
pub fn on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Llama's features; widths that are multiples of 256.
pub const DENSE: Architecture = Architecture {
    n_layers: 2,
    hidden_size: 256,
    vocab_size: 200,
    tie_embeddings: false,
    attention: Attention {
        n_heads: 4,
        kv: KvProjection::Grouped {
            n_kv_heads: 2,
            head_dim: 64,
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
        intermediate_size: 512,
        moe: None,
    },
    norms_per_layer: 2,
};

pub const MOE: Moe = Moe {
    n_experts: 6,
    experts_per_token: 2,
    expert_size: 64,
    n_shared_experts: 0,
    shared_expert_size: 0,
    shared_expert_gate: false,
    n_dense_layers: 0,
    router_bias: false,
};

fn with(base: Architecture, change: impl Fn(&mut Architecture)) -> Architecture {
    let mut architecture = base;
    change(&mut architecture);
    architecture
}

/// One architecture for each of llama.cpp's, and for each feature, under a name.
pub fn all() -> Vec<(&'static str, Architecture)> {
    let routed = with(DENSE, |a| {
        (a.ffn.intermediate_size, a.ffn.moe) = (0, Some(MOE));
    });
    let shared = Moe {
        n_shared_experts: 2,
        shared_expert_size: 96,
        shared_expert_gate: true,
        ..MOE
    };
    vec![
        ("llama", DENSE),
        ("llama-tied", with(DENSE, |a| a.tie_embeddings = true)),
        (
            "llama-biases",
            with(DENSE, |a| {
                (a.attention.qkv_bias, a.attention.output_bias, a.ffn.bias) = (true, true, true);
            }),
        ),
        (
            "llama-odd-widths",
            with(DENSE, |a| (a.hidden_size, a.ffn.intermediate_size) = (96, 100)),
        ),
        ("llama-experts", routed),
        ("qwen2", with(DENSE, |a| a.attention.qkv_bias = true)),
        ("qwen3", with(DENSE, |a| a.attention.qk_norm = QkNorm::PerHead)),
        (
            "qwen3moe",
            with(routed, |a| a.attention.qk_norm = QkNorm::PerHead),
        ),
        (
            "qwen2moe",
            with(routed, |a| {
                (a.ffn.moe, a.attention.qkv_bias) = (Some(shared), true);
            }),
        ),
        (
            "olmoe",
            with(routed, |a| {
                a.attention.qk_norm = QkNorm::Full;
                a.attention.kv = KvProjection::Grouped {
                    n_kv_heads: 4,
                    head_dim: 64,
                };
            }),
        ),
    ]
}

/// Latent attention, which GGUF files are not written with.
fn latent() -> Vec<(&'static str, Architecture)> {
    let latent = |q_lora_rank| KvProjection::Latent {
        q_lora_rank,
        kv_lora_rank: 48,
        qk_nope_head_dim: 24,
        qk_rope_head_dim: 16,
        v_head_dim: 40,
    };
    let shared = Moe {
        n_shared_experts: 2,
        shared_expert_size: MOE.expert_size,
        n_dense_layers: 1,
        ..MOE
    };
    let routed = |q_lora_rank, moe| {
        with(DENSE, |a| {
            a.attention.kv = latent(q_lora_rank);
            a.ffn.moe = Some(moe);
        })
    };
    let biased = |moe| Moe {
        router_bias: true,
        ..moe
    };
    vec![
        ("deepseek-dense", with(DENSE, |a| a.attention.kv = latent(None))),
        ("deepseek2", routed(None, shared)),
        (
            "deepseek2-unshared",
            routed(
                Some(56),
                Moe {
                    n_dense_layers: 1,
                    ..MOE
                },
            ),
        ),
        (
            "deepseek3-biases",
            with(routed(Some(56), biased(shared)), |a| {
                (a.attention.qkv_bias, a.attention.output_bias) = (true, true);
                a.attention.n_heads = 3;
            }),
        ),
        (
            "deepseek3-unshared",
            with(routed(None, biased(MOE)), |a| a.ffn.intermediate_size = 0),
        ),
    ]
}

/// Those that a Hugging Face directory can be written of.
pub fn hf() -> Vec<(&'static str, Architecture)> {
    let mut all = all();
    for (name, architecture) in &mut all {
        if let ("qwen2moe", Some(moe)) = (*name, &mut architecture.ffn.moe) {
            moe.n_shared_experts = 1;
        }
    }
    all.extend(latent());
    all
}

/// Writes a Hugging Face directory with random weights.
pub fn write_hf(
    architecture: &Architecture,
    format: WeightFormat,
    max_shard_bytes: u64,
    to: &Path,
) -> HfPlan {
    let plan = HfPlan::new(architecture, format, &Settings::named("test"), max_shard_bytes).unwrap();
    write_plan(&plan, to);
    plan
}

/// Writes a plan's files with random weights.
pub fn write_plan(plan: &HfPlan, to: &Path) {
    let folder = StagedFolder::new(to).unwrap();
    plan.write_all(&folder, &mut Weights::Random { seed: 7 }, &mut on)
        .unwrap();
    folder.commit().unwrap();
}

/// Standard output of a script in `tests/`, run by the Python that `ROOFLAW_PYTHON` names; `None`, with a remark, where
/// it has not what the script needs (exit code 3), unless `required`.
pub fn python(script: &str, folder: &Path, required: bool) -> Option<String> {
    let python = std::env::var("ROOFLAW_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script))
        .arg(folder)
        .env("HF_HUB_OFFLINE", "1")
        .env("HF_HOME", folder.join("home"))
        .output();
    let missing = match output {
        Ok(output) if output.status.success() => return Some(String::from_utf8(output.stdout).unwrap()),
        Ok(output) if output.status.code() == Some(3) => {
            String::from_utf8_lossy(&output.stderr).trim().to_owned()
        }
        Ok(output) => panic!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => error.to_string(),
    };
    assert!(!required, "{python}: {missing}");
    println!("SKIPPED: {python}: {missing}");
    None
}
