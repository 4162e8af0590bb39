//! How near searches come to what there is to find, over what they spend.

use serde::{Deserialize, Serialize};

use super::{Figure, NamedPoint, Scale, is_narrow, name_size, or_default, usable_width};
use crate::draw::axis::Axis;
use crate::draw::canvas::{Canvas, Marker, Point, render};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::labels::{ALWAYS, Label, Placer, Rect, UPPER_LEFT};
use crate::draw::panel::Panel;
use crate::draw::text::Font;
use crate::error::Result;
use crate::theme::Theme;

/// Repeated runs of one search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConvergenceSeries {
    /// Name in the legend.
    pub label: String,
    /// What was spent, and what was still missing then.
    pub points: Vec<ConvergencePoint>,
}

/// Repeated runs at one expense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConvergencePoint {
    /// What was spent.
    pub spent: f64,
    /// What was still missing, on average.
    pub mean: f64,
    /// In the best run.
    pub low: f64,
    /// In the worst run.
    pub high: f64,
}

/// What is missing against what was spent, both logarithmic. Where nothing is missing a curve ends: it left the figure below.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConvergenceFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// Label of the horizontal axis; empty for `evaluations`.
    pub x_label: String,
    /// Label of the vertical axis; empty for `missing`.
    pub y_label: String,
    /// The searches.
    pub series: Vec<ConvergenceSeries>,
    /// What bands are; empty for `least to most`.
    pub band_label: String,
    /// A search that misses nothing, at what it spends (x): a dashed line down with its name; y is not looked at.
    pub complete: Option<NamedPoint>,
    /// The least that is drawn of what is missing; `None` for all.
    pub floor: Option<f64>,
}

const OPACITY: f64 = 0.16;

impl Figure for ConvergenceFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let top = header.height();
        let height = top + if is_narrow(width) { 0.95 } else { 0.56 } * width;
        let outer = Rect {
            left: MARGIN,
            top,
            right: width - MARGIN - 6.0,
            bottom: height - MARGIN + 6.0,
        };
        let x_label = or_default(&self.x_label, "evaluations");
        let y_label = or_default(&self.y_label, "missing");
        let (x, y) = self.axes();
        let panel = Panel::layout(outer, x, y, x_label, y_label);
        render((width, height), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            panel.draw(canvas, x_label, y_label)?;
            for (index, series) in self.series.iter().enumerate() {
                self.draw_band(canvas, &panel, series, index)?;
            }
            self.draw_complete(canvas, &panel)?;
            for (index, series) in self.series.iter().enumerate() {
                self.draw_series(canvas, &panel, series, index)?;
            }
            Ok(())
        })
    }
}

impl ConvergenceFigure {
    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let keys = self.series.iter().enumerate();
        let mut entries: Vec<(Key, String)> = keys
            .map(|(index, series)| {
                let key = Key::Series(Marker::series(index), theme.series(index));
                (key, series.label.clone())
            })
            .collect();
        if self.series.iter().any(|series| !series.points.is_empty()) {
            let label = or_default(&self.band_label, "least to most");
            entries.push((Key::Band(theme.muted(), OPACITY), label.to_owned()));
        }
        entries
    }

    fn floor(&self) -> f64 {
        self.floor.unwrap_or(f64::MIN_POSITIVE)
    }

    /// The points of a series that have a place on the axes, in order of expense.
    fn located(&self, series: &ConvergenceSeries) -> Vec<ConvergencePoint> {
        let floor = self.floor();
        let mut points = series.points.clone();
        points.retain(|point| {
            let numbers = [point.spent, point.mean, point.high];
            numbers.iter().all(|number| number.is_finite() && *number > 0.0) && point.mean >= floor
        });
        points.sort_by(|one, other| one.spent.total_cmp(&other.spent));
        points
    }

    fn axes(&self) -> (Axis, Axis) {
        let points: Vec<ConvergencePoint> = self
            .series
            .iter()
            .flat_map(|series| self.located(series))
            .collect();
        let floor = self.floor();
        let spent = points.iter().map(|point| point.spent);
        let missing = points
            .iter()
            .flat_map(|point| [point.mean, point.low.max(floor), point.high]);
        let missing = missing.filter(|value| *value > f64::MIN_POSITIVE);
        let complete = self.complete.as_ref().map(|complete| complete.x);
        (
            Axis::fit(Scale::Log10, spent.chain(complete), 0.03),
            Axis::fit(Scale::Log10, missing.chain(self.floor), 0.03),
        )
    }

    fn draw_band(
        &self,
        canvas: &Canvas<'_>,
        panel: &Panel,
        series: &ConvergenceSeries,
        index: usize,
    ) -> Result<()> {
        let points = self.located(series);
        // A best run that misses nothing reaches down to the axis.
        let y_px = |value: f64| {
            if value > 0.0 {
                panel.y_px(value)
            } else {
                panel.plot.bottom
            }
        };
        let upper = points
            .iter()
            .map(|point| (panel.x_px(point.spent), y_px(point.high)));
        let lower = points
            .iter()
            .rev()
            .map(|point| (panel.x_px(point.spent), y_px(point.low)));
        let outline: Vec<Point> = upper.chain(lower).collect();
        canvas.polygon(&outline, canvas.theme.series(index), OPACITY)
    }

    fn draw_series(
        &self,
        canvas: &Canvas<'_>,
        panel: &Panel,
        series: &ConvergenceSeries,
        index: usize,
    ) -> Result<()> {
        let color = canvas.theme.series(index);
        let points = self.located(series);
        let line: Vec<Point> = points
            .iter()
            .filter_map(|point| panel.at(point.spent, point.mean))
            .collect();
        canvas.polyline(&line, color, 0.9, 1.8)?;
        line.iter()
            .try_for_each(|at| canvas.marker(Marker::series(index), *at, 3.2, color, true))
    }

    fn draw_complete(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let Some(complete) = self
            .complete
            .as_ref()
            .filter(|complete| panel.x.shows(complete.x))
        else {
            return Ok(());
        };
        let x = panel.x_px(complete.x);
        let ends = [(x, panel.plot.top), (x, panel.plot.bottom)];
        canvas.dashed(&ends, canvas.theme.ink(), 1.4, (6.0, 4.0))?;
        let font = Font::bold(name_size(panel));
        let mut placer = Placer::new(panel.plot.grown(-3.0));
        let placed = placer.place(&Label {
            text: &complete.name,
            anchor: (x, panel.plot.top + 14.0),
            radius: 4.0,
            font,
            color: canvas.theme.ink(),
            prefer: UPPER_LEFT,
            most_cost: ALWAYS,
        });
        placed.map_or(Ok(()), |label| label.draw(canvas))
    }
}
