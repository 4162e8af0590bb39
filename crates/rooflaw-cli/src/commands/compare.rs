//! `rooflaw compare`: several models side by side.

use crate::input::{self, FormatArgs, LawArgs, WorkloadArgs};
use crate::latency::{self, DeviceArgs};
use crate::output::{self, MeasuredTable};
use crate::report;
use anyhow::{Result, bail};
use rooflaw::roofline::{Evaluator, Roofline};
use serde_json::json;

/// Several models side by side on a device.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw compare qwen2.5-0.5b qwen3-0.6b smollm2-360m-instruct
  rooflaw compare qwen3-1.7b out/best --device raspberry-pi-5 --weights Q4_K_M
  rooflaw compare qwen3-0.6b qwen3-1.7b --weights Q8_0 --calibration pi.toml
  rooflaw compare llama-3.2-1b-instruct --weights bf16,w8a8,w4a16 --json")]
pub struct Args {
    /// Built-in models' names, config.json files, or folders that hold one
    #[arg(required = true)]
    models: Vec<String>,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    law: LawArgs,
    #[command(flatten)]
    workload: WorkloadArgs,
    #[command(flatten)]
    formats: FormatArgs,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let models = args
        .models
        .iter()
        .map(|name| input::model(name))
        .collect::<Result<Vec<_>>>()?;
    if models.len() > 100 {
        bail!("{} models: expected at most 100", models.len());
    }
    let (law, workload) = (args.law.law()?, args.workload.workload());
    let (device, latencies) = args
        .device
        .latencies(&args.formats.formats()?, args.formats.is_paper())?;
    let rooflines: Vec<Roofline> = latencies
        .iter()
        .map(|latency| latency.roofline(&device, &args.formats.assumptions()))
        .collect();
    let mut table = MeasuredTable::new(
        &[
            "model", "format", "total", "active", "TTFT", "×÷", "TPOT", "×÷", "GB", "loss",
        ],
        &[0, 1],
    );
    let (mut rows, mut warnings) = (Vec::new(), Vec::new());
    for model in &models {
        let features = law.features(&model.architecture);
        let (extrapolations, loss_interval) = (law.extrapolations(&features), law.interval(&features));
        let unseen = report::expert_warning(&law, &model.architecture);
        warnings.extend(unseen.map(|warning| format!("{}: {warning}", model.name)));
        for extrapolation in &extrapolations {
            warnings.push(format!(
                "{}: the law {} extrapolates: {extrapolation}",
                model.name, law.id
            ));
        }
        for (latency, roofline) in latencies.iter().zip(&rooflines) {
            let formats = &latency.formats;
            let architecture = &model.architecture;
            let evaluation = Evaluator::new(law.clone(), roofline.clone(), workload).evaluate(architecture);
            let intervals = latency.intervals(&device, roofline, &workload, architecture, &evaluation);
            let fits = evaluation.memory.total_bytes() <= device.memory_capacity_bytes;
            let gigabytes = output::short(evaluation.memory.total_bytes() / 1e9, 2);
            let size = format!("{gigabytes}{}", if fits { "" } else { "!" });
            table.push(vec![
                model.name.clone(),
                formats.weights.to_string(),
                output::parameters(evaluation.parameters.total),
                output::parameters(evaluation.parameters.active),
                output::milliseconds(evaluation.ttft_s),
                latency::factor(&intervals.ttft),
                output::milliseconds(evaluation.tpot_s),
                latency::factor(&intervals.tpot),
                size,
                report::loss(evaluation.loss, loss_interval),
            ]);
            rows.push(json!({
                "model": model.name,
                "formats": formats,
                "architecture": model.architecture,
                "evaluation": evaluation,
                "intervals": intervals,
                "fits": fits,
                "loss_interval": loss_interval,
                "extrapolations": extrapolations,
            }));
        }
    }
    if args.json {
        return output::json(
            &json!({ "device": device, "workload": workload, "law": law.id, "latencies": latencies, "models": rows }),
        );
    }
    output::heading(&format!(
        "{}: batch {}, {} tokens in, {} out",
        device.name, workload.batch, workload.prompt_tokens, workload.generated_tokens
    ))?;
    output::line("")?;
    output::table(&table)?;
    output::line("")?;
    output::line(
        "TTFT, TPOT (mean over the tokens out) in ms; GB: memory, ! where it does not fit; the loss is of each shape, not \
         of the model as published.",
    )?;
    output::line(latency::factor_legend(&latencies))?;
    output::line(&report::loss_text(&law))?;
    for sentence in latency::sentences(&device, &latencies) {
        output::line(&sentence)?;
    }
    for warning in warnings {
        output::warning(&warning)?;
    }
    Ok(())
}
