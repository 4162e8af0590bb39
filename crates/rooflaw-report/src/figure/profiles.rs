//! Small multiples: how much worse a fit becomes as one parameter is held away from its optimum. A
//! valley without walls is a parameter that the runs do not determine.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, grid_columns, is_narrow, or_default, usable_width};
use crate::draw::axis::{Axis, transform};
use crate::draw::canvas::{Align, Canvas, Marker, Point, render};
use crate::draw::grid::{Cell, Grid, SHARED_Y_LABEL_PX, draw_shared_y_label};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::panel::Panel;
use crate::draw::text::Font;
use crate::error::Result;
use crate::theme::Theme;

/// The profile of one parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProfilePanel {
    /// Name of the parameter.
    pub label: String,
    /// Spacing of its values.
    pub scale: Scale,
    /// (value of the parameter, statistic), in any order.
    pub points: Vec<(f64, f64)>,
    /// Value at the optimum.
    pub optimum: Option<f64>,
    /// A warning such as `not identifiable`, written in the panel; empty for none.
    pub note: String,
}

/// Profiles of parameters; all panels share the vertical axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProfilesFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// Label of the vertical axes; empty for `likelihood-ratio statistic`.
    pub y_label: String,
    /// Statistic up to which values lie in the interval: a dashed line.
    pub threshold: Option<f64>,
    /// What the threshold is, for the legend; empty for `threshold`.
    pub threshold_label: String,
    /// The parameters, drawn row by row.
    pub panels: Vec<ProfilePanel>,
}

const NOTE: Font = Font::regular(11.0);
/// The vertical axis ends at this multiple of the threshold: what lies higher is out of the question.
const MOST_THRESHOLDS: f64 = 3.0;
/// Profiles with more points than this are drawn without a mark for each.
const MOST_MARKED: usize = 30;

impl Figure for ProfilesFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let y_label = or_default(&self.y_label, "likelihood-ratio statistic");
        let grid = Grid {
            width,
            top: header.height() + SHARED_Y_LABEL_PX,
            columns: grid_columns(self.panels.len(), is_narrow(width)),
            aspect: 0.78,
            least_px: 150.0,
            most_px: 260.0,
            foot: 0.0,
        };
        let (cells, bottom) = grid.cells(self.panels.len());
        let y = self.y_axis();
        render((width, bottom + MARGIN), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            draw_shared_y_label(canvas, y_label, (width, header.height()))?;
            for (cell, panel) in cells.iter().zip(&self.panels) {
                self.draw_panel(canvas, panel, cell, &y)?;
            }
            Ok(())
        })
    }
}

impl ProfilesFigure {
    fn usable_threshold(&self) -> Option<f64> {
        self.threshold
            .filter(|value| value.is_finite() && *value > 0.0 && *value < 1e29)
    }

    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let mut entries: Vec<(Key, String)> = Vec::new();
        if self.usable_threshold().is_some() {
            let label = or_default(&self.threshold_label, "threshold");
            entries.push((Key::Dash(theme.muted()), label.to_owned()));
            if self.panels.iter().any(|panel| panel.curve().len() > 1) {
                entries.push((Key::Band(theme.series(0), 0.16), "interval".into()));
            }
        }
        if self.panels.iter().any(|panel| panel.optimum.is_some()) {
            entries.push((Key::Mark(Marker::Circle, theme.series(1), true), "optimum".into()));
        }
        entries
    }

    /// The common axis of the statistics, from zero.
    fn y_axis(&self) -> Axis {
        let statistics = self
            .panels
            .iter()
            .flat_map(|panel| panel.curve().into_iter().map(|point| point.1));
        let threshold = self.usable_threshold();
        let most = threshold.map_or(f64::INFINITY, |threshold| MOST_THRESHOLDS * threshold);
        let values = statistics.map(|statistic| statistic.min(most));
        let ends = threshold.map(|threshold| 1.5 * threshold);
        let mut axis = Axis::fit(Scale::Linear, values.chain(ends).chain([0.0]), 0.05).brief();
        // Statistics above the last tick leave through the upper edge, not short of it.
        axis.hi = axis.hi.min(most);
        axis
    }

    fn draw_panel(&self, canvas: &Canvas<'_>, panel: &ProfilePanel, cell: &Cell, y: &Axis) -> Result<()> {
        let theme = canvas.theme;
        let curve = panel.curve();
        let values = curve.iter().map(|point| point.0).chain(panel.optimum);
        let mut x = Axis::fit(panel.scale, values, 0.04).brief();
        // In a plot this small, minor lines would be a hatching.
        x.minor.clear();
        let axes = Panel::layout(cell.rect, x, y.clone(), &panel.label, "");
        let plot = axes.plot;
        // Unclamped, so that a curve leaves the plot at its true angle.
        let place = |(value, statistic): Point| {
            (
                axes.x_px(value),
                plot.bottom - axes.y.fraction(statistic) * plot.height(),
            )
        };
        let line: Vec<Point> = curve.iter().copied().map(place).collect();
        let threshold = self.usable_threshold().map(|threshold| axes.y_px(threshold));
        if let Some(threshold) = threshold {
            for piece in within(&line, threshold) {
                if let (Some(first), Some(last)) = (piece.first(), piece.last()) {
                    canvas.rect((first.0, plot.top), (last.0, plot.bottom), theme.series(0), 0.16)?;
                }
            }
        }
        axes.draw(canvas, &panel.label, "")?;
        if let Some(threshold) = threshold {
            let ends = [(plot.left, threshold), (plot.right, threshold)];
            canvas.dashed(&ends, theme.muted(), 1.1, (5.0, 4.0))?;
        }
        for piece in within(&line, plot.top) {
            canvas.polyline(&piece, theme.series(0), 1.0, 1.8)?;
        }
        if line.len() <= MOST_MARKED {
            for at in line.iter().filter(|at| at.1 >= plot.top) {
                canvas.disc(*at, 2.0, theme.series(0), 1.0)?;
            }
        }
        let optimum = panel
            .optimum
            .and_then(|value| axes.at(value, height_at(&curve, value).unwrap_or(0.0)));
        if let Some(at) = optimum {
            canvas.marker(Marker::Circle, at, 5.0, theme.background(), true)?;
            canvas.marker(Marker::Circle, at, 3.8, theme.series(1), true)?;
        }
        let note = NOTE.truncate(&panel.note, plot.width() - 8.0);
        let at = ((plot.left + plot.right) / 2.0, plot.top + NOTE.size + 3.0);
        canvas.text(&note, at, Align::Middle, NOTE, theme.ink())
    }
}

impl ProfilePanel {
    /// The points that can be drawn, by value.
    fn curve(&self) -> Vec<Point> {
        let drawable = |(value, statistic): &Point| {
            transform(self.scale, *value).is_some() && transform(Scale::Linear, *statistic).is_some()
        };
        let mut points: Vec<Point> = self.points.iter().copied().filter(drawable).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    }
}

/// The pieces of a line in px that lie at or below `top`, cut where they cross it.
fn within(line: &[Point], top: f64) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut current: Vec<Point> = Vec::new();
    for (index, &point) in line.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| line[index]);
        let inside = point.1 >= top;
        if let Some(before) = before.filter(|before| (before.1 >= top) != inside) {
            let along = (top - before.1) / (point.1 - before.1);
            current.push((before.0 + along * (point.0 - before.0), top));
        }
        if inside {
            current.push(point);
        } else if !current.is_empty() {
            pieces.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        pieces.push(current);
    }
    pieces
}

/// Statistic at `value` between the neighbouring points of a curve.
fn height_at(curve: &[Point], value: f64) -> Option<f64> {
    let after = curve.iter().position(|point| point.0 >= value)?;
    let (right, left) = (curve[after], curve[after.saturating_sub(1)]);
    let span = right.0 - left.0;
    let along = if span > 0.0 { (value - left.0) / span } else { 1.0 };
    Some(left.1 + along * (right.1 - left.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_leaves() {
        // Larger is lower on the sheet: the valley lies below 10.
        let line = [(0.0, 0.0), (1.0, 20.0), (2.0, 20.0), (3.0, 0.0)];
        let expected = vec![vec![(0.5, 10.0), (1.0, 20.0), (2.0, 20.0), (2.5, 10.0)]];
        assert_eq!(within(&line, 10.0), expected);
        let open = [(0.0, 20.0), (1.0, 0.0), (2.0, 20.0)];
        assert_eq!(within(&open, 10.0).len(), 2);
        assert!(within(&[], 10.0).is_empty());
    }

    #[test]
    fn the_optimum_lies_on_its_curve() {
        let curve = [(1.0, 4.0), (2.0, 0.0), (3.0, 4.0)];
        assert_eq!(height_at(&curve, 1.5), Some(2.0));
        assert_eq!(height_at(&curve, 1.0), Some(4.0));
        assert_eq!(height_at(&curve, 9.0), None);
    }
}
