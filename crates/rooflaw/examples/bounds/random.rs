//! Random searches, by both methods.

use crate::problem::{GENES, Genes, MOST, Problem};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rooflaw::search::{FormatOutcome, Method, Watch};
use std::time::Instant;

const UNWATCHED: Watch<'static> = Watch {
    advance: &|_| {},
    stop: &|| false,
};

/// Prints a row for each search; panics where the methods differ.
pub fn compare(count: u64, combinations: u64) {
    println!(
        "| law | objective | combinations | frontier | evaluated | boxes | enumerated, s | by bounds, s |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|");
    let mut done = 0;
    for seed in 0.. {
        if done == count {
            return;
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let genes = Genes((0..GENES).map(|_| random.random_range(0..MOST)).collect());
        let problem = Problem::of(&genes, combinations);
        if problem.space.len() < combinations / 10 {
            continue;
        }
        done += 1;
        let query = problem.query();
        let start = Instant::now();
        let enumerated = query.run(&|_| {});
        let enumeration = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let bounds = query.search(Method::Bounds, &UNWATCHED);
        let by_bounds = start.elapsed().as_secs_f64();
        for (a, b) in bounds.by_format.iter().zip(&enumerated.by_format) {
            let b = FormatOutcome {
                n_feasible: None,
                ..b.clone()
            };
            let [a, b] = [a, &b].map(|found| serde_json::to_string(found).expect("plain data"));
            assert!(a == b, "seed {seed}:\n{}\n{a}\n{b}", problem.text);
        }
        println!(
            "| {}, {} | {}{} | {} | {} | {} | {} | {enumeration:.2} | {by_bounds:.2} |",
            problem.evaluators[0].law().id,
            problem.evaluators[0].roofline().formats().weights,
            problem.objective.name(),
            if problem.minimize_memory { ", memory" } else { "" },
            problem.space.len(),
            bounds
                .by_format
                .iter()
                .map(|found| found.frontier.len())
                .sum::<usize>(),
            bounds.effort.n_evaluations,
            bounds.effort.n_boxes,
        );
    }
}
