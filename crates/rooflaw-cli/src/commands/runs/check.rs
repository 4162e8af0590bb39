//! `rooflaw runs check`: what is in a table.

use crate::input::{self, SelectArgs};
use crate::output::{self, MeasuredTable};
use anyhow::{Result, bail};
use rooflaw::runs::RunTable;
use serde::Serialize;
use std::path::PathBuf;

/// What is in a table, and what limits a law fitted to it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw runs check runs.csv
  rooflaw runs check sweep/
  rooflaw runs check runs.jsonl --where 'hidden_size>=512,group!=warm-up' --drop-largest 5 --json")]
pub struct CheckArgs {
    /// A table of runs, CSV or JSON Lines (.jsonl), or a folder of trainings (`rooflaw train`)
    runs: Option<PathBuf>,
    #[command(flatten)]
    select: SelectArgs,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// What is said of a table.
#[derive(Serialize)]
struct Summary<'a> {
    rows: usize,
    runs: usize,
    unit: Option<&'a str>,
    tokenizer: Option<&'a str>,
    columns: Vec<Column<'a>>,
    digest: String,
    warnings: Vec<super::Warning>,
}

/// The values of a column.
#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    min: f64,
    max: f64,
    distinct: usize,
}

impl<'a> Column<'a> {
    fn of(name: &'a str, values: &[f64]) -> Column<'a> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        Column {
            name,
            min: sorted.first().copied().unwrap_or(f64::NAN),
            max: sorted.last().copied().unwrap_or(f64::NAN),
            distinct: sorted.len(),
        }
    }
}

/// Runs the command.
pub fn run(args: &CheckArgs) -> Result<()> {
    let Some(path) = &args.runs else {
        bail!(
            "which runs? Give a table in CSV or JSON Lines, a folder of trainings, or see `rooflaw runs import --help`"
        );
    };
    let found = input::runs(path)?;
    let table = args.select.select(found.table)?;
    let mut summary = summary(&table);
    let left_out = found
        .left_out
        .iter()
        .map(|text| super::Warning::new("left_out", text));
    summary.warnings.extend(left_out);
    if args.json {
        return output::json(&summary);
    }
    let shown = path.display();
    output::heading(&format!("{shown}: {}", super::size(&table)))?;
    let recorded = |text: Option<&str>| text.unwrap_or("not recorded").to_owned();
    output::line(&format!(
        "loss in {}; tokenizer {}",
        summary.unit.unwrap_or("a unit that is not recorded"),
        recorded(summary.tokenizer)
    ))?;
    output::line("")?;
    let mut columns = MeasuredTable::new(&["column", "from", "to", "distinct"], &[0]);
    for column in &summary.columns {
        columns.push(vec![
            column.name.to_owned(),
            number(column.min),
            number(column.max),
            column.distinct.to_string(),
        ]);
    }
    output::table(&columns)?;
    output::line("")?;
    output::remark("SHA-256", &summary.digest)?;
    super::warn(&summary.warnings)
}

fn summary(table: &RunTable) -> Summary<'_> {
    let mut columns: Vec<Column<'_>> = table
        .variables
        .iter()
        .map(|(name, values)| Column::of(name, values))
        .collect();
    columns.push(Column::of("loss", &table.loss));
    let optional = [
        ("standard_error", &table.standard_error),
        ("weight", &table.weight),
    ];
    for (name, values) in optional {
        columns.extend(values.as_ref().map(|values| Column::of(name, values)));
    }
    Summary {
        rows: table.n_rows(),
        runs: table.n_runs(),
        unit: table.unit.as_deref(),
        tokenizer: table.tokenizer.as_deref(),
        columns,
        digest: table.digest(),
        warnings: table
            .warnings(None)
            .iter()
            .map(|warning| super::Warning::new(warning.name(), warning))
            .collect(),
    }
}

/// A number of any size in at most 11 characters, whole numbers in full where they fit.
fn number(value: f64) -> String {
    let plain = value.to_string();
    if plain.len() <= 9 {
        plain
    } else if (1e-2..1e6).contains(&value) {
        format!("{value:.4}")
    } else {
        format!("{value:.4e}")
    }
}
