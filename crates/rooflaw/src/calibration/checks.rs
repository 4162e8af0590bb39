//! Numbers of calibration files: what is accepted, and to how many digits they are written.

use crate::toml_file::TomlError;

/// A calibration or population file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationFileError {
    /// Not TOML, or not the keys expected.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A value is impossible, or a name unknown.
    #[error("{field} = {value}: expected {accepted}")]
    Value {
        /// The key.
        field: String,
        /// What it holds.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
}

pub(super) fn wrong<T>(
    field: impl Into<String>,
    value: impl ToString,
    accepted: impl Into<String>,
) -> Result<T, CalibrationFileError> {
    /// Longer values would hide the message.
    const SHOWN: usize = 100;
    Err(CalibrationFileError::Value {
        field: field.into(),
        value: value.to_string().chars().take(SHOWN).collect(),
        accepted: accepted.into(),
    })
}

/// A number between two limits, which are among those accepted.
pub(super) fn within(
    field: impl Into<String>,
    value: f64,
    (low, high): (f64, f64),
) -> Result<f64, CalibrationFileError> {
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    wrong(field, value, format!("a number from {low} to {high}"))
}

/// Limits of the errors' scale and of standard deviations of logarithms.
pub(super) const DEVIATIONS: (f64, f64) = (0.0, 100.0);
/// Limits of [`super::PhaseModel::stretch`].
pub(super) const STRETCHES: (f64, f64) = (0.01, 100.0);
/// Limits of shares and relative errors: a prediction may be too high by any factor.
pub(super) const ERRORS: (f64, f64) = (0.0, 1e6);
/// Most measurements that a file may say it is from.
pub(super) const MOST_ROWS: usize = 10_000_000;

/// A count of measurements.
pub(super) fn rows(field: impl Into<String>, value: usize) -> Result<usize, CalibrationFileError> {
    if value <= MOST_ROWS {
        return Ok(value);
    }
    wrong(field, value, format!("a number from 0 to {MOST_ROWS}"))
}

/// A number as files have it: rounded to so many decimals.
pub(super) fn decimals(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    // The sum turns −0 into 0.
    (value * scale).round() / scale + 0.0
}

/// A number as files have it: rounded to so many significant digits.
pub(super) fn significant(value: f64, digits: usize) -> f64 {
    let places = digits.saturating_sub(1);
    format!("{value:.places$e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_once() {
        for value in [1.0 / 3.0, -2e-9, 123_456.789, 0.0] {
            let short = significant(value, 6);
            assert_eq!(significant(short, 6), short);
            assert!((short - value).abs() <= 1e-5 * value.abs());
            let fixed = decimals(value, 5);
            assert_eq!(decimals(fixed, 5), fixed);
        }
        assert!(decimals(-1e-9, 5).is_sign_positive());
    }

    #[test]
    fn limits_are_named() {
        let error = within("scale", f64::NAN, (0.0, 2.0)).unwrap_err().to_string();
        assert_eq!(error, "scale = NaN: expected a number from 0 to 2");
        assert_eq!(within("scale", 2.0, (0.0, 2.0)), Ok(2.0));
    }
}
