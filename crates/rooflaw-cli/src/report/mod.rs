//! What goes into the folder of `--out`: figures, tables, the page.

pub mod calibration;
mod decision;
pub mod design;
pub mod explain;
pub mod figures;
pub mod fit;
pub mod fit_figures;
mod frontier_csv;
pub mod plan;
pub mod prediction;
pub mod several;
pub mod whatif;

use crate::input::shell_word;
use crate::output::{self, Folder};
use anyhow::Result;
use rooflaw::architecture::Architecture;
use rooflaw::device::Device;
use rooflaw::law::{COVERAGE, LossInterval, LossLaw};
use rooflaw::roofline::Fallback;
use rooflaw_report::figure::Figure;

/// A loss with half of its interval's width, `3.188 ± 0.021`, if there is one.
pub fn loss(loss: f64, interval: Option<LossInterval>) -> String {
    interval.map_or_else(
        || output::loss(loss),
        |interval| format!("{} ± {:.3}", output::loss(loss), interval.half_width()),
    )
}

/// The law, and what architectures are trained on if it depends on that.
pub fn law_text(law: &LossLaw) -> String {
    law.training_tokens.map_or_else(
        || law.id.clone(),
        |tokens| {
            format!(
                "{} at {} training tokens",
                law.id,
                output::parameters(tokens as u64)
            )
        },
    )
}

/// What a law that knows nothing of experts says of an architecture that has them.
pub fn expert_warning(law: &LossLaw, architecture: &Architecture) -> Option<String> {
    (architecture.ffn.moe.is_some() && !law.sees_experts()).then(|| {
        format!(
            "the law {} knows nothing of mixtures of experts: it takes one for a dense model of its shape or size, and \
             its loss is too low or means nothing",
            law.id
        )
    })
}

/// How far a loss can be trusted, wherever one is shown.
pub fn loss_text(law: &LossLaw) -> String {
    let unit = format!("Loss: {} if trained as the law's runs were", law.unit());
    law.ensemble.as_ref().map_or_else(
        || format!("{unit}; the law states no interval."),
        |ensemble| {
            format!(
                "{unit}; ± half the width of the {:.0} % interval of a new run, from {} refits to resampled runs and the \
                 runs' scatter of {:.2} % about the law. It holds within the fitted range and for the law's own runs.",
                100.0 * COVERAGE,
                ensemble.members.len(),
                100.0 * ensemble.residual_sd,
            )
        },
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
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| shell_word(&argument.to_string_lossy()))
        .collect();
    format!("rooflaw {}", arguments.join(" "))
}
