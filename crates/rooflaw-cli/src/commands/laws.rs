//! `rooflaw laws`: the loss laws.

use crate::{input, output};
use anyhow::Result;
use output::MeasuredTable;
use rooflaw::law::fit::Exponent;
use rooflaw::law::{self, Family, Feature, Formula, LawFile};
use serde_json::json;

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
        let file = input::law_file(name)?;
        return if args.json {
            output::json(&as_json(file)?)
        } else {
            detail(&file)
        };
    }
    let files = law::files();
    if args.json {
        return output::json(&files.into_iter().map(as_json).collect::<Result<Vec<_>>>()?);
    }
    let mut table = MeasuredTable::new(&["law", "written in", "numbers"], &[0, 1, 2]);
    for file in &files {
        let numbers = match (&file.numbers, &file.ensemble) {
            (Some(_), Some(_)) => "with intervals",
            (Some(_), None) => "published",
            (None, _) => "to be fitted",
        };
        table.push(vec![
            file.id.clone(),
            file.family.variables().join(", "),
            numbers.to_owned(),
        ]);
    }
    output::table(&table)?;
    output::line("")?;
    output::line("`rooflaw laws LAW` shows one; `rooflaw fit RUNS --law LAW` fits one to runs of yours.")
}

/// A law with its numbers, or what there is of one without.
fn as_json(file: LawFile) -> Result<serde_json::Value> {
    let (id, about) = (file.id.clone(), file.about.clone());
    let variables: Vec<String> = file.family.variables().into_iter().map(str::to_owned).collect();
    let terms = formula(&file);
    Ok(match file.into_law() {
        Ok(law) => serde_json::to_value(law)?,
        Err(refused) => json!({
            "id": id,
            "name": about.name,
            "source": about.source,
            "note": about.note,
            "variables": variables,
            "formula": terms,
            "numbers": null,
            "why": refused.reason,
        }),
    })
}

/// A number with five significant digits at most, its trailing zeros cut.
fn brief(number: f64) -> String {
    // Adding 0 takes the sign from a zero that has one.
    let rounded: f64 = format!("{number:.4e}").parse().unwrap_or(number) + 0.0;
    if rounded == 0.0 || (1e-4..1e7).contains(&rounded.abs()) {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// A number that is added: ` + 0.5`, ` − 0.5`.
fn signed(number: f64) -> String {
    let sign = if number < 0.0 { '−' } else { '+' };
    format!(" {sign} {}", brief(number.abs()))
}

/// The right-hand side, a line for each term.
pub fn formula(file: &LawFile) -> Vec<String> {
    let numbers = file.numbers.as_deref();
    let Family::AdditivePower(form) = &file.family else {
        let routed = numbers.and_then(|numbers| match file.family.with(numbers) {
            Some(Formula::Routed(law)) => Some(law),
            _ => None,
        });
        let Some(law) = routed else {
            return vec!["log10 loss = d + a·log10 N + b·log10 Ê + c·log10 N·log10 Ê".to_owned()];
        };
        return vec![
            format!(
                "log10 loss = {}{}·log10 N{}·log10 Ê{}·log10 N·log10 Ê",
                brief(law.d),
                signed(law.a),
                signed(law.b),
                signed(law.c)
            ),
            format!(
                "1/Ê = 1/(E − 1 + 1/(1/{0} − 1/{1})) + 1/{1}",
                brief(law.expert_start),
                brief(law.expert_max)
            ),
        ];
    };
    let number = |index: usize, symbol: String| match numbers.and_then(|numbers| numbers.get(index)) {
        Some(&number) => brief(number),
        None => symbol,
    };
    let mut lines = vec![format!("loss = {}", number(0, "E".to_owned()))];
    for (index, term) in form.terms.iter().enumerate() {
        let powers: Vec<String> = term
            .powers
            .iter()
            .map(|(variable, exponent)| match *exponent {
                Exponent::Fixed(exponent) => format!("{variable}^{exponent}"),
                Exponent::Parameter { parameter, factor } => {
                    let value = numbers.and_then(|numbers| numbers.get(1 + form.terms.len() + parameter));
                    let name = form
                        .exponents
                        .get(parameter)
                        .map_or("", |found| found.name.as_str());
                    match value {
                        Some(value) => format!("{variable}^{}", brief(factor * value)),
                        None if factor == 1.0 => format!("{variable}^{name}"),
                        None if factor == -1.0 => format!("{variable}^-{name}"),
                        None => format!("{variable}^({factor}·{name})"),
                    }
                }
            })
            .collect();
        let coefficient = number(1 + index, format!("c{}", index + 1));
        let gap = "     ";
        lines.push(format!(
            "{gap}+ {coefficient} · {}   ({})",
            powers.join(" · "),
            term.name
        ));
    }
    lines
}

fn detail(file: &LawFile) -> Result<()> {
    let about = &file.about;
    output::heading(&format!("{} ({})", about.name, file.id))?;
    output::remark("Source", &about.source)?;
    output::remark("Loss", &about.loss)?;
    if let Some(quality) = &about.quality {
        output::remark("Quality", quality)?;
    }
    output::line("")?;
    for line in formula(file) {
        output::line(&line)?;
    }
    output::line("")?;
    let variables = file.family.variables();
    let mut table = MeasuredTable::new(&["fitted range", "from", "to"], &[0]);
    for feature in Feature::ALL
        .into_iter()
        .filter(|feature| variables.contains(&feature.name()))
    {
        let (min, max) = file.fitted_range.get(feature).map_or_else(
            || ("not known".to_owned(), String::new()),
            |(min, max)| (brief(min), brief(max)),
        );
        table.push(vec![feature.to_string(), min, max]);
    }
    output::table(&table)?;
    output::line("")?;
    match (&file.numbers, &file.ensemble) {
        (None, _) => output::line("It has no numbers yet: `rooflaw fit RUNS --law LAW` finds them.")?,
        (Some(_), None) => output::line("Published without an ensemble: its losses come without intervals.")?,
        (Some(_), Some(ensemble)) => output::line(&format!(
            "Intervals: {} refits to resampled runs; a run scatters about the law by {:.2} % (standard deviation).",
            ensemble.members.len(),
            100.0 * ensemble.residual_sd
        ))?,
    }
    if let Some(runs) = &file.runs {
        let of_runs = if runs.rows == runs.groups {
            format!("{} runs", runs.rows)
        } else {
            format!("{} rows of {} runs", runs.rows, runs.groups)
        };
        output::line(&format!(
            "Fitted to {of_runs}, --objective {}; SHA-256 {}.",
            runs.objective, runs.digest
        ))?;
    }
    about
        .note
        .as_ref()
        .map_or(Ok(()), |note| output::remark("Note", note))
}
