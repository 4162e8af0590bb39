//! The population's TOML file.

use super::checks::{
    CalibrationFileError, DEVIATIONS, ERRORS, STRETCHES, decimals, rows, significant, within, wrong,
};
use super::coefficients::{Coefficient, Logs};
use super::groups::Scope;
use super::hierarchy::Hierarchy;
use super::population::{Effects, Population};
use crate::device::Phase;
use crate::{embedded, toml_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How wrong predictions were of measurements that a fit had not seen, as |predicted / measured − 1|.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Measurements predicted.
    pub rows: usize,
    /// Half of the errors are smaller.
    pub median: f64,
    /// Nine tenths of the errors are smaller.
    pub p90: f64,
}

/// [`LeftOut`] of models on devices that others were measured on, and of devices never measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// All of a model on a device was left out.
    pub model: LeftOut,
    /// All of a device was left out.
    pub device: LeftOut,
}

impl LeftOut {
    /// The errors of predictions, rounded as files have them.
    #[must_use]
    pub fn new(errors: &[f64]) -> LeftOut {
        let mut sorted = errors.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let at = share * sorted.len().saturating_sub(1) as f64;
            let value = |place: f64| sorted.get(place as usize).copied().unwrap_or_default();
            let (below, above) = (value(at.floor()), value(at.ceil()));
            decimals(below + (above - below) * at.fract(), 4)
        };
        LeftOut {
            rows: sorted.len(),
            median: quantile(0.5),
            p90: quantile(0.9),
        }
    }

    pub(super) fn check(self, field: &str) -> Result<LeftOut, CalibrationFileError> {
        Ok(LeftOut {
            rows: rows(format!("{field}.rows"), self.rows)?,
            median: within(format!("{field}.median"), self.median, ERRORS)?,
            p90: within(format!("{field}.p90"), self.p90, ERRORS)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    decode: EffectsFile,
    prefill: EffectsFile,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EffectsFile {
    scale: f64,
    stretch: StretchFile,
    left_out: Validation,
    uncertainty: BTreeMap<String, f64>,
    effects: BTreeMap<String, BTreeMap<String, f64>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StretchFile {
    measured: f64,
    unmeasured: f64,
}

/// The group that all measurements are in has no name.
const ALL: &str = "all";

/// Largest effect, a logarithm: a factor of five hundred million.
const EFFECTS: (f64, f64) = (-20.0, 20.0);

/// Decimals of effects, which are logarithms: a hundred-thousandth of a coefficient.
const DECIMALS: i32 = 5;

/// What a file begins with.
const HEADER: &str = "\
# What devices have in common, fitted to data/measurements/published.csv. Written by a command: README.md tells which,
# and what the keys mean. Effects are natural logarithms of factors.

";

fn to_file(effects: &Effects, validation: Validation) -> EffectsFile {
    let mut by_level: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for ((level, group), value) in &effects.values {
        let group = if group.is_empty() { ALL } else { group };
        by_level
            .entry(level.clone())
            .or_default()
            .insert(group.to_owned(), decimals(*value, DECIMALS));
    }
    let [measured, unmeasured] = effects.stretch.map(|stretch| significant(stretch, 4));
    EffectsFile {
        scale: significant(effects.scale, 4),
        stretch: StretchFile { measured, unmeasured },
        left_out: validation,
        uncertainty: Coefficient::ALL
            .into_iter()
            .map(|coefficient| {
                let deviation = effects.uncertainty[coefficient as usize];
                (coefficient.name().to_owned(), significant(deviation, 3))
            })
            .collect(),
        effects: by_level,
    }
}

fn from_file(phase: Phase, file: EffectsFile) -> Result<(Effects, Validation), CalibrationFileError> {
    let name = phase.name();
    let mut uncertainty: Logs = [0.0; Coefficient::COUNT];
    for coefficient in Coefficient::ALL {
        let field = format!("{name}.uncertainty.{}", coefficient.name());
        match file.uncertainty.get(coefficient.name()) {
            Some(&value) => uncertainty[coefficient as usize] = within(field, value, DEVIATIONS)?,
            None => return wrong(field, "missing", "a standard deviation for each coefficient"),
        }
    }
    if let Some(other) = file
        .uncertainty
        .keys()
        .find(|name| Coefficient::named(name).is_none())
    {
        return wrong(format!("{name}.uncertainty"), other, Coefficient::names());
    }
    let levels: BTreeMap<String, Scope> = Hierarchy::of(phase)
        .levels
        .iter()
        .filter(|level| !level.scope.is_of_a_device())
        .map(|level| (level.name(), level.scope))
        .collect();
    let mut values = BTreeMap::new();
    for (level, groups) in file.effects {
        let Some(&scope) = levels.get(&level) else {
            let known: Vec<&str> = levels.keys().map(String::as_str).collect();
            return wrong(format!("{name}.effects"), level, known.join(", "));
        };
        for (group, value) in groups {
            let field = format!("{name}.effects.\"{level}\".\"{group}\"");
            let value = within(field, value, EFFECTS)?;
            let group = match scope {
                Scope::All if group == ALL => String::new(),
                Scope::All => {
                    return wrong(
                        format!("{name}.effects.\"{level}\""),
                        group,
                        "the key `all` alone",
                    );
                }
                _ => group,
            };
            values.insert((level.clone(), group), value);
        }
    }
    let StretchFile { measured, unmeasured } = file.stretch;
    let field = format!("{name}.left_out");
    let validation = Validation {
        model: file.left_out.model.check(&format!("{field}.model"))?,
        device: file.left_out.device.check(&format!("{field}.device"))?,
    };
    let effects = Effects {
        values,
        scale: within(format!("{name}.scale"), file.scale, (1e-4, DEVIATIONS.1))?,
        uncertainty,
        stretch: [
            within(format!("{name}.stretch.measured"), measured, STRETCHES)?,
            within(format!("{name}.stretch.unmeasured"), unmeasured, STRETCHES)?,
        ],
    };
    Ok((effects, validation))
}

impl Population {
    /// Reads a population file; `data/calibrations/README.md` describes the keys.
    ///
    /// # Errors
    /// Text that is too long or is not TOML, unknown or missing keys, numbers out of bounds, effects that the model
    /// does not have.
    pub fn from_toml(text: &str) -> Result<Population, CalibrationFileError> {
        let file: File = toml_file::parse(text)?;
        let (decode, of_decode) = from_file(Phase::Decode, file.decode)?;
        let (prefill, of_prefill) = from_file(Phase::Prefill, file.prefill)?;
        Ok(Population {
            prefill,
            decode,
            validation: [of_decode, of_prefill],
        })
    }

    /// The file's text.
    ///
    /// # Errors
    /// What the TOML writer says of a number that TOML cannot hold; the numbers of a fit are finite.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let file = |phase| to_file(self.effects(phase), self.validation(phase));
        let text = toml::to_string(&File {
            decode: file(Phase::Decode),
            prefill: file(Phase::Prefill),
        })?;
        Ok(format!("{HEADER}{text}"))
    }

    /// The population of the published measurements.
    #[must_use]
    pub fn embedded() -> &'static Population {
        static EMBEDDED: LazyLock<Population> = LazyLock::new(|| {
            // A file that does not parse cannot be released: the test below reads it.
            let file = embedded::CALIBRATIONS
                .iter()
                .find(|(stem, _)| *stem == "population");
            file.and_then(|(_, text)| Population::from_toml(text).ok())
                .unwrap_or_default()
        });
        &EMBEDDED
    }

    /// How wrong predictions of the published measurements are: of a model left out, and of a device left out.
    #[must_use]
    pub const fn validation(&self, phase: Phase) -> Validation {
        self.validation[phase as usize]
    }

    /// The same population with what standard deviations are multiplied with for intervals, for devices with
    /// measurements and without (see [`super::PhaseModel::stretch`]).
    #[must_use]
    pub const fn stretched(mut self, phase: Phase, stretch: [f64; 2]) -> Population {
        match phase {
            Phase::Prefill => self.prefill.stretch = stretch,
            Phase::Decode => self.decode.stretch = stretch,
        }
        self
    }

    /// The same population with what was found by leaving measurements out.
    #[must_use]
    pub const fn validated(mut self, phase: Phase, validation: Validation) -> Population {
        self.validation[phase as usize] = validation;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_is_read_and_written_alike() {
        let (_, text) = embedded::CALIBRATIONS
            .iter()
            .find(|(stem, _)| *stem == "population")
            .unwrap();
        let population = Population::from_toml(text).unwrap();
        assert_eq!(&population.to_toml().unwrap(), text);
        for phase in Phase::ALL {
            assert!(!population.effects(phase).values.is_empty());
            assert!(population.validation(phase).device.rows > 0);
        }
    }

    #[test]
    fn mistakes_name_the_key() {
        let text = Population::embedded().to_toml().unwrap();
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            let changed = text.replacen(from, to, 1);
            Population::from_toml(&changed).unwrap_err().to_string()
        };
        let error = refused(
            "[decode.effects.\"launch_us by all\"]",
            "[decode.effects.\"lunch by all\"]",
        );
        assert!(
            error.starts_with("decode.effects = lunch by all: expected "),
            "{error}"
        );
        let error = refused("\nlaunch_us = ", "\nlunch_us = ");
        assert!(
            error.starts_with("decode.uncertainty.launch_us = missing"),
            "{error}"
        );
        let error = refused("measured = ", "measured = -");
        assert!(error.starts_with("decode.stretch.measured = -"), "{error}");
        let error = refused("scale = ", "scale = 1e300 #");
        assert!(error.starts_with("decode.scale = 1"), "{error}");
        let error = refused("\nall = ", "\nsome = ");
        assert!(error.contains("expected the key `all` alone"), "{error}");
        for wrong in ["nan", "inf", "1e9", "-1e9"] {
            assert!(
                refused("\nall = ", &format!("\nall = {wrong} #"))
                    .contains("expected a number from -20 to 20"),
                "{wrong}"
            );
        }
    }
}
