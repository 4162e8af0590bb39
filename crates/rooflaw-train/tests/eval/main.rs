//! Evaluation against models whose losses are known in closed form.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod engine;
mod prose;
mod splits;
mod texts;
mod wikitext;
