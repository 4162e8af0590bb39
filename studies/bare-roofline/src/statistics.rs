//! Percentiles of measured over predicted, by group, and the fit that launch overheads are judged by.

use crate::row::Row;
use rooflaw::device::Phase;
use std::collections::{BTreeMap, BTreeSet};

/// Percentile `p` (0 to 1) of sorted values, between neighbours by straight line; NaN for none.
#[must_use]
pub fn percentile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = p * last as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// What a group of rows says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Rows.
    pub n_rows: usize,
    /// Devices.
    pub n_devices: usize,
    /// Combinations of device, runtime, backend, model and format: rows of one differ in lengths only.
    pub n_series: usize,
    /// 10th percentile of measured over predicted.
    pub p10: f64,
    /// Its median.
    pub median: f64,
    /// Its 90th percentile.
    pub p90: f64,
    /// Median of |predicted − measured| over measured.
    pub error: f64,
    /// Rows faster than predicted.
    pub n_below: usize,
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn two_decimals(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl Statistics {
    /// Of some rows; ratios and errors rounded to two decimals.
    #[must_use]
    pub fn of(rows: &[&Row]) -> Statistics {
        let ratios = sorted(rows.iter().map(|row| row.ratio));
        let errors = sorted(rows.iter().map(|row| (1.0 / row.ratio - 1.0).abs()));
        let devices: BTreeSet<_> = rows.iter().map(|row| &row.device).collect();
        let series: BTreeSet<_> = rows
            .iter()
            .map(|row| (&row.device, &row.runtime, &row.backend, &row.model, &row.format))
            .collect();
        Statistics {
            n_rows: rows.len(),
            n_devices: devices.len(),
            n_series: series.len(),
            p10: two_decimals(percentile(&ratios, 0.1)),
            median: two_decimals(percentile(&ratios, 0.5)),
            p90: two_decimals(percentile(&ratios, 0.9)),
            error: two_decimals(percentile(&errors, 0.5)),
            n_below: ratios.iter().filter(|&&ratio| ratio < 1.0).count(),
        }
    }
}

/// Rows by phase and by something else, in the order of the names.
#[must_use]
pub fn groups<'a>(
    rows: &'a [Row],
    name: impl Fn(&'a Row) -> &'a str,
) -> BTreeMap<(Phase, &'a str), Vec<&'a Row>> {
    let mut groups: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry((row.phase, name(row))).or_default().push(row);
    }
    groups
}

/// Share of the rows that fall between the 10th and 90th percentile of the other devices of their class.
///
/// `None` for a single device. This is what the range is worth for a device that nobody measured.
#[must_use]
pub fn coverage_of_unseen_devices(rows: &[&Row]) -> Option<f64> {
    let devices: BTreeSet<_> = rows.iter().map(|row| row.device.as_str()).collect();
    if devices.len() < 2 {
        return None;
    }
    let mut n_inside = 0;
    for device in devices {
        let others = sorted(
            rows.iter()
                .filter(|row| row.device != device)
                .map(|row| row.ratio),
        );
        let range = percentile(&others, 0.1)..=percentile(&others, 0.9);
        n_inside += rows
            .iter()
            .filter(|row| row.device == device && range.contains(&row.ratio))
            .count();
    }
    Some(n_inside as f64 / rows.len() as f64)
}

/// `measured ≈ work / efficiency + overhead · operators`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Share of the peak bandwidth that the runtimes reach, at most 1.
    pub efficiency: f64,
    /// Microseconds per operator, not negative.
    pub overhead_us: f64,
    /// Mean of |fitted − measured| over measured.
    pub error: f64,
}

/// Fits decode rows by least absolute relative deviations.
///
/// A best fit goes through as many rows as it has free parameters, so trying all pairs (and single rows, with the
/// other parameter at its bound) is exact.
#[must_use]
pub fn fit(rows: &[&Row]) -> Option<Fit> {
    // Shares of the measured time: of the work, and of one microsecond per operator.
    let shares: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| {
            (
                row.work_ms / row.measured_ms,
                f64::from(row.n_operators) * 1e-3 / row.measured_ms,
            )
        })
        .collect();
    let mut best: Option<Fit> = None;
    let mut consider = |slowdown: f64, overhead_us: f64| {
        if slowdown < 1.0 || overhead_us < 0.0 {
            return;
        }
        let deviation = |(work, launch): &(f64, f64)| (slowdown * work + overhead_us * launch - 1.0).abs();
        let error = shares.iter().map(deviation).sum::<f64>() / shares.len() as f64;
        if best.is_none_or(|best| error < best.error) {
            best = Some(Fit {
                efficiency: 1.0 / slowdown,
                overhead_us,
                error,
            });
        }
    };
    for (index, &(work, launch)) in shares.iter().enumerate() {
        consider(1.0 / work, 0.0);
        consider(1.0, (1.0 - work) / launch);
        for &(other_work, other_launch) in &shares[..index] {
            let determinant = work * other_launch - other_work * launch;
            if determinant.abs() > 1e-12 {
                consider(
                    (other_launch - launch) / determinant,
                    (work - other_work) / determinant,
                );
            }
        }
    }
    best
}

/// The largest overhead, microseconds, with which at most a tenth of the rows are faster than predicted.
#[must_use]
pub fn largest_overhead_us(rows: &[&Row]) -> f64 {
    let p10 = |overhead_us: f64| {
        let ratio =
            |row: &&Row| row.measured_ms / (row.work_ms + overhead_us * 1e-3 * f64::from(row.n_operators));
        percentile(&sorted(rows.iter().map(ratio)), 0.1)
    };
    let (mut low, mut high) = (0.0, 1000.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if p10(middle) >= 1.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
