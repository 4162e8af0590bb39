//! One architecture, all objectives, no allocation: the inner loop of every search.

use super::generation::depends_on_context;
use super::{Cached, MemoryFootprint, Rates, Roofline, Workload, memory};
use crate::architecture::{Architecture, Parameters};
use crate::law::LossLaw;
use crate::operators::{FormatCosts, Operator, Step, Steps, visit_steps};
use crate::pair::Pair;
use crate::quantisation::Penalty;
use serde::Serialize;

/// Everything predicted about one architecture on one device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The law's loss, nats/token; with what the weight format costs, where an evaluator counts it.
    pub loss: f64,
    /// Time to first token: the prefill, seconds.
    pub ttft_s: f64,
    /// Time per output token, the mean over the generated ones, seconds.
    pub tpot_s: f64,
    /// Prefill and generation, seconds.
    pub total_s: f64,
    /// The memory needed.
    pub memory: MemoryFootprint,
    /// Parameter counts.
    pub parameters: Parameters,
}

/// A count, which no architecture has 2^63 of; signed, since x86-64 converts to unsigned in many more instructions.
#[inline(always)]
fn count(parameters: f64) -> u64 {
    (parameters as i64).cast_unsigned()
}

/// Sums over the operators of the prefill and the first decode step.
pub(super) struct Totals {
    /// Time of each step, apart from decode's operators that depend on the context; what the cache saves is still in it.
    pub(super) seconds: Pair,
    /// The largest operator's inputs and outputs.
    largest: Pair,
    pub(super) cached: Cached,
    weights_bytes: f64,
    /// Parameters: of embedding table and LM head, and all that are stored and active.
    embedding: f64,
    parameters: Pair,
}

impl Totals {
    #[inline(always)]
    pub(super) fn parameters(&self) -> Parameters {
        Parameters {
            total: count(self.parameters.first()),
            active: count(self.parameters.second()),
            embedding: count(self.embedding),
        }
    }
}

/// A law and a roofline joined, for one workload.
#[derive(Clone, Debug)]
pub struct Evaluator {
    law: LossLaw,
    roofline: Roofline,
    workload: Workload,
    /// The prefill and the first decode step.
    steps: Steps,
    /// The first and the last decode step.
    ends: Steps,
    /// What work costs in `steps`.
    rates: Rates,
    /// What work costs in `ends`.
    end_rates: Rates,
    /// What the weight format costs in loss.
    quantisation: Option<Penalty>,
}

impl Evaluator {
    /// Joins a law and a roofline for a workload.
    #[must_use]
    pub fn new(law: LossLaw, roofline: Roofline, workload: Workload) -> Evaluator {
        let prefill = Step::prefill(workload.batch, workload.prompt_tokens);
        let decode = Step::decode(workload.batch, workload.prompt_tokens + 1);
        let steps = Steps::new([prefill, decode], roofline.assumptions());
        let ends = roofline.ends(&workload);
        Evaluator {
            rates: roofline.rates(&steps),
            end_rates: roofline.rates(&ends),
            steps,
            ends,
            law,
            roofline,
            workload,
            quantisation: None,
        }
    }

    /// The same with what the weight format costs in loss; `None` counts nothing.
    #[must_use]
    pub const fn with_quantisation(mut self, penalty: Option<Penalty>) -> Evaluator {
        self.quantisation = penalty;
        self
    }

    /// What the weight format costs in loss; `None` where it is not counted.
    #[must_use]
    pub const fn quantisation(&self) -> Option<&Penalty> {
        self.quantisation.as_ref()
    }

    /// What the weight format adds to the loss of an architecture with so many parameters, nats/token.
    #[must_use]
    #[inline(always)]
    pub fn quantisation_loss(&self, parameters: &Parameters) -> f64 {
        match &self.quantisation {
            Some(penalty) => penalty.of(parameters),
            None => 0.0,
        }
    }

    /// The law.
    #[must_use]
    pub const fn law(&self) -> &LossLaw {
        &self.law
    }

    /// The roofline.
    #[must_use]
    pub const fn roofline(&self) -> &Roofline {
        &self.roofline
    }

    /// The workload.
    #[must_use]
    pub const fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Predicts loss, latencies, memory and parameter counts, operator by operator.
    #[must_use]
    #[inline]
    pub fn evaluate(&self, architecture: &Architecture) -> Evaluation {
        let (roofline, workload) = (&self.roofline, &self.workload);
        let loss = self.law.prepare(architecture);
        let totals = self.totals(architecture, &roofline.format_costs, |operator, cached| {
            self.rates.tally(cached, operator);
        });
        let seconds = totals.seconds - self.rates.saved_s(&totals.cached);
        let ttft_s = seconds.first();
        let generation_s = roofline.generation_given(
            seconds.second(),
            architecture,
            workload,
            &self.ends,
            &self.end_rates,
        );
        let parameters = totals.parameters();
        Evaluation {
            loss: loss.loss(self.law.kernel(), architecture, &parameters)
                + self.quantisation_loss(&parameters),
            ttft_s,
            tpot_s: generation_s / f64::from(workload.generated_tokens.max(1)),
            total_s: ttft_s + generation_s,
            memory: self.memory(architecture, &totals),
            parameters,
        }
    }

    /// Sums over the operators of both steps, formats given; `tally` adds to what the cache may save.
    #[inline(always)]
    pub(super) fn totals(
        &self,
        architecture: &Architecture,
        formats: &FormatCosts,
        tally: impl Fn(&Operator<Pair>, &mut Cached),
    ) -> Totals {
        // Prefill and decode in one visit.
        let mut totals = Totals {
            seconds: self.rates.steps_s(),
            largest: Pair::all(0.0),
            cached: Cached::default(),
            weights_bytes: 0.0,
            embedding: 0.0,
            parameters: Pair::all(0.0),
        };
        visit_steps(
            architecture,
            &self.steps,
            formats,
            &self.roofline.assumptions,
            |operator| {
                tally(operator, &mut totals.cached);
                let mut time = self.rates.times(operator).totals_s();
                if depends_on_context(operator.kind) {
                    time = Pair::new(time.first(), 0.0);
                }
                totals.seconds = totals.seconds + time * operator.instances;
                totals.largest = totals.largest.larger(operator.activation_bytes);
                totals.weights_bytes += operator.instances * operator.stored_bytes;
                let of_one = Pair::new(operator.stored_parameters, operator.active_parameters);
                totals.parameters = totals.parameters + of_one * operator.instances;
                if operator.kind.is_vocabulary() {
                    totals.embedding += operator.stored_parameters;
                }
            },
        );
        totals
    }

    /// The memory needed, given the sums over the operators.
    #[inline(always)]
    pub(super) fn memory(&self, architecture: &Architecture, totals: &Totals) -> MemoryFootprint {
        let formats = self.roofline.formats();
        MemoryFootprint {
            weights_bytes: totals.weights_bytes,
            kv_cache_bytes: memory::kv_cache_bytes(architecture, &self.workload, formats.kv.bytes()),
            activations_bytes: memory::residual_bytes(architecture, self.steps.tokens.first(), formats)
                + totals.largest.first(),
        }
    }

    /// Time to generate all tokens, given that of the operators that do not depend on the context.
    pub(super) fn generation_s(&self, constant_s: f64, architecture: &Architecture) -> f64 {
        self.roofline.generation_given(
            constant_s,
            architecture,
            &self.workload,
            &self.ends,
            &self.end_rates,
        )
    }

    pub(super) const fn rates(&self) -> &Rates {
        &self.rates
    }
}
