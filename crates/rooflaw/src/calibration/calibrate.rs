//! From measurements of a device to its calibration.

use super::calibrated::{CalibratedDevice, CalibratedFormat, Calibration, LeftOutUnit, Outlier};
use super::checks::CalibrationFileError;
use super::groups::Runtime;
use super::model::Interval;
use super::observation::Observation;
use super::population::{Population, Question};
use super::population_file::LeftOut;
use crate::architecture::Architecture;
use crate::device::{Device, Phase};
use crate::format::WeightFormat;
use std::collections::BTreeMap;

/// Measurements that no calibration can be made of.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// Not enough of them.
    #[error("{0} measurements: expected at least {MIN_ROWS} of one runtime on the device")]
    TooFew(usize),
    /// A measurement of another device.
    #[error("a measurement of `{found}` among those of `{device}`")]
    OtherDevice {
        /// The device that is calibrated.
        device: String,
        /// The other one.
        found: String,
    },
    /// A measurement that does not say with which program.
    #[error("a measurement of `{0}` names no runtime")]
    NoRuntime(String),
    /// A device has a calibration for each runtime and number of threads.
    #[error("measurements of several {what}: {found}: expected one")]
    Several {
        /// Runtimes, or numbers of CPU threads.
        what: &'static str,
        /// Their names.
        found: String,
    },
    /// A fit beyond what a file may hold: the measurements are impossible for the device.
    #[error("the measurements fit no device like this one: {0}")]
    Impossible(#[from] CalibrationFileError),
}

/// Fewest measurements of a calibration.
pub const MIN_ROWS: usize = 3;

/// Standard deviations of the errors beyond which a measurement is an outlier.
const OUTLYING: f64 = 3.5;

/// How many measurements the population's scatter counts for beside the device's own.
const PRIOR_ROWS: f64 = 8.0;

/// The median of |error| of normal errors, over their standard deviation.
const MEDIAN_OF_NORMAL: f64 = 0.674_489_750_196_081_7;

/// A calibration and how it compares with each measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// The calibration.
    pub calibration: Calibration,
    /// One for each measurement, in their order.
    pub compared: Vec<Compared>,
}

/// A measurement beside what is predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// What the fit to all measurements has.
    pub fitted: Interval,
    /// What the fit without the measurement's model has (see [`LeftOutUnit`]).
    pub left_out: Interval,
    /// Whether the fit leaves the measurement far aside.
    pub is_outlier: bool,
}

/// Calibrates a device with one runtime from three measurements or more, of either phase or both.
///
/// What the measurements leave open comes from the population: other formats and the other phase too.
///
/// # Errors
/// [`CalibrationError`]: too few measurements, or measurements of different things.
pub fn calibrate(
    population: &Population,
    device: &Device,
    observations: &[Observation<'_>],
) -> Result<Calibrated, CalibrationError> {
    if observations.len() < MIN_ROWS {
        return Err(CalibrationError::TooFew(observations.len()));
    }
    let (runtime, threads) = runtime(device, observations)?;
    let all: Vec<&Observation<'_>> = observations.iter().collect();
    let mut fitted = vec![Interval::default(); all.len()];
    for phase in Phase::ALL {
        let places = of_phase(&all, phase);
        let of: Vec<&Observation<'_>> = places.iter().map(|&place| all[place]).collect();
        for (place, interval) in places.into_iter().zip(population.predict(phase, &of, &of)) {
            fitted[place] = interval;
        }
    }
    let (unit, folds) = folds(observations);
    let left_out = predict_left_out(population, &all, &folds);
    let is_outlier = outliers(population, &all, &fitted);
    let compared: Vec<Compared> = fitted
        .iter()
        .zip(&left_out)
        .zip(&is_outlier)
        .map(|((&fitted, &left_out), &is_outlier)| Compared {
            fitted,
            left_out,
            is_outlier,
        })
        .collect();
    let questions: Vec<Question> = formats(&runtime, observations)
        .into_iter()
        .map(|weights| Question {
            runtime: runtime.clone(),
            weights,
        })
        .collect();
    let achieved = population.answer(device, &all, &questions);
    let calibration = Calibration {
        device: CalibratedDevice::of(device),
        runtime,
        threads,
        n_measurements: observations.len(),
        n_models: models(observations).len(),
        left_out_unit: unit,
        left_out: Phase::ALL.map(|phase| {
            let errors: Vec<f64> = of_phase(&all, phase)
                .into_iter()
                .map(|place| (left_out[place].predicted_s / all[place].measurement.seconds - 1.0).abs())
                .collect();
            (!errors.is_empty()).then(|| LeftOut::new(&errors))
        }),
        outliers: observations
            .iter()
            .zip(&compared)
            .filter(|(_, compared)| compared.is_outlier)
            .map(|(observation, compared)| outlier(observation, compared))
            .collect(),
        formats: questions
            .iter()
            .zip(achieved)
            .map(|(question, achieved)| CalibratedFormat {
                weights: question.weights,
                achieved,
            })
            .collect(),
    };
    Ok(Calibrated {
        calibration: calibration.filed()?,
        compared,
    })
}

/// The runtime of the measurements, in its most frequent version, and the threads.
fn runtime(
    device: &Device,
    observations: &[Observation<'_>],
) -> Result<(Runtime, Option<u32>), CalibrationError> {
    let mut versions: BTreeMap<Runtime, usize> = BTreeMap::new();
    let mut threads: Vec<Option<u32>> = Vec::new();
    for observation in observations {
        if observation.device.id != device.id {
            return Err(CalibrationError::OtherDevice {
                device: device.id.clone(),
                found: observation.device.id.clone(),
            });
        }
        let runtime = Runtime::of(observation.measurement);
        if runtime.program.is_empty() {
            return Err(CalibrationError::NoRuntime(observation.measurement.model.clone()));
        }
        *versions.entry(runtime).or_default() += 1;
        if !threads.contains(&observation.measurement.threads) {
            threads.push(observation.measurement.threads);
        }
    }
    let mut names: Vec<String> = versions.keys().map(Runtime::name).collect();
    names.dedup();
    let several = |what, found: Vec<String>| CalibrationError::Several {
        what,
        found: found.join(", "),
    };
    if names.len() > 1 {
        return Err(several("runtimes", names));
    }
    let most = versions.into_iter().max_by_key(|(_, count)| *count);
    let runtime = most.map(|(runtime, _)| runtime).unwrap_or_default();
    if let [threads] = threads[..] {
        return Ok((runtime, threads));
    }
    // Of a GPU's measurements the CPU's threads say nothing.
    if runtime.backend != "cpu" {
        return Ok((runtime, None));
    }
    let shown = |threads: &Option<u32>| threads.map_or_else(|| "not stated".to_owned(), |n| n.to_string());
    Err(several(
        "numbers of CPU threads",
        threads.iter().map(shown).collect(),
    ))
}

/// The formats that were measured, and those that the runtime has besides.
fn formats(runtime: &Runtime, observations: &[Observation<'_>]) -> Vec<WeightFormat> {
    let mut formats = Runtime::formats(&runtime.program);
    for observation in observations {
        let weights = observation.measurement.weights;
        if !formats.contains(&weights) {
            formats.push(weights);
        }
    }
    formats
}

fn of_phase(observations: &[&Observation<'_>], phase: Phase) -> Vec<usize> {
    (0..observations.len())
        .filter(|&place| observations[place].measurement.phase == phase)
        .collect()
}

/// Places of the measurements of each model. Models are told apart by their architecture: names may be any.
fn models(observations: &[Observation<'_>]) -> Vec<Vec<usize>> {
    let mut models: Vec<(Architecture, Vec<usize>)> = Vec::new();
    for (place, observation) in observations.iter().enumerate() {
        let architecture = observation.architecture;
        match models.iter_mut().find(|(known, _)| *known == architecture) {
            Some((_, places)) => places.push(place),
            None => models.push((architecture, vec![place])),
        }
    }
    models.into_iter().map(|(_, places)| places).collect()
}

/// Places of the measurements that are left out together.
fn folds(observations: &[Observation<'_>]) -> (LeftOutUnit, Vec<Vec<usize>>) {
    let models = models(observations);
    if models.len() > 1 {
        (LeftOutUnit::Model, models)
    } else {
        let rows = (0..observations.len()).map(|place| vec![place]).collect();
        (LeftOutUnit::Row, rows)
    }
}

fn predict_left_out(
    population: &Population,
    observations: &[&Observation<'_>],
    folds: &[Vec<usize>],
) -> Vec<Interval> {
    let mut predicted = vec![Interval::default(); observations.len()];
    for phase in Phase::ALL {
        let places = of_phase(observations, phase);
        for fold in folds {
            let (left_out, known): (Vec<usize>, Vec<usize>) =
                places.iter().partition(|place| fold.contains(place));
            let of = |places: &[usize]| -> Vec<&Observation<'_>> {
                places.iter().map(|&place| observations[place]).collect()
            };
            if left_out.is_empty() {
                continue;
            }
            let intervals = population.predict(phase, &of(&known), &of(&left_out));
            for (place, interval) in left_out.into_iter().zip(intervals) {
                predicted[place] = interval;
            }
        }
    }
    predicted
}

/// Which measurements the fit leaves far aside.
fn outliers(population: &Population, observations: &[&Observation<'_>], fitted: &[Interval]) -> Vec<bool> {
    let mut is_outlier = vec![false; observations.len()];
    for phase in Phase::ALL {
        let places = of_phase(observations, phase);
        let residual = |place: usize| {
            let measured = observations[place].measurement.seconds;
            (measured / fitted[place].predicted_s).ln().abs()
        };
        let mut residuals: Vec<f64> = places.iter().map(|&place| residual(place)).collect();
        residuals.sort_by(f64::total_cmp);
        let Some(&median) = residuals.get(residuals.len() / 2) else {
            continue;
        };
        let (own, usual) = (median / MEDIAN_OF_NORMAL, population.effects(phase).scale);
        let n = residuals.len() as f64;
        let variance = (n * own.powi(2) + PRIOR_ROWS * usual.powi(2)) / (n + PRIOR_ROWS);
        for place in places {
            is_outlier[place] = residual(place) > OUTLYING * variance.sqrt();
        }
    }
    is_outlier
}

fn outlier(observation: &Observation<'_>, compared: &Compared) -> Outlier {
    let measurement = observation.measurement;
    Outlier {
        model: [
            &measurement.model,
            measurement.config.as_ref().unwrap_or(&String::new()),
        ]
        .into_iter()
        .find(|name| !name.is_empty())
        .map(|name| name.chars().take(100).collect())
        .unwrap_or_default(),
        weights: measurement.weights,
        phase: measurement.phase,
        context_tokens: measurement.context_tokens,
        tokens: measurement.tokens,
        measured_s: measurement.seconds,
        fitted_s: compared.fitted.predicted_s,
    }
}
