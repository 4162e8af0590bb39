//! What `rooflaw whatif` says on the terminal.

use super::words::{self, value};
use super::{Args, Found, Scenario, WhatIf};
use crate::commands::design::UNCOUNTED_QUANTISATION;
use crate::commands::design::print::shape;
use crate::commands::models::ffn;
use crate::input;
use crate::latency::{self, Latency};
use crate::output::{self, MeasuredTable};
use crate::report;
use anyhow::Result;
use rooflaw::architecture::{Architecture, KvProjection};
use rooflaw::law::LossLaw;
use rooflaw::quantisation::is_free;
use rooflaw::search::{Budgets, Objective};
use rooflaw::whatif::{Family, Figure, Map};

/// Prints the answer.
pub fn print(args: &Args, found: &WhatIf<'_>, law: &LossLaw) -> Result<()> {
    output::heading(&title(found))?;
    output::line(&question(found, law))?;
    output::line(&budgets(found))?;
    output::line("")?;
    output::table(&comparison_table(found))?;
    let gains = gains(found);
    if !gains.is_empty() {
        output::line("")?;
    }
    for sentence in gains {
        output::line(&sentence)?;
    }
    if found.scenarios.len() > 2 {
        output::line("")?;
        output::heading("Each change alone")?;
        output::table(&scenarios_table(found))?;
    }
    if let Some(map) = &found.map {
        output::line("")?;
        output::heading(&map_title(map))?;
        output::table(&map_table(found, map))?;
        output::line(&map_words(map))?;
    }
    output::line("")?;
    output::line(&words::hypothetical(found.device, found.latencies))?;
    for sentence in latency::sentences(found.device, found.latencies) {
        output::line(&sentence)?;
    }
    output::line(&report::loss_text(law))?;
    if let Some(sentence) = &found.quantisation {
        output::line(sentence)?;
    }
    for warning in warnings(found, law) {
        output::warning(&warning)?;
    }
    match &args.out {
        Some(out) => output::line(&format!("Written to {0}: open {0}/report.html", out.display())),
        None => output::line("Add `--out DIR` for report.html, figures and tables."),
    }
}

/// What was asked, in a line.
pub fn title(found: &WhatIf<'_>) -> String {
    let Some(after) = found.scenarios.get(1..).and_then(<[Scenario]>::last) else {
        return format!("What to build for devices like {}", found.device.name);
    };
    let changes: Vec<String> = after
        .changes
        .iter()
        .map(|change| {
            let was = change.figure.value(found.device);
            if change.figure == Figure::Overhead {
                return format!("{} times the overhead", output::short(change.factor, 2));
            }
            format!(
                "{} {} instead of {}",
                change.figure.name(),
                value(change.figure, change.value),
                value(change.figure, was)
            )
        })
        .collect();
    format!("What if {} had {}", found.device.name, changes.join(", "))
}

/// Workload, law and space.
pub fn question(found: &WhatIf<'_>, law: &LossLaw) -> String {
    format!(
        "batch {}, {} tokens in, {} out; law {}; space {}",
        found.workload.batch,
        output::thousands(u64::from(found.workload.prompt_tokens)),
        found.workload.generated_tokens,
        report::law_text(law),
        found.space,
    )
}

/// The budgets in words.
pub fn budgets(found: &WhatIf<'_>) -> String {
    let remark = || format!("{}'s on the device as it is", found.reference);
    budget_words(
        &found.budgets,
        found.objective,
        found.is_reference_budget.then(remark),
    )
}

/// Budgets in words, with whose the one on the objective's latency is if nobody asked for it.
pub fn budget_words(budgets: &Budgets, objective: Objective, whose: Option<String>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (position, (name, limit)) in budgets.entries().into_iter().enumerate() {
        let Some(limit) = limit else { continue };
        let remark = match &whose {
            Some(whose) if name == objective.latency_name() => format!(" ({whose})"),
            _ => String::new(),
        };
        parts.push(format!("{name} ≤ {}{remark}", input::budgeted(position, limit)));
    }
    parts.push("the device's memory".to_owned());
    format!("Budgets: {}.", parts.join(", "))
}

/// The optimum before and after, side by side.
pub fn comparison_table(found: &WhatIf<'_>) -> MeasuredTable {
    let shown: Vec<&Scenario> = match found.scenarios.as_slice() {
        [before, .., after] => vec![before, after],
        one => one.iter().collect(),
    };
    let mut headers = vec!["best within the budgets", "as it is"];
    if shown.len() > 1 {
        headers.push("changed");
    }
    let mut table = MeasuredTable::new(&headers, &[0]);
    let mut row = |name: &str, value: &dyn Fn(&Found) -> String| {
        let cells = shown
            .iter()
            .map(|scenario| scenario.best.as_ref().map_or_else(|| "–".to_owned(), value));
        table.push(std::iter::once(name.to_owned()).chain(cells).collect());
    };
    row(&format!("loss ({})", found.loss_unit), &|best| {
        report::loss(best.candidate.evaluation.loss, best.loss_interval)
    });
    for (name, objective) in [
        ("TTFT", Objective::Prefill),
        ("TPOT, mean", Objective::Decode),
        ("total latency", Objective::Total),
    ] {
        row(name, &|best| {
            latency::interval_of(&latency::of_objective(&best.latency_intervals, objective))
        });
    }
    row("memory", &|best| {
        output::gigabytes(best.candidate.evaluation.memory.total_bytes())
    });
    row("parameters", &|best| {
        output::parameters(best.candidate.evaluation.parameters.total)
    });
    row("active per token", &|best| {
        output::parameters(best.candidate.evaluation.parameters.active)
    });
    row("weights", &|best| best.formats.weights.to_string());
    row("layers", &|best| best.candidate.architecture.n_layers.to_string());
    row("hidden size", &|best| {
        best.candidate.architecture.hidden_size.to_string()
    });
    row("heads (KV)", &|best| heads(&best.candidate.architecture));
    row("FFN k/E×width", &|best| ffn(&best.candidate.architecture));
    table
}

fn heads(architecture: &Architecture) -> String {
    let n_heads = architecture.attention.n_heads;
    match architecture.attention.kv {
        KvProjection::Grouped { n_kv_heads, head_dim } => format!("{n_heads} ({n_kv_heads}) of {head_dim}"),
        KvProjection::Latent { .. } => format!("{n_heads}, latent KV"),
    }
}

/// What the change buys, in words.
pub fn gains(found: &WhatIf<'_>) -> Vec<String> {
    let [before, .., after] = found.scenarios.as_slice() else {
        return Vec::new();
    };
    let name = found.objective.latency_name();
    let seconds = |found_of: &Found| {
        let latency = found.objective.latency_s(&found_of.candidate.evaluation);
        output::seconds(latency)
    };
    let mut sentences = Vec::new();
    match (&before.best, &after.best) {
        (Some(old), Some(new)) => {
            let difference = new.candidate.evaluation.loss - old.candidate.evaluation.loss;
            sentences.push(
                if old.candidate.index == new.candidate.index && old.formats == new.formats {
                    "The same architecture stays the best: the loss does not change.".to_owned()
                } else {
                    format!(
                        "Loss at the same budgets: {} ({} {}).",
                        signed(difference),
                        found.loss_unit,
                        "of the law"
                    )
                },
            );
        }
        (None, Some(new)) => sentences.push(format!(
            "Nothing meets the budgets on the device as it is; changed, {} does.",
            shape(&new.candidate.architecture)
        )),
        (Some(_), None) => sentences.push("Nothing meets the budgets on the changed device.".to_owned()),
        (None, None) => sentences.push("Nothing meets the budgets on either device.".to_owned()),
    }
    if let Some(old) = &before.best {
        if let Some(same) = &after.same_loss {
            let was = before.same_loss.as_ref().map_or_else(|| seconds(old), seconds);
            sentences.push(format!(
                "{} or less, as it is in {was}, would come in {}: {}.",
                output::loss(old.candidate.evaluation.loss),
                seconds(same),
                shape(&same.candidate.architecture)
            ));
        }
        if let Some(kept) = &after.kept {
            let fits = if kept.is_within_budgets {
                ""
            } else {
                ", but not within the budgets"
            };
            sentences.push(format!(
                "The architecture that is best as it is would run there with a {name} of {}{fits}.",
                output::seconds(found.objective.latency_s(&kept.evaluation))
            ));
        }
    }
    sentences
}

fn signed(difference: f64) -> String {
    if difference.abs() < 5e-5 {
        return output::loss(0.0);
    }
    let sign = if difference > 0.0 { "+" } else { "−" };
    format!("{sign}{:.4}", difference.abs())
}

/// A row for each scenario.
pub fn scenarios_table(found: &WhatIf<'_>) -> MeasuredTable {
    let latency = found.objective.latency_name();
    let ms = format!("{} ms", latency.split(' ').next().unwrap_or_default());
    let mut table = MeasuredTable::new(
        &[
            "change",
            "loss",
            "Δ loss",
            &ms,
            "same loss, ms",
            "l×d",
            "FFN k/E×w",
        ],
        &[0, 6],
    );
    let base = found.scenarios.first().and_then(|before| before.best.as_ref());
    for scenario in &found.scenarios {
        let milliseconds =
            |of: &Found| output::milliseconds(found.objective.latency_s(&of.candidate.evaluation));
        let cell =
            |text: &dyn Fn(&Found) -> String| scenario.best.as_ref().map_or_else(|| "–".to_owned(), text);
        table.push(vec![
            scenario.name.clone(),
            cell(&|best| output::loss(best.candidate.evaluation.loss)),
            cell(&|best| {
                base.map_or_else(
                    || "–".to_owned(),
                    |base| signed(best.candidate.evaluation.loss - base.candidate.evaluation.loss),
                )
            }),
            cell(&milliseconds),
            scenario
                .same_loss
                .as_ref()
                .map_or_else(|| "–".to_owned(), milliseconds),
            cell(&|best| layers_by_width(&best.candidate.architecture)),
            cell(&|best| ffn(&best.candidate.architecture)),
        ]);
    }
    table
}

/// Layers times hidden size, for tables.
pub fn layers_by_width(architecture: &Architecture) -> String {
    format!("{}×{}", architecture.n_layers, architecture.hidden_size)
}

/// What a map is of.
pub fn map_title(map: &Map) -> String {
    let [x, y] = [&map.axes[0], &map.axes[1]].map(|axis| words::figure_label(axis.figure).0);
    format!("What wins where: {x} across, {y} upwards")
}

/// Experts over the plane, high values of the vertical figure first.
fn map_table(found: &WhatIf<'_>, map: &Map) -> MeasuredTable {
    let device = found.map_device();
    let at = |axis: usize, factor: f64| {
        let figure = map.axes[axis].figure;
        let (_, unit) = words::figure_label(figure);
        output::short(figure.value(device) * factor / unit, 1)
    };
    let columns = &map.axes[0].factors;
    // 80 columns hold so many.
    let every = columns.len().div_ceil(11);
    let middle = columns.len() / 2;
    let is_shown = |place: usize| place % every == middle % every;
    let shown = |places: usize| (0..places).filter(|&place| is_shown(place)).collect::<Vec<_>>();
    let (across, upwards) = (shown(columns.len()), shown(map.axes[1].factors.len()));
    let mut headers = vec![String::new()];
    headers.extend(across.iter().map(|&place| at(0, columns[place])));
    let names: Vec<&str> = headers.iter().map(String::as_str).collect();
    let mut table = MeasuredTable::new(&names, &[]);
    for &row in upwards.iter().rev() {
        let mut cells = vec![at(1, map.axes[1].factors[row])];
        cells.extend(across.iter().map(|&column| {
            map.cells[row * columns.len() + column].best.map_or_else(
                || "·".to_owned(),
                |best| {
                    let architecture = &best.candidate.architecture;
                    format!("{}/{}", Family::of(architecture).n_experts, architecture.n_layers)
                },
            )
        }));
        table.push(cells);
    }
    table
}

/// How much of the plane each family has.
pub fn map_words(map: &Map) -> String {
    let families: Vec<Family> = map
        .cells
        .iter()
        .filter_map(|cell| Some(Family::of(&cell.best?.candidate.architecture)))
        .collect();
    let mut experts: Vec<u32> = families.iter().map(|family| family.n_experts).collect();
    experts.sort_unstable();
    experts.dedup();
    let count = |n_experts: u32| families.iter().filter(|of| of.n_experts == n_experts).count();
    let mut parts: Vec<String> = experts
        .into_iter()
        .map(|n_experts| format!("{} in {}", words::family_name(n_experts), count(n_experts)))
        .collect();
    let nothing = map.cells.len() - families.len();
    if nothing > 0 {
        parts.push(format!("nothing meets the budgets in {nothing}"));
    }
    let deep = families.iter().filter(|family| family.is_deep).count();
    format!(
        "Experts/layers of the best; 1 expert: dense; ·: nothing meets the budgets. Of {} cells: {}. {} have {} layers or \
         more.",
        map.cells.len(),
        parts.join(", "),
        deep,
        rooflaw::whatif::SHALLOW
    )
}

/// What to know before trusting the answer.
pub fn warnings(found: &WhatIf<'_>, law: &LossLaw) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut add = |text: String| {
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    };
    let is_free = |latency: &Latency| is_free(latency.formats.weights);
    if found.quantisation.is_none() && !found.latencies.iter().all(is_free) {
        add(UNCOUNTED_QUANTISATION.to_owned());
    }
    for scenario in &found.scenarios {
        let Some(best) = &scenario.best else { continue };
        if let Some(unseen) = report::expert_warning(law, &best.candidate.architecture) {
            add(unseen);
        }
        for extrapolation in &best.extrapolations {
            add(format!(
                "{}: the law {} extrapolates: {extrapolation}",
                scenario.name, found.law
            ));
        }
    }
    warnings
}
