//! What `rooflaw predict` says on the terminal, and its tables.

use super::{Args, Prediction, warnings};
use crate::latency;
use crate::output::{self, MeasuredTable};
use crate::report;
use anyhow::Result;
use rooflaw::architecture::Parameters;
use rooflaw::calibration::{Interval, LatencyIntervals};
use rooflaw::law::LossLaw;
use rooflaw::operators::ComputeUnit;
use rooflaw::roofline::{OperatorRow, Roofline, StepTable};

/// Prints the answer.
pub fn print(args: &Args, prediction: &Prediction<'_>, law: &LossLaw, roofline: &Roofline) -> Result<()> {
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
    output::line(&rates(prediction, roofline))?;
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
        output::line(&against_bound(prediction, table, bound))?;
    }
    output::line("")?;
    for sentence in latency::sentences(device, std::slice::from_ref(prediction.latency)) {
        output::line(&sentence)?;
    }
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

/// The rates behind the prediction.
fn rates(prediction: &Prediction<'_>, roofline: &Roofline) -> String {
    let (device, formats) = (prediction.device, &prediction.formats);
    let rate = output::tera(roofline.peak(ComputeUnit::Matrix));
    let (bandwidth, ridge) = (roofline.bandwidth() / 1e9, roofline.ridge_point());
    if !prediction.latency.is_calibrated() {
        let launch = if roofline.assumptions().launch_overhead {
            device.launch_overhead_s * 1e6
        } else {
            0.0
        };
        return format!(
            "peak {rate} TFLOP/s, {bandwidth:.1} GB/s, ridge point {ridge:.0} FLOP/byte, {launch:.1} µs a launch"
        );
    }
    let bound = Roofline::new(device, formats, roofline.assumptions());
    format!(
        "dense products: {rate} TFLOP/s in prefill (peak {}); weights: {bandwidth:.1} GB/s in decode (peak {:.1})",
        output::tera(bound.peak(ComputeUnit::Matrix)),
        bound.bandwidth() / 1e9,
    )
}

fn summary(prediction: &Prediction<'_>) -> MeasuredTable {
    let (evaluation, memory) = (&prediction.evaluation, &prediction.evaluation.memory);
    let Parameters { total, active, .. } = evaluation.parameters;
    let mut table = MeasuredTable::new(&["predicted", "value", ""], &[0, 2]);
    let mut row =
        |name: &str, value: String, remark: String| table.push(vec![name.to_owned(), value, remark]);
    let LatencyIntervals {
        ttft, total: whole, ..
    } = &prediction.intervals;
    let expect = |interval: &Interval| format!("expect {}", latency::range(interval));
    row("TTFT", output::seconds(evaluation.ttft_s), expect(ttft));
    let at_context = format!("at context {}", output::thousands(u64::from(prediction.context)));
    let rate = f64::from(prediction.workload.batch) / prediction.tpot_at_context_s;
    row(
        "TPOT",
        output::seconds(prediction.tpot_at_context_s),
        expect(&prediction.tpot_at_context),
    );
    row("  tokens/s", format!("{rate:.1}"), at_context);
    row(
        "total latency",
        output::seconds(evaluation.total_s),
        format!("{}: prefill and all tokens", expect(whole)),
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
    if step.step_s > 0.0 {
        let mut row = vec![String::new(); 9];
        row[0] = "the step itself".to_owned();
        row[7] = output::milliseconds(step.step_s);
        row[8] = format!("{:.1}", 100.0 * step.step_s / total);
        table.push(row);
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
pub fn against_bound(prediction: &Prediction<'_>, step: &StepTable, bound_s: f64) -> String {
    let launches = step.sum(|row| row.launch_s);
    let bound = format!(
        "Bound (all compute, or all weights and KV): {} ms; predicted {:.2}x.",
        output::milliseconds(bound_s),
        step.total_s() / bound_s,
    );
    let launches = format!("Launches: {} ms of it", output::milliseconds(launches));
    if prediction.latency.is_calibrated() {
        return format!("{bound}\n{launches}. All at these rates, not at peaks.");
    }
    let activations = step.sum(|row| row.activation_bytes) / prediction.device.memory_bandwidth_bytes_per_s;
    format!(
        "{bound}\n{launches}; activations' traffic: {} ms, in part hidden.",
        output::milliseconds(activations),
    )
}
