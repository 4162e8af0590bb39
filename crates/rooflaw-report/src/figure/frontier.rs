//! Predicted loss against predicted latency: the frontier, the space it was found in, and known
//! models for comparison.

mod bands;

use plotters::style::RGBColor;
use serde::{Deserialize, Serialize};

use super::{Figure, NamedPoint, Scale, is_narrow, name_size, or_default, usable_width};
use crate::draw::axis::Axis;
use crate::draw::canvas::{Align, Canvas, Marker, Point, render};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::labels::{ALWAYS, IF_FREE, Label, NEVER, Placed, Placer, RIGHT, Rect, USUALLY};
use crate::draw::numbers;
use crate::draw::panel::Panel;
use crate::draw::text::Font;
use crate::draw::thin::Thinner;
use crate::error::Result;
use crate::theme::Theme;

/// One design on the frontier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrontierPoint {
    /// Predicted total latency in milliseconds.
    pub latency_ms: f64,
    /// Predicted loss in nats per token.
    pub loss: f64,
    /// Written beside the point where there is room; empty for none.
    pub label: String,
    /// A mixture of experts is drawn hollow.
    pub is_moe: bool,
}

/// The frontier under one condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrontierSeries {
    /// Name in the legend, for example the weight format `bf16`.
    pub label: String,
    /// The designs, in any order.
    pub points: Vec<FrontierPoint>,
}

/// The frontier of loss against latency; latency on a logarithmic axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrontierFigure {
    /// First line, bold.
    pub title: String,
    /// Device, workload and budgets in a sentence; empty for none.
    pub subtitle: String,
    /// Label of the horizontal axis; empty for `predicted total latency (ms)`.
    pub x_label: String,
    /// Label of the vertical axis; empty for `predicted loss (nats/token)`.
    pub y_label: String,
    /// One frontier per series.
    pub series: Vec<FrontierSeries>,
    /// A sample of the evaluated designs: (latency in ms, loss in nats per token).
    pub cloud: Vec<(f64, f64)>,
    /// Latency budget in ms; what lies within it is shaded.
    pub budget_ms: Option<f64>,
    /// Published models (x: latency in ms, y: loss in nats per token).
    pub known_models: Vec<NamedPoint>,
    /// The recommended design (x: latency in ms, y: loss in nats per token).
    pub chosen: Option<NamedPoint>,
    /// Interval of the predicted loss along the frontier: (latency in ms, low, high).
    pub loss_interval: Option<Vec<(f64, f64, f64)>>,
    /// What that interval is; empty for `loss interval`.
    pub loss_interval_label: String,
    /// Interval of the predicted latency along the frontier.
    pub latency_band: Option<LatencyBand>,
}

/// Where the latencies of a frontier are to be expected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyBand {
    /// Name in the legend.
    pub label: String,
    /// For each design: loss, low and high latency in ms.
    pub points: Vec<(f64, f64, f64)>,
}

/// More dots than this add bytes, not information.
const MAX_CLOUD_DOTS: usize = 900;
/// Side of the squares of which each holds at most one dot, in px.
const CLOUD_CELL_PX: f64 = 4.0;

const SMALL: Font = Font::regular(11.0);

impl Figure for FrontierFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.subtitle, &self.legend(theme), width);
        // The name of the budget stands between header and plot.
        let top = header.height() + if self.budget_ms.is_some() { 14.0 } else { 0.0 };
        let height = top
            + if is_narrow(width) {
                0.95 * width
            } else {
                0.56 * width
            };
        let outer = Rect {
            left: MARGIN,
            top,
            right: width - MARGIN - 6.0,
            bottom: height - MARGIN + 6.0,
        };
        let (x, y) = self.axes();
        let x_label = or_default(&self.x_label, "predicted total latency (ms)");
        let y_label = or_default(&self.y_label, "predicted loss (nats/token)");
        let panel = Panel::layout(outer, x, y, x_label, y_label);
        render((width, height), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            self.draw_budget_area(canvas, &panel)?;
            panel.draw(canvas, x_label, y_label)?;
            let labels = self.place_labels(theme, &panel);
            self.draw_cloud(canvas, &panel, &labels)?;
            self.draw_bands(canvas, &panel)?;
            self.draw_budget_line(canvas, &panel)?;
            self.draw_series(canvas, &panel)?;
            self.draw_named(canvas, &panel)?;
            labels.iter().try_for_each(|label| label.draw(canvas))
        })
    }
}

impl FrontierFigure {
    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let mut entries: Vec<(Key, String)> = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let key = Key::Series(Marker::series(index), theme.series(index));
            entries.push((key, series.label.clone()));
        }
        let points = || self.series.iter().flat_map(|series| &series.points);
        if points().any(|point| point.is_moe) {
            if points().any(|point| !point.is_moe) {
                entries.push((Key::Mark(Marker::Circle, theme.muted(), true), "dense".into()));
            }
            entries.push((
                Key::Mark(Marker::Circle, theme.muted(), false),
                "mixture of experts".into(),
            ));
        }
        if self.chosen.is_some() {
            entries.push((
                Key::Mark(Marker::Star, theme.accent(), true),
                "chosen architecture".into(),
            ));
        }
        if !self.known_models.is_empty() {
            entries.push((
                Key::Mark(Marker::Diamond, theme.muted(), true),
                "known models".into(),
            ));
        }
        entries.extend(self.band_keys(theme));
        if !self.cloud.is_empty() {
            entries.push((Key::Dot(theme.cloud()), "evaluated architectures".into()));
        }
        entries
    }

    /// Axes that hold all named data, and of the cloud the part near the frontier: most of the
    /// evaluated space is far worse and would squeeze the rest.
    fn axes(&self) -> (Axis, Axis) {
        let points = self.series.iter().flat_map(|series| &series.points);
        let mut named: Vec<Point> = points.map(|point| (point.latency_ms, point.loss)).collect();
        named.extend(
            self.known_models
                .iter()
                .chain(&self.chosen)
                .map(|point| (point.x, point.y)),
        );
        named.extend(self.band_points());
        named.retain(|point| usable(*point));
        let mut cloud: Vec<Point> = self
            .cloud
            .iter()
            .copied()
            .filter(|point| usable(*point))
            .collect();
        let (low, high) = bounds(named.iter().map(|point| point.1));
        if low < high {
            let ceiling = high + 0.2 * (high - low);
            cloud.retain(|point| point.1 <= ceiling);
            let (left, right) = bounds(named.iter().map(|point| point.0));
            cloud.retain(|point| point.0 >= left / 1.5 && point.0 <= right * 1.5);
        }
        let budget = self.budget_ms.filter(|budget| usable((*budget, 0.0)));
        let xs = named.iter().chain(&cloud).map(|point| point.0).chain(budget);
        let x = Axis::fit(Scale::Log10, xs, 0.04);
        let y = Axis::fit(
            Scale::Linear,
            named.iter().chain(&cloud).map(|point| point.1),
            0.06,
        );
        (x, y)
    }

    /// Position of the budget in px, if it is on the axis.
    fn budget_px(&self, panel: &Panel) -> Option<f64> {
        self.budget_ms
            .filter(|budget| panel.x.shows(*budget))
            .map(|budget| panel.x_px(budget))
    }

    fn draw_budget_area(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let Some(right) = self.budget_px(panel) else {
            return Ok(());
        };
        let Rect {
            left, top, bottom, ..
        } = panel.plot;
        canvas.rect((left, top), (right, bottom), canvas.theme.series(2), 0.08)
    }

    fn draw_budget_line(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let (Some(x), Some(budget)) = (self.budget_px(panel), self.budget_ms) else {
            return Ok(());
        };
        let color = canvas.theme.muted();
        canvas.dashed(
            &[(x, panel.plot.top), (x, panel.plot.bottom)],
            color,
            1.2,
            (6.0, 4.0),
        )?;
        let text = format!("budget {} ms", numbers::plain(budget));
        let half = SMALL.width(&text) / 2.0;
        let middle = x.clamp(
            panel.plot.left + half,
            (panel.plot.right - half).max(panel.plot.left + half),
        );
        canvas.text(&text, (middle, panel.plot.top - 5.0), Align::Middle, SMALL, color)
    }

    /// Dots of the evaluated space; none where a label stands.
    fn draw_cloud(&self, canvas: &Canvas<'_>, panel: &Panel, labels: &[Placed]) -> Result<()> {
        let mut thinner = Thinner::new(CLOUD_CELL_PX);
        let mut dots: Vec<Point> = self
            .cloud
            .iter()
            .filter_map(|(x, y)| panel.at(*x, *y))
            .filter(|dot| thinner.keeps(*dot))
            .filter(|dot| !labels.iter().any(|label| label.covers(*dot)))
            .collect();
        // Every k-th dot: the input comes in no particular order, so this is a fair sample.
        let every = dots.len().div_ceil(MAX_CLOUD_DOTS).max(1);
        dots = dots.into_iter().step_by(every).collect();
        dots.iter()
            .try_for_each(|dot| canvas.disc(*dot, 1.3, canvas.theme.cloud(), 0.55))
    }

    /// The designs of a series that are on the axes, by latency, with their positions in px.
    fn located<'a>(series: &'a FrontierSeries, panel: &Panel) -> Vec<(Point, &'a FrontierPoint)> {
        let place = |point: &'a FrontierPoint| Some((panel.at(point.latency_ms, point.loss)?, point));
        let mut points: Vec<(Point, &FrontierPoint)> = series.points.iter().filter_map(place).collect();
        points.sort_by(|(one, _), (other, _)| one.0.total_cmp(&other.0));
        points
    }

    fn known(&self, panel: &Panel) -> Vec<(Point, &NamedPoint)> {
        self.known_models
            .iter()
            .filter_map(|model| Some((panel.at(model.x, model.y)?, model)))
            .collect()
    }

    fn chosen(&self, panel: &Panel) -> Option<(Point, &NamedPoint)> {
        self.chosen
            .as_ref()
            .and_then(|chosen| Some((panel.at(chosen.x, chosen.y)?, chosen)))
    }

    fn draw_series(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        for (index, series) in self.series.iter().enumerate() {
            let color = canvas.theme.series(index);
            let points = Self::located(series, panel);
            canvas.polyline(&stairs(&points), color, 0.85, 1.8)?;
            let radius = marker_radius(points.len());
            // Markers on top of each other add bytes, not information; the line passes through all points.
            let mut last: Option<(Point, bool)> = None;
            for (at, point) in points {
                let hidden = last.is_some_and(|((x, y), is_moe)| {
                    is_moe == point.is_moe && (x - at.0).hypot(y - at.1) < 1.2 * radius
                });
                if !hidden {
                    canvas.marker(Marker::series(index), at, radius, color, !point.is_moe)?;
                    last = Some((at, point.is_moe));
                }
            }
        }
        Ok(())
    }

    fn draw_named(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let theme = canvas.theme;
        for (at, _) in self.known(panel) {
            canvas.marker(Marker::Diamond, at, 5.6, theme.background(), true)?;
            canvas.marker(Marker::Diamond, at, 4.4, theme.muted(), true)?;
        }
        if let Some((at, _)) = self.chosen(panel) {
            canvas.marker(Marker::Star, at, 7.6, theme.background(), true)?;
            canvas.marker(Marker::Star, at, 6.0, theme.accent(), true)?;
            canvas.ring(at, 12.0, theme.accent(), 1.6)?;
        }
        Ok(())
    }

    /// Places the names: the chosen design first, then known models, then designs on the frontier.
    fn place_labels(&self, theme: Theme, panel: &Panel) -> Vec<Placed> {
        let mut placer = Placer::new(panel.plot.grown(-3.0));
        if let Some(x) = self.budget_px(panel) {
            placer.line(&[(x, panel.plot.top), (x, panel.plot.bottom)], 0.7);
        }
        let size = name_size(panel);
        let mut labels: Vec<Label<'_>> = Vec::new();
        if let Some((at, chosen)) = self.chosen(panel) {
            placer.marker(at, 13.0, NEVER);
            labels.push(named(chosen, at, 12.5, Font::bold(size), theme.accent()));
        }
        for (at, model) in self.known(panel) {
            placer.marker(at, 6.0, NEVER);
            labels.push(named(model, at, 5.5, Font::regular(size), theme.ink()));
        }
        for series in &self.series {
            let points = Self::located(series, panel);
            placer.line(&stairs(&points), 1.0);
            let radius = marker_radius(points.len());
            for (at, point) in points {
                placer.marker(at, radius + 1.0, 1.5);
                let (text, font, color) = (point.label.as_str(), SMALL, theme.muted());
                labels.push(Label {
                    text,
                    anchor: at,
                    radius,
                    font,
                    color,
                    prefer: RIGHT,
                    most_cost: IF_FREE,
                });
            }
        }
        labels.iter().filter_map(|label| placer.place(label)).collect()
    }
}

fn named(point: &NamedPoint, anchor: Point, radius: f64, font: Font, color: RGBColor) -> Label<'_> {
    Label {
        text: &point.name,
        anchor,
        radius,
        font,
        color,
        prefer: RIGHT,
        most_cost: if font.bold { ALWAYS } else { USUALLY },
    }
}

/// A long frontier is a line; large markers would turn it into a chain.
fn marker_radius(points: usize) -> f64 {
    if points > 60 { 2.6 } else { 3.8 }
}

/// The best loss available at each latency: it falls only where a design begins.
fn stairs(points: &[(Point, &FrontierPoint)]) -> Vec<Point> {
    let mut line: Vec<Point> = Vec::new();
    for &((x, y), _) in points {
        if let Some(&(_, before)) = line.last() {
            line.push((x, before));
        }
        line.push((x, y));
    }
    line
}

fn usable((latency, loss): Point) -> bool {
    latency.is_finite() && latency > 0.0 && loss.is_finite()
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}
