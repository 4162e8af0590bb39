//! The uncalibrated roofline's predictions of the same measurements.

use crate::folds::Predicted;
use rooflaw::calibration::{Interval, Observation};
use rooflaw::device::Phase;
use rooflaw::format::Formats;
use rooflaw::operators::{Assumptions, Step};
use rooflaw::roofline::Roofline;

/// The bound on what was measured, seconds.
#[must_use]
pub fn bare_s(observation: &Observation<'_>) -> f64 {
    let measurement = observation.measurement;
    let formats = Formats {
        kv: measurement.kv,
        ..Formats::of_weights(measurement.weights)
    };
    let (batch, past) = (
        f64::from(measurement.batch),
        f64::from(measurement.context_tokens),
    );
    let tokens = f64::from(measurement.tokens);
    let step = match measurement.phase {
        Phase::Prefill => Step { batch, tokens, past },
        Phase::Decode => Step {
            batch,
            tokens: 1.0,
            past: past + tokens / 2.0,
        },
    };
    Roofline::new(observation.device, &formats, &Assumptions::default())
        .step(&observation.architecture, &step)
}

/// The same beside the measurements, without an interval.
#[must_use]
pub fn predict<'a>(predicted: &[Predicted<'a>]) -> Vec<Predicted<'a>> {
    predicted
        .iter()
        .map(|one| {
            let bare_s = bare_s(one.observation);
            Predicted {
                interval: Interval {
                    low_s: bare_s,
                    predicted_s: bare_s,
                    high_s: bare_s,
                },
                ..*one
            }
        })
        .collect()
}
