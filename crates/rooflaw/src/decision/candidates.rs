//! Which architectures are judged: those on the frontier in some draw.

use super::draws::{Found, Uncertain};
use crate::search::Query;
use serde::Serialize;
use std::collections::BTreeMap;

/// Which architectures are candidates, and what is left out.
///
/// Candidates are on the frontier of the most probable law and rates, or of a draw of them. Not among them are
/// architectures that only a scatter of their own would put there: any neighbour of the frontier might be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// Searches: draws of law and rates, and the most probable ones.
    pub searches: usize,
    /// Architectures, by formats, on any of their frontiers.
    pub found: usize,
    /// Those left out since there were too many: the ones on the fewest frontiers.
    pub left_out: usize,
    /// The share of a frontier that one more draw would find outside, by Good and Turing: points on one frontier only, over
    /// points on all. Nearly all of them are neighbours of candidates, as good within the tolerance.
    pub unseen: f64,
}

/// Searches under draws, and gathers the frontiers' points: most frequent first, of equals by setting and index.
pub(super) fn gather(uncertain: &Uncertain<'_>, progress: &(dyn Fn(u64) + Sync)) -> (Vec<Found>, Coverage) {
    let question = uncertain.question;
    let nominal: Vec<_> = question
        .settings
        .iter()
        .map(|setting| setting.evaluator.clone())
        .collect();
    let certain = uncertain.n_members() == 0 && !uncertain.are_latencies_uncertain();
    let searches = if certain { 0 } else { question.options.searches };
    let mut seen: BTreeMap<(usize, u64), usize> = BTreeMap::new();
    let mut keep: Vec<(usize, u64)> = Vec::new();
    for search in 0..=searches {
        // The last one is the most probable.
        let is_nominal = search == searches;
        let drawn;
        let evaluators = if is_nominal {
            &nominal
        } else {
            drawn = uncertain.drawn(search);
            &drawn
        };
        let query = Query {
            space: question.space,
            evaluators,
            objective: question.objective,
            budgets: uncertain.budgets(evaluators),
            minimize_memory: false,
        };
        let outcome = query.run(progress);
        for (position, found) in outcome.by_format.iter().enumerate() {
            for candidate in &found.frontier {
                *seen.entry((position, candidate.index)).or_default() += 1;
            }
            if let Some(best) = found.best.filter(|_| is_nominal) {
                keep.push((position, best.index));
            }
        }
    }
    let total: usize = seen.values().sum();
    let once = seen.values().filter(|&&times| times == 1).count();
    let mut ranked: Vec<((usize, u64), usize)> = seen.into_iter().collect();
    // Stable, so that equals keep the order of setting and index. The best of the most probable are never left out.
    ranked.sort_by_key(|(place, times)| std::cmp::Reverse((keep.contains(place), *times)));
    let found = ranked.len();
    ranked.truncate(question.options.most_candidates.max(1));
    let coverage = Coverage {
        searches: searches + 1,
        found,
        left_out: found - ranked.len(),
        unseen: if total > 0 {
            once as f64 / total as f64
        } else {
            0.0
        },
    };
    let candidate = |((position, index), _): ((usize, u64), usize)| {
        let query = Query {
            space: question.space,
            evaluators: &nominal,
            objective: question.objective,
            budgets: question.budgets,
            minimize_memory: false,
        };
        Some((position, query.candidate(index, &nominal[position])?))
    };
    (ranked.into_iter().filter_map(candidate).collect(), coverage)
}
