//! Where each tensor lies in the flat vectors of weights, gradients and moments.

use rooflaw::architecture::Architecture;
use rooflaw_export::{ExportError, Part, TensorSpec, tensors};
use std::ops::Range;

/// The tensors of an architecture in the order of [`rooflaw_export::tensors`], without gaps.
#[derive(Clone, Debug)]
pub struct Layout {
    tensors: Vec<Placed>,
    elements: usize,
}

/// A tensor and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What it is.
    pub spec: TensorSpec,
    /// Its elements in a flat vector, row-major; experts one after another.
    pub range: Range<usize>,
}

impl Layout {
    /// The layout of an architecture.
    ///
    /// # Errors
    /// An architecture that is not valid, or one of whose tensors no checkpoint has a name for.
    pub fn new(architecture: &Architecture) -> Result<Layout, ExportError> {
        let mut elements = 0;
        let place = |spec: TensorSpec| {
            let start = elements;
            elements += spec.shape.elements() as usize;
            Placed {
                spec,
                range: start..elements,
            }
        };
        let tensors = tensors(architecture)?.into_iter().map(place).collect();
        Ok(Layout { tensors, elements })
    }

    /// All tensors, in order.
    #[must_use]
    pub fn tensors(&self) -> &[Placed] {
        &self.tensors
    }

    /// Elements of all tensors: the architecture's parameters.
    #[must_use]
    pub const fn elements(&self) -> usize {
        self.elements
    }

    /// Where a tensor is, if the architecture has it.
    #[must_use]
    pub fn find(&self, layer: Option<u32>, part: Part) -> Option<&Placed> {
        self.tensors
            .iter()
            .find(|placed| placed.spec.layer == layer && placed.spec.part == part)
    }
}
