//! Stated probabilities beside what is true in worlds of which the truth is known.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../fit/synthetic.rs"]
#[allow(dead_code, reason = "of two tests and two studies")]
mod synthetic;
mod truth;

use rooflaw::decision::Options;
use rooflaw::format::WeightFormat;
use rooflaw::space;
use truth::{Bin, Case, Repetition, bins, fitted, repetition};

/// Few worlds, each its own draw of everything: of all candidates, as many are on the frontier, and within the budget, as
/// are said to be. The bins' own bounds are in `studies/decisions`, with more worlds.
#[test]
fn stated_probabilities_hold() {
    let case = Case {
        device: "jetson-orin-nano-super-8gb",
        weights: WeightFormat::Q8_0,
        total_s: 0.3,
    };
    let space = space::find("paper").unwrap();
    let options = Options {
        searches: 8,
        draws: 300,
        tolerance: 0.02,
        ..Options::default()
    };
    let worlds: Vec<_> = (0..12)
        .map(|seed| repetition(&case, &fitted(170, seed).unwrap(), &space, options, seed).unwrap())
        .collect();
    let judged = || worlds.iter().flat_map(|world| &world.judged);
    let on = bins(judged().map(|of| (of.on_frontier, of.is_on_frontier)));
    let within = bins(judged().map(|of| (of.within_budgets, of.is_within_budgets)));
    for (name, bins) in [("frontier", on), ("budgets", within)] {
        println!("{name}: {bins:.3?}");
        let n: usize = bins.iter().map(|bin| bin.n).sum();
        assert!(n > 500, "{name}: {n}");
        let mean =
            |of: fn(&Bin) -> f64| bins.iter().map(|bin| bin.n as f64 * of(bin)).sum::<f64>() / n as f64;
        let (stated, found) = (mean(|bin| bin.stated), mean(|bin| bin.found));
        assert!(
            (stated - found).abs() < 0.12,
            "{name}: {stated} stated, {found} found"
        );
        // The improbable is rare and the probable frequent.
        let [low, high] = [&bins[..3], &bins[7..]].map(|bins| {
            let n: f64 = bins.iter().map(|bin| bin.n as f64).sum();
            bins.iter().map(|bin| bin.n as f64 * bin.found).sum::<f64>() / n
        });
        assert!(low < 0.3 && high > 0.7, "{name}: {low} {high}");
    }
    // What is said to be regretted is, and less than without a thought of uncertainty.
    let mean = |of: &dyn Fn(&Repetition) -> f64| worlds.iter().map(of).sum::<f64>() / worlds.len() as f64;
    let stated = mean(&|world| world.decision.information.regret);
    let [robust, nominal] = [0, 1].map(|place| mean(&|world| world.regrets[place]));
    println!("regret: {stated} stated, {robust} found; nominal {nominal}");
    assert!((stated - robust).abs() < 0.05, "{stated} {robust}");
    assert!(robust < nominal + 0.03, "{robust} {nominal}");
}
