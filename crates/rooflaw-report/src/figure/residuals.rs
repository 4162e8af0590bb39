//! Small multiples: what a fitted law leaves unexplained, against each variable. Structure in a panel
//! is what the law is missing.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, distinct, grid_columns, is_narrow, or_default, usable_width};
use crate::draw::axis::{Axis, transform};
use crate::draw::canvas::{Canvas, Marker, Point, render};
use crate::draw::grid::{Cell, Grid, SHARED_Y_LABEL_PX, draw_shared_y_label};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::panel::Panel;
use crate::draw::scatter::{self, Look};
use crate::error::Result;
use crate::theme::Theme;

/// Points of one group in one panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResidualSeries {
    /// Name in the legend, empty for none; panels that use the same name share its colour.
    pub label: String,
    /// (value of the variable, residual), in any order.
    pub points: Vec<(f64, f64)>,
}

/// The residuals against one variable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResidualPanel {
    /// Name of the variable with its unit.
    pub label: String,
    /// Spacing of its values.
    pub scale: Scale,
    /// The residuals by group.
    pub series: Vec<ResidualSeries>,
}

/// Residuals, predicted − actual, against each variable; all panels share the vertical axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResidualsFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// Label of the vertical axes; empty for `predicted − actual`.
    pub y_label: String,
    /// Half the height of the shaded band around zero, in the units of the residuals.
    pub band: Option<f64>,
    /// What the band is, for the legend; empty for none.
    pub band_label: String,
    /// A panel for each variable, drawn row by row.
    pub panels: Vec<ResidualPanel>,
}

const BAND_ALPHA: f64 = 0.45;

impl Figure for ResidualsFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let names = self.series_names();
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme, &names), width);
        let y_label = or_default(&self.y_label, "predicted − actual");
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
                self.draw_panel(canvas, panel, cell, &y, &names)?;
            }
            Ok(())
        })
    }
}

impl ResidualsFigure {
    fn series_names(&self) -> Vec<&str> {
        let series = self.panels.iter().flat_map(|panel| &panel.series);
        distinct(series.map(|series| series.label.as_str()))
    }

    fn legend(&self, theme: Theme, names: &[&str]) -> Vec<(Key, String)> {
        let mut entries: Vec<(Key, String)> = Vec::new();
        for (index, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let key = Key::Mark(Marker::series(index), theme.series(index), true);
            entries.push((key, (*name).to_owned()));
        }
        if self.usable_band().is_some() && !self.band_label.is_empty() {
            entries.push((Key::Band(theme.cloud(), BAND_ALPHA), self.band_label.clone()));
        }
        entries
    }

    fn usable_band(&self) -> Option<f64> {
        self.band.filter(|band| band.is_finite() && *band > 0.0)
    }

    /// The common axis of the residuals; zero is always on it.
    fn y_axis(&self) -> Axis {
        let points = self
            .panels
            .iter()
            .flat_map(|panel| panel.series.iter().map(move |series| (panel.scale, series)))
            .flat_map(|(scale, series)| series.points.iter().map(move |point| (scale, point)));
        let drawable = points.filter(|(scale, (x, _))| transform(*scale, *x).is_some());
        let residuals = drawable.map(|(_, (_, residual))| *residual);
        let band = self.usable_band().into_iter().flat_map(|band| [-band, band]);
        Axis::fit(Scale::Linear, residuals.chain(band).chain([0.0]), 0.06).brief()
    }

    fn draw_panel(
        &self,
        canvas: &Canvas<'_>,
        panel: &ResidualPanel,
        cell: &Cell,
        y: &Axis,
        names: &[&str],
    ) -> Result<()> {
        let drawable = |point: &&(f64, f64)| y.shows(point.1);
        let points = || {
            panel
                .series
                .iter()
                .flat_map(|series| series.points.iter().filter(drawable))
        };
        let mut x = Axis::fit(panel.scale, points().map(|point| point.0), 0.06).brief();
        // In a plot this small, minor lines would be a hatching.
        x.minor.clear();
        let axes = Panel::layout(cell.rect, x, y.clone(), &panel.label, "");
        let theme = canvas.theme;
        let (left, right) = (axes.plot.left, axes.plot.right);
        if let Some(band) = self.usable_band() {
            let corners = ((left, axes.y_px(band)), (right, axes.y_px(-band)));
            canvas.rect(corners.0, corners.1, theme.cloud(), BAND_ALPHA * 0.6)?;
        }
        axes.draw(canvas, &panel.label, "")?;
        let zero = axes.y_px(0.0);
        canvas.polyline(&[(left, zero), (right, zero)], theme.ink(), 0.8, 1.2)?;
        let count = points().count();
        for series in &panel.series {
            let index = names.iter().position(|name| *name == series.label).unwrap_or(0);
            let places: Vec<Point> = series
                .points
                .iter()
                .filter_map(|(x, residual)| axes.at(*x, *residual))
                .collect();
            let look = Look::of(index, theme.series(index), count, true);
            scatter::draw(canvas, &places, look)?;
        }
        Ok(())
    }
}
