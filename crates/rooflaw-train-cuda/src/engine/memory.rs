//! All memory of an engine, allocated when it is made.

use super::shape::{MoeShape, Shape};
use crate::array::{Array, Element};
use crate::device::Device;
use rooflaw::architecture::Architecture;
use rooflaw_train::engine::EngineError;

/// Elements of a chunk of attention scores, and of a chunk of logits: whole sequences and whole rows, at least one. Tests have
/// several chunks of their tiny batches.
const CHUNK_ELEMENTS: usize = if cfg!(test) { 250 } else { 1 << 26 };

/// Most chunks of rows that a sum over rows is made of.
pub(super) const MAX_CHUNKS: usize = 256;

/// Blocks that add squares of gradients.
pub(super) const SQUARE_SUMS: usize = 1024;

/// The memory.
pub(super) struct Memory {
    pub(super) state: StateArrays,
    pub(super) batch: BatchArrays,
    pub(super) layers: Vec<LayerArrays>,
    /// The residual stream before each layer, and after the last.
    pub(super) residuals: Vec<Array>,
    pub(super) scratch: Scratch,
}

/// What lasts from step to step, in the order of the layout.
#[derive(Clone, Copy)]
pub(super) struct StateArrays {
    pub(super) weights: Array,
    /// The weights as products take them.
    pub(super) copies: Array,
    pub(super) gradients: Array,
    pub(super) first_moments: Array,
    pub(super) second_moments: Array,
    /// Cosines and sines of the rotary embedding: positions × head_dim / 2.
    pub(super) cosines: Array,
    pub(super) sines: Array,
}

/// What a batch is, and what comes of it.
#[derive(Clone, Copy)]
pub(super) struct BatchArrays {
    pub(super) tokens: Array,
    pub(super) targets: Array,
    pub(super) nats: Array,
    /// Inverse root mean squares of the final norm's input.
    pub(super) inverse: Array,
    /// Distinct tokens, where each one's positions begin, and these positions.
    pub(super) distinct: Array,
    pub(super) starts: Array,
    pub(super) positions: Array,
}

/// What a layer's backward pass needs of its forward pass.
pub(super) struct LayerArrays {
    /// Inverse root mean squares of the inputs of both norms.
    pub(super) attention_inverse: Array,
    pub(super) ffn_inverse: Array,
    pub(super) head_norms: Option<HeadNormArrays>,
    /// Queries, keys and values, head by head.
    pub(super) query: Array,
    pub(super) key: Array,
    pub(super) value: Array,
    /// What attention gives to the output projection.
    pub(super) attended: Array,
    /// The residual stream between attention and FFN.
    pub(super) middle: Array,
    pub(super) ffn: FfnArrays,
}

/// Queries and keys before their norms, and their inverse root mean squares.
#[derive(Clone, Copy)]
pub(super) struct HeadNormArrays {
    pub(super) query: Array,
    pub(super) key: Array,
    pub(super) query_inverse: Array,
    pub(super) key_inverse: Array,
}

/// What an FFN's backward pass needs.
pub(super) enum FfnArrays {
    Dense(GatedArrays),
    Experts(Box<ExpertArrays>),
}

/// Gate and up projections.
#[derive(Clone, Copy)]
pub(super) struct GatedArrays {
    pub(super) gate: Array,
    pub(super) up: Array,
}

/// What experts' backward pass needs.
#[derive(Clone, Copy)]
pub(super) struct ExpertArrays {
    pub(super) scores: Array,
    pub(super) chosen: Array,
    pub(super) weights: Array,
    /// Where each slot's row lies, and which slot lies at each place.
    pub(super) places: Array,
    pub(super) order: Array,
    pub(super) counts: Array,
    pub(super) gated: GatedArrays,
    /// The experts' outputs.
    pub(super) outputs: Array,
    pub(super) shared: Option<SharedArrays>,
}

/// What shared experts' backward pass needs.
#[derive(Clone, Copy)]
pub(super) struct SharedArrays {
    pub(super) gated: GatedArrays,
    /// Their output and the gate on it, where there is one.
    pub(super) output: Option<(Array, Array)>,
}

/// What is of use for a moment only.
#[derive(Clone, Copy)]
pub(super) struct Scratch {
    /// What a norm gives to projections.
    pub(super) normed: Array,
    /// The gradient of that.
    pub(super) dnormed: Array,
    /// The gradient of the residual stream, and as products take it.
    pub(super) dresidual: Array,
    pub(super) doutput: Array,
    /// Of queries or keys or values, position by position.
    pub(super) merged: Array,
    pub(super) dattended: Array,
    /// Of queries, keys and values, head by head.
    pub(super) dquery: Array,
    pub(super) dkey: Array,
    pub(super) dvalue: Array,
    pub(super) scores: Array,
    pub(super) probabilities: Array,
    /// Activated FFN values, and their gradients.
    pub(super) activated: Array,
    pub(super) dactivated: Array,
    pub(super) logits: Array,
    pub(super) dlogits: Array,
    /// Sums of chunks of rows.
    pub(super) partials: Array,
    pub(super) square_sums: Array,
    pub(super) experts: Option<ExpertScratch>,
}

/// What experts need for a moment.
#[derive(Clone, Copy)]
pub(super) struct ExpertScratch {
    /// Rows of tokens, expert by expert, and their gradients.
    pub(super) placed: Array,
    pub(super) dplaced: Array,
    pub(super) router_logits: Array,
    pub(super) drouter_logits: Array,
    pub(super) dweights: Array,
    /// What load balancing adds to the gradients of scores, for each expert.
    pub(super) pulls: Array,
    /// Sums of scores, for each expert.
    pub(super) score_sums: Array,
    /// Gradients at the gate on the shared experts.
    pub(super) dgates: Array,
}

/// Allocates: the device, sizes of the model and of its batches.
pub(super) struct Allocator<'a, D> {
    pub(super) device: &'a mut D,
    pub(super) shape: Shape,
    /// Positions of a batch.
    pub(super) positions: usize,
    /// Positions of a sequence.
    pub(super) sequence: usize,
}

impl<D: Device> Allocator<'_, D> {
    fn floats(&mut self, elements: usize, what: &'static str) -> Result<Array, EngineError> {
        self.device.allocate(Element::F32, elements, what)
    }

    fn integers(&mut self, elements: usize, what: &'static str) -> Result<Array, EngineError> {
        self.device.allocate(Element::U32, elements, what)
    }

    fn operands(&mut self, elements: usize, what: &'static str) -> Result<Array, EngineError> {
        self.device.allocate(Element::Operand, elements, what)
    }

    /// Everything.
    pub(super) fn memory(
        &mut self,
        architecture: &Architecture,
        elements: usize,
    ) -> Result<Memory, EngineError> {
        let state = self.state(elements)?;
        let batch = self.batch()?;
        let mut layers = Vec::new();
        let mut residuals = Vec::new();
        let stream = self.positions * self.shape.hidden;
        let n_dense = match architecture.ffn.moe {
            Some(moe) => moe.n_dense_layers,
            None => architecture.n_layers,
        };
        let dense_width = if n_dense > 0 {
            architecture.ffn.intermediate_size as usize
        } else {
            0
        };
        for layer in 0..architecture.n_layers {
            residuals.push(self.floats(stream, "the residual stream")?);
            let moe = self.shape.moe.filter(|_| layer >= n_dense);
            layers.push(self.layer(moe, dense_width, architecture)?);
        }
        residuals.push(self.floats(stream, "the residual stream")?);
        Ok(Memory {
            state,
            batch,
            layers,
            residuals,
            scratch: self.scratch(dense_width)?,
        })
    }

    fn state(&mut self, elements: usize) -> Result<StateArrays, EngineError> {
        let angles = self.sequence * self.shape.head_dim / 2;
        Ok(StateArrays {
            weights: self.floats(elements, "the weights")?,
            copies: self.operands(elements, "the weights' copies")?,
            gradients: self.floats(elements, "the gradients")?,
            first_moments: self.floats(elements, "the first moments")?,
            second_moments: self.floats(elements, "the second moments")?,
            cosines: self.floats(angles, "the rotary embedding")?,
            sines: self.floats(angles, "the rotary embedding")?,
        })
    }

    fn batch(&mut self) -> Result<BatchArrays, EngineError> {
        const WHAT: &str = "a batch";
        let n = self.positions;
        Ok(BatchArrays {
            tokens: self.integers(n, WHAT)?,
            targets: self.integers(n, WHAT)?,
            nats: self.floats(n, WHAT)?,
            inverse: self.floats(n, WHAT)?,
            distinct: self.integers(n, WHAT)?,
            starts: self.integers(n + 1, WHAT)?,
            positions: self.integers(n, WHAT)?,
        })
    }

    fn layer(
        &mut self,
        moe: Option<MoeShape>,
        dense_width: usize,
        architecture: &Architecture,
    ) -> Result<LayerArrays, EngineError> {
        const WHAT: &str = "a layer's activations";
        let (n, shape) = (self.positions, self.shape);
        let (query, kv) = (n * shape.query_width(), n * shape.kv_width());
        let has_head_norms = architecture.attention.qk_norm != rooflaw::architecture::QkNorm::None;
        let head_norms = if has_head_norms {
            Some(HeadNormArrays {
                query: self.operands(query, WHAT)?,
                key: self.operands(kv, WHAT)?,
                query_inverse: self.floats(n * shape.heads, WHAT)?,
                key_inverse: self.floats(n * shape.kv_heads, WHAT)?,
            })
        } else {
            None
        };
        Ok(LayerArrays {
            attention_inverse: self.floats(n, WHAT)?,
            ffn_inverse: self.floats(n, WHAT)?,
            head_norms,
            query: self.operands(query, WHAT)?,
            key: self.operands(kv, WHAT)?,
            value: self.operands(kv, WHAT)?,
            attended: self.operands(query, WHAT)?,
            middle: self.floats(n * shape.hidden, WHAT)?,
            ffn: match moe {
                None => FfnArrays::Dense(self.gated(n * dense_width)?),
                Some(moe) => FfnArrays::Experts(Box::new(self.experts(&moe)?)),
            },
        })
    }

    fn gated(&mut self, elements: usize) -> Result<GatedArrays, EngineError> {
        const WHAT: &str = "an FFN's activations";
        Ok(GatedArrays {
            gate: self.operands(elements, WHAT)?,
            up: self.operands(elements, WHAT)?,
        })
    }

    fn experts(&mut self, moe: &MoeShape) -> Result<ExpertArrays, EngineError> {
        const WHAT: &str = "experts' activations";
        let (n, hidden) = (self.positions, self.shape.hidden);
        let slots = n * moe.per_token;
        let shared = if moe.shared_width == 0 {
            None
        } else {
            Some(SharedArrays {
                gated: self.gated(n * moe.shared_width)?,
                output: if moe.has_shared_gate {
                    Some((self.operands(n * hidden, WHAT)?, self.floats(n, WHAT)?))
                } else {
                    None
                },
            })
        };
        Ok(ExpertArrays {
            scores: self.floats(n * moe.experts, WHAT)?,
            chosen: self.integers(slots, WHAT)?,
            weights: self.floats(slots, WHAT)?,
            places: self.integers(slots, WHAT)?,
            order: self.integers(slots, WHAT)?,
            counts: self.integers(moe.experts, WHAT)?,
            gated: self.gated(slots * moe.expert_size)?,
            outputs: self.operands(slots * hidden, WHAT)?,
            shared,
        })
    }

    fn scratch(&mut self, dense_width: usize) -> Result<Scratch, EngineError> {
        const WHAT: &str = "working memory";
        let (n, shape) = (self.positions, self.shape);
        let (stream, query, kv) = (n * shape.hidden, n * shape.query_width(), n * shape.kv_width());
        let (experts, expert_width) = match shape.moe {
            None => (None, 0),
            Some(moe) => {
                let width = (moe.per_token * moe.expert_size).max(moe.shared_width);
                (Some(self.expert_scratch(&moe)?), width)
            }
        };
        let activated = n * dense_width.max(expert_width);
        let sequences = n / self.sequence;
        let scores = self.sequence * self.sequence * shape.heads;
        let scores = scores * (CHUNK_ELEMENTS / scores).clamp(1, sequences);
        let logits = shape.vocabulary * (CHUNK_ELEMENTS / shape.vocabulary).clamp(1, n);
        let widest = [shape.hidden, shape.query_width(), dense_width, expert_width]
            .into_iter()
            .chain(shape.moe.map(|moe| moe.experts))
            .max();
        Ok(Scratch {
            normed: self.operands(stream, WHAT)?,
            dnormed: self.floats(stream, WHAT)?,
            dresidual: self.floats(stream, WHAT)?,
            doutput: self.operands(stream, WHAT)?,
            merged: self.operands(query.max(kv), WHAT)?,
            dattended: self.operands(query, WHAT)?,
            dquery: self.operands(query, WHAT)?,
            dkey: self.operands(kv, WHAT)?,
            dvalue: self.operands(kv, WHAT)?,
            scores: self.floats(scores, "attention scores")?,
            probabilities: self.operands(scores, "attention scores")?,
            activated: self.operands(activated, WHAT)?,
            dactivated: self.operands(activated, WHAT)?,
            logits: self.floats(logits, "logits")?,
            dlogits: self.operands(logits, "logits")?,
            partials: self.floats(MAX_CHUNKS * widest.unwrap_or(0), WHAT)?,
            square_sums: self.device.allocate(Element::F64, SQUARE_SUMS, WHAT)?,
            experts,
        })
    }

    fn expert_scratch(&mut self, moe: &MoeShape) -> Result<ExpertScratch, EngineError> {
        const WHAT: &str = "experts' working memory";
        let (n, hidden) = (self.positions, self.shape.hidden);
        let slots = n * moe.per_token;
        Ok(ExpertScratch {
            placed: self.operands(slots * hidden, WHAT)?,
            dplaced: self.floats(slots * hidden, WHAT)?,
            router_logits: self.floats(n * moe.experts, WHAT)?,
            drouter_logits: self.operands(n * moe.experts, WHAT)?,
            dweights: self.floats(slots, WHAT)?,
            pulls: self.floats(moe.experts, WHAT)?,
            score_sums: self.floats(moe.experts, WHAT)?,
            dgates: self.floats(n, WHAT)?,
        })
    }
}
