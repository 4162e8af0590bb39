//! `rooflaw predict`: one model on one device, operator by operator.

use crate::input::{self, ArchitectureFlags, FormatArgs, LawArgs, NamedArchitecture, WorkloadArgs};
use crate::output::{self, Folder, MeasuredTable};
use crate::report::{self, ExpectedRatios};
use anyhow::{Result, bail};
use rooflaw::architecture::{Architecture, Parameters};
use rooflaw::device::{Device, ExpectedRatio};
use rooflaw::format::Formats;
use rooflaw::law::{Extrapolation, LossInterval, LossLaw};
use rooflaw::operators::{ComputeUnit, Step};
use rooflaw::roofline::{Evaluation, Evaluator, Fallback, OperatorRow, Roofline, StepTable, Workload};
use serde::Serialize;
use std::path::PathBuf;

/// TTFT, TPOT, memory and the operator table of one model on a device.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw predict qwen2.5-0.5b --device jetson-agx-orin-64gb
  rooflaw predict path/to/config.json --device raspberry-pi-5 --weights Q4_K_M
  rooflaw predict --n-layers 12 --hidden-size 1536 --intermediate-size 4608
  rooflaw predict qwen3-0.6b --device apple-m4 --context 8192 --out prediction")]
pub struct Args {
    /// A built-in model's name, a config.json, or a folder that holds one
    model: Option<String>,
    /// A device's name, or a TOML file
    #[arg(long, short, default_value = "jetson-agx-orin-64gb")]
    device: String,
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
    /// Measured over predicted latency, by published measurements of the device's class.
    pub expected_ratios: ExpectedRatios,
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
    let device = input::device(&args.device)?;
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
    let roofline = Roofline::new(&device, &formats, &args.formats.assumptions());
    let prediction = predict(args, &model, &device, &law, &roofline);
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        report::prediction::write(&prediction, &roofline, &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        output::json(&prediction)
    } else {
        print(args, &prediction, &law, &roofline)
    }
}

fn predict<'a>(
    args: &Args,
    model: &'a NamedArchitecture,
    device: &'a Device,
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
        expected_ratios: ExpectedRatios::of(device),
        fallbacks: roofline.fallbacks(),
        prefill_bound_s: prefill.hand_bound_s(roofline.bandwidth()),
        decode_bound_s: decode.hand_bound_s(roofline.bandwidth()),
        prefill,
        decode,
    }
}

fn print(args: &Args, prediction: &Prediction<'_>, law: &LossLaw, roofline: &Roofline) -> Result<()> {
    let (device, workload, formats) = (prediction.device, prediction.workload, &prediction.formats);
    output::heading(&format!("{} on {}", prediction.model, device.name))?;
    output::line(&format!(
        "batch {}, {} tokens in, {} out; weights {}, activations {}, KV {}",
        workload.batch,
        output::thousands(u64::from(workload.prompt_tokens)),
        workload.generated_tokens,
        formats.weights,
        formats.activations,
        formats.kv,
    ))?;
    output::line(&format!(
        "peak {} TFLOP/s, {:.1} GB/s, ridge point {:.0} FLOP/byte, {:.1} µs a launch",
        output::tera(roofline.peak(ComputeUnit::Matrix)),
        roofline.bandwidth() / 1e9,
        roofline.ridge_point(),
        if roofline.assumptions().launch_overhead {
            device.launch_overhead_s * 1e6
        } else {
            0.0
        },
    ))?;
    output::line("")?;
    output::table(&summary(prediction))?;
    for (name, table, bound) in [
        (
            format!(
                "Prefill of {} tokens",
                output::thousands(u64::from(workload.prompt_tokens))
            ),
            &prediction.prefill,
            prediction.prefill_bound_s,
        ),
        (
            format!(
                "Decode of a token at context {}",
                output::thousands(u64::from(prediction.context))
            ),
            &prediction.decode,
            prediction.decode_bound_s,
        ),
    ] {
        output::line("")?;
        output::heading(&name)?;
        output::table(&operators(table))?;
        output::line(&against_bound(table, bound, roofline.bandwidth()))?;
    }
    output::line("")?;
    output::line(&report::accuracy(device))?;
    output::line(&report::loss_text(law))?;
    for warning in warnings(prediction, law) {
        output::warning(&warning)?;
    }
    if let Some(out) = &args.out {
        output::line(&format!(
            "Written to {}: report.html, roofline.svg, roofline.png, operators.csv, prediction.json",
            out.display()
        ))?;
    }
    Ok(())
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

fn summary(prediction: &Prediction<'_>) -> MeasuredTable {
    let (evaluation, memory) = (&prediction.evaluation, &prediction.evaluation.memory);
    let Parameters { total, active, .. } = evaluation.parameters;
    let mut table = MeasuredTable::new(&["predicted", "value", ""], &[0, 2]);
    let mut row =
        |name: &str, value: String, remark: String| table.push(vec![name.to_owned(), value, remark]);
    let ExpectedRatios { ttft, tpot } = prediction.expected_ratios;
    let expect = |seconds: f64, ratio: &ExpectedRatio| {
        format!(
            "expect {} to {}",
            output::seconds(ratio.p10 * seconds),
            output::seconds(ratio.p90 * seconds)
        )
    };
    row(
        "TTFT",
        output::seconds(evaluation.ttft_s),
        expect(evaluation.ttft_s, &ttft),
    );
    let at_context = format!("at context {}", output::thousands(u64::from(prediction.context)));
    let rate = f64::from(prediction.workload.batch) / prediction.tpot_at_context_s;
    row(
        "TPOT",
        output::seconds(prediction.tpot_at_context_s),
        expect(prediction.tpot_at_context_s, &tpot),
    );
    row("  tokens/s", format!("{rate:.1}"), at_context);
    row(
        "total latency",
        output::seconds(evaluation.total_s),
        "prefill and all tokens".to_owned(),
    );
    row("memory", output::gigabytes(memory.total_bytes()), String::new());
    row(
        "  weights",
        output::gigabytes(memory.weights_bytes),
        String::new(),
    );
    let context = format!(
        "at context {}",
        output::thousands(u64::from(prediction.workload.full_context()))
    );
    row("  KV cache", output::gigabytes(memory.kv_cache_bytes), context);
    row(
        "  activations",
        output::gigabytes(memory.activations_bytes),
        "during prefill, an estimate".to_owned(),
    );
    let capacity = output::gigabytes(prediction.device.memory_capacity_bytes);
    row(
        "fits",
        if prediction.fits { "yes" } else { "no" }.to_owned(),
        format!("of {capacity}"),
    );
    row(
        "parameters",
        output::parameters(total),
        format!("{} active per token", output::parameters(active)),
    );
    row(
        "loss",
        report::loss(evaluation.loss, prediction.loss_interval),
        format!("{}, if trained as the law's runs were", prediction.loss_unit),
    );
    table
}

/// The operator table, at most 80 columns wide.
pub fn operators(step: &StepTable) -> MeasuredTable {
    let mut table = MeasuredTable::new(
        &[
            "operator",
            "layers",
            "GFLOP",
            "weight MB",
            "KV MB",
            "FLOP/B",
            "bound",
            "ms",
            "%",
        ],
        &[0, 6],
    );
    let total = step.total_s();
    // Each column with its sum below, all with as many decimals as the sum has room for.
    let column = |decimals: usize, value: &dyn Fn(&OperatorRow) -> f64| {
        let mut values: Vec<f64> = step.rows.iter().map(value).collect();
        values.push(values.iter().sum());
        output::column(&values, decimals)
    };
    let flops = column(2, &|row| row.flops / 1e9);
    let weights = column(1, &|row| row.weight_bytes / 1e6);
    let kv = column(1, &|row| row.kv_bytes / 1e6);
    let intensities: Vec<f64> = step.rows.iter().map(|row| row.arithmetic_intensity).collect();
    let intensities = output::column(&intensities, 1);
    for (index, row) in step.rows.iter().enumerate() {
        table.push(vec![
            row.kind.name().to_owned(),
            row.instances.to_string(),
            flops[index].clone(),
            weights[index].clone(),
            kv[index].clone(),
            intensities[index].clone(),
            row.binding.name().to_owned(),
            output::milliseconds(row.time_s),
            format!("{:.1}", 100.0 * row.time_s / total),
        ]);
    }
    let last = |column: Vec<String>| column.last().cloned().unwrap_or_default();
    table.push(vec![
        "sum".to_owned(),
        String::new(),
        last(flops),
        last(weights),
        last(kv),
        String::new(),
        String::new(),
        output::milliseconds(total),
        "100".to_owned(),
    ]);
    table
}

/// Why the step takes longer than the hand bound.
pub fn against_bound(step: &StepTable, bound_s: f64, bandwidth: f64) -> String {
    let launches = step.sum(|row| row.launch_s);
    let activations = step.sum(|row| row.activation_bytes) / bandwidth;
    format!(
        "Bound (all compute, or all weights and KV): {} ms; predicted {:.2}x.\n\
         Launches: {} ms of it; activations' traffic: {} ms, in part hidden.",
        output::milliseconds(bound_s),
        step.total_s() / bound_s,
        output::milliseconds(launches),
        output::milliseconds(activations),
    )
}
