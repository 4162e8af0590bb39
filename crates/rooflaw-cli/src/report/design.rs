//! The folder of `rooflaw design --out`.

use super::figures::{frontier_figure, parameters_figure, roofline_figure};
use super::prediction::page_table;
use super::{add_figure, command_line, decision, frontier_csv, loss as report_loss, loss_text};
use crate::commands::design::{Design, effort, print, warnings};
use crate::commands::predict::Prediction;
use crate::latency::{self, Latency};
use crate::output::{self, Folder};
use anyhow::{Result, anyhow};
use rooflaw::architecture::Architecture;
use rooflaw::architecture::hf::{self, WriteOptions};
use rooflaw::format::{Formats, Precision};
use rooflaw::law::LossLaw;
use rooflaw::operators::{Assumptions, Step};
use rooflaw::roofline::{Roofline, Workload};
use rooflaw_report::figure::Figure;
use rooflaw_report::html::{Block, Card, FigureBlock, Note, NoteKind, Page};

/// Rows of a frontier on the page.
const ROWS: usize = 40;

/// Writes every file.
pub fn write(
    design: &Design<'_>,
    law: &LossLaw,
    assumptions: &Assumptions,
    budgets: &str,
    folder: &mut Folder,
) -> Result<()> {
    let chosen = &design.chosen;
    folder.add("design.json", serde_json::to_vec_pretty(design)?)?;
    folder.add("frontier.csv", frontier_csv::of(design, law)?)?;
    folder.add(
        "best/config.json",
        config(&chosen.candidate.architecture, design)?,
    )?;
    let latency = design
        .latencies
        .iter()
        .find(|latency| latency.formats == chosen.formats)
        .ok_or_else(|| anyhow!("no latencies of {} weights", chosen.formats.weights))?;
    let roofline = latency.roofline(design.device, assumptions);
    let prediction = prediction(design, latency, &roofline);
    let frontier = frontier_figure(design);
    let parameters = parameters_figure(design);
    let operators = roofline_figure(&prediction, &roofline);
    for (name, figure) in [
        ("frontier", &frontier as &dyn Figure),
        ("parameters", &parameters),
        ("roofline", &operators),
    ] {
        add_figure(folder, &format!("figures/{name}"), figure)?;
    }
    let draw = |figure: &dyn Figure, caption: &str| -> Result<Block> {
        Ok(Block::Figure(Box::new(FigureBlock::draw(figure, caption)?)))
    };
    let mut blocks = vec![
        draw(
            &frontier,
            "Loss against latency: the frontier, a sample of the space behind it, and the shapes of published models \
             under the same law. Shaded: the latency budget; the band is where the chosen format's latencies are to be \
             expected.",
        )?,
        Block::Heading("Chosen architecture".to_owned()),
        Block::Table(page_table(
            "Chosen, and the reference beside it",
            print::chosen_table(design),
            None,
        )),
        Block::Paragraph(print::comparison(design)),
        Block::Paragraph(print::probabilities(design).join(" ")),
        draw(
            &parameters,
            "How the architecture changes along the frontier; the chosen one is ringed.",
        )?,
        draw(
            &operators,
            "The chosen architecture's operators on the roofline; the area is the share of the time.",
        )?,
    ];
    if let Some(decided) = &design.decision {
        let figure = decision::figure(design, decided);
        add_figure(folder, "figures/uncertainty", &figure)?;
        folder.add("choices.csv", decision::csv(design, decided)?)?;
        blocks.extend(decision::blocks(design, decided, &figure)?);
    }
    for (position, found) in design.outcome.by_format.iter().enumerate() {
        let shown = print::spread(found.frontier.len(), ROWS);
        let caption = format!(
            "Frontier with {} weights: {} of {} points, all of them in frontier.csv",
            found.formats.weights,
            shown.len(),
            found.frontier.len(),
        );
        let highlight = shown
            .iter()
            .position(|&place| found.frontier[place].index == chosen.candidate.index);
        let rows = print::frontier_table(design, position, &shown, law);
        blocks.push(Block::Table(page_table(
            &caption,
            rows,
            highlight.filter(|_| found.formats == chosen.formats),
        )));
    }
    if design.outcome.by_format.len() > 1 {
        let table = print::best_by_format(&design.outcome.by_format, design.objective);
        blocks.push(Block::Table(page_table("Weight formats", table, None)));
    }
    folder.add("report.html", page(design, law, budgets, blocks).to_html())
}

fn page(design: &Design<'_>, law: &LossLaw, budgets: &str, blocks: Vec<Block>) -> Page {
    let evaluation = &design.chosen.candidate.evaluation;
    let intervals = &design.chosen.latency_intervals;
    let card = |label: &str, value: String, detail: String| Card {
        label: label.to_owned(),
        value,
        detail,
    };
    let mut notes: Vec<Note> = warnings(design)
        .into_iter()
        .map(|text| Note {
            kind: NoteKind::Warning,
            text,
        })
        .collect();
    let assumption = |text: String| Note {
        kind: NoteKind::Assumption,
        text,
    };
    notes.extend(
        latency::sentences(design.device, &design.latencies)
            .into_iter()
            .map(assumption),
    );
    notes.push(assumption(latency::factor_legend(&design.latencies).to_owned()));
    notes.push(assumption(loss_text(law)));
    notes.extend(design.quantisation.iter().cloned().map(assumption));
    notes.push(assumption(format!(
        "Loss: {}. Law: {} ({}).",
        law.about.loss, law.about.name, law.about.source
    )));
    notes.extend(
        law.about
            .quality
            .iter()
            .map(|quality| assumption(format!("The law's fit: {quality}."))),
    );
    notes.extend(
        law.about
            .note
            .iter()
            .map(|note| assumption(note.replace('\n', " "))),
    );
    notes.push(assumption(
        "Memory counts weights, the KV cache at full context and an estimate of activations, not the runtime's own."
            .to_owned(),
    ));
    Page {
        title: format!("rooflaw: what to build for {}", design.device.name),
        headline: format!(
            "Build {}: loss {} in {}",
            print::shape(&design.chosen.candidate.architecture),
            output::loss(evaluation.loss),
            output::seconds(design.objective.latency_s(evaluation)),
        ),
        summary: format!(
            "The lowest loss within {budgets}: {}. Batch {}, {} tokens in, {} out.",
            effort::combinations(&design.outcome),
            design.workload.batch,
            output::thousands(u64::from(design.workload.prompt_tokens)),
            design.workload.generated_tokens,
        ),
        cards: vec![
            card(
                "Loss",
                report_loss(evaluation.loss, design.chosen.loss_interval),
                format!("{}, of the law", design.loss_unit),
            ),
            card(
                "TTFT",
                output::seconds(evaluation.ttft_s),
                latency::range(&intervals.ttft),
            ),
            card(
                "TPOT",
                output::seconds(evaluation.tpot_s),
                latency::range(&intervals.tpot),
            ),
            card(
                "Total latency",
                output::seconds(evaluation.total_s),
                latency::range(&intervals.total),
            ),
            card(
                "Memory",
                output::gigabytes(evaluation.memory.total_bytes()),
                design.chosen.formats.weights.to_string(),
            ),
            card(
                "Parameters",
                output::parameters(evaluation.parameters.total),
                format!("{} active", output::parameters(evaluation.parameters.active)),
            ),
        ],
        blocks,
        notes,
        command: command_line(),
        version: format!("rooflaw {}", env!("CARGO_PKG_VERSION")),
    }
}

/// The chosen architecture as `rooflaw predict` sees it.
fn prediction<'a>(design: &'a Design<'_>, latency: &'a Latency, roofline: &'a Roofline) -> Prediction<'a> {
    let (workload, architecture) = (design.workload, &design.chosen.candidate.architecture);
    let prefill = roofline.table(
        architecture,
        &Step::prefill(workload.batch, workload.prompt_tokens),
    );
    let decode = roofline.table(
        architecture,
        &Step::decode(workload.batch, workload.prompt_tokens),
    );
    Prediction {
        model: "the chosen architecture",
        architecture,
        device: design.device,
        workload,
        formats: *roofline.formats(),
        evaluation: design.chosen.candidate.evaluation,
        context: workload.prompt_tokens,
        tpot_at_context_s: decode.total_s(),
        fits: true,
        loss_unit: design.loss_unit,
        loss_interval: design.chosen.loss_interval,
        extrapolations: design.chosen.extrapolations.clone(),
        intervals: design.chosen.latency_intervals,
        tpot_at_context: latency.tpot_at(
            design.device,
            roofline,
            architecture,
            (workload.batch, workload.prompt_tokens),
        ),
        latency,
        fallbacks: latency.fallbacks(roofline),
        prefill_bound_s: prefill.hand_bound_s(roofline.bandwidth()),
        decode_bound_s: decode.hand_bound_s(roofline.bandwidth()),
        prefill,
        decode,
    }
}

/// A config.json to train the architecture with.
fn config(architecture: &Architecture, design: &Design<'_>) -> Result<String> {
    trainable(architecture, &design.chosen.formats, &design.workload)
}

/// A config.json to train an architecture with that is to serve a workload in given formats.
pub fn trainable(architecture: &Architecture, formats: &Formats, workload: &Workload) -> Result<String> {
    let dtype = match formats.activations {
        Precision::Fp32 => Precision::Fp32,
        Precision::Fp16 => Precision::Fp16,
        _ => Precision::Bf16,
    };
    let usual = WriteOptions::default();
    let context = usual.max_position_embeddings.max(workload.full_context());
    Ok(hf::write(
        architecture,
        &WriteOptions {
            dtype,
            max_position_embeddings: context,
            ..usual
        },
    )?)
}
