//! A calibration as TOML, each number with what it means beside it.

use super::calibrated::{Calibration, Outlier};
use super::coefficients::Coefficient;
use super::file::{File, PhaseFile};
use super::population_file::LeftOut;
use crate::device::Phase;
use std::fmt::Write as _;

/// What a file begins with, behind its first line.
const HEADER: &str = "\
# docs/calibration.md of rooflaw has the formula. Each coefficient has its value, the standard deviation of the value's
# logarithm, and the correlations of that logarithm with those of the coefficients before it.
";

/// Text in quotes, as TOML wants it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A number as TOML wants it: with a point or an exponent.
fn number(value: f64) -> String {
    format!("{value:?}")
}

fn list(values: &[f64]) -> String {
    let numbers: Vec<String> = values.iter().copied().map(number).collect();
    format!("[{}]", numbers.join(", "))
}

fn left_out(found: LeftOut) -> String {
    format!(
        "{{ rows = {}, median = {}, p90 = {} }}",
        found.rows,
        number(found.median),
        number(found.p90)
    )
}

/// What a coefficient's value means on the device.
fn meaning(of: Coefficient, value: f64, phase: Phase, file: &File) -> String {
    let device = &file.device;
    match of {
        Coefficient::Bandwidth => format!(
            "{:.1} GB/s for weights, of {:.1}",
            device.memory_bandwidth_gb_per_s / value,
            device.memory_bandwidth_gb_per_s
        ),
        Coefficient::Compute => format!(
            "{:.3} TFLOP/s for dense products, of {:.3}",
            device.fp16_tflops / value,
            device.fp16_tflops
        ),
        Coefficient::Unpacking if phase == Phase::Decode => "not used in decode".to_owned(),
        Coefficient::Cached if phase == Phase::Prefill => "not used in prefill".to_owned(),
        other => other.meaning().to_owned(),
    }
}

fn phase(text: &mut String, format: &str, phase: Phase, found: &PhaseFile, file: &File) {
    let name = phase.name();
    let _ = write!(
        text,
        "\n[formats.{format}.{name}]\nrows = {}\nscatter = {}\nstretch = {}\n\n[formats.{format}.{name}.coefficients]\n",
        found.rows,
        number(found.scatter),
        number(found.stretch),
    );
    for of in Coefficient::ALL {
        let Some(coefficient) = found.coefficients.get(of.name()) else {
            continue;
        };
        let _ = writeln!(
            text,
            "# {}\n{} = {{ value = {}, deviation = {}, correlations = {} }}",
            meaning(of, coefficient.value, phase, file),
            of.name(),
            number(coefficient.value),
            number(coefficient.deviation),
            list(&coefficient.correlations),
        );
    }
}

fn outlier(text: &mut String, outlier: &Outlier) {
    let _ = write!(
        text,
        "\n[[outliers]]\nmodel = {}\nweights = {}\nphase = {}\ncontext_tokens = {}\ntokens = {}\nmeasured_s = {}\n\
         fitted_s = {}\n",
        quoted(&outlier.model),
        quoted(&outlier.weights.name()),
        quoted(outlier.phase.name()),
        outlier.context_tokens,
        outlier.tokens,
        number(outlier.measured_s),
        number(outlier.fitted_s),
    );
}

impl Calibration {
    /// The file's text.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let file = File::from(self);
        let mut text = format!(
            "# What {} achieves on {}, by `rooflaw calibrate`.\n{HEADER}",
            self.runtime.name(),
            file.device.id
        )
        .replace(|c: char| c.is_control() && c != '\n', " ");
        let _ = write!(
            text,
            "\n[device]\nid = {}\n# What the coefficients `bandwidth` and `compute` are relative to.\n\
             memory_bandwidth_gb_per_s = {}\nfp16_tflops = {}\n\n[runtime]\nprogram = {}\nbackend = {}\nversion = {}\n",
            quoted(&file.device.id),
            number(file.device.memory_bandwidth_gb_per_s),
            number(file.device.fp16_tflops),
            quoted(&file.runtime.program),
            quoted(&file.runtime.backend),
            quoted(&file.runtime.version),
        );
        if let Some(threads) = file.runtime.threads {
            let _ = writeln!(text, "threads = {threads}");
        }
        let _ = write!(
            text,
            "\n[measurements]\nrows = {}\nmodels = {}\n# What is left out in turn for the errors below.\nleft_out = {}\n",
            file.measurements.rows,
            file.measurements.models,
            quoted(file.measurements.left_out.name()),
        );
        let phases = [
            ("decode", file.left_out.decode),
            ("prefill", file.left_out.prefill),
        ];
        if phases.iter().any(|(_, found)| found.is_some()) {
            text.push_str(
                "\n# |predicted / measured − 1| of measurements that the fit had not seen.\n[left_out]\n",
            );
        }
        for (name, found) in phases {
            if let Some(found) = found {
                let _ = writeln!(text, "{name} = {}", left_out(found));
            }
        }
        for found in &file.outliers {
            outlier(&mut text, found);
        }
        for (name, format) in &file.formats {
            phase(&mut text, name, Phase::Decode, &format.decode, &file);
            phase(&mut text, name, Phase::Prefill, &format.prefill, &file);
        }
        text
    }
}
