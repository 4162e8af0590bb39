//! Evaluation against models whose losses are known in closed form.

mod engine;
mod prose;
mod splits;
mod texts;
mod wikitext;
