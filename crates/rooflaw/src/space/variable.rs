//! The variables that design spaces range over.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A number that an architecture is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variable {
    /// Decoder layers.
    NLayers,
    /// Width of the residual stream.
    HiddenSize,
    /// Vocabulary.
    VocabSize,
    /// Query heads.
    NHeads,
    /// Key-value heads.
    NKvHeads,
    /// Width of a head.
    HeadDim,
    /// Active FFN width over hidden size.
    FfnRatio,
    /// FFN width of dense layers.
    IntermediateSize,
    /// Routed experts; 1 (or unset) is a dense FFN.
    NExperts,
    /// Routed experts per token.
    ExpertsPerToken,
    /// FFN width of a routed expert.
    ExpertSize,
    /// Shared experts.
    NSharedExperts,
    /// FFN width of a shared expert.
    SharedExpertSize,
    /// Layers with a dense FFN in a mixture-of-experts model.
    NDenseLayers,
    /// Window of local layers, tokens.
    SlidingWindow,
    /// Layers with a window.
    NLocalLayers,
}

impl Variable {
    /// How many variables there are.
    pub const COUNT: usize = 16;

    /// Every variable, in the order of their slots.
    pub const ALL: [Variable; Variable::COUNT] = [
        Variable::NLayers,
        Variable::HiddenSize,
        Variable::VocabSize,
        Variable::NHeads,
        Variable::NKvHeads,
        Variable::HeadDim,
        Variable::FfnRatio,
        Variable::IntermediateSize,
        Variable::NExperts,
        Variable::ExpertsPerToken,
        Variable::ExpertSize,
        Variable::NSharedExperts,
        Variable::SharedExpertSize,
        Variable::NDenseLayers,
        Variable::SlidingWindow,
        Variable::NLocalLayers,
    ];

    /// The name used in space files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Variable::NLayers => "n_layers",
            Variable::HiddenSize => "hidden_size",
            Variable::VocabSize => "vocab_size",
            Variable::NHeads => "n_heads",
            Variable::NKvHeads => "n_kv_heads",
            Variable::HeadDim => "head_dim",
            Variable::FfnRatio => "ffn_ratio",
            Variable::IntermediateSize => "intermediate_size",
            Variable::NExperts => "n_experts",
            Variable::ExpertsPerToken => "experts_per_token",
            Variable::ExpertSize => "expert_size",
            Variable::NSharedExperts => "n_shared_experts",
            Variable::SharedExpertSize => "shared_expert_size",
            Variable::NDenseLayers => "n_dense_layers",
            Variable::SlidingWindow => "sliding_window",
            Variable::NLocalLayers => "n_local_layers",
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Variable::ALL
            .into_iter()
            .find(|variable| variable.name() == name)
            .ok_or_else(|| {
                let names = Variable::ALL.map(Variable::name).join(", ");
                format!("`{name}` is no variable: expected one of {names}")
            })
    }
}

/// One value per variable; `NaN` where none is set.
pub(super) type Slots = [f64; Variable::COUNT];
