//! Figures of devices, families and what a hypothetical device rests on, in words.

use crate::latency::{self, Latency};
use crate::output;
use rooflaw::calibration::Population;
use rooflaw::device::{Device, Phase};
use rooflaw::whatif::Figure;

/// A figure's value with its unit.
pub fn value(figure: Figure, value: f64) -> String {
    match figure {
        Figure::Bandwidth => format!("{} GB/s", output::short(value / 1e9, 1)),
        Figure::Compute => format!("{} TFLOP/s", output::tera(value)),
        Figure::Memory => output::gigabytes(value),
        Figure::Overhead => output::seconds(value),
    }
}

/// A figure on an axis: its name, its unit, and the value in it.
pub const fn figure_label(figure: Figure) -> (&'static str, f64) {
    match figure {
        Figure::Bandwidth => ("memory bandwidth (GB/s)", 1e9),
        Figure::Compute => ("fp16 rate (TFLOP/s)", 1e12),
        Figure::Memory => ("memory (GB)", 1e9),
        Figure::Overhead => ("launch of an operator (µs)", 1e-6),
    }
}

/// A change: `bandwidth ×1.5`.
pub fn change(device: &Device, (figure, factor): (Figure, f64)) -> String {
    if figure == Figure::Memory {
        return format!("memory {}", value(figure, factor * figure.value(device)));
    }
    format!("{} ×{}", figure.name(), output::short(factor, 2))
}

/// A family by its experts.
pub fn family_name(n_experts: u32) -> String {
    match n_experts {
        1 => "dense".to_owned(),
        some => format!("{some} experts"),
    }
}

/// What a device that nobody has built is taken to be.
pub fn hypothetical(device: &Device, latencies: &[Latency]) -> String {
    if !latencies.iter().any(Latency::is_calibrated) {
        return format!(
            "A changed device is hypothetical: {} with other figures, on the bare roofline.",
            device.name
        );
    }
    let errors = |phase: Phase| latency::error_words(&Population::embedded().validation(phase).device);
    let of_others = if latencies.iter().all(Latency::is_of_others) {
        // Their sentence says it.
        String::new()
    } else {
        format!(
            " How far such shares differ between real devices, errors on devices that were left out tell: decode was \
             predicted {}; prefill {}.",
            errors(Phase::Decode),
            errors(Phase::Prefill)
        )
    };
    format!(
        "A changed device is hypothetical: it is taken to reach the same shares of its bandwidth and of its arithmetic as \
         {} does, and to launch operators in the same time unless --overhead changes it. So differences come from the \
         figures alone, and intervals are those of {} itself.{of_others}",
        device.name, device.name,
    )
}

/// What a table of devices rests on.
pub const OF_EACH: &str = "Latencies are each device's: of its calibration where there is one, else what published \
                           measurements make of it (`rooflaw design --device` says which). Within: the probability that \
                           the architecture meets the budget.";
