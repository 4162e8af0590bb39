//! Runs drawn at random: what a plan is compared with.

use super::budget::Purse;
use super::{Candidates, Limit, PlanError};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Different candidates, drawn evenly one after the other among those that the limit still allows.
///
/// # Errors
/// Limits that cannot be met.
pub fn random(candidates: &Candidates, limit: Limit, seed: u64) -> Result<Vec<usize>, PlanError> {
    let mut purse = Purse::new(candidates.costs(), limit, 1, &[])?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    while let Some(allowance) = purse.allowance() {
        let allowed: Vec<usize> = (0..purse.len())
            .filter(|&index| purse.allows(allowance, index))
            .collect();
        if allowed.is_empty() {
            break;
        }
        // As u64, so that the draw is the same where usize has 32 bits.
        let drawn = random.random_range(0..allowed.len() as u64) as usize;
        purse.add(allowed[drawn]);
    }
    Ok(purse.chosen().to_vec())
}
