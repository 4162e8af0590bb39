//! How far from the optimum a plan can be at most.

use super::budget::Purse;
use super::information::Information;
use super::score::State;

/// A lower bound of `(det M / det M*)^(1/p)` over all choices `M*` within the purse's limits, geometric mean over the
/// sets of values; `state` is that of the chosen runs.
///
/// For any `M*`, the means of the eigenvalues of `M⁻¹ M*` give `(det M*/det M)^(1/p) ≤ tr(M⁻¹ M*)/p` (Atwood 1969,
/// "Optimal and Efficient Designs of Experiments"). The trace is linear in the runs of `M*`: of what there was before,
/// and the sum of their leverages `zᵀ M⁻¹ z`, which [`Purse::most`] bounds.
pub(super) fn at_least(state: &State<'_>, sets: &[Information], purse: &Purse) -> f64 {
    let rank: usize = sets.iter().map(|set| set.rank).sum();
    let trace = state.share_of_start() + purse.most(&state.leverages());
    (rank as f64 / trace).min(1.0)
}
