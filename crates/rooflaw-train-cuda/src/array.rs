//! Arrays in a device's memory: handles without a lifetime, whose bounds the device checks.

use std::ops::Range;

/// What an array's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Single precision: weights, gradients, moments, the residual stream, scores.
    F32,
    /// Double precision: sums that would lose digits.
    F64,
    /// Tokens, counts, places.
    U32,
    /// What matrix products multiply, of the device's [`Precision`].
    Operand,
}

/// In what precision matrix products are done; sums are f32 in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Products of bfloat16.
    #[default]
    Bf16,
    /// Products of f32: slow, to compare results with.
    F32,
}

impl Element {
    /// Bytes of one.
    pub(crate) const fn bytes(self, precision: Precision) -> usize {
        match (self, precision) {
            (Element::F64, _) => 8,
            (Element::F32 | Element::U32, _) | (Element::Operand, Precision::F32) => 4,
            (Element::Operand, Precision::Bf16) => 2,
        }
    }
}

/// Elements that lie one after another in one of a device's allocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array {
    pub(crate) allocation: usize,
    pub(crate) first: usize,
    pub(crate) elements: usize,
    pub(crate) element: Element,
}

impl Array {
    /// A part of it; one that reaches beyond its end is refused where it is used.
    pub(crate) fn part(self, range: &Range<usize>) -> Array {
        debug_assert!(
            range.start <= range.end && range.end <= self.elements,
            "{range:?} of {self:?}"
        );
        Array {
            first: self.first + range.start,
            elements: range.len(),
            ..self
        }
    }

    /// Its first elements.
    pub(crate) fn head(self, elements: usize) -> Array {
        self.part(&(0..elements))
    }
}
