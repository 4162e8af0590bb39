//! The part of a design's folder that says how it stands under uncertainty.

use super::prediction::page_table;
use crate::commands::design::{Design, uncertainty};
use anyhow::Result;
use rooflaw::decision::Decision;
use rooflaw_report::figure::NamedPoint;
use rooflaw_report::figure::frontier::{FrontierFigure, FrontierPoint, FrontierSeries};
use rooflaw_report::html::{Block, FigureBlock};

/// Rows of the table on the page.
const ROWS: usize = 25;

/// The page's blocks.
pub fn blocks(design: &Design<'_>, decision: &Decision, figure: &FrontierFigure) -> Result<Vec<Block>> {
    let caption = "Where the frontier is to be expected: at each latency, the lowest loss of 90 % of the draws. The line is \
                   the frontier if nothing is uncertain; the star is the choice of the least expected regret.";
    Ok(vec![
        Block::Heading("Under uncertainty".to_owned()),
        Block::Paragraph(uncertainty::advice(decision).join(" ")),
        Block::Figure(Box::new(FigureBlock::draw(figure, caption)?)),
        Block::Table(page_table(
            "Choices by expected regret",
            uncertainty::table(design, decision, ROWS),
            Some(0),
        )),
        Block::Paragraph(uncertainty::basis(decision).join(" ")),
    ])
}

/// The band of frontiers with the robust choice.
pub fn figure(design: &Design<'_>, decision: &Decision) -> FrontierFigure {
    let objective = design.objective;
    let series = design.outcome.by_format.iter().map(|found| FrontierSeries {
        label: format!("{}, nothing uncertain", found.formats.weights),
        points: found
            .frontier
            .iter()
            .map(|candidate| FrontierPoint {
                latency_ms: 1e3 * objective.latency_s(&candidate.evaluation),
                loss: candidate.evaluation.loss,
                label: String::new(),
                is_moe: candidate.architecture.ffn.moe.is_some(),
            })
            .collect(),
    });
    let band = &decision.band;
    let points = band.latency_s.iter().zip(band.low.iter().zip(&band.high));
    FrontierFigure {
        title: format!("The frontier under uncertainty on {}", design.device.name),
        subtitle: format!(
            "{} draws; space {}, law {}; batch {}, {} tokens in, {} out",
            decision.options.draws,
            design.space,
            design.law,
            design.workload.batch,
            design.workload.prompt_tokens,
            design.workload.generated_tokens,
        ),
        x_label: format!("{} (ms)", objective.latency_name()),
        y_label: format!("loss ({})", design.loss_unit),
        series: series.collect(),
        budget_ms: design.latency_budget_s.map(|seconds| 1e3 * seconds),
        chosen: decision.robust().map(|robust| NamedPoint {
            name: "robust".to_owned(),
            x: 1e3 * objective.latency_s(&robust.candidate.evaluation),
            y: robust.expected_loss,
        }),
        loss_interval: Some(
            points
                .map(|(latency, (low, high))| (1e3 * latency, *low, *high))
                .collect(),
        ),
        loss_interval_label: "90 % of frontiers".to_owned(),
        ..FrontierFigure::default()
    }
}

/// Every candidate as a table.
pub fn csv(design: &Design<'_>, decision: &Decision) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "name",
        "weights",
        "index",
        "expected_loss",
        "latency_s",
        "within_budgets",
        "on_frontier",
        "expected_regret",
        "high_regret",
        "n_layers",
        "hidden_size",
        "ffn_ratio",
        "activation_rate",
        "total_parameters",
        "active_parameters",
        "memory_bytes",
    ])?;
    for (place, choice) in decision.choices.iter().enumerate() {
        let (a, e) = (&choice.candidate.architecture, &choice.candidate.evaluation);
        let found = design.outcome.by_format.get(choice.position);
        writer.write_record([
            uncertainty::names(decision, place).join(" "),
            found.map_or_else(String::new, |found| found.formats.weights.to_string()),
            choice.candidate.index.to_string(),
            choice.expected_loss.to_string(),
            design.objective.latency_s(e).to_string(),
            choice.within_budgets.to_string(),
            choice.on_frontier.to_string(),
            choice.expected_regret.to_string(),
            choice.high_regret.to_string(),
            a.n_layers.to_string(),
            a.hidden_size.to_string(),
            a.ffn_ratio().to_string(),
            a.activation_rate().to_string(),
            e.parameters.total.to_string(),
            e.parameters.active.to_string(),
            e.memory.total_bytes().to_string(),
        ])?;
    }
    Ok(writer.into_inner()?)
}
