//! What `rooflaw fit` says on the terminal.

use super::{Args, Fitted, power};
use crate::commands::laws;
use crate::output::{self, MeasuredTable};
use anyhow::Result;
use rooflaw::law::fit::{Compared, Form, Interval, IntervalMethod, Parameter, Reason, Verdict};
use rooflaw::law::{COVERAGE, Family};

/// Outliers shown on the terminal.
const OUTLIERS: usize = 8;

/// Prints the result.
pub fn print(args: &Args, fitted: &Fitted) -> Result<()> {
    output::heading(&title(fitted))?;
    output::line(&objective_text(args))?;
    output::line("")?;
    if fitted.compared.len() > 1 {
        output::table(&comparison_table(fitted))?;
        output::line(&comparison_text(fitted))?;
        if !fitted.unsuited.is_empty() {
            output::line(&unsuited_text(fitted))?;
        }
        output::line("")?;
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
    let path = &fitted.path;
    match &args.out {
        Some(out) => {
            let (out, law) = (out.display(), &fitted.detail.law.id);
            output::line(&format!("Written to {out}: open {out}/report.html."))?;
            output::line(&format!(
                "Design with it: `rooflaw design --law {out}/{law}.toml`. The run that would tell most: `rooflaw plan-runs --runs 1 \
                 --law {out}/{law}.toml --existing {path}`."
            ))
        }
        None if path.contains(' ') => {
            output::line("Add `--out DIR` for the law's file, figures and report.html.")
        }
        None => output::line(&format!(
            "Add `--out DIR` for the law's file, figures and report.html: `rooflaw fit {path} --law {} --out DIR`.",
            fitted.detail.law.id
        )),
    }
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
pub fn objective_text(args: &Args) -> String {
    use rooflaw::law::fit::Objective;
    let what = match args.objective {
        Objective::LeastSquares => "Least squares on the loss".to_owned(),
        Objective::LogLeastSquares => "Least squares on ln loss".to_owned(),
        Objective::LogHuber { delta } => format!("Huber's loss on ln loss, δ = {delta}"),
    };
    format!("{what}; {} random starts, seed {}.", args.starts, args.seed)
}

/// A number with four significant digits.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.3e}")
    }
}

fn interval_text(interval: &Interval) -> String {
    match (interval.low, interval.high) {
        (Some(low), Some(high)) => format!("{} to {}", number(low), number(high)),
        (None, Some(high)) => format!("below {}", number(high)),
        (Some(low), None) => format!("above {}", number(low)),
        (None, None) => "no limit".to_owned(),
    }
}

/// The laws side by side, the best first.
pub fn comparison_table(fitted: &Fitted) -> MeasuredTable {
    let headers = ["law", "numbers", "R²", "MAE", "left out", "± s.e.", "larger"];
    let mut table = MeasuredTable::new(&headers, &[0]);
    for row in ordered(fitted) {
        let dash = || "–".to_owned();
        let mae = |mae: f64| format!("{mae:.4}");
        let (r_squared, in_sample) = match &row.fit {
            Ok(fit) => (format!("{:.4}", fit.quality().r_squared), mae(fit.quality().mae)),
            Err(_) => ("failed".to_owned(), dash()),
        };
        let validated = row.cross_validation.as_ref().ok();
        let larger = row.extrapolation.as_ref().and_then(|found| found.as_ref().ok());
        table.push(vec![
            row.name.clone(),
            row.n_parameters.to_string(),
            r_squared,
            in_sample,
            validated.map_or_else(dash, |found| mae(found.quality.mae)),
            validated.map_or_else(dash, |found| mae(found.mae_error)),
            larger.map_or_else(dash, |found| mae(found.quality.mae)),
        ]);
    }
    table
}

/// The laws by the error on runs left out; those without one last.
pub fn ordered(fitted: &Fitted) -> Vec<&Compared> {
    let error = |row: &Compared| {
        row.cross_validation
            .as_ref()
            .map_or(f64::INFINITY, |found| found.quality.mae)
    };
    let mut rows: Vec<&Compared> = fitted.compared.iter().collect();
    rows.sort_by(|a, b| error(a).total_cmp(&error(b)));
    rows
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
    let Ok(found) = &best.cross_validation else {
        return text;
    };
    let simpler: Vec<&str> = ordered(fitted)
        .into_iter()
        .filter(|row| row.n_parameters < best.n_parameters)
        .filter(|row| {
            let error = row.cross_validation.as_ref().map(|other| other.quality.mae);
            error.is_ok_and(|mae| mae <= found.quality.mae + found.mae_error)
        })
        .map(|row| row.name.as_str())
        .collect();
    if !simpler.is_empty() {
        text.push_str(&format!(
            " {} is best, but within its standard error of fewer numbers: {}.",
            best.name,
            simpler.join(", ")
        ));
    }
    text
}

/// The laws that the table is not suited to.
pub fn unsuited_text(fitted: &Fitted) -> String {
    let laws = fitted.unsuited.iter().map(|(id, why)| format!("{id} ({why})"));
    format!("Not fitted: {}.", laws.collect::<Vec<_>>().join(", "))
}

/// What a number is called in tables.
pub fn short_name(form: &Form, parameter: Parameter) -> String {
    match parameter {
        Parameter::Coefficient(index) => {
            format!(
                "c({})",
                form.terms.get(index).map_or("", |term| term.name.as_str())
            )
        }
        _ => form.parameter_name(parameter),
    }
}

/// The numbers of the law with their intervals; none for the routed law without them.
pub fn numbers_table(fitted: &Fitted) -> Option<MeasuredTable> {
    let detail = &fitted.detail;
    let Family::AdditivePower(form) = &detail.law.family else {
        return None;
    };
    let fit = power(&detail.fit)?;
    let percent = format!(
        "{:.0} % interval",
        100.0 * detail.intervals.as_ref().map_or(0.95, |found| found.confidence)
    );
    let profiled = detail.profiles.is_some();
    let mut headers = vec!["number", "estimate", percent.as_str()];
    if profiled {
        headers.push("by bootstrap");
    }
    headers.push("");
    let last = headers.len() - 1;
    let mut table = MeasuredTable::new(&headers, &[0, last]);
    let free = form.free_parameters();
    let values = fit.values();
    for parameter in all_parameters(form) {
        let index = free.iter().position(|found| *found == parameter);
        let text = |found: &Option<rooflaw::law::fit::ParameterIntervals>| {
            let intervals = found.as_ref().zip(index);
            let interval = intervals.and_then(|(found, index)| found.parameters.get(index));
            interval.map_or_else(|| "–".to_owned(), interval_text)
        };
        let mut row = vec![
            short_name(form, parameter),
            number(value_of(&values, parameter)),
            text(&detail.intervals),
        ];
        if profiled {
            row.push(text(&detail.bootstrap));
        }
        let verdict = detail
            .identifiability
            .as_ref()
            .and_then(|found| found.verdict(parameter));
        row.push(match (index, verdict) {
            (None, _) => "held".to_owned(),
            (_, Some(Verdict::NotIdentifiable { .. })) => "undetermined".to_owned(),
            _ => String::new(),
        });
        table.push(row);
    }
    Some(table)
}

/// Every number of a form, free or held.
pub fn all_parameters(form: &Form) -> Vec<Parameter> {
    let mut all = vec![Parameter::IrreducibleLoss];
    all.extend((0..form.terms.len()).map(Parameter::Coefficient));
    all.extend((0..form.exponents.len()).map(Parameter::Exponent));
    all
}

/// The value of a number.
pub fn value_of(values: &rooflaw::law::fit::Values, parameter: Parameter) -> f64 {
    match parameter {
        Parameter::IrreducibleLoss => values.irreducible_loss,
        Parameter::Coefficient(index) => values.coefficients.get(index).copied().unwrap_or(f64::NAN),
        Parameter::Exponent(index) => values.exponents.get(index).copied().unwrap_or(f64::NAN),
    }
}

/// How the intervals were found, and which numbers are not determined and why.
pub fn intervals_text(fitted: &Fitted) -> String {
    let detail = &fitted.detail;
    let Some(intervals) = &detail.intervals else {
        return "No intervals: see the warnings.".to_owned();
    };
    let how = match intervals.method {
        IntervalMethod::Profile => "Intervals by profile likelihood, runs as the unit".to_owned(),
        IntervalMethod::Bootstrap { refits } => format!("Intervals by {refits} refits to resampled runs"),
    };
    let Some(found) = &detail.identifiability else {
        return format!("{how}.");
    };
    let mut text = format!("{how}.");
    for report in &found.parameters {
        let Verdict::NotIdentifiable { reason } = report.verdict else {
            continue;
        };
        let why = match (report.parameter, reason) {
            // A coefficient is judged by its term's share of the loss: on its own it is the share where all variables are 1.
            (Parameter::Coefficient(_), Reason::Span(factor)) => {
                format!("its term's share of the runs' losses is known to a factor of {factor:.0} only")
            }
            _ => reason.to_string(),
        };
        text.push_str(&format!(" {} is undetermined: {why}.", capitalised(&report.name)));
    }
    let confused = found.sentences().into_iter().zip(&found.confused);
    for (sentence, _) in confused.filter(|(_, parameters)| parameters.len() > 1) {
        text.push_str(&format!(" {}.", capitalised(sentence.trim_end_matches('.'))));
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// How well the law fits: on the fitted rows, on runs left out, on larger runs.
pub fn quality_table(fitted: &Fitted) -> MeasuredTable {
    let row = &fitted.compared[fitted.best];
    let mut table = MeasuredTable::new(&["on", "rows", "R²", "MAE", "MRE", "RMSE"], &[0]);
    let mut push = |name: String, quality: &rooflaw::law::fit::Quality| {
        table.push(vec![
            name,
            quality.rows.to_string(),
            format!("{:.5}", quality.r_squared),
            format!("{:.5}", quality.mae),
            format!("{:.3} %", 100.0 * quality.mre),
            format!("{:.5}", quality.rmse),
        ]);
    };
    push("the fitted rows".to_owned(), fitted.detail.fit.quality());
    if let Ok(found) = &row.cross_validation {
        push("runs left out".to_owned(), &found.quality);
    }
    if let Some(Ok(found)) = &row.extrapolation {
        push("larger runs".to_owned(), &found.quality);
    }
    table
}

/// What the rows of [`quality_table`] are.
pub fn quality_text(fitted: &Fitted) -> String {
    let mut text = format!(
        "Left out: predicted by fits without them, in {} parts.",
        fitted.folds
    );
    if let Some(Ok(found)) = &fitted.compared[fitted.best].extrapolation {
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
        rooflaw::law::fit::LawFit::Power(fit) => fit.value,
        rooflaw::law::fit::LawFit::Routed { fit, .. } => fit.value,
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
    let mut widths: Vec<f64> = detail
        .prediction_intervals
        .iter()
        .flatten()
        .map(|(low, high)| 0.5 * (high - low))
        .collect();
    widths.sort_by(f64::total_cmp);
    if let Some(median) = widths.get(widths.len() / 2) {
        lines.push(format!(
            "A run scatters about the law by {:.2} % (standard deviation of ln loss); a new run like these lies within ± {:.4} of \
             the prediction in {:.0} % of cases (median over the rows).",
            100.0 * detail.scatter,
            median,
            100.0 * COVERAGE,
        ));
    }
    for outlier in detail.outliers.iter().take(OUTLIERS) {
        lines.push(format!(
            "Far from the law: {} has {:.4}, predicted {:.4} ({:+.1} standard deviations).",
            outlier.label, outlier.loss, outlier.predicted, outlier.deviations
        ));
    }
    if detail.outliers.len() > OUTLIERS {
        lines.push(format!("… and {} more rows.", detail.outliers.len() - OUTLIERS));
    }
    lines
}
