//! Where latencies come from: the arguments of the commands that predict some.

use super::{Basis, Errors, Latency};
use crate::input;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use rooflaw::calibration::{CalibratedFormat, Calibration, Population, Question, Runtime};
use rooflaw::device::{self, Device, Phase};
use rooflaw::format::{Formats, WeightFormat};

/// The device of a command that names none.
const DEFAULT_DEVICE: &str = "jetson-agx-orin-64gb";

/// The device, and what its latencies rest on.
#[derive(Args, Clone)]
pub struct DeviceArgs {
    /// A device's name, or a TOML file; `design` takes several [default: the calibration's, else jetson-agx-orin-64gb]
    #[arg(long, short, value_delimiter = ',')]
    device: Vec<String>,
    /// What latencies rest on: `auto` (measurements of the device where there are some, else of others), `bare` (the
    /// roofline, a lower bound), or a file that `rooflaw calibrate` wrote
    #[arg(long, value_name = "auto|bare|FILE", default_value = "auto")]
    calibration: String,
    /// What runs the model, such as llama.cpp, vllm or llama.cpp/vulkan [default: the calibration's, else what is usual
    /// for the device and the weights]
    #[arg(long, value_name = "NAME[/BACKEND]", value_parser = RuntimeName::parse)]
    runtime: Option<RuntimeName>,
}

/// A program, and what it runs on if that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeName {
    program: String,
    backend: Option<String>,
}

impl RuntimeName {
    /// Reads `llama.cpp` or `llama.cpp/cuda`; case does not matter.
    ///
    /// # Errors
    /// Anything but one or two names.
    pub fn parse(text: &str) -> Result<RuntimeName, String> {
        let lower = text.trim().to_ascii_lowercase();
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
        };
        let (program, backend) = match lower.split_once('/') {
            Some((program, backend)) => (program, Some(backend)),
            None => (lower.as_str(), None),
        };
        if is_name(program) && backend.is_none_or(is_name) {
            return Ok(RuntimeName {
                program: program.to_owned(),
                backend: backend.map(str::to_owned),
            });
        }
        Err("expected a name such as llama.cpp, or with its backend llama.cpp/cuda".to_owned())
    }

    /// The program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// What it runs on, if that is said.
    pub fn backend(&self) -> Option<&str> {
        self.backend.as_deref()
    }

    /// Whether a runtime goes by this name.
    pub fn means(&self, runtime: &Runtime) -> bool {
        self.program == runtime.program
            && self
                .backend
                .as_ref()
                .is_none_or(|backend| *backend == runtime.backend)
    }
}

impl std::fmt::Display for RuntimeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.program)?;
        self.backend
            .as_ref()
            .map_or(Ok(()), |backend| write!(f, "/{backend}"))
    }
}

/// What `--calibration` asks for.
enum Wanted {
    Auto,
    Bare,
    File(Box<Calibration>),
}

impl DeviceArgs {
    fn wanted(&self) -> Result<Wanted> {
        Ok(match self.calibration.as_str() {
            "auto" => Wanted::Auto,
            "bare" => Wanted::Bare,
            file => Wanted::File(Box::new(input::calibration(file)?)),
        })
    }

    /// The device, and what latencies in each of the formats rest on. Under the paper's assumptions, which leave out much
    /// of what runtimes do, nothing but the bare roofline means anything.
    ///
    /// # Errors
    /// A device or file that cannot be read, or a calibration of another device, runtime or format.
    pub fn latencies(&self, formats: &[Formats], paper: bool) -> Result<(Device, Vec<Latency>)> {
        let wanted = self.wanted()?;
        let named = match self.device.as_slice() {
            [] => None,
            [one] => Some(one),
            several => bail!("--device names {} devices: expected one", several.len()),
        };
        let name = match (named, &wanted) {
            (Some(name), _) => name.as_str(),
            (None, Wanted::File(calibration)) => &calibration.device.id,
            (None, _) => DEFAULT_DEVICE,
        };
        let device = match &wanted {
            Wanted::File(_) if named.is_none() => device::find(name)
                .cloned()
                .with_context(|| format!("--calibration {}: give --device", self.calibration))?,
            _ => input::device(name)?,
        };
        let latencies = self.of_device(&device, wanted, formats, paper)?;
        Ok((device, latencies))
    }

    /// Devices that are named.
    pub const fn n_named(&self) -> usize {
        self.device.len()
    }

    /// [`DeviceArgs::latencies`] of every device that is named, or of the default one.
    ///
    /// # Errors
    /// The same, a device that is named twice, and a calibration's file, which is of one device, with several.
    pub fn all_latencies(&self, formats: &[Formats], paper: bool) -> Result<Vec<(Device, Vec<Latency>)>> {
        if self.device.len() < 2 {
            return Ok(vec![self.latencies(formats, paper)?]);
        }
        let mut all: Vec<(Device, Vec<Latency>)> = Vec::new();
        for name in &self.device {
            let device = input::device(name)?;
            if all.iter().any(|(known, _)| known.id == device.id) {
                bail!("--device names {} twice", device.id);
            }
            let latencies = self.latencies_of(&device, formats, paper)?;
            all.push((device, latencies));
        }
        Ok(all)
    }

    /// The same for a device other than the one of the arguments.
    ///
    /// # Errors
    /// A calibration's file, which is of one device.
    pub fn latencies_of(&self, device: &Device, formats: &[Formats], paper: bool) -> Result<Vec<Latency>> {
        let wanted = self.wanted()?;
        if let Wanted::File(_) = wanted {
            bail!(
                "--calibration {} is of one device: expected auto or bare",
                self.calibration
            );
        }
        self.of_device(device, wanted, formats, paper)
    }

    fn of_device(
        &self,
        device: &Device,
        wanted: Wanted,
        formats: &[Formats],
        paper: bool,
    ) -> Result<Vec<Latency>> {
        match wanted {
            Wanted::Auto if paper => self.bare(device, formats),
            Wanted::Bare => self.bare(device, formats),
            Wanted::Auto => self.usual(device, formats),
            Wanted::File(_) if paper => bail!(
                "--paper-assumptions leaves out much of what a calibration has measured: leave out --calibration {}",
                self.calibration
            ),
            Wanted::File(calibration) => self
                .of_file(&calibration, device, formats)
                .with_context(|| format!("--calibration {}", self.calibration)),
        }
    }

    fn bare(&self, device: &Device, formats: &[Formats]) -> Result<Vec<Latency>> {
        if let Some(runtime) = &self.runtime {
            bail!("--runtime {runtime}: a bare roofline is of no runtime");
        }
        Ok(formats
            .iter()
            .map(|formats| Latency::bare(device, formats))
            .collect())
    }

    fn of_file(
        &self,
        calibration: &Calibration,
        device: &Device,
        formats: &[Formats],
    ) -> Result<Vec<Latency>> {
        calibration.check(device)?;
        if let Some(asked) = self
            .runtime
            .as_ref()
            .filter(|asked| !asked.means(&calibration.runtime))
        {
            bail!("it is of {}, not of {asked}", calibration.runtime.name());
        }
        let latency = |formats: &Formats| {
            let found = calibration
                .format(formats.weights)
                .ok_or_else(|| lacks(calibration, formats.weights))?;
            Ok(of_calibration(
                calibration,
                found,
                formats,
                Some(&self.calibration),
            ))
        };
        formats.iter().map(latency).collect()
    }

    /// Measurements of the device that come with the program, else what devices have in common.
    fn usual(&self, device: &Device, formats: &[Formats]) -> Result<Vec<Latency>> {
        let (population, published) = (Population::embedded(), Calibration::embedded(device));
        if let Some(asked) = &self.runtime {
            let known = population.runtimes();
            let mut programs: Vec<&str> = known.iter().filter_map(|name| name.split('/').next()).collect();
            programs.dedup();
            if !programs.contains(&asked.program()) {
                return Err(unknown_program(asked, &programs));
            }
        }
        let latency = |formats: &Formats| {
            let runtime = match &self.runtime {
                Some(asked) => Runtime {
                    program: asked.program.clone(),
                    backend: asked
                        .backend
                        .clone()
                        .unwrap_or_else(|| Runtime::backend_of(device).to_owned()),
                    version: String::new(),
                },
                None => Runtime::usual(device, formats.weights),
            };
            if let Some((calibration, found)) = best(&published, self.runtime.as_ref(), &runtime, formats) {
                return of_calibration(calibration, found, formats, None);
            }
            of_population(population, device, runtime, formats)
        };
        Ok(formats.iter().map(latency).collect())
    }
}

/// The calibration that knows most of a format: of the runtime asked for, else of any that was measured with it, else of
/// the usual one.
fn best<'a>(
    calibrations: &'a [Calibration],
    asked: Option<&RuntimeName>,
    usual: &Runtime,
    formats: &Formats,
) -> Option<(&'a Calibration, &'a CalibratedFormat)> {
    calibrations
        .iter()
        .filter_map(|calibration| Some((calibration, calibration.format(formats.weights)?)))
        .filter(|(calibration, found)| match asked {
            Some(asked) => asked.means(&calibration.runtime),
            None => found.n_measurements() > 0 || calibration.runtime.name() == usual.name(),
        })
        .max_by_key(|(calibration, found)| {
            let is_usual = calibration.runtime.name() == usual.name();
            (found.n_measurements() > 0, is_usual, found.n_measurements())
        })
}

fn of_calibration(
    calibration: &Calibration,
    found: &CalibratedFormat,
    formats: &Formats,
    file: Option<&str>,
) -> Latency {
    let mut runtime = calibration.runtime.name();
    if !calibration.runtime.version.is_empty() {
        runtime.push_str(&format!(" {}", calibration.runtime.version));
    }
    match calibration.threads {
        Some(1) => runtime.push_str(" with 1 thread"),
        Some(threads) => runtime.push_str(&format!(" with {threads} threads")),
        None => {}
    }
    let basis = Basis::Calibration {
        file: file.map(str::to_owned),
        device: calibration.device.id.clone(),
        runtime,
        rows_of_format: found.n_measurements(),
        rows: calibration.n_measurements,
        models: calibration.n_models,
        errors: Errors {
            decode: calibration.left_out(Phase::Decode),
            prefill: calibration.left_out(Phase::Prefill),
        },
    };
    Latency::calibrated(formats, basis, found.achieved.clone())
}

fn of_population(population: &Population, device: &Device, runtime: Runtime, formats: &Formats) -> Latency {
    let left_out = |phase| Some(population.validation(phase).device).filter(|found| found.rows > 0);
    let basis = Basis::Population {
        is_known: population.runtimes().contains(&runtime.name()),
        runtime: runtime.name(),
        errors: Errors {
            decode: left_out(Phase::Decode),
            prefill: left_out(Phase::Prefill),
        },
    };
    let question = Question {
        runtime,
        weights: formats.weights,
    };
    let mut answers = population.answer(device, &[], &[question]);
    match answers.pop() {
        Some(achieved) => Latency::calibrated(formats, basis, achieved),
        // There is an answer to each question.
        None => Latency::bare(device, formats),
    }
}

fn lacks(calibration: &Calibration, weights: WeightFormat) -> anyhow::Error {
    let names: Vec<String> = calibration
        .formats
        .iter()
        .map(|format| format.weights.to_string())
        .collect();
    anyhow!(
        "{} has no {weights} weights: expected {}",
        calibration.runtime.name(),
        names.join(", ")
    )
}

fn unknown_program(asked: &RuntimeName, programs: &[&str]) -> anyhow::Error {
    anyhow!(
        "--runtime {asked}: no measurements of `{}`: expected {}; or measure it, and see `rooflaw calibrate --help`",
        asked.program(),
        programs.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_have_one_or_two_names() {
        let name = RuntimeName::parse("Llama.cpp/CUDA").unwrap();
        assert_eq!((name.program(), name.backend()), ("llama.cpp", Some("cuda")));
        assert_eq!(name.to_string(), "llama.cpp/cuda");
        assert_eq!(RuntimeName::parse("vllm").unwrap().backend(), None);
        for wrong in ["", "/", "a/", "/b", "a/b/c", "a b", "é"] {
            assert!(RuntimeName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
