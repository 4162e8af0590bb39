//! The folder of `rooflaw calibrate --report`.

use super::prediction::page_table;
use super::{add_figure, command_line};
use crate::commands::calibrate::{Found, Prediction, print};
use crate::output::Folder;
use anyhow::Result;
use rooflaw::device::Phase;
use rooflaw_report::figure::Scale;
use rooflaw_report::figure::agreement::{AgreementFigure, AgreementPoint, AgreementSeries};
use rooflaw_report::html::{Block, FigureBlock, Note, NoteKind, Page};

/// Writes every file.
pub fn write(found: &Found, folder: &mut Folder) -> Result<()> {
    let calibration = &found.calibrated.calibration;
    let predictions = found.predictions();
    folder.add("calibration.toml", calibration.to_toml())?;
    folder.add("predictions.csv", table(&predictions)?)?;
    let figure = figure(found, &predictions);
    add_figure(folder, "figures/agreement", &figure)?;
    let caption = "Each measurement beside what a calibration without its model predicts.";
    let assumption = |text: String| Note {
        kind: NoteKind::Assumption,
        text,
    };
    let warning = |text: String| Note {
        kind: NoteKind::Warning,
        text,
    };
    let outliers = calibration.outliers.iter().map(print::outlier_words);
    let page = Page {
        title: format!("rooflaw: calibration of {}", found.rows.device.name),
        headline: print::title(found),
        summary: format!("{}.", print::summary(found)),
        cards: Vec::new(),
        blocks: vec![
            Block::Table(page_table("Rates", print::rates_table(calibration), None)),
            Block::Table(page_table("Overheads", print::overheads_table(calibration), None)),
            Block::Paragraph(print::errors(calibration).join(" ")),
            Block::Figure(Box::new(FigureBlock::draw(&figure, caption)?)),
        ],
        notes: outliers
            .chain(print::left_out(&found.rows.skipped))
            .map(warning)
            .chain([print::LEGEND.to_owned(), print::others(calibration)].map(assumption))
            .collect(),
        command: command_line(),
        version: format!("rooflaw {}", env!("CARGO_PKG_VERSION")),
    };
    folder.add("report.html", page.to_html())
}

fn figure(found: &Found, predictions: &[Prediction<'_>]) -> AgreementFigure {
    let point = |prediction: &&Prediction<'_>| AgreementPoint {
        actual: 1e3 * prediction.measured_s,
        predicted: 1e3 * prediction.left_out_s,
        interval: Some((1e3 * prediction.left_out_low_s, 1e3 * prediction.left_out_high_s)),
        label: if prediction.is_outlier {
            format!("{} {}", prediction.model, prediction.weights)
        } else {
            String::new()
        },
    };
    let series = |phase: Phase| AgreementSeries {
        label: phase.name().to_owned(),
        points: predictions
            .iter()
            .filter(|prediction| prediction.phase == phase)
            .map(|prediction| point(&prediction))
            .collect(),
    };
    AgreementFigure {
        title: print::title(found),
        subtitle: print::summary(found),
        x_label: "measured (ms): prefill, or a decoded token".to_owned(),
        y_label: "predicted without the model (ms)".to_owned(),
        interval_label: "90 % interval".to_owned(),
        scale: Scale::Log10,
        series: Phase::ALL.map(series).into(),
    }
}

fn table(predictions: &[Prediction<'_>]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for prediction in predictions {
        writer.serialize(prediction)?;
    }
    Ok(writer.into_inner()?)
}
