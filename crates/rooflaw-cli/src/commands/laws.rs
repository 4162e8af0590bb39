//! `rooflaw laws`: the loss laws.

use crate::{input, output};
use anyhow::Result;
use output::MeasuredTable;
use rooflaw::law::{self, Feature, LossLaw};

/// The loss laws rooflaw knows.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rooflaw laws                  all of them
  rooflaw laws co-design        one: terms, coefficients, fitted range, source
  rooflaw laws my-law.toml      reads and checks a law of your own")]
pub struct Args {
    /// A name or TOML file, to see all of one law
    law: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if let Some(name) = &args.law {
        let law = input::law(name)?;
        return if args.json {
            output::json(&law)
        } else {
            detail(&law)
        };
    }
    let laws = law::presets();
    if args.json {
        return output::json(&laws);
    }
    let mut table = MeasuredTable::new(&["law", "name", "terms"], &[0, 1]);
    for law in &laws {
        table.push(vec![
            law.id.clone(),
            law.name.clone(),
            law.terms.len().to_string(),
        ]);
    }
    output::table(&table)
}

fn detail(law: &LossLaw) -> Result<()> {
    output::heading(&format!("{} ({})", law.name, law.id))?;
    output::remark("Source", &law.source)?;
    output::remark("Loss", &law.loss)?;
    if let Some(quality) = &law.quality {
        output::remark("Quality", quality)?;
    }
    output::line("")?;
    output::line(&format!("loss = {}", law.irreducible_loss))?;
    for term in &law.terms {
        let powers: Vec<String> = term
            .exponents
            .iter()
            .map(|(feature, exponent)| format!("{feature}^{exponent}"))
            .collect();
        output::line(&format!(
            "     + {} · {}   ({})",
            term.coefficient,
            powers.join(" · "),
            term.name
        ))?;
    }
    output::line("")?;
    let mut table = MeasuredTable::new(&["fitted range", "from", "to"], &[0]);
    for feature in Feature::ALL {
        let (min, max) = law.fitted_range.get(feature).map_or_else(
            || ("not known".to_owned(), String::new()),
            |(min, max)| (min.to_string(), max.to_string()),
        );
        table.push(vec![feature.to_string(), min, max]);
    }
    output::table(&table)?;
    law.note
        .as_ref()
        .map_or(Ok(()), |note| output::remark("Note", note))
}
