//! The configuration classes of `transformers`: what each model type has, and the defaults its published
//! configurations rely on.

use super::error::{HfError, nearest, shown};
use crate::architecture::QkNorm;
use serde_json::{Map, Value};

/// A configuration class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    pub(super) model_type: &'static str,
    pub(super) nesting: Nesting,
    pub(super) kv: Kv,
    pub(super) biases: Biases,
    pub(super) qk_norm: QkNorm,
    pub(super) sinks: bool,
    pub(super) window: Window,
    pub(super) ffn: FfnKind,
    /// The field that names the FFN's non-linearity.
    pub(super) activation: &'static str,
    /// Its default.
    pub(super) default_activation: &'static str,
    pub(super) norms_per_layer: u32,
    pub(super) tie_embeddings: bool,
    pub(super) n_heads: Option<u32>,
    pub(super) vocab_size: Option<u32>,
    pub(super) max_position_embeddings: Option<u32>,
}

/// Where the language model's fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nesting {
    /// At the top.
    Flat,
    /// In `text_config`, beside a vision model.
    TextConfig,
}

/// Where the widths of keys and values come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kv {
    /// `num_key_value_heads` and `head_dim`.
    Grouped {
        /// What an absent `num_key_value_heads` means; null always means `num_attention_heads`.
        absent_kv_heads: KvHeads,
        /// What an absent `head_dim` means; `None`: `hidden_size / num_attention_heads`.
        head_dim: Option<u32>,
    },
    /// Multi-head latent attention.
    Latent,
}

/// What an absent `num_key_value_heads` means.
#[derive(Clone, Copy, Debug)]
pub(super) enum KvHeads {
    /// `num_attention_heads`.
    AsQueries,
    /// This number.
    Default(u32),
    /// The class has a default that no published model has: an error.
    Required,
}

/// Which attention projections have a bias.
#[derive(Clone, Copy, Debug)]
pub(super) enum Biases {
    /// None, whatever the file says.
    Never,
    /// All, if `attention_bias`, which has this default. With latent attention: all that touch the residual stream,
    /// but for an uncompressed query.
    All(bool),
    /// Query, key and value.
    Qkv,
    /// Query, key and value, unless `qkv_bias` is false.
    QkvField,
}

/// Which layers are local.
#[derive(Clone, Copy, Debug)]
pub(super) enum Window {
    /// None.
    Never,
    /// All, if there is a `sliding_window`, which has this default where the class has one.
    Every(Option<u32>),
    /// All, if `use_sliding_window`.
    EveryIfUsed,
    /// `layer_types`; in its absence those from `max_window_layers` on, if `use_sliding_window`.
    FromLayer,
    /// `layer_types`; in its absence every other below `max_window_layers`, if `use_sliding_window`.
    AlternatingBelowLayer,
    /// `layer_types`; in its absence all but every `period`-th; `sliding_window` has a default where the class has one.
    AllButEvery { period: Period, size: Option<u32> },
    /// `layer_types`; in its absence those without rotary embedding, if `use_sliding_window`.
    WithoutRope,
}

/// How often a global layer comes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Period {
    Fixed(u32),
    /// `sliding_window_pattern`, with this default.
    Pattern(u32),
}

/// What the FFNs are.
#[derive(Clone, Copy, Debug)]
pub(super) enum FfnKind {
    /// Dense.
    Dense {
        /// Whether `mlp_bias` is heeded.
        bias_field: bool,
    },
    /// A mixture of experts of width `intermediate_size` in every layer.
    EveryLayer {
        n_experts: &'static str,
        /// On every projection and on the router (gpt-oss).
        bias: bool,
    },
    /// A mixture in every `decoder_sparse_step`-th layer that is not one of `mlp_only_layers` (Qwen).
    Sparse {
        /// Whether there is a shared expert with a gate.
        shared: bool,
    },
    /// A mixture after `first_k_dense_replace` layers, with shared experts (DeepSeek).
    DeepSeek { router_bias: bool },
}

const LLAMA: Class = Class {
    model_type: "llama",
    nesting: Nesting::Flat,
    kv: Kv::Grouped {
        absent_kv_heads: KvHeads::AsQueries,
        head_dim: None,
    },
    biases: Biases::All(false),
    qk_norm: QkNorm::None,
    sinks: false,
    window: Window::Never,
    ffn: FfnKind::Dense { bias_field: true },
    activation: "hidden_act",
    default_activation: "silu",
    norms_per_layer: 2,
    tie_embeddings: false,
    n_heads: None,
    vocab_size: None,
    max_position_embeddings: None,
};

const EXPLICIT_KV_HEADS: Kv = Kv::Grouped {
    absent_kv_heads: KvHeads::Required,
    head_dim: None,
};

const MISTRAL: Class = Class {
    model_type: "mistral",
    kv: EXPLICIT_KV_HEADS,
    biases: Biases::Never,
    window: Window::Every(Some(4096)),
    ffn: FfnKind::Dense { bias_field: false },
    ..LLAMA
};

const MIXTRAL: Class = Class {
    model_type: "mixtral",
    window: Window::Every(None),
    ffn: FfnKind::EveryLayer {
        n_experts: "num_local_experts",
        bias: false,
    },
    ..MISTRAL
};

const QWEN2: Class = Class {
    model_type: "qwen2",
    biases: Biases::Qkv,
    window: Window::FromLayer,
    ..MISTRAL
};

const QWEN2_MOE: Class = Class {
    model_type: "qwen2_moe",
    biases: Biases::QkvField,
    window: Window::AlternatingBelowLayer,
    ffn: FfnKind::Sparse { shared: true },
    ..QWEN2
};

const QWEN3: Class = Class {
    model_type: "qwen3",
    kv: Kv::Grouped {
        absent_kv_heads: KvHeads::Required,
        head_dim: Some(128),
    },
    biases: Biases::All(false),
    qk_norm: QkNorm::PerHead,
    ..QWEN2
};

const QWEN3_MOE: Class = Class {
    model_type: "qwen3_moe",
    kv: EXPLICIT_KV_HEADS,
    window: Window::EveryIfUsed,
    ffn: FfnKind::Sparse { shared: false },
    ..QWEN3
};

const GEMMA2: Class = Class {
    model_type: "gemma2",
    kv: Kv::Grouped {
        absent_kv_heads: KvHeads::Required,
        head_dim: Some(256),
    },
    window: Window::AllButEvery {
        period: Period::Fixed(2),
        size: Some(4096),
    },
    ffn: FfnKind::Dense { bias_field: false },
    activation: "hidden_activation",
    default_activation: "gelu_pytorch_tanh",
    norms_per_layer: 4,
    tie_embeddings: true,
    ..LLAMA
};

/// The published configurations of 4B to 27B leave out whatever is the class's default.
const GEMMA3_TEXT: Class = Class {
    model_type: "gemma3_text",
    kv: Kv::Grouped {
        absent_kv_heads: KvHeads::Default(4),
        head_dim: Some(256),
    },
    qk_norm: QkNorm::PerHead,
    window: Window::AllButEvery {
        period: Period::Pattern(6),
        size: Some(4096),
    },
    n_heads: Some(8),
    vocab_size: Some(262_208),
    max_position_embeddings: Some(131_072),
    ..GEMMA2
};

const GEMMA3: Class = Class {
    model_type: "gemma3",
    nesting: Nesting::TextConfig,
    ..GEMMA3_TEXT
};

const PHI3: Class = Class {
    model_type: "phi3",
    biases: Biases::Never,
    window: Window::Every(None),
    ffn: FfnKind::Dense { bias_field: false },
    ..LLAMA
};

const OLMO2: Class = Class {
    model_type: "olmo2",
    qk_norm: QkNorm::Full,
    ffn: FfnKind::Dense { bias_field: false },
    ..LLAMA
};

const OLMOE: Class = Class {
    model_type: "olmoe",
    ffn: FfnKind::EveryLayer {
        n_experts: "num_experts",
        bias: false,
    },
    ..OLMO2
};

const SMOLLM3: Class = Class {
    model_type: "smollm3",
    kv: EXPLICIT_KV_HEADS,
    window: Window::WithoutRope,
    tie_embeddings: true,
    ..LLAMA
};

const DEEPSEEK_V2: Class = Class {
    model_type: "deepseek_v2",
    kv: Kv::Latent,
    ffn: FfnKind::DeepSeek { router_bias: false },
    ..LLAMA
};

const DEEPSEEK_V3: Class = Class {
    model_type: "deepseek_v3",
    ffn: FfnKind::DeepSeek { router_bias: true },
    ..DEEPSEEK_V2
};

const GRANITE: Class = Class {
    model_type: "granite",
    ..LLAMA
};

const GRANITEMOE: Class = Class {
    model_type: "granitemoe",
    ffn: FfnKind::EveryLayer {
        n_experts: "num_local_experts",
        bias: false,
    },
    ..LLAMA
};

const GPT_OSS: Class = Class {
    model_type: "gpt_oss",
    kv: Kv::Grouped {
        absent_kv_heads: KvHeads::Required,
        head_dim: Some(64),
    },
    biases: Biases::All(true),
    sinks: true,
    window: Window::AllButEvery {
        period: Period::Fixed(2),
        size: Some(128),
    },
    ffn: FfnKind::EveryLayer {
        n_experts: "num_local_experts",
        bias: true,
    },
    ..LLAMA
};

/// Every class that is read.
pub(super) static CLASSES: [Class; 19] = [
    LLAMA,
    MISTRAL,
    MIXTRAL,
    QWEN2,
    QWEN2_MOE,
    QWEN3,
    QWEN3_MOE,
    GEMMA2,
    GEMMA3,
    GEMMA3_TEXT,
    PHI3,
    OLMO2,
    OLMOE,
    SMOLLM3,
    DEEPSEEK_V2,
    DEEPSEEK_V3,
    GRANITE,
    GRANITEMOE,
    GPT_OSS,
];

impl Class {
    /// The class that the `model_type` of a configuration names.
    pub(super) fn of(config: &Map<String, Value>) -> Result<&'static Class, HfError> {
        let value = config.get("model_type").ok_or(HfError::NoModelType)?;
        let name = value.as_str().unwrap_or_default();
        CLASSES
            .iter()
            .find(|class| class.model_type == name)
            .ok_or_else(|| HfError::UnknownModelType {
                model_type: shown(value),
                nearest: nearest(name),
            })
    }

    /// The name in the file of what [`Architecture::validate`](crate::architecture::Architecture::validate) names.
    pub(super) fn field_name(&self, field: &'static str) -> &'static str {
        match field {
            "n_layers" => "num_hidden_layers",
            "n_heads" => "num_attention_heads",
            "n_kv_heads" => "num_key_value_heads",
            "query width (n_heads × head_dim)" => match self.kv {
                Kv::Grouped { .. } => "num_attention_heads × head_dim",
                Kv::Latent => "num_attention_heads × (qk_nope_head_dim + qk_rope_head_dim)",
            },
            "value width (n_heads × v_head_dim)" => "num_attention_heads × v_head_dim",
            "experts_per_token" => "num_experts_per_tok",
            "n_experts" => match self.ffn {
                FfnKind::EveryLayer { n_experts, .. } => n_experts,
                FfnKind::DeepSeek { .. } => "n_routed_experts",
                FfnKind::Dense { .. } | FfnKind::Sparse { .. } => "num_experts",
            },
            "expert_size" => match self.ffn {
                FfnKind::EveryLayer { .. } => "intermediate_size",
                _ => "moe_intermediate_size",
            },
            "shared_expert_size" => match self.ffn {
                FfnKind::Sparse { .. } => "shared_expert_intermediate_size",
                _ => "moe_intermediate_size",
            },
            other => other,
        }
    }
}
