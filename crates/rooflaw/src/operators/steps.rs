//! Two steps looked at together, with what every operator needs to know of them.

use super::{Assumptions, Step};
use crate::pair::Pair;

/// Two steps. They are the same for every architecture, so what can be computed of them is computed once.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    steps: [Step; 2],
    /// Sequences.
    pub(super) batch: Pair,
    /// New tokens over all sequences.
    pub(crate) tokens: Pair,
    pub(super) global: Reach,
    causal: bool,
    batched_kv: bool,
}

/// What the tokens of each step attend to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Query-key pairs over all sequences.
    pub(super) pairs: Pair,
    /// Tokens attended to over all sequences.
    pub(super) context: Pair,
    /// Tokens read from the KV cache.
    pub(super) cached: Pair,
}

#[inline(always)]
fn map(steps: &[Step; 2], value: impl Fn(&Step) -> f64) -> Pair {
    Pair::new(value(&steps[0]), value(&steps[1]))
}

impl Steps {
    pub(crate) fn new(steps: [Step; 2], assumptions: &Assumptions) -> Steps {
        let (causal, batched_kv) = (assumptions.causal, assumptions.batched_kv);
        Steps {
            steps,
            batch: map(&steps, |step| step.batch),
            tokens: map(&steps, Step::total_tokens),
            global: Reach::new(&steps, causal, batched_kv, None),
            causal,
            batched_kv,
        }
    }

    /// The first step alone.
    pub(crate) fn one(step: &Step, assumptions: &Assumptions) -> Steps {
        Steps::new([*step; 2], assumptions)
    }

    /// The two steps.
    pub(crate) const fn steps(&self) -> &[Step; 2] {
        &self.steps
    }

    /// A number made from what is known of each step.
    #[inline(always)]
    pub(super) fn map(&self, value: impl Fn(&Step) -> f64) -> Pair {
        map(&self.steps, value)
    }

    /// Attention to the last `window` tokens.
    #[inline(always)]
    pub(super) fn local(&self, window: f64) -> Reach {
        Reach::new(&self.steps, self.causal, self.batched_kv, Some(window))
    }

    /// Contexts from that of the first step to that of the second.
    #[inline(always)]
    pub(crate) fn n_contexts(&self) -> f64 {
        self.steps[1].past - self.steps[0].past + 1.0
    }
}

impl Reach {
    #[inline(always)]
    fn new(steps: &[Step; 2], causal: bool, batched_kv: bool, window: Option<f64>) -> Reach {
        let context = |step: &Step| {
            window.map_or(step.context(), |window| {
                step.context().min(step.tokens - 1.0 + window)
            })
        };
        let all = map(steps, |step| step.batch * context(step));
        Reach {
            pairs: map(steps, |step| step.batch * attended_pairs(step, causal, window)),
            context: all,
            cached: if batched_kv { all } else { map(steps, context) },
        }
    }
}

/// Query-key pairs of one sequence: each new token with all it attends to.
#[inline(always)]
fn attended_pairs(step: &Step, causal: bool, window: Option<f64>) -> f64 {
    let (tokens, past) = (step.tokens, step.past);
    if !causal {
        return tokens * window.map_or(step.context(), |window| step.context().min(window));
    }
    // The first `growing` tokens see everything before them, the others a full window.
    let growing = window.map_or(tokens, |window| (window - past).clamp(0.0, tokens));
    let saturated = window.map_or(0.0, |window| (tokens - growing) * window);
    growing * (past + (growing + 1.0) / 2.0) + saturated
}

#[cfg(test)]
mod tests {
    use super::{Step, attended_pairs};

    #[test]
    fn pairs_equal_a_count() {
        for tokens in 1..12_u32 {
            for past in 0..12_u32 {
                for window in [None, Some(1), Some(3), Some(7), Some(100)] {
                    let counted: u32 = (1..=tokens)
                        .map(|i| (past + i).min(window.unwrap_or(u32::MAX)))
                        .sum();
                    let step = Step {
                        batch: 1.0,
                        tokens: f64::from(tokens),
                        past: f64::from(past),
                    };
                    let pairs = attended_pairs(&step, true, window.map(f64::from));
                    assert_eq!(pairs, f64::from(counted), "{tokens} {past} {window:?}");
                }
            }
        }
    }
}
