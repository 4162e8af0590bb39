//! Fewer marks where they would lie on each other: those add bytes, not information.

use std::collections::HashSet;

use crate::draw::canvas::Point;

/// Lets through one mark for each small square of the plot.
pub(crate) struct Thinner {
    cell_px: f64,
    taken: HashSet<(i64, i64)>,
}

impl Thinner {
    /// A thinner with squares of side `cell_px`.
    pub(crate) fn new(cell_px: f64) -> Self {
        Thinner {
            cell_px,
            taken: HashSet::new(),
        }
    }

    /// Whether a mark at `at` is the first of its square.
    pub(crate) fn keeps(&mut self, at: Point) -> bool {
        let index = |px: f64| (px / self.cell_px) as i64;
        self.taken.insert((index(at.0), index(at.1)))
    }
}

/// Keeps at most `most` of `marks`, with squares from `cell_px` up that grow until it does: single
/// marks far from the others survive.
pub(crate) fn thin<T: Clone>(marks: &[T], at: impl Fn(&T) -> Point, cell_px: f64, most: usize) -> Vec<T> {
    let mut cell_px = cell_px;
    loop {
        let mut thinner = Thinner::new(cell_px);
        let kept: Vec<T> = marks
            .iter()
            .filter(|mark| thinner.keeps(at(mark)))
            .cloned()
            .collect();
        if kept.len() <= most.max(1) || cell_px > 1e5 {
            return kept;
        }
        cell_px *= 1.3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowds_are_thinned_and_loners_stay() {
        let mut marks: Vec<Point> = (0..10_000u32)
            .map(|index| (f64::from(index % 100), f64::from(index / 100)))
            .collect();
        marks.push((900.0, 900.0));
        let kept = thin(&marks, |mark| *mark, 1.0, 500);
        assert!(kept.len() <= 500 && kept.len() > 200, "{}", kept.len());
        assert_eq!(kept.last(), Some(&(900.0, 900.0)));
        assert_eq!(thin(&marks[..50], |mark| *mark, 1.0, 500).len(), 50);
    }
}
