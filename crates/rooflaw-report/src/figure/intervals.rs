//! Parameters with their intervals, each on an axis of its own: estimates span orders of magnitude.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, or_default, usable_width};
use crate::draw::axis::{Axis, Direction, transform};
use crate::draw::canvas::{Align, Canvas, Marker, Point, render};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::numbers;
use crate::draw::rows::{self, Row, RowText};
use crate::draw::text::Font;
use crate::error::Result;
use crate::theme::Theme;
use plotters::style::RGBColor;

/// An interval; a missing side has no bound and is drawn as an arrow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
}

/// One parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IntervalRow {
    /// Name of the parameter.
    pub name: String,
    /// Point estimate.
    pub estimate: f64,
    /// Its interval, for example from the profile of the likelihood.
    pub interval: Option<Interval>,
    /// A second interval below the first, for example from a bootstrap.
    pub second: Option<Interval>,
    /// A published value for comparison.
    pub published: Option<f64>,
    /// Spacing of the row's axis.
    pub scale: Scale,
    /// Printed value; empty for estimate and interval to three digits.
    pub text: String,
    /// A warning such as `not identifiable`: mutes the row; empty for none.
    pub flag: String,
}

/// Estimates and intervals, a row for each parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IntervalsFigure {
    /// First line, bold.
    pub title: String,
    /// Second line; empty for none.
    pub subtitle: String,
    /// What [`IntervalRow::interval`] is; empty for `interval`.
    pub interval_label: String,
    /// What [`IntervalRow::second`] is; empty for `second interval`.
    pub second_label: String,
    /// What [`IntervalRow::published`] is; empty for `published`.
    pub published_label: String,
    /// The parameters, top to bottom.
    pub rows: Vec<IntervalRow>,
}

const TICK_LABEL: Font = Font::regular(10.0);
/// Height of a lane for one interval, in px.
const LANE_PX: f64 = 9.0;
/// Height of the axis with its labels, in px.
const AXIS_PX: f64 = 21.0;
/// Distance from the axis above, in px.
const ABOVE_PX: f64 = 13.0;
const ARROW_PX: f64 = 5.0;

impl Figure for IntervalsFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let texts: Vec<RowText> = self.rows.iter().map(IntervalRow::words).collect();
        let strip = ABOVE_PX + self.lanes() * LANE_PX + AXIS_PX;
        let rows = rows::layout(width, header.height(), strip, &texts);
        let bottom = rows.last().map_or(header.height(), |row| row.rect.bottom);
        render((width, bottom + MARGIN - 6.0), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            for (place, row) in rows.iter().zip(&self.rows) {
                place.draw_text(canvas)?;
                self.draw_row(canvas, place, row)?;
            }
            Ok(())
        })
    }
}

impl IntervalsFigure {
    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let any = |test: fn(&IntervalRow) -> bool| self.rows.iter().any(test);
        let mut entries: Vec<(Key, String)> = Vec::new();
        if any(|row| row.interval.is_some()) {
            let label = format!("estimate, {}", or_default(&self.interval_label, "interval"));
            entries.push((Key::Series(Marker::Circle, theme.series(0)), label));
        } else if !self.rows.is_empty() {
            let key = Key::Mark(Marker::Circle, theme.series(0), true);
            entries.push((key, "estimate".into()));
        }
        if any(|row| row.second.is_some()) {
            let label = or_default(&self.second_label, "second interval");
            entries.push((Key::Line(theme.series(1), 2.2), label.to_owned()));
        }
        if any(|row| row.published.is_some()) {
            let key = Key::Mark(Marker::Diamond, theme.ink(), false);
            entries.push((key, or_default(&self.published_label, "published").to_owned()));
        }
        entries
    }

    fn lanes(&self) -> f64 {
        if self.rows.iter().any(|row| row.second.is_some()) {
            2.0
        } else {
            1.0
        }
    }

    fn draw_row(&self, canvas: &Canvas<'_>, place: &Row, row: &IntervalRow) -> Result<()> {
        let theme = canvas.theme;
        let strip = place.strip;
        let Some(axis) = row.axis() else {
            return Ok(());
        };
        // Few ticks: the numbers stand beside the axis too.
        let axis = axis.tick(Direction::Horizontal, 0.6 * strip.width(), TICK_LABEL);
        let x = |value: f64| {
            let fraction = axis.fraction(value);
            strip.left + fraction * strip.width()
        };
        let line = strip.bottom - AXIS_PX + 4.0;
        let ends = [(strip.left, line), (strip.right, line)];
        canvas.polyline(&ends, theme.grid(), 1.0, 1.2)?;
        for tick in &axis.ticks {
            let at = x(tick.value);
            canvas.polyline(
                &[(at, strip.top + ABOVE_PX - 5.0), (at, line + 3.0)],
                theme.grid(),
                1.0,
                1.0,
            )?;
            let half = TICK_LABEL.width(&tick.label) / 2.0;
            let middle = at.max(strip.left + half - 6.0).min(strip.right - half + 6.0);
            let baseline = (middle, line + 4.0 + TICK_LABEL.size);
            canvas.text(&tick.label, baseline, Align::Middle, TICK_LABEL, theme.muted())?;
        }
        let color = |index| {
            if row.flag.is_empty() {
                theme.series(index)
            } else {
                theme.axis()
            }
        };
        let lane = strip.top + ABOVE_PX + LANE_PX / 2.0;
        if let Some(interval) = &row.interval {
            let ends = ends_px(interval, row.scale, &x);
            draw_interval(canvas, ends, (strip.left, strip.right), lane, color(0), 2.6)?;
        }
        if let Some(interval) = &row.second {
            let ends = ends_px(interval, row.scale, &x);
            let below = lane + LANE_PX;
            draw_interval(canvas, ends, (strip.left, strip.right), below, color(1), 2.0)?;
        }
        if let Some(published) = row.published.map(x).filter(|at| at.is_finite()) {
            canvas.marker(Marker::Diamond, (published, lane), 5.4, theme.ink(), false)?;
        }
        let estimate = x(row.estimate);
        if estimate.is_finite() {
            canvas.marker(Marker::Circle, (estimate, lane), 4.4, color(0), true)?;
        }
        Ok(())
    }
}

impl IntervalRow {
    /// Name, value and flag as they are printed.
    fn words(&self) -> RowText {
        let value = if self.text.is_empty() {
            self.value_in_words()
        } else {
            self.text.clone()
        };
        RowText {
            name: self.name.clone(),
            value,
            note: self.flag.clone(),
            is_emphasised: false,
            is_muted: !self.flag.is_empty(),
        }
    }

    /// `0.348 (0.312 to 0.391)`.
    fn value_in_words(&self) -> String {
        if !self.estimate.is_finite() {
            return "–".into();
        }
        let estimate = numbers::brief(self.estimate);
        let finite = |bound: Option<f64>| bound.filter(|value| value.is_finite()).map(numbers::brief);
        let Some(interval) = self.interval else {
            return estimate;
        };
        match (finite(interval.low), finite(interval.high)) {
            (Some(low), Some(high)) => format!("{estimate} ({low} to {high})"),
            (Some(low), None) => format!("{estimate} (above {low})"),
            (None, Some(high)) => format!("{estimate} (below {high})"),
            (None, None) => format!("{estimate} (no bounds)"),
        }
    }

    /// The axis of this row: everything in it, with room for arrows. `None` if nothing can be drawn.
    fn axis(&self) -> Option<Axis> {
        let intervals = self.interval.iter().chain(&self.second);
        let bounds = intervals.flat_map(|interval| [interval.low, interval.high]);
        let values = bounds.flatten().chain(self.published).chain([self.estimate]);
        let values: Vec<f64> = values
            .filter(|value| transform(self.scale, *value).is_some())
            .collect();
        (!values.is_empty()).then(|| Axis::fit(self.scale, values, 0.12).brief())
    }
}

/// Ends of an interval in px; `None` on a side without bound (or with one off a logarithmic axis).
fn ends_px(interval: &Interval, scale: Scale, x: &impl Fn(f64) -> f64) -> (Option<f64>, Option<f64>) {
    let end = |bound: Option<f64>| bound.filter(|value| transform(scale, *value).is_some()).map(x);
    (end(interval.low), end(interval.high))
}

/// A line with caps where it is bounded and arrows where it is not.
fn draw_interval(
    canvas: &Canvas<'_>,
    (low, high): (Option<f64>, Option<f64>),
    (left, right): (f64, f64),
    y: f64,
    color: RGBColor,
    width: f64,
) -> Result<()> {
    let (from, to) = (low.unwrap_or(left), high.unwrap_or(right));
    canvas.polyline(&[(from, y), (to, y)], color, 1.0, width)?;
    for (end, bounded, inward) in [(from, low.is_some(), 1.0), (to, high.is_some(), -1.0)] {
        let shape: Vec<Point> = if bounded {
            vec![(end, y - 3.2), (end, y + 3.2)]
        } else {
            let back = end + inward * ARROW_PX;
            vec![(back, y - ARROW_PX * 0.8), (end, y), (back, y + ARROW_PX * 0.8)]
        };
        canvas.polyline(&shape, color, 1.0, if bounded { 1.4 } else { 1.8 })?;
    }
    Ok(())
}
