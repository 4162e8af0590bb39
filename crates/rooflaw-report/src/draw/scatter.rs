//! Clouds of data points: fewer, smaller and fainter marks the more there are.

use plotters::style::RGBColor;

use crate::draw::canvas::{Canvas, Marker, Point};
use crate::draw::thin::thin;
use crate::error::Result;

/// Most marks drawn for one series.
const MOST_MARKS: usize = 2000;
/// Side of the smallest squares of which each holds at most one mark, in px.
const CELL_PX: f64 = 1.2;

/// How the points of a series look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub marker: Marker,
    pub color: RGBColor,
    pub radius: f64,
    pub alpha: f64,
}

impl Look {
    /// The look of the `index`-th series in a plot of `count` points; `small` for small multiples.
    pub(crate) fn of(index: usize, color: RGBColor, count: usize, small: bool) -> Self {
        let (radius, alpha) = match count {
            0..=60 => (3.8, 0.9),
            61..=400 => (2.9, 0.75),
            401..=2000 => (2.3, 0.6),
            _ => (1.8, 0.5),
        };
        Look {
            marker: Marker::series(index),
            color,
            radius: if small { 0.8 * radius } else { radius },
            alpha,
        }
    }
}

/// The points of a series that are worth drawing: at most [`MOST_MARKS`].
pub(crate) fn worth_drawing<T: Clone>(points: &[T], at: impl Fn(&T) -> Point) -> Vec<T> {
    thin(points, at, CELL_PX, MOST_MARKS)
}

/// Draws the points of one series.
pub(crate) fn draw(canvas: &Canvas<'_>, points: &[Point], look: Look) -> Result<()> {
    worth_drawing(points, |at| *at)
        .into_iter()
        .try_for_each(|at| canvas.blob(look.marker, at, look.radius, look.color, look.alpha))
}
