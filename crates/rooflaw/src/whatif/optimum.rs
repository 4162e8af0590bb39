//! The optimum of a search, seen in two ways: the lowest loss in a time, the shortest time to a loss.

use crate::search::{Candidate, Objective, Outcome};
use serde::Serialize;

/// A candidate with the formats that it is best in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Optimum {
    /// The position of its formats in [`Outcome::by_format`].
    pub position: usize,
    /// The candidate.
    #[serde(flatten)]
    pub candidate: Candidate,
}

/// The lowest finite loss within all budgets; of equals the formats that come first.
#[must_use]
pub fn best(outcome: &Outcome) -> Option<Optimum> {
    let formats = outcome.by_format.iter().enumerate();
    formats
        .filter_map(|(position, found)| {
            Some(Optimum {
                position,
                candidate: found.best?,
            })
        })
        .filter(|found| found.candidate.evaluation.loss.is_finite())
        .min_by(|a, b| {
            let [a, b] = [a, b].map(|of| of.candidate.evaluation.loss);
            a.total_cmp(&b)
        })
}

/// The fastest with at most a loss, within the budgets but the one on the objective's latency; of equals the formats that
/// come first.
#[must_use]
pub fn fastest(outcome: &Outcome, objective: Objective, loss: f64) -> Option<Optimum> {
    let formats = outcome.by_format.iter().enumerate();
    formats
        .flat_map(|(position, found)| {
            let of = move |candidate: &Candidate| Optimum {
                position,
                candidate: *candidate,
            };
            found.frontier.iter().map(of)
        })
        .filter(|found| found.candidate.evaluation.loss <= loss)
        .min_by(|a, b| {
            let [a, b] = [a, b].map(|of| objective.latency_s(&of.candidate.evaluation));
            a.total_cmp(&b)
        })
}
