//! The one list of an architecture's tensors, from which every target's names, sizes and contents follow.

use crate::ExportError;
use rooflaw::architecture::{Activation, Architecture, KvProjection, Moe, QkNorm};
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
            Part::FinalNorm | Part::AttentionNorm | Part::FfnNorm | Part::QueryNorm | Part::KeyNorm => {
                Start::One
            }
            Part::QueryBias
            | Part::KeyBias
            | Part::ValueBias
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
/// An architecture that is not valid, and features for whose tensors there is no name here: latent attention,
/// attention sinks, other than two norms per layer, an FFN without gate, biases in a mixture of experts.
pub fn tensors(architecture: &Architecture) -> Result<Vec<TensorSpec>, ExportError> {
    architecture.validate()?;
    refuse(architecture)?;
    let (hidden, vocab) = (architecture.hidden_size, architecture.vocab_size);
    let mut list = List {
        tensors: Vec::new(),
        layer: None,
    };
    let embedding = if architecture.tie_embeddings {
        format::Tensor::LmHead
    } else {
        format::Tensor::Embedding
    };
    list.matrix(Part::Embedding, embedding, vocab, hidden);
    for layer in 0..architecture.n_layers {
        list.layer = Some(layer);
        list.attention(architecture)?;
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
    if let Some(moe) = &architecture.ffn.moe {
        if moe.router_bias {
            return refused("a router bias", "no model type that is exported has one");
        }
        if architecture.ffn.bias {
            return refused(
                "an FFN bias in a mixture of experts",
                "no model type that is exported has one",
            );
        }
    }
    Ok(())
}

struct List {
    tensors: Vec<TensorSpec>,
    layer: Option<u32>,
}

impl List {
    fn push(&mut self, part: Part, role: format::Tensor, shape: Shape) {
        let layer = self.layer;
        self.tensors.push(TensorSpec {
            part,
            layer,
            shape,
            role,
        });
    }

    fn vector(&mut self, part: Part, width: u32) {
        self.push(part, format::Tensor::Vector, Shape::Vector(width));
    }

    fn matrix(&mut self, part: Part, role: format::Tensor, rows: u32, columns: u32) {
        self.push(part, role, Shape::Matrix(rows, columns));
    }

    /// A projection, and its bias if it has one.
    fn linear(&mut self, (part, bias): (Part, Option<Part>), role: format::Tensor, rows: u32, columns: u32) {
        self.matrix(part, role, rows, columns);
        if let Some(bias) = bias {
            self.vector(bias, rows);
        }
    }

    fn attention(&mut self, architecture: &Architecture) -> Result<(), ExportError> {
        let attention = &architecture.attention;
        let KvProjection::Grouped { n_kv_heads, head_dim } = attention.kv else {
            let reason = "no model type that is exported has it";
            return Err(ExportError::inexpressible("latent attention", reason));
        };
        let hidden = architecture.hidden_size;
        let (query_width, kv_width) = (architecture.query_width(), n_kv_heads * head_dim);
        let if_biased = |part| attention.qkv_bias.then_some(part);
        self.vector(Part::AttentionNorm, hidden);
        let query = (Part::Query, if_biased(Part::QueryBias));
        self.linear(query, format::Tensor::Query, query_width, hidden);
        let key = (Part::Key, if_biased(Part::KeyBias));
        self.linear(key, format::Tensor::Key, kv_width, hidden);
        let value = (Part::Value, if_biased(Part::ValueBias));
        self.linear(value, format::Tensor::Value, kv_width, hidden);
        let norms = match attention.qk_norm {
            QkNorm::None => None,
            QkNorm::PerHead => Some((head_dim, head_dim)),
            QkNorm::Full => Some((query_width, kv_width)),
        };
        if let Some((query, key)) = norms {
            self.vector(Part::QueryNorm, query);
            self.vector(Part::KeyNorm, key);
        }
        let output = (Part::Output, attention.output_bias.then_some(Part::OutputBias));
        self.linear(output, format::Tensor::Output, hidden, query_width);
        Ok(())
    }

    fn dense(&mut self, architecture: &Architecture) {
        let (hidden, width) = (architecture.hidden_size, architecture.ffn.intermediate_size);
        let if_biased = |part| architecture.ffn.bias.then_some(part);
        let gate = (Part::Gate, if_biased(Part::GateBias));
        self.linear(gate, format::Tensor::FfnUp, width, hidden);
        let up = (Part::Up, if_biased(Part::UpBias));
        self.linear(up, format::Tensor::FfnUp, width, hidden);
        let down = (Part::Down, if_biased(Part::DownBias));
        self.linear(down, format::Tensor::FfnDown, hidden, width);
    }

    fn experts(&mut self, hidden: u32, moe: &Moe) {
        let (n, size) = (moe.n_experts, moe.expert_size);
        self.matrix(Part::Router, format::Tensor::Router, n, hidden);
        let up = Shape::Stack(n, size, hidden);
        self.push(Part::ExpertGate, format::Tensor::ExpertUp, up);
        self.push(Part::ExpertUp, format::Tensor::ExpertUp, up);
        let down = Shape::Stack(n, hidden, size);
        self.push(Part::ExpertDown, format::Tensor::ExpertDown, down);
        if moe.n_shared_experts == 0 {
            return;
        }
        // Several shared experts that every token passes are one of their widths together.
        let width = moe.n_shared_experts * moe.shared_expert_size;
        if moe.shared_expert_gate {
            self.vector(Part::SharedRouter, hidden);
        }
        self.matrix(Part::SharedGate, format::Tensor::FfnUp, width, hidden);
        self.matrix(Part::SharedUp, format::Tensor::FfnUp, width, hidden);
        self.matrix(Part::SharedDown, format::Tensor::FfnDown, hidden, width);
    }
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
        assert!(listed >= 35, "{listed} of {}", models::catalogue().len());
    }
}
