//! Calibration from end to end: measurements in, numbers and files out.

use super::*;
use crate::architecture::{Architecture, hf};
use crate::device::{self, Device, Phase};
use crate::format::{Formats, WeightFormat};
use crate::measurements::Measurement;
use crate::models;
use crate::operators::{Assumptions, Step};
use crate::roofline::Workload;
use crate::search::Objective;

fn device() -> &'static Device {
    device::find("raspberry-pi-5").unwrap()
}

fn runtime() -> Runtime {
    Runtime {
        program: "llama.cpp".to_owned(),
        backend: "cpu".to_owned(),
        version: "b9000".to_owned(),
    }
}

const MODELS: [&str; 6] = [
    "smollm2-135m-instruct",
    "smollm2-360m-instruct",
    "qwen2.5-0.5b",
    "qwen3-0.6b",
    "llama-3.2-1b-instruct",
    "granite-3.1-1b-a400m-instruct",
];

/// A device that achieves other shares of its peaks than the population expects.
fn truth() -> Achieved {
    let question = Question {
        runtime: runtime(),
        weights: WeightFormat::Q8_0,
    };
    let mut truth = Population::embedded()
        .answer(device(), &[], &[question])
        .remove(0);
    truth.decode.logs[Coefficient::Bandwidth as usize] = 1.6_f64.ln();
    truth.decode.logs[Coefficient::Launch as usize] = 9_f64.ln();
    truth.prefill.logs[Coefficient::Compute as usize] += 0.4;
    truth
}

/// What it takes for a prompt of 128 tokens, and for 32 tokens after it.
fn measurements(truth: &Achieved, phases: &[Phase]) -> Vec<(Measurement, Architecture)> {
    let formats = Formats::of_weights(WeightFormat::Q8_0);
    let roofline = truth.roofline(device(), &formats, &Assumptions::default());
    let workload = Workload {
        batch: 1,
        prompt_tokens: 128,
        generated_tokens: 32,
    };
    let mut rows = Vec::new();
    for model in MODELS {
        let architecture = models::find(model).unwrap().architecture;
        for &phase in phases {
            let (context_tokens, tokens, seconds) = match phase {
                Phase::Prefill => (0, 128, roofline.ttft(&architecture, &workload)),
                Phase::Decode => (128, 32, roofline.tpot_at(&architecture, 1, 144)),
            };
            let measurement = Measurement {
                device: String::new(),
                runtime: runtime().program,
                runtime_version: runtime().version,
                backend: runtime().backend,
                threads: Some(4),
                model: model.to_owned(),
                config: None,
                weights: formats.weights,
                kv: formats.kv,
                phase,
                batch: 1,
                context_tokens,
                tokens,
                seconds,
                spread: None,
                repeats: None,
                n_parameters: None,
                model_bytes: None,
                source: String::new(),
            };
            rows.push((measurement, architecture));
        }
    }
    rows
}

fn observations(rows: &[(Measurement, Architecture)]) -> Vec<Observation<'_>> {
    rows.iter()
        .map(|(measurement, architecture)| Observation {
            measurement,
            device: device(),
            architecture: *architecture,
        })
        .collect()
}

fn calibrated(rows: &[(Measurement, Architecture)]) -> Result<Calibrated, CalibrationError> {
    calibrate(Population::embedded(), device(), &observations(rows))
}

fn q8(calibrated: &Calibrated) -> &CalibratedFormat {
    calibrated.calibration.format(WeightFormat::Q8_0).unwrap()
}

#[test]
fn known_coefficients_are_recovered() {
    let truth = truth();
    let found = calibrated(&measurements(&truth, &Phase::ALL)).unwrap();
    let decode = &q8(&found).achieved.decode;
    for coefficient in [Coefficient::Bandwidth, Coefficient::Launch] {
        let range = decode.range(coefficient);
        let value = truth.decode.value(coefficient);
        assert!(
            (range.value / value - 1.0).abs() < 0.1,
            "{coefficient:?}: {range:?}"
        );
        assert!(
            range.low < value && value < range.high,
            "{coefficient:?}: {range:?}"
        );
    }
    let rate = found.calibration.prefill_rate(q8(&found));
    let value = found.calibration.device.flops_per_s / truth.prefill.value(Coefficient::Compute);
    assert!((rate.value / value - 1.0).abs() < 0.1, "{rate:?} {value}");
    for phase in Phase::ALL {
        let errors = found.calibration.left_out(phase).unwrap();
        assert_eq!(errors.rows, MODELS.len());
        assert!(errors.median < 0.03, "{phase:?}: {errors:?}");
    }
    assert_eq!(found.calibration.left_out_unit, LeftOutUnit::Model);
    assert!(found.calibration.outliers.is_empty());
    assert_eq!(found.calibration.threads, Some(4));
}

#[test]
fn an_outlier_is_named_and_does_not_move_the_fit() {
    let mut rows = measurements(&truth(), &[Phase::Decode]);
    let without = calibrated(&rows).unwrap();
    rows[2].0.seconds *= 3.0;
    let with = calibrated(&rows).unwrap();
    let [outlier] = &with.calibration.outliers[..] else {
        panic!("{:?}", with.calibration.outliers)
    };
    assert_eq!(outlier.model, MODELS[2]);
    assert!(outlier.measured_s > 2.5 * outlier.fitted_s);
    let bandwidth = |found: &Calibrated| found.calibration.bandwidth(q8(found)).value;
    let moved = bandwidth(&with) / bandwidth(&without) - 1.0;
    assert!(moved.abs() < 0.03, "{moved}");
}

#[test]
fn three_rows_of_one_phase_suffice_and_two_do_not() {
    let truth = truth();
    for phase in Phase::ALL {
        let rows = measurements(&truth, &[phase]);
        let error = calibrated(&rows[..2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 measurements: expected at least 3 of one runtime on the device"
        );
        let three = calibrated(&[rows[0].clone(), rows[2].clone(), rows[4].clone()]).unwrap();
        // Better than what is known of the class.
        let question = Question {
            runtime: runtime(),
            weights: WeightFormat::Q8_0,
        };
        let before = Population::embedded()
            .answer(device(), &[], &[question])
            .remove(0);
        let of = if phase == Phase::Decode {
            Coefficient::Bandwidth
        } else {
            Coefficient::Compute
        };
        let width = |achieved: &Achieved| {
            let range = achieved.phase(phase).range(of);
            range.high / range.low
        };
        assert!(width(&q8(&three).achieved) < width(&before), "{phase:?}");
        let other = if phase == Phase::Decode {
            Phase::Prefill
        } else {
            Phase::Decode
        };
        assert_eq!(three.calibration.left_out(other), None);
        assert_eq!(q8(&three).achieved.phase(other).n_measurements, 0);
    }
}

#[test]
fn one_model_is_left_out_row_by_row() {
    let mut rows = measurements(&truth(), &[Phase::Decode]);
    rows.truncate(1);
    for context in [512, 1024, 2048] {
        let mut row = rows[0].clone();
        row.0.context_tokens = context;
        rows.push(row);
    }
    let found = calibrated(&rows).unwrap();
    assert_eq!(found.calibration.left_out_unit, LeftOutUnit::Row);
    assert_eq!(found.calibration.n_models, 1);
}

#[test]
fn formats_never_measured_profit_from_those_that_were() {
    let found = calibrated(&measurements(&truth(), &Phase::ALL)).unwrap();
    let q4 = found.calibration.format(WeightFormat::Q4_0).unwrap();
    assert_eq!(q4.n_measurements(), 0);
    let question = Question {
        runtime: runtime(),
        weights: WeightFormat::Q4_0,
    };
    let before = Population::embedded()
        .answer(device(), &[], &[question])
        .remove(0);
    let bandwidth = Coefficient::Bandwidth;
    let (now, before) = (&q4.achieved.decode, &before.decode);
    assert!(now.value(bandwidth) > before.value(bandwidth));
    // Before the stretch, which devices that were measured need more of.
    let variance = |model: &PhaseModel| model.covariance[bandwidth as usize][bandwidth as usize];
    assert!(variance(now) < 0.8 * variance(before));
    assert!(found.calibration.format(WeightFormat::Fp8).is_none());
}

#[test]
fn measurements_of_different_things_are_refused() {
    let rows = measurements(&truth(), &Phase::ALL);
    let mut mixed = rows.clone();
    mixed[0].0.backend = "vulkan".to_owned();
    assert_eq!(
        calibrated(&mixed).unwrap_err().to_string(),
        "measurements of several runtimes: llama.cpp/cpu, llama.cpp/vulkan: expected one"
    );
    let mut mixed = rows.clone();
    mixed[0].0.threads = Some(1);
    assert_eq!(
        calibrated(&mixed).unwrap_err().to_string(),
        "measurements of several numbers of CPU threads: 1, 4: expected one"
    );
    let mut unnamed = rows.clone();
    unnamed[3].0.runtime = String::new();
    assert!(matches!(
        calibrated(&unnamed),
        Err(CalibrationError::NoRuntime(_))
    ));
    let other = device::find("rk3588-cpu").unwrap();
    assert!(matches!(
        calibrate(Population::embedded(), other, &observations(&rows)),
        Err(CalibrationError::OtherDevice { .. })
    ));
}

#[test]
fn a_file_has_what_was_found() {
    let mut rows = measurements(&truth(), &Phase::ALL);
    rows[3].0.seconds *= 4.0;
    let found = calibrated(&rows).unwrap().calibration;
    let text = found.to_toml();
    let again = Calibration::from_toml(&text).unwrap();
    assert_eq!(again.to_toml(), text);
    assert_eq!(again.outliers, found.outliers);
    assert_eq!(again.left_out, found.left_out);
    // The digits that are printed are enough for times.
    let architecture = models::find("qwen2.5-0.5b").unwrap().architecture;
    let workload = Workload::default();
    let intervals = |calibration: &Calibration| {
        let format = calibration.format(WeightFormat::Q4KM).unwrap();
        let formats = Formats::of_weights(format.weights);
        let roofline = format
            .achieved
            .roofline(device(), &formats, &Assumptions::default());
        format
            .achieved
            .intervals(device(), &roofline, &architecture, &workload)
    };
    let (one, other) = (intervals(&found), intervals(&again));
    for (a, b) in [
        (one.ttft, other.ttft),
        (one.tpot, other.tpot),
        (one.total, other.total),
    ] {
        assert!((a.predicted_s / b.predicted_s - 1.0).abs() < 1e-9);
        assert!((a.high_s / b.high_s - 1.0).abs() < 1e-3);
    }
    assert!(found.check(device()).is_ok());
}

#[test]
fn a_calibration_is_of_one_device_with_its_figures() {
    let found = calibrated(&measurements(&truth(), &Phase::ALL))
        .unwrap()
        .calibration;
    let error = found.check(device::find("rk3588-cpu").unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it is of the device `raspberry-pi-5`, not of `rk3588-cpu`"
    );
    let mut faster = device().clone();
    faster.memory_bandwidth_bytes_per_s *= 1.1;
    let error = found.check(&faster).unwrap_err().to_string();
    assert!(
        error.contains("memory bandwidth") && error.contains("calibrate again"),
        "{error}"
    );
}

#[test]
fn mistakes_in_a_file_name_the_key() {
    let text = calibrated(&measurements(&truth(), &Phase::ALL))
        .unwrap()
        .calibration
        .to_toml();
    for (from, to, expected) in [
        ("[device]", "[devices]", "devices"),
        ("threads = 4", "threads = -4", "line "),
        ("program = \"llama.cpp\"", "program = \"\"", "runtime.program = "),
        (
            "memory_bandwidth_gb_per_s = ",
            "memory_bandwidth_gb_per_s = -",
            "device.memory_bandwidth_gb_per_s = -",
        ),
        (
            "[formats.Q8_0.decode]\nrows = ",
            "[formats.Q8_0.decode]\nrows = 999999999999 #",
            "formats.Q8_0.decode.rows = ",
        ),
        ("scatter = ", "scatter = nan #", "scatter = NaN"),
        (
            "bandwidth = { value = ",
            "bandwidth = { value = -",
            "coefficients.bandwidth.value = -",
        ),
        (
            "correlations = []",
            "correlations = [0.5]",
            "coefficients.bandwidth.correlations = 1 numbers: expected 0",
        ),
        (
            "\nhead = { value",
            "\nheed = { value",
            "coefficients = heed: expected bandwidth, ",
        ),
        ("left_out = \"model\"", "left_out = \"day\"", "day"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = Calibration::from_toml(&text.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{from}: {error}");
    }
    let other = text.replace("formats.Q8_0.", "formats.Q9_0.");
    let error = Calibration::from_toml(&other).unwrap_err().to_string();
    assert!(
        error.contains("formats = Q9_0: expected ") && error.contains("Q4_K_M"),
        "{error}"
    );
    let long = " ".repeat(crate::MAX_TOML_BYTES + 1);
    assert!(Calibration::from_toml(&long).is_err());
}

/// Architectures tell models apart, not names.
#[test]
fn a_model_of_two_names_is_one() {
    let mut rows = measurements(&truth(), &Phase::ALL);
    rows[1].0.model = "another name".to_owned();
    assert_eq!(calibrated(&rows).unwrap().calibration.n_models, MODELS.len());
    let config = hf::write(&rows[0].1, &hf::WriteOptions::default()).unwrap();
    rows[0].1 = hf::read(config.as_bytes()).unwrap().architecture;
    assert_eq!(calibrated(&rows).unwrap().calibration.n_models, MODELS.len());
}

/// What is uncertain of both alike says nothing of which is faster.
#[test]
fn architectures_compare_better_than_they_are_predicted() {
    let truth = truth();
    let formats = Formats::of_weights(WeightFormat::Q8_0);
    let roofline = truth.roofline(device(), &formats, &Assumptions::default());
    let workload = Workload::default();
    let one = models::find("qwen2.5-0.5b").unwrap().architecture;
    let mut other = one;
    other.n_layers += 3;
    for objective in Objective::ALL {
        let faster = |a, b| truth.probability_faster(device(), &roofline, &workload, objective, [a, b]);
        assert!((faster(&one, &one) - 0.5).abs() < 1e-12);
        let probability = faster(&one, &other);
        assert!((probability + faster(&other, &one) - 1.0).abs() < 1e-9);
        let of = |architecture| {
            let intervals = truth.intervals(device(), &roofline, architecture, &workload);
            match objective {
                Objective::Prefill => intervals.ttft,
                Objective::Decode => intervals.tpot,
                Objective::Total => intervals.total,
            }
        };
        // As if the errors had nothing to do with each other.
        let apart = of(&one).probability_below(&of(&other));
        assert!(
            0.5 < apart && apart < probability,
            "{objective:?}: {apart} {probability}"
        );
    }
}

#[test]
fn a_step_is_predicted_as_in_a_generation() {
    let truth = truth();
    let formats = Formats::of_weights(WeightFormat::Q8_0);
    let roofline = truth.roofline(device(), &formats, &Assumptions::default());
    let architecture = models::find("qwen2.5-0.5b").unwrap().architecture;
    let workload = Workload {
        batch: 1,
        prompt_tokens: 511,
        generated_tokens: 1,
    };
    let tpot = truth
        .intervals(device(), &roofline, &architecture, &workload)
        .tpot;
    let step = truth.step_interval(device(), &roofline, &architecture, &Step::decode(1, 512));
    assert!((tpot.predicted_s / step.predicted_s - 1.0).abs() < 1e-9);
    assert!((tpot.high_s / step.high_s - 1.0).abs() < 1e-9);
    assert!(tpot.probability_within(tpot.high_s) > 0.949 && tpot.probability_within(tpot.high_s) < 0.951);
    assert!((tpot.probability_within(tpot.predicted_s) - 0.5).abs() < 1e-9);
    assert!(tpot.probability_within(0.0) < 1e-9);
}
