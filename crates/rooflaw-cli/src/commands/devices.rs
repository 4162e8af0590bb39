//! `rooflaw devices`: the catalogue.

use crate::{input, output};
use anyhow::Result;
use output::MeasuredTable;
use rooflaw::calibration::Calibration;
use rooflaw::device::{self, Device};
use rooflaw::format::Precision;

/// The devices rooflaw knows, with the source of each figure.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw devices                         all of them
  rooflaw devices --class jetson          one kind
  rooflaw devices jetson-agx-orin-64gb    one, with the sources of its figures
  rooflaw devices my-board.toml           checks a file of your own")]
pub struct Args {
    /// A name, alias or TOML file, to see all of one device
    device: Option<String>,
    /// Only this class
    #[arg(long, conflicts_with = "device", value_parser = classes())]
    class: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if let Some(name) = &args.device {
        let device = input::device(name)?;
        return if args.json {
            output::json(&device)
        } else {
            detail(&device)
        };
    }
    let wanted = |device: &&Device| {
        args.class
            .as_ref()
            .is_none_or(|class| device.class.name() == class)
    };
    let devices: Vec<&Device> = device::catalogue().iter().filter(wanted).collect();
    if args.json {
        return output::json(&devices);
    }
    let mut table = MeasuredTable::new(&["device", "GB/s", "GB", "TFLOP/s", "TOP/s"], &[0]);
    // A column for the class would leave too little for the names: it is a line of its own.
    for class in class_names() {
        let mut members = devices
            .iter()
            .filter(|device| device.class.name() == class)
            .peekable();
        if members.peek().is_some() {
            table.push(vec![format!("{class}:")]);
        }
        for device in members {
            table.push(row(device));
        }
    }
    output::table(&table)?;
    output::line("")?;
    output::line(&format!(
        "{} devices. TFLOP/s: dense fp16 (fp32 where there is none); TOP/s: dense int8.",
        devices.len()
    ))?;
    output::line(
        "*: a figure whose source was not read; `rooflaw devices NAME` says which. +: calibrated, for the runtimes that it \
         says as well.",
    )
}

/// The classes of the catalogue's devices, in the order of its files' names.
fn class_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for device in device::catalogue() {
        if !names.contains(&device.class.name()) {
            names.push(device.class.name());
        }
    }
    names.sort_unstable();
    names
}

fn classes() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(class_names())
}

fn row(device: &Device) -> Vec<String> {
    let unread = if device.sources.unread.is_empty() { "" } else { "*" };
    let peak = |precision| {
        device
            .peaks
            .of(precision)
            .map_or_else(|| "–".to_owned(), output::tera)
    };
    let calibrated = if Calibration::is_embedded(device) { "+" } else { "" };
    let floating = device.peaks.fp16.map_or(Precision::Fp32, |_| Precision::Fp16);
    vec![
        format!("  {}{unread}{calibrated}", device.id),
        format!("{:.1}", device.memory_bandwidth_bytes_per_s / 1e9),
        format!("{:.0}", device.memory_capacity_bytes / 1e9),
        peak(floating),
        peak(Precision::Int8),
    ]
}

/// The calibrations that come with the program: each runtime with its measurements.
fn calibrations(device: &Device) -> String {
    let words: Vec<String> = Calibration::embedded(device)
        .iter()
        .map(|calibration| {
            format!(
                "{} ({} measurements of {} models)",
                calibration.runtime.name(),
                calibration.n_measurements,
                calibration.n_models
            )
        })
        .collect();
    if words.is_empty() {
        "none of this device: its latencies are predicted from published measurements of others".to_owned()
    } else {
        words.join(", ")
    }
}

fn detail(device: &Device) -> Result<()> {
    output::heading(&format!("{} ({})", device.name, device.id))?;
    let kind = [
        device.vendor.as_str(),
        device.class.name(),
        device.variant.as_deref().unwrap_or_default(),
    ];
    let kind: Vec<&str> = kind.into_iter().filter(|part| !part.is_empty()).collect();
    output::line(&kind.join(", "))?;
    output::remark("also", &device.aliases.join(", "))?;
    output::line("")?;
    let unread = |names: &[&str]| {
        let listed = device
            .sources
            .unread
            .iter()
            .any(|entry| names.contains(&entry.as_str()));
        if listed { "(source not read)" } else { "" }
    };
    let mut table = MeasuredTable::new(&["figure", "value", ""], &[0, 2]);
    for precision in Precision::ALL {
        if let Some(rate) = device.peaks.of(precision) {
            let name = format!("peak_tflops.{precision}");
            let mark = unread(&["peak_tflops", &name]).to_owned();
            table.push(vec![
                format!("peak {precision}, dense"),
                format!("{} T/s", output::tera(rate)),
                mark,
            ]);
        }
    }
    table.push(vec![
        "memory bandwidth".to_owned(),
        format!("{:.1} GB/s", device.memory_bandwidth_bytes_per_s / 1e9),
        unread(&["memory_bandwidth"]).to_owned(),
    ]);
    table.push(vec![
        "memory capacity".to_owned(),
        output::gigabytes(device.memory_capacity_bytes),
        unread(&["memory_capacity"]).to_owned(),
    ]);
    if let Some(power) = device.power_w {
        table.push(vec![
            "power".to_owned(),
            format!("{power:.0} W"),
            unread(&["power_w"]).to_owned(),
        ]);
    }
    let launch = format!("{:.1} µs", device.launch_overhead_s * 1e6);
    let is_default = device.launch_overhead_s == device.class.default_launch_overhead_s();
    table.push(vec![
        "launch of an operator".to_owned(),
        launch,
        if is_default { "(default of the class)" } else { "" }.to_owned(),
    ]);
    output::table(&table)?;
    output::line("")?;
    output::remark("Calibrations", &calibrations(device))?;
    output::remark("Peak rates", &device.sources.peak_tflops)?;
    output::remark("Bandwidth", &device.sources.memory_bandwidth)?;
    output::remark("Capacity", &device.sources.memory_capacity)?;
    device
        .note
        .as_ref()
        .map_or(Ok(()), |note| output::remark("Note", note))
}
