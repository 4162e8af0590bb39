//! The one list of an architecture's tensors, from which every target's names, sizes and contents follow.

mod list;

use crate::ExportError;
use list::List;
use rooflaw::architecture::{Activation, Architecture, KvProjection, QkNorm};
use rooflaw::format;

/// What a tensor is in its layer, or in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the names say it: projections, their biases, and norms"
)]
pub enum Part {
    Embedding,
    FinalNorm,
    Head,
    AttentionNorm,
    Query,
    QueryBias,
    Key,
    KeyBias,
    Value,
    ValueBias,
    QueryNorm,
    KeyNorm,
    /// Latent attention's compression of the query.
    QueryDown,
    QueryDownBias,
    QueryDownNorm,
    /// Latent attention's queries, from what is compressed.
    QueryUp,
    /// Latent attention's compression of keys and values, and below it the rows of the key that is turned, one for
    /// all heads.
    KvDown,
    KvDownBias,
    /// The norm of what is compressed, without the key that is turned.
    KvDownNorm,
    /// Latent attention's keys without position and values, head by head a key above a value.
    KvUp,
    Output,
    OutputBias,
    FfnNorm,
    Gate,
    GateBias,
    Up,
    UpBias,
    Down,
    DownBias,
    Router,
    /// Added to the experts' scores for the choice only (DeepSeek-V3).
    RouterBias,
    ExpertGate,
    ExpertUp,
    ExpertDown,
    /// The sigmoid gate on the shared experts' output.
    SharedRouter,
    SharedGate,
    SharedUp,
    SharedDown,
}

/// What a tensor's values are when nothing is learned yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Drawn at random about zero.
    Random,
    /// All one: norms.
    One,
    /// All zero: biases.
    Zero,
}

impl Part {
    /// What its values are when nothing is learned yet.
    #[must_use]
    pub const fn start(self) -> Start {
        match self {
            Part::FinalNorm
            | Part::AttentionNorm
            | Part::FfnNorm
            | Part::QueryNorm
            | Part::KeyNorm
            | Part::QueryDownNorm
            | Part::KvDownNorm => Start::One,
            Part::QueryBias
            | Part::KeyBias
            | Part::ValueBias
            | Part::QueryDownBias
            | Part::KvDownBias
            | Part::RouterBias
            | Part::OutputBias
            | Part::GateBias
            | Part::UpBias
            | Part::DownBias => Start::Zero,
            _ => Start::Random,
        }
    }
}

/// A tensor's extent. Rows are contiguous: `columns` inputs of one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A norm or a bias.
    Vector(u32),
    /// A projection: outputs × inputs.
    Matrix(u32, u32),
    /// A projection of every expert: experts × outputs × inputs.
    Stack(u32, u32, u32),
}

impl Shape {
    /// Elements.
    #[must_use]
    pub fn elements(self) -> u64 {
        match self {
            Shape::Vector(n) => u64::from(n),
            Shape::Matrix(rows, columns) => u64::from(rows) * u64::from(columns),
            Shape::Stack(experts, rows, columns) => {
                u64::from(experts) * Shape::Matrix(rows, columns).elements()
            }
        }
    }

    /// Length of a contiguous row.
    #[must_use]
    pub const fn columns(self) -> u32 {
        match self {
            Shape::Vector(columns) | Shape::Matrix(_, columns) | Shape::Stack(_, _, columns) => columns,
        }
    }

    /// Experts of a stack, 1 of anything else.
    #[must_use]
    pub const fn experts(self) -> u32 {
        match self {
            Shape::Stack(experts, _, _) => experts,
            _ => 1,
        }
    }
}

/// A tensor of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// What it is.
    pub part: Part,
    /// Its layer; `None` for embedding, final norm and head.
    pub layer: Option<u32>,
    /// Its extent.
    pub shape: Shape,
    /// How weight formats treat it.
    pub role: format::Tensor,
}

/// Every tensor of an architecture, in the order of execution; leading layers are the dense ones of a mixture.
///
/// # Errors
/// An architecture that is not valid, and features for whose tensors there is no name here: attention sinks, other than
/// two norms per layer, an FFN without gate, an FFN bias in a mixture of experts, a QK-norm beside latent attention.
pub fn tensors(architecture: &Architecture) -> Result<Vec<TensorSpec>, ExportError> {
    architecture.validate()?;
    refuse(architecture)?;
    let (hidden, vocab) = (architecture.hidden_size, architecture.vocab_size);
    let mut list = List::default();
    let embedding = if architecture.tie_embeddings {
        format::Tensor::LmHead
    } else {
        format::Tensor::Embedding
    };
    list.matrix(Part::Embedding, embedding, vocab, hidden);
    for layer in 0..architecture.n_layers {
        list.layer = Some(layer);
        list.attention(architecture);
        list.vector(Part::FfnNorm, hidden);
        match &architecture.ffn.moe {
            Some(moe) if layer >= moe.n_dense_layers => list.experts(hidden, moe),
            _ => list.dense(architecture),
        }
    }
    list.layer = None;
    list.vector(Part::FinalNorm, hidden);
    if !architecture.tie_embeddings {
        list.matrix(Part::Head, format::Tensor::LmHead, vocab, hidden);
    }
    Ok(list.tensors)
}

fn refuse(architecture: &Architecture) -> Result<(), ExportError> {
    let refused = |feature: &str, reason| Err(ExportError::inexpressible(feature, reason));
    if architecture.attention.sinks {
        return refused("attention sinks", "no model type that is exported has them");
    }
    if architecture.norms_per_layer != 2 {
        let feature = format!("norms_per_layer = {}", architecture.norms_per_layer);
        return refused(&feature, "the model types that are exported have two");
    }
    if architecture.ffn.activation == Activation::Plain {
        return refused(
            "an FFN without gate",
            "the model types that are exported have a gate",
        );
    }
    if architecture.ffn.moe.is_some() && architecture.ffn.bias {
        return refused(
            "an FFN bias in a mixture of experts",
            "no model type that is exported has one",
        );
    }
    let is_latent = matches!(architecture.attention.kv, KvProjection::Latent { .. });
    if is_latent && architecture.attention.qk_norm != QkNorm::None {
        return refused(
            "a QK-norm beside latent attention",
            "latent attention has norms of its own",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rooflaw::models;

    #[test]
    fn elements_add_up_to_the_parameters() {
        let mut listed = 0;
        for model in models::catalogue() {
            let Ok(tensors) = tensors(&model.architecture) else {
                continue;
            };
            let total: u64 = tensors.iter().map(|tensor| tensor.shape.elements()).sum();
            assert_eq!(total, model.architecture.parameters().total, "{}", model.entry.id);
            listed += 1;
        }
        // All but Gemma, Granite's and gpt-oss.
        assert!(listed >= 42, "{listed} of {}", models::catalogue().len());
    }
}
