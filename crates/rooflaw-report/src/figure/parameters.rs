//! Small multiples: how the design parameters change along the frontier.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, distinct, is_narrow, usable_width};
use crate::draw::axis::Axis;
use crate::draw::canvas::{Canvas, Marker, Point, render};
use crate::draw::grid::{Cell, Grid};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::panel::{Panel, label_room, widest_label};
use crate::draw::thin::Thinner;
use crate::error::Result;
use crate::theme::Theme;

/// One parameter of the designs under one condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParameterSeries {
    /// Name in the legend; panels that use the same name share its colour.
    pub label: String,
    /// (latency in ms, value of the parameter), in any order.
    pub points: Vec<(f64, f64)>,
}

/// One parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParameterPanel {
    /// Name of the parameter with its unit, for example `hidden size`.
    pub label: String,
    /// Spacing of its values.
    pub scale: Scale,
    /// Its values along each frontier.
    pub series: Vec<ParameterSeries>,
}

/// Small multiples over a common logarithmic latency axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParametersFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// Label of the horizontal axes; empty for `latency (ms)`.
    pub x_label: String,
    /// The parameters, drawn row by row.
    pub panels: Vec<ParameterPanel>,
    /// Latency budget in ms: a dashed line in each panel.
    pub budget_ms: Option<f64>,
    /// Latency of the chosen design in ms: its values are ringed.
    pub chosen_ms: Option<f64>,
}

/// Relative difference of latency below which a point is the chosen one.
const SAME_LATENCY: f64 = 1e-9;
/// More points than this are not joined by a line.
const MOST_JOINED: usize = 60;
/// Side of the squares of which each holds at most one marker, in px.
const MARKER_CELL_PX: f64 = 1.5;

impl Figure for ParametersFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let x_label = if self.x_label.is_empty() {
            "latency (ms)"
        } else {
            &self.x_label
        };
        let grid = Grid {
            width,
            top: header.height(),
            columns: if is_narrow(width) { 2 } else { 3 },
            aspect: 0.76,
            least_px: 140.0,
            most_px: 240.0,
            // Only panels with nothing below them carry the label of the common axis.
            foot: label_room(x_label),
        };
        let (cells, bottom) = grid.cells(self.panels.len());
        let cells: Vec<(Cell, &ParameterPanel)> = cells.into_iter().zip(&self.panels).collect();
        let height = bottom + MARGIN;
        let names = self.series_names();
        let tick_room = cells
            .iter()
            .map(|(cell, panel)| widest_label(&self.axes(panel, cell, 0.0).y))
            .fold(0.0, f64::max);
        render((width, height), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            for (cell, panel) in &cells {
                let axes = self.axes(panel, cell, tick_room);
                cell.draw_title(canvas, &panel.label)?;
                axes.draw(canvas, if cell.is_lowest { x_label } else { "" }, "")?;
                self.draw_data(canvas, panel, &axes, &names)?;
            }
            Ok(())
        })
    }
}

impl ParametersFigure {
    /// Names of the series over all panels, in order of appearance.
    fn series_names(&self) -> Vec<&str> {
        let series = self.panels.iter().flat_map(|panel| &panel.series);
        distinct(series.map(|series| series.label.as_str()))
    }

    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let mut entries: Vec<(Key, String)> = Vec::new();
        for (index, name) in self.series_names().into_iter().enumerate() {
            if !name.is_empty() {
                entries.push((
                    Key::Series(Marker::series(index), theme.series(index)),
                    name.to_owned(),
                ));
            }
        }
        if self.chosen_ms.is_some() {
            entries.push((
                Key::Mark(Marker::Circle, theme.accent(), false),
                "chosen architecture".into(),
            ));
        }
        if self.budget_ms.is_some() {
            entries.push((Key::Dash(theme.muted()), "latency budget".into()));
        }
        entries
    }

    /// The common latency axis.
    fn x_axis(&self) -> Axis {
        let series = self.panels.iter().flat_map(|panel| &panel.series);
        let latencies = series.flat_map(|series| series.points.iter().map(|point| point.0));
        let mut axis = Axis::fit(Scale::Log10, latencies.chain(self.budget_ms), 0.06);
        // In a plot this small, minor lines would be a hatching.
        axis.minor.clear();
        axis
    }

    /// The axes of one panel.
    fn axes(&self, panel: &ParameterPanel, cell: &Cell, tick_room: f64) -> Panel {
        let values = panel
            .series
            .iter()
            .flat_map(|series| series.points.iter().map(|point| point.1));
        let y = Axis::fit(panel.scale, values, 0.12);
        Panel::layout_aligned(cell.below_title(), self.x_axis(), y, "", "", tick_room)
    }

    fn draw_data(
        &self,
        canvas: &Canvas<'_>,
        panel: &ParameterPanel,
        axes: &Panel,
        names: &[&str],
    ) -> Result<()> {
        if let Some(budget) = self.budget_ms.filter(|budget| axes.x.shows(*budget)) {
            let x = axes.x_px(budget);
            let line = [(x, axes.plot.top), (x, axes.plot.bottom)];
            canvas.dashed(&line, canvas.theme.muted(), 1.1, (5.0, 4.0))?;
        }
        for series in &panel.series {
            let index = names.iter().position(|name| *name == series.label).unwrap_or(0);
            draw_series(canvas, axes, series, index, self.chosen_ms)?;
        }
        Ok(())
    }
}

fn draw_series(
    canvas: &Canvas<'_>,
    axes: &Panel,
    series: &ParameterSeries,
    index: usize,
    chosen_ms: Option<f64>,
) -> Result<()> {
    let color = canvas.theme.series(index);
    let mut points: Vec<(Point, f64)> = series
        .points
        .iter()
        .filter_map(|(x, y)| Some((axes.at(*x, *y)?, *x)))
        .collect();
    points.sort_by(|one, other| one.1.total_cmp(&other.1));
    // Neighbours on a dense frontier differ in whole steps: a line through them would be a hatching.
    let is_dense = points.len() > MOST_JOINED;
    if !is_dense {
        let line: Vec<Point> = points.iter().map(|(at, _)| *at).collect();
        canvas.polyline(&line, color, 0.55, 1.3)?;
    }
    let radius = if is_dense { 1.8 } else { 2.8 };
    let mut thinner = Thinner::new(MARKER_CELL_PX);
    for (at, _) in &points {
        if thinner.keeps(*at) {
            canvas.marker(Marker::series(index), *at, radius, color, true)?;
        }
    }
    for (at, latency) in points {
        if chosen_ms.is_some_and(|chosen| (chosen - latency).abs() <= SAME_LATENCY * chosen.abs()) {
            canvas.ring(at, 6.5, canvas.theme.accent(), 1.6)?;
        }
    }
    Ok(())
}
