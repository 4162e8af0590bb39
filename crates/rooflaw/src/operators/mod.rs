//! Every operator of a prefill or a decode step, with what it computes and what it moves.
//!
//! [`visit_operators`] is the one home of parameter counts, FLOPs and bytes: counting parameters, predicting latency
//! and printing the operator table all walk it. It allocates nothing.

mod attention;
mod costs;
mod ffn;
mod steps;
mod vocabulary;

pub(crate) use attention::visit_attention_cores;
pub(crate) use costs::{Costs, FormatCosts};
pub(crate) use steps::Steps;

use crate::architecture::Architecture;
use crate::format::Formats;
use crate::pair::Pair;
use serde::{Deserialize, Serialize};
use std::ops::Add;

/// What an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorKind {
    /// Row look-up of the token embedding.
    Embedding,
    /// RMSNorms around attention, the residual addition included.
    AttentionNorm,
    /// Query projection; with latent attention and a query rank, its second half.
    Query,
    /// Latent attention: compression of the query.
    QueryCompress,
    /// Key projection.
    Key,
    /// Value projection.
    Value,
    /// Latent attention: compression of keys and values.
    KvCompress,
    /// Latent attention: expansion of the latent vector to keys and values (in decode absorbed into the heads).
    KvExpand,
    /// Normalisation of queries and keys.
    QkNorm,
    /// Rotary embedding of queries and keys.
    Rope,
    /// Fused attention of global layers: scores, softmax, weighted values.
    Attention,
    /// Fused attention of sliding-window layers.
    LocalAttention,
    /// Unfused: `QKᵀ`.
    Scores,
    /// Unfused: softmax.
    Softmax,
    /// Unfused: attention-weighted values.
    WeightedValues,
    /// Attention output projection.
    Output,
    /// RMSNorms around the FFN, the residual addition included.
    FfnNorm,
    /// FFN gate projection.
    FfnGate,
    /// FFN up projection.
    FfnUp,
    /// FFN non-linearity and product with the gate.
    FfnActivation,
    /// FFN down projection.
    FfnDown,
    /// The mixture-of-experts router, softmax and top-k.
    Router,
    /// Routed experts' gate projections.
    ExpertGate,
    /// Routed experts' up projections.
    ExpertUp,
    /// Routed experts' non-linearity.
    ExpertActivation,
    /// Routed experts' down projections and their weighted sum.
    ExpertDown,
    /// Shared experts' gate projections.
    SharedGate,
    /// Shared experts' up projections.
    SharedUp,
    /// Shared experts' non-linearity, and the gate on their output.
    SharedActivation,
    /// Shared experts' down projections.
    SharedDown,
    /// The norm before the LM head.
    FinalNorm,
    /// Projection to the vocabulary.
    LmHead,
}

impl OperatorKind {
    /// Embedding table or LM head.
    #[must_use]
    #[inline]
    pub const fn is_vocabulary(self) -> bool {
        matches!(self, OperatorKind::Embedding | OperatorKind::LmHead)
    }

    /// The name shown in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            OperatorKind::Embedding => "embedding",
            OperatorKind::AttentionNorm => "attention norm",
            OperatorKind::Query => "query",
            OperatorKind::QueryCompress => "query compress",
            OperatorKind::Key => "key",
            OperatorKind::Value => "value",
            OperatorKind::KvCompress => "kv compress",
            OperatorKind::KvExpand => "kv expand",
            OperatorKind::QkNorm => "qk norm",
            OperatorKind::Rope => "rope",
            OperatorKind::Attention => "attention",
            OperatorKind::LocalAttention => "local attention",
            OperatorKind::Scores => "scores",
            OperatorKind::Softmax => "softmax",
            OperatorKind::WeightedValues => "weighted values",
            OperatorKind::Output => "output",
            OperatorKind::FfnNorm => "ffn norm",
            OperatorKind::FfnGate => "ffn gate",
            OperatorKind::FfnUp => "ffn up",
            OperatorKind::FfnActivation => "ffn activation",
            OperatorKind::FfnDown => "ffn down",
            OperatorKind::Router => "router",
            OperatorKind::ExpertGate => "expert gate",
            OperatorKind::ExpertUp => "expert up",
            OperatorKind::ExpertActivation => "expert activation",
            OperatorKind::ExpertDown => "expert down",
            OperatorKind::SharedGate => "shared gate",
            OperatorKind::SharedUp => "shared up",
            OperatorKind::SharedActivation => "shared activation",
            OperatorKind::SharedDown => "shared down",
            OperatorKind::FinalNorm => "final norm",
            OperatorKind::LmHead => "lm head",
        }
    }
}

/// The unit that does an operator's arithmetic, which decides its peak rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputeUnit {
    /// Weights times activations, in the weight format's matrix precision.
    Matrix,
    /// The LM head's product, in the weight format's head precision.
    Head,
    /// Activations times activations (attention), in the activations' precision.
    Attention,
    /// Element-wise work in fp32.
    Vector,
    /// The routed experts' products, in the weight format's matrix precision: many small ones.
    Expert,
}

impl ComputeUnit {
    pub(crate) const COUNT: usize = 5;
}

/// One operator of a step. All costs are of one instance; `instances` layers have it.
///
/// `T` is a number, or inside this crate one number for each of two steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operator<T = f64> {
    /// What it is.
    pub kind: OperatorKind,
    /// How many layers have it.
    pub instances: f64,
    /// The unit that computes it.
    pub unit: ComputeUnit,
    /// Floating-point (or integer) operations; a multiply-add counts 2.
    pub flops: T,
    /// Parameters held in memory.
    pub stored_parameters: f64,
    /// Parameters that one token uses.
    pub active_parameters: f64,
    /// Bytes the parameters occupy in memory.
    pub stored_bytes: f64,
    /// Bytes of weights read in this step.
    pub weight_bytes: T,
    /// Bytes of activations read and written.
    pub activation_bytes: T,
    /// Bytes of the KV cache read and written.
    pub kv_bytes: T,
}

impl Operator<Pair> {
    /// The operator in the first of the two steps.
    pub(crate) fn first(&self) -> Operator {
        Operator {
            kind: self.kind,
            instances: self.instances,
            unit: self.unit,
            flops: self.flops.first(),
            stored_parameters: self.stored_parameters,
            active_parameters: self.active_parameters,
            stored_bytes: self.stored_bytes,
            weight_bytes: self.weight_bytes.first() + 0.0,
            activation_bytes: self.activation_bytes.first(),
            // Without the sign of nothing.
            kv_bytes: self.kv_bytes.first() + 0.0,
        }
    }
}

impl<T: Copy + Add<Output = T>> Operator<T> {
    /// Bytes moved: weights, activations, KV cache.
    #[must_use]
    #[inline(always)]
    pub fn bytes(&self) -> T {
        self.weight_bytes + self.activation_bytes + self.kv_bytes
    }
}

impl Operator {
    /// FLOP per byte moved; 0 for an operator that moves nothing.
    #[must_use]
    pub fn arithmetic_intensity(&self) -> f64 {
        if self.bytes() > 0.0 {
            self.flops / self.bytes()
        } else {
            0.0
        }
    }
}

/// One forward pass: `tokens` new tokens for each of `batch` sequences that already hold `past` tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Sequences.
    pub batch: f64,
    /// New tokens per sequence.
    pub tokens: f64,
    /// Tokens in each sequence's KV cache before the step.
    pub past: f64,
}

impl Step {
    /// A prefill of `prompt_tokens` tokens from an empty cache.
    #[must_use]
    pub fn prefill(batch: u32, prompt_tokens: u32) -> Step {
        Step {
            batch: f64::from(batch),
            tokens: f64::from(prompt_tokens),
            past: 0.0,
        }
    }

    /// The decoding of one token that attends to `context` tokens, itself included.
    #[must_use]
    pub fn decode(batch: u32, context: u32) -> Step {
        Step {
            batch: f64::from(batch),
            tokens: 1.0,
            past: f64::from(context.saturating_sub(1)),
        }
    }

    /// New tokens over all sequences.
    #[must_use]
    #[inline]
    pub fn total_tokens(&self) -> f64 {
        self.batch * self.tokens
    }

    /// Tokens of a sequence after the step: those its last token attends to, itself included.
    #[must_use]
    #[inline]
    pub fn context(&self) -> f64 {
        self.past + self.tokens
    }
}

/// What the operator list takes into account. [`Assumptions::default`] is the faithful model;
/// [`Assumptions::paper`] leaves out what arXiv 2602.10377 leaves out, to reproduce its coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// Count embedding table and LM head.
    pub vocabulary: bool,
    /// Count norms, rotary embedding, router and activation functions.
    pub minor_operators: bool,
    /// A token attends to itself and those before it only: half of the score matrix in prefill.
    pub causal: bool,
    /// Scores stay on chip (FlashAttention, arXiv 2205.14135).
    pub fused_attention: bool,
    /// Latent attention absorbs the expansion of keys and values into queries and results in prefill as in decode, as
    /// llama.cpp does: no expansion, but wider products for every pair.
    #[serde(default)]
    pub absorbed_latent: bool,
    /// Each sequence of a batch reads a KV cache of its own.
    pub batched_kv: bool,
    /// A step loads every expert that one of its tokens is routed to, not only the `K` of one token.
    pub expert_union: bool,
    /// The LM head runs on the last prompt token only.
    pub head_on_last_token: bool,
    /// Count the time to launch each operator.
    pub launch_overhead: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Assumptions {
            vocabulary: true,
            minor_operators: true,
            causal: true,
            fused_attention: true,
            absorbed_latent: false,
            batched_kv: true,
            expert_union: true,
            head_on_last_token: true,
            launch_overhead: true,
        }
    }
}

impl Assumptions {
    /// The simplifications of arXiv 2602.10377.
    #[must_use]
    pub const fn paper() -> Assumptions {
        Assumptions {
            vocabulary: false,
            minor_operators: false,
            causal: false,
            fused_attention: false,
            absorbed_latent: false,
            batched_kv: false,
            expert_union: false,
            head_on_last_token: true,
            launch_overhead: false,
        }
    }
}

/// Calls `visit` with every operator of a step, in the order of execution.
pub fn visit_operators(
    architecture: &Architecture,
    step: &Step,
    formats: &Formats,
    assumptions: &Assumptions,
    mut visit: impl FnMut(&Operator),
) {
    visit_steps(
        architecture,
        &Steps::one(step, assumptions),
        &FormatCosts::new(formats),
        assumptions,
        |operator| visit(&operator.first()),
    );
}

/// Calls `visit` with every operator of two steps, in the order of execution.
///
/// A prefill and a decode step share shapes, weights and control flow: visited at once, they share the work too.
///
/// This and all it calls is always inlined: into a loop that evaluates architectures, whose visitor does not look at
/// every cost and knows each operator's kind, so that most of the work falls away when they are compiled as one.
#[inline(always)]
pub(crate) fn visit_steps(
    architecture: &Architecture,
    steps: &Steps,
    formats: &FormatCosts,
    assumptions: &Assumptions,
    mut visit: impl FnMut(&Operator<Pair>),
) {
    let costs = Costs::new(architecture, steps, formats, assumptions);
    vocabulary::visit_embedding(&costs, &mut visit);
    attention::visit_attention(&costs, &mut visit);
    ffn::visit_ffn(&costs, &mut visit);
    vocabulary::visit_head(&costs, &mut visit);
}
