//! Parameter counts, summed over the operator list so that they cannot disagree with memory and traffic.

use super::Architecture;
use crate::format::Formats;
use crate::operators::{Assumptions, Step, visit_operators};
use serde::Serialize;

/// How many parameters an architecture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Parameters {
    /// All, a tied LM head counted once.
    pub total: u64,
    /// Those one token uses, embedding table and LM head included.
    pub active: u64,
    /// Those of the embedding table, and of the LM head when it is not tied.
    pub embedding: u64,
}

impl Parameters {
    /// Total without embedding table and LM head.
    #[must_use]
    pub fn non_embedding(&self) -> u64 {
        self.total - self.embedding
    }
}

impl Architecture {
    /// Counts the parameters: total, active per token, embedding.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        let (mut total, mut active, mut embedding) = (0.0, 0.0, 0.0);
        visit_operators(
            self,
            &Step::decode(1, 1),
            &Formats::default(),
            &Assumptions::default(),
            |op| {
                total += op.stored_parameters * op.instances;
                active += op.active_parameters * op.instances;
                if op.kind.is_vocabulary() {
                    embedding += op.stored_parameters;
                }
            },
        );
        // Exact for a valid architecture: its total, and so every term, is at most 2^53.
        Parameters {
            total: total as u64,
            active: active as u64,
            embedding: embedding as u64,
        }
    }
}
