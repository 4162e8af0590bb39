//! `rooflaw measure device`: this machine as a device.

use super::show;
use crate::output::{self, File, MeasuredTable, Progress};
use anyhow::{Result, anyhow};
use rooflaw::device::DeviceClass;
use rooflaw_measure::{DeviceName, LoadLimit, MachineReport, PRODUCT_PRECISIONS};
use std::path::{Path, PathBuf};

/// Memory bandwidth and rate of matrix products of this machine.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw measure device                       a table, in some seconds
  rooflaw measure device --out mine.toml       and a file for --device
  rooflaw design --device mine.toml            what to build for this machine

Close other programs first. The bandwidth of the file is the best of reading;
the peaks those of matrix products.")]
pub struct DeviceArgs {
    /// Write the device's file, which every --device takes
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What to call the device [default: the processor's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Its class: jetson, apple, phone, sbc, cpu, …
    #[arg(long, default_value = "cpu", value_parser = class)]
    class: DeviceClass,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn class(text: &str) -> Result<DeviceClass, String> {
    let found = DeviceClass::ALL.into_iter().find(|class| class.name() == text);
    found.ok_or_else(|| {
        let names = DeviceClass::ALL.map(DeviceClass::name).join(", ");
        format!("expected one of {names}")
    })
}

/// Runs the command.
pub fn run(args: &DeviceArgs) -> Result<()> {
    let out = args
        .out
        .as_deref()
        .map(|path| Ok::<_, anyhow::Error>((path, File::new(path)?)));
    let out = out.transpose()?;
    let mut progress: Option<Progress> = None;
    let report = MachineReport::measure(&mut |_, steps| {
        progress.get_or_insert_with(|| Progress::work(steps)).advance(1);
    });
    if let Some(progress) = progress {
        progress.finish();
    }
    warn_if_busy(&report)?;
    if let Some((path, file)) = &out {
        let id = path
            .file_stem()
            .ok_or_else(|| anyhow!("--out {}: expected a file", path.display()))?;
        let name = DeviceName {
            id: id.to_string_lossy().into_owned(),
            name: args.name.clone(),
            class: args.class,
        };
        file.write(&report.device(&name).to_toml())?;
    }
    if args.json {
        return output::json(&report);
    }
    print(&report, out.as_ref().map(|(path, _)| *path))
}

/// As of models, more than 5 % of the processors.
const BUSY: f64 = 0.05;

fn warn_if_busy(report: &MachineReport) -> Result<()> {
    match &report.load {
        None => output::warning("whether others use the machine is not seen on this system: keep it quiet"),
        Some(load) if LoadLimit::of(BUSY).is_exceeded_by(load) => output::warning(&format!(
            "the machine was busy meanwhile ({}): what it reaches in quiet is more",
            show::load(load)
        )),
        Some(_) => Ok(()),
    }
}

fn print(report: &MachineReport, out: Option<&Path>) -> Result<()> {
    output::heading(&format!(
        "{}: {} cores, {} threads, {}",
        report.processor,
        report.cores,
        report.threads,
        output::gigabytes(report.memory_bytes as f64)
    ))?;
    let names = PRODUCT_PRECISIONS.map(|precision| precision.to_string());
    let mut head = vec!["threads", "read", "triad GB/s"];
    head.extend(names.iter().map(String::as_str));
    let mut table = MeasuredTable::new(&head, &[]);
    for bandwidth in &report.bandwidths {
        let mut row = vec![
            bandwidth.threads.to_string(),
            output::short(bandwidth.read_bytes_per_s / 1e9, 1),
            output::short(bandwidth.triad_bytes_per_s / 1e9, 1),
        ];
        let rates = &report.product_rates;
        let products = rates.iter().filter(|rate| rate.threads == bandwidth.threads);
        row.extend(products.map(|rate| output::short(rate.op_per_s / 1e9, 1)));
        table.push(row);
    }
    output::table(&table)?;
    output::line("")?;
    output::line(&format!(
        "Arrays of {} MiB each; matrix products in GFLOP/s (int8: GOP/s); the best of several rounds. Rates reached, not \
         data-sheet peaks.",
        report.array_bytes >> 20
    ))?;
    match out {
        Some(path) => output::line(&format!(
            "Written to {0}: `rooflaw design --device {0}`",
            path.display()
        )),
        None => {
            output::line("--out mine.toml writes it as a device for `rooflaw design --device mine.toml`.")
        }
    }
}
