//! The time to generate all tokens, exactly and without a loop over them.
//!
//! Between two contexts every operator's compute and memory time is linear in the context (attention; a window makes
//! it constant from some context on) or constant (all else). The sum of the larger of two lines over consecutive
//! integers is one or two arithmetic series.

use super::{Cached, OperatorTime, Rates, Roofline, Workload};
use crate::architecture::Architecture;
use crate::operators::{Costs, OperatorKind, Step, Steps, visit_attention_cores, visit_steps};
use crate::pair::Pair;

#[inline(always)]
pub(super) fn depends_on_context(kind: OperatorKind) -> bool {
    matches!(
        kind,
        OperatorKind::Attention
            | OperatorKind::LocalAttention
            | OperatorKind::Scores
            | OperatorKind::Softmax
            | OperatorKind::WeightedValues
    )
}

/// Σ over `n` equally spaced contexts of the larger of two lines, compute and memory time, given by their first and
/// last values.
#[inline(always)]
fn sum_of_larger(
    n: f64,
    OperatorTime {
        compute_s, memory_s, ..
    }: &OperatorTime<Pair>,
) -> f64 {
    let first = compute_s.first() - memory_s.first();
    let last = compute_s.second() - memory_s.second();
    if first * last >= 0.0 || n < 2.0 {
        let larger = compute_s.larger(*memory_s);
        return n * (larger.first() + larger.second()) * 0.5;
    }
    // The lines cross: one is the larger up to and including point `k`, the other after it.
    let k = (first / (first - last) * (n - 1.0)).floor();
    let (early, late) = if first > 0.0 {
        (compute_s, memory_s)
    } else {
        (memory_s, compute_s)
    };
    let at = |line: &Pair, index: f64| line.first() + (line.second() - line.first()) * index / (n - 1.0);
    (k + 1.0) * (early.first() + at(early, k)) / 2.0
        + (n - k - 1.0) * (at(late, k + 1.0) + late.second()) / 2.0
}

impl Roofline {
    /// Time to generate all tokens of the workload after the prefill, seconds:
    /// `Σ_{t=1..S_out} decode(S_in + t)`.
    #[must_use]
    pub fn generation(&self, architecture: &Architecture, workload: &Workload) -> f64 {
        let ends = self.ends(workload);
        let rates = self.rates(&ends);
        let mut constant_s = rates.steps_s().first();
        let mut cached = Cached::default();
        visit_steps(
            architecture,
            &ends,
            &self.format_costs,
            &self.assumptions,
            |operator| {
                rates.tally(&mut cached, operator);
                if !depends_on_context(operator.kind) {
                    constant_s += operator.instances * rates.times(operator).totals_s().first();
                }
            },
        );
        constant_s -= rates.saved_s(&cached).first();
        self.generation_given(constant_s, architecture, workload, &ends, &rates)
    }

    /// The first and the last decode step.
    pub(super) fn ends(&self, workload: &Workload) -> Steps {
        self.decodes(workload, workload.prompt_tokens + 1, workload.full_context())
    }

    /// The decode steps at two contexts.
    fn decodes(&self, workload: &Workload, first: u32, last: u32) -> Steps {
        Steps::new(
            [first, last].map(|context| Step::decode(workload.batch, context)),
            &self.assumptions,
        )
    }

    /// Time to generate all tokens, where the operators that do not depend on the context take `constant_s` in each
    /// step; `ends` are [`Roofline::ends`] and `rates` theirs.
    #[inline(always)]
    pub(super) fn generation_given(
        &self,
        constant_s: f64,
        architecture: &Architecture,
        workload: &Workload,
        ends: &Steps,
        rates: &Rates,
    ) -> f64 {
        if workload.generated_tokens == 0 {
            return 0.0;
        }
        let contexts = workload.prompt_tokens + 1..workload.full_context();
        let attention_s = match architecture.attention.sliding_window {
            Some(window) if contexts.contains(&window.size) => {
                self.outgrown_window(architecture, workload, window.size, rates)
            }
            _ => self.attention_segment(architecture, ends, rates),
        };
        f64::from(workload.generated_tokens) * constant_s + attention_s
    }

    /// Attention's time where the contexts outgrow the window: linear in the context up to it and beyond it.
    #[inline(never)]
    fn outgrown_window(
        &self,
        architecture: &Architecture,
        workload: &Workload,
        size: u32,
        rates: &Rates,
    ) -> f64 {
        let growing = self.decodes(workload, workload.prompt_tokens + 1, size);
        let full = self.decodes(workload, size + 1, workload.full_context());
        self.attention_segment(architecture, &growing, rates)
            + self.attention_segment(architecture, &full, rates)
    }

    /// Attention's time summed over the decode steps from one to another.
    #[inline(always)]
    fn attention_segment(&self, architecture: &Architecture, ends: &Steps, rates: &Rates) -> f64 {
        let n = ends.n_contexts();
        let costs = Costs::new(architecture, ends, &self.format_costs, &self.assumptions);
        let mut seconds = 0.0;
        visit_attention_cores(&costs, &mut |operator| {
            let time = rates.times(operator);
            seconds += operator.instances * (sum_of_larger(n, &time) + n * time.launch_s.first());
        });
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::{OperatorTime, Pair, sum_of_larger};

    #[test]
    fn equals_the_loop() {
        for (compute, memory) in [
            ((1.0, 9.0), (4.0, 5.0)),
            ((9.0, 1.0), (4.0, 5.0)),
            ((1.0, 2.0), (3.0, 3.0)),
            ((0.0, 8.0), (8.0, 0.0)),
        ] {
            for n in 1..40_u32 {
                let (compute, memory) = if n == 1 {
                    ((compute.0, compute.0), (memory.0, memory.0))
                } else {
                    (compute, memory)
                };
                let at = |line: (f64, f64), i: u32| {
                    line.0
                        + if n > 1 {
                            (line.1 - line.0) * f64::from(i) / f64::from(n - 1)
                        } else {
                            0.0
                        }
                };
                let looped: f64 = (0..n).map(|i| at(compute, i).max(at(memory, i))).sum();
                let ends = OperatorTime {
                    compute_s: Pair::new(compute.0, compute.1),
                    memory_s: Pair::new(memory.0, memory.1),
                    launch_s: Pair::all(0.0),
                };
                let summed = sum_of_larger(f64::from(n), &ends);
                assert!(
                    (looped - summed).abs() < 1e-9,
                    "{compute:?} {memory:?} {n}: {looped} {summed}"
                );
            }
        }
    }
}
