//! Which designs are within the budgets: maps of two variables at a time, a cell for each design.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, is_narrow, or_default, usable_width};
use crate::draw::axis::Axis;
use crate::draw::canvas::{Canvas, Marker, Point, render};
use crate::draw::grid::{Cell, Grid};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::panel::Panel;
use crate::error::Result;
use crate::theme::Theme;

/// What is known of a design.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum RegionCell {
    /// There is no such design.
    #[default]
    Missing,
    /// It breaks a budget: an index of [`RegionFigure::reasons`].
    Breaks(usize),
    /// It is within every budget and has this loss.
    Within(f64),
}

/// Two of the variables, all others held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionPanel {
    /// What is held, written above.
    pub title: String,
    /// Name of the horizontal variable.
    pub x_label: String,
    /// Spacing of its values.
    pub x_scale: Scale,
    /// Its values, rising: one for each column of cells.
    pub x_values: Vec<f64>,
    /// Name of the vertical variable.
    pub y_label: String,
    /// Spacing of its values.
    pub y_scale: Scale,
    /// Its values, rising: one for each row of cells.
    pub y_values: Vec<f64>,
    /// The cells, row by row from the lowest.
    pub cells: Vec<RegionCell>,
    /// Where a theory has the region end: (x, y).
    pub boundary: Vec<(f64, f64)>,
    /// The design that is recommended.
    pub chosen: Option<(f64, f64)>,
}

/// Maps of the designs within budgets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// The budgets that designs break.
    pub reasons: Vec<String>,
    /// What [`RegionPanel::boundary`] is; empty for `theory`.
    pub boundary_label: String,
    /// What [`RegionPanel::chosen`] is; empty for `chosen`.
    pub chosen_label: String,
    /// The pairs of variables, drawn row by row.
    pub panels: Vec<RegionPanel>,
}

/// Opacity of the best and of the worst design within the budgets.
const OPACITY: (f64, f64) = (0.95, 0.3);
/// Opacity of designs that break a budget.
const BROKEN: f64 = 0.16;

impl Figure for RegionFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let narrow = is_narrow(width);
        let grid = Grid {
            width,
            top: header.height() + 2.0,
            columns: if narrow || self.panels.len() <= 1 { 1 } else { 2 },
            aspect: 0.82,
            least_px: 220.0,
            most_px: 420.0,
            foot: 0.0,
        };
        let (cells, bottom) = grid.cells(self.panels.len());
        let losses = self.losses();
        render((width, bottom + MARGIN), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            cells
                .iter()
                .zip(&self.panels)
                .try_for_each(|(cell, panel)| panel.draw(canvas, cell, losses))
        })
    }
}

impl RegionFigure {
    /// The least and the largest loss within the budgets.
    fn losses(&self) -> (f64, f64) {
        let cells = self.panels.iter().flat_map(|panel| &panel.cells);
        cells
            .filter_map(|cell| match cell {
                RegionCell::Within(loss) => Some(*loss),
                _ => None,
            })
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), loss| {
                (least.min(loss), most.max(loss))
            })
    }

    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let has = |wanted: &dyn Fn(&RegionCell) -> bool| {
            self.panels.iter().any(|panel| panel.cells.iter().any(wanted))
        };
        let mut entries: Vec<(Key, String)> = Vec::new();
        if has(&|cell| matches!(cell, RegionCell::Within(_))) {
            let key = Key::Band(theme.series(0), 0.8);
            entries.push((key, "within every budget (darker: lower loss)".into()));
        }
        for (index, reason) in self.reasons.iter().enumerate() {
            if has(&|cell| *cell == RegionCell::Breaks(index)) {
                let key = Key::Band(theme.series(1 + index), 2.0 * BROKEN);
                entries.push((key, format!("breaks {reason}")));
            }
        }
        if self.panels.iter().any(|panel| panel.boundary.len() > 1) {
            let label = or_default(&self.boundary_label, "theory");
            entries.push((Key::Dash(theme.ink()), label.to_owned()));
        }
        if self.panels.iter().any(|panel| panel.chosen.is_some()) {
            let key = Key::Mark(Marker::Diamond, theme.accent(), true);
            entries.push((key, or_default(&self.chosen_label, "chosen").to_owned()));
        }
        entries
    }
}

/// Where columns, or rows, end: halfway between neighbours, in the axis's own spacing.
fn edges(values: &[f64], scale: Scale) -> Vec<f64> {
    let linear = scale == Scale::Linear;
    let between = |a: f64, b: f64| if linear { 0.5 * (a + b) } else { (a * b).sqrt() };
    let beyond = |end: f64, inner: f64| {
        if linear {
            2.0 * end - inner
        } else {
            end * end / inner
        }
    };
    let alone = |value: f64| if linear { value + 1.0 } else { value * 2.0 };
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
        return Vec::new();
    };
    let second = values.get(1).copied().unwrap_or_else(|| alone(first));
    let last_but_one = match values {
        [.., other, _] => *other,
        _ => beyond(first, second),
    };
    let inner = values.windows(2).map(|pair| between(pair[0], pair[1]));
    std::iter::once(between(beyond(first, second), first))
        .chain(inner)
        .chain([between(last, beyond(last, last_but_one))])
        .collect()
}

impl RegionPanel {
    fn draw(&self, canvas: &Canvas<'_>, cell: &Cell, losses: (f64, f64)) -> Result<()> {
        let theme = canvas.theme;
        let (columns, rows) = (
            edges(&self.x_values, self.x_scale),
            edges(&self.y_values, self.y_scale),
        );
        let axis = |scale: Scale, edges: &[f64]| Axis::fit(scale, edges.iter().copied(), 0.0).brief();
        let (mut x, mut y) = (axis(self.x_scale, &columns), axis(self.y_scale, &rows));
        x.minor.clear();
        y.minor.clear();
        let axes = Panel::layout(cell.below_title(), x, y, &self.x_label, &self.y_label);
        cell.draw_title(canvas, &self.title)?;
        axes.draw(canvas, &self.x_label, &self.y_label)?;
        let corner = |column: usize, row: usize| (axes.x_px(columns[column]), axes.y_px(rows[row]));
        for (row, column, found) in self.places() {
            let (from, to) = (corner(column, row + 1), corner(column + 1, row));
            match found {
                RegionCell::Missing => {}
                RegionCell::Breaks(reason) => canvas.rect(from, to, theme.series(1 + reason), BROKEN)?,
                RegionCell::Within(loss) => {
                    let along = ((loss - losses.0) / (losses.1 - losses.0).max(1e-12)).clamp(0.0, 1.0);
                    let opacity = OPACITY.0 + (OPACITY.1 - OPACITY.0) * along.sqrt();
                    canvas.rect(from, to, theme.series(0), opacity)?;
                }
            }
        }
        for (a, b) in self.outline() {
            canvas.polyline(&[corner(a.0, a.1), corner(b.0, b.1)], theme.ink(), 1.0, 1.4)?;
        }
        let line: Vec<Point> = self.boundary.iter().filter_map(|&(x, y)| axes.at(x, y)).collect();
        canvas.dashed(&line, theme.ink(), 1.4, (5.0, 3.0))?;
        if let Some(at) = self.chosen.and_then(|(x, y)| axes.at(x, y)) {
            canvas.marker(Marker::Diamond, at, 7.0, theme.background(), true)?;
            canvas.marker(Marker::Diamond, at, 5.0, theme.accent(), true)?;
        }
        Ok(())
    }

    /// Row, column and content of each cell.
    fn places(&self) -> impl Iterator<Item = (usize, usize, RegionCell)> + '_ {
        let columns = self.x_values.len().max(1);
        let most = self.x_values.len() * self.y_values.len();
        let cells = self.cells.iter().take(most).enumerate();
        cells.map(move |(index, cell)| (index / columns, index % columns, *cell))
    }

    fn cell(&self, column: Option<usize>, row: Option<usize>) -> Option<RegionCell> {
        let (column, row) = (column?, row?);
        (column < self.x_values.len() && row < self.y_values.len())
            .then(|| self.cells.get(row * self.x_values.len() + column).copied())?
    }

    /// The sides between a design within the budgets and one that breaks some, as corners (column, row).
    fn outline(&self) -> Vec<((usize, usize), (usize, usize))> {
        let within = |cell: RegionCell| matches!(cell, RegionCell::Within(_));
        let breaks = |cell: Option<RegionCell>| matches!(cell, Some(RegionCell::Breaks(_)));
        let mut sides = Vec::new();
        for (row, column, found) in self.places() {
            if !within(found) {
                continue;
            }
            let (left, right) = (column.checked_sub(1), Some(column + 1));
            let (below, above) = (row.checked_sub(1), Some(row + 1));
            for (neighbour, side) in [
                (self.cell(left, Some(row)), ((column, row), (column, row + 1))),
                (
                    self.cell(right, Some(row)),
                    ((column + 1, row), (column + 1, row + 1)),
                ),
                (self.cell(Some(column), below), ((column, row), (column + 1, row))),
                (
                    self.cell(Some(column), above),
                    ((column, row + 1), (column + 1, row + 1)),
                ),
            ] {
                if breaks(neighbour) {
                    sides.push(side);
                }
            }
        }
        sides
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> RegionFigure {
        let (w, b, m) = (
            RegionCell::Within(3.0),
            RegionCell::Breaks(0),
            RegionCell::Missing,
        );
        RegionFigure {
            title: "Region".into(),
            reasons: vec!["TTFT".into()],
            panels: vec![RegionPanel {
                x_values: vec![1.0, 2.0, 4.0],
                x_scale: Scale::Log2,
                y_values: vec![1.0, 2.0],
                cells: vec![w, w, b, w, b, m],
                ..RegionPanel::default()
            }],
            ..RegionFigure::default()
        }
    }

    /// What is drawn is what was given: a rectangle for each cell but the missing one, in its colour.
    #[test]
    fn each_cell_is_drawn_once() {
        let svg = figure().svg(Theme::Light).unwrap();
        let count = |color: &str| svg.matches(&format!("fill=\"{color}\"")).count();
        // And one of each in the legend.
        assert_eq!(count("#0072B2"), 3 + 1);
        assert_eq!(count("#D55E00"), 2 + 1);
    }

    #[test]
    fn the_outline_runs_between_within_and_beyond() {
        let sides = figure().panels[0].outline();
        assert_eq!(sides.len(), 3);
        // Right of the cell (1, 0), above it, and right of the cell (0, 1).
        for side in [((2, 0), (2, 1)), ((1, 1), (2, 1)), ((1, 1), (1, 2))] {
            assert!(sides.contains(&side), "{side:?}");
        }
    }

    #[test]
    fn edges_lie_halfway() {
        assert_eq!(edges(&[1.0, 2.0, 4.0], Scale::Linear), [0.5, 1.5, 3.0, 5.0]);
        let log = edges(&[1.0, 4.0], Scale::Log2);
        assert_eq!(log, [0.5, 2.0, 8.0]);
        assert_eq!(edges(&[3.0], Scale::Linear), [2.5, 3.5]);
        assert!(edges(&[], Scale::Linear).is_empty());
    }

    /// Whatever is given, something is drawn.
    #[test]
    fn odd_input_is_drawn() {
        let mut odd = figure();
        odd.panels[0].cells.truncate(2);
        odd.panels[0].boundary = vec![(f64::NAN, 1.0), (1.0, 1.0)];
        odd.panels.push(RegionPanel::default());
        for width in [320.0, 760.0] {
            assert!(odd.svg_of_width(Theme::Dark, width).is_ok());
        }
    }
}
