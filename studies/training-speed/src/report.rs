//! The tables of the README.

use crate::models::BASE;
use crate::{Results, Spread};
use anyhow::{Context as _, Result};
use std::fmt::Write as _;

const BEGIN: &str = "<!-- tables: begin -->\n";
const END: &str = "<!-- tables: end -->";

/// The README with its tables made anew.
pub fn with_tables(readme: &str, results: &Results) -> Result<String> {
    let (before, rest) = readme
        .split_once(BEGIN)
        .context("README.md lost where its tables begin")?;
    let (_, after) = rest
        .split_once(END)
        .context("README.md lost where its tables end")?;
    Ok(format!("{before}{BEGIN}\n{}\n{END}{after}", tables(results)?))
}

fn ratio(spread: &Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", spread.median, spread.least, spread.most)
}

fn compiled(spread: &Option<Spread>) -> String {
    spread.as_ref().map_or_else(|| "not compiled".to_owned(), ratio)
}

fn tables(results: &Results) -> Result<String> {
    let peak = results.peaks[0].max(results.peaks[1]);
    let mut text = format!(
        "{}, {} threads; {}; {} rounds. fp32 products reach {:.0} GFLOP/s before and {:.0} after; shares are of the larger.\n\n",
        results.processor,
        results.threads,
        results.peer,
        results.rounds,
        results.peaks[0] / 1e9,
        results.peaks[1] / 1e9,
    );
    text.push_str("| model | parameters | active | ours, tokens/s | share of peak | over eager | over torch.compile | over eager, forced | over torch.compile, forced |\n");
    text.push_str("|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for row in &results.rows {
        writeln!(
            text,
            "| {} | {:.2}M | {:.2}M | {:.0} | {:.0} % | {} | {} | {} | {} |",
            row.name,
            row.parameters as f64 / 1e6,
            row.active_parameters as f64 / 1e6,
            row.ours,
            100.0 * row.ours * row.flop_per_token / peak,
            ratio(&row.over_eager),
            compiled(&row.over_compiled),
            ratio(&row.over_forced_eager),
            compiled(&row.over_forced_compiled),
        )?;
    }
    let base = results
        .rows
        .iter()
        .find(|row| row.name == BASE)
        .context("no dense model")?;
    text.push_str("\nMixtures over the dense model of as many active parameters, tokens/s: ");
    let mixtures = results
        .rows
        .iter()
        .filter(|row| row.active_parameters < row.parameters);
    let shares: Vec<String> = mixtures
        .map(|row| format!("{} {:.2}", row.name, row.ours / base.ours))
        .collect();
    writeln!(text, "{}.", shares.join(", "))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_the_results() {
        let results: Results = serde_json::from_str(include_str!("../results.json")).unwrap();
        let readme = include_str!("../README.md");
        assert_eq!(with_tables(readme, &results).unwrap(), readme);
        for row in &results.rows {
            assert!(row.loss_difference < 1e-4, "{}", row.name);
        }
    }
}
