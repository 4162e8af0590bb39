//! `rooflaw fit`: laws fitted to runs, compared, and how far to trust each.

mod args;
mod detail;
pub mod json;
mod laws;
pub mod print;
mod size;
pub mod tables;

pub use args::Args;
pub use detail::Detail;

use crate::input;
use crate::output::{self, Folder, Progress};
use crate::report;
use anyhow::{Context as _, Result, bail};
use rooflaw::law::fit::{self, Candidate, Compared, Comparison, Folds, Form, LawFit, Starts};
use rooflaw::law::{Family, LawFile};
use rooflaw::runs::{RunTable, RunWarning};

/// What was fitted, and what came of it.
pub struct Fitted {
    /// The table's path.
    pub path: String,
    /// Its rows, those selected.
    pub table: RunTable,
    /// Each law's fit and errors.
    pub compared: Vec<Compared>,
    /// Laws that do not suit the table, and why.
    pub unsuited: Vec<(String, String)>,
    /// The index of the law to trust.
    pub best: usize,
    /// The variable that says which runs are large.
    pub size: Option<String>,
    /// How many parts cross-validation leaves out in turn.
    pub folds: usize,
    /// The law to trust in detail.
    pub detail: Detail,
    /// The law's file; why it would not be read again, if it would not.
    pub file: std::result::Result<String, String>,
    /// What to know before trusting any of it.
    pub warnings: Vec<String>,
}

/// Groups are left out one by one up to so many, in so many parts beyond.
const FOLDS: usize = 50;
/// Random starts of refits to parts, besides the fit to all.
const REFIT_STARTS: usize = 4;
/// The share of the groups, the smallest, that extrapolation is fitted to.
const SMALL_SHARE: f64 = 0.6;

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    if let Some(out) = &args.out {
        Folder::check(out)?;
    }
    let fitted = fit(args)?;
    if let Some(out) = &args.out {
        let mut folder = Folder::new(out)?;
        report::fit::write(&fitted, args, &mut folder)?;
        folder.commit()?;
    }
    if args.json {
        output::json(&json::of(&fitted))
    } else {
        print::print(args, &fitted)
    }
}

fn fit(args: &Args) -> Result<Fitted> {
    let table = args.select.select(input::runs(&args.runs)?.told()?)?;
    let path = args.runs.display().to_string();
    if let Some(&loss) = table.loss.first()
        && table.n_rows() > 1
        && table.loss.iter().all(|other| *other == loss)
    {
        bail!("{path}: every run has the loss {loss}: no law can be told from that");
    }
    let laws = laws::wanted(args, &table)?;
    let (observations, size) = size::with_size(args, &table, table.observations()?)?;
    let folds = Folds::of_groups(&observations, FOLDS, args.seed);
    let seed = args.seed;
    let how = Comparison {
        starts: Starts::Random {
            count: args.starts as usize,
            seed,
        },
        refit_starts: Starts::Random {
            count: REFIT_STARTS,
            seed,
        },
        extrapolation: size.clone().map(|size| (size, SMALL_SHARE)),
        folds,
    };
    let progress = Progress::new(laws.fitted.len() as u64 + 1);
    let mut compared = Vec::new();
    for file in &laws.fitted {
        let candidate = Candidate {
            name: file.id.clone(),
            form: file.family.to_fit(),
            objective: args.objective,
        };
        compared.extend(fit::compare(&[candidate], &observations, &how));
        progress.advance(1);
    }
    let best = best(&compared).with_context(|| path.clone())?;
    let detail = detail::of(args, &laws.fitted[best], &compared[best], &table, &observations)?;
    progress.finish();
    let mut warnings = warnings(&table, &laws.fitted[best], &compared[best], &detail);
    let file = law_file(&detail.law);
    warnings.extend(
        file.as_ref()
            .err()
            .map(|why| format!("no file of this law: {why}")),
    );
    Ok(Fitted {
        path,
        compared,
        unsuited: laws.unsuited,
        best,
        size,
        folds: how.folds.len(),
        detail,
        file,
        warnings,
        table,
    })
}

/// A law's file, if it can be read: numbers that runs leave undetermined may be beyond what a file may hold.
fn law_file(law: &LawFile) -> std::result::Result<String, String> {
    let text = law.to_toml().map_err(|error| error.to_string())?;
    match LawFile::from_toml(&law.id, &text) {
        Ok(_) => Ok(text),
        Err(error) => Err(error.to_string()),
    }
}

/// The law to trust, or why there is none.
fn best(compared: &[Compared]) -> Result<usize> {
    fit::most_trusted(compared).ok_or_else(|| match compared.first() {
        Some(Compared {
            fit: Err(error),
            name,
            ..
        }) => anyhow::Error::from(error.clone()).context(format!("law {name}")),
        _ => anyhow::anyhow!("no law was fitted"),
    })
}

fn form(file: &LawFile) -> Option<&Form> {
    match &file.family {
        Family::AdditivePower(form) => Some(form),
        Family::Routed => None,
    }
}

fn warnings(table: &RunTable, file: &LawFile, compared: &Compared, detail: &Detail) -> Vec<String> {
    let variables = file.family.variables();
    let concerns = |warning: &RunWarning| match warning {
        RunWarning::Constant { column, .. } => variables.contains(&column.as_str()),
        _ => true,
    };
    let mut warnings: Vec<String> = table
        .warnings(form(file))
        .into_iter()
        .filter(concerns)
        .map(|warning| warning.to_string())
        .collect();
    warnings.extend(detail.remarks.iter().cloned());
    let Ok(fit) = &compared.fit else {
        return warnings;
    };
    let convergence = fit.convergence();
    if compared.n_parameters == 0 {
        return warnings;
    }
    if !convergence.best_converged {
        warnings.push("the best descent did not converge: give more --starts".to_owned());
    } else if convergence.starts > 4 && convergence.at_optimum < 2 {
        warnings.push(
            "only one start found this optimum: there may be a better one, give more --starts".to_owned(),
        );
    }
    warnings
}

/// The power law's fit, which has parameters with intervals.
pub fn power(fit: &LawFit) -> Option<&fit::Fit> {
    match fit {
        LawFit::Power(fit) => Some(fit),
        LawFit::Routed { .. } => None,
    }
}
