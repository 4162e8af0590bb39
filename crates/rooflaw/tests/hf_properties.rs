//! Properties of reading and writing Hugging Face configurations.

// What is not itself a #[test] counts as library code for these lints.
#![allow(clippy::expect_used)]

use proptest::prelude::*;
use rooflaw::architecture::hf::{self, WriteOptions};
use rooflaw::architecture::{
    Activation, Architecture, Attention, Ffn, KvProjection, Moe, QkNorm, SlidingWindow,
};
use serde_json::{Value, json};
use std::{fs, path::Path, sync::OnceLock};

/// Every published configuration, to be mutated.
fn published() -> &'static [Vec<u8>] {
    static CONFIGS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    CONFIGS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/models");
        let mut paths: Vec<_> = fs::read_dir(folder)
            .expect("data/models")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        paths.sort();
        assert!(!paths.is_empty());
        paths
            .iter()
            .map(|path| fs::read(path).expect("a configuration"))
            .collect()
    })
}

/// What is read can be counted and, where it is written, read again to the same.
fn exercise(json: &[u8]) -> Result<(), TestCaseError> {
    let Ok(model) = hf::read(json) else {
        return Ok(());
    };
    let parameters = model.architecture.parameters();
    prop_assert!(parameters.active <= parameters.total);
    if let Ok(written) = hf::write(&model.architecture, &WriteOptions::default()) {
        let again = hf::read(written.as_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(again.architecture, model.architecture);
    }
    Ok(())
}

/// Values at which code breaks.
fn nasty() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
        (0..40_u32).prop_map(|shift| json!(1_u64 << shift)),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!([])),
        Just(json!([0, -1, 1e300, null, "full_attention"])),
        Just(json!({})),
    ]
}

/// A model type, with what it can express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Llama,
    Mistral,
    Mixtral,
    Qwen2,
    Qwen2Moe,
    Qwen3,
    Qwen3Moe,
    Olmoe,
    DeepSeekV2,
    DeepSeekV3,
}

use Kind::*;

const KINDS: [Kind; 10] = [
    Llama, Mistral, Mixtral, Qwen2, Qwen2Moe, Qwen3, Qwen3Moe, Olmoe, DeepSeekV2, DeepSeekV3,
];

/// Numbers that make up an architecture.
#[derive(Clone, Debug)]
struct Drawn {
    kind: Kind,
    widths: (u32, u32, u32, u32, u32),
    shape: (u32, u32, u32),
    flags: [bool; 6],
    moe: (u32, u32, u32),
    latent: (u32, u32, u32, u32),
    n_local: u32,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        prop::sample::select(&KINDS[..]),
        (1..=64_u32, 1..=9_u32, 1..=8_u32, 1..=64_u32, 1..=200_000_u32),
        (1..=9_u32, 1..=300_u32, 1..=9_u32),
        any::<[bool; 6]>(),
        (1..=40_u32, 1..=40_u32, 0..=64_u32),
        (1..=60_u32, 1..=60_u32, 1..=40_u32, 0..=3_u32),
        0..=64_u32,
    )
        .prop_map(|(kind, widths, shape, flags, moe, latent, n_local)| Drawn {
            kind,
            widths,
            shape,
            flags,
            moe,
            latent,
            n_local,
        })
}

impl Drawn {
    fn kv(&self) -> KvProjection {
        let (_, n_kv_heads, _, half_head, _) = self.widths;
        let (rank, nope, value, _) = self.latent;
        match self.kind {
            DeepSeekV2 | DeepSeekV3 => KvProjection::Latent {
                q_lora_rank: self.flags[4].then_some(3 * rank),
                kv_lora_rank: rank,
                qk_nope_head_dim: nope,
                qk_rope_head_dim: 2 * half_head,
                v_head_dim: value,
            },
            _ => KvProjection::Grouped {
                n_kv_heads,
                head_dim: 2 * half_head,
            },
        }
    }

    fn moe(&self) -> Option<Moe> {
        let n_layers = self.widths.0;
        let (n_experts, active, n_dense) = self.moe;
        let n_shared_experts = match self.kind {
            Qwen2Moe => 1,
            DeepSeekV2 | DeepSeekV3 => self.latent.3,
            _ => 0,
        };
        let shared_expert_size = match self.kind {
            // Of any width.
            Qwen2Moe => self.shape.2 + 7,
            _ => self.shape.2,
        };
        let has_dense_layers = matches!(self.kind, Qwen2Moe | Qwen3Moe | DeepSeekV2 | DeepSeekV3);
        let is_dense = match self.kind {
            Llama | Mistral | Qwen2 | Qwen3 => true,
            DeepSeekV3 => self.flags[5],
            _ => false,
        };
        // DeepSeek-V3's router compares two experts of a group.
        let n_experts = n_experts + u32::from(self.kind == DeepSeekV3);
        (!is_dense).then(|| Moe {
            n_experts,
            experts_per_token: active.min(n_experts),
            expert_size: self.shape.2,
            n_shared_experts,
            shared_expert_size: if n_shared_experts > 0 {
                shared_expert_size
            } else {
                0
            },
            shared_expert_gate: self.kind == Qwen2Moe,
            n_dense_layers: if has_dense_layers { n_dense % n_layers } else { 0 },
            router_bias: self.kind == DeepSeekV3,
        })
    }

    fn architecture(&self) -> Architecture {
        let (n_layers, n_kv_heads, group, half_head, vocab_size) = self.widths;
        let (hidden, intermediate_size, _) = self.shape;
        let [tie_embeddings, bias, ffn_bias, gelu, ..] = self.flags;
        let n_heads = n_kv_heads * group;
        let n_local_layers = match self.kind {
            Llama | Olmoe | DeepSeekV2 | DeepSeekV3 => 0,
            // Nothing else, or none.
            Mistral | Mixtral | Qwen3Moe => n_layers * (self.n_local % 2),
            Qwen2 | Qwen2Moe | Qwen3 => self.n_local.min(n_layers),
        };
        let moe = self.moe();
        let has_dense_layers = moe.is_none_or(|moe| moe.n_dense_layers > 0);
        Architecture {
            n_layers,
            hidden_size: match self.kind {
                Llama | DeepSeekV2 => hidden * n_heads,
                Olmoe => 2 * half_head * n_heads,
                _ => hidden * 7,
            },
            vocab_size,
            tie_embeddings,
            attention: Attention {
                n_heads,
                kv: self.kv(),
                qkv_bias: match self.kind {
                    Qwen2 => true,
                    Mistral | Mixtral => false,
                    _ => bias,
                },
                output_bias: match self.kind {
                    Mistral | Mixtral | Qwen2 | Qwen2Moe => false,
                    _ => bias,
                },
                qk_norm: match self.kind {
                    Qwen3 | Qwen3Moe => QkNorm::PerHead,
                    Olmoe => QkNorm::Full,
                    _ => QkNorm::None,
                },
                sinks: false,
                sliding_window: (n_local_layers > 0).then_some(SlidingWindow {
                    size: self.moe.2 + 1,
                    n_local_layers,
                }),
            },
            ffn: Ffn {
                activation: if gelu {
                    Activation::GeGlu
                } else {
                    Activation::SwiGlu
                },
                bias: self.kind == Llama && ffn_bias,
                intermediate_size: if has_dense_layers { intermediate_size } else { 0 },
                moe,
            },
            norms_per_layer: 2,
        }
    }

    /// The model type that the architecture is written as.
    fn model_type(&self) -> &'static str {
        let architecture = self.architecture();
        let is_divisible = architecture
            .hidden_size
            .is_multiple_of(architecture.attention.n_heads);
        match self.kind {
            // Nothing but windows and widths tell the two apart.
            Mistral if is_divisible && architecture.n_local_layers() == 0 => "llama",
            Llama => "llama",
            Mistral => "mistral",
            Mixtral => "mixtral",
            Qwen2 => "qwen2",
            Qwen2Moe => "qwen2_moe",
            Qwen3 => "qwen3",
            Qwen3Moe => "qwen3_moe",
            Olmoe => "olmoe",
            DeepSeekV2 => "deepseek_v2",
            DeepSeekV3 => "deepseek_v3",
        }
    }
}

/// Any architecture whatever, valid or not.
fn arbitrary() -> impl Strategy<Value = Architecture> {
    let count = || prop_oneof![0..4_u32, 0..1_u32 << 20, any::<u32>()];
    let kv = prop_oneof![
        (count(), count()).prop_map(|(n_kv_heads, head_dim)| KvProjection::Grouped { n_kv_heads, head_dim }),
        (proptest::option::of(count()), count(), count(), count(), count()).prop_map(
            |(q_lora_rank, kv_lora_rank, qk_nope_head_dim, qk_rope_head_dim, v_head_dim)| {
                KvProjection::Latent {
                    q_lora_rank,
                    kv_lora_rank,
                    qk_nope_head_dim,
                    qk_rope_head_dim,
                    v_head_dim,
                }
            }
        ),
    ];
    let window = proptest::option::of((count(), count()));
    let moe = proptest::option::of((count(), count(), count(), count(), count(), count()));
    let top = (count(), count(), count(), count(), count(), count());
    let norm = prop_oneof![Just(QkNorm::None), Just(QkNorm::PerHead), Just(QkNorm::Full)];
    let flags = any::<[bool; 8]>();
    (top, kv, window, moe, norm, flags).prop_map(|(top, kv, window, moe, qk_norm, flags)| Architecture {
        n_layers: top.0,
        hidden_size: top.1,
        vocab_size: top.2,
        tie_embeddings: flags[0],
        attention: Attention {
            n_heads: top.3,
            kv,
            qkv_bias: flags[1],
            output_bias: flags[2],
            qk_norm,
            sinks: flags[3],
            sliding_window: window.map(|(size, n_local_layers)| SlidingWindow { size, n_local_layers }),
        },
        ffn: Ffn {
            activation: if flags[4] {
                Activation::SwiGlu
            } else {
                Activation::Plain
            },
            bias: flags[5],
            intermediate_size: top.4,
            moe: moe.map(|moe| Moe {
                n_experts: moe.0,
                experts_per_token: moe.1,
                expert_size: moe.2,
                n_shared_experts: moe.3,
                shared_expert_size: moe.4,
                shared_expert_gate: flags[6],
                n_dense_layers: moe.5,
                router_bias: flags[7],
            }),
        },
        norms_per_layer: top.5,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn written_and_read_is_the_same(drawn in drawn()) {
        let architecture = drawn.architecture();
        let written = hf::write(&architecture, &WriteOptions::default())
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let model = hf::read(written.as_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(model.architecture, architecture);
        prop_assert_eq!(model.model_type.as_str(), drawn.model_type());
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
        prop_assert_eq!(model.is_local.len(), architecture.n_layers as usize);
        prop_assert_eq!(count(&model.is_local), architecture.n_local_layers() as usize);
        prop_assert_eq!(count(&model.is_dense), (architecture.n_layers - architecture.n_moe_layers()) as usize);
        prop_assert_eq!(model.max_position_embeddings, Some(WriteOptions::default().max_position_embeddings));
        prop_assert_eq!(model.dtype, Some(WriteOptions::default().dtype));
        prop_assert_eq!(hf::write(&model.architecture, &WriteOptions::default()), Ok(written));
    }

    #[test]
    fn any_architecture_is_written_or_refused(architecture in arbitrary()) {
        if let Ok(written) = hf::write(&architecture, &WriteOptions::default()) {
            prop_assert!(hf::read(written.as_bytes()).is_ok(), "{}", written);
        }
    }

    #[test]
    fn random_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        exercise(&bytes)?;
    }

    #[test]
    fn mutated_bytes_do_not_panic(
        config in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
        let mut json = config.get(published()).clone();
        for (at, byte, edit) in edits {
            let at = at.index(json.len());
            match edit {
                0 => json[at] = byte,
                1 => json.insert(at, byte),
                _ => { json.remove(at); }
            }
        }
        exercise(&json)?;
    }

    #[test]
    fn mutated_values_do_not_panic(
        config in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), nasty(), any::<bool>()), 1..4),
    ) {
        let mut value: Value = serde_json::from_slice(config.get(published()).as_slice()).expect("JSON");
        for (field, nasty, inner) in edits {
            let target = match value.get("text_config") {
                Some(Value::Object(_)) if inner => &mut value["text_config"],
                _ => &mut value,
            };
            let fields = target.as_object_mut().expect("an object");
            let names: Vec<String> = fields.keys().cloned().collect();
            // An edit before may have left no field to edit.
            if !names.is_empty() {
                fields.insert(field.get(&names).clone(), nasty);
            }
        }
        exercise(value.to_string().as_bytes())?;
    }
}
