//! What a search that was stopped may have missed: proven, not estimated.

use super::branch::Open;
use super::problem::Bound;
use crate::frontier::{Entry, hypervolume_2d};
use serde::Serialize;

/// How far the frontier that was found may be from the exact one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// No architecture has a loss lower by more than this than the best found that is as fast, at any latency from the
    /// fastest found on; in the law's unit. `None` when nothing was found.
    pub loss: Option<f64>,
    /// No architecture is faster than this, seconds.
    pub latency_s: f64,
    /// The area that the frontier found dominates, of loss against latency and up to its own ends, over the most that the
    /// exact one can: 1 when they are the same. `None` when fewer than two points were found.
    pub hypervolume: Option<f64>,
}

impl Gap {
    /// From the frontier found and the boxes that are still open.
    pub(super) fn new<const N: usize>(frontier: &[Entry<N>], open: &[Open<N>]) -> Gap {
        // Loss against latency alone: with memory too, a point of the frontier may be beaten in these two.
        let mut found: Vec<[f64; 2]> = Vec::new();
        for entry in frontier {
            let point = [entry.objectives[0], entry.objectives[1]];
            if found.last().is_none_or(|last| point[1] < last[1]) {
                found.push(point);
            }
        }
        let corners: Vec<[f64; 2]> = open
            .iter()
            .filter_map(|open| match open.bound {
                Bound::AtLeast(lower) => Some([lower[0], lower[1]]),
                Bound::Nothing | Bound::Mixed(_) => None,
            })
            .collect();
        let beyond = |corner: &[f64; 2]| {
            let fastest = found.first()?;
            let latency_s = corner[0].max(fastest[0]);
            let reach = found.partition_point(|point| point[0] <= latency_s);
            Some(found[reach - 1][1] - corner[1])
        };
        let fastest = found.first().map_or(f64::INFINITY, |point| point[0]);
        Gap {
            loss: found.first().map(|_| {
                let gaps = corners.iter().filter_map(beyond);
                gaps.fold(0.0, f64::max)
            }),
            latency_s: corners.iter().fold(fastest, |least, corner| least.min(corner[0])),
            hypervolume: share(&found, &corners),
        }
    }
}

fn share(found: &[[f64; 2]], corners: &[[f64; 2]]) -> Option<f64> {
    let (fastest, slowest) = (found.first()?, found.last()?);
    let reference = [slowest[0], fastest[1]];
    let area = hypervolume_2d(found, &reference);
    let mut all = found.to_vec();
    all.extend_from_slice(corners);
    let share = area / hypervolume_2d(&all, &reference);
    share.is_finite().then_some(share)
}
