//! Regenerates the study of arXiv 2602.10377's findings: `cargo run --release -p rooflaw-study-paper`.
//!
//! With `--check` nothing is written: what would be is compared with what is there, and a difference is an error.

mod ablation;
mod compare;
mod csv;
mod figures;
mod findings;
mod frontiers;
mod output;
mod report;
mod sample;
mod setup;
mod stats;
mod text;
mod volume;

use anyhow::{Result, bail};
use frontiers::Frontiers;
use output::Files;
use rooflaw_report::Theme;
use setup::{Designs, Setup};

/// Pixels of a PNG per unit of its SVG.
const PNG_SCALE: f32 = 1.5;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("usage: rooflaw-study-paper [--check]"),
    };
    let setup = Setup::new()?;
    let frontiers = Frontiers::find(&setup, &Designs::ALL)?;
    let mut files = Files::default();
    add_tables(&mut files, &frontiers, &Designs::ALL);
    add_documents(&mut files, &setup, &frontiers)?;
    for (name, figure) in figures::all(&setup, &frontiers)? {
        let svg = figure.svg(Theme::Light)?;
        // Rasterising takes longest and follows from the SVG.
        if !check {
            let png = rooflaw_report::png(&svg, PNG_SCALE)?;
            files.add(&format!("studies/paper/results/figures/{name}.png"), png);
        }
        files.add(&format!("studies/paper/results/figures/{name}.svg"), svg);
    }
    if check {
        files.check()?;
        println!("{} files are up to date", files.len());
    } else {
        files.write()?;
        println!("{} files written", files.len());
    }
    Ok(())
}

/// Candidates and frontiers as CSV.
fn add_tables(files: &mut Files, frontiers: &Frontiers, sets: &[Designs]) {
    for candidates in &frontiers.candidates {
        let path = format!(
            "studies/paper/results/candidates-{}.csv",
            candidates.costing.name()
        );
        files.add(&path, csv::candidates(candidates));
    }
    for &designs in sets {
        let path = format!("studies/paper/results/frontiers-{}.csv", designs.slug());
        files.add(&path, csv::frontiers(frontiers, designs));
    }
}

/// What needs all frontiers: comparisons, findings, and the page that shows them.
fn add_documents(files: &mut Files, setup: &Setup, frontiers: &Frontiers) -> Result<()> {
    let matches = compare::matches(setup, frontiers);
    let targets = compare::targets(frontiers, &[Designs::Grid, Designs::Default])?;
    let volumes = volume::volumes(frontiers)?;
    let variants = ablation::variants(setup);
    let study = report::Study {
        setup,
        frontiers,
        matches: &matches,
        targets: &targets,
        volumes: &volumes,
        variants: &variants,
    };
    files.add(
        "studies/paper/results/baseline.csv",
        csv::matches(setup, &matches),
    );
    files.add("studies/paper/results/applications.csv", csv::targets(&targets));
    files.add("studies/paper/results/findings.md", report::document(&study));
    files.add_between_markers("docs/paper-findings.md", &report::findings(&study))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default space takes too long without optimisation; `--check` covers it.
    #[test]
    fn committed_tables_of_the_papers_grid_are_up_to_date() {
        let sets = [Designs::Sample, Designs::Grid];
        let setup = Setup::new().unwrap();
        let frontiers = Frontiers::find(&setup, &sets).unwrap();
        let mut files = Files::default();
        add_tables(&mut files, &frontiers, &sets);
        files.check().unwrap();
    }
}
