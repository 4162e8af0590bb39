//! A space of any size: its frontier, and random architectures that should not dominate it.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rooflaw::device;
use rooflaw::format::Formats;
use rooflaw::law;
use rooflaw::operators::Assumptions;
use rooflaw::roofline::{Evaluator, Roofline, Workload};
use rooflaw::search::{Budgets, Candidate, Method, Objective, Query, Watch};
use rooflaw::space::{self, DesignSpace};
use std::error::Error;
use std::time::Instant;

/// Prints what the search took; fails where a random architecture dominates a point of the frontier.
pub fn check(arguments: &[String], points: u64) -> Result<(), Box<dyn Error>> {
    let argument = |place: usize, default: &'static str| arguments.get(place).map_or(default, String::as_str);
    let name = argument(0, "vast");
    let space = match std::fs::read_to_string(name) {
        Ok(text) => DesignSpace::from_toml(name, &text)?,
        Err(_) => space::find(name)?,
    };
    let device = device::find(argument(2, "jetson-agx-orin-64gb"))?;
    let law = law::find(argument(3, "co-design"))?;
    let law = if law.needs_tokens() {
        law.with_training_tokens(1e11)
    } else {
        law
    };
    let objective = Objective::ALL
        .into_iter()
        .find(|objective| objective.name() == argument(4, "total"))
        .ok_or("expected prefill, decode or total")?;
    let formats = Formats::of_weights(argument(5, "bf16").parse()?);
    let evaluators = [Evaluator::new(
        law,
        Roofline::new(device, &formats, &Assumptions::default()),
        Workload::default(),
    )];
    let query = Query {
        space: &space,
        evaluators: &evaluators,
        objective,
        budgets: Budgets {
            memory_bytes: Some(device.memory_capacity_bytes),
            ..Budgets::default()
        },
        minimize_memory: false,
    };
    let start = Instant::now();
    let watch = Watch {
        advance: &|_| {},
        stop: &|| false,
    };
    let outcome = query.search(Method::Bounds, &watch);
    let seconds = start.elapsed().as_secs_f64();
    let found = &outcome.by_format[0];
    println!(
        "{} combinations, {} points on the frontier, {} evaluated, {} boxes, {seconds:.2} s, {} MB at most",
        space.len(),
        found.frontier.len(),
        outcome.effort.n_evaluations,
        outcome.effort.n_boxes,
        peak_memory_mb(),
    );
    let start = Instant::now();
    let mut random = ChaCha8Rng::seed_from_u64(20_261_128);
    let mut looked_at = 0;
    while looked_at < points {
        let Some(candidate) = query.candidate(random.random_range(0..space.len()), &evaluators[0]) else {
            continue;
        };
        looked_at += 1;
        let limits = &space.limits;
        if !query.budgets.admit(&candidate.evaluation) || !limits.admit(&candidate.evaluation.parameters) {
            continue;
        }
        let point = |candidate: &Candidate| {
            (
                objective.latency_s(&candidate.evaluation),
                candidate.evaluation.loss,
            )
        };
        let (latency, loss) = point(&candidate);
        let reach = found.frontier.partition_point(|found| point(found).0 <= latency);
        // The frontier covers every architecture: its fastest point is at least as fast, and the last that is has a loss no higher.
        if reach == 0 || point(&found.frontier[reach - 1]).1 > loss {
            return Err(format!("{candidate:?} is not covered by the frontier").into());
        }
    }
    println!(
        "none of {looked_at} random architectures is better anywhere ({:.1} s)",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The most memory that this process has had, as Linux counts it.
fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|text| text.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}
