//! What `rooflaw design` says on the terminal.

use super::{Args, Design, effort, uncertainty, warnings};
use crate::commands::models::ffn;
use crate::input::{self, DEFAULT_LAW};
use crate::latency;
use crate::output::{self, MeasuredTable};
use crate::report;
use anyhow::Result;
use rooflaw::architecture::{Architecture, KvProjection};
use rooflaw::law::LossLaw;
use rooflaw::roofline::Evaluation;
use rooflaw::search::{FormatOutcome, Objective};
use std::time::Duration;

/// Rows of the frontier shown on the terminal.
const ROWS: usize = 12;

/// Prints the answer.
pub fn print(args: &Args, design: &Design<'_>, law: &LossLaw, elapsed: Duration) -> Result<()> {
    let outcome = &design.outcome;
    output::heading(&format!("What to build for {}", design.device.name))?;
    output::line(&format!(
        "batch {}, {} tokens in, {} out; law {}; space {}",
        design.workload.batch,
        output::thousands(u64::from(design.workload.prompt_tokens)),
        design.workload.generated_tokens,
        report::law_text(law),
        design.space,
    ))?;
    output::line(&effort::combinations(outcome))?;
    output::line(&format!(
        "{} in {}",
        effort::evaluated(outcome),
        effort::time(outcome, elapsed)
    ))?;
    output::line("")?;
    output::heading("The best within the budgets")?;
    output::line(&budget_text(design, args))?;
    output::line(&format!(
        "Build: {}.",
        shape(&design.chosen.candidate.architecture)
    ))?;
    output::line("")?;
    output::table(&chosen_table(design))?;
    output::line("")?;
    output::line(&comparison(design))?;
    for sentence in probabilities(design) {
        output::line(&sentence)?;
    }
    for (position, found) in outcome.by_format.iter().enumerate() {
        output::line("")?;
        let shown = spread(found.frontier.len(), ROWS);
        output::heading(&format!(
            "Frontier with {} weights ({} of {} points)",
            found.formats.weights,
            shown.len(),
            output::thousands(found.frontier.len() as u64)
        ))?;
        output::table(&frontier_table(design, position, &shown, law))?;
    }
    if let Some(decision) = &design.decision {
        uncertainty::print(design, decision)?;
    }
    output::line("")?;
    output::line(latency::factor_legend(&design.latencies))?;
    for sentence in latency::sentences(design.device, &design.latencies) {
        output::line(&sentence)?;
    }
    output::line(&report::loss_text(law))?;
    if let Some(sentence) = &design.quantisation {
        output::line(sentence)?;
    }
    for warning in warnings(design) {
        output::warning(&warning)?;
    }
    match &args.out {
        Some(out) => output::line(&format!("Written to {0}: open {0}/report.html", out.display())),
        None => output::line("Add `--out DIR` for report.html, figures, frontier.csv and best/config.json."),
    }
}

/// The budgets in words.
pub fn budget_text(design: &Design<'_>, args: &Args) -> String {
    let asked = args
        .budgets
        .objective_and_budgets()
        .map_or(design.budgets, |(_, budgets)| budgets);
    let mut parts: Vec<String> = Vec::new();
    for (position, ((name, limit), (_, was_asked))) in design
        .budgets
        .entries()
        .into_iter()
        .zip(asked.entries())
        .enumerate()
    {
        let Some(limit) = limit else { continue };
        let limit = input::budgeted(position, limit);
        parts.push(match (was_asked, name) {
            (Some(_), _) => format!("{name} ≤ {limit}"),
            (None, "memory") => format!("memory ≤ {limit} (the device's)"),
            (None, _) => format!("{name} ≤ {limit} ({}'s)", design.reference.name),
        });
    }
    parts.join(", ")
}

/// Chosen architecture and reference side by side.
pub fn chosen_table(design: &Design<'_>) -> MeasuredTable {
    let chosen = &design.chosen;
    let reference = &design.reference;
    let evaluations = [&chosen.candidate.evaluation, &reference.evaluation];
    let mut table = MeasuredTable::new(&["predicted", "chosen", &reference.name], &[0]);
    table.push(vec![
        format!("loss ({}, of the law)", design.loss_unit),
        report::loss(evaluations[0].loss, chosen.loss_interval),
        report::loss(evaluations[1].loss, reference.loss_interval),
    ]);
    let intervals = [&chosen.latency_intervals, &reference.latency_intervals];
    for (name, objective) in [
        ("TTFT", Objective::Prefill),
        ("TPOT, mean", Objective::Decode),
        ("total latency", Objective::Total),
    ] {
        let [chosen, reference] =
            intervals.map(|of| latency::interval_of(&latency::of_objective(of, objective)));
        table.push(vec![name.to_owned(), chosen, reference]);
    }
    let mut row = |name: &str, value: &dyn Fn(&Evaluation) -> String| {
        table.push(vec![
            name.to_owned(),
            value(evaluations[0]),
            value(evaluations[1]),
        ]);
    };
    row("memory", &|e| output::gigabytes(e.memory.total_bytes()));
    row("parameters", &|e| output::parameters(e.parameters.total));
    row("active per token", &|e| output::parameters(e.parameters.active));
    let first = design
        .outcome
        .by_format
        .first()
        .map(|found| found.formats.weights.to_string())
        .unwrap_or_default();
    table.push(vec![
        "weights".to_owned(),
        chosen.formats.weights.to_string(),
        first,
    ]);
    table
}

/// An architecture in one line.
pub fn shape(architecture: &Architecture) -> String {
    let n_heads = architecture.attention.n_heads;
    let heads = match architecture.attention.kv {
        KvProjection::Grouped { n_kv_heads, head_dim } => {
            format!("{n_heads} heads of {head_dim} ({n_kv_heads} KV)")
        }
        KvProjection::Latent { .. } => format!("{n_heads} heads, latent KV"),
    };
    let ffn = match &architecture.ffn.moe {
        None => format!("FFN {}", architecture.ffn.intermediate_size),
        Some(moe) => format!(
            "{} of {} experts of width {}",
            moe.experts_per_token, moe.n_experts, moe.expert_size
        ),
    };
    format!(
        "{} layers, hidden size {}, {heads}, {ffn}",
        architecture.n_layers, architecture.hidden_size
    )
}

/// The comparison at the reference's latency, in words.
pub fn comparison(design: &Design<'_>) -> String {
    let reference = &design.reference;
    let latency = design.objective.latency_s(&reference.evaluation);
    let name = &reference.name;
    let Some(found) = &reference.at_its_latency else {
        return format!(
            "Nothing in this space is as fast as {name} ({}).",
            output::seconds(latency)
        );
    };
    let Some(ratio) = reference.perplexity_ratio else {
        return format!(
            "At {name}'s {} of {}: loss {} against {} {}.",
            design.objective.latency_name(),
            output::seconds(latency),
            output::loss(found.evaluation.loss),
            output::loss(reference.evaluation.loss),
            design.loss_unit,
        );
    };
    let within = reference
        .perplexity_ratio_interval
        .map_or_else(String::new, |interval| {
            format!(" [{:.3}, {:.3}]", interval.low, interval.high)
        });
    format!(
        "At {name}'s {} of {}: loss {} against {}, exp(ΔL) = {ratio:.3}{within} ({}{:.1} %). That is a ratio of law losses, not \
         of perplexities measured{}.",
        design.objective.latency_name(),
        output::seconds(latency),
        output::loss(found.evaluation.loss),
        output::loss(reference.evaluation.loss),
        if ratio < 1.0 { "−" } else { "+" },
        100.0 * (ratio - 1.0).abs(),
        // What the law's paper measured says nothing of other laws.
        if design.law == DEFAULT_LAW {
            ": on WikiText-2, with models that it trained, the law's paper has −19.42 %"
        } else {
            ""
        },
    )
}

/// How likely the chosen architecture meets its budgets, and what meets them all but certainly.
pub fn probabilities(design: &Design<'_>) -> Vec<String> {
    let chosen = &design.chosen;
    let percent = |probability: f64| format!("{:.0} %", (100.0 * probability).clamp(1.0, 99.0));
    let mut sentences: Vec<String> = chosen
        .probabilities
        .iter()
        .map(|found| {
            let (name, probability) = (found.latency.latency_name(), percent(found.probability));
            let budget = output::seconds(found.budget_s);
            if found.is_reference {
                let reference = &design.reference.name;
                format!("The chosen architecture's {name} is at most {reference}'s with a probability of {probability}.")
            } else {
                format!("The chosen architecture meets {name} ≤ {budget} with a probability of {probability}.")
            }
        })
        .collect();
    if let Some(likely) = &chosen.likely
        && likely.candidate.index != chosen.candidate.index
    {
        let evaluation = &likely.candidate.evaluation;
        sentences.push(format!(
            "With a probability of {}: {}; loss {}, {} {}.",
            percent(likely.probability),
            shape(&likely.candidate.architecture),
            output::loss(evaluation.loss),
            design.objective.latency_name(),
            latency::interval_of(&latency::of_objective(
                &likely.latency_intervals,
                design.objective
            )),
        ));
    }
    sentences
}

/// `n` of so many places spread evenly, first and last included.
pub fn spread(len: usize, n: usize) -> Vec<usize> {
    if len <= n {
        return (0..len).collect();
    }
    // Evenly by position: the frontier is denser where there is more to choose from.
    (0..n).map(|i| i * (len - 1) / (n - 1)).collect()
}

/// Rows of a format's frontier, at most 80 columns.
pub fn frontier_table(design: &Design<'_>, format: usize, shown: &[usize], law: &LossLaw) -> MeasuredTable {
    let objective = design.objective;
    let latency_ms = format!(
        "{} ms",
        objective.latency_name().split(' ').next().unwrap_or_default()
    );
    let mut table = MeasuredTable::new(
        &[
            &latency_ms,
            "×÷",
            "loss",
            "layers",
            "hidden",
            "heads",
            "FFN k/E×w",
            "total",
            "active",
            "GB",
        ],
        &[6],
    );
    let (Some(found), Some(intervals)) = (
        design.outcome.by_format.get(format),
        design.trust.frontier_latency_intervals.get(format),
    ) else {
        return table;
    };
    for (candidate, intervals) in shown
        .iter()
        .filter_map(|&place| Some((found.frontier.get(place)?, intervals.get(place)?)))
    {
        let (architecture, evaluation) = (&candidate.architecture, &candidate.evaluation);
        let n_kv_heads = match architecture.attention.kv {
            KvProjection::Grouped { n_kv_heads, .. } => n_kv_heads.to_string(),
            KvProjection::Latent { .. } => "–".to_owned(),
        };
        table.push(vec![
            output::milliseconds(objective.latency_s(evaluation)),
            latency::factor(&latency::of_objective(intervals, objective)),
            law.interval(&law.features(architecture)).map_or_else(
                || output::loss(evaluation.loss),
                |interval| format!("{:.3}±{:.3}", evaluation.loss, interval.half_width()),
            ),
            architecture.n_layers.to_string(),
            architecture.hidden_size.to_string(),
            format!("{}/{n_kv_heads}", architecture.attention.n_heads),
            ffn(architecture),
            output::parameters(evaluation.parameters.total),
            output::parameters(evaluation.parameters.active),
            output::short(evaluation.memory.total_bytes() / 1e9, 2),
        ]);
    }
    table
}

/// The best of each format, for the page.
pub fn best_by_format(formats: &[FormatOutcome], objective: Objective) -> MeasuredTable {
    let mut table = MeasuredTable::new(&["weights", "best loss", "latency", "frontier points"], &[0]);
    for found in formats {
        let best = found.best.as_ref();
        table.push(vec![
            found.formats.weights.to_string(),
            best.map_or_else(|| "–".to_owned(), |best| output::loss(best.evaluation.loss)),
            best.map_or_else(
                || "–".to_owned(),
                |best| output::seconds(objective.latency_s(&best.evaluation)),
            ),
            output::thousands(found.frontier.len() as u64),
        ]);
    }
    table
}
