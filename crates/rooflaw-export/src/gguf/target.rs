//! Which of llama.cpp's architectures has an architecture's features.
//!
//! Read from `load_arch_tensors` and `build_arch_graph` in `src/models/{llama,qwen2,qwen3,qwen2moe,qwen3moe,olmoe}.cpp`
//! (ggml-org/llama.cpp, MIT), and tried with llama-bench.

use crate::{ExportError, Model, Routing};
use rooflaw::architecture::{Activation, Architecture, KvProjection, Moe, QkNorm};
use std::fmt;

/// An architecture of llama.cpp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GgufArchitecture {
    /// Llama, Mistral, Mixtral; any biases.
    Llama,
    /// Biases on query, key and value.
    Qwen2,
    /// A norm of queries and keys per head.
    Qwen3,
    /// A mixture of experts beside a shared one with a gate.
    Qwen2Moe,
    /// A mixture of experts, a norm of queries and keys per head.
    Qwen3Moe,
    /// A mixture of experts, a norm over all heads together.
    Olmoe,
}

/// `LLAMA_MAX_LAYERS` and `LLAMA_MAX_EXPERTS`: more are an error when the file is loaded.
const MAX_LAYERS: u32 = 512;
const MAX_EXPERTS: u32 = 512;

impl GgufArchitecture {
    /// Its name in `general.architecture`, the prefix of its keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            GgufArchitecture::Llama => "llama",
            GgufArchitecture::Qwen2 => "qwen2",
            GgufArchitecture::Qwen3 => "qwen3",
            GgufArchitecture::Qwen2Moe => "qwen2moe",
            GgufArchitecture::Qwen3Moe => "qwen3moe",
            GgufArchitecture::Olmoe => "olmoe",
        }
    }

    /// Whether rotary embedding turns neighbours, rather than elements half a head apart as `transformers` does.
    #[must_use]
    pub const fn turns_neighbours(self) -> bool {
        matches!(self, GgufArchitecture::Llama)
    }

    /// Refuses a model whose routing llama.cpp's graph does not compute: of those written here, `qwen2moe` and `olmoe`
    /// never divide by the sum of the chosen experts' scores, the others always.
    pub(super) fn refuse_other_routing(self, model: &Model) -> Result<(), ExportError> {
        let expected = Routing {
            normalised: !matches!(self, GgufArchitecture::Qwen2Moe | GgufArchitecture::Olmoe),
            ..Routing::default()
        };
        let routing = model.details.routing;
        if model.architecture.ffn.moe.is_none() || routing == expected {
            return Ok(());
        }
        if routing.normalised != expected.normalised {
            let feature = format!("norm_topk_prob = {} as {self}", routing.normalised);
            return refused(feature, "llama.cpp computes the opposite");
        }
        refused(
            format!("experts' scores by other than softmax alone as {self}"),
            "llama.cpp computes it",
        )
    }

    /// The one with an architecture's features: `llama` unless something asks for another.
    ///
    /// # Errors
    /// The first feature that none of them has.
    pub fn of(architecture: &Architecture) -> Result<GgufArchitecture, ExportError> {
        architecture.validate()?;
        let attention = &architecture.attention;
        let KvProjection::Grouped { head_dim, .. } = attention.kv else {
            return refused(
                "latent attention",
                "none of the GGUF architectures written here has it",
            );
        };
        if head_dim % 2 != 0 {
            return refused(
                format!("head_dim = {head_dim}"),
                "rotary embedding turns pairs of elements",
            );
        }
        if architecture.n_local_layers() > 0 {
            return refused(
                "a sliding window",
                "none of the GGUF architectures written here has one",
            );
        }
        if architecture.ffn.activation == Activation::GeGlu {
            return refused("a GeGLU", "the GGUF architectures written here have SwiGLU");
        }
        if architecture.n_layers > MAX_LAYERS {
            return refused(
                format!("n_layers = {}", architecture.n_layers),
                "llama.cpp loads at most 512",
            );
        }
        match &architecture.ffn.moe {
            None => dense(architecture),
            Some(moe) => sparse(architecture, moe),
        }
    }
}

impl fmt::Display for GgufArchitecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

fn refused<T>(feature: impl Into<String>, reason: &'static str) -> Result<T, ExportError> {
    Err(ExportError::inexpressible(feature, reason))
}

/// Some of llama.cpp's architectures take it that the query width is the width of the residual stream.
fn has_square_query(architecture: &Architecture) -> bool {
    architecture.query_width() == architecture.hidden_size
}

fn dense(architecture: &Architecture) -> Result<GgufArchitecture, ExportError> {
    let attention = &architecture.attention;
    let other_bias = attention.output_bias || architecture.ffn.bias;
    match attention.qk_norm {
        QkNorm::Full => refused(
            "a QK-norm over all heads without experts",
            "of the GGUF architectures written here only olmoe, a mixture, has it",
        ),
        QkNorm::PerHead if attention.qkv_bias || other_bias => {
            refused("biases beside a QK-norm", "GGUF's qwen3 has none")
        }
        QkNorm::PerHead => Ok(GgufArchitecture::Qwen3),
        QkNorm::None if attention.qkv_bias && !other_bias && has_square_query(architecture) => {
            Ok(GgufArchitecture::Qwen2)
        }
        QkNorm::None => Ok(GgufArchitecture::Llama),
    }
}

fn sparse(architecture: &Architecture, moe: &Moe) -> Result<GgufArchitecture, ExportError> {
    let attention = &architecture.attention;
    if moe.router_bias {
        return refused(
            "a router bias",
            "none of the GGUF architectures written here has one",
        );
    }
    if moe.n_dense_layers > 0 {
        return refused(
            "dense layers in a mixture of experts",
            "the GGUF architectures written here have experts in every layer",
        );
    }
    if moe.n_experts > MAX_EXPERTS {
        return refused(
            format!("n_experts = {}", moe.n_experts),
            "llama.cpp loads at most 512",
        );
    }
    if moe.n_shared_experts > 0 {
        return shared(architecture, moe);
    }
    let is_biased = attention.qkv_bias || attention.output_bias;
    match attention.qk_norm {
        QkNorm::None => Ok(GgufArchitecture::Llama),
        _ if is_biased => refused("biases beside a QK-norm", "GGUF's qwen3moe and olmoe have none"),
        QkNorm::PerHead => Ok(GgufArchitecture::Qwen3Moe),
        QkNorm::Full => {
            if !has_square_query(architecture) || architecture.gqa() != Some(1.0) {
                let reason = "GGUF's olmoe has n_heads = n_kv_heads and n_heads × head_dim = hidden_size";
                return refused(
                    "a QK-norm over all heads of other widths than hidden_size",
                    reason,
                );
            }
            refuse_tied(architecture, GgufArchitecture::Olmoe)
        }
    }
}

fn shared(architecture: &Architecture, moe: &Moe) -> Result<GgufArchitecture, ExportError> {
    let attention = &architecture.attention;
    if !moe.shared_expert_gate {
        return refused(
            "shared experts without a gate",
            "GGUF's qwen2moe has a gate on them",
        );
    }
    if attention.qk_norm != QkNorm::None {
        return refused(
            "shared experts beside a QK-norm",
            "GGUF's qwen2moe has no QK-norm",
        );
    }
    if attention.output_bias {
        return refused(
            "a bias on the attention output beside shared experts",
            "GGUF's qwen2moe has it on query, key and value",
        );
    }
    if !has_square_query(architecture) {
        let feature = "shared experts with n_heads × head_dim other than hidden_size";
        return refused(feature, "GGUF's qwen2moe takes them to be equal");
    }
    refuse_tied(architecture, GgufArchitecture::Qwen2Moe)
}

fn refuse_tied(
    architecture: &Architecture,
    target: GgufArchitecture,
) -> Result<GgufArchitecture, ExportError> {
    if architecture.tie_embeddings {
        let feature = format!("a tied LM head as {target}");
        return refused(feature, "this GGUF architecture has a head of its own");
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rooflaw::models;

    fn model(id: &str) -> Architecture {
        models::find(id).unwrap().architecture
    }

    #[test]
    fn features_decide() {
        for (id, expected) in [
            ("llama-3.1-8b", "llama"),
            ("mistral-7b-v0.3", "llama"),
            ("mixtral-8x7b-v0.1", "llama"),
            ("qwen2.5-0.5b", "qwen2"),
            ("qwen3-0.6b", "qwen3"),
            ("qwen3-30b-a3b", "qwen3moe"),
            ("qwen1.5-moe-a2.7b-chat", "qwen2moe"),
            ("olmoe-1b-7b-0125-instruct", "olmoe"),
        ] {
            assert_eq!(GgufArchitecture::of(&model(id)).unwrap().name(), expected, "{id}");
        }
    }

    #[test]
    fn what_none_has_is_named() {
        for (id, named) in [
            ("deepseek-v3", "latent attention"),
            ("gpt-oss-20b", "sliding window"),
            ("gemma-3-270m", "sliding window"),
            ("olmo-2-1b", "QK-norm over all heads"),
        ] {
            let error = GgufArchitecture::of(&model(id)).unwrap_err().to_string();
            assert!(error.contains(named), "{id}: {error}");
        }
        let mut tied = model("olmoe-1b-7b-0125-instruct");
        tied.tie_embeddings = true;
        assert!(
            GgufArchitecture::of(&tied)
                .unwrap_err()
                .to_string()
                .contains("tied")
        );
        let mut biased = model("qwen3-30b-a3b");
        biased.ffn.moe.as_mut().unwrap().router_bias = true;
        assert!(
            GgufArchitecture::of(&biased)
                .unwrap_err()
                .to_string()
                .contains("a router bias")
        );
        let mut deep = model("qwen3-30b-a3b");
        deep.ffn.moe.as_mut().unwrap().n_dense_layers = 1;
        deep.ffn.intermediate_size = 64;
        assert!(
            GgufArchitecture::of(&deep)
                .unwrap_err()
                .to_string()
                .contains("dense layers")
        );
    }
}
