//! Predicted against measured, log-log, one panel per phase.

use crate::row::Row;
use rooflaw::device::{DeviceClass, Phase};
use std::fmt::Write as _;

/// Side of a panel, px.
const SIDE: f64 = 330.0;
/// Left edges of the panels, px.
const LEFT: [f64; 2] = [66.0, 486.0];
/// Top of the panels, px.
const TOP: f64 = 64.0;
const WIDTH: f64 = 840.0;
const HEIGHT: f64 = 500.0;

/// Okabe and Ito's palette, which most colour-blind readers tell apart; the shapes differ too.
const COLOURS: [&str; 4] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"];

/// A logarithmic axis.
struct Axis {
    /// Decimal exponents of its ends.
    low: i32,
    high: i32,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Axis {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(0.0, f64::max);
        Axis {
            low: low.log10().floor() as i32,
            high: high.log10().ceil() as i32,
        }
    }

    /// Share of the axis, 0 to 1 for values on it.
    fn share(&self, value: f64) -> f64 {
        (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low)
    }
}

/// One mark around a position; classes alternate between four shapes.
fn marker(class: usize, x: f64, y: f64) -> String {
    let colour = COLOURS[class % COLOURS.len()];
    let style = format!("fill=\"{colour}\" fill-opacity=\"0.55\"");
    // The second round of colours is hollow.
    let style = if class < COLOURS.len() {
        style
    } else {
        format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\"")
    };
    match class % 4 {
        0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.2\" {style}/>"),
        1 => format!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"5.6\" height=\"5.6\" {style}/>",
            x - 2.8,
            y - 2.8
        ),
        2 => format!("<path d=\"M{x:.1} {:.1}l3.6 6.2h-7.2z\" {style}/>", y - 3.9),
        _ => format!(
            "<path d=\"M{x:.1} {:.1}l3.8 3.8l-3.8 3.8l-3.8 -3.8z\" {style}/>",
            y - 3.8
        ),
    }
}

fn text(svg: &mut String, x: f64, y: f64, attributes: &str, content: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{content}</text>"
    );
}

fn milliseconds(exponent: i32) -> String {
    if exponent < 3 {
        format!("{} ms", 10_f64.powi(exponent))
    } else {
        format!("{} s", 10_f64.powi(exponent - 3))
    }
}

fn panel(svg: &mut String, rows: &[&Row], classes: &[DeviceClass], left: f64, title: &str) {
    let axis = Axis::of(rows.iter().flat_map(|row| [row.predicted_ms, row.measured_ms]));
    let x = |value: f64| left + SIDE * axis.share(value);
    let y = |value: f64| TOP + SIDE * (1.0 - axis.share(value));
    text(svg, left, TOP - 12.0, "class=\"title\"", title);
    for exponent in axis.low..=axis.high {
        let value = 10_f64.powi(exponent);
        let (tick_x, tick_y) = (x(value), y(value));
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{tick_x:.1} {TOP}v{SIDE}M{left} {tick_y:.1}h{SIDE}\"/>"
        );
        let label = milliseconds(exponent);
        text(svg, tick_x, TOP + SIDE + 16.0, "text-anchor=\"middle\"", &label);
        text(svg, left - 6.0, tick_y + 4.0, "text-anchor=\"end\"", &label);
    }
    let (low, high) = (10_f64.powi(axis.low), 10_f64.powi(axis.high));
    for (factor, class) in [(1.0, "bound"), (2.0, "guide"), (5.0, "guide")] {
        let _ = writeln!(
            svg,
            "<path class=\"{class}\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>",
            x(low),
            y(low * factor),
            x(high / factor),
            y(high)
        );
        let label = if factor > 1.0 {
            format!("{factor}×")
        } else {
            "1×".to_owned()
        };
        text(
            svg,
            x(high / factor),
            TOP - 2.0,
            "class=\"small\" text-anchor=\"middle\"",
            &label,
        );
    }
    for row in rows {
        if let Some(class) = classes.iter().position(|class| class.name() == row.class) {
            svg.push_str(&marker(class, x(row.predicted_ms), y(row.measured_ms)));
            svg.push('\n');
        }
    }
    let middle = left + SIDE / 2.0;
    text(
        svg,
        middle,
        TOP + SIDE + 36.0,
        "text-anchor=\"middle\"",
        "predicted",
    );
    let turn = format!(
        "text-anchor=\"middle\" transform=\"rotate(-90 {:.1} {:.1})\"",
        left - 50.0,
        TOP + SIDE / 2.0
    );
    text(svg, left - 50.0, TOP + SIDE / 2.0, &turn, "measured");
}

/// The figure.
#[must_use]
pub fn svg(rows: &[Row]) -> String {
    let classes: Vec<DeviceClass> = DeviceClass::ALL
        .into_iter()
        .filter(|class| rows.iter().any(|row| row.class == class.name()))
        .collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"Inter, sans-serif\" font-size=\"11\" fill=\"#1A1F26\">\n\
         <style>.title{{font-size:13px;font-weight:600}}.small{{font-size:9px;fill:#555E6A}}\
         .grid{{stroke:#E4E7EB;fill:none}}.bound{{stroke:#1A1F26;fill:none}}\
         .guide{{stroke:#6B7480;stroke-dasharray:4 3;fill:none}}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#FFFFFF\"/>\n"
    );
    text(
        &mut svg,
        LEFT[0],
        24.0,
        "class=\"title\"",
        "The uncalibrated roofline against published measurements",
    );
    for (left, (phase, title)) in LEFT.into_iter().zip([
        (Phase::Decode, "Decode: time per token"),
        (Phase::Prefill, "Prefill: time to first token"),
    ]) {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.phase == phase).collect();
        panel(&mut svg, &rows, &classes, left, title);
    }
    for (index, class) in classes.iter().enumerate() {
        let (x, y) = (
            LEFT[0] + 130.0 * (index % 6) as f64,
            HEIGHT - 44.0 + 20.0 * (index / 6) as f64,
        );
        svg.push_str(&marker(index, x, y - 4.0));
        text(&mut svg, x + 9.0, y, "", class.name());
    }
    svg.push_str("</svg>\n");
    svg
}
