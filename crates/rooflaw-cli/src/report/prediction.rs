//! The folder of `rooflaw predict --out`.

use super::figures::roofline_figure;
use super::{add_figure, command_line};
use crate::commands::predict::Prediction;
use crate::commands::predict::print::{against_bound, operators};
use crate::latency;
use crate::output::{self, Folder, MeasuredTable};
use anyhow::Result;
use rooflaw::roofline::{Roofline, StepTable};
use rooflaw_report::html::{Align, Block, Card, FigureBlock, Note, NoteKind, Page, Table};

/// Writes every file.
pub fn write(prediction: &Prediction<'_>, roofline: &Roofline, folder: &mut Folder) -> Result<()> {
    let figure = roofline_figure(prediction, roofline);
    add_figure(folder, "roofline", &figure)?;
    folder.add("operators.csv", operators_csv(prediction)?)?;
    folder.add("prediction.json", serde_json::to_vec_pretty(prediction)?)?;
    let (evaluation, intervals) = (&prediction.evaluation, &prediction.intervals);
    let caption =
        "Each operator at its arithmetic intensity and predicted rate; the area is its share of the time.";
    let card = |label: &str, value: String, detail: String| Card {
        label: label.to_owned(),
        value,
        detail,
    };
    let page = Page {
        title: format!("{} on {}", prediction.model, prediction.device.name),
        headline: format!(
            "{} on {}: {} to the first token, {} per token",
            prediction.model,
            prediction.device.name,
            output::seconds(evaluation.ttft_s),
            output::seconds(prediction.tpot_at_context_s),
        ),
        summary: format!(
            "Batch {}, {} tokens in, {} out; weights {}, KV cache {}.",
            prediction.workload.batch,
            prediction.workload.prompt_tokens,
            prediction.workload.generated_tokens,
            prediction.formats.weights,
            prediction.formats.kv,
        ),
        cards: vec![
            card(
                "TTFT",
                output::seconds(evaluation.ttft_s),
                latency::range(&intervals.ttft),
            ),
            card(
                "TPOT",
                output::seconds(prediction.tpot_at_context_s),
                format!(
                    "{}, at context {}",
                    latency::range(&prediction.tpot_at_context),
                    prediction.context
                ),
            ),
            card(
                "Total latency",
                output::seconds(evaluation.total_s),
                latency::range(&intervals.total),
            ),
            card(
                "Memory",
                output::gigabytes(evaluation.memory.total_bytes()),
                if prediction.fits { "fits" } else { "does not fit" }.to_owned(),
            ),
        ],
        blocks: vec![
            Block::Figure(Box::new(FigureBlock::draw(&figure, caption)?)),
            step_block("Prefill", &prediction.prefill),
            Block::Paragraph(against_bound(
                prediction,
                &prediction.prefill,
                prediction.prefill_bound_s,
            )),
            step_block("Decode", &prediction.decode),
            Block::Paragraph(against_bound(
                prediction,
                &prediction.decode,
                prediction.decode_bound_s,
            )),
        ],
        notes: latency::sentences(prediction.device, std::slice::from_ref(prediction.latency))
            .into_iter()
            .map(|text| Note {
                kind: NoteKind::Assumption,
                text,
            })
            .collect(),
        command: command_line(),
        version: format!("rooflaw {}", env!("CARGO_PKG_VERSION")),
    };
    folder.add("report.html", page.to_html())
}

fn step_block(caption: &str, step: &StepTable) -> Block {
    Block::Table(page_table(caption, operators(step), None))
}

/// A terminal table as one of the page.
pub fn page_table(caption: &str, table: MeasuredTable, highlight: Option<usize>) -> Table {
    let align = (0..table.headers.len()).map(|i| {
        if table.left.contains(&i) {
            Align::Left
        } else {
            Align::Right
        }
    });
    Table {
        caption: caption.to_owned(),
        align: align.collect(),
        headers: table.headers,
        rows: table.rows,
        highlight,
    }
}

fn operators_csv(prediction: &Prediction<'_>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "phase",
        "operator",
        "instances",
        "unit",
        "flops",
        "weight_bytes",
        "activation_bytes",
        "kv_bytes",
        "arithmetic_intensity_flop_per_byte",
        "compute_s",
        "memory_s",
        "launch_s",
        "binding",
        "time_s",
    ])?;
    for (phase, step) in [("prefill", &prediction.prefill), ("decode", &prediction.decode)] {
        for row in &step.rows {
            writer.write_record([
                phase.to_owned(),
                row.kind.name().to_owned(),
                row.instances.to_string(),
                format!("{:?}", row.unit).to_lowercase(),
                row.flops.to_string(),
                row.weight_bytes.to_string(),
                row.activation_bytes.to_string(),
                row.kv_bytes.to_string(),
                row.arithmetic_intensity.to_string(),
                row.compute_s.to_string(),
                row.memory_s.to_string(),
                row.launch_s.to_string(),
                row.binding.name().to_owned(),
                row.time_s.to_string(),
            ])?;
        }
    }
    Ok(writer.into_inner()?)
}
