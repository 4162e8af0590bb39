//! Weights tensor by tensor, and which is which.

use crate::engine::EngineError;
use crate::layout::Layout;
use rooflaw_export::Part;

/// Tensors in the order of a [`Layout`]: weights, gradients or moments.
#[derive(Debug)]
pub(super) struct Tensors(pub(super) Vec<Vec<f32>>);

impl Tensors {
    pub(super) fn new(layout: &Layout) -> Tensors {
        let zeros = |placed: &crate::layout::Placed| vec![0.0; placed.range.len()];
        Tensors(layout.tensors().iter().map(zeros).collect())
    }

    /// Copies all into a flat vector.
    pub(super) fn read(&self, layout: &Layout, values: &mut [f32]) {
        for (tensor, placed) in self.0.iter().zip(layout.tensors()) {
            values[placed.range.clone()].copy_from_slice(tensor);
        }
    }

    /// Replaces all from a flat vector.
    pub(super) fn write(&mut self, layout: &Layout, values: &[f32]) {
        for (tensor, placed) in self.0.iter_mut().zip(layout.tensors()) {
            tensor.copy_from_slice(&values[placed.range.clone()]);
        }
    }

    pub(super) fn of(&self, index: usize) -> &[f32] {
        &self.0[index]
    }

    pub(super) fn of_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.0[index]
    }
}

/// A projection: where its matrix and its bias are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear {
    pub(super) weight: usize,
    pub(super) bias: Option<usize>,
}

/// A gated FFN.
#[derive(Clone, Copy, Debug)]
pub(super) struct GatedParts {
    pub(super) gate: Linear,
    pub(super) up: Linear,
    pub(super) down: Linear,
}

/// An attention with grouped heads.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupedParts {
    pub(super) norm: usize,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) output: Linear,
    /// Weights of the norms of queries and keys.
    pub(super) qk_norm: Option<(usize, usize)>,
}

/// An attention with latent keys and values.
#[derive(Clone, Copy, Debug)]
pub(super) struct LatentParts {
    pub(super) norm: usize,
    pub(super) query: QueryParts,
    /// Makes the vector of low rank, and after it the rotary key.
    pub(super) kv_down: Linear,
    pub(super) kv_norm: usize,
    pub(super) kv_up: Linear,
    pub(super) output: Linear,
}

/// How queries are made.
#[derive(Clone, Copy, Debug)]
pub(super) enum QueryParts {
    Full(Linear),
    LowRank { down: Linear, norm: usize, up: Linear },
}

/// An attention.
#[derive(Clone, Copy, Debug)]
pub(super) enum AttentionParts {
    Grouped(GroupedParts),
    Latent(LatentParts),
}

/// A mixture of experts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpertParts {
    pub(super) router: usize,
    /// Added to scores for the choice alone.
    pub(super) router_bias: Option<usize>,
    pub(super) gate: usize,
    pub(super) up: usize,
    pub(super) down: usize,
    pub(super) shared: Option<SharedParts>,
}

/// Experts that every token passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct SharedParts {
    /// The gate on their output.
    pub(super) router: Option<usize>,
    pub(super) ffn: GatedParts,
}

/// The FFN of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) enum FfnParts {
    Dense(GatedParts),
    Experts(ExpertParts),
}

/// A layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct LayerParts {
    pub(super) attention: AttentionParts,
    pub(super) ffn_norm: usize,
    pub(super) ffn: FfnParts,
}

/// What stands outside the layers.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndParts {
    pub(super) embedding: usize,
    pub(super) norm: usize,
    /// The embedding table itself when they are tied.
    pub(super) head: usize,
}

/// Finds tensors by what they are.
struct Finder<'a> {
    layout: &'a Layout,
    layer: Option<u32>,
}

impl Finder<'_> {
    fn maybe(&self, part: Part) -> Option<usize> {
        let is_it =
            |placed: &crate::layout::Placed| placed.spec.part == part && placed.spec.layer == self.layer;
        self.layout.tensors().iter().position(is_it)
    }

    fn one(&self, part: Part) -> Result<usize, EngineError> {
        self.maybe(part).ok_or_else(|| EngineError::Unsupported {
            engine: super::NAME,
            feature: format!("a layer without {part:?}"),
        })
    }

    fn linear(&self, weight: Part, bias: Part) -> Result<Linear, EngineError> {
        Ok(Linear {
            weight: self.one(weight)?,
            bias: self.maybe(bias),
        })
    }

    fn bare(&self, weight: Part) -> Result<Linear, EngineError> {
        Ok(Linear {
            weight: self.one(weight)?,
            bias: None,
        })
    }

    fn attention(&self) -> Result<AttentionParts, EngineError> {
        if self.maybe(Part::KvDown).is_some() {
            self.latent().map(AttentionParts::Latent)
        } else {
            self.grouped().map(AttentionParts::Grouped)
        }
    }

    fn latent(&self) -> Result<LatentParts, EngineError> {
        let query = match self.maybe(Part::QueryDown) {
            None => QueryParts::Full(self.linear(Part::Query, Part::QueryBias)?),
            Some(_) => QueryParts::LowRank {
                down: self.linear(Part::QueryDown, Part::QueryDownBias)?,
                norm: self.one(Part::QueryDownNorm)?,
                up: self.bare(Part::QueryUp)?,
            },
        };
        Ok(LatentParts {
            norm: self.one(Part::AttentionNorm)?,
            query,
            kv_down: self.linear(Part::KvDown, Part::KvDownBias)?,
            kv_norm: self.one(Part::KvDownNorm)?,
            kv_up: self.bare(Part::KvUp)?,
            output: self.linear(Part::Output, Part::OutputBias)?,
        })
    }

    fn grouped(&self) -> Result<GroupedParts, EngineError> {
        Ok(GroupedParts {
            norm: self.one(Part::AttentionNorm)?,
            query: self.linear(Part::Query, Part::QueryBias)?,
            key: self.linear(Part::Key, Part::KeyBias)?,
            value: self.linear(Part::Value, Part::ValueBias)?,
            output: self.linear(Part::Output, Part::OutputBias)?,
            qk_norm: self.maybe(Part::QueryNorm).zip(self.maybe(Part::KeyNorm)),
        })
    }

    fn ffn(&self) -> Result<FfnParts, EngineError> {
        if self.maybe(Part::Router).is_none() {
            return Ok(FfnParts::Dense(GatedParts {
                gate: self.linear(Part::Gate, Part::GateBias)?,
                up: self.linear(Part::Up, Part::UpBias)?,
                down: self.linear(Part::Down, Part::DownBias)?,
            }));
        }
        let shared = match self.maybe(Part::SharedGate) {
            None => None,
            Some(_) => Some(SharedParts {
                router: self.maybe(Part::SharedRouter),
                ffn: GatedParts {
                    gate: self.bare(Part::SharedGate)?,
                    up: self.bare(Part::SharedUp)?,
                    down: self.bare(Part::SharedDown)?,
                },
            }),
        };
        Ok(FfnParts::Experts(ExpertParts {
            router: self.one(Part::Router)?,
            router_bias: self.maybe(Part::RouterBias),
            gate: self.one(Part::ExpertGate)?,
            up: self.one(Part::ExpertUp)?,
            down: self.one(Part::ExpertDown)?,
            shared,
        }))
    }
}

/// A layer's tensors.
pub(super) fn layer(layout: &Layout, layer: u32) -> Result<LayerParts, EngineError> {
    let find = Finder {
        layout,
        layer: Some(layer),
    };
    Ok(LayerParts {
        attention: find.attention()?,
        ffn_norm: find.one(Part::FfnNorm)?,
        ffn: find.ffn()?,
    })
}

/// The tensors outside the layers.
pub(super) fn ends(layout: &Layout) -> Result<EndParts, EngineError> {
    let find = Finder { layout, layer: None };
    let embedding = find.one(Part::Embedding)?;
    Ok(EndParts {
        embedding,
        norm: find.one(Part::FinalNorm)?,
        head: find.maybe(Part::Head).unwrap_or(embedding),
    })
}
