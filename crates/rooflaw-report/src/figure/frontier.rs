//! Predicted loss against predicted latency: the frontier, the space it was found in, and known
//! models for comparison.

use serde::{Deserialize, Serialize};

use super::{Figure, NamedPoint, Scale, is_narrow, usable_width};
use crate::draw::axis::Axis;
use crate::draw::canvas::{Align, Canvas, Marker, Point, render};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::labels::{Label, Placer, Rect};
use crate::draw::panel::Panel;
use crate::draw::text::Font;
use crate::draw::ticks;
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
}

/// More dots than this add bytes, not information.
const MAX_CLOUD_DOTS: usize = 900;
/// Side of the squares of which each holds at most one dot, in px.
const CLOUD_CELL_PX: f64 = 4.0;

const NAME: Font = Font::regular(12.0);
const CHOSEN: Font = Font::bold(12.5);
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
            bottom: height - MARGIN,
        };
        let (x, y) = self.axes();
        let x_label = or_default(&self.x_label, "predicted total latency (ms)");
        let y_label = or_default(&self.y_label, "predicted loss (nats/token)");
        let panel = Panel::layout(outer, x, y, x_label, y_label);
        render((width, height), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            self.draw_budget_area(canvas, &panel)?;
            panel.draw(canvas, x_label, y_label)?;
            self.draw_cloud(canvas, &panel)?;
            self.draw_interval(canvas, &panel)?;
            self.draw_budget_line(canvas, &panel)?;
            self.draw_data(canvas, &panel)
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
                "chosen design".into(),
            ));
        }
        if !self.known_models.is_empty() {
            entries.push((
                Key::Mark(Marker::Diamond, theme.muted(), true),
                "known models".into(),
            ));
        }
        if self
            .loss_interval
            .as_ref()
            .is_some_and(|interval| interval.len() > 1)
        {
            entries.push((Key::Band(theme.series(0), 0.22), "loss interval".into()));
        }
        if !self.cloud.is_empty() {
            entries.push((Key::Dot(theme.cloud()), "evaluated designs".into()));
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
        for (x, low, high) in self.loss_interval.iter().flatten() {
            named.extend([(*x, *low), (*x, *high)]);
        }
        named.retain(|point| usable(*point));
        let mut cloud: Vec<Point> = self
            .cloud
            .iter()
            .copied()
            .filter(|point| usable(*point))
            .collect();
        let (low, high) = bounds(named.iter().map(|point| point.1));
        if low < high {
            let ceiling = high + 0.45 * (high - low);
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
        let text = format!("budget {} ms", ticks::plain(budget));
        let half = SMALL.width(&text) / 2.0;
        let middle = x.clamp(
            panel.plot.left + half,
            (panel.plot.right - half).max(panel.plot.left + half),
        );
        canvas.text(&text, (middle, panel.plot.top - 5.0), Align::Middle, SMALL, color)
    }

    fn draw_cloud(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let mut cells = std::collections::HashSet::new();
        let mut dots: Vec<Point> = self
            .cloud
            .iter()
            .filter_map(|(x, y)| panel.at(*x, *y))
            .filter(|(x, y)| cells.insert(((x / CLOUD_CELL_PX) as i64, (y / CLOUD_CELL_PX) as i64)))
            .collect();
        // Every k-th dot: the input comes in no particular order, so this is a fair sample.
        let every = dots.len().div_ceil(MAX_CLOUD_DOTS).max(1);
        dots = dots.into_iter().step_by(every).collect();
        dots.iter()
            .try_for_each(|dot| canvas.disc(*dot, 1.3, canvas.theme.cloud(), 0.55))
    }

    fn draw_interval(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let mut band: Vec<(f64, f64, f64)> = self.loss_interval.iter().flatten().copied().collect();
        band.retain(|(x, low, high)| usable((*x, *low)) && usable((*x, *high)));
        band.sort_by(|one, other| one.0.total_cmp(&other.0));
        let upper = band
            .iter()
            .map(|(x, _, high)| (panel.x_px(*x), panel.y_px(*high)));
        let lower = band
            .iter()
            .rev()
            .map(|(x, low, _)| (panel.x_px(*x), panel.y_px(*low)));
        let outline: Vec<Point> = upper.chain(lower).collect();
        canvas.polygon(&outline, canvas.theme.series(0), 0.16)
    }

    fn draw_data(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let theme = canvas.theme;
        let mut placer = Placer::new(panel.plot.grown(-3.0));
        if let Some(x) = self.budget_px(panel) {
            placer.line(&[(x, panel.plot.top), (x, panel.plot.bottom)], 0.7);
        }
        let mut minor_labels: Vec<Label<'_>> = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let color = theme.series(index);
            let mut points: Vec<(Point, &FrontierPoint)> = series
                .points
                .iter()
                .filter_map(|point| Some((panel.at(point.latency_ms, point.loss)?, point)))
                .collect();
            points.sort_by(|(one, _), (other, _)| one.0.total_cmp(&other.0));
            let stairs = stairs(&points.iter().map(|(at, _)| *at).collect::<Vec<_>>());
            canvas.polyline(&stairs, color, 0.85, 1.8)?;
            placer.line(&stairs, 0.6);
            // A long frontier is a line; large markers would turn it into a chain.
            let radius = if points.len() > 60 { 2.6 } else { 3.8 };
            for (at, point) in points {
                canvas.marker(Marker::series(index), at, radius, color, !point.is_moe)?;
                placer.marker(at, radius + 1.0, 1.2);
                minor_labels.push(Label {
                    text: &point.label,
                    anchor: at,
                    radius: 4.0,
                    font: SMALL,
                    color: theme.muted(),
                    optional: true,
                });
            }
        }
        let located = |point: &NamedPoint| panel.at(point.x, point.y);
        let known: Vec<(Point, &NamedPoint)> = self
            .known_models
            .iter()
            .filter_map(|point| Some((located(point)?, point)))
            .collect();
        for (at, _) in &known {
            canvas.marker(Marker::Diamond, *at, 5.6, theme.background(), true)?;
            canvas.marker(Marker::Diamond, *at, 4.4, theme.muted(), true)?;
            placer.marker(*at, 6.0, 2.0);
        }
        let mut placed = Vec::new();
        if let Some((at, chosen)) = self
            .chosen
            .as_ref()
            .and_then(|point| Some((located(point)?, point)))
        {
            canvas.marker(Marker::Star, at, 7.6, theme.background(), true)?;
            canvas.marker(Marker::Star, at, 6.0, theme.accent(), true)?;
            canvas.ring(at, 12.0, theme.accent(), 1.6)?;
            placer.marker(at, 13.0, 3.0);
            let (font, color) = (CHOSEN, theme.accent());
            let label = Label {
                text: &chosen.name,
                anchor: at,
                radius: 12.5,
                font,
                color,
                optional: false,
            };
            placed.extend(placer.place(&label));
        }
        for (at, model) in &known {
            let (font, color) = (NAME, theme.ink());
            let label = Label {
                text: &model.name,
                anchor: *at,
                radius: 5.5,
                font,
                color,
                optional: false,
            };
            placed.extend(placer.place(&label));
        }
        placed.extend(minor_labels.iter().filter_map(|label| placer.place(label)));
        placed.iter().try_for_each(|label| label.draw(canvas))
    }
}

/// The best loss available at each latency: it falls only where a design begins.
fn stairs(points: &[Point]) -> Vec<Point> {
    let mut line: Vec<Point> = Vec::new();
    for &(x, y) in points {
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

fn or_default<'a>(label: &'a str, default: &'a str) -> &'a str {
    if label.is_empty() { default } else { label }
}
