//! The closed forms of arXiv 2602.10377, Section 5, corrected: the optimum at a given hidden size while budgets bind
//! and bounds do not.
//!
//! A budget `X` on a quantity of which each layer takes `c = A + C/gqa + F·r` binds with `l = X/c`, and setting the
//! derivatives of the loss to zero gives
//!
//! ```text
//! r^(α_r+1)   = α_r·D/(α_l·κ_l) · X^α_l / (c^(α_l−1)·F·d^β2),     D = κ_ρ·ρ^α_ρ·d^(β2−β1) + κ_d
//! gqa^(α_m+1) = α_l·κ_l·C/(α_m·κ_m) · c^(α_l−1)·d^α_m / X^α_l
//! ```
//!
//! which is the paper's D1 (decode), P1 (prefill) and D2 = P2 (memory), one budget each; the right sides hold `r` and
//! `gqa` too, in `c` and `D`. Latency alone wants the smallest `ρ`; memory, where `F` is of stored experts,
//! `ρ^α_ρ = α_r·κ_d/((α_ρ−α_r)·κ_ρ)·d^(β1−β2)`. Two budgets that bind at once determine `l` and `ρ` (P3, D3).

use super::{CoDesign, Posynomial, Problem, Quantity, Shape, ShapeVariable};
use serde::Serialize;

/// What a layer of a hidden size takes of a budget: `fixed + per_inverse_gqa/gqa + per_ffn_ratio·r [/ρ]`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LayerCost {
    /// `A`: queries and output.
    pub fixed: f64,
    /// `C`: keys, values and their cache.
    pub per_inverse_gqa: f64,
    /// `F`: the FFN, of what a token uses.
    pub per_ffn_ratio: f64,
    /// The FFN of what is stored, which `r/ρ` multiplies.
    pub per_stored_ratio: f64,
}

impl LayerCost {
    /// The cost in a usage; `None` where it has other terms, or is not proportional to the layers.
    #[must_use]
    pub fn of(usage: &Posynomial, hidden_size: f64) -> Option<LayerCost> {
        let mut cost = LayerCost::default();
        for term in &usage.terms {
            let [l, d, r, rho, gqa] = term.exponents;
            let slot = match (l, r, rho, gqa) {
                (1.0, 0.0, 0.0, 0.0) => &mut cost.fixed,
                (1.0, 0.0, 0.0, -1.0) => &mut cost.per_inverse_gqa,
                (1.0, 1.0, 0.0, 0.0) => &mut cost.per_ffn_ratio,
                (1.0, 1.0, -1.0, 0.0) => &mut cost.per_stored_ratio,
                _ => return None,
            };
            *slot += term.coefficient * hidden_size.powf(d);
        }
        Some(cost)
    }

    /// `F` at an activation rate.
    fn ffn(&self, rho: f64) -> f64 {
        self.per_ffn_ratio + self.per_stored_ratio / rho
    }

    /// What a layer takes, `c`.
    #[must_use]
    pub fn total(&self, r: f64, rho: f64, gqa: f64) -> f64 {
        self.fixed + self.per_inverse_gqa / gqa + self.ffn(rho) * r
    }
}

/// The budgets that bind in a closed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// One budget: D1, P1, D2 = P2; or another.
    One(Quantity),
    /// A latency and the memory: P3, D3.
    WithMemory(Quantity),
}

impl Regime {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Regime::One(quantity) => quantity.name().to_owned(),
            Regime::WithMemory(quantity) => format!("{} and memory", quantity.name()),
        }
    }

    /// The regime's name in the paper, if it has one.
    #[must_use]
    pub const fn paper_name(self) -> Option<&'static str> {
        match self {
            Regime::One(Quantity::Ttft) => Some("P1"),
            Regime::One(Quantity::Tpot) => Some("D1"),
            Regime::One(Quantity::Memory) => Some("D2 = P2"),
            Regime::WithMemory(Quantity::Ttft) => Some("P3"),
            Regime::WithMemory(Quantity::Tpot) => Some("D3"),
            _ => None,
        }
    }
}

/// The closed forms of a problem at a hidden size.
#[derive(Clone, Copy, Debug)]
pub struct ClosedForms<'a> {
    law: CoDesign,
    problem: &'a Problem,
    hidden_size: f64,
}

/// Iterations of an implicit system; each brings a digit or more.
const MAX_ITERATIONS: usize = 500;
/// Relative change at which an implicit system is solved.
const SOLVED: f64 = 1e-13;

impl<'a> ClosedForms<'a> {
    /// The closed forms of a problem at a hidden size.
    #[must_use]
    pub const fn new(law: CoDesign, problem: &'a Problem, hidden_size: f64) -> ClosedForms<'a> {
        ClosedForms {
            law,
            problem,
            hidden_size,
        }
    }

    /// The optimum of a regime without bounds but the smallest activation rate, where only latency binds; `None` for a
    /// quantity without a budget, or where the formulas have no solution.
    #[must_use]
    pub fn free(&self, regime: Regime) -> Option<Shape> {
        match regime {
            Regime::One(Quantity::Memory | Quantity::TotalParameters) => {
                self.one(regime_quantity(regime), self.memory_activation_rate()?)
            }
            Regime::One(quantity) => self.one(quantity, self.problem.bounds.min.activation_rate),
            Regime::WithMemory(quantity) => self.dual(quantity),
        }
    }

    /// A regime's answer brought within the bounds: the variables are clipped, and the depth is what the budgets that
    /// bind then allow.
    #[must_use]
    pub fn clipped(&self, regime: Regime) -> Option<Shape> {
        let clipped = self.problem.bounds.clip(&self.free(regime)?);
        let mut shape = clipped;
        shape.n_layers = self.depth(regime, &clipped)?;
        Some(self.problem.bounds.clip(&shape))
    }

    /// `ρ*` of the memory regime (D2 = P2).
    #[must_use]
    pub fn memory_activation_rate(&self) -> Option<f64> {
        let law = &self.law;
        let rate = law.alpha_r * law.kappa_d / ((law.alpha_rho - law.alpha_r) * law.kappa_rho);
        let rate = (rate * self.hidden_size.powf(law.beta1 - law.beta2)).powf(1.0 / law.alpha_rho);
        rate.is_finite().then_some(rate)
    }

    fn cost(&self, quantity: Quantity) -> Option<(LayerCost, f64)> {
        let limit = self.problem.limit(quantity)?;
        Some((LayerCost::of(&limit.usage, self.hidden_size)?, limit.budget))
    }

    /// The deepest that a regime's budgets allow.
    fn depth(&self, regime: Regime, shape: &Shape) -> Option<f64> {
        let deepest = |quantity: Quantity| {
            let (cost, budget) = self.cost(quantity)?;
            Some(budget / cost.total(shape.ffn_ratio, shape.activation_rate, shape.gqa))
        };
        match regime {
            Regime::One(quantity) => deepest(quantity),
            Regime::WithMemory(quantity) => Some(deepest(quantity)?.min(deepest(Quantity::Memory)?)),
        }
    }

    /// One budget that binds, at an activation rate: the implicit system in `r` and `gqa`, iterated.
    #[must_use]
    pub fn one(&self, quantity: Quantity, rho: f64) -> Option<Shape> {
        let (law, d) = (&self.law, self.hidden_size);
        let (cost, budget) = self.cost(quantity)?;
        let power = budget.powf(law.alpha_l);
        let right_sides = |[r, gqa]: [f64; 2]| {
            let c = cost.total(r, rho, gqa).powf(law.alpha_l - 1.0);
            let of_r = law.alpha_r * law.width_factor(d, rho) / (law.alpha_l * law.kappa_l) * power
                / (c * cost.ffn(rho) * d.powf(law.beta2));
            let of_gqa = law.alpha_l * law.kappa_l * cost.per_inverse_gqa / (law.alpha_m * law.kappa_m)
                * c
                * d.powf(law.alpha_m)
                / power;
            [
                of_r.powf(1.0 / (law.alpha_r + 1.0)),
                of_gqa.powf(1.0 / (law.alpha_m + 1.0)),
            ]
        };
        let [r, gqa] = fixed_point(right_sides)?;
        Some(Shape {
            n_layers: budget / cost.total(r, rho, gqa),
            hidden_size: d,
            ffn_ratio: r,
            activation_rate: rho,
            gqa,
        })
    }

    /// The activation rate at which a latency and the memory bind at once: `3ηr/(α(1−η)+3r+δ)` of D3, and its like.
    #[must_use]
    pub fn dual_activation_rate(&self, quantity: Quantity, r: f64, gqa: f64) -> Option<f64> {
        let (latency, latency_budget) = self.cost(quantity)?;
        let (memory, memory_budget) = self.cost(Quantity::Memory)?;
        let stored = memory_budget / latency_budget * latency.total(r, 1.0, gqa)
            - memory.fixed
            - memory.per_inverse_gqa / gqa
            - memory.per_ffn_ratio * r;
        let rho = memory.per_stored_ratio * r / stored;
        (rho.is_finite() && rho > 0.0).then_some(rho)
    }

    /// A latency and the memory that bind at once (P3, D3): `l` and `ρ` follow from `r` and `gqa`, which are searched.
    fn dual(&self, quantity: Quantity) -> Option<Shape> {
        let (latency, budget) = self.cost(quantity)?;
        self.cost(Quantity::Memory)?;
        let shape = |r: f64, gqa: f64| {
            Some(Shape {
                n_layers: budget / latency.total(r, 1.0, gqa),
                hidden_size: self.hidden_size,
                ffn_ratio: r,
                activation_rate: self.dual_activation_rate(quantity, r, gqa)?,
                gqa,
            })
        };
        let loss = |log_r: f64, log_gqa: f64| {
            shape(log_r.exp(), log_gqa.exp()).map_or(f64::INFINITY, |shape| self.problem.loss(&shape))
        };
        let best_r = |log_gqa: f64| golden(WIDEST, |log_r| loss(log_r, log_gqa));
        let log_gqa = golden(WIDEST, |log_gqa| loss(best_r(log_gqa), log_gqa));
        shape(best_r(log_gqa).exp(), log_gqa.exp())
    }
}

const fn regime_quantity(regime: Regime) -> Quantity {
    match regime {
        Regime::One(quantity) | Regime::WithMemory(quantity) => quantity,
    }
}

/// Where `r` and `gqa` are looked for: logarithms of 1/1000 and 1000.
const WIDEST: (f64, f64) = (-6.9, 6.9);

/// The pair that `next` maps to itself, by steps halfway in the logarithms: the right sides fall and rise with a power
/// of at most about one half of either variable, so that each step at least halves the distance.
fn fixed_point(next: impl Fn([f64; 2]) -> [f64; 2]) -> Option<[f64; 2]> {
    let mut at: [f64; 2] = [1.0, 1.0];
    for _ in 0..MAX_ITERATIONS {
        let to = next(at);
        if !to.iter().all(|value| value.is_finite() && *value > 0.0) {
            return None;
        }
        let change = (to[0] / at[0] - 1.0).abs().max((to[1] / at[1] - 1.0).abs());
        at = [(at[0] * to[0]).sqrt(), (at[1] * to[1]).sqrt()];
        if change < SOLVED {
            return Some(at);
        }
    }
    None
}

/// The minimum of a function with one valley, by golden sections, to a relative `1e-8` of the variable; where it is
/// infinite on one side, that side is left.
fn golden((mut low, mut high): (f64, f64), f: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    while high - low > 1e-8 {
        // Of two infinities the left one is left: small FFNs and few KV heads are what has no solution.
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = f(b);
        }
    }
    0.5 * (low + high)
}

impl Problem {
    /// The regime of an optimum: the budgets that bind there; `None` where bounds alone hold it, or where more bind than a
    /// closed form has.
    #[must_use]
    pub fn regime(&self, optimum: &super::Optimum) -> Option<Regime> {
        let binding: Vec<Quantity> = optimum
            .limits
            .iter()
            .filter(|state| state.binds())
            .map(|state| state.quantity)
            .collect();
        match binding[..] {
            [one] => Some(Regime::One(one)),
            [latency, Quantity::Memory] if latency.is_latency() => Some(Regime::WithMemory(latency)),
            _ => None,
        }
    }

    /// The variables of an optimum that lie at a bound.
    #[must_use]
    pub fn at_bounds(&self, optimum: &super::Optimum) -> Vec<ShapeVariable> {
        let (min, max) = (self.bounds.min.values(), self.bounds.max.values());
        let values = optimum.shape.values();
        ShapeVariable::ALL
            .into_iter()
            .filter(|variable| {
                let i = *variable as usize;
                values[i] <= min[i] * (1.0 + AT_BOUND) || values[i] >= max[i] * (1.0 - AT_BOUND)
            })
            .collect()
    }
}

/// Nearer to a bound than this, relatively, is at it.
const AT_BOUND: f64 = 1e-5;
