//! The folder of `rooflaw fit --out`.

use super::prediction::page_table;
use super::{add_figure, command_line, fit_figures};
use crate::commands::fit::{Args, Fitted, json, print, tables};
use crate::commands::laws;
use crate::output::Folder;
use anyhow::Result;
use rooflaw_report::figure::Figure;
use rooflaw_report::html::{Block, Card, FigureBlock, Note, NoteKind, Page};

/// Writes every file.
pub fn write(fitted: &Fitted, args: &Args, folder: &mut Folder) -> Result<()> {
    let detail = &fitted.detail;
    // By its name, which is what other commands call it.
    if let Ok(text) = &fitted.file {
        folder.add(&format!("{}.toml", detail.law.id), text.as_str())?;
    }
    folder.add("fit.json", serde_json::to_vec_pretty(&json::of(fitted))?)?;
    folder.add("predictions.csv", predictions(fitted)?)?;
    let mut blocks = Vec::new();
    let mut draw = |name: &str, figure: &dyn Figure, caption: &str| -> Result<Block> {
        add_figure(folder, &format!("figures/{name}"), figure)?;
        Ok(Block::Figure(Box::new(FigureBlock::draw(figure, caption)?)))
    };
    if fitted.compared.len() > 1 {
        let caption = "Each law's error on runs left out of its fit, on the runs it was fitted to, and on larger runs than it was \
                       fitted to.";
        blocks.push(draw("comparison", &fit_figures::comparison(fitted), caption)?);
        blocks.push(Block::Table(page_table(
            "Laws",
            tables::comparison_table(fitted),
            None,
        )));
        blocks.push(Block::Paragraph(print::comparison_text(fitted)));
        blocks.push(Block::Heading(format!("In detail: {}", detail.law.id)));
    }
    blocks.push(Block::Paragraph(laws::formula(&detail.law).join(" ")));
    let caption = "Predicted against actual loss. Bars: where a new run would lie in 90 % of cases. Left out: predicted by a \
                   fit without the run.";
    blocks.push(draw("agreement", &fit_figures::agreement(fitted), caption)?);
    blocks.push(Block::Table(page_table(
        "Agreement",
        tables::quality_table(fitted),
        None,
    )));
    blocks.push(Block::Paragraph(print::quality_text(fitted)));
    let caption = "What the law leaves over, against each variable: a trend is a term that it lacks.";
    blocks.push(draw("residuals", &fit_figures::residuals(fitted), caption)?);
    if let Some(table) = tables::numbers_table(fitted) {
        let figure = fit_figures::intervals(fitted);
        blocks.push(draw(
            "intervals",
            &figure,
            "The law's numbers, each on an axis of its own.",
        )?);
        blocks.push(Block::Table(page_table("Numbers of the law", table, None)));
        blocks.push(Block::Paragraph(print::intervals_text(fitted)));
    }
    if let Some(figure) = fit_figures::profiles(fitted) {
        let caption = "How much worse the best fit gets as one number is held away from its estimate. A curve that never crosses \
                       the line leaves the number undetermined.";
        blocks.push(draw("profiles", &figure, caption)?);
    }
    let page = page(fitted, args, blocks);
    folder.add("report.html", page.to_html())
}

fn page(fitted: &Fitted, args: &Args, blocks: Vec<Block>) -> Page {
    let detail = &fitted.detail;
    let quality = detail.fit.quality();
    let row = &fitted.compared[fitted.best];
    let card = |label: &str, value: String, detail: String| Card {
        label: label.to_owned(),
        value,
        detail,
    };
    let mut cards = vec![
        card(
            "R²",
            format!("{:.4}", quality.r_squared),
            "on the fitted rows".to_owned(),
        ),
        card(
            "MAE",
            tables::error(quality.mae, 4),
            "on the fitted rows".to_owned(),
        ),
    ];
    if let Ok(found) = &row.cross_validation {
        let error = format!("± {}, on runs left out", tables::error(found.mae_error, 4));
        cards.push(card("MAE, left out", tables::error(found.quality.mae, 4), error));
    }
    if let Some(Ok(found)) = &row.extrapolation {
        let above = format!("above {} = {:.1e}", found.size, found.fitted_up_to);
        cards.push(card(
            "MAE, larger runs",
            tables::error(found.quality.mae, 4),
            above,
        ));
    }
    let note = |kind: NoteKind| move |text: String| Note { kind, text };
    let mut notes: Vec<Note> = fitted
        .warnings
        .iter()
        .cloned()
        .map(note(NoteKind::Warning))
        .collect();
    notes.extend(print::sentences(fitted).into_iter().map(note(NoteKind::Note)));
    notes.extend(print::not_fitted(fitted).map(note(NoteKind::Note)));
    notes.push(note(NoteKind::Assumption)(format!(
        "Runs: {}, {}; SHA-256 {}.",
        fitted.path,
        detail.law.about.loss,
        fitted.table.digest()
    )));
    Page {
        title: "rooflaw: laws fitted to runs".to_owned(),
        headline: print::title(fitted),
        summary: print::objective_text(args, fitted),
        cards,
        blocks,
        notes,
        command: command_line(),
        version: format!("rooflaw {}", env!("CARGO_PKG_VERSION")),
    }
}

/// Every row with what the law says of it.
fn predictions(fitted: &Fitted) -> Result<Vec<u8>> {
    let (table, detail) = (&fitted.table, &fitted.detail);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<&str> = table.group.iter().map(|_| "group").collect();
    header.extend(table.variables.iter().map(|(name, _)| name.as_str()));
    header.extend(["loss", "predicted", "low", "high", "predicted_left_out"]);
    writer.write_record(&header)?;
    for row in 0..table.n_rows() {
        let mut cells: Vec<String> = table.group.iter().map(|groups| groups[row].clone()).collect();
        cells.extend(table.variables.iter().map(|(_, values)| values[row].to_string()));
        let interval = detail.prediction_intervals.get(row).copied().flatten();
        let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        cells.extend([
            table.loss[row].to_string(),
            detail.predicted[row].to_string(),
            text(interval.map(|(low, _)| low)),
            text(interval.map(|(_, high)| high)),
            text(detail.left_out.get(row).copied().filter(|loss| loss.is_finite())),
        ]);
        writer.write_record(&cells)?;
    }
    Ok(writer.into_inner()?)
}
