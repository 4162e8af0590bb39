//! A fit as figures.

use crate::commands::fit::{Fitted, power, print, tables};
use rooflaw::law::fit::{self, Parameter, Verdict};
use rooflaw::law::{COVERAGE, Family};
use rooflaw_report::figure::Scale;
use rooflaw_report::figure::agreement::{AgreementFigure, AgreementPoint, AgreementSeries};
use rooflaw_report::figure::comparison::{ComparisonFigure, ComparisonRow};
use rooflaw_report::figure::intervals::{Interval, IntervalRow, IntervalsFigure};
use rooflaw_report::figure::profiles::{ProfilePanel, ProfilesFigure};
use rooflaw_report::figure::residuals::{ResidualPanel, ResidualSeries, ResidualsFigure};

fn unit(fitted: &Fitted) -> &str {
    fitted.table.unit.as_deref().unwrap_or("unit of the runs")
}

fn subtitle(fitted: &Fitted) -> String {
    let quality = fitted.detail.fit.quality();
    format!(
        "law {}: R² {:.4}, MAE {} over {} rows",
        fitted.detail.law.id,
        quality.r_squared,
        tables::error(quality.mae, 4),
        quality.rows
    )
}

/// Predicted against actual loss.
pub fn agreement(fitted: &Fitted) -> AgreementFigure {
    let detail = &fitted.detail;
    let point = |row: usize, predicted: f64, with_interval: bool| AgreementPoint {
        actual: fitted.table.loss[row],
        predicted,
        interval: detail.prediction_intervals[row].filter(|_| with_interval),
        label: String::new(),
    };
    let mut rows: Vec<AgreementPoint> = detail
        .predicted
        .iter()
        .enumerate()
        .map(|(row, &predicted)| point(row, predicted, true))
        .collect();
    for outlier in &detail.outliers {
        rows[outlier.row].label.clone_from(&outlier.label);
    }
    let mut series = vec![AgreementSeries {
        label: "fitted".to_owned(),
        points: rows,
    }];
    if !detail.left_out.is_empty() {
        let points = detail.left_out.iter().enumerate();
        series.push(AgreementSeries {
            label: "left out".to_owned(),
            points: points
                .map(|(row, &predicted)| point(row, predicted, false))
                .collect(),
        });
    }
    AgreementFigure {
        title: "Predicted against actual loss".to_owned(),
        subtitle: subtitle(fitted),
        x_label: format!("actual loss ({})", unit(fitted)),
        y_label: format!("predicted loss ({})", unit(fitted)),
        interval_label: format!("{:.0} % interval of a new run", 100.0 * COVERAGE),
        scale: Scale::Linear,
        series,
    }
}

/// What is left over against each variable of the law, and the others of the table.
pub fn residuals(fitted: &Fitted) -> ResidualsFigure {
    let detail = &fitted.detail;
    let percent = |row: usize| 100.0 * (detail.predicted[row] / fitted.table.loss[row] - 1.0);
    let panel = |(name, values): &(String, Vec<f64>)| {
        let varies = values.iter().any(|value| *value != values[0]);
        varies.then(|| ResidualPanel {
            label: name.clone(),
            scale: scale_of(values),
            series: vec![ResidualSeries {
                label: String::new(),
                points: values
                    .iter()
                    .enumerate()
                    .map(|(row, &value)| (value, percent(row)))
                    .collect(),
            }],
        })
    };
    ResidualsFigure {
        title: "Residuals against each variable".to_owned(),
        subtitle: subtitle(fitted),
        y_label: "predicted − actual (%)".to_owned(),
        band: Some(100.0 * detail.scatter),
        band_label: "± one standard deviation".to_owned(),
        panels: fitted.table.variables.iter().filter_map(panel).take(9).collect(),
    }
}

/// Logarithmic where values span more than a factor of ten.
fn scale_of(values: &[f64]) -> Scale {
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), &value| {
            (least.min(value), most.max(value))
        });
    if most > 10.0 * least {
        Scale::Log10
    } else {
        Scale::Linear
    }
}

fn drawn(interval: Option<&fit::Interval>) -> Option<Interval> {
    interval.map(|interval| Interval {
        low: interval.low,
        high: interval.high,
    })
}

/// The numbers of the law with their intervals.
pub fn intervals(fitted: &Fitted) -> IntervalsFigure {
    let detail = &fitted.detail;
    let mut rows = Vec::new();
    if let (Family::AdditivePower(form), Some(fit)) = (&detail.law.family, power(&detail.fit)) {
        let free = form.free_parameters();
        for parameter in tables::all_parameters(form) {
            let index = free.iter().position(|found| *found == parameter);
            let find = |found: &Option<fit::ParameterIntervals>| {
                let (found, index) = found.as_ref().zip(index)?;
                drawn(found.parameters.get(index))
            };
            let verdict = detail
                .identifiability
                .as_ref()
                .and_then(|found| found.verdict(parameter));
            rows.push(IntervalRow {
                name: tables::short_name(form, parameter),
                estimate: tables::value_of(&fit.values(), parameter),
                interval: find(&detail.intervals),
                second: find(&detail.bootstrap).filter(|_| detail.profiles.is_some()),
                published: None,
                scale: if matches!(parameter, Parameter::Coefficient(_)) {
                    Scale::Log10
                } else {
                    Scale::Linear
                },
                text: String::new(),
                flag: match (index, verdict) {
                    (None, _) => "held".to_owned(),
                    (_, Some(Verdict::NotIdentifiable { .. })) => "undetermined".to_owned(),
                    _ => String::new(),
                },
            });
        }
    }
    let confidence = detail.intervals.as_ref().map_or(0.95, |found| found.confidence);
    IntervalsFigure {
        title: format!("Numbers of the law {}", detail.law.id),
        subtitle: format!("{:.0} % intervals", 100.0 * confidence),
        interval_label: if detail.profiles.is_some() {
            "profile likelihood"
        } else {
            "bootstrap of the runs"
        }
        .to_owned(),
        second_label: "bootstrap of the runs".to_owned(),
        published_label: String::new(),
        rows,
    }
}

/// The laws' errors.
pub fn comparison(fitted: &Fitted) -> ComparisonFigure {
    let rows: Vec<ComparisonRow> = tables::ordered(fitted)
        .into_iter()
        .map(|row| {
            let validated = row.cross_validation.as_ref().ok();
            let larger = row.extrapolation.as_ref().and_then(|found| found.as_ref().ok());
            ComparisonRow {
                name: row.name.clone(),
                note: match &row.fit {
                    Ok(_) => format!("{} numbers", row.n_parameters),
                    Err(error) => error.to_string(),
                },
                cross_validated: validated.map(|found| found.quality.mae),
                standard_error: validated
                    .map(|found| found.mae_error)
                    .filter(|error| error.is_finite()),
                in_sample: row.fit.as_ref().ok().map(|fit| fit.quality().mae),
                extrapolation: larger.map(|found| found.quality.mae),
            }
        })
        .collect();
    ComparisonFigure {
        title: "Which law to trust".to_owned(),
        subtitle: print::title(fitted),
        x_label: format!("mean absolute error ({})", unit(fitted)),
        scale: Scale::Log10,
        cross_validated_label: "runs left out ± standard error".to_owned(),
        in_sample_label: "fitted runs".to_owned(),
        extrapolation_label: "larger runs".to_owned(),
        best: rows
            .iter()
            .position(|row| row.name == fitted.compared[fitted.best].name),
        rows,
    }
}

/// The profiles of the numbers; none where there are no profiles.
pub fn profiles(fitted: &Fitted) -> Option<ProfilesFigure> {
    let detail = &fitted.detail;
    let (profiles, fit) = (detail.profiles.as_ref()?, power(&detail.fit)?);
    let free = fit.form.free_parameters();
    let panels = free
        .iter()
        .zip(&profiles.parameters)
        .map(|(&parameter, profile)| ProfilePanel {
            label: tables::short_name(&fit.form, parameter),
            scale: if matches!(parameter, Parameter::Coefficient(_)) {
                Scale::Log10
            } else {
                Scale::Linear
            },
            points: profile
                .points
                .iter()
                .map(|point| (point.value, point.statistic.abs()))
                .collect(),
            optimum: Some(profile.estimate),
            note: match detail
                .identifiability
                .as_ref()
                .and_then(|found| found.verdict(parameter))
            {
                Some(Verdict::NotIdentifiable { .. }) => "undetermined".to_owned(),
                _ => String::new(),
            },
        });
    // The statistic at an end of an interval is the quantile.
    let end = profiles.parameters.iter().find_map(|profile| {
        let low = profile.interval.low?;
        let point = profile.points.iter().find(|point| point.value == low)?;
        Some(point.statistic.abs())
    });
    Some(ProfilesFigure {
        title: format!("Profiles of the law {}", detail.law.id),
        subtitle: "the objective's minimum over all other numbers".to_owned(),
        y_label: "|signed root of the profile|".to_owned(),
        threshold: end,
        threshold_label: format!("{:.0} % of Student's t", 100.0 * profiles.confidence),
        panels: panels.collect(),
    })
}
