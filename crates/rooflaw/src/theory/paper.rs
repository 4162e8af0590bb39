//! What arXiv 2602.10377v1 gives in place of the corrected forms, to measure what the difference costs.
//!
//! Where the paper's formulas, quoted values and rules are wrong is listed in `docs/theory.md`.

use super::closed_form::{ClosedForms, LayerCost, Regime};
use super::{CoDesign, Problem, Quantity, Shape};
use serde::Serialize;

/// A formula, value or rule of the paper that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Theorem 5.3b: `ρ = 3η'r/(α(1−η')+3r)` with `η' = η − δ/ξ_all²`; δ is divided by ξ_all twice.
    DualActivationRate,
    /// The quoted `ρ*` of the memory regime, which does not follow from the paper's Theorem 5.2.
    QuotedActivationRate,
    /// Memory is said to bind where `η = M̄_d/M` is small; it is the latency.
    RegimeRule,
}

impl Claim {
    /// A few words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Claim::DualActivationRate => "Theorem 5.3b",
            Claim::QuotedActivationRate => "quoted ρ*",
            Claim::RegimeRule => "regime rule",
        }
    }
}

/// Where a claim leads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consequence {
    /// The claim.
    pub claim: Claim,
    /// The shape that follows from it, all else as corrected.
    pub shape: Shape,
    /// Its loss.
    pub loss: f64,
    /// Usage over budget.
    pub shares: Vec<(Quantity, f64)>,
    /// The corrected shape at the same hidden size.
    pub corrected: Shape,
    /// Its loss.
    pub corrected_loss: f64,
}

impl Consequence {
    /// The most that it takes of a budget: above 1 it breaks one.
    #[must_use]
    pub fn largest_share(&self) -> f64 {
        self.shares.iter().map(|(_, share)| *share).fold(0.0, f64::max)
    }
}

/// The quoted `(d, ρ*)`; two for one hidden size are in two places.
const QUOTED: [(f64, f64); 3] = [(1024.0, 0.25), (1024.0, 0.20), (2048.0, 0.15)];

/// The quoted `ρ*` nearest to a hidden size, the first of those at it.
#[must_use]
pub fn quoted_activation_rate(hidden_size: f64) -> (f64, f64) {
    let distance = |at: f64| (at / hidden_size).ln().abs();
    QUOTED.into_iter().fold(QUOTED[0], |nearest, quoted| {
        if distance(quoted.0) < distance(nearest.0) {
            quoted
        } else {
            nearest
        }
    })
}

/// The optimal activation rate of two budgets as Theorem 5.3b has it, at `r` and `gqa`; `None` where it has none.
///
/// Costs and budgets are turned into the paper's numbers by the bytes of a weight of the query projection.
#[must_use]
pub fn dual_activation_rate(
    (latency, latency_budget): (&LayerCost, f64),
    (memory, memory_budget): (&LayerCost, f64),
    r: f64,
    gqa: f64,
) -> Option<f64> {
    // d²·b_w, and the same in the latency's unit (seconds or bytes).
    let (unit, latency_unit) = (memory.fixed / 2.0, latency.fixed / 2.0);
    let eta = latency_budget / latency_unit / (memory_budget / unit);
    let alpha = 2.0 + 2.0 / gqa;
    let delta = (latency.per_inverse_gqa / latency_unit - memory.per_inverse_gqa / unit) / gqa;
    let mut rho: f64 = 1.0;
    // Implicit, since ξ_all holds ρ; δ/ξ_all² hardly matters, so that this converges at once.
    for _ in 0..100 {
        let xi_all = alpha + 3.0 * r / rho;
        let eta = eta - delta / (xi_all * xi_all);
        let next = 3.0 * eta * r / (alpha * (1.0 - eta) + 3.0 * r);
        if !(next > 0.0 && next.is_finite()) {
            return None;
        }
        if (next / rho - 1.0).abs() < 1e-13 {
            return Some(next);
        }
        rho = next;
    }
    None
}

/// `η = M̄_d/M` of a decode and a memory budget: bytes to read per token over bytes to store.
#[must_use]
pub fn eta(problem: &Problem, bytes_per_s: f64) -> Option<f64> {
    let (decode, memory) = (problem.limit(Quantity::Tpot)?, problem.limit(Quantity::Memory)?);
    Some(decode.budget * bytes_per_s / memory.budget)
}

/// Where the paper's claims lead in a problem with the given binding budgets, at a hidden size.
#[must_use]
pub fn consequences(
    law: CoDesign,
    problem: &Problem,
    regime: Regime,
    hidden_size: f64,
    bytes_per_s: f64,
) -> Vec<Consequence> {
    let forms = ClosedForms::new(law, problem, hidden_size);
    let Some(corrected) = forms.free(regime) else {
        return Vec::new();
    };
    let consequence = |claim: Claim, shape: Shape| Consequence {
        claim,
        loss: problem.loss(&shape),
        shares: problem
            .limits
            .iter()
            .map(|limit| (limit.quantity, limit.share(&shape)))
            .collect(),
        shape,
        corrected_loss: problem.loss(&corrected),
        corrected,
    };
    let mut found = Vec::new();
    if regime == Regime::WithMemory(Quantity::Tpot) {
        found.extend(
            theorem_5_3b(problem, &corrected).map(|shape| consequence(Claim::DualActivationRate, shape)),
        );
    }
    if regime == Regime::One(Quantity::Memory) {
        let (_, rho) = quoted_activation_rate(hidden_size);
        let shape = forms.one(Quantity::Memory, rho);
        found.extend(shape.map(|shape| consequence(Claim::QuotedActivationRate, shape)));
    }
    // The rule names one budget; where both bind, the other is then not looked at.
    if let Some(eta) = eta(problem, bytes_per_s) {
        let named = if eta < 1.0 {
            Quantity::Memory
        } else {
            Quantity::Tpot
        };
        if regime != Regime::One(named) {
            let shape = forms.free(Regime::One(named));
            found.extend(shape.map(|shape| consequence(Claim::RegimeRule, shape)));
        }
    }
    found
}

fn theorem_5_3b(problem: &Problem, corrected: &Shape) -> Option<Shape> {
    let (latency, memory) = (problem.limit(Quantity::Tpot)?, problem.limit(Quantity::Memory)?);
    let d = corrected.hidden_size;
    let (of_latency, of_memory) = (
        LayerCost::of(&latency.usage, d)?,
        LayerCost::of(&memory.usage, d)?,
    );
    let (r, gqa) = (corrected.ffn_ratio, corrected.gqa);
    let rho = dual_activation_rate((&of_latency, latency.budget), (&of_memory, memory.budget), r, gqa)?;
    Some(Shape {
        n_layers: memory.budget / of_memory.total(r, rho, gqa),
        activation_rate: rho,
        ..*corrected
    })
}
