//! The frontier found so far, asked whether it dominates all of a box.

use crate::frontier::{Entry, dominates};

/// Points of a block that is skipped at once.
const BLOCK: usize = 32;

/// Points, none of which dominates another.
pub(super) struct Incumbent<const N: usize> {
    /// In lexicographic order.
    points: Vec<[f64; N]>,
    /// The least of each objective over each block of points.
    blocks: Vec<[f64; N]>,
}

impl<const N: usize> Incumbent<N> {
    pub(super) fn new(frontier: &[Entry<N>]) -> Self {
        let points: Vec<[f64; N]> = frontier.iter().map(|entry| entry.objectives).collect();
        let least = |block: &[[f64; N]]| {
            block.iter().fold([f64::INFINITY; N], |least, point| {
                std::array::from_fn(|i| least[i].min(point[i]))
            })
        };
        Incumbent {
            blocks: points.chunks(BLOCK).map(least).collect(),
            points,
        }
    }

    /// Whether some point is no greater in any objective.
    ///
    /// `lower` lies below everything that it stands for by more than rounding: then whatever it stands for is dominated.
    #[inline]
    pub(super) fn covers(&self, lower: &[f64; N]) -> bool {
        let no_greater = |point: &[f64; N]| point.iter().zip(lower).all(|(a, b)| a <= b);
        let reach = self.points.partition_point(|point| point[0] <= lower[0]);
        if N == 2 {
            // The second objective falls along the frontier: the last point is the lowest.
            return reach > 0 && no_greater(&self.points[reach - 1]);
        }
        let blocks = self.points[..reach].chunks(BLOCK).zip(&self.blocks);
        blocks
            .filter(|(_, least)| no_greater(least))
            .any(|(points, _)| points.iter().any(no_greater))
    }

    /// Whether some point dominates another.
    pub(super) fn dominates(&self, point: &[f64; N]) -> bool {
        let reach = self.points.partition_point(|found| found[0] <= point[0]);
        if N == 2 {
            return reach > 0 && dominates(&self.points[reach - 1], point);
        }
        let no_greater = |least: &[f64; N]| least.iter().zip(point).all(|(a, b)| a <= b);
        let blocks = self.points[..reach].chunks(BLOCK).zip(&self.blocks);
        blocks
            .filter(|(_, least)| no_greater(least))
            .any(|(points, _)| points.iter().any(|found| dominates(found, point)))
    }

    /// What differences in each objective are worth near a point: they are measured in the extent of the frontier there.
    pub(super) fn scales(&self, near: &[f64; N]) -> [f64; N] {
        let place = self.points.partition_point(|point| point[0] <= near[0]);
        let reach = LEAST_REACH.max(self.points.len() / 16);
        let around = place.saturating_sub(reach)..(place + reach).min(self.points.len());
        let mut extent = [(f64::INFINITY, f64::NEG_INFINITY); N];
        for point in &self.points[around] {
            for ((low, high), value) in extent.iter_mut().zip(point) {
                *low = low.min(*value);
                *high = high.max(*value);
            }
        }
        extent.map(|(low, high)| {
            let scale = 1.0 / (high - low);
            if scale.is_finite() && scale > 0.0 {
                scale
            } else {
                1.0
            }
        })
    }
}

/// Points to each side by which differences are judged, at least.
const LEAST_REACH: usize = 8;
