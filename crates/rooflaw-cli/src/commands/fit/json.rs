//! The result as JSON.

use super::Fitted;
use rooflaw::law::COVERAGE;
use rooflaw::law::fit::{Compared, ExtrapolationTest, FitError};
use serde_json::{Value, json};

/// Everything that was found.
pub fn of(fitted: &Fitted) -> Value {
    let detail = &fitted.detail;
    let law = detail.law.clone().into_law().map_or_else(
        |refused| json!({ "id": refused.id, "numbers": detail.law.numbers, "unusable_for_design": refused.reason }),
        |law| json!(law),
    );
    let rows: Vec<Value> = (0..fitted.table.n_rows())
        .map(|row| {
            let interval = detail.prediction_intervals.get(row).copied().flatten();
            json!({
                "loss": fitted.table.loss[row],
                "predicted": detail.predicted[row],
                "left_out": detail.left_out.get(row),
                "interval": interval,
            })
        })
        .collect();
    json!({
        "runs": {
            "path": fitted.path,
            "rows": fitted.table.n_rows(),
            "groups": fitted.table.n_runs(),
            "digest": fitted.table.digest(),
            "unit": fitted.table.unit,
            "tokenizer": fitted.table.tokenizer,
        },
        "folds": fitted.folds,
        "size": fitted.size,
        "laws": fitted.compared.iter().map(compared).collect::<Vec<_>>(),
        "unsuited": fitted.unsuited.iter().map(|(id, why)| json!({ "id": id, "why": why })).collect::<Vec<_>>(),
        "best": fitted.compared.get(fitted.best).map(|row| &row.name),
        "law": law,
        "fit": detail.fit,
        "intervals": detail.intervals,
        "bootstrap_intervals": detail.bootstrap,
        "identifiability": detail.identifiability,
        "extension": detail.extension,
        "scatter_of_log_loss": detail.scatter,
        "outliers": detail.outliers,
        "prediction_interval_coverage": COVERAGE,
        "rows": rows,
        "warnings": fitted.warnings,
    })
}

fn compared(row: &Compared) -> Value {
    let failure = |error: &FitError| json!({ "error": error.to_string() });
    let extrapolation = |found: &Result<ExtrapolationTest, FitError>| match found {
        Ok(test) => json!({
            "size": test.size,
            "fitted_up_to": test.fitted_up_to,
            "fitted_groups": test.fitted_groups,
            "quality": test.quality,
        }),
        Err(error) => failure(error),
    };
    json!({
        "law": row.name,
        "n_parameters": row.n_parameters,
        "aicc": row.aicc,
        "fit": row.fit.as_ref().map_or_else(failure, |fit| json!(fit)),
        "cross_validation": row.cross_validation.as_ref().map_or_else(failure, |found| json!({
            "quality": found.quality,
            "mae_error": found.mae_error,
            "rmse_error": found.rmse_error,
        })),
        "extrapolation": row.extrapolation.as_ref().map(extrapolation),
    })
}
