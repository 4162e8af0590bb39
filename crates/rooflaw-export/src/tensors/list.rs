//! What a layer's tensors are.

use super::{Part, Shape, TensorSpec};
use rooflaw::architecture::{Architecture, KvProjection, Moe, QkNorm};
use rooflaw::format;

/// Tensors, in the order in which they are added.
#[derive(Default)]
pub(super) struct List {
    pub(super) tensors: Vec<TensorSpec>,
    /// The layer that those to come belong to.
    pub(super) layer: Option<u32>,
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

    pub(super) fn vector(&mut self, part: Part, width: u32) {
        self.push(part, format::Tensor::Vector, Shape::Vector(width));
    }

    pub(super) fn matrix(&mut self, part: Part, role: format::Tensor, rows: u32, columns: u32) {
        self.push(part, role, Shape::Matrix(rows, columns));
    }

    /// A projection, and its bias if it has one.
    fn linear(&mut self, (part, bias): (Part, Option<Part>), role: format::Tensor, rows: u32, columns: u32) {
        self.matrix(part, role, rows, columns);
        if let Some(bias) = bias {
            self.vector(bias, rows);
        }
    }

    /// Norm, queries, keys, values, output.
    pub(super) fn attention(&mut self, architecture: &Architecture) {
        let attention = &architecture.attention;
        let hidden = architecture.hidden_size;
        self.vector(Part::AttentionNorm, hidden);
        let width = match attention.kv {
            KvProjection::Grouped { n_kv_heads, head_dim } => {
                self.grouped(architecture, n_kv_heads * head_dim, head_dim);
                architecture.query_width()
            }
            KvProjection::Latent {
                q_lora_rank,
                kv_lora_rank,
                qk_nope_head_dim,
                qk_rope_head_dim,
                v_head_dim,
            } => {
                self.latent_query(architecture, q_lora_rank);
                let key_value = attention.n_heads * (qk_nope_head_dim + v_head_dim);
                self.latent_key_value(architecture, (kv_lora_rank, qk_rope_head_dim), key_value);
                attention.n_heads * v_head_dim
            }
        };
        let output = (Part::Output, attention.output_bias.then_some(Part::OutputBias));
        self.linear(output, format::Tensor::Output, hidden, width);
    }

    fn grouped(&mut self, architecture: &Architecture, kv_width: u32, head_dim: u32) {
        let attention = &architecture.attention;
        let (hidden, query_width) = (architecture.hidden_size, architecture.query_width());
        let if_biased = |part| attention.qkv_bias.then_some(part);
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
    }

    fn latent_query(&mut self, architecture: &Architecture, rank: Option<u32>) {
        let (hidden, width) = (architecture.hidden_size, architecture.query_width());
        let Some(rank) = rank else {
            self.matrix(Part::Query, format::Tensor::Query, width, hidden);
            return;
        };
        let bias = architecture.attention.qkv_bias.then_some(Part::QueryDownBias);
        self.linear((Part::QueryDown, bias), format::Tensor::Query, rank, hidden);
        self.vector(Part::QueryDownNorm, rank);
        self.matrix(Part::QueryUp, format::Tensor::Query, width, rank);
    }

    fn latent_key_value(&mut self, architecture: &Architecture, (rank, rope): (u32, u32), width: u32) {
        let bias = architecture.attention.qkv_bias.then_some(Part::KvDownBias);
        let down = (Part::KvDown, bias);
        self.linear(down, format::Tensor::Key, rank + rope, architecture.hidden_size);
        self.vector(Part::KvDownNorm, rank);
        self.matrix(Part::KvUp, format::Tensor::Value, width, rank);
    }

    pub(super) fn dense(&mut self, architecture: &Architecture) {
        let (hidden, width) = (architecture.hidden_size, architecture.ffn.intermediate_size);
        let if_biased = |part| architecture.ffn.bias.then_some(part);
        let gate = (Part::Gate, if_biased(Part::GateBias));
        self.linear(gate, format::Tensor::FfnUp, width, hidden);
        let up = (Part::Up, if_biased(Part::UpBias));
        self.linear(up, format::Tensor::FfnUp, width, hidden);
        let down = (Part::Down, if_biased(Part::DownBias));
        self.linear(down, format::Tensor::FfnDown, hidden, width);
    }

    pub(super) fn experts(&mut self, hidden: u32, moe: &Moe) {
        let (n, size) = (moe.n_experts, moe.expert_size);
        self.matrix(Part::Router, format::Tensor::Router, n, hidden);
        if moe.router_bias {
            self.vector(Part::RouterBias, n);
        }
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
