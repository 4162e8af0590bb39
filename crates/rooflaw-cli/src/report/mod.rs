//! What goes into the folder of `--out`: figures, tables, the page.

pub mod design;
pub mod figures;
pub mod prediction;

use crate::output::Folder;
use anyhow::Result;
use rooflaw::device::{Device, ExpectedRatio, Phase, expected_ratio};
use rooflaw::roofline::Fallback;
use rooflaw_report::figure::Figure;
use serde::Serialize;

/// Measured over predicted latency: what published measurements of the device's class say.
#[derive(Clone, Copy, Serialize)]
pub struct ExpectedRatios {
    /// Of TTFT.
    pub ttft: ExpectedRatio,
    /// Of TPOT.
    pub tpot: ExpectedRatio,
}

impl ExpectedRatios {
    /// Those of a device that is not calibrated.
    pub fn of(device: &Device) -> ExpectedRatios {
        ExpectedRatios {
            ttft: expected_ratio(device.class, Phase::Prefill),
            tpot: expected_ratio(device.class, Phase::Decode),
        }
    }
}

/// How far a latency can be trusted, wherever one is shown.
pub fn accuracy(device: &Device) -> String {
    let ExpectedRatios { ttft, tpot } = ExpectedRatios::of(device);
    let range = |expected: &ExpectedRatio| {
        let class = if expected.pooled {
            "all classes"
        } else {
            device.class.name()
        };
        let (p10, p90, median) = (expected.p10, expected.p90, expected.median);
        format!(
            "{p10:.2} to {p90:.2} times as long, {median:.2} in the median ({} rows, {class})",
            expected.n_rows
        )
    };
    format!(
        "Latencies are an uncalibrated roofline's: a lower bound. In published measurements, prefill takes {}; decode \
         takes {}.",
        range(&ttft),
        range(&tpot),
    )
}

/// One sentence for each precision the device has no rate for.
pub fn fallback_warnings(device: &Device, fallbacks: &[Fallback]) -> Vec<String> {
    fallbacks
        .iter()
        .map(|fallback| {
            format!(
                "no {} rate is known for {}: its {} rate is used",
                fallback.wanted, device.name, fallback.used
            )
        })
        .collect()
}

/// Pixels per SVG unit of the PNG files.
const PNG_SCALE: f32 = 2.0;

/// Adds a figure as SVG and PNG.
pub fn add_figure(folder: &mut Folder, name: &str, figure: &dyn Figure) -> Result<()> {
    let svg = figure.svg(rooflaw_report::Theme::Light)?;
    folder.add(&format!("{name}.png"), rooflaw_report::png(&svg, PNG_SCALE)?)?;
    folder.add(&format!("{name}.svg"), svg)
}

/// The command line that is running, quoted where a shell would need it.
pub fn command_line() -> String {
    let quoted = |argument: String| {
        let plain = argument
            .chars()
            .all(|c| c.is_alphanumeric() || "-_./,=:+".contains(c))
            && !argument.is_empty();
        if plain {
            argument
        } else {
            format!("'{}'", argument.replace('\'', "'\\''"))
        }
    };
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|a| quoted(a.to_string_lossy().into_owned()))
        .collect();
    format!("rooflaw {}", arguments.join(" "))
}
