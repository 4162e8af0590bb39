//! The full model near an architecture, as sums of powers: exact there, and growing as each operator grows.
//!
//! Each operator's time at the architecture is a term whose exponents are those of what it computes or moves there. As
//! the search for the optimum moves, so does the architecture that the terms are taken at (successive convex
//! approximation, Boyd et al. 2007, §9).

use super::{Limit, Monomial, Posynomial, Problem, Quantity, Shape, ShapeVariable};
use crate::architecture::Architecture;
use crate::operators::{Operator, OperatorKind, Step, visit_operators};
use crate::roofline::{Evaluator, OperatorRow};
use crate::search::Budgets;

/// Exponents in the order of [`ShapeVariable::ALL`].
type Exponents = [f64; ShapeVariable::COUNT];

/// What there is of once.
const ONCE: Exponents = [0.0; ShapeVariable::COUNT];
/// What each layer has of one size.
const LAYERS: Exponents = [1.0, 0.0, 0.0, 0.0, 0.0];
/// What the cache of keys and values grows with.
const CACHE: Exponents = [1.0, 1.0, 0.0, 0.0, -1.0];
/// What the residual stream of a batch grows with.
const WIDTH: Exponents = [0.0, 1.0, 0.0, 0.0, 0.0];

/// How an operator grows; `cache`: by reading keys and values, `stored`: by reading all experts.
const fn growth(kind: OperatorKind, cache: bool, stored: bool) -> Exponents {
    use OperatorKind as K;
    match kind {
        K::Embedding | K::FinalNorm | K::LmHead => WIDTH,
        K::Query | K::Output => [1.0, 2.0, 0.0, 0.0, 0.0],
        K::Key | K::Value => [1.0, 2.0, 0.0, 0.0, -1.0],
        K::Attention | K::LocalAttention | K::Scores | K::Softmax | K::WeightedValues if cache => CACHE,
        K::FfnGate | K::FfnUp | K::FfnDown | K::SharedGate | K::SharedUp | K::SharedDown => {
            [1.0, 2.0, 1.0, 0.0, 0.0]
        }
        K::ExpertGate | K::ExpertUp | K::ExpertDown if stored => [1.0, 2.0, 1.0, -1.0, 0.0],
        K::ExpertGate | K::ExpertUp | K::ExpertDown => [1.0, 2.0, 1.0, 0.0, 0.0],
        K::FfnActivation | K::ExpertActivation | K::SharedActivation => [1.0, 1.0, 1.0, 0.0, 0.0],
        K::Router => [1.0, 1.0, 0.0, -1.0, 0.0],
        // Norms, rotary embedding, attention's arithmetic.
        _ => [1.0, 1.0, 0.0, 0.0, 0.0],
    }
}

/// A sum of powers that is put together term by term, at a shape.
struct Sum<'a> {
    at: &'a Shape,
    terms: Posynomial,
}

impl Sum<'_> {
    /// Adds what is `value` at the shape.
    fn add(&mut self, value: f64, exponents: Exponents) {
        if value > 0.0 {
            let unit = Monomial {
                coefficient: 1.0,
                exponents,
            };
            // Terms that grow alike are one.
            let coefficient = value / unit.value(self.at);
            match self
                .terms
                .terms
                .iter_mut()
                .find(|term| term.exponents == exponents)
            {
                Some(term) => term.coefficient += coefficient,
                None => self.terms.terms.push(unit.scaled(coefficient)),
            }
        }
    }
}

/// The time of a step by what would shorten it.
struct StepTime {
    on_compute: Posynomial,
    on_bandwidth: Posynomial,
    on_neither: Posynomial,
}

impl StepTime {
    fn new(evaluator: &Evaluator, architecture: &Architecture, at: &Shape, step: &Step) -> StepTime {
        let empty = || Sum {
            at,
            terms: Posynomial::default(),
        };
        let (mut compute, mut bandwidth, mut neither) = (empty(), empty(), empty());
        let table = evaluator.roofline().table(architecture, step);
        // Every expert is touched by a prompt, and by a large batch.
        let all_touched = step.total_tokens() * at.activation_rate > 1.0;
        for row in &table.rows {
            let once = matches!(
                row.kind,
                OperatorKind::Embedding | OperatorKind::FinalNorm | OperatorKind::LmHead
            );
            neither.add(row.launch_s, if once { ONCE } else { LAYERS });
            if row.compute_s > row.memory_s {
                compute.add(row.compute_s, growth(row.kind, false, false));
            } else {
                let reads_cache = row.kv_bytes > row.activation_bytes;
                let exponents = growth(row.kind, reads_cache, reads_weights(row) && all_touched);
                bandwidth.add(row.memory_s, exponents);
            }
        }
        neither.add(table.step_s, ONCE);
        StepTime {
            on_compute: compute.terms,
            on_bandwidth: bandwidth.terms,
            on_neither: neither.terms,
        }
    }
}

fn reads_weights(row: &OperatorRow) -> bool {
    row.weight_bytes > row.activation_bytes
}

/// Weights, KV cache and activations.
fn memory(evaluator: &Evaluator, architecture: &Architecture, at: &Shape) -> Posynomial {
    let footprint = evaluator.roofline().memory(architecture, evaluator.workload());
    let mut sum = held(evaluator, architecture, at, true, |operator| {
        operator.stored_bytes
    });
    sum.add(footprint.kv_cache_bytes, CACHE);
    sum.add(footprint.activations_bytes, WIDTH);
    sum.terms
}

/// What operators hold in memory, of all experts or of those that a token uses.
fn held<'a>(
    evaluator: &Evaluator,
    architecture: &Architecture,
    at: &'a Shape,
    all_experts: bool,
    of: impl Fn(&Operator) -> f64,
) -> Sum<'a> {
    let roofline = evaluator.roofline();
    let mut sum = Sum {
        at,
        terms: Posynomial::default(),
    };
    let step = Step::decode(1, 1);
    let (formats, assumptions) = (roofline.formats(), roofline.assumptions());
    visit_operators(architecture, &step, formats, assumptions, |operator| {
        let exponents = growth(operator.kind, false, all_experts);
        sum.add(of(operator) * operator.instances, exponents);
    });
    sum
}

impl Problem {
    /// The same with the full model's costs as sums of powers around an architecture, where the two agree; `None` for an
    /// architecture that has no shape.
    #[must_use]
    pub fn agreeing_at(&self, evaluator: &Evaluator, architecture: &Architecture) -> Option<Problem> {
        let at = Shape::of(architecture)?;
        let workload = evaluator.workload();
        let generated = f64::from(workload.generated_tokens);
        let prefill = Step::prefill(workload.batch, workload.prompt_tokens);
        // The mean context: costs are linear in it but for the larger of two.
        let decode = Step {
            batch: f64::from(workload.batch),
            tokens: 1.0,
            past: f64::from(workload.prompt_tokens) + (generated.max(1.0) - 1.0) / 2.0,
        };
        let [prefill, decode] =
            [prefill, decode].map(|step| StepTime::new(evaluator, architecture, &at, &step));
        let full = Budgets::quantities(&evaluator.evaluate(architecture));
        let parameters = |all_experts: bool, of: fn(&Operator) -> f64| {
            let sum = held(evaluator, architecture, &at, all_experts, of);
            (Posynomial::default(), Posynomial::default(), sum.terms)
        };
        let limit = |limit: &Limit| {
            let of_step = |step: &StepTime, times: f64| {
                let scaled = |part: &Posynomial| part.scaled(times);
                (
                    scaled(&step.on_compute),
                    scaled(&step.on_bandwidth),
                    scaled(&step.on_neither),
                )
            };
            let (on_compute, on_bandwidth, on_neither) = match limit.quantity {
                Quantity::Ttft => of_step(&prefill, 1.0),
                Quantity::Tpot => of_step(&decode, 1.0),
                Quantity::Total if generated == 0.0 => of_step(&prefill, 1.0),
                Quantity::Total => {
                    let (a, b) = (of_step(&prefill, 1.0), of_step(&decode, generated));
                    (a.0.plus(&b.0), a.1.plus(&b.1), a.2.plus(&b.2))
                }
                Quantity::Memory => {
                    let none = Posynomial::default;
                    (none(), none(), memory(evaluator, architecture, &at))
                }
                Quantity::TotalParameters => parameters(true, |operator| operator.stored_parameters),
                Quantity::ActiveParameters => parameters(false, |operator| operator.active_parameters),
            };
            let usage = on_compute.plus(&on_bandwidth).plus(&on_neither);
            // What is left to agree exactly: what a cache saves, the curvature over contexts.
            let factor = full[limit.quantity as usize] / usage.value(&at);
            let factor = if factor > 0.0 && factor.is_finite() {
                factor
            } else {
                1.0
            };
            Limit {
                quantity: limit.quantity,
                budget: limit.budget,
                usage: usage.scaled(factor),
                on_compute: on_compute.scaled(factor),
                on_bandwidth: on_bandwidth.scaled(factor),
            }
        };
        Some(Problem {
            limits: self.limits.iter().map(limit).collect(),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::format::{Formats, WeightFormat};
    use crate::operators::Assumptions;
    use crate::roofline::{Evaluator, Roofline, Workload};
    use crate::search::Budgets;
    use crate::theory::integers::Lattice;
    use crate::theory::{CostModel, Problem, Shape};
    use crate::{device, law, space};

    /// The sum is exact where it is taken, and some percent off at its neighbours, most where experts double.
    #[test]
    fn terms_grow_as_the_model_does() {
        let lattice = Lattice::of_space(&space::find("default").unwrap()).unwrap();
        let roofline = Roofline::new(
            device::find("jetson-agx-orin-64gb").unwrap(),
            &Formats::of_weights(WeightFormat::Bf16),
            &Assumptions::default(),
        );
        let evaluator = Evaluator::new(law::find("co-design").unwrap(), roofline, Workload::default());
        let budgets = Budgets {
            ttft_s: Some(1.0),
            tpot_s: Some(1.0),
            total_s: Some(1.0),
            memory_bytes: Some(1.0),
            total_parameters: Some(1.0),
            active_parameters: Some(1.0),
        };
        let costs = CostModel::new(evaluator.roofline(), evaluator.workload());
        let problem = Problem::new(evaluator.law(), &costs, &budgets, lattice.bounds).unwrap();
        let shape = |l: f64, d: f64, r: f64, rho: f64, gqa: f64| Shape::from_values([l, d, r, rho, gqa]);
        let at = lattice.nearest(&shape(16.0, 1536.0, 0.8, 0.125, 4.0)).unwrap();
        let near = problem.agreeing_at(&evaluator, &at).unwrap();
        for other in [
            at,
            lattice.nearest(&shape(18.0, 1536.0, 0.8, 0.125, 4.0)).unwrap(),
            lattice.nearest(&shape(16.0, 1792.0, 0.8, 0.125, 4.0)).unwrap(),
            lattice.nearest(&shape(16.0, 1536.0, 1.0, 0.125, 4.0)).unwrap(),
            lattice.nearest(&shape(16.0, 1536.0, 0.8, 0.0625, 4.0)).unwrap(),
            lattice.nearest(&shape(16.0, 1536.0, 0.8, 0.125, 2.0)).unwrap(),
        ] {
            let full = Budgets::quantities(&evaluator.evaluate(&other));
            let shape = Shape::of(&other).unwrap();
            let tolerance = if other == at { 1e-12 } else { 0.07 };
            for limit in &near.limits {
                let error = limit.usage.value(&shape) / full[limit.quantity as usize] - 1.0;
                assert!(error.abs() < tolerance, "{:?} {shape:?}: {error}", limit.quantity);
            }
        }
    }
}
