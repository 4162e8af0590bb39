//! What an evaluation found.

use super::{Estimate, Windows};
use serde::Serialize;

/// A document's share of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Scored {
    /// Negative log-likelihood, nats.
    pub nats: f64,
    /// Tokens scored.
    pub tokens: u64,
    /// Bytes of its text.
    pub bytes: u64,
    /// Words of its text, and ends of lines.
    pub words: u64,
    /// Ends of lines.
    pub lines: u64,
}

impl Scored {
    /// Adds the losses of some of its tokens.
    pub(super) fn add(&mut self, nats: &[f32]) {
        self.nats += nats.iter().map(|&nats| f64::from(nats)).sum::<f64>();
    }
}

/// What an evaluation found. Figures are sums over all documents, divided; intervals are over documents.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Documents.
    pub documents: usize,
    /// Tokens scored.
    pub tokens: u64,
    /// Bytes of the text, UTF-8.
    pub bytes: u64,
    /// The windows that it was scored with.
    pub windows: Windows,
    /// Negative log-likelihood of everything, nats.
    pub nats: f64,
    /// Loss, nats per token of the tokenizer that was used.
    pub nats_per_token: Estimate,
    /// The same over the bytes of the text, in bits: comparable between tokenizers.
    pub bits_per_byte: Estimate,
    /// `exp` of the loss: perplexity per token of the tokenizer that was used.
    pub token_perplexity: Estimate,
    /// Perplexities per word, comparable between tokenizers; of texts only.
    #[serde(flatten)]
    pub word_level: Option<WordLevel>,
}

/// Perplexities per word: `exp(nats / words)`, nats those of all tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WordLevel {
    /// Words, parted by white space, and ends of lines: the tokens that WikiText counts (Merity et al., arXiv 1609.07843, where an
    /// end of line is the word `<eos>`), and GPT-2's and Megatron-LM's perplexities divide by.
    pub words: u64,
    /// Ends of lines among them.
    pub line_ends: u64,
    /// Perplexity per word or end of line.
    pub word_perplexity: Estimate,
    /// Perplexity per word, ends of lines not counted. lm-evaluation-harness divides by the pieces between white space, which is up
    /// to two more for each document.
    pub word_perplexity_without_line_ends: Estimate,
}

impl Evaluation {
    /// `None` where nothing was scored.
    pub(super) fn of(scored: &[Scored], windows: Windows, has_words: bool) -> Option<Evaluation> {
        let numbers = |of: fn(&Scored) -> f64| -> Vec<f64> { scored.iter().map(of).collect() };
        let nats = numbers(|document| document.nats);
        let ratio = |of| Estimate::of_ratio(&nats, &numbers(of));
        let sum = |of: fn(&Scored) -> u64| scored.iter().map(of).sum::<u64>();
        let (tokens, bytes) = (sum(|document| document.tokens), sum(|document| document.bytes));
        let (words, line_ends) = (sum(|document| document.words), sum(|document| document.lines));
        if tokens == 0 || bytes == 0 {
            return None;
        }
        let nats_per_token = ratio(|document| document.tokens as f64);
        let per_word = |of| ratio(of).through(f64::exp);
        Some(Evaluation {
            documents: scored.len(),
            tokens,
            bytes,
            windows,
            nats: nats.iter().sum(),
            nats_per_token,
            bits_per_byte: ratio(|document| document.bytes as f64)
                .through(|nats| nats / std::f64::consts::LN_2),
            token_perplexity: nats_per_token.through(f64::exp),
            word_level: (has_words && words > line_ends).then(|| WordLevel {
                words,
                line_ends,
                word_perplexity: per_word(|document| document.words as f64),
                word_perplexity_without_line_ends: per_word(|document| {
                    (document.words - document.lines) as f64
                }),
            }),
        })
    }
}
