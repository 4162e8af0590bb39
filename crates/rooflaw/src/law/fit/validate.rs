//! Errors on runs that a law was not fitted to: cross-validation by groups, and extrapolation from small to
//! large.

use super::random::Random;
use super::{FitError, LawFit, Observations, Quality, Starts, parallel};
use serde::Serialize;

/// Which groups are left out together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    /// The fold of each group.
    of_group: Vec<usize>,
    count: usize,
}

impl Folds {
    /// Each group by itself.
    #[must_use]
    pub fn leave_one_group_out(observations: &Observations) -> Folds {
        Folds::dealt(observations.present_groups(), observations.n_groups, usize::MAX)
    }

    /// The groups in `count` folds of equal size, give or take one, shuffled by `seed`; each by itself when
    /// there are no more than `count`.
    #[must_use]
    pub fn of_groups(observations: &Observations, count: usize, seed: u64) -> Folds {
        let mut groups = observations.present_groups();
        let mut random = Random::stream(seed, 0);
        // Fisher and Yates.
        for last in (1..groups.len()).rev() {
            groups.swap(last, random.below(last + 1));
        }
        Folds::dealt(groups, observations.n_groups, count.max(2))
    }

    fn dealt(groups: Vec<usize>, n_groups: usize, count: usize) -> Folds {
        let count = count.min(groups.len());
        let mut of_group = vec![0; n_groups];
        for (place, group) in groups.into_iter().enumerate() {
            of_group[group] = place % count.max(1);
        }
        Folds { of_group, count }
    }

    /// How many folds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is nothing to leave out.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Predictions of rows by fits to other groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CrossValidation {
    /// Each row as the fit without its fold predicts it.
    pub predicted: Vec<f64>,
    /// Agreement of these with the losses.
    pub quality: Quality,
    /// Standard error of [`Quality::mae`] over groups, in the unit of the loss.
    pub mae_error: f64,
    /// Standard error of [`Quality::rmse`] over groups, in the unit of the loss.
    pub rmse_error: f64,
}

/// Predicts each row by a fit, from `starts` and from `base`, to the rows of the other folds.
///
/// # Errors
/// A fold without which the law cannot be fitted.
pub fn cross_validate(
    base: &LawFit,
    observations: &Observations,
    folds: &Folds,
    starts: &Starts,
) -> Result<CrossValidation, FitError> {
    let fold_of = |row: usize| {
        folds
            .of_group
            .get(observations.group[row])
            .copied()
            .unwrap_or_default()
    };
    let parts = parallel::map(
        folds.count,
        || (),
        |(), fold| {
            let found = base.refit(&observations.filter(|row| fold_of(row) != fold), starts)?;
            found.predict(&observations.filter(|row| fold_of(row) == fold))
        },
    );
    let mut predicted = vec![f64::NAN; observations.n_rows()];
    for (fold, values) in parts.into_iter().enumerate() {
        let rows = (0..observations.n_rows()).filter(|&row| fold_of(row) == fold);
        for (row, value) in rows.zip(values?) {
            predicted[row] = value;
        }
    }
    let errors = predicted.iter().zip(&observations.loss);
    let sizes: Vec<f64> = errors.map(|(predicted, loss)| (predicted - loss).abs()).collect();
    let squares: Vec<f64> = sizes.iter().map(|size| size * size).collect();
    let quality = Quality::of(&predicted, &observations.loss);
    Ok(CrossValidation {
        mae_error: error_of_mean(&sizes, observations),
        // d√m = dm / (2√m)
        rmse_error: error_of_mean(&squares, observations) / (2.0 * quality.rmse),
        predicted,
        quality,
    })
}

/// The standard error of a mean over rows whose groups are independent: that of a ratio estimator (Cochran
/// 1977, *Sampling Techniques*, section 2.11).
fn error_of_mean(values: &[f64], observations: &Observations) -> f64 {
    let rows = values.len() as f64;
    let mean = values.iter().sum::<f64>() / rows;
    let mut sums = vec![0.0; observations.n_groups];
    for (value, &group) in values.iter().zip(&observations.group) {
        sums[group] += value - mean;
    }
    let groups = observations.groups_present() as f64;
    (sums.iter().map(|sum| sum * sum).sum::<f64>() * groups / (groups - 1.0)).sqrt() / rows
}

/// Predictions of large runs by a fit to small ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExtrapolationTest {
    /// The variable that says what is large.
    pub size: String,
    /// The largest size among the fitted rows.
    pub fitted_up_to: f64,
    /// Groups fitted.
    pub fitted_groups: usize,
    /// Agreement on the rows of the larger groups.
    pub quality: Quality,
    /// Those rows, the smallest first.
    pub rows: Vec<ExtrapolatedRow>,
}

/// A row beyond the fitted sizes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExtrapolatedRow {
    /// Its index among the observations.
    pub row: usize,
    /// Its size over the largest fitted.
    pub factor: f64,
    /// Its loss.
    pub loss: f64,
    /// What the fit predicts.
    pub predicted: f64,
}

impl ExtrapolationTest {
    /// Agreement on the rows whose factor lies in `[from, to)`; all NaN without any.
    #[must_use]
    pub fn between(&self, from: f64, to: f64) -> Quality {
        let rows = self
            .rows
            .iter()
            .filter(|row| from <= row.factor && row.factor < to);
        let (predicted, losses): (Vec<f64>, Vec<f64>) = rows.map(|row| (row.predicted, row.loss)).unzip();
        Quality::of(&predicted, &losses)
    }
}

/// Fits the law, from `starts` and from `base`, to the `share` of the groups that are smallest in the
/// variable `size` (by their largest row; equals of the last one too), and predicts the rest.
///
/// # Errors
/// A variable that `observations` lack, a share that leaves nothing to fit or to predict, or a part that the
/// law cannot be fitted to.
pub fn extrapolate(
    base: &LawFit,
    observations: &Observations,
    size: &str,
    share: f64,
    starts: &Starts,
) -> Result<ExtrapolationTest, FitError> {
    let logs = observations.log_of(size)?;
    let mut largest = vec![f64::NEG_INFINITY; observations.n_groups];
    for (&log, &group) in logs.iter().zip(&observations.group) {
        largest[group] = largest[group].max(log);
    }
    let mut sizes: Vec<f64> = observations
        .present_groups()
        .iter()
        .map(|&group| largest[group])
        .collect();
    sizes.sort_by(f64::total_cmp);
    let fitted = (share * sizes.len() as f64).round().max(0.0) as usize;
    // Sizes that differ in the last digit only are equal.
    let limit = match fitted.checked_sub(1).and_then(|last| sizes.get(last)) {
        Some(log) => log + 1e-9,
        None => f64::NEG_INFINITY,
    };
    let is_small = |row: usize| largest[observations.group[row]] <= limit;
    let (small, large) = (
        observations.filter(is_small),
        observations.filter(|row| !is_small(row)),
    );
    if small.n_rows() == 0 || large.n_rows() == 0 {
        return Err(FitError::NoLarger {
            size: size.to_owned(),
        });
    }
    let found = base.refit(&small, starts)?;
    let fitted_up_to = small
        .log_of(size)?
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let predicted = found.predict(&large)?;
    let indices = (0..observations.n_rows()).filter(|&row| !is_small(row));
    let mut rows: Vec<ExtrapolatedRow> = indices
        .zip(&predicted)
        .map(|(row, &predicted)| ExtrapolatedRow {
            row,
            factor: (logs[row] - fitted_up_to).exp(),
            loss: observations.loss[row],
            predicted,
        })
        .collect();
    rows.sort_by(|a, b| a.factor.total_cmp(&b.factor));
    Ok(ExtrapolationTest {
        size: size.to_owned(),
        fitted_up_to: fitted_up_to.exp(),
        fitted_groups: small.groups_present(),
        quality: Quality::of(&predicted, &large.loss),
        rows,
    })
}
