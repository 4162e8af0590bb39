//! CPU and wall seconds of the fits that issue 3 sets limits for.
//!
//! `cargo run --release -p rooflaw --example fit_timing` (one thread; `--features parallel` for all cores).
//! `studies/fit-peers` runs it beside scipy.

mod data;

use rooflaw::law::fit::{Fit, Form, Objective, Starts, bootstrap, fit};
use std::time::Instant;

/// CPU seconds of all threads of this process so far, by Linux' count of clock ticks (0.01 s); `None`
/// elsewhere.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let after_name = stat.rsplit(')').next()?;
    let ticks = |index: usize| after_name.split_whitespace().nth(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let result = work();
    let wall = wall.elapsed().as_secs_f64();
    let cpu = cpu
        .zip(cpu_seconds())
        .map_or("unknown".to_owned(), |(from, to)| format!("{:.2}", to - from));
    println!("{what}: {cpu} s CPU, {wall:.3} s wall");
    result
}

fn print(fit: &Fit) {
    let convergence = fit.convergence;
    println!(
        "  objective {:.9e}; E {:.5}; coefficients {:.4?}; exponents {:.5?}",
        fit.value, fit.irreducible_loss, fit.coefficients, fit.exponents
    );
    println!(
        "  {} starts, {} converged, {} at the optimum ({:.1} %), {} evaluations",
        convergence.starts,
        convergence.converged,
        convergence.at_optimum,
        100.0 * convergence.share_at_optimum(),
        convergence.evaluations
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let chinchilla = data::chinchilla().observations(&["parameters", "tokens"], "loss");
    let form = Form::additive(&["parameters", "tokens"]);
    let objective = Objective::LogHuber { delta: 1e-3 };
    let grid = Starts::Given(data::hoffmann_grid());
    let found = timed("Chinchilla, 4,500 starts", || {
        fit(&form, &chinchilla, objective, &grid)
    })?;
    print(&found);

    let columns = ["hidden_size", "n_layers", "tokens"];
    let gemstones = data::Table::read("gemstones/hot_100b_plus.csv").observations(&columns, "loss");
    let objective = Objective::LogHuber { delta: 1e-4 };
    let starts = Starts::Random { count: 64, seed: 1 };
    let found = timed("Gemstones, 3 terms, 64 starts", || {
        fit(&Form::additive(&columns), &gemstones, objective, &starts)
    })?;
    print(&found);
    let refits = timed("Gemstones, 1,000 grouped bootstrap refits", || {
        bootstrap(&found, &gemstones, 1000, 1)
    });
    let converged = refits
        .iter()
        .flatten()
        .filter(|fit| fit.convergence.best_converged)
        .count();
    println!(
        "  {} refits, {converged} converged",
        refits.iter().flatten().count()
    );
    Ok(())
}
