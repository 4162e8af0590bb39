//! What goes into the folder of `--out`: figures, tables, the page.

pub mod design;
pub mod figures;
pub mod prediction;

use crate::output::Folder;
use anyhow::Result;
use rooflaw::device::Device;
use rooflaw::roofline::Fallback;
use rooflaw_report::figure::Figure;

/// How far a latency can be trusted, wherever one is shown.
pub const ACCURACY: &str = "Latencies: a roofline's lower bound plus launches; not calibrated on the device.";

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
