//! The folder of `rooflaw whatif --out`.

use super::design::trainable;
use super::prediction::page_table;
use super::{add_figure, command_line, loss as report_loss, loss_text};
use crate::commands::whatif::{
    Cheapest, Found, OF_EACH, WhatIf, family_name, figure_label, headline, hypothetical, print, ranking,
    reached_table,
};
use crate::latency;
use crate::output::{self, Folder};
use anyhow::Result;
use rooflaw::law::LossLaw;
use rooflaw::whatif::{Family, Map, MapCell as Cell};
use rooflaw_report::figure::map::{MapCell, MapFigure};
use rooflaw_report::html::{Block, Card, FigureBlock, Note, NoteKind, Page};

/// Writes every file of changed devices.
pub fn write(found: &WhatIf<'_>, law: &LossLaw, folder: &mut Folder) -> Result<()> {
    folder.add("whatif.json", serde_json::to_vec_pretty(found)?)?;
    folder.add("scenarios.csv", scenarios_csv(found)?)?;
    let last = found.scenarios.last().and_then(|after| after.best.as_ref());
    if let Some(best) = last {
        let config = trainable(&best.candidate.architecture, &best.formats, &found.workload)?;
        folder.add("best/config.json", config)?;
    }
    let mut blocks = vec![
        Block::Table(page_table(
            "The optimum before and after",
            print::comparison_table(found),
            None,
        )),
        Block::Paragraph(print::gains(found).join(" ")),
    ];
    if found.scenarios.len() > 2 {
        let table = print::scenarios_table(found);
        blocks.push(Block::Table(page_table("Each change alone", table, None)));
    }
    if let Some(map) = &found.map {
        folder.add("map.csv", map_csv(found, map)?)?;
        let figure = map_figure(found, map);
        add_figure(folder, "figures/map", &figure)?;
        let caption = "The best architecture of each device on the plane: colour, its experts; in the cell, its layers and \
                       below its loss.";
        blocks.push(Block::Figure(Box::new(FigureBlock::draw(&figure, caption)?)));
        blocks.push(Block::Paragraph(print::map_words(map)));
    }
    let note = |kind: NoteKind| move |text: String| Note { kind, text };
    let warnings = print::warnings(found, law);
    let page = Page {
        title: format!("rooflaw: what if, for {}", found.device.name),
        headline: print::title(found),
        summary: format!("{}. {}", print::question(found, law), print::budgets(found)),
        cards: last.map_or_else(Vec::new, |best| cards(found, best)),
        blocks,
        notes: warnings
            .into_iter()
            .map(note(NoteKind::Warning))
            .chain(
                std::iter::once(hypothetical(found.device, found.latencies))
                    .chain(latency::sentences(found.device, found.latencies))
                    .chain([loss_text(law)])
                    .chain(found.quantisation.clone())
                    .map(note(NoteKind::Assumption)),
            )
            .collect(),
        command: command_line(),
        version: format!("rooflaw {}", env!("CARGO_PKG_VERSION")),
    };
    folder.add("report.html", page.to_html())
}

fn cards(found: &WhatIf<'_>, best: &Found) -> Vec<Card> {
    let before = found.scenarios.first().and_then(|before| before.best.as_ref());
    let was = |value: Option<String>| value.map_or_else(String::new, |value| format!("as it is: {value}"));
    let evaluation = &best.candidate.evaluation;
    let seconds = |of: &Found| output::seconds(found.objective.latency_s(&of.candidate.evaluation));
    let memory = |of: &Found| output::gigabytes(of.candidate.evaluation.memory.total_bytes());
    let parameters = |of: &Found| output::parameters(of.candidate.evaluation.parameters.total);
    let card = |label: &str, value: String, detail: String| Card {
        label: label.to_owned(),
        value,
        detail,
    };
    vec![
        card(
            "Loss",
            report_loss(evaluation.loss, best.loss_interval),
            was(before.map(|before| output::loss(before.candidate.evaluation.loss))),
        ),
        card(
            found.objective.latency_name(),
            seconds(best),
            was(before.map(seconds)),
        ),
        card("Memory", memory(best), was(before.map(memory))),
        card("Parameters", parameters(best), was(before.map(parameters))),
    ]
}

/// The colour of each number of experts is its place here, the same in every map.
fn kinds(map: &Map) -> Vec<u32> {
    let of = |cell: &Cell| Some(Family::of(&cell.best?.candidate.architecture).n_experts);
    let mut kinds: Vec<u32> = map.cells.iter().filter_map(of).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn map_figure(found: &WhatIf<'_>, map: &Map) -> MapFigure {
    let kinds = kinds(map);
    let device = found.map_device();
    let centres = |axis: usize| -> Vec<f64> {
        let axis = &map.axes[axis];
        let (_, unit) = figure_label(axis.figure);
        let value = axis.figure.value(device) / unit;
        axis.factors.iter().map(|factor| factor * value).collect()
    };
    let cell = |cell: &Cell| {
        let Some(best) = cell.best else {
            return MapCell::default();
        };
        let architecture = &best.candidate.architecture;
        let n_experts = Family::of(architecture).n_experts;
        MapCell {
            kind: kinds.iter().position(|&kind| kind == n_experts),
            text: architecture.n_layers.to_string(),
            detail: format!("{:.2}", best.candidate.evaluation.loss),
        }
    };
    let latency = found
        .budgets
        .latency(found.objective)
        .map_or_else(String::new, |budget| {
            format!(
                "{} ≤ {}; ",
                found.objective.latency_name(),
                output::seconds(budget)
            )
        });
    let formats: Vec<String> = found
        .latencies
        .iter()
        .map(|latency| latency.formats.weights.to_string())
        .collect();
    MapFigure {
        title: format!("What wins where, for devices like {}", found.device.name),
        subtitle: format!(
            "{latency}batch {}, {} tokens in, {} out; {} weights; law {}. In the cells: layers, and loss in {}",
            found.workload.batch,
            found.workload.prompt_tokens,
            found.workload.generated_tokens,
            formats.join(" or "),
            found.law,
            found.loss_unit,
        ),
        x_label: figure_label(map.axes[0].figure).0.to_owned(),
        y_label: figure_label(map.axes[1].figure).0.to_owned(),
        xs: centres(0),
        ys: centres(1),
        kinds: kinds.iter().map(|&kind| family_name(kind)).collect(),
        empty_label: "nothing within the budgets".to_owned(),
        cells: map.cells.iter().map(cell).collect(),
        here: Some((map.axes[0].factors.len() / 2, map.axes[1].factors.len() / 2)),
        here_label: if found.scenarios.len() > 1 {
            "the changed device"
        } else {
            "the device"
        }
        .to_owned(),
    }
}

/// Names of the columns that describe an architecture and its evaluation.
const OF_BEST: [&str; 14] = [
    "weights",
    "loss",
    "ttft_s",
    "tpot_s",
    "total_s",
    "memory_bytes",
    "total_parameters",
    "active_parameters",
    "n_experts",
    "n_layers",
    "hidden_size",
    "ffn_ratio",
    "activation_rate",
    "index",
];

fn of_best(weights: Option<String>, best: Option<&rooflaw::search::Candidate>) -> Vec<String> {
    let (Some(weights), Some(candidate)) = (weights, best) else {
        return vec![String::new(); OF_BEST.len()];
    };
    let (a, e) = (&candidate.architecture, &candidate.evaluation);
    vec![
        weights,
        e.loss.to_string(),
        e.ttft_s.to_string(),
        e.tpot_s.to_string(),
        e.total_s.to_string(),
        e.memory.total_bytes().to_string(),
        e.parameters.total.to_string(),
        e.parameters.active.to_string(),
        Family::of(a).n_experts.to_string(),
        a.n_layers.to_string(),
        a.hidden_size.to_string(),
        a.ffn_ratio().to_string(),
        a.activation_rate().to_string(),
        candidate.index.to_string(),
    ]
}

fn scenarios_csv(found: &WhatIf<'_>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let own = [
        "change",
        "bandwidth_bytes_per_s",
        "fp16_flops_per_s",
        "memory_capacity_bytes",
        "same_loss_s",
    ];
    writer.write_record(own.into_iter().chain(OF_BEST))?;
    for scenario in &found.scenarios {
        use rooflaw::whatif::Figure;
        let figure = |figure: Figure| figure.value(&scenario.device).to_string();
        let same_loss = scenario.same_loss.as_ref().map_or_else(String::new, |same| {
            found.objective.latency_s(&same.candidate.evaluation).to_string()
        });
        let mut row = vec![
            scenario.name.clone(),
            figure(Figure::Bandwidth),
            figure(Figure::Compute),
            figure(Figure::Memory),
            same_loss,
        ];
        let best = scenario.best.as_ref();
        row.extend(of_best(
            best.map(|best| best.formats.weights.to_string()),
            best.map(|best| &best.candidate),
        ));
        writer.write_record(row)?;
    }
    Ok(writer.into_inner()?)
}

fn map_csv(found: &WhatIf<'_>, map: &Map) -> Result<Vec<u8>> {
    let device = found.map_device();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let name = |axis: usize| map.axes[axis].figure.name();
    let own: Vec<String> = [0, 1]
        .into_iter()
        .flat_map(|axis| [format!("{}_factor", name(axis)), name(axis).to_owned()])
        .collect();
    writer.write_record(own.iter().map(String::as_str).chain(OF_BEST))?;
    for cell in &map.cells {
        let mut row: Vec<String> = Vec::new();
        for (axis, factor) in map.axes.iter().zip(cell.factors) {
            row.push(factor.to_string());
            row.push((factor * axis.figure.value(device)).to_string());
        }
        let weights = cell.best.and_then(|best| {
            let latency = found.latencies.get(best.position)?;
            Some(latency.formats.weights.to_string())
        });
        row.extend(of_best(weights, cell.best.as_ref().map(|best| &best.candidate)));
        writer.write_record(row)?;
    }
    Ok(writer.into_inner()?)
}

/// Writes every file of the catalogue's devices.
pub fn write_cheapest(found: &Cheapest<'_>, folder: &mut Folder) -> Result<()> {
    folder.add("whatif.json", serde_json::to_vec_pretty(found)?)?;
    folder.add("devices.csv", devices_csv(found)?)?;
    let first = found.reached.first();
    if let Some(first) = first {
        let best = &first.best;
        let config = trainable(&best.candidate.architecture, &best.formats, &found.workload)?;
        folder.add("best/config.json", config)?;
    }
    let page = Page {
        title: "rooflaw: devices that reach a loss".to_owned(),
        headline: first.map_or_else(
            || {
                format!(
                    "None of {} devices reaches a loss of {}",
                    found.n_devices, found.target_loss
                )
            },
            |first| headline(found, first),
        ),
        summary: format!(
            "A loss of {} ({}). {}",
            found.target_loss,
            found.loss_unit,
            print::budget_words(&found.budgets, found.objective, None)
        ),
        blocks: vec![Block::Table(page_table(
            "Devices that reach it",
            reached_table(found, usize::MAX),
            None,
        ))],
        notes: [ranking(found.ranked_by), OF_EACH.to_owned()]
            .map(|text| Note {
                kind: NoteKind::Assumption,
                text,
            })
            .into(),
        command: command_line(),
        version: format!("rooflaw {}", env!("CARGO_PKG_VERSION")),
        ..Page::default()
    };
    folder.add("report.html", page.to_html())
}

fn devices_csv(found: &Cheapest<'_>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let own = [
        "device",
        "price",
        "power_w",
        "bandwidth_bytes_per_s",
        "fp16_flops_per_s",
        "memory_capacity_bytes",
        "probability_within_budget",
    ];
    writer.write_record(own.into_iter().chain(OF_BEST))?;
    for reached in &found.reached {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let mut row = vec![
            reached.device.clone(),
            number(reached.price),
            number(reached.power_w),
            reached.bandwidth_bytes_per_s.to_string(),
            reached.flops_per_s.to_string(),
            reached.memory_bytes.to_string(),
            number(reached.probability),
        ];
        row.extend(of_best(
            Some(reached.best.formats.weights.to_string()),
            Some(&reached.best.candidate),
        ));
        writer.write_record(row)?;
    }
    Ok(writer.into_inner()?)
}
