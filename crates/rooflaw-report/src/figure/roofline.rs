//! The roofline: attainable throughput against arithmetic intensity, with the operators of a model.

use serde::{Deserialize, Serialize};

use super::{Figure, Scale, distinct, is_narrow, name_size, usable_width};
use crate::draw::axis::Axis;
use crate::draw::canvas::{Canvas, Marker, Point, render};
use crate::draw::header::{Header, Key, MARGIN};
use crate::draw::labels::{ABOVE, ALWAYS, Label, NEVER, Placer, RIGHT, Rect, UPPER_LEFT, USUALLY};
use crate::draw::numbers;
use crate::draw::panel::Panel;
use crate::draw::text::Font;
use crate::error::Result;
use crate::theme::Theme;

/// A compute roof.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// What it is the peak of, for example `bf16`.
    pub label: String,
    /// Peak in floating-point operations per second.
    pub peak_flops_per_s: f64,
}

/// One operator in one phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RooflinePoint {
    /// Name of the operator.
    pub label: String,
    /// `prefill`, `decode` or another phase: one colour and shape each.
    pub phase: String,
    /// Floating-point operations per byte moved.
    pub intensity_flop_per_byte: f64,
    /// Throughput in floating-point operations per second.
    pub achieved_flops_per_s: f64,
    /// Share of the total time, 0 to 1: the area of the marker.
    pub share_of_time: f64,
}

/// A roofline; both axes are logarithmic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RooflineFigure {
    /// First line, bold.
    pub title: String,
    /// Name of the device and what else belongs under the title; empty for none.
    pub device: String,
    /// The compute roofs.
    pub ceilings: Vec<Ceiling>,
    /// Memory bandwidth in bytes per second: the slope.
    pub bandwidth_bytes_per_s: f64,
    /// The operators.
    pub operators: Vec<RooflinePoint>,
}

const X_LABEL: &str = "arithmetic intensity (FLOP/byte)";
const Y_LABEL: &str = "throughput (FLOP/s)";
/// Radius of an operator that takes all of the time, in px.
const WHOLE_RADIUS_PX: f64 = 20.0;
const LEAST_RADIUS_PX: f64 = 3.2;

impl Figure for RooflineFigure {
    fn title(&self) -> &str {
        &self.title
    }

    fn svg_of_width(&self, theme: Theme, width_px: f64) -> Result<String> {
        let width = usable_width(width_px);
        let header = Header::new(&self.title, &self.device, &self.legend(theme), width);
        let top = header.height() + 2.0;
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
        let panel = Panel::layout(outer, x, y, X_LABEL, Y_LABEL);
        render((width, height), theme, &self.title, |canvas| {
            header.draw(canvas)?;
            panel.draw(canvas, X_LABEL, Y_LABEL)?;
            self.draw_data(canvas, &panel)
        })
    }
}

impl RooflineFigure {
    /// The phases in order of appearance.
    fn phases(&self) -> Vec<&str> {
        distinct(self.operators.iter().map(|operator| operator.phase.as_str()))
    }

    fn legend(&self, theme: Theme) -> Vec<(Key, String)> {
        let mut entries: Vec<(Key, String)> = Vec::new();
        for (index, phase) in self.phases().iter().enumerate() {
            let key = Key::Mark(Marker::series(index), theme.series(index), true);
            entries.push((key, (*phase).to_owned()));
        }
        if !entries.is_empty() {
            entries.push((
                Key::Mark(Marker::Circle, theme.muted(), false),
                "area: share of time".into(),
            ));
        }
        entries
    }

    /// The roofs that can be drawn, highest first.
    fn roofs(&self) -> Vec<&Ceiling> {
        let mut roofs: Vec<&Ceiling> = self
            .ceilings
            .iter()
            .filter(|ceiling| positive(ceiling.peak_flops_per_s))
            .collect();
        roofs.sort_by(|one, other| other.peak_flops_per_s.total_cmp(&one.peak_flops_per_s));
        roofs
    }

    fn bandwidth(&self) -> Option<f64> {
        positive(self.bandwidth_bytes_per_s).then_some(self.bandwidth_bytes_per_s)
    }

    /// Axes that hold the operators and the ridge, with a little of both sides of the roof.
    fn axes(&self) -> (Axis, Axis) {
        let drawable = |operator: &&RooflinePoint| {
            positive(operator.intensity_flop_per_byte) && positive(operator.achieved_flops_per_s)
        };
        let operators: Vec<&RooflinePoint> = self.operators.iter().filter(drawable).collect();
        let mut xs: Vec<f64> = operators
            .iter()
            .map(|operator| operator.intensity_flop_per_byte)
            .collect();
        let mut ys: Vec<f64> = operators
            .iter()
            .map(|operator| operator.achieved_flops_per_s)
            .collect();
        for roof in self.roofs() {
            ys.push(roof.peak_flops_per_s * 1.25);
            if let Some(bandwidth) = self.bandwidth() {
                let ridge = roof.peak_flops_per_s / bandwidth;
                xs.extend([ridge / 4.0, ridge * 10.0]);
                ys.push(roof.peak_flops_per_s / 8.0);
            }
        }
        (
            Axis::fit(Scale::Log10, xs, 0.05),
            Axis::fit(Scale::Log10, ys, 0.05).si(),
        )
    }

    fn draw_data(&self, canvas: &Canvas<'_>, panel: &Panel) -> Result<()> {
        let mut placer = Placer::new(panel.plot.grown(-3.0));
        let roof_labels = self.draw_roofs(canvas, panel, &mut placer)?;
        let theme = canvas.theme;
        let phases = self.phases();
        let mut operators: Vec<(Point, f64, usize, &RooflinePoint)> = self
            .operators
            .iter()
            .filter_map(|operator| {
                let at = panel.at(operator.intensity_flop_per_byte, operator.achieved_flops_per_s)?;
                let phase = phases
                    .iter()
                    .position(|phase| *phase == operator.phase)
                    .unwrap_or(0);
                Some((at, radius(operator.share_of_time), phase, operator))
            })
            .collect();
        // Small markers over large ones; large ones get their labels first.
        operators.sort_by(|one, other| other.1.total_cmp(&one.1));
        for (at, radius, phase, _) in &operators {
            let marker = Marker::series(*phase);
            canvas.bubble(marker, *at, *radius, theme.series(*phase))?;
            placer.marker(*at, *radius, NEVER);
        }
        let size = name_size(panel);
        let mut labels: Vec<Label<'_>> = roof_labels
            .iter()
            .map(|label| Label {
                text: &label.text,
                anchor: label.at,
                radius: 4.0,
                font: Font::bold(size),
                color: theme.ink(),
                prefer: label.prefer,
                most_cost: ALWAYS,
            })
            .collect();
        labels.extend(operators.iter().map(|(at, radius, _, operator)| Label {
            text: &operator.label,
            anchor: *at,
            radius: *radius,
            font: Font::regular(size),
            color: theme.ink(),
            prefer: RIGHT,
            most_cost: USUALLY,
        }));
        let placed: Vec<_> = labels.iter().filter_map(|label| placer.place(label)).collect();
        placed.iter().try_for_each(|label| label.draw(canvas))
    }

    /// Draws slope, roofs and ridges; returns what is to be written beside them.
    fn draw_roofs(&self, canvas: &Canvas<'_>, panel: &Panel, placer: &mut Placer) -> Result<Vec<RoofLabel>> {
        let theme = canvas.theme;
        let mut labels = Vec::new();
        let roofs = self.roofs();
        let (left, right) = (panel.x.low(), panel.x.high());
        for (index, roof) in roofs.iter().enumerate() {
            let peak = roof.peak_flops_per_s;
            let ridge = self.bandwidth().map(|bandwidth| peak / bandwidth);
            let from = ridge.unwrap_or(left).clamp(left, right);
            let line = [
                (panel.x_px(from), panel.y_px(peak)),
                (panel.plot.right, panel.y_px(peak)),
            ];
            let color = if index == 0 { theme.ink() } else { theme.axis() };
            canvas.polyline(&line, color, 1.0, if index == 0 { 2.2 } else { 1.5 })?;
            placer.line(&line, 1.9);
            let text = format!("{} {}FLOP/s", roof.label, spaced(peak));
            labels.push(RoofLabel {
                text,
                at: (line[0].0 + 0.62 * (line[1].0 - line[0].0), line[0].1),
                prefer: ABOVE,
            });
        }
        let (Some(bandwidth), peak) = (self.bandwidth(), roofs.first().map(|roof| roof.peak_flops_per_s))
        else {
            return Ok(labels);
        };
        // The slope from where it enters the plot to the highest roof, or to where it leaves.
        let start = left.max(panel.y.low() / bandwidth);
        let end = right.min(peak.unwrap_or_else(|| panel.y.high()) / bandwidth);
        if start < end {
            let slope = [start, end].map(|x| (panel.x_px(x), panel.y_px(x * bandwidth)));
            canvas.polyline(&slope, theme.ink(), 1.0, 2.2)?;
            placer.line(&slope, 1.9);
            let text = format!("memory {}B/s", spaced(bandwidth));
            let along = |share: f64| {
                (
                    slope[0].0 + share * (slope[1].0 - slope[0].0),
                    slope[0].1 + share * (slope[1].1 - slope[0].1),
                )
            };
            labels.push(RoofLabel {
                text,
                at: along(0.5),
                prefer: UPPER_LEFT,
            });
        }
        for (index, roof) in roofs.iter().enumerate() {
            let ridge = roof.peak_flops_per_s / bandwidth;
            let Some(at) = panel.at(ridge, roof.peak_flops_per_s) else {
                continue;
            };
            let color = if index == 0 { theme.ink() } else { theme.axis() };
            canvas.dashed(&[at, (at.0, panel.plot.bottom)], theme.axis(), 1.0, (2.0, 4.0))?;
            canvas.marker(Marker::Circle, at, 3.6, color, false)?;
            placer.line(&[at, (at.0, panel.plot.bottom)], 0.5);
            let text = format!("ridge {} FLOP/B", numbers::plain(ridge));
            labels.push(RoofLabel {
                text,
                at: (at.0, panel.plot.bottom - 12.0 - 16.0 * index as f64),
                prefer: RIGHT,
            });
        }
        Ok(labels)
    }
}

/// What is written beside a roof, the slope or a ridge.
struct RoofLabel {
    text: String,
    at: Point,
    prefer: (f64, f64),
}

/// A number with its prefix and the space that a unit without prefix needs too.
fn spaced(value: f64) -> String {
    let text = numbers::si(value);
    if text.contains(' ') { text } else { text + " " }
}

/// Radius of a marker whose area is the share of time, in px.
fn radius(share: f64) -> f64 {
    let share = if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    (WHOLE_RADIUS_PX * share.sqrt()).max(LEAST_RADIUS_PX)
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
