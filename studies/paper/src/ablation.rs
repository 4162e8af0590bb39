//! Which simplification each finding hangs on: the paper's grid with one part of the roofline left out at a time.

use crate::setup::{Format, Setup};
use crate::stats::{Stats, median};
use rooflaw::format::Formats;
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Roofline};
use rooflaw::search::{Budgets, Candidate, Objective, Query};

/// One variant of the roofline, and the frontiers of the paper's grid under it, both formats together.
pub struct Variant {
    /// What is left out.
    pub name: &'static str,
    /// The architectures of the frontiers, in the order of [`Objective::ALL`].
    pub by_objective: Vec<Stats>,
    /// Median of FP16 latency over INT8 latency along the FP16 frontiers, in the same order.
    pub int8_gain: Vec<f64>,
}

/// The variants: nothing left out, one part each, everything the paper leaves out.
fn assumptions() -> [(&'static str, Assumptions); 7] {
    let full = Assumptions::default();
    [
        ("nothing", full),
        (
            "launch overhead",
            Assumptions {
                launch_overhead: false,
                ..full
            },
        ),
        (
            "embedding and LM head",
            Assumptions {
                vocabulary: false,
                ..full
            },
        ),
        (
            "norms, router, rotary, activations",
            Assumptions {
                minor_operators: false,
                ..full
            },
        ),
        (
            "union of experts",
            Assumptions {
                expert_union: false,
                ..full
            },
        ),
        (
            "causal halving and fused attention",
            Assumptions {
                causal: false,
                fused_attention: false,
                ..full
            },
        ),
        ("all of these (the paper)", Assumptions::paper()),
    ]
}

/// Every variant.
pub fn variants(setup: &Setup) -> Vec<Variant> {
    assumptions()
        .map(|(name, assumptions)| variant(setup, name, &assumptions))
        .into()
}

fn variant(setup: &Setup, name: &'static str, assumptions: &Assumptions) -> Variant {
    let law = setup.evaluator(crate::setup::Costing::Full, Format::Fp16).law();
    let evaluators = Format::ALL.map(|format| {
        let formats = Formats::of_weights(format.weights());
        let roofline = Roofline::new(setup.device, &formats, assumptions);
        Evaluator::new(law.clone(), roofline, setup.workload)
    });
    let mut variant = Variant {
        name,
        by_objective: Vec::new(),
        int8_gain: Vec::new(),
    };
    for objective in Objective::ALL {
        let query = Query {
            space: &setup.grid,
            evaluators: &evaluators,
            objective,
            budgets: Budgets {
                memory_bytes: Some(setup.device.memory_capacity_bytes),
                ..Budgets::default()
            },
            minimize_memory: false,
        };
        let outcome = query.run(&|_| {});
        let points = || outcome.by_format.iter().flat_map(|format| &format.frontier);
        variant.by_objective.push(Stats::of_candidates(points()));
        let gain = |candidate: &Candidate| {
            let int8 = evaluators[Format::Int8 as usize].evaluate(&candidate.architecture);
            objective.latency_s(&candidate.evaluation) / objective.latency_s(&int8)
        };
        let fp16 = &outcome.by_format[Format::Fp16 as usize].frontier;
        variant.int8_gain.push(median(fp16.iter().map(gain).collect()));
    }
    variant
}
