//! The objectives for methods written in another language: indices in, objectives out.

use crate::measure::CHECKPOINTS;
use crate::problem::{Prediction, Problem};
use anyhow::{Context as _, Result};
use std::io::{self, BufRead as _, Write as _};

/// Answers on standard output what is asked on standard input.
///
/// First a line with the values on each axis and one with the numbers of evaluations to look at. Then for each line of
/// indices one of answers: `LATENCY,LOSS`, `large` for an architecture that the memory does not hold, `none` for what is no
/// architecture.
///
/// # Errors
/// What is not an index of the space.
pub fn serve(problem: &Problem) -> Result<()> {
    let mut out = io::stdout().lock();
    let line = |numbers: &mut dyn Iterator<Item = u64>| {
        let words: Vec<String> = numbers.map(|number| number.to_string()).collect();
        words.join(" ")
    };
    writeln!(
        out,
        "{}",
        line(&mut problem.extents.iter().map(|extent| u64::from(*extent)))
    )?;
    writeln!(out, "{}", line(&mut CHECKPOINTS.into_iter()))?;
    out.flush()?;
    for asked in io::stdin().lock().lines() {
        let mut answers: Vec<String> = Vec::new();
        for word in asked?.split_whitespace() {
            let index = word.parse().ok().filter(|index| *index < problem.space.len());
            let index = index.with_context(|| format!("`{word}` is not an index of {}", problem.space.id))?;
            answers.push(match problem.predict(index) {
                Prediction::Excluded => "none".to_owned(),
                Prediction::TooLarge => "large".to_owned(),
                Prediction::Fits([latency, loss]) => format!("{latency},{loss}"),
            });
        }
        writeln!(out, "{}", answers.join(" "))?;
        out.flush()?;
    }
    Ok(())
}
