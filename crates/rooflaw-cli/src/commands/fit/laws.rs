//! Which laws are fitted, and what is held in them.

use super::Args;
use crate::input;
use anyhow::{Result, bail};
use rooflaw::law::fit::{Coefficient, Form};
use rooflaw::law::{self, Family, LawFile};
use rooflaw::runs::RunTable;

/// The laws that are fitted, and those that are not for want of variables, with what they want.
pub struct Laws {
    /// In the order asked for, or by id.
    pub fitted: Vec<LawFile>,
    /// Id and what is missing.
    pub unsuited: Vec<(String, String)>,
}

/// The laws that `args` ask for.
///
/// # Errors
/// A law that there is not, a name in --fix or --bound that none of them has, or no law that suits the table.
pub fn wanted(args: &Args, table: &RunTable) -> Result<Laws> {
    let files = if args.law.is_empty() {
        law::files()
    } else {
        named(args)?
    };
    let mut laws = Laws {
        fitted: Vec::new(),
        unsuited: Vec::new(),
    };
    for mut file in files {
        let missing: Vec<&str> = file
            .family
            .variables()
            .into_iter()
            .filter(|name| table.variables.iter().all(|(found, _)| found != name))
            .collect();
        if !args.law.is_empty() && !missing.is_empty() {
            let known: Vec<&str> = table.variables.iter().map(|(name, _)| name.as_str()).collect();
            bail!(
                "{}: the law {} needs {}, but the table has {}",
                args.runs.display(),
                file.id,
                missing.join(", "),
                known.join(", ")
            );
        }
        if args.law.is_empty() {
            let constant = |name: &&str| {
                let column = table.variables.iter().find(|(found, _)| found == name);
                column.is_some_and(|(_, values)| values.iter().all(|value| *value == values[0]))
            };
            let still: Vec<&str> = file.family.variables().into_iter().filter(constant).collect();
            let reason = match (&missing[..], &still[..]) {
                ([], []) => None,
                ([], still) => Some(format!("{} never varies", still.join(", "))),
                (missing, _) => Some(format!("no {}", missing.join(", "))),
            };
            if let Some(reason) = reason {
                laws.unsuited.push((file.id, reason));
                continue;
            }
        }
        hold(args, &mut file.family)?;
        laws.fitted.push(file);
    }
    if laws.fitted.is_empty() {
        bail!(
            "{}: no law suits this table ({}): add columns, or give a law of your own with --law",
            args.runs.display(),
            by_reason(&laws.unsuited).join("; ")
        );
    }
    check_names(args, &laws.fitted)?;
    Ok(laws)
}

/// The laws that `args` name, each once.
fn named(args: &Args) -> Result<Vec<LawFile>> {
    let mut files: Vec<LawFile> = Vec::new();
    for name in &args.law {
        let file = input::law_file(name)?;
        if files.iter().any(|known| known.id == file.id) {
            bail!("--law {name}: there is a law {} before it already", file.id);
        }
        files.push(file);
    }
    Ok(files)
}

/// Laws with one reason together, in the order of the first of each.
pub fn by_reason(unsuited: &[(String, String)]) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (id, reason) in unsuited {
        match groups.iter_mut().find(|(known, _)| known == reason) {
            Some((_, ids)) => ids.push(id),
            None => groups.push((reason, vec![id])),
        }
    }
    let text = |(reason, ids): (&str, Vec<&str>)| format!("{}: {reason}", ids.join(", "));
    groups.into_iter().map(text).collect()
}

/// --fix and --bound name numbers that there are, each once.
fn check_names(args: &Args, laws: &[LawFile]) -> Result<()> {
    let fixed = args.fix.iter().map(|(name, _)| ("--fix", name));
    let names: Vec<(&str, &String)> = fixed
        .chain(args.bound.iter().map(|(name, _)| ("--bound", name)))
        .collect();
    for (index, (flag, name)) in names.iter().enumerate() {
        if let Some((before, _)) = names[..index].iter().find(|(_, known)| known == name) {
            bail!("{flag} {name}: it is given in {before} already");
        }
        if !laws.iter().any(|file| has(&file.family, name)) {
            let mut all: Vec<String> = laws.iter().flat_map(|file| numbers(&file.family)).collect();
            all.sort();
            all.dedup();
            let expected = if all.is_empty() {
                "only laws that are sums of terms have numbers that can be held".to_owned()
            } else {
                format!("expected one of {}", all.join(", "))
            };
            bail!("{flag} {name}: no law fitted has a number of this name: {expected}");
        }
    }
    Ok(())
}

/// The names that --fix and --bound know in a law.
fn numbers(family: &Family) -> Vec<String> {
    let Family::AdditivePower(form) = family else {
        return Vec::new();
    };
    let exponents = form.exponents.iter().map(|exponent| exponent.name.clone());
    let terms = form.terms.iter().map(|term| term.name.clone());
    std::iter::once("irreducible_loss".to_owned())
        .chain(exponents)
        .chain(terms)
        .collect()
}

fn has(family: &Family, name: &str) -> bool {
    numbers(family).iter().any(|found| found == name)
}

fn hold(args: &Args, family: &mut Family) -> Result<()> {
    let Family::AdditivePower(form) = family else {
        return Ok(());
    };
    for (name, value) in &args.fix {
        fix(form, name, *value)?;
    }
    for (name, (low, high)) in &args.bound {
        let mut exponents = form.exponents.iter_mut();
        if let Some(exponent) = exponents.find(|exponent| exponent.name == *name) {
            let start = (
                exponent.start.0.clamp(*low, *high),
                exponent.start.1.clamp(*low, *high),
            );
            *exponent = exponent.clone().within(*low, *high).starting(start.0, start.1);
        } else if name == "irreducible_loss" || form.terms.iter().any(|term| term.name == *name) {
            bail!(
                "--bound {name}: only exponents can be bounded; coefficients are never negative, and --fix holds them"
            );
        }
    }
    Ok(())
}

fn fix(form: &mut Form, name: &str, value: f64) -> Result<()> {
    let mut exponents = form.exponents.iter_mut();
    if let Some(exponent) = exponents.find(|exponent| exponent.name == name) {
        *exponent = exponent.clone().fixed(value);
        return Ok(());
    }
    let coefficient = if name == "irreducible_loss" {
        Some(&mut form.irreducible_loss)
    } else {
        let mut terms = form.terms.iter_mut();
        terms
            .find(|term| term.name == name)
            .map(|term| &mut term.coefficient)
    };
    if let Some(coefficient) = coefficient {
        if value < 0.0 {
            bail!("--fix {name}={value}: expected a number that is not negative");
        }
        if value == 0.0 && name != "irreducible_loss" {
            bail!("--fix {name}=0: expected a positive number; a law without the term is a file of its own");
        }
        *coefficient = Coefficient::Fixed(value);
    }
    Ok(())
}
