//! Round tick values: 1, 2, 5, 10 on logarithmic axes, nice steps on linear ones.

use crate::draw::numbers::{Brief, decimals_of, grouped, power, short, si};
use crate::figure::Scale;

/// How the values of an axis are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Decimal digits with thousands separators: `0.5`, `2,000`.
    Plain,
    /// SI prefixes: `500 G`, `1 T`.
    Si,
    /// Whatever suits values of any size: `0.5`, `300M`, `10⁻⁹`.
    Brief,
}

/// A labelled position on an axis, in data units.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub label: String,
}

/// Possible sets of ticks between `lo` and `hi` (data units), densest first. Each is usable; the
/// caller takes the first whose labels fit.
pub(crate) fn candidates(scale: Scale, lo: f64, hi: f64, integer: bool, format: Format) -> Vec<Vec<Tick>> {
    let linear = linear_sets(lo, hi, integer);
    let sets: Vec<Vec<f64>> = match scale {
        Scale::Linear => linear,
        Scale::Log2 => {
            let every = |step| powers(2.0, step, &[1.0], lo, hi);
            [1, 2, 3, 4, 6, 8].into_iter().map(every).chain(linear).collect()
        }
        Scale::Log10 => {
            // Within half a decade, 1-2-5 leaves too few ticks: round linear steps read better.
            let narrow = if format == Format::Brief { 8.0 } else { 4.0 };
            let mut sets = if hi / lo < narrow {
                linear.clone()
            } else {
                Vec::new()
            };
            sets.push(powers(10.0, 1, &[1.0, 2.0, 5.0], lo, hi));
            sets.push(powers(10.0, 1, &[1.0, 3.0], lo, hi));
            sets.extend([1, 2, 3, 4, 6].map(|step| powers(10.0, step, &[1.0], lo, hi)));
            sets.extend(linear);
            sets
        }
    };
    sets.into_iter()
        .filter(|set| !set.is_empty() && set.len() <= 60)
        .map(|set| {
            let mut decimals = decimals_for(scale, &set);
            if format == Format::Brief && within_a_decade(&set) {
                decimals = decimals_for(Scale::Linear, &set);
            }
            let brief = Brief::of(&set);
            set.into_iter()
                .map(|value| Tick {
                    value,
                    label: label(value, decimals, format, brief),
                })
                .collect()
        })
        .collect()
}

/// Unlabelled grid positions of a logarithmic axis: 2 to 9 times each power of ten.
pub(crate) fn minor(scale: Scale, lo: f64, hi: f64) -> Vec<f64> {
    if scale == Scale::Log10 && hi / lo < 1e5 {
        powers(10.0, 1, &[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], lo, hi)
    } else {
        Vec::new()
    }
}

/// `mantissa · base^(k·step)` for every whole `k`, where it lies between `lo` and `hi`.
fn powers(base: f64, step: i32, mantissas: &[f64], lo: f64, hi: f64) -> Vec<f64> {
    let first = (lo.log(base).floor() as i32).saturating_sub(1);
    let last = (hi.log(base).ceil() as i32).saturating_add(1);
    (first..=last)
        .filter(|exponent| exponent.rem_euclid(step) == 0)
        .flat_map(|exponent| {
            mantissas
                .iter()
                .map(move |mantissa| mantissa * base.powi(exponent))
        })
        .filter(|value| inside(*value, lo, hi))
        .collect()
}

/// Multiples of 1, 2, 2.5 and 5 times powers of ten, from about twenty ticks down to two.
fn linear_sets(lo: f64, hi: f64, integer: bool) -> Vec<Vec<f64>> {
    let span = hi - lo;
    if !(span.is_finite() && span > 0.0) {
        return Vec::new();
    }
    let smallest = (span / 20.0).log10().floor() as i32;
    let mut sets = Vec::new();
    for exponent in smallest..=smallest.saturating_add(2) {
        for mantissa in [1.0, 2.0, 2.5, 5.0] {
            let step = mantissa * 10f64.powi(exponent);
            if integer && (step < 1.0 || step.fract() != 0.0) {
                continue;
            }
            let (first, last) = ((lo / step).ceil(), (hi / step).floor());
            if last >= first && last - first <= 20.0 {
                let count = (last - first) as u32;
                sets.push(
                    (0..=count)
                        .map(|index| (first + f64::from(index)) * step)
                        .collect(),
                );
            }
        }
    }
    sets
}

/// Tolerates rounding at the ends of the axis.
fn inside(value: f64, lo: f64, hi: f64) -> bool {
    let slack = 1e-9 * hi.abs().max(lo.abs());
    value >= lo - slack && value <= hi + slack
}

/// Decimals that write every tick exactly. Ticks of a linear axis share them; those of a
/// logarithmic axis each take what they need (`None`), so 0.5 stands beside 10.
fn decimals_for(scale: Scale, set: &[f64]) -> Option<usize> {
    (scale == Scale::Linear).then(|| set.iter().map(|value| decimals_of(*value)).max().unwrap_or(0))
}

fn within_a_decade(set: &[f64]) -> bool {
    let (first, last) = (set.first().copied(), set.last().copied());
    first
        .zip(last)
        .is_some_and(|(first, last)| first > 0.0 && last < 10.0 * first)
}

fn label(value: f64, decimals: Option<usize>, format: Format, brief: Brief) -> String {
    match (format, brief) {
        (Format::Si, _) => si(value),
        (Format::Brief, Brief::Short) => short(value),
        (Format::Brief, Brief::Power) => power(value),
        (Format::Plain, _) | (Format::Brief, Brief::Plain) => {
            grouped(value, decimals.unwrap_or_else(|| decimals_of(value)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, lo: f64, hi: f64, integer: bool) -> Vec<String> {
        let sets = candidates(scale, lo, hi, integer, Format::Plain);
        sets.first()
            .unwrap()
            .iter()
            .map(|tick| tick.label.clone())
            .collect()
    }

    #[test]
    fn logarithmic_ticks_are_round_numbers() {
        let expected = ["0.5", "1", "2", "5", "10", "20", "50"];
        assert_eq!(labels(Scale::Log10, 0.45, 60.0, false), expected);
        assert_eq!(
            labels(Scale::Log2, 500.0, 5000.0, false),
            ["512", "1,024", "2,048", "4,096"]
        );
    }

    #[test]
    fn linear_ticks_share_their_decimals_and_may_be_whole() {
        let sets = candidates(Scale::Linear, 2.6, 3.4, false, Format::Plain);
        assert!(sets.iter().any(|set| {
            set.iter()
                .map(|tick| tick.label.as_str())
                .eq(["2.6", "2.8", "3.0", "3.2", "3.4"])
        }));
        assert_eq!(labels(Scale::Linear, 0.0, 3.0, true), ["0", "1", "2", "3"]);
    }

    #[test]
    fn an_odd_range_does_not_hang() {
        assert!(candidates(Scale::Linear, 1.0, 1.0, false, Format::Plain).is_empty());
        candidates(Scale::Log10, 1e-300, 1e300, false, Format::Plain);
        candidates(Scale::Linear, -1e300, 1e300, true, Format::Si);
    }
}
