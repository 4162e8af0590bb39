//! What is trained and evaluated on.

use super::DataError;

/// Sequences of one length. The same index gives the same sequence, so that going on with a run takes a number only.
pub trait Sequences {
    /// Sequences of an epoch.
    fn n_sequences(&self) -> u64;

    /// The `index`-th sequence, counted on over epochs: its tokens, and for each the token to predict.
    ///
    /// # Errors
    /// Data that are damaged.
    fn fill(&self, index: u64, inputs: &mut [u32], targets: &mut [u32]) -> Result<(), DataError>;
}
