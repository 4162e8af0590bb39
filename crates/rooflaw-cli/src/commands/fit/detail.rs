//! One law in detail: intervals, identifiability, predictions and outliers.

use super::{Args, power};
use anyhow::Result;
use rooflaw::law::fit::{
    Compared, Extension, Identifiability, LawFit, Objective, Observations, ParameterIntervals, Profiles,
    Verdict, best_extension, bootstrap_intervals, identify, prediction_interval, profile,
};
use rooflaw::law::{About, COVERAGE, LawFile};
use rooflaw::runs::RunTable;
use serde::Serialize;

/// A law in detail.
pub struct Detail {
    /// The law with its numbers and its ensemble.
    pub law: LawFile,
    /// The fit.
    pub fit: LawFit,
    /// Intervals of its numbers: profiles for least squares, else the bootstrap.
    pub intervals: Option<ParameterIntervals>,
    /// Intervals by the bootstrap alone.
    pub bootstrap: Option<ParameterIntervals>,
    /// The profiles, for least squares.
    pub profiles: Option<Profiles>,
    /// Which numbers the runs determine.
    pub identifiability: Option<Identifiability>,
    /// The run beyond the runs that would tell most of what they determine least; `None` when they determine all.
    pub extension: Option<Extension>,
    /// What the law says of each row.
    pub predicted: Vec<f64>,
    /// Where a new run like each row would lie, with probability [`COVERAGE`].
    pub prediction_intervals: Vec<Option<(f64, f64)>>,
    /// What a fit without its part says of each row; empty without cross-validation.
    pub left_out: Vec<f64>,
    /// The scatter of runs about the law, σ of `ln L`.
    pub scatter: f64,
    /// Rows far from the law, the farthest first.
    pub outliers: Vec<Outlier>,
    /// What could not be said, and why.
    pub remarks: Vec<String>,
}

/// A row far from the law.
#[derive(Clone, Serialize)]
pub struct Outlier {
    /// Its index among the rows fitted.
    pub row: usize,
    /// Its group, or its variables.
    pub label: String,
    /// Its loss.
    pub loss: f64,
    /// What the law says.
    pub predicted: f64,
    /// `ln(loss/predicted)` over the scatter of the runs.
    pub deviations: f64,
}

/// Rows beyond so many standard deviations are outliers.
const FAR: f64 = 3.5;

/// The detail of a law that was fitted.
pub fn of(
    args: &Args,
    file: &LawFile,
    compared: &Compared,
    table: &RunTable,
    observations: &Observations,
) -> Result<Detail> {
    let mut fit = compared.fit.clone()?;
    let mut remarks = Vec::new();
    let mut remark = |what: &str, error: &dyn std::fmt::Display| remarks.push(format!("{what}: {error}"));
    let is_huber = matches!(args.objective, Objective::LogHuber { .. });
    let (runs, numbers) = (table.n_runs(), compared.n_parameters);
    if numbers == 0 {
        remark("nothing was fitted", &"all of the law's numbers are held");
    } else if runs <= numbers {
        remark(
            "no intervals",
            &format!("{runs} runs, for {numbers} numbers to determine, leave nothing to judge errors by"),
        );
    }
    let of_power = power(&fit).filter(|_| !is_huber && runs > numbers && numbers > 0);
    let profiles = of_power.and_then(|fit| {
        let profiles = profile(fit, observations, args.confidence);
        profiles
            .map_err(|error| remark("no profile intervals", &error))
            .ok()
    });
    if let Some(profiles) = &profiles {
        // A profile may come across a better optimum than the starts did.
        fit = LawFit::Power(profiles.optimum.clone());
    }
    let refits = fit.bootstrap(observations, args.refits as usize, args.seed);
    let good: Vec<LawFit> = refits.iter().flatten().cloned().collect();
    if good.len() < refits.len() {
        let failed = refits.len() - good.len();
        remark(
            "refits to resampled runs",
            &format!("{failed} of {} failed, for want of distinct runs", refits.len()),
        );
    }
    let bootstrap = power(&fit).filter(|_| numbers > 0).and_then(|base| {
        let powers: Vec<_> = refits
            .iter()
            .map(|refit| match refit {
                Ok(LawFit::Power(fit)) => Ok(fit.clone()),
                Ok(LawFit::Routed { .. }) => Err(rooflaw::law::fit::FitError::NoOptimum),
                Err(error) => Err(error.clone()),
            })
            .collect();
        bootstrap_intervals(base, &powers, observations, args.confidence).ok()
    });
    let intervals = profiles
        .as_ref()
        .map(Profiles::intervals)
        .or_else(|| bootstrap.clone());
    let identifiability = power(&fit).zip(intervals.as_ref()).and_then(|(fit, intervals)| {
        let judged = identify(fit, observations, intervals);
        judged
            .map_err(|error| remark("no verdict on the numbers", &error))
            .ok()
    });
    let undetermined = identifiability.as_ref().is_some_and(|found: &Identifiability| {
        let mut parameters = found.parameters.iter();
        parameters.any(|report| report.verdict != Verdict::Identifiable)
    });
    let extension = match power(&fit) {
        Some(fit) if undetermined => best_extension(fit, observations)?,
        _ => None,
    };
    let predicted = fit.predict(observations)?;
    let scatter = fit.scatter(observations)?;
    let by_member: Vec<Vec<f64>> = good
        .iter()
        .filter_map(|refit| refit.predict(observations).ok())
        .collect();
    let prediction_intervals = (0..table.n_rows())
        .map(|row| {
            let members: Vec<f64> = by_member.iter().map(|losses| losses[row]).collect();
            prediction_interval(&members, scatter, COVERAGE)
        })
        .collect();
    let law = file.fitted(
        about(file, &fit, compared, args, table),
        &fit,
        &good,
        scatter,
        table,
    );
    Ok(Detail {
        outliers: outliers(&predicted, scatter, table),
        left_out: compared
            .cross_validation
            .as_ref()
            .map_or_else(|_| Vec::new(), |validated| validated.predicted.clone()),
        law,
        fit,
        intervals,
        bootstrap,
        profiles,
        identifiability,
        extension,
        predicted,
        prediction_intervals,
        scatter,
        remarks,
    })
}

/// What the law's file says of itself.
fn about(file: &LawFile, fit: &LawFit, compared: &Compared, args: &Args, table: &RunTable) -> About {
    let quality = fit.quality();
    let validated = compared.cross_validation.as_ref().map_or_else(
        |_| String::new(),
        |found| format!("; on runs left out MAE {:.4}", found.quality.mae),
    );
    let name = args.runs.display();
    let same_runs = file
        .runs
        .as_ref()
        .is_some_and(|runs| runs.digest == table.digest());
    // A law that was fitted before says so in its source; what it was then does not matter now.
    let form = file
        .about
        .source
        .split(" Fitted by rooflaw ")
        .next()
        .unwrap_or_default();
    About {
        name: file.about.name.clone(),
        source: format!(
            "{} Fitted by rooflaw {} to {} rows of {name}.",
            sentence(form),
            env!("CARGO_PKG_VERSION"),
            table.n_rows()
        )
        .trim_start()
        .to_owned(),
        loss: loss_text(table),
        unit: table.unit.clone(),
        quality: Some(format!(
            "R² {:.4}, MAE {:.4} on the fitted rows{validated}",
            quality.r_squared, quality.mae
        )),
        // What is to be known of other runs' numbers is not to be known of these.
        note: file
            .about
            .note
            .clone()
            .filter(|_| file.numbers.is_none() || same_runs),
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with('.') {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// What the losses are.
fn loss_text(table: &RunTable) -> String {
    let unit = table.unit.as_deref().unwrap_or("unit not recorded");
    match &table.tokenizer {
        Some(tokenizer) => format!("loss of the runs, {unit}, tokenizer: {tokenizer}"),
        None => format!("loss of the runs, {unit}"),
    }
}

fn outliers(predicted: &[f64], scatter: f64, table: &RunTable) -> Vec<Outlier> {
    let far = |(row, (&predicted, &loss)): (usize, (&f64, &f64))| {
        let deviations = (loss / predicted).ln() / scatter;
        (deviations.abs() > FAR && deviations.is_finite()).then(|| Outlier {
            row,
            label: label(table, row),
            loss,
            predicted,
            deviations,
        })
    };
    let mut found: Vec<Outlier> = predicted
        .iter()
        .zip(&table.loss)
        .enumerate()
        .filter_map(far)
        .collect();
    found.sort_by(|a, b| b.deviations.abs().total_cmp(&a.deviations.abs()));
    found
}

/// What a row is called: its group and its tokens, or its variables.
pub fn label(table: &RunTable, row: usize) -> String {
    let brief = |value: f64| {
        if value >= 1e6 {
            format!("{value:.2e}")
        } else {
            format!("{value}")
        }
    };
    let column = |name: &str| table.variables.iter().find(|(found, _)| found == name);
    match &table.group {
        Some(groups) if table.n_runs() == table.n_rows() => groups[row].clone(),
        Some(groups) => match column("tokens") {
            Some((_, tokens)) => format!("{} at {} tokens", groups[row], brief(tokens[row])),
            None => groups[row].clone(),
        },
        None => {
            let variables = table.variables.iter().take(3);
            let cells: Vec<String> = variables
                .map(|(name, values)| format!("{name} {}", brief(values[row])))
                .collect();
            cells.join(", ")
        }
    }
}
