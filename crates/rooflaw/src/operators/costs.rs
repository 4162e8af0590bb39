//! What operators of one kind have in common: the costs of projections, of element-wise work, of norms.

use super::{Assumptions, ComputeUnit, Operator, OperatorKind, Steps};
use crate::architecture::Architecture;
use crate::format::{Alignment, Formats, Relaxed, Tensor, WeightBytes, WeightTable, more_bits_share};
use crate::pair::Pair;

/// Formats prepared for the evaluation loop.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FormatCosts {
    weights: WeightTable,
    /// Bytes of an element of norms, biases and sinks.
    vector: f64,
    /// Bytes of an activation element.
    activation: f64,
    /// Bytes of a KV element.
    kv: f64,
}

impl FormatCosts {
    pub(crate) fn new(formats: &Formats) -> FormatCosts {
        FormatCosts {
            weights: WeightTable::new(formats.weights),
            vector: WeightTable::bytes(formats.weights, Tensor::Vector, Alignment::None, false).base,
            activation: formats.activations.bytes(),
            kv: formats.kv.bytes(),
        }
    }

    /// Formats in which no weights take more bytes than in any of the models that differ in what is relaxed.
    pub(crate) fn least(&self, relaxed: Relaxed) -> FormatCosts {
        FormatCosts {
            weights: self.weights.least(relaxed),
            ..*self
        }
    }

    /// No parameter takes fewer bytes.
    pub(crate) fn least_bytes(&self) -> f64 {
        self.weights.least_bytes().min(self.vector)
    }

    /// Bytes of a weight in the widest matrices that each [`ComputeUnit`] reads, 1 for a unit that reads none.
    pub(crate) fn typical_bytes(&self) -> [f64; ComputeUnit::COUNT] {
        let bytes = |tensor: Tensor| self.weights.of(0, 1 << 12)[tensor as usize].base;
        let mut typical = [1.0; ComputeUnit::COUNT];
        typical[ComputeUnit::Matrix as usize] = bytes(Tensor::FfnUp);
        typical[ComputeUnit::Head as usize] = bytes(Tensor::LmHead);
        typical[ComputeUnit::Expert as usize] = bytes(Tensor::ExpertUp);
        typical
    }
}

/// A width that some projection reads or writes.
#[derive(Clone, Copy)]
pub(super) struct Width<'a> {
    /// How wide.
    pub(super) n: f64,
    /// Bytes of weights in rows of this length, by `Tensor`.
    bytes: &'a [WeightBytes; Tensor::COUNT],
}

/// What the operators of two steps have in common.
pub(crate) struct Costs<'a> {
    pub(super) architecture: &'a Architecture,
    pub(super) steps: &'a Steps,
    pub(super) assumptions: &'a Assumptions,
    formats: &'a FormatCosts,
    /// The share of layers that a mixed format gives more bits.
    more_bits: f64,
    pub(super) n_layers: f64,
    pub(super) hidden: Width<'a>,
    /// Bytes of an activation element.
    pub(super) activation: f64,
    /// Bytes of a KV element.
    pub(super) kv: f64,
}

/// The neutral element of addition. It is not 0.0: `x + 0.0` differs from `x` for `x = -0.0`, and so stays computed.
pub(super) const NOTHING: f64 = -0.0;

impl<'a> FormatCosts {
    #[inline(always)]
    fn width(&'a self, architecture: &Architecture, n: u32) -> Width<'a> {
        let n_experts = architecture.ffn.moe.map_or(0, |moe| moe.n_experts);
        Width {
            n: f64::from(n),
            bytes: self.weights.of(n_experts, n),
        }
    }
}

impl<'a> Costs<'a> {
    #[inline(always)]
    pub(crate) fn new(
        architecture: &'a Architecture,
        steps: &'a Steps,
        formats: &'a FormatCosts,
        assumptions: &'a Assumptions,
    ) -> Self {
        Costs {
            architecture,
            steps,
            assumptions,
            formats,
            more_bits: more_bits_share(architecture.n_layers),
            n_layers: f64::from(architecture.n_layers),
            hidden: formats.width(architecture, architecture.hidden_size),
            activation: formats.activation,
            kv: formats.kv,
        }
    }

    /// A width with what its rows of weights take.
    #[inline(always)]
    pub(super) fn width(&self, n: u32) -> Width<'a> {
        self.formats.width(self.architecture, n)
    }

    /// Bytes of a row of `inputs` weights.
    #[inline(always)]
    pub(super) fn row_bytes(&self, tensor: Tensor, inputs: Width<'_>) -> f64 {
        let bytes = &inputs.bytes[tensor as usize];
        inputs.n * (bytes.base + bytes.bump * self.more_bits) + bytes.per_row
    }

    /// Bytes of so many elements of norms, biases or sinks.
    #[inline(always)]
    pub(super) fn vector_bytes(&self, elements: f64) -> f64 {
        elements * self.formats.vector
    }

    /// A dense projection of every token: `inputs` → `outputs`.
    #[inline(always)]
    pub(super) fn linear(
        &self,
        kind: OperatorKind,
        instances: f64,
        tensor: Tensor,
        shape: (Width<'_>, Width<'_>),
        bias: bool,
    ) -> Operator<Pair> {
        self.linear_of(self.steps.tokens, kind, instances, tensor, shape, bias)
    }

    /// A dense projection of so many tokens.
    #[inline(always)]
    pub(super) fn linear_of(
        &self,
        tokens: Pair,
        kind: OperatorKind,
        instances: f64,
        tensor: Tensor,
        (inputs, outputs): (Width<'_>, Width<'_>),
        bias: bool,
    ) -> Operator<Pair> {
        // 1 or 0, multiplied rather than branched on: a straight line compiles to half as many moves.
        let bias = f64::from(u8::from(bias));
        let parameters = outputs.n * (inputs.n + bias);
        let bytes = outputs.n * (self.row_bytes(tensor, inputs) + self.vector_bytes(bias));
        Operator {
            kind,
            instances,
            unit: ComputeUnit::Matrix,
            // 2 for a weight, 1 for a bias.
            flops: tokens * (parameters + outputs.n * inputs.n),
            stored_parameters: parameters,
            active_parameters: parameters,
            stored_bytes: bytes,
            weight_bytes: Pair::all(bytes),
            activation_bytes: tokens * ((inputs.n + outputs.n) * self.activation),
            kv_bytes: Pair::all(NOTHING),
        }
    }

    /// A projection whose result goes to the cache.
    #[inline(always)]
    pub(super) fn cached_linear(
        &self,
        kind: OperatorKind,
        instances: f64,
        tensor: Tensor,
        (inputs, outputs): (Width<'_>, Width<'_>),
        bias: bool,
    ) -> Operator<Pair> {
        Operator {
            activation_bytes: self.steps.tokens * (inputs.n * self.activation),
            kv_bytes: self.steps.tokens * (outputs.n * self.kv),
            ..self.linear(kind, instances, tensor, (inputs, outputs), bias)
        }
    }

    /// Element-wise work without weights: `flops` per token, `moved` activation elements per token.
    #[inline(always)]
    pub(super) fn weightless(
        &self,
        kind: OperatorKind,
        instances: f64,
        flops: f64,
        moved: f64,
    ) -> Operator<Pair> {
        Operator {
            kind,
            instances,
            unit: ComputeUnit::Vector,
            flops: self.steps.tokens * flops,
            stored_parameters: 0.0,
            active_parameters: 0.0,
            stored_bytes: 0.0,
            weight_bytes: Pair::all(NOTHING),
            activation_bytes: self.steps.tokens * (moved * self.activation),
            kv_bytes: Pair::all(NOTHING),
        }
    }

    /// Element-wise work with `parameters` weights.
    #[inline(always)]
    pub(super) fn vector(
        &self,
        kind: OperatorKind,
        instances: f64,
        parameters: f64,
        flops: f64,
        moved: f64,
    ) -> Operator<Pair> {
        let bytes = self.vector_bytes(parameters);
        Operator {
            stored_parameters: parameters,
            active_parameters: parameters,
            stored_bytes: bytes,
            weight_bytes: Pair::all(bytes),
            ..self.weightless(kind, instances, flops, moved)
        }
    }

    /// The norms on one side of a layer with their residual addition: half of the layer's norms of `hidden_size`.
    #[inline(always)]
    pub(super) fn norms(&self, kind: OperatorKind) -> Operator<Pair> {
        let n_norms = self.architecture.norms_per_layer;
        let n_norms = if kind == OperatorKind::AttentionNorm {
            n_norms.div_ceil(2)
        } else {
            n_norms / 2
        };
        let width = f64::from(n_norms) * self.hidden.n;
        // Square, sum, scale, weight, and the addition; sub-layer output and residual in, residual and result out.
        self.vector(kind, self.n_layers, width, 5.0 * width, 4.0 * width)
    }
}
