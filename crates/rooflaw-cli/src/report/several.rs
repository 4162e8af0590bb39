//! The folder of `rooflaw design --out` for several devices or workloads.

use super::design::trainable;
use super::prediction::page_table;
use super::{add_figure, command_line, loss as report_loss, loss_text};
use crate::commands::design::print::{shape, spread};
use crate::commands::design::several::{SeveralDesign, print};
use crate::output::{self, Folder};
use anyhow::Result;
use rooflaw::law::LossLaw;
use rooflaw_report::figure::NamedPoint;
use rooflaw_report::figure::frontier::{FrontierFigure, FrontierPoint, FrontierSeries};
use rooflaw_report::html::{Block, Card, FigureBlock, Note, NoteKind, Page};

/// Rows of a frontier on the page.
const ROWS: usize = 40;

/// Writes every file.
pub fn write(found: &SeveralDesign<'_>, law: &LossLaw, folder: &mut Folder) -> Result<()> {
    folder.add("design.json", serde_json::to_vec_pretty(found)?)?;
    folder.add("frontier.csv", csv(found)?)?;
    let longest = found
        .targets
        .iter()
        .map(|target| target.workload)
        .max_by_key(rooflaw::roofline::Workload::full_context)
        .unwrap_or_default();
    let config = trainable(&found.chosen.architecture, &found.formats, &longest)?;
    folder.add("best/config.json", config)?;
    let figure = figure(found);
    add_figure(folder, "figures/frontier", &figure)?;
    let caption = "Loss against the share of the latency budgets; within all of them up to 100 %.";
    let mut blocks = vec![
        Block::Figure(Box::new(FigureBlock::draw(&figure, caption)?)),
        Block::Table(page_table(
            "The chosen architecture on each",
            print::targets_table(found),
            None,
        )),
        Block::Paragraph(print::legend(found)),
    ];
    for (position, of_format) in found.by_format.iter().enumerate() {
        let shown = spread(of_format.outcome.frontier.len(), ROWS);
        let caption = format!(
            "Frontier with {} weights: {} of {} points, all of them in frontier.csv",
            of_format.formats.weights,
            shown.len(),
            of_format.outcome.frontier.len()
        );
        let table = print::frontier_table(found, position, &shown);
        blocks.push(Block::Table(page_table(&caption, table, None)));
    }
    let note = |kind: NoteKind| move |text: String| Note { kind, text };
    let page = Page {
        title: format!("rooflaw: {}", print::title(found)),
        headline: format!("Build {}", shape(&found.chosen.architecture)),
        summary: format!(
            "{} Minimised: loss and {}.",
            print::summary(found),
            print::measure(found)
        ),
        cards: vec![
            Card {
                label: "Loss".to_owned(),
                value: report_loss(found.chosen.loss(), found.loss_interval),
                detail: format!("{}, of the law", found.loss_unit),
            },
            Card {
                label: "Share of the budgets".to_owned(),
                value: format!("{} %", output::short(100.0 * found.chosen.share, 1)),
                detail: found.across.name().to_owned(),
            },
        ],
        blocks,
        notes: print::warnings(found, law)
            .into_iter()
            .map(note(NoteKind::Warning))
            .chain(
                print::sentences(found)
                    .into_iter()
                    .chain([loss_text(law)])
                    .map(note(NoteKind::Assumption)),
            )
            .collect(),
        command: command_line(),
        version: format!("rooflaw {}", env!("CARGO_PKG_VERSION")),
    };
    folder.add("report.html", page.to_html())
}

fn figure(found: &SeveralDesign<'_>) -> FrontierFigure {
    let percent = |share: f64| 100.0 * share;
    FrontierFigure {
        title: print::title(found),
        subtitle: format!(
            "{}; space {}, law {}",
            print::measure(found),
            found.space,
            found.law
        ),
        x_label: format!(
            "{} share of the budgets on {} (%)",
            found.across.name(),
            found.objective.latency_name()
        ),
        y_label: format!("predicted loss ({})", found.loss_unit),
        series: found
            .by_format
            .iter()
            .map(|of_format| FrontierSeries {
                label: of_format.formats.weights.to_string(),
                points: of_format
                    .outcome
                    .frontier
                    .iter()
                    .map(|candidate| FrontierPoint {
                        latency_ms: percent(candidate.share),
                        loss: candidate.loss(),
                        label: String::new(),
                        is_moe: candidate.architecture.ffn.moe.is_some(),
                    })
                    .collect(),
            })
            .collect(),
        chosen: Some(NamedPoint {
            name: "chosen".to_owned(),
            x: percent(found.chosen.share),
            y: found.chosen.loss(),
        }),
        ..FrontierFigure::default()
    }
}

fn csv(found: &SeveralDesign<'_>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = [
        "weights",
        "index",
        "share",
        "loss",
        "n_layers",
        "hidden_size",
        "ffn_ratio",
        "activation_rate",
        "total_parameters",
        "active_parameters",
    ]
    .map(str::to_owned)
    .into();
    for (number, target) in found.targets.iter().enumerate() {
        let name = format!("{}_{}", number + 1, target.device.id);
        for column in ["ttft_s", "tpot_s", "total_s", "memory_bytes"] {
            header.push(format!("{name}_{column}"));
        }
    }
    writer.write_record(&header)?;
    for of_format in &found.by_format {
        for candidate in &of_format.outcome.frontier {
            let a = &candidate.architecture;
            let Some(first) = candidate.evaluations.first() else {
                continue;
            };
            let mut row = vec![
                of_format.formats.weights.to_string(),
                candidate.index.to_string(),
                candidate.share.to_string(),
                candidate.loss().to_string(),
                a.n_layers.to_string(),
                a.hidden_size.to_string(),
                a.ffn_ratio().to_string(),
                a.activation_rate().to_string(),
                first.parameters.total.to_string(),
                first.parameters.active.to_string(),
            ];
            for evaluation in &candidate.evaluations {
                row.push(evaluation.ttft_s.to_string());
                row.push(evaluation.tpot_s.to_string());
                row.push(evaluation.total_s.to_string());
                row.push(evaluation.memory.total_bytes().to_string());
            }
            writer.write_record(row)?;
        }
    }
    Ok(writer.into_inner()?)
}
