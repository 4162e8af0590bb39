//! `rooflaw predict`: one model on one device, operator by operator.

pub mod print;

use crate::input::{self, ArchitectureFlags, FormatArgs, LawArgs, NamedArchitecture, WorkloadArgs};
use crate::latency::{DeviceArgs, Latency};
use crate::output::{self, Folder};
use crate::report;
use anyhow::{Result, bail};
use rooflaw::architecture::Architecture;
use rooflaw::calibration::{Interval, LatencyIntervals};
use rooflaw::device::Device;
use rooflaw::format::Formats;
use rooflaw::law::{Extrapolation, LossInterval, LossLaw};
use rooflaw::operators::Step;
use rooflaw::roofline::{Evaluation, Evaluator, Fallback, Roofline, StepTable, Workload};
use serde::Serialize;
use std::path::PathBuf;

/// TTFT, TPOT, memory and the operator table of one model on a device.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw predict qwen2.5-0.5b --device jetson-agx-orin-64gb
  rooflaw predict path/to/config.json --device raspberry-pi-5 --weights Q4_K_M
  rooflaw predict qwen3-1.7b --weights Q8_0 --calibration pi.toml
  rooflaw predict qwen3-8b --device geforce-rtx-4090 --runtime vllm
  rooflaw predict --n-layers 12 --hidden-size 1536 --intermediate-size 4608
  rooflaw predict qwen3-0.6b --device apple-m4 --context 8192 --out prediction")]
pub struct Args {
    /// A built-in model's name, a config.json, or a folder that holds one
    model: Option<String>,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    law: LawArgs,
    #[command(flatten)]
    workload: WorkloadArgs,
    /// Context at which the decode step is shown [default: the prompt's tokens]
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1 << 28))]
    context: Option<u32>,
    #[command(flatten)]
    formats: FormatArgs,
    #[command(flatten)]
    architecture: ArchitectureFlags,
    /// Write roofline.svg, roofline.png, operators.csv, report.html and prediction.json into this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// Everything that is said of a model.
#[derive(Serialize)]
pub struct Prediction<'a> {
    /// What the model is called.
    pub model: &'a str,
    /// Its architecture.
    pub architecture: &'a Architecture,
    /// The device.
    pub device: &'a Device,
    /// The workload.
    pub workload: Workload,
    /// The formats.
    pub formats: Formats,
    /// Loss, latencies, memory, parameters.
    pub evaluation: Evaluation,
    /// Context of the decode step shown.
    pub context: u32,
    /// TPOT at that context, seconds.
    pub tpot_at_context_s: f64,
    /// Whether it fits into the device's memory.
    pub fits: bool,
    /// What the loss is measured in.
    pub loss_unit: &'a str,
    /// The interval of the loss, if the law states one.
    pub loss_interval: Option<LossInterval>,
    /// Where the law extrapolates.
    pub extrapolations: Vec<Extrapolation>,
    /// What the latencies rest on.
    pub latency: &'a Latency,
    /// The intervals of the latencies.
    pub intervals: LatencyIntervals,
    /// The interval of TPOT at the context shown.
    pub tpot_at_context: Interval,
    /// Precisions the device has no rate for.
    pub fallbacks: &'a [Fallback],
    /// The prefill, operator by operator.
    pub prefill: StepTable,
    /// The decode step, operator by operator.
    pub decode: StepTable,
    /// The hand bound of the prefill, seconds.
    pub prefill_bound_s: f64,
    /// The hand bound of the decode step, seconds.
    pub decode_bound_s: f64,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let model = match (&args.model, args.architecture.architecture()?) {
        (Some(name), None) => input::model(name)?,
        // clap has refused MODEL together with an architecture's flags.
        (_, Some(architecture)) => NamedArchitecture {
            name: "this architecture".to_owned(),
            architecture,
        },
        (None, None) => {
            bail!("which model? Give a name (`rooflaw models` lists them), a config.json, or flags")
        }
    };
    let law = args.law.law()?;
    if let Some(out) = &args.out {
        Folder::check(out)?;
    }
    let [formats] = args.formats.formats()?[..] else {
        bail!(
            "--weights names {} formats: expected one for `predict`",
            args.formats.formats()?.len()
        )
    };
    let (device, latencies) = args.device.latencies(&[formats], args.formats.is_paper())?;
    let [latency] = &latencies[..] else {
        bail!("{} latencies of one format", latencies.len())
    };
    let roofline = latency.roofline(&device, &args.formats.assumptions());
    let prediction = predict(args, &model, &device, latency, &law, &roofline);
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        report::prediction::write(&prediction, &roofline, &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        output::json(&prediction)
    } else {
        print::print(args, &prediction, &law, &roofline)
    }
}

fn predict<'a>(
    args: &Args,
    model: &'a NamedArchitecture,
    device: &'a Device,
    latency: &'a Latency,
    law: &'a LossLaw,
    roofline: &'a Roofline,
) -> Prediction<'a> {
    let workload = args.workload.workload();
    let context = args.context.unwrap_or(workload.prompt_tokens);
    let architecture = &model.architecture;
    let evaluation = Evaluator::new(law.clone(), roofline.clone(), workload).evaluate(architecture);
    let prefill = roofline.table(
        architecture,
        &Step::prefill(workload.batch, workload.prompt_tokens),
    );
    let decode = roofline.table(architecture, &Step::decode(workload.batch, context));
    Prediction {
        model: &model.name,
        architecture,
        device,
        workload,
        formats: *roofline.formats(),
        evaluation,
        context,
        tpot_at_context_s: decode.total_s(),
        fits: evaluation.memory.total_bytes() <= device.memory_capacity_bytes,
        loss_unit: law.unit(),
        loss_interval: law.interval(&law.features(architecture)),
        extrapolations: law.extrapolations(&law.features(architecture)),
        latency,
        intervals: latency.intervals(device, roofline, &workload, architecture, &evaluation),
        tpot_at_context: latency.tpot_at(device, roofline, architecture, (workload.batch, context)),
        fallbacks: latency.fallbacks(roofline),
        prefill_bound_s: prefill.hand_bound_s(roofline.bandwidth()),
        decode_bound_s: decode.hand_bound_s(roofline.bandwidth()),
        prefill,
        decode,
    }
}

/// What to know before trusting a prediction.
pub fn warnings(prediction: &Prediction<'_>, law: &LossLaw) -> Vec<String> {
    let mut warnings = Vec::new();
    if !prediction.fits {
        warnings.push(format!(
            "it needs {}, {} has {}",
            output::gigabytes(prediction.evaluation.memory.total_bytes()),
            prediction.device.name,
            output::gigabytes(prediction.device.memory_capacity_bytes),
        ));
    }
    if !prediction.evaluation.loss.is_finite() {
        warnings.push(format!("the law {} gives no finite loss for it", law.id));
    }
    warnings.extend(report::expert_warning(law, prediction.architecture));
    for extrapolation in &prediction.extrapolations {
        warnings.push(format!("the law {} extrapolates: {extrapolation}", law.id));
    }
    warnings.extend(report::fallback_warnings(prediction.device, prediction.fallbacks));
    warnings
}
