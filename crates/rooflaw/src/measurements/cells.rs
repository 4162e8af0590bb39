//! Cells to values.

use super::MeasurementError;
use super::names::{kv_precision, weight_format};
use crate::device::Phase;
use crate::format::{Precision, UnknownFormat, WeightFormat};

/// Largest whole number that every reader of floating-point JSON keeps.
const MAX_WHOLE: u64 = 1 << 53;

/// A positive number.
pub(super) fn positive(place: &str, field: &str, cell: &str) -> Result<f64, MeasurementError> {
    let number = cell.parse().ok();
    number
        .filter(|number: &f64| *number > 0.0 && number.is_finite())
        .ok_or_else(|| MeasurementError::value(place, field, cell, "a positive number"))
}

/// A number that may be zero.
pub(super) fn not_negative(place: &str, field: &str, cell: &str) -> Result<f64, MeasurementError> {
    let number = cell.parse().ok();
    number
        .filter(|number: &f64| *number >= 0.0 && number.is_finite())
        .ok_or_else(|| MeasurementError::value(place, field, cell, "a number of at least 0"))
}

/// A whole number, also as `1.24e9`.
pub(super) fn whole(place: &str, field: &str, cell: &str, least: u64) -> Result<u64, MeasurementError> {
    let digits = cell.parse::<u64>().ok();
    let scientific = || {
        let number = cell.parse::<f64>().ok();
        let number =
            number.filter(|number| number.fract() == 0.0 && (0.0..=MAX_WHOLE as f64).contains(number));
        number.map(|number| number as u64)
    };
    let number = digits.or_else(scientific);
    number
        .filter(|number| (least..=MAX_WHOLE).contains(number))
        .ok_or_else(|| {
            MeasurementError::value(place, field, cell, format!("a whole number from {least} to 2^53"))
        })
}

/// A count of things that a request or a machine has.
pub(super) fn count(place: &str, field: &str, cell: &str, least: u32) -> Result<u32, MeasurementError> {
    let number = whole(place, field, cell, least.into()).ok();
    number
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| {
            let expected = format!("a whole number from {least} to {}", u32::MAX);
            MeasurementError::value(place, field, cell, expected)
        })
}

/// `prefill` or `decode`.
pub(super) fn phase(place: &str, cell: &str) -> Result<Phase, MeasurementError> {
    let known = Phase::ALL
        .into_iter()
        .find(|phase| phase.name().eq_ignore_ascii_case(cell));
    known.ok_or_else(|| MeasurementError::value(place, "phase", cell, "prefill or decode"))
}

/// A weight format.
pub(super) fn weights(place: &str, field: &str, cell: &str) -> Result<WeightFormat, MeasurementError> {
    weight_format(cell).map_err(|unknown| not_known(place, field, cell, &unknown))
}

/// The precision of a KV cache.
pub(super) fn kv(
    place: &str,
    field: &str,
    cell: &str,
    weights: WeightFormat,
) -> Result<Precision, MeasurementError> {
    kv_precision(cell, weights).map_err(|unknown| not_known(place, field, cell, &unknown))
}

fn not_known(place: &str, field: &str, cell: &str, unknown: &UnknownFormat) -> MeasurementError {
    MeasurementError::value(place, field, cell, format!("one of {}", unknown.accepted))
}
