//! What every architecture of a box costs at least.
//!
//! Times, bytes and parameters are sums over operators, and what an operator takes rises with each of its dimensions:
//! what the smallest architecture takes, operator by operator, no architecture of the box falls below. Where something
//! does not rise with a dimension, the least that it can be stands in for it: the bits of weights whose rows may or may
//! not fill the blocks of a format, and the time that a last-level cache saves.

use super::Evaluator;
use crate::architecture::{Architecture, Parameters};
use crate::format::Relaxed;
use crate::operators::FormatCosts;
use crate::space::{Exact, Seen};

/// Lower bounds of what an architecture takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Least {
    /// Of the quantities that can be budgeted, in their order: TTFT, TPOT, total latency in seconds, memory in bytes, all
    /// and active parameters.
    pub(crate) quantities: [f64; 6],
    /// Of the parameters.
    pub(crate) parameters: Parameters,
}

/// An evaluator prepared for lower bounds.
#[derive(Clone, Debug)]
pub(crate) struct LeastCosts<'a> {
    evaluator: &'a Evaluator,
    /// By [`Relaxed::number`]; one where widths do not matter to the format.
    formats: Vec<FormatCosts>,
}

/// Sums may be rounded in another order than those that they bound: by less than this share.
const ROUNDING: f64 = 1e-11;

impl<'a> LeastCosts<'a> {
    pub(crate) fn new(evaluator: &'a Evaluator) -> LeastCosts<'a> {
        let exact = &evaluator.roofline().format_costs;
        let mut formats: Vec<FormatCosts> = Relaxed::all().map(|relaxed| exact.least(relaxed)).collect();
        if formats.iter().all(|least| least == exact) {
            formats.truncate(1);
        }
        LeastCosts { evaluator, formats }
    }

    /// What every architecture of a box takes at least.
    pub(crate) fn of(&self, seen: &Seen) -> Least {
        let evaluator = self.evaluator;
        let rates = evaluator.rates();
        let Exact {
            hidden,
            query,
            ffn,
            layers,
            eight,
        } = seen.exact;
        let relaxed = Relaxed {
            hidden: !hidden,
            query: !query,
            ffn: !ffn,
            layers: !layers,
            eight: !eight,
        };
        let formats = self.formats.get(relaxed.number()).unwrap_or(&self.formats[0]);
        let totals = evaluator.totals(&seen.least, formats, |operator, cached| {
            rates.tally_most(cached, operator);
        });
        let seconds = totals.seconds - rates.saved_s(&totals.cached);
        let generation_s = evaluator.generation_s(seconds.second(), &seen.least);
        let ttft_s = seconds.first();
        let parameters = totals.parameters();
        let below = |value: f64| value - ROUNDING * value.abs();
        Least {
            quantities: [
                below(ttft_s),
                below(generation_s / f64::from(evaluator.workload().generated_tokens.max(1))),
                below(ttft_s + generation_s),
                below(evaluator.memory(&seen.least, &totals).total_bytes()),
                parameters.total as f64,
                parameters.active as f64,
            ],
            parameters,
        }
    }

    /// The parameters of an architecture, as the evaluator counts them.
    pub(crate) fn parameters(&self, architecture: &Architecture) -> Parameters {
        let totals = self.evaluator.totals(architecture, &self.formats[0], |_, _| {});
        totals.parameters()
    }

    /// No parameter takes fewer bytes of memory.
    pub(crate) fn least_bytes_per_parameter(&self) -> f64 {
        self.formats[0].least_bytes()
    }

    /// The evaluator.
    pub(crate) const fn evaluator(&self) -> &'a Evaluator {
        self.evaluator
    }
}
