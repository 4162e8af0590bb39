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
    let named = args.law.iter().map(|name| input::law_file(name));
    let files = if args.law.is_empty() {
        law::files()
    } else {
        named.collect::<Result<_>>()?
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
    let known = |name: &String| laws.fitted.iter().any(|file| has(&file.family, name));
    let names = args.fix.iter().map(|(name, _)| name);
    let mut names = names.chain(args.bound.iter().map(|(name, _)| name));
    if let Some(unknown) = names.find(|name| !known(name)) {
        let mut all: Vec<String> = laws
            .fitted
            .iter()
            .flat_map(|file| numbers(&file.family))
            .collect();
        all.sort();
        all.dedup();
        bail!(
            "no law has a number `{unknown}`: expected one of {}",
            all.join(", ")
        );
    }
    if laws.fitted.is_empty() {
        let reasons: Vec<String> = laws
            .unsuited
            .iter()
            .map(|(id, reason)| format!("{id}: {reason}"))
            .collect();
        bail!(
            "no law suits this table ({}): add columns, or give a law of your own with --law",
            reasons.join("; ")
        );
    }
    Ok(laws)
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
        *coefficient = Coefficient::Fixed(value);
    }
    Ok(())
}
