//! The time to generate all tokens, exactly and without a loop over them.
//!
//! Between two contexts every operator's compute and memory time is linear in the context (attention; a window makes
//! it constant from some context on) or constant (all else). The sum of the larger of two lines over consecutive
//! integers is one or two arithmetic series.

use super::{OperatorTime, Roofline, Workload};
use crate::architecture::Architecture;
use crate::operators::{Costs, Operator, OperatorKind, Step, visit_attention_cores, visit_operators};

/// Attention cores of a step: at most three unfused operators for global and three for local layers.
const MAX_CORES: usize = 6;

const IDLE: OperatorTime = OperatorTime {
    compute_s: 0.0,
    memory_s: 0.0,
    launch_s: 0.0,
};

fn depends_on_context(kind: OperatorKind) -> bool {
    matches!(
        kind,
        OperatorKind::Attention
            | OperatorKind::LocalAttention
            | OperatorKind::Scores
            | OperatorKind::Softmax
            | OperatorKind::WeightedValues
    )
}

/// Σ over `n` equally spaced points of the larger of two lines, each given by its first and last value.
fn sum_of_larger(n: f64, compute: (f64, f64), memory: (f64, f64)) -> f64 {
    let first = compute.0 - memory.0;
    let last = compute.1 - memory.1;
    if first * last >= 0.0 || n < 2.0 {
        return n * (compute.0.max(memory.0) + compute.1.max(memory.1)) / 2.0;
    }
    // The lines cross: one is the larger up to and including point `k`, the other after it.
    let k = (first / (first - last) * (n - 1.0)).floor();
    let (early, late) = if first > 0.0 {
        (compute, memory)
    } else {
        (memory, compute)
    };
    let at = |line: (f64, f64), index: f64| line.0 + (line.1 - line.0) * index / (n - 1.0);
    (k + 1.0) * (early.0 + at(early, k)) / 2.0 + (n - k - 1.0) * (at(late, k + 1.0) + late.1) / 2.0
}

impl Roofline {
    /// Time to generate all tokens of the workload after the prefill, seconds:
    /// `Σ_{t=1..S_out} decode(S_in + t)`.
    #[must_use]
    pub fn generation(&self, architecture: &Architecture, workload: &Workload) -> f64 {
        if workload.generated_tokens == 0 {
            return 0.0;
        }
        let steps = f64::from(workload.generated_tokens);
        let first = workload.prompt_tokens + 1;
        let step = Step::decode(workload.batch, first);
        let mut constant = 0.0;
        visit_operators(
            architecture,
            &step,
            &self.formats,
            &self.assumptions,
            |operator| {
                if !depends_on_context(operator.kind) {
                    constant += operator.instances * self.time(operator).total_s();
                }
            },
        );
        steps * constant
            + self.attention_over_contexts(architecture, workload.batch, first, workload.full_context())
    }

    /// Attention's time summed over decode steps at contexts `first..=last`.
    fn attention_over_contexts(&self, architecture: &Architecture, batch: u32, first: u32, last: u32) -> f64 {
        match architecture.attention.sliding_window {
            Some(window) if (first..last).contains(&window.size) => {
                self.attention_segment(architecture, batch, first, window.size)
                    + self.attention_segment(architecture, batch, window.size + 1, last)
            }
            _ => self.attention_segment(architecture, batch, first, last),
        }
    }

    fn attention_segment(&self, architecture: &Architecture, batch: u32, first: u32, last: u32) -> f64 {
        let n = f64::from(last - first + 1);
        let (ends, instances, n_cores) = {
            let mut ends = [[IDLE; MAX_CORES]; 2];
            let mut instances = [0.0; MAX_CORES];
            let mut n_cores = 0;
            for (end, context) in ends.iter_mut().zip([first, last]) {
                n_cores = 0;
                let step = Step::decode(batch, context);
                let costs = Costs::new(architecture, &step, &self.formats, &self.assumptions);
                visit_attention_cores(&costs, &mut |operator: &Operator| {
                    if n_cores < MAX_CORES {
                        end[n_cores] = self.time(operator);
                        instances[n_cores] = operator.instances;
                        n_cores += 1;
                    }
                });
            }
            (ends, instances, n_cores)
        };
        let mut seconds = 0.0;
        for core in 0..n_cores {
            let (a, b) = (&ends[0][core], &ends[1][core]);
            let work = sum_of_larger(n, (a.compute_s, b.compute_s), (a.memory_s, b.memory_s));
            seconds += instances[core] * (work + n * a.launch_s);
        }
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::sum_of_larger;

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
                let summed = sum_of_larger(f64::from(n), compute, memory);
                assert!(
                    (looped - summed).abs() < 1e-9,
                    "{compute:?} {memory:?} {n}: {looped} {summed}"
                );
            }
        }
    }
}
