//! The folder of `rooflaw plan-runs --out`.

use super::prediction::page_table;
use super::{add_figure, command_line};
use crate::commands::plan_runs::{Method, Planned, print};
use crate::output::Folder;
use anyhow::Result;
use rooflaw::architecture::hf::{self, WriteOptions};
use rooflaw_report::figure::plan::{PlanFigure, PlanPanel};
use rooflaw_report::figure::{NamedPoint, Scale};
use rooflaw_report::html::{Block, FigureBlock, Note, NoteKind, Page};

/// Writes every file.
pub fn write(planned: &Planned, folder: &mut Folder) -> Result<()> {
    folder.add("plan.json", serde_json::to_vec_pretty(planned)?)?;
    folder.add("runs.csv", table(planned)?)?;
    for (index, run) in planned.runs.iter().enumerate() {
        let config = hf::write(&run.architecture, &WriteOptions::default())?;
        folder.add(&format!("{}/config.json", name(index)), config)?;
    }
    let figure = figure(planned);
    add_figure(folder, "figures/plan", &figure)?;
    let caption = "The planned runs, numbered, among the candidates and the runs that are in.";
    let mut blocks = vec![
        Block::Figure(Box::new(FigureBlock::draw(&figure, caption)?)),
        Block::Table(page_table("The runs", print::runs_table(planned), None)),
        Block::Paragraph(print::cost_text(planned)),
    ];
    if let Method::Optimal { plan, .. } = &planned.method {
        let errors = print::expectation_table(&plan.expectation);
        blocks.push(Block::Table(page_table(
            "Errors to expect of the law fitted to them",
            errors,
            None,
        )));
    }
    let assumption = |text| Note {
        kind: NoteKind::Assumption,
        text,
    };
    let warning = planned.unseen_experts.iter().map(|text| Note {
        kind: NoteKind::Warning,
        text: text.clone(),
    });
    let page = Page {
        title: "rooflaw: which runs to do".to_owned(),
        headline: print::title(planned),
        summary: print::summary(planned),
        cards: Vec::new(),
        blocks,
        notes: warning
            .chain(print::expectations(planned).into_iter().map(assumption))
            .collect(),
        command: command_line(),
        version: format!("rooflaw {}", env!("CARGO_PKG_VERSION")),
    };
    folder.add("report.html", page.to_html())
}

fn name(index: usize) -> String {
    format!("run-{:03}", index + 1)
}

/// A table of runs that lacks nothing but the losses; without training tokens there is no column of them.
fn table(planned: &Planned) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let tokens_known = planned.runs.iter().all(|run| run.tokens.is_some());
    let row = |group: String, config: String, tokens: String, loss: String| {
        let tokens = tokens_known.then_some(tokens);
        [group, config].into_iter().chain(tokens).chain([loss])
    };
    let [group, config, tokens, loss] = ["group", "config", "tokens", "loss"].map(str::to_owned);
    writer.write_record(row(group, config, tokens, loss))?;
    for (index, run) in planned.runs.iter().enumerate() {
        let name = name(index);
        let config = format!("{name}/config.json");
        let tokens = run.tokens.map_or_else(String::new, |tokens| tokens.to_string());
        writer.write_record(row(name, config, tokens, String::new()))?;
    }
    Ok(writer.into_inner()?)
}

/// Pairs of variables that the figure shows, those that vary.
const PANELS: [(&str, Scale, &str, Scale); 4] = [
    ("hidden_size", Scale::Log2, "n_layers", Scale::Log2),
    ("activation_rate", Scale::Log2, "ffn_ratio", Scale::Log2),
    ("hidden_size", Scale::Log2, "kv_dim", Scale::Log2),
    ("active_parameters", Scale::Log10, "parameters", Scale::Log10),
];

fn figure(planned: &Planned) -> PlanFigure {
    let picture = &planned.picture;
    let find = |columns: &'_ [(String, Vec<f64>)], name: &str| -> Option<Vec<f64>> {
        columns
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, values)| values.clone())
    };
    let panel = |(x, x_scale, y, y_scale): (&str, Scale, &str, Scale)| {
        let (xs, ys) = (find(&picture.candidates, x)?, find(&picture.candidates, y)?);
        let existing = find(&picture.existing, x).zip(find(&picture.existing, y));
        let chosen = picture
            .chosen
            .iter()
            .enumerate()
            .map(|(index, &candidate)| NamedPoint {
                name: (index + 1).to_string(),
                x: xs[candidate],
                y: ys[candidate],
            });
        Some(PlanPanel {
            x_label: x.to_owned(),
            x_scale,
            y_label: y.to_owned(),
            y_scale,
            existing: existing.map_or_else(Vec::new, |(xs, ys)| xs.into_iter().zip(ys).collect()),
            candidates: xs.iter().copied().zip(ys.iter().copied()).collect(),
            chosen: chosen.collect(),
        })
    };
    PlanFigure {
        title: print::title(planned),
        subtitle: planned.method.text(),
        panels: PANELS.into_iter().filter_map(panel).collect(),
        ..PlanFigure::default()
    }
}
