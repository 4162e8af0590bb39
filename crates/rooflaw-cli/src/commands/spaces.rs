//! `rooflaw spaces`: the design spaces.

use crate::{input, output};
use anyhow::Result;
use output::MeasuredTable;
use rooflaw::space::{self, DesignSpace};
use serde_json::{Value, json};

/// The design spaces rooflaw knows.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw spaces                  all of them
  rooflaw spaces default          one: its axes and their values
  rooflaw spaces my-space.toml    reads and checks a space of your own")]
pub struct Args {
    /// A name or TOML file, to see all of one space
    space: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if let Some(name) = &args.space {
        let space = input::space(name)?;
        return if args.json {
            output::json(&summary(&space))
        } else {
            detail(&space)
        };
    }
    let spaces = space::presets();
    if args.json {
        return output::json(&spaces.iter().map(summary).collect::<Vec<_>>());
    }
    let mut table = MeasuredTable::new(&["space", "name", "axes", "combinations"], &[0, 1]);
    for space in &spaces {
        let axes = space.axes().len().to_string();
        table.push(vec![
            space.id.clone(),
            space.name.clone(),
            axes,
            output::thousands(space.len()),
        ]);
    }
    output::table(&table)
}

fn summary(space: &DesignSpace) -> Value {
    json!({
        "id": space.id,
        "name": space.name,
        "source": space.source,
        "note": space.note,
        "combinations": space.len(),
        "axes": space.axes(),
        "limits": space.limits,
    })
}

fn detail(space: &DesignSpace) -> Result<()> {
    output::heading(&format!("{} ({})", space.name, space.id))?;
    output::line(&format!("{} combinations", output::thousands(space.len())))?;
    output::remark("Source", &space.source)?;
    output::line("")?;
    for axis in space.axes() {
        let names: Vec<&str> = axis.variables.iter().map(|variable| variable.name()).collect();
        output::line(&format!("{} ({} values)", names.join(" / "), axis.n_values))?;
        let values = if axis.n_values > 16 {
            let ends = (axis.values.first(), axis.values.get(1), axis.values.last());
            match ends {
                (Some(first), Some(second), Some(last)) => format!("{first}, {second}, … {last}"),
                _ => axis.values.join(", "),
            }
        } else {
            axis.values.join(", ")
        };
        output::line(&format!("  {values}"))?;
    }
    space
        .note
        .as_ref()
        .map_or(Ok(()), |note| output::remark("Note", note))
}
