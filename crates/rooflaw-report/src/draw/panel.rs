//! One set of axes: grid, ticks and labels drawn by plotters, and the map from data to px.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;

use crate::draw::axis::{Axis, Direction};
use crate::draw::canvas::{Align, Canvas, Point, SUBPIXELS, printable, px, scaled, text_style};
use crate::draw::labels::Rect;
use crate::draw::text::Font;
use crate::error::Result;
use crate::figure::Scale;

/// Font of tick labels.
pub(crate) const TICK: Font = Font::regular(12.0);
/// Font of axis labels.
pub(crate) const AXIS_LABEL: Font = Font::regular(12.5);
const TICK_MARK: f64 = 4.0;

/// Axes on a rectangle of the figure.
pub(crate) struct Panel {
    /// Where data is drawn, in px.
    pub plot: Rect,
    pub x: Axis,
    pub y: Axis,
}

impl Panel {
    /// Chooses ticks and the room for their labels so that all of it fits into `outer`. An empty
    /// label takes no room.
    pub(crate) fn layout(outer: Rect, x: Axis, y: Axis, x_label: &str, y_label: &str) -> Self {
        Self::layout_aligned(outer, x, y, x_label, y_label, 0.0)
    }

    /// As [`Panel::layout`], with at least `tick_room` px for the tick labels on the left, so that
    /// panels in a column begin alike.
    pub(crate) fn layout_aligned(
        outer: Rect,
        x: Axis,
        y: Axis,
        x_label: &str,
        y_label: &str,
        tick_room: f64,
    ) -> Self {
        let below = TICK_MARK * 2.0 + TICK.line_height() + label_room(x_label);
        let bottom = (outer.bottom - below).max(outer.top + 20.0);
        let y = y.tick(Direction::Vertical, bottom - outer.top, TICK);
        let widest = widest_label(&y).max(tick_room);
        let left = (outer.left + widest + TICK_MARK * 2.0 + label_room(y_label)).min(outer.right - 20.0);
        let x = x.tick(Direction::Horizontal, outer.right - left, TICK);
        let plot = Rect {
            left,
            top: outer.top,
            right: outer.right,
            bottom,
        };
        Panel { plot, x, y }
    }

    /// A square plot with the same `axis` both ways, within `width` px from the upper left corner.
    pub(crate) fn layout_square(
        (left, top): Point,
        width: f64,
        axis: &Axis,
        x_label: &str,
        y_label: &str,
    ) -> Self {
        let outer = Rect {
            left,
            top,
            right: left + width,
            bottom: top + width,
        };
        let mut panel = Self::layout(outer, axis.clone(), axis.clone(), x_label, y_label);
        panel.plot.bottom = panel.plot.top + panel.plot.width();
        // The same ticks both ways: labels side by side need more room than labels above each other.
        panel.y.ticks.clone_from(&panel.x.ticks);
        panel
    }

    /// Axes on `plot` whose vertical direction is a list of rows: without ticks.
    pub(crate) fn over_rows(plot: Rect, x: Axis) -> Self {
        let x = x.tick(Direction::Horizontal, plot.width(), TICK);
        let y = Axis::fit(Scale::Linear, [], 0.0);
        Panel { plot, x, y }
    }

    /// Lower end of the tick labels and of the label below them, in px.
    pub(crate) fn bottom(&self, x_label: &str) -> f64 {
        self.plot.bottom + TICK_MARK * 2.0 + TICK.line_height() + label_room(x_label)
    }

    /// Draws grid, axes, ticks and labels.
    pub(crate) fn draw(&self, canvas: &Canvas<'_>, x_label: &str, y_label: &str) -> Result<()> {
        let below = TICK_MARK * 2.0 + TICK.line_height();
        let (origin, corner) = (
            px((self.plot.left - 60.0, self.plot.top)),
            px((self.plot.right, self.plot.bottom + below)),
        );
        let area = canvas.area.clone().shrink(
            origin,
            ((corner.0 - origin.0).max(1), (corner.1 - origin.1).max(1)),
        );
        let mut chart = ChartBuilder::on(&area)
            .set_label_area_size(LabelAreaPosition::Left, scaled(60.0))
            .set_label_area_size(LabelAreaPosition::Bottom, scaled(below))
            .build_cartesian_2d(Coordinate::new(&self.x, true), Coordinate::new(&self.y, false))?;
        let theme = canvas.theme;
        let label = |axis: &Axis, position: f64| {
            let nearest = axis
                .ticks
                .iter()
                .find(|tick| (axis.fraction(tick.value) - position).abs() < 1e-9);
            nearest.map(|tick| tick.label.clone()).unwrap_or_default()
        };
        chart
            .configure_mesh()
            .axis_style(theme.axis().stroke_width(scaled(1.0)))
            .bold_line_style(theme.grid().stroke_width(scaled(1.0)))
            .light_line_style(theme.grid().mix(0.55).stroke_width(scaled(0.6)))
            .label_style(text_style(TICK, theme.ink()))
            .set_all_tick_mark_size((TICK_MARK * SUBPIXELS) as i32)
            .x_label_formatter(&|position| label(&self.x, *position))
            .y_label_formatter(&|position| label(&self.y, *position))
            .draw()?;
        let middle = (self.plot.left + self.plot.right) / 2.0;
        let baseline = self.plot.bottom + below + 0.9 * AXIS_LABEL.size;
        let x_label = AXIS_LABEL.truncate(x_label, self.plot.width() + 40.0);
        canvas.text(
            &x_label,
            (middle, baseline),
            Align::Middle,
            AXIS_LABEL,
            theme.ink(),
        )?;
        self.draw_y_label(canvas, y_label)
    }

    /// The label of the vertical axis, turned to read upwards.
    fn draw_y_label(&self, canvas: &Canvas<'_>, label: &str) -> Result<()> {
        if label.is_empty() {
            return Ok(());
        }
        let label = AXIS_LABEL.truncate(label, self.plot.height());
        let widest = widest_label(&self.y);
        let top_of_text = self.plot.left - widest - TICK_MARK * 2.0 - label_room(&label);
        let style = text_style(AXIS_LABEL, canvas.theme.ink())
            .transform(FontTransform::Rotate270)
            .pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Center,
                plotters::style::text_anchor::VPos::Top,
            ));
        let middle = (self.plot.top + self.plot.bottom) / 2.0;
        Ok(canvas
            .area
            .draw_text(&printable(&label), &style, px((top_of_text + 1.0, middle)))?)
    }

    /// Where a data point lies, in px; `None` if it is off the axes or not a number.
    pub(crate) fn at(&self, x: f64, y: f64) -> Option<Point> {
        (self.x.shows(x) && self.y.shows(y)).then(|| (self.x_px(x), self.y_px(y)))
    }

    /// Horizontal position of `x` in px, held within the plot.
    pub(crate) fn x_px(&self, x: f64) -> f64 {
        self.plot.left + self.x.fraction(x).clamp(0.0, 1.0) * self.plot.width()
    }

    /// Vertical position of `y` in px, held within the plot.
    pub(crate) fn y_px(&self, y: f64) -> f64 {
        self.plot.bottom - self.y.fraction(y).clamp(0.0, 1.0) * self.plot.height()
    }
}

/// Width of the widest tick label, in px.
pub(crate) fn widest_label(axis: &Axis) -> f64 {
    axis.ticks
        .iter()
        .map(|tick| TICK.width(&tick.label))
        .fold(0.0, f64::max)
}

/// Room for the label of an axis, in px.
pub(crate) fn label_room(label: &str) -> f64 {
    if label.is_empty() {
        0.0
    } else {
        AXIS_LABEL.size * 1.6
    }
}

/// An [`Axis`] as plotters sees it: positions from 0 to 1, grid lines where the ticks are.
struct Coordinate {
    major: Vec<f64>,
    minor: Vec<f64>,
}

impl Coordinate {
    fn new(axis: &Axis, with_minor: bool) -> Self {
        let fractions = |values: &mut dyn Iterator<Item = f64>| {
            values
                .map(|value| axis.fraction(value))
                .filter(|position| (0.0..=1.0).contains(position))
                .collect()
        };
        let minor = if with_minor { axis.minor.as_slice() } else { &[] };
        Coordinate {
            major: fractions(&mut axis.ticks.iter().map(|tick| tick.value)),
            minor: fractions(&mut minor.iter().copied()),
        }
    }
}

impl Ranged for Coordinate {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (value * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            self.minor.clone()
        } else {
            self.major.clone()
        }
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..1.0
    }
}

impl ValueFormatter<f64> for Coordinate {
    fn format(position: &f64) -> String {
        position.to_string()
    }
}
