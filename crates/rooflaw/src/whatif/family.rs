//! Families of architectures, for maps.

use crate::architecture::Architecture;
use serde::Serialize;

/// Fewer layers than this are shallow: where arXiv 2602.10377 draws the line.
pub const SHALLOW: u32 = 20;

/// What kind of architecture one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Family {
    /// Routed experts of a layer, 1 when dense.
    pub n_experts: u32,
    /// Whether it has at least [`SHALLOW`] layers.
    pub is_deep: bool,
}

impl Family {
    /// The family of an architecture.
    #[must_use]
    pub fn of(architecture: &Architecture) -> Family {
        Family {
            n_experts: architecture.ffn.moe.map_or(1, |moe| moe.n_experts),
            is_deep: architecture.n_layers >= SHALLOW,
        }
    }
}
