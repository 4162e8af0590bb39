//! Which device a test ran on, and whether it was one.

use crate::device::Phase;
use crate::measurements::MeasurementError;
use crate::measurements::record::Record;

/// Backends that run on the CPU, or beside it for some products.
const ON_CPU: [&str; 8] = [
    "cpu",
    "blas",
    "accelerate",
    "amx",
    "kleidiai",
    "zendnn",
    "openmp",
    "hbm",
];

/// Builds before 2025 have a switch for each backend in place of `backends`.
const SWITCHES: [&str; 7] = ["cuda", "opencl", "vulkan", "kompute", "metal", "sycl", "gpu_blas"];

/// Where a test ran.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placement {
    /// The device's name; empty where it is not said.
    pub(super) device: String,
    /// What runs on it.
    pub(super) backend: String,
    /// Threads, on a CPU.
    pub(super) threads: Option<u32>,
}

impl Placement {
    /// Where a test of `phase` ran with so many `layers` on the GPU, or why it was not one device. `most_layers` is the
    /// greatest number of any test of the model.
    pub(super) fn of(
        record: &Record,
        phase: Phase,
        layers: i64,
        most_layers: i64,
    ) -> Result<Result<Placement, String>, MeasurementError> {
        let backends = backends(record)?;
        if backends.iter().any(|backend| backend == "rpc") {
            return Ok(Err("run over several machines (RPC)".to_owned()));
        }
        let on_gpu: Vec<&str> = backends
            .iter()
            .map(String::as_str)
            .filter(|backend| !ON_CPU.contains(backend))
            .collect();
        let devices = record.first(&["devices"])?;
        let Some((&backend, others)) = on_gpu.split_first() else {
            return Ok(Ok(Placement::on_cpu(record)?));
        };
        if devices == "none" {
            return Ok(Ok(Placement::on_cpu(record)?));
        }
        if layers == 0 {
            // Products of a whole prompt still go to the GPU, whose weights then come over the bus.
            return Ok(if phase == Phase::Decode || record.is_on("no_op_offload")? {
                Ok(Placement::on_cpu(record)?)
            } else {
                Err(
                    "no layer was on the GPU, which prompts use all the same; -nopo 1 would keep them off it"
                        .to_owned(),
                )
            });
        }
        if layers < most_layers {
            return Ok(Err(format!(
                "{layers} layers were on the GPU, and more of the same model in another test"
            )));
        }
        if record.integer("n_cpu_moe")?.is_some_and(|layers| layers > 0) {
            return Ok(Err("experts were left to the CPU (-ncmoe)".to_owned()));
        }
        if !matches!(record.first(&["tensor_buft_overrides"])?, "" | "none") {
            return Ok(Err("tensors were placed by hand (-ot)".to_owned()));
        }
        if record.is_on("no_kv_offload")? {
            return Ok(Err("the KV cache was left to the CPU (-nkvo)".to_owned()));
        }
        let names = gpus(record)?;
        let device = match names.as_slice() {
            [] if backend == "metal" => cpu(record)?,
            [] => "",
            [name] => name,
            names => {
                let alone = record.first(&["split_mode"])? == "none";
                let named = !matches!(devices, "" | "auto") && !devices.contains('/');
                let index = if alone {
                    record.first(&["main_gpu"])?
                } else {
                    devices
                };
                let index = index.trim_start_matches(|c: char| !c.is_ascii_digit());
                let name = index.parse().ok().and_then(|index: usize| names.get(index));
                match name {
                    // Two backends count the same GPUs twice.
                    Some(name) if (alone || named) && others.is_empty() => name,
                    _ => {
                        let names = names.join(", ");
                        let several = format!("several GPUs ({names}); -sm none or -dev would choose one");
                        return Ok(Err(several));
                    }
                }
            }
        };
        Ok(Ok(Placement {
            device: device.to_owned(),
            backend: backend.to_owned(),
            threads: None,
        }))
    }

    fn on_cpu(record: &Record) -> Result<Placement, MeasurementError> {
        Ok(Placement {
            device: cpu(record)?.to_owned(),
            backend: "cpu".to_owned(),
            threads: record.count("n_threads", 0)?.filter(|threads| *threads > 0),
        })
    }
}

/// The backends that were there, in lower case; empty for a CPU alone.
fn backends(record: &Record) -> Result<Vec<String>, MeasurementError> {
    let mut named: Vec<String> = record
        .first(&["backends"])?
        .split(',')
        .map(|name| match name.trim().to_ascii_lowercase().as_str() {
            "mtl" => "metal".to_owned(),
            "hip" => "rocm".to_owned(),
            "gpu blas" => "gpu_blas".to_owned(),
            name => name.to_owned(),
        })
        .filter(|name| !name.is_empty())
        .collect();
    if named.is_empty() {
        for switch in SWITCHES {
            if record.is_on(switch)? {
                named.push(switch.to_owned());
            }
        }
    }
    Ok(named)
}

/// The CPU: the first of the CPU and its accelerators. Where llama.cpp finds no name it says `CPU`.
fn cpu(record: &Record) -> Result<&str, MeasurementError> {
    let name = record
        .first(&["cpu_info"])?
        .split(", ")
        .next()
        .unwrap_or_default();
    Ok(if name == "CPU" { "" } else { name })
}

/// The GPUs; builds of the old switches put `/` between them, those since 2025 a comma.
fn gpus(record: &Record) -> Result<Vec<&str>, MeasurementError> {
    let separator = if record.has("backends") { ", " } else { "/" };
    let names = record.first(&["gpu_info"])?.split(separator);
    Ok(names.map(str::trim).filter(|name| !name.is_empty()).collect())
}
