//! Where the weights of each part lie, looked up once.

use rooflaw::architecture::{Architecture, Moe};
use rooflaw_export::Part;
use rooflaw_train::layout::Layout;
use std::ops::Range;

/// A projection: its weights, outputs × inputs, and its bias.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    pub(super) weights: Range<usize>,
    pub(super) bias: Option<Range<usize>>,
    pub(super) outputs: usize,
    pub(super) inputs: usize,
}

/// A layer.
#[derive(Clone, Debug)]
pub(super) struct LayerPlaces {
    pub(super) attention_norm: Range<usize>,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    /// Norms of queries and keys.
    pub(super) head_norms: Option<(Range<usize>, Range<usize>)>,
    pub(super) output: Linear,
    pub(super) ffn_norm: Range<usize>,
    pub(super) ffn: FfnPlaces,
}

/// An FFN: one, or experts.
#[derive(Clone, Debug)]
pub(super) enum FfnPlaces {
    Dense(GatedPlaces),
    Experts(Box<ExpertPlaces>),
}

/// An FFN with a gate.
#[derive(Clone, Debug)]
pub(super) struct GatedPlaces {
    pub(super) gate: Linear,
    pub(super) up: Linear,
    pub(super) down: Linear,
}

/// Experts and their router.
#[derive(Clone, Debug)]
pub(super) struct ExpertPlaces {
    pub(super) router: Linear,
    /// Added to scores for the choice alone.
    pub(super) router_bias: Option<Range<usize>>,
    /// Every expert's, one after another.
    pub(super) experts: Vec<GatedPlaces>,
    pub(super) shared: Option<GatedPlaces>,
    pub(super) shared_gate: Option<Range<usize>>,
}

/// All of a model.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) embedding: Range<usize>,
    pub(super) layers: Vec<LayerPlaces>,
    pub(super) final_norm: Range<usize>,
    pub(super) head: Linear,
}

impl Places {
    /// `None` if a part is missing: a layout that is not of this architecture, or of one with parts that the engine does not know.
    pub(super) fn new(layout: &Layout, architecture: &Architecture) -> Option<Places> {
        let embedding = layout.find(None, Part::Embedding)?.range.clone();
        let head = if architecture.tie_embeddings {
            embedding.clone()
        } else {
            layout.find(None, Part::Head)?.range.clone()
        };
        let hidden = architecture.hidden_size as usize;
        let layers = (0..architecture.n_layers).map(|layer| {
            LayerParts {
                layout,
                layer,
                hidden,
            }
            .layer(architecture)
        });
        Some(Places {
            layers: layers.collect::<Option<_>>()?,
            final_norm: layout.find(None, Part::FinalNorm)?.range.clone(),
            head: Linear {
                outputs: head.len() / hidden,
                inputs: hidden,
                weights: head,
                bias: None,
            },
            embedding,
        })
    }
}

struct LayerParts<'a> {
    layout: &'a Layout,
    layer: u32,
    hidden: usize,
}

impl LayerParts<'_> {
    fn find(&self, part: Part) -> Option<Range<usize>> {
        let placed = self.layout.find(Some(self.layer), part)?;
        Some(placed.range.clone())
    }

    /// A projection from `inputs`.
    fn linear(&self, weights: Part, bias: Option<Part>, inputs: usize) -> Option<Linear> {
        let weights = self.find(weights)?;
        Some(Linear {
            outputs: weights.len() / inputs,
            inputs,
            weights,
            bias: bias.and_then(|bias| self.find(bias)),
        })
    }

    fn layer(&self, architecture: &Architecture) -> Option<LayerPlaces> {
        let (hidden, query_width) = (self.hidden, architecture.query_width() as usize);
        Some(LayerPlaces {
            attention_norm: self.find(Part::AttentionNorm)?,
            query: self.linear(Part::Query, Some(Part::QueryBias), hidden)?,
            key: self.linear(Part::Key, Some(Part::KeyBias), hidden)?,
            value: self.linear(Part::Value, Some(Part::ValueBias), hidden)?,
            head_norms: self.find(Part::QueryNorm).zip(self.find(Part::KeyNorm)),
            output: self.linear(Part::Output, Some(Part::OutputBias), query_width)?,
            ffn_norm: self.find(Part::FfnNorm)?,
            ffn: match &architecture.ffn.moe {
                Some(moe) if self.layer >= moe.n_dense_layers => {
                    FfnPlaces::Experts(Box::new(self.experts(moe)?))
                }
                _ => FfnPlaces::Dense(self.dense(architecture.ffn.intermediate_size as usize)?),
            },
        })
    }

    fn dense(&self, width: usize) -> Option<GatedPlaces> {
        Some(GatedPlaces {
            gate: self.linear(Part::Gate, Some(Part::GateBias), self.hidden)?,
            up: self.linear(Part::Up, Some(Part::UpBias), self.hidden)?,
            down: self.linear(Part::Down, Some(Part::DownBias), width)?,
        })
    }

    fn experts(&self, moe: &Moe) -> Option<ExpertPlaces> {
        let (size, n) = (moe.expert_size as usize, moe.n_experts as usize);
        let gate = self.find(Part::ExpertGate)?;
        let up = self.find(Part::ExpertUp)?;
        let down = self.find(Part::ExpertDown)?;
        let expert = |stack: &Range<usize>, number: usize, outputs: usize, inputs: usize| {
            let first = stack.start + number * outputs * inputs;
            Linear {
                weights: first..first + outputs * inputs,
                bias: None,
                outputs,
                inputs,
            }
        };
        let experts = (0..n).map(|number| GatedPlaces {
            gate: expert(&gate, number, size, self.hidden),
            up: expert(&up, number, size, self.hidden),
            down: expert(&down, number, self.hidden, size),
        });
        let shared_width = moe.n_shared_experts as usize * moe.shared_expert_size as usize;
        let shared = if shared_width == 0 {
            None
        } else {
            Some(GatedPlaces {
                gate: self.linear(Part::SharedGate, None, self.hidden)?,
                up: self.linear(Part::SharedUp, None, self.hidden)?,
                down: self.linear(Part::SharedDown, None, shared_width)?,
            })
        };
        Some(ExpertPlaces {
            router: self.linear(Part::Router, None, self.hidden)?,
            router_bias: self.find(Part::RouterBias),
            experts: experts.collect(),
            shared,
            shared_gate: self.find(Part::SharedRouter),
        })
    }
}
