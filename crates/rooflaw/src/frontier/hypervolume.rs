//! The hypervolume indicator: how much of objective space a set of points dominates.

use super::staircase::Staircase;
use super::whole::frontier_values;

/// The area dominated by `points` and bounded above by `reference`, in the product of the objectives' units.
///
/// Points that are not below the reference in both objectives add nothing, nor do points with a NaN coordinate; a
/// NaN in the reference gives 0. A coordinate of minus infinity, or a reference at infinity, can make the result
/// infinite. The sum runs along the frontier, so the order of the input does not change a bit of it. `O(n log n)`.
#[must_use]
pub fn hypervolume_2d(points: &[[f64; 2]], reference: &[f64; 2]) -> f64 {
    let mut area = 0.0;
    let mut top = reference[1];
    for [x, y] in frontier_below(points, reference) {
        area += (reference[0] - x) * (top - y);
        top = y;
    }
    area
}

/// The volume dominated by `points` and bounded above by `reference`, in the product of the objectives' units.
///
/// Same rules as [`hypervolume_2d`]. A sweep along the first objective that keeps the dominated area of the other two
/// up to date (Fonseca, Paquete & López-Ibáñez, "An improved dimension-sweep algorithm for the hypervolume
/// indicator", CEC 2006). `O(n log n)`.
#[must_use]
pub fn hypervolume_3d(points: &[[f64; 3]], reference: &[f64; 3]) -> f64 {
    let frontier = frontier_below(points, reference);
    let mut stairs = Staircase::default();
    let (mut volume, mut area) = (0.0, 0.0);
    for (i, &[x, y, z]) in frontier.iter().enumerate() {
        area += added_area(&mut stairs, [y, z], [reference[1], reference[2]]);
        let next = frontier.get(i + 1).map_or(reference[0], |p| p[0]);
        if next > x {
            volume += area * (next - x);
        }
    }
    volume
}

/// Inserts a pair that is not covered; the area that it dominates and no pair before it does.
fn added_area(stairs: &mut Staircase, [y, z]: [f64; 2], reference: [f64; 2]) -> f64 {
    // The new region is a row of rectangles on z, one under each step that the pair replaces, and one to each side.
    let mut replaced = Vec::new();
    let sides = stairs.insert(y, z, |y, z| replaced.push((y, z)));
    let (mut left, mut top) = (y, sides.before.unwrap_or(reference[1]));
    let mut area = 0.0;
    for (step_y, step_z) in replaced {
        area += (step_y - left) * (top - z);
        (left, top) = (step_y, step_z);
    }
    area + (sides.after.unwrap_or(reference[0]) - left) * (top - z)
}

/// The frontier of the points strictly below the reference, in lexicographic order.
fn frontier_below<const N: usize>(points: &[[f64; N]], reference: &[f64; N]) -> Vec<[f64; N]> {
    let below = |p: &[f64; N]| p.iter().zip(reference).all(|(x, r)| x < r);
    let inside: Vec<[f64; N]> = points.iter().filter(|p| below(p)).copied().collect();
    frontier_values(&inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_objectives_by_hand() {
        assert_eq!(hypervolume_2d(&[], &[1.0, 1.0]), 0.0);
        assert_eq!(hypervolume_2d(&[[1.0, 2.0]], &[4.0, 4.0]), 6.0);
        // (1,3) adds 3x1, (2,1) adds 2x2, (3,2) is dominated, (5,0) is outside.
        assert_eq!(
            hypervolume_2d(&[[3.0, 2.0], [1.0, 3.0], [5.0, 0.0], [2.0, 1.0]], &[4.0, 4.0]),
            7.0
        );
        assert_eq!(hypervolume_2d(&[[0.0, 0.0]], &[f64::NAN, 1.0]), 0.0);
        assert_eq!(hypervolume_2d(&[[0.0, f64::NAN]], &[1.0, 1.0]), 0.0);
        assert_eq!(
            hypervolume_2d(&[[f64::NEG_INFINITY, 0.0]], &[1.0, 1.0]),
            f64::INFINITY
        );
    }

    #[test]
    fn three_objectives_by_hand() {
        assert_eq!(hypervolume_3d(&[], &[1.0; 3]), 0.0);
        assert_eq!(hypervolume_3d(&[[0.0, 0.0, 0.0]], &[2.0, 3.0, 4.0]), 24.0);
        // Three unit-thick slabs of a 2x2x2 cube: 4 + 4 + 4 - 2 - 2 - 2 + 1.
        let slabs = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        assert_eq!(hypervolume_3d(&slabs, &[2.0; 3]), 7.0);
        assert_eq!(hypervolume_3d(&[[0.0, 0.0, 2.0]], &[2.0; 3]), 0.0);
    }

    proptest! {
        /// On an integer grid the volume is a count of unit cells.
        #[test]
        fn equals_a_count_of_cells(cells in prop::collection::vec([0_u8..7, 0_u8..7, 0_u8..7], 0..40)) {
            let points: Vec<[f64; 3]> = cells.iter().map(|c| c.map(f64::from)).collect();
            let mut volume = 0;
            let mut area = 0;
            for x in 0..7 {
                for y in 0..7 {
                    area += u32::from(cells.iter().any(|c| c[0] <= x && c[1] <= y));
                    for z in 0..7 {
                        volume += u32::from(cells.iter().any(|c| c[0] <= x && c[1] <= y && c[2] <= z));
                    }
                }
            }
            prop_assert_eq!(hypervolume_3d(&points, &[7.0; 3]), f64::from(volume));
            let flat: Vec<[f64; 2]> = points.iter().map(|p| [p[0], p[1]]).collect();
            prop_assert_eq!(hypervolume_2d(&flat, &[7.0; 2]), f64::from(area));
        }
    }
}
