//! What `rooflaw fit` says on the terminal.

use super::tables::{
    comparison_table, error, number, numbers_table, ordered, quality_table, short_name, significant,
};
use super::{Args, Fitted, laws::by_reason, power};
use crate::commands::laws;
use crate::input::shell_word;
use crate::output;
use anyhow::Result;
use rooflaw::law::COVERAGE;
use rooflaw::law::fit::{
    Compared, Identifiability, IntervalMethod, LawFit, Objective, Parameter, ParameterReport, Reason, Verdict,
};
use std::path::Path;

/// Outliers shown on the terminal.
const OUTLIERS: usize = 8;

/// Prints the result.
pub fn print(args: &Args, fitted: &Fitted) -> Result<()> {
    output::heading(&title(fitted))?;
    output::line(&objective_text(args, fitted))?;
    output::line("")?;
    if fitted.compared.len() > 1 {
        output::table(&comparison_table(fitted))?;
        output::line(&comparison_text(fitted))?;
    }
    if let Some(text) = not_fitted(fitted) {
        output::line(&text)?;
        output::line("")?;
    } else if fitted.compared.len() > 1 {
        output::line("")?;
    }
    if fitted.compared.len() > 1 {
        output::heading(&format!("In detail: {}", fitted.detail.law.id))?;
    }
    for line in laws::formula(&fitted.detail.law) {
        output::line(&line)?;
    }
    output::line("")?;
    if let Some(table) = numbers_table(fitted) {
        output::table(&table)?;
        output::line(&intervals_text(fitted))?;
        output::line("")?;
    }
    output::table(&quality_table(fitted))?;
    output::line(&quality_text(fitted))?;
    output::line("")?;
    for line in sentences(fitted) {
        output::line(&line)?;
    }
    for warning in &fitted.warnings {
        output::warning(warning)?;
    }
    match &args.out {
        Some(out) => {
            output::line(&format!("Written to {0}: open {0}/report.html.", out.display()))?;
            output::line(&what_next(args, fitted, out))
        }
        None => output::line("Add `--out DIR` for the law's file, figures and report.html."),
    }
}

/// What the law's file is good for.
fn what_next(args: &Args, fitted: &Fitted, out: &Path) -> String {
    let law = &fitted.detail.law;
    let file = shell_word(&out.join(format!("{}.toml", law.id)).to_string_lossy());
    if fitted.file.is_err() {
        return "Architectures cannot be designed with it: see the warnings.".to_owned();
    }
    if let Err(refused) = law.clone().into_law() {
        return format!("Architectures cannot be designed with it: {refused}.");
    }
    let mut text = format!("Design with it: `rooflaw design --law {file}`.");
    if power(&fitted.detail.fit).is_some() {
        text.push_str(&format!(
            " The run that would tell most: `rooflaw plan-runs --runs 1 --law {file} --existing {}{}`.",
            shell_word(&fitted.path),
            args.select.words()
        ));
    }
    text
}

/// What was fitted, in a line.
pub fn title(fitted: &Fitted) -> String {
    let (rows, groups) = (fitted.table.n_rows(), fitted.table.n_runs());
    let of_runs = if groups == rows {
        format!("{} runs", output::thousands(rows as u64))
    } else {
        format!(
            "{} rows of {} runs",
            output::thousands(rows as u64),
            output::thousands(groups as u64)
        )
    };
    match &fitted.compared[..] {
        [only] => format!("Law {} fitted to {of_runs}", only.name),
        laws => format!("{} laws fitted to {of_runs}", laws.len()),
    }
}

/// What was minimised.
pub fn objective_text(args: &Args, fitted: &Fitted) -> String {
    let what = match args.objective {
        Objective::LeastSquares => "Least squares on the loss",
        Objective::LogLeastSquares => "Least squares on ln loss",
        Objective::LogHuber { .. } => "Huber's loss on ln loss",
    };
    let how = match args.objective {
        Objective::LogHuber { delta } => format!("{what}, δ = {delta}"),
        _ => what.to_owned(),
    };
    let starts = format!("{} random starts, seed {}", args.starts, args.seed);
    let others: Vec<&str> = fitted
        .compared
        .iter()
        .filter(|row| {
            row.fit
                .as_ref()
                .is_ok_and(|fit| fit.objective() != args.objective)
        })
        .map(|row| row.name.as_str())
        .collect();
    match (&others[..], &fitted.compared[..]) {
        ([], _) => format!("{how}; {starts}."),
        (_, [_]) => format!("Least squares on ln loss, as always for this law; {starts}."),
        (others, _) => {
            let others = others.join(", ");
            format!("{how}, but for {others} always least squares on ln loss; {starts}.")
        }
    }
}

/// How to read the comparison, and which laws the best is not clearly better than.
pub fn comparison_text(fitted: &Fitted) -> String {
    let larger = fitted.size.as_ref().map_or_else(String::new, |size| {
        format!("; larger: of the 40 % of the runs that are largest in {size}, by a fit to the others")
    });
    let mut text = format!(
        "MAE in the unit of the loss, on the rows fitted. Left out: of runs left out of the fit, in {} parts{larger}.",
        fitted.folds
    );
    let best = &fitted.compared[fitted.best];
    if let Some(least) = ordered(fitted).first().filter(|row| row.name != best.name) {
        text.push_str(&format!(
            " {} errs least; {} is within a standard error of it with fewer numbers, and is taken.",
            least.name, best.name
        ));
    }
    let larger = |row: &Compared| Some(row.extrapolation.as_ref()?.as_ref().ok()?.quality.mae);
    let rows = fitted.compared.iter();
    let least = rows
        .filter_map(|row| Some((row, larger(row)?)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b));
    if let (Some((row, least)), Some(of_best)) = (least, larger(best))
        && least < of_best
    {
        text.push_str(&format!(
            " Of larger runs {} knows most: {} against {}.",
            row.name,
            error(least, 4),
            error(of_best, 4)
        ));
    }
    text
}

/// The laws that were not fitted, and why; none if all were.
pub fn not_fitted(fitted: &Fitted) -> Option<String> {
    let failed = |row: &Compared| Some((row.name.clone(), row.fit.as_ref().err()?.to_string()));
    let failed = fitted.compared.iter().filter_map(failed);
    let all: Vec<(String, String)> = failed.chain(fitted.unsuited.iter().cloned()).collect();
    (!all.is_empty()).then(|| format!("Not fitted: {}.", by_reason(&all).join("; ")))
}

/// How the intervals were found, and which numbers are not determined and why.
pub fn intervals_text(fitted: &Fitted) -> String {
    let detail = &fitted.detail;
    let Some(intervals) = &detail.intervals else {
        return "No intervals: see the warnings.".to_owned();
    };
    let how = match intervals.method {
        IntervalMethod::Profile => "Intervals by profile likelihood, runs as the unit.".to_owned(),
        IntervalMethod::Bootstrap { refits } => format!("Intervals by {refits} refits to resampled runs."),
    };
    let Some((found, fit)) = detail.identifiability.as_ref().zip(power(&detail.fit)) else {
        return how;
    };
    let name = |&parameter: &Parameter| short_name(&fit.form, parameter);
    let mut text = how;
    let undetermined = undetermined(found, name);
    if !undetermined.is_empty() {
        text.push_str(&format!(
            " Undetermined: {}.",
            by_reason(&undetermined).join("; ")
        ));
    }
    let several = found.confused.iter().filter(|together| together.len() > 1);
    let groups: Vec<String> = several
        .map(|together| together.iter().map(name).collect::<Vec<_>>().join(", "))
        .collect();
    if !groups.is_empty() {
        text.push_str(&format!(" Cannot be told apart: {}.", groups.join("; ")));
    }
    text
}

/// The numbers that are not determined, and why.
fn undetermined(found: &Identifiability, name: impl Fn(&Parameter) -> String) -> Vec<(String, String)> {
    let why = |parameter: Parameter, reason: Reason| match (parameter, reason) {
        // A coefficient is judged by its term's share of the loss: on its own it is the share where all variables are 1.
        (Parameter::Coefficient(_), Reason::Span(factor)) => {
            format!(
                "the term's share of the losses is known to a factor of {} only",
                significant(factor, 2)
            )
        }
        (_, Reason::Span(factor)) => format!("the interval spans a factor of {}", significant(factor, 2)),
        _ => reason.to_string(),
    };
    let of_report = |report: &ParameterReport| match report.verdict {
        Verdict::NotIdentifiable { reason } => Some((name(&report.parameter), why(report.parameter, reason))),
        Verdict::Identifiable => None,
    };
    found.parameters.iter().filter_map(of_report).collect()
}

/// What the rows of [`quality_table`] are.
pub fn quality_text(fitted: &Fitted) -> String {
    let row = &fitted.compared[fitted.best];
    let mut text = match &row.cross_validation {
        Ok(_) => format!(
            "Left out: predicted by fits without them, in {} parts.",
            fitted.folds
        ),
        Err(error) => format!("Nothing was left out and predicted: {error}."),
    };
    if let Some(Err(error)) = &row.extrapolation {
        text.push_str(&format!(" Larger runs were not predicted: {error}."));
    }
    if let Some(Ok(found)) = &row.extrapolation {
        text.push_str(&format!(
            " Larger: above {} = {:.2e}, predicted by a fit to the {} runs up to there.",
            found.size, found.fitted_up_to, found.fitted_groups
        ));
    }
    text
}

/// Objective, convergence, scatter and outliers, in sentences.
pub fn sentences(fitted: &Fitted) -> Vec<String> {
    let detail = &fitted.detail;
    let convergence = detail.fit.convergence();
    let row = &fitted.compared[fitted.best];
    let value = match &detail.fit {
        LawFit::Power(fit) => fit.value,
        LawFit::Routed { fit, .. } => fit.value,
    };
    let mut lines = vec![format!(
        "Objective {value:.6e} (a sum over rows); {} of {} descents converged, {} at the optimum.",
        row.fit
            .as_ref()
            .map_or(convergence.converged, |fit| fit.convergence().converged),
        row.fit
            .as_ref()
            .map_or(convergence.starts, |fit| fit.convergence().starts),
        row.fit
            .as_ref()
            .map_or(convergence.at_optimum, |fit| fit.convergence().at_optimum),
    )];
    if let Some(found) = &detail.extension {
        let others = found.at.iter().filter(|(name, _)| *name != found.variable);
        let others: Vec<String> = others
            .map(|(name, value)| format!("{name} {}", number(*value)))
            .collect();
        let beside = if others.is_empty() {
            String::new()
        } else {
            format!(" (with {})", others.join(", "))
        };
        lines.push(format!(
            "What these runs determine least would gain most from one with {} {}{beside}, twice as far as they reach: its \
             variance would fall by {:.0} %.",
            found.variable,
            number(found.value),
            100.0 * found.gain
        ));
    }
    let mut widths: Vec<f64> = detail
        .prediction_intervals
        .iter()
        .flatten()
        .map(|(low, high)| 0.5 * (high - low))
        .collect();
    widths.sort_by(f64::total_cmp);
    if let Some(median) = widths.get(widths.len() / 2) {
        lines.push(format!(
            "A run scatters about the law by {:.2} % (standard deviation of ln loss); a new run like these lies within ± {} of \
             the prediction in {:.0} % of cases (median over the rows).",
            100.0 * detail.scatter,
            error(*median, 4),
            100.0 * COVERAGE,
        ));
    }
    for outlier in detail.outliers.iter().take(OUTLIERS) {
        lines.push(format!(
            "Far from the law: {} has {}, predicted {} ({:+.1} standard deviations).",
            outlier.label,
            error(outlier.loss, 4),
            error(outlier.predicted, 4),
            outlier.deviations
        ));
    }
    if detail.outliers.len() > OUTLIERS {
        lines.push(format!("… and {} more rows.", detail.outliers.len() - OUTLIERS));
    }
    lines
}
