//! Predicted against actual: how far a fitted law is from the runs it was fitted to, and from those
//! it was not.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, name_size, or_default, usable_width};
use crate::draw::axis::{Axis, transform};
use crate::draw::canvas::{Marker, Point, render};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::labels::{LOWER_RIGHT, Label, Placed, Placer, UPPER_LEFT};
use crate::draw::panel::Panel;
use crate::draw::scatter::{self, Look};
use crate::draw::text::Font;
use crate::error::Result;
use crate::theme::Theme;

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgreementPoint {
    /// What was measured.
    pub actual: f64,
    /// What the law says.
    pub predicted: f64,
    /// Interval of the prediction, (low, high): a vertical bar.
    pub interval: Option<(f64, f64)>,
    /// Written beside the point where there is room; empty for none. Of many, those farthest from
    /// agreement are named.
    pub label: String,
}

/// Points of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgreementSeries {
    /// Name in the legend, for example `fitted` or `left out`; empty for none.
    pub label: String,
    /// The points, in any order.
    pub points: Vec<AgreementPoint>,
}

/// Predicted against actual values on equal axes, with the line of agreement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgreementFigure {
    /// First line, bold.
    pub title: String,
    /// How good the agreement is, in a sentence; empty for none.
    pub subtitle: String,
    /// Label of the horizontal axis; empty for `actual loss (nats/token)`.
    pub x_label: String,
    /// Label of the vertical axis; empty for `predicted loss (nats/token)`.
    pub y_label: String,
    /// What the vertical bars are; empty for `prediction interval`.
    pub interval_label: String,
    /// Spacing of both axes.
    pub scale: Scale,
    /// The points by kind; later ones are drawn over earlier ones.
    pub series: Vec<AgreementSeries>,
}

/// Widest square of axes, in px: a larger one shows nothing more.
const MOST_SIDE_PX: f64 = 540.0;
/// Most points that are named.
const MOST_NAMES: usize = 30;
/// A name that costs more, because its line would cross the crowd, is left out.
const NAME_COST: f64 = 6.0;
/// Of points nearer to each other than this, one is named.
const NEIGHBOUR_PX: f64 = 16.0;
/// Interval ends farther out than this share of the range of the points do not widen the axes.
const INTERVAL_REACH: f64 = 0.4;

impl Figure for AgreementFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        let x_label = or_default(&self.x_label, "actual loss (nats/token)");
        let y_label = or_default(&self.y_label, "predicted loss (nats/token)");
        let side = (width - 2.0 * MARGIN - 6.0).min(MOST_SIDE_PX);
        let corner = ((width - 6.0 - side) / 2.0, header.height() + 2.0);
        let panel = Panel::layout_square(corner, side, &self.axis(), x_label, y_label);
        let height = panel.bottom(x_label) + MARGIN - 6.0;
        render((width, height), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            panel.draw(canvas, x_label, y_label)?;
            let Panel { plot, .. } = panel;
            let diagonal = [(plot.left, plot.bottom), (plot.right, plot.top)];
            canvas.dashed(&diagonal, theme.muted(), 1.2, (6.0, 4.0))?;
            for (index, series) in self.series.iter().enumerate() {
                let color = theme.series(index);
                let points = located(series, &panel);
                let faint = if points.len() > 100 { 0.22 } else { 0.5 };
                for (at, point) in scatter::worth_drawing(&points, |(at, _)| *at) {
                    if let Some((low, high)) = usable_interval(point) {
                        canvas.error_bar((at.0, panel.y_px(low)), panel.y_px(high), color, faint)?;
                    }
                }
                let places: Vec<Point> = points.iter().map(|(at, _)| *at).collect();
                let look = Look::of(index, color, places.len(), false);
                scatter::draw(canvas, &places, look)?;
            }
            let labels = self.place_labels(theme, &panel);
            labels.iter().try_for_each(|label| label.draw(canvas))
        })
    }
}

impl AgreementFigure {
    fn points(&self) -> impl Iterator<Item = &AgreementPoint> {
        self.series.iter().flat_map(|series| &series.points)
    }

    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let named = |(index, series): (usize, &AgreementSeries)| {
            let key = Key::Mark(Marker::series(index), theme.series(index), true);
            (!series.label.is_empty()).then(|| (key, series.label.clone()))
        };
        let mut entries: Vec<(Key, String)> = self.series.iter().enumerate().filter_map(named).collect();
        if self.points().any(|point| usable_interval(point).is_some()) {
            let label = or_default(&self.interval_label, "prediction interval");
            entries.push((Key::Bar(theme.muted()), label.to_owned()));
        }
        entries.push((Key::Dash(theme.muted()), "predicted = actual".into()));
        entries
    }

    /// The axis for both directions: all points, and their intervals unless these are far longer.
    fn axis(&self) -> Axis {
        let drawable = |value: f64| transform(self.scale, value).is_some();
        let points = || {
            self.points()
                .filter(|point| drawable(point.actual) && drawable(point.predicted))
        };
        let values = || points().flat_map(|point| [point.actual, point.predicted]);
        let reach = Axis::fit(self.scale, values(), INTERVAL_REACH);
        let ends = points()
            .filter_map(usable_interval)
            .flat_map(|(low, high)| [low, high])
            .filter(|end| reach.shows(*end));
        Axis::fit(self.scale, values().chain(ends), 0.05).brief()
    }

    /// Places the names, those farthest from agreement first.
    fn place_labels(&self, theme: Theme, panel: &Panel) -> Vec<Placed> {
        let mut placer = Placer::new(panel.plot.grown(-3.0));
        let plot = panel.plot;
        placer.line(&[(plot.left, plot.bottom), (plot.right, plot.top)], 1.0);
        let mut named: Vec<(f64, Point, &AgreementPoint)> = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let points = located(series, panel);
            let radius = Look::of(index, theme.ink(), points.len(), false).radius;
            for (at, _) in scatter::worth_drawing(&points, |(at, _)| *at) {
                placer.marker(at, radius + 0.5, 1.0);
            }
            named.extend(
                points
                    .into_iter()
                    .filter(|(_, point)| !point.label.trim().is_empty())
                    .map(|(at, point)| ((at.0 - plot.left) - (plot.bottom - at.1), at, point)),
            );
        }
        named.sort_by(|one, other| other.0.abs().total_cmp(&one.0.abs()));
        let font = Font::regular(name_size(panel));
        let mut apart: Vec<(f64, Point, &AgreementPoint)> = Vec::new();
        for (below, at, point) in named {
            let is_near =
                |(_, other, _): &(f64, Point, _)| (other.0 - at.0).hypot(other.1 - at.1) < NEIGHBOUR_PX;
            if apart.len() < MOST_NAMES && !apart.iter().any(is_near) {
                apart.push((below, at, point));
            }
        }
        apart
            .into_iter()
            .filter_map(|(below, anchor, point)| {
                placer.place(&Label {
                    text: &point.label,
                    anchor,
                    radius: 4.0,
                    font,
                    color: theme.ink(),
                    // Away from the line of agreement.
                    prefer: if below > 0.0 { LOWER_RIGHT } else { UPPER_LEFT },
                    most_cost: NAME_COST,
                })
            })
            .collect()
    }
}

/// The points of a series that are on the axes, with their positions in px.
fn located<'a>(series: &'a AgreementSeries, panel: &Panel) -> Vec<(Point, &'a AgreementPoint)> {
    let place = |point: &'a AgreementPoint| Some((panel.at(point.actual, point.predicted)?, point));
    series.points.iter().filter_map(place).collect()
}

/// The interval of a point, if it can be drawn.
fn usable_interval(point: &AgreementPoint) -> Option<(f64, f64)> {
    point
        .interval
        .filter(|(low, high)| low.is_finite() && high.is_finite() && low <= high)
}
