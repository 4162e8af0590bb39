//! Regenerates the study of planned training runs: `cargo run --release -p rooflaw-study-run-planning`.
//!
//! With `--check` nothing is written: what would be is compared with what is there, and a difference is an error.

mod fixed;
mod measure;
mod output;
mod report;
mod sequential;
mod setup;
mod trial;

use anyhow::{Result, bail};
use output::Files;
use setup::Setup;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: rooflaw-study-run-planning [--check]"),
    };
    let setup = Setup::new()?;

    let number = fixed::by_number(&setup)?;
    let cost = fixed::by_cost(&setup)?;
    let sequential = sequential::measured(&setup)?;
    let misfit = fixed::by_number_misfit(&Setup::with_misfit()?)?;
    let mut files = Files::default();
    for (name, measured) in [
        ("by-number", &number),
        ("at-equal-cost", &cost),
        ("in-batches", &sequential),
        ("misfit", &misfit),
    ] {
        let path = format!("studies/run-planning/results/{name}.csv");
        files.add(&path, report::csv(&setup.form, measured));
    }
    files.add_between_markers(
        "studies/run-planning/README.md",
        &report::tables(&setup, &number, &cost, &sequential, &misfit),
    )?;
    if check {
        files.check()?;
        println!("{} files are up to date", files.len());
    } else {
        files.write()?;
        println!("{} files written", files.len());
    }
    Ok(())
}
