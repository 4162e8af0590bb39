//! An evaluation on the terminal.

use super::Summary;
use crate::output::{self, MeasuredTable, thousands};
use anyhow::Result;
use rooflaw_train::eval::Estimate;

/// Figures, then what they are of.
pub fn evaluation(summary: &Summary<'_>) -> Result<()> {
    let found = summary.evaluation;
    output::heading(&format!("{} on {}", summary.checkpoint, summary.on.name))?;
    let percent = 100.0 * summary.confidence;
    let headers = ["", "value", &format!("{percent:.0} % from"), "to"];
    let mut table = MeasuredTable::new(&headers, &[0]);
    let mut row = |name: &str, estimate: &Estimate, decimals: usize| {
        let number = |value: f64| format!("{value:.decimals$}");
        let [low, high] = match estimate.interval {
            Some(ends) => ends.map(number),
            None => ["–".to_owned(), "–".to_owned()],
        };
        table.push(vec![name.to_owned(), number(estimate.value), low, high]);
    };
    row("loss, nats per token", &found.nats_per_token, 4);
    row("bits per byte", &found.bits_per_byte, 4);
    row("perplexity per token", &found.token_perplexity, 2);
    if let Some(words) = &found.word_level {
        row("perplexity per word", &words.word_perplexity, 2);
        row(
            "  ends of lines not counted",
            &words.word_perplexity_without_line_ends,
            2,
        );
    }
    output::table(&table)?;
    output::line("")?;
    let words = found.word_level.map_or(String::new(), |words| {
        format!(", {} words and ends of lines", thousands(words.words))
    });
    output::line(&format!(
        "{} documents: {} tokens, {} bytes{words}. Windows of {} tokens, {} on from each to the next; intervals are over \
         documents. {} parameters, {} tokens/s.",
        thousands(found.documents as u64),
        thousands(found.tokens),
        thousands(found.bytes),
        thousands(found.windows.length as u64),
        thousands(found.windows.stride as u64),
        output::parameters(summary.parameters),
        thousands((found.tokens as f64 / summary.seconds.max(1e-9)) as u64),
    ))
}
