//! The optimum over a plane of two figures.

use super::{Changes, Figure, Optimum, best};
use crate::search::Outcome;
use serde::Serialize;

/// One direction of a map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapAxis {
    /// The figure that changes.
    pub figure: Figure,
    /// By which factors.
    pub factors: Vec<f64>,
}

impl MapAxis {
    /// `2·steps + 1` factors in equal ratios, from `1/span` to `span`; 1 is in the middle, exactly.
    #[must_use]
    pub fn about(figure: Figure, span: f64, steps: u32) -> MapAxis {
        let of = |step: i64| span.powf(step as f64 / f64::from(steps.max(1)));
        let steps = i64::from(steps);
        MapAxis {
            figure,
            factors: (-steps..=steps).map(of).collect(),
        }
    }
}

/// One cell: a device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MapCell {
    /// The factors of both axes.
    pub factors: [f64; 2],
    /// The lowest loss within the budgets; `None` where nothing meets them.
    pub best: Option<Optimum>,
}

/// The optimum over a plane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Map {
    /// The horizontal and the vertical figure.
    pub axes: [MapAxis; 2],
    /// The cells, the horizontal axis varying fastest.
    pub cells: Vec<MapCell>,
}

/// Searches once for each pair of factors; `search` is told the changes and returns what it found.
pub fn map<E>(axes: [MapAxis; 2], search: impl Fn(&Changes) -> Result<Outcome, E>) -> Result<Map, E> {
    let mut cells = Vec::new();
    for &second in &axes[1].factors {
        for &first in &axes[0].factors {
            let changes = Changes::new([(axes[0].figure, first), (axes[1].figure, second)]);
            cells.push(MapCell {
                factors: [first, second],
                best: best(&search(&changes)?),
            });
        }
    }
    Ok(Map { axes, cells })
}
