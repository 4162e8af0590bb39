//! How a space is searched, and what the search took.

use serde::{Deserialize, Serialize};

/// How a space is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Small spaces by enumeration, large ones by bounds.
    #[default]
    Auto,
    /// By bounds: parts of the space that a point found dominates are not visited.
    Bounds,
    /// Every architecture is evaluated.
    Enumeration,
}

/// Why a space was enumerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was asked for.
    Asked,
    /// The space is small.
    Small,
    /// The law has no valid bounds.
    NoBounds,
}

/// How a space was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Effort {
    /// By bounds or by enumeration.
    pub method: Method,
    /// Why it was enumerated, if it was.
    pub enumerated_because: Option<Reason>,
    /// Architectures evaluated, those of each format counted apart.
    pub n_evaluations: u64,
    /// Boxes of the space that were bounded.
    pub n_boxes: u64,
    /// Whether the search came to its end: then the frontiers are exact.
    pub is_exact: bool,
}

impl Effort {
    pub(super) const fn by_bounds() -> Effort {
        Effort {
            method: Method::Bounds,
            enumerated_because: None,
            n_evaluations: 0,
            n_boxes: 0,
            is_exact: true,
        }
    }

    pub(super) const fn by_enumeration(reason: Reason) -> Effort {
        Effort {
            method: Method::Enumeration,
            enumerated_because: Some(reason),
            n_evaluations: 0,
            n_boxes: 0,
            is_exact: true,
        }
    }
}

/// Whoever watches a search.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Told how many more combinations are settled, from any thread.
    pub advance: &'a (dyn Fn(u64) + Sync),
    /// Asked from time to time, from any thread, whether to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}
