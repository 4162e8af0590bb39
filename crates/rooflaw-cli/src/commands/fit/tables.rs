//! The tables of `rooflaw fit`, for terminal and page.

use super::{Fitted, power};
use crate::output::MeasuredTable;
use rooflaw::law::Family;
use rooflaw::law::fit::{Compared, Form, Interval, Parameter, ParameterIntervals, Quality, Values, Verdict};

/// A number with four significant digits.
pub fn number(value: f64) -> String {
    significant(value, 4)
}

/// A number with so many significant digits.
pub fn significant(value: f64, digits: i32) -> String {
    let size = value.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let decimals = (digits - 1 - size.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.decimals$}")
    } else {
        let decimals = (digits - 1) as usize;
        format!("{value:.decimals$e}")
    }
}

/// An error with so many decimals, or with three digits where these show none of it, or too much; a dash for none.
pub fn error(value: f64, decimals: usize) -> String {
    let least = 10_f64.powi(1 - decimals as i32);
    if !value.is_finite() {
        "–".to_owned()
    } else if value == 0.0 || (least..1e4).contains(&value.abs()) {
        format!("{value:.decimals$}")
    } else {
        format!("{value:.2e}")
    }
}

/// A share of the variance; a dash where there is no variance.
fn share(value: f64, decimals: usize) -> String {
    if value.abs() < 100.0 {
        format!("{value:.decimals$}")
    } else {
        error(value, decimals)
    }
}

/// Characters of an interval, two of which a table has room for.
const INTERVAL_WIDTH: usize = 17;

fn interval_text(interval: &Interval) -> String {
    let text = |digits: i32| match (interval.low, interval.high) {
        (Some(low), Some(high)) => format!("{} to {}", significant(low, digits), significant(high, digits)),
        (None, Some(high)) => format!("below {}", significant(high, digits)),
        (Some(low), None) => format!("above {}", significant(low, digits)),
        (None, None) => "no limit".to_owned(),
    };
    let text_of_four = text(4);
    if text_of_four.chars().count() <= INTERVAL_WIDTH {
        text_of_four
    } else {
        text(3)
    }
}

/// The laws side by side, the best first.
pub fn comparison_table(fitted: &Fitted) -> MeasuredTable {
    let headers = ["law", "numbers", "R²", "MAE", "left out", "± s.e.", "larger"];
    let mut table = MeasuredTable::new(&headers, &[0]);
    for row in ordered(fitted) {
        let dash = || "–".to_owned();
        let mae = |mae: f64| error(mae, 4);
        let (r_squared, in_sample) = match &row.fit {
            Ok(fit) => (share(fit.quality().r_squared, 4), mae(fit.quality().mae)),
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
        let text = |found: &Option<ParameterIntervals>| {
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
pub fn value_of(values: &Values, parameter: Parameter) -> f64 {
    match parameter {
        Parameter::IrreducibleLoss => values.irreducible_loss,
        Parameter::Coefficient(index) => values.coefficients.get(index).copied().unwrap_or(f64::NAN),
        Parameter::Exponent(index) => values.exponents.get(index).copied().unwrap_or(f64::NAN),
    }
}

/// How well the law fits: on the fitted rows, on runs left out, on larger runs.
pub fn quality_table(fitted: &Fitted) -> MeasuredTable {
    let row = &fitted.compared[fitted.best];
    let mut table = MeasuredTable::new(&["on", "rows", "R²", "MAE", "MRE", "RMSE"], &[0]);
    let mut push = |name: String, quality: &Quality| {
        table.push(vec![
            name,
            quality.rows.to_string(),
            share(quality.r_squared, 5),
            error(quality.mae, 5),
            format!("{} %", error(100.0 * quality.mre, 3)),
            error(quality.rmse, 5),
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
