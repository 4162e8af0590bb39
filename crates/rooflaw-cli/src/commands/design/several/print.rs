//! What a design for several targets says on the terminal.

use super::{OnTarget, SeveralDesign};
use crate::commands::design::Args;
use crate::commands::design::print::{shape, spread};
use crate::commands::models::ffn;
use crate::latency;
use crate::output::{self, MeasuredTable};
use crate::report;
use anyhow::Result;
use rooflaw::law::LossLaw;
use rooflaw::several::Across;

/// Rows of the frontier.
const ROWS: usize = 10;

/// Prints the answer.
pub fn print(args: &Args, found: &SeveralDesign<'_>, law: &LossLaw) -> Result<()> {
    output::heading(&title(found))?;
    output::line(&format!(
        "law {}; space {}; {}",
        report::law_text(law),
        found.space,
        measure(found)
    ))?;
    output::line("")?;
    output::heading("The best within the budgets of all")?;
    output::line(&format!("Build: {}.", shape(&found.chosen.architecture)))?;
    output::line(&summary(found))?;
    output::line("")?;
    output::table(&targets_table(found))?;
    output::line(&legend(found))?;
    for (position, of_format) in found.by_format.iter().enumerate() {
        output::line("")?;
        let shown = spread(of_format.outcome.frontier.len(), ROWS);
        output::heading(&format!(
            "Frontier with {} weights ({} of {} points)",
            of_format.formats.weights,
            shown.len(),
            output::thousands(of_format.outcome.frontier.len() as u64)
        ))?;
        output::table(&frontier_table(found, position, &shown))?;
    }
    output::line("")?;
    for sentence in sentences(found) {
        output::line(&sentence)?;
    }
    output::line(&report::loss_text(law))?;
    for warning in warnings(found, law) {
        output::warning(&warning)?;
    }
    match &args.out {
        Some(out) => output::line(&format!("Written to {0}: open {0}/report.html", out.display())),
        None => output::line("Add `--out DIR` for report.html, figures, frontier.csv and best/config.json."),
    }
}

/// What was asked, in a line.
pub fn title(found: &SeveralDesign<'_>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for target in &found.targets {
        if !names.contains(&target.device.name.as_str()) {
            names.push(&target.device.name);
        }
    }
    format!("What to build for {}", names.join(" and "))
}

/// What is minimised with the loss.
pub fn measure(found: &SeveralDesign<'_>) -> String {
    let latency = found.objective.latency_name();
    match found.across {
        Across::Worst => format!("the largest share of a budget on {latency}"),
        Across::Mean => format!("the weighted mean of the shares of the budgets on {latency}"),
    }
}

/// The loss, and what it costs to share.
pub fn summary(found: &SeveralDesign<'_>) -> String {
    format!(
        "Loss {} {}; {} parameters, {} active; {} weights.",
        report::loss(found.chosen.loss(), found.loss_interval),
        found.loss_unit,
        parameters(found, |of| of.total),
        parameters(found, |of| of.active),
        found.formats.weights
    )
}

fn parameters(found: &SeveralDesign<'_>, of: fn(&rooflaw::architecture::Parameters) -> u64) -> String {
    let first = found.chosen.evaluations.first();
    first.map_or_else(String::new, |evaluation| {
        output::parameters(of(&evaluation.parameters))
    })
}

fn workload(target: &OnTarget) -> String {
    let of = &target.workload;
    format!("{}:{}:{}", of.batch, of.prompt_tokens, of.generated_tokens)
}

/// The chosen architecture on each target; what all targets share has no column.
pub fn targets_table(found: &SeveralDesign<'_>) -> MeasuredTable {
    let first = found.targets.first();
    let differs = |of: &dyn Fn(&OnTarget) -> String| {
        let first = first.map(of);
        found.targets.iter().any(|target| Some(of(target)) != first)
    };
    let has_workloads = differs(&workload);
    let has_devices = !has_workloads || differs(&|target| target.device.id.clone());
    let mut headers = Vec::new();
    let mut left = Vec::new();
    for (name, is_shown) in [("device", has_devices), ("workload", has_workloads)] {
        if is_shown {
            left.push(headers.len());
            headers.push(name);
        }
    }
    let latency = found.objective.latency_name();
    headers.extend([
        latency.split(' ').next().unwrap_or_default(),
        "×÷",
        "budget",
        "share",
        "GB",
        "alone",
        "costs",
    ]);
    let mut table = MeasuredTable::new(&headers, &left);
    for target in &found.targets {
        let interval = latency::of_objective(&target.latency_intervals, found.objective);
        let budget = target.budgets.latency(found.objective);
        let alone = target.alone.as_ref().map(|alone| alone.evaluation.loss);
        let mut row = Vec::new();
        if has_devices {
            row.push(target.device.id.clone());
        }
        if has_workloads {
            row.push(workload(target));
        }
        row.extend([
            output::seconds(interval.predicted_s),
            latency::factor(&interval),
            budget.map_or_else(String::new, output::seconds),
            budget.map_or_else(String::new, |budget| {
                format!("{:.0} %", 100.0 * interval.predicted_s / budget)
            }),
            output::short(target.evaluation.memory.total_bytes() / 1e9, 2),
            alone.map_or_else(|| "–".to_owned(), output::loss),
            alone.map_or_else(
                || "–".to_owned(),
                |alone| format!("{:+.4}", found.chosen.loss() - alone),
            ),
        ]);
        table.push(row);
    }
    table
}

/// What the columns are.
pub fn legend(found: &SeveralDesign<'_>) -> String {
    let whose = if found.targets.iter().any(|target| target.is_reference_budget) {
        "budget: the reference's latency there; "
    } else {
        ""
    };
    format!(
        "×÷: the factor of the 90 % interval; {whose}alone: the lowest loss for that target only; costs: what one \
         architecture for all costs it; a workload is batch, tokens in, tokens out."
    )
}

/// Rows of a format's frontier.
pub fn frontier_table(found: &SeveralDesign<'_>, position: usize, shown: &[usize]) -> MeasuredTable {
    let mut table = MeasuredTable::new(
        &[
            "share",
            "loss",
            "layers",
            "hidden",
            "FFN k/E×w",
            "total",
            "active",
            "GB",
        ],
        &[4],
    );
    let Some(of_format) = found.by_format.get(position) else {
        return table;
    };
    for candidate in shown
        .iter()
        .filter_map(|&place| of_format.outcome.frontier.get(place))
    {
        let Some(first) = candidate.evaluations.first() else {
            continue;
        };
        let memory = candidate.evaluations.iter().map(|of| of.memory.total_bytes());
        table.push(vec![
            output::short(candidate.share, 3),
            output::loss(candidate.loss()),
            candidate.architecture.n_layers.to_string(),
            candidate.architecture.hidden_size.to_string(),
            ffn(&candidate.architecture),
            output::parameters(first.parameters.total),
            output::parameters(first.parameters.active),
            output::short(memory.fold(0.0, f64::max) / 1e9, 2),
        ]);
    }
    table
}

/// What the latencies of each device rest on.
pub fn sentences(found: &SeveralDesign<'_>) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for target in &found.targets {
        for sentence in latency::sentences(&target.device, &target.latencies) {
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
    }
    sentences.extend(found.quantisation.iter().cloned());
    sentences
}

/// What to know before trusting the answer.
pub fn warnings(found: &SeveralDesign<'_>, law: &LossLaw) -> Vec<String> {
    let mut warnings: Vec<String> = report::expert_warning(law, &found.chosen.architecture)
        .into_iter()
        .collect();
    warnings.extend(found.extrapolations.iter().map(|extrapolation| {
        format!(
            "the law {} extrapolates for the chosen architecture: {extrapolation}",
            found.law
        )
    }));
    let is_quantised = |formats: &rooflaw::format::Formats| !rooflaw::quantisation::is_free(formats.weights);
    if found.quantisation.is_none() && found.by_format.iter().any(|of| is_quantised(&of.formats)) {
        warnings.push(crate::commands::design::UNCOUNTED_QUANTISATION.to_owned());
    }
    warnings
}
