//! The loss on held-out sequences.

use super::{Sequences, SessionError};
use crate::engine::{Batch, Engine, EngineError, IGNORED};

/// Negative log-likelihoods added up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HeldOut {
    /// Nats, all targets together.
    pub(super) total: f64,
    /// Targets.
    pub(super) n_targets: u64,
}

impl HeldOut {
    /// Nats per token.
    pub(super) fn mean(&self) -> f64 {
        self.total / self.n_targets as f64
    }
}

/// Evaluates the first `n_sequences`; `None` when `stopped` says so before the end. The order of additions is fixed.
pub(super) fn evaluate(
    engine: &mut dyn Engine,
    sequences: &dyn Sequences,
    n_sequences: u64,
    stopped: &dyn Fn() -> bool,
) -> Result<Option<HeldOut>, SessionError> {
    let (capacity, length) = engine.capacity();
    let mut inputs = vec![0; capacity * length];
    let mut targets = vec![0; capacity * length];
    let mut nats = vec![0.0; capacity * length];
    let mut found = HeldOut {
        total: 0.0,
        n_targets: 0,
    };
    let mut first = 0;
    while first < n_sequences {
        if stopped() {
            return Ok(None);
        }
        let count = (n_sequences - first).min(capacity as u64);
        let rows = inputs
            .chunks_exact_mut(length)
            .zip(targets.chunks_exact_mut(length));
        for (index, (inputs, targets)) in (first..first + count).zip(rows) {
            sequences
                .fill(index, inputs, targets)
                .map_err(SessionError::Data)?;
        }
        let used = count as usize * length;
        let batch = Batch {
            inputs: &inputs[..used],
            targets: &targets[..used],
            sequence_length: length,
        };
        engine.score(&batch, &mut nats[..used])?;
        found.total += nats[..used].iter().map(|&nats| f64::from(nats)).sum::<f64>();
        found.n_targets += batch.targets.iter().filter(|&&target| target != IGNORED).count() as u64;
        first += count;
    }
    if found.n_targets == 0 {
        return Err(SessionError::Data("nothing held out to evaluate on".into()));
    }
    if !found.total.is_finite() {
        let (what, value) = ("the validation loss", found.total);
        return Err(EngineError::NotFinite { what, value }.into());
    }
    Ok(Some(found))
}
