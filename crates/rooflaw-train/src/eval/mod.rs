//! How well a model predicts: the loss over a held-out split, the perplexity of a text.
//!
//! A text is scored document by document ([`text`]): each begins after an end of text, as documents do in training, and a
//! window slides over it. A data set's split is scored as it is trained on ([`split`]): all documents one after another, cut
//! into sequences. Both are sums over documents, so that what another draw of documents would have given can be said
//! ([`Estimate`]).

mod batches;
mod estimate;
mod evaluation;
mod score;
mod wikitext;
mod window;

pub use estimate::{CONFIDENCE, Estimate};
pub use evaluation::{Evaluation, WordLevel};
pub use score::{EvalError, split, text};
pub use wikitext::{KnownText, WIKITEXT_2_RAW_SHA256, WIKITEXT_2_SHA256};
pub use window::Windows;
