//! What the architectures of a frontier, or of a whole space, have in common.

use crate::setup::{Costing, Format, Setup};
use crate::text::Shape;
use rooflaw::architecture::Architecture;
use rooflaw::search::{Candidate, Objective};
use rooflaw::space::{Cursor, DesignSpace};

/// Fewer layers than this are what the paper calls shallow.
pub const SHALLOW: u32 = 20;

/// Shares and medians over a set of architectures; shares are 0 and medians NaN when it is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Architectures.
    pub n: usize,
    /// Share of mixtures of experts.
    pub moe: f64,
    /// Share of fewer than [`SHALLOW`] layers.
    pub shallow: f64,
    /// Share of the sparsest architectures allowed, ρ = 1/16.
    pub sparsest: f64,
    /// Share of top-1 routing among the mixtures.
    pub top_1: f64,
    /// Share of r < 1.
    pub narrow: f64,
    /// Median of layers.
    pub n_layers: f64,
    /// Median of the hidden size.
    pub hidden_size: f64,
    /// Median of r.
    pub ffn_ratio: f64,
    /// Median of experts, 1 when dense.
    pub n_experts: f64,
    /// Median of 1/ρ, the experts there would be with top-1 routing.
    pub sparsity: f64,
    /// Median of the query heads per KV head.
    pub gqa: f64,
}

impl Stats {
    /// Over some shapes.
    pub fn of(shapes: &[Shape]) -> Stats {
        let share = |test: &dyn Fn(&Shape) -> bool, among: &dyn Fn(&Shape) -> bool| {
            let total = shapes.iter().filter(|shape| among(shape)).count().max(1);
            let n = shapes.iter().filter(|shape| among(shape) && test(shape)).count();
            n as f64 / total as f64
        };
        let any = |_: &Shape| true;
        let median = |value: &dyn Fn(&Shape) -> f64| median(shapes.iter().map(value).collect());
        Stats {
            n: shapes.len(),
            moe: share(&Shape::is_moe, &any),
            shallow: share(&|shape| shape.n_layers < SHALLOW, &any),
            sparsest: share(&|shape| shape.activation_rate <= 1.0 / 16.0, &any),
            top_1: share(&|shape| shape.experts_per_token == 1, &Shape::is_moe),
            narrow: share(&|shape| shape.ffn_ratio < 1.0, &any),
            n_layers: median(&|shape| f64::from(shape.n_layers)),
            hidden_size: median(&|shape| f64::from(shape.hidden_size)),
            ffn_ratio: median(&|shape| shape.ffn_ratio),
            n_experts: median(&|shape| f64::from(shape.n_experts)),
            sparsity: median(&|shape| 1.0 / shape.activation_rate),
            gqa: median(&Shape::gqa),
        }
    }

    /// Over candidates.
    pub fn of_candidates<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Stats {
        let shapes: Vec<Shape> = candidates
            .map(|candidate| Shape::of(&candidate.architecture))
            .collect();
        Stats::of(&shapes)
    }

    /// Over all architectures of a space: what a frontier of no preference would look like.
    pub fn of_space(space: &DesignSpace) -> Stats {
        let mut cursor = Cursor::new(space, 0);
        let mut shapes = Vec::new();
        for _ in 0..space.len() {
            shapes.extend(cursor.architecture().as_ref().map(Shape::of));
            cursor.advance();
        }
        Stats::of(&shapes)
    }
}

/// The middle value, the mean of the two middle ones, or NaN.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match (values.get(n / 2), values.get(n.saturating_sub(1) / 2)) {
        (Some(upper), Some(lower)) => f64::midpoint(*lower, *upper),
        _ => f64::NAN,
    }
}

/// How much longer the same architectures take with twice the experts of half the size, two per token: the law sees
/// the same r and ρ, so only latency tells them apart. Median and largest relative difference over the top-1
/// architectures.
pub fn top_2_penalty(
    setup: &Setup,
    costing: Costing,
    format: Format,
    objective: Objective,
    points: &[Candidate],
) -> (f64, f64) {
    let evaluator = setup.evaluator(costing, format);
    let penalty = |candidate: &Candidate| {
        let twin = split_experts(&candidate.architecture)?;
        let latency = objective.latency_s(&evaluator.evaluate(&twin));
        Some(latency / objective.latency_s(&candidate.evaluation) - 1.0)
    };
    let penalties: Vec<f64> = points.iter().filter_map(penalty).collect();
    let largest = penalties.iter().copied().fold(f64::NAN, f64::max);
    (median(penalties), largest)
}

/// A top-1 mixture with its experts cut in two, and two of them per token.
fn split_experts(architecture: &Architecture) -> Option<Architecture> {
    let mut twin = *architecture;
    let moe = twin.ffn.moe.as_mut()?;
    if moe.experts_per_token != 1 || !moe.expert_size.is_multiple_of(2) {
        return None;
    }
    moe.n_experts *= 2;
    moe.experts_per_token = 2;
    moe.expert_size /= 2;
    Some(twin)
}

/// Latency in FP16 over latency in INT8 of the same architectures: smallest, median, largest.
pub fn int8_gain(setup: &Setup, costing: Costing, objective: Objective, points: &[Candidate]) -> [f64; 3] {
    let int8 = setup.evaluator(costing, Format::Int8);
    let gain = |candidate: &Candidate| {
        let faster = int8.evaluate(&candidate.architecture);
        objective.latency_s(&candidate.evaluation) / objective.latency_s(&faster)
    };
    let gains: Vec<f64> = points.iter().map(gain).collect();
    [
        gains.iter().copied().fold(f64::NAN, f64::min),
        median(gains.clone()),
        gains.iter().copied().fold(f64::NAN, f64::max),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_by_hand() {
        assert!(median(vec![]).is_nan());
        assert_eq!(median(vec![3.0]), 3.0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn splitting_experts_leaves_the_law_alone() {
        let setup = Setup::new().unwrap();
        let evaluator = setup.evaluator(Costing::Full, Format::Fp16);
        let mut cursor = Cursor::new(&setup.grid, 0);
        let mut n = 0;
        for _ in 0..setup.grid.len() {
            if let Some(architecture) = cursor.architecture()
                && let Some(twin) = split_experts(&architecture)
            {
                let (one, two) = (evaluator.evaluate(&architecture), evaluator.evaluate(&twin));
                assert_eq!(one.loss, two.loss);
                assert!(two.tpot_s >= one.tpot_s);
                n += 1;
            }
            cursor.advance();
        }
        assert!(n > 1000);
    }
}
